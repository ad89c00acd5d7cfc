"""What a trade does to money: fees, cost, realised profit."""

from __future__ import annotations

from typing import NamedTuple

from . import commands as c
from . import events as e
from .book import reduce
from .rules_money import add_cash
from .state import RATE_ONE, Market, Order, Position, State, ceil_div


class Fees(NamedTuple):
    """What maker and taker pay, in minor units; negative is a rebate."""

    maker: int
    taker: int


def signed(side: int, lots: int) -> int:
    """Lots with the sign of the position they lead to."""
    return lots if side == c.BUY else -lots


def fee(notional: int, rate: int) -> int:
    """Rounded up, and so against the user, whatever the sign of the rate."""
    return ceil_div(notional * rate, RATE_ONE)


def fees_of(state: State, maker: Order, taker: Order, *, lots: int) -> Fees:
    """The fees of a trade at the maker's price; under one master no rebate is paid."""
    market = state.markets[maker.market]
    notional = lots * maker.price * market.tick_value
    fees = Fees(fee(notional, market.maker_rate), fee(notional, market.taker_rate))
    if state.accounts[maker.account].master == state.accounts[taker.account].master:
        return Fees(max(fees.maker, 0), max(fees.taker, 0))
    return fees


def change_position(position: Position, lots: int, value_per_lot: int) -> int:
    """Adds signed lots to a position; returns what is realised, rounded against the holder."""
    if position.lots * lots >= 0:
        position.lots += lots
        position.cost += lots * value_per_lot
        return 0
    closing = lots if abs(lots) <= abs(position.lots) else -position.lots
    remaining = position.lots + closing
    cost = 0 if remaining == 0 else position.cost * remaining // position.lots
    realised = -(position.cost + closing * value_per_lot - cost)
    opening = lots - closing
    position.lots = remaining + opening
    position.cost = cost + opening * value_per_lot
    return realised


def settle_side(state: State, order: Order, *, lots: int, price: int, fee_paid: int) -> int:
    """Moves one side of a trade into position and cash; returns the realised profit."""
    market = state.markets[order.market]
    account = state.accounts[order.account]
    position = account.positions.setdefault(market.market, Position())
    realised = change_position(position, signed(order.side, lots), price * market.tick_value)
    if position.lots == 0:
        del account.positions[market.market]
    add_cash(account, market.settlement, realised - fee_paid)
    state.assets[market.settlement].fees += fee_paid
    order.filled += lots
    reduce(state, order, lots)
    return realised


def trade(state: State, maker: Order, taker: Order, *, lots: int) -> None:
    """Trades lots at the maker's price: the maker is settled first, then the taker."""
    market: Market = state.markets[maker.market]
    fees = fees_of(state, maker, taker, lots=lots)
    maker_realised = settle_side(state, maker, lots=lots, price=maker.price, fee_paid=fees.maker)
    taker_realised = settle_side(state, taker, lots=lots, price=maker.price, fee_paid=fees.taker)
    market.last = maker.price
    state.trades_made += 1
    state.emit(
        e.TRADED,
        state.trades_made,
        market.market,
        maker.price,
        lots,
        taker.side,
        maker.order,
        taker.order,
        maker.account,
        taker.account,
        fees.maker,
        fees.taker,
        maker_realised,
        taker_realised,
    )
