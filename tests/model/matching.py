"""The matching loop: self-trade prevention, the check at the fill, the trade."""

from __future__ import annotations

from . import commands as c
from . import events as e
from .book import best_maker, cancel, reduce, rest
from .fill_check import accepted, accepted_by_market
from .settlement import trade
from .state import Order, State


def run_taker(state: State, taker: Order) -> None:
    """Matches an order that was just accepted or amended, then rests or cancels what is left of it."""
    match(state, taker)
    if taker.lots == 0:
        return
    if taker.time_in_force in (c.GTC, c.GTD):
        rest(state, taker)
    else:
        cancel(state, taker, e.IMMEDIATE_OR_CANCEL)


def match(state: State, taker: Order) -> None:
    """Trades against the best opposite orders while lots remain; each turn trades, or ends one of the two orders."""
    market = state.markets[taker.market]
    while taker.lots > 0:
        maker = best_maker(market, taker)
        if maker is None:
            return
        if is_self_trade(state, maker, taker):
            prevent_self_trade(state, maker, taker)
            continue
        lots = agree(state, maker, taker)
        if lots > 0:
            trade(state, maker, taker, lots=lots)


def is_self_trade(state: State, maker: Order, taker: Order) -> bool:
    """Whether the two must not trade: one master on both sides, and the taker asks for prevention."""
    same_master = state.accounts[maker.account].master == state.accounts[taker.account].master
    return same_master and taker.self_trade != c.NONE


def prevent_self_trade(state: State, maker: Order, taker: Order) -> None:
    """Does what the taker's mode says."""
    if taker.self_trade in (c.CANCEL_OLDEST, c.CANCEL_BOTH):
        cancel(state, maker, e.SELF_TRADE)
    if taker.self_trade in (c.CANCEL_NEWEST, c.CANCEL_BOTH):
        cancel(state, taker, e.SELF_TRADE)
    if taker.self_trade == c.DECREMENT:
        lots = min(maker.lots, taker.lots)
        state.emit(e.SELF_TRADE_PREVENTED, maker.market, maker.order, taker.order, lots)
        for order in (maker, taker):
            reduce(state, order, lots)
            if order.lots == 0:
                state.emit(e.ORDER_CANCELLED, order.order, order.account, order.market, 0, e.SELF_TRADE)


def agree(state: State, maker: Order, taker: Order) -> int:
    """The lots that maker, taker and market accept; 0 when one of them accepted none, which cancels an order."""
    lots = min(maker.lots, taker.lots)
    while True:
        asked = lots
        for order in (maker, taker):
            lots, reason = accepted(state, order, maker=maker, taker=taker, lots=lots)
            if lots == 0:
                cancel(state, order, reason)
                return 0
        if lots == asked:
            lots = accepted_by_market(state, maker=maker, taker=taker, lots=lots)
            if lots == 0:
                cancel(state, taker, e.OPEN_INTEREST)
                return 0
        if lots == asked:
            return lots
