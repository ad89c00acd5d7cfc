"""The matching loop: self-trade prevention, the check at the fill, the trade."""

from __future__ import annotations

from . import commands as c
from . import events as e
from .book import best_maker, cancel, reduce, rest
from .margin import equity, exposure, maintenance_margin, requirement_if
from .settlement import fees_of, signed, trade
from .state import BALANCE_MAX, Order, Position, State


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
    """The lots that both sides accept; 0 when one of them accepted none, which cancels what is left of it."""
    lots = min(maker.lots, taker.lots)
    while True:
        asked = lots
        for order in (maker, taker):
            lots, reason = accepted(state, order, maker=maker, taker=taker, lots=lots)
            if lots == 0:
                cancel(state, order, reason)
                return 0
        if lots == asked:
            return lots


def accepted(state: State, order: Order, *, maker: Order, taker: Order, lots: int) -> tuple[int, int]:
    """How many of the lots one side accepts, and the reason if none."""
    account = state.accounts[order.account]
    position = account.positions.get(order.market, Position()).lots
    with_itself = maker.account == taker.account
    closing = 0 if with_itself else closable(position, order.side)
    if order.reduce_only:
        lots = min(lots, closing)
        if lots == 0:
            return 0, e.REDUCE_ONLY
    if abs(account.cash.get(state.markets[order.market].settlement, 0)) > BALANCE_MAX:
        return 0, e.MARGIN
    may_close = closing > 0 and reduces_risk(state, order, lots=min(lots, closing), price=maker.price)
    if may_close and lots <= closing:
        return lots, 0
    fees = fees_of(state, maker, taker, lots=lots)
    if can_carry(state, order, lots=lots, price=maker.price, fee=fees.maker if order is maker else fees.taker):
        return lots, 0
    return (closing, 0) if may_close else (0, e.MARGIN)


def reduces_risk(state: State, order: Order, *, lots: int, price: int) -> bool:
    """Whether a fill that closes costs no more against the mark, before its fee, than the maintenance it frees."""
    market = state.markets[order.market]
    before = state.accounts[order.account].positions[order.market].lots
    change = signed(order.side, lots)
    freed = maintenance_margin(market, before) - maintenance_margin(market, before + change)
    return (market.mark - price) * change * market.tick_value + freed >= 0


def closable(position: int, side: int) -> int:
    """How many lots on this side bring the position to zero; none if it is flat or on that side already."""
    return max(-position if side == c.BUY else position, 0)


def can_carry(state: State, order: Order, *, lots: int, price: int, fee: int) -> bool:
    """Whether the account still covers its initial requirement after this fill."""
    market = state.markets[order.market]
    account = state.accounts[order.account]
    change = signed(order.side, lots)
    before = exposure(account, order.market)
    used = 0 if order.reduce_only else lots
    after = before.with_open(order.side, -used)._replace(lots=before.lots + change)
    gained = (market.mark - price) * change * market.tick_value - fee
    equity_after = equity(state, account, market.settlement) + gained
    required = requirement_if(state, account, asset=market.settlement, market=market.market, instead=after)
    return equity_after >= required
