"""What a trade does to money: fees, cost, realised profit."""

from __future__ import annotations

from typing import NamedTuple

from . import commands as c
from . import events as e
from .book import reduce
from .funding import remember
from .pools import add_to_balance, pool_of
from .rules_funding import settle_position
from .state import RATE_ONE, Account, Market, Order, Position, State, ceil_div


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


def rates_of(market: Market, account: Account) -> tuple[int, int]:
    """The maker and taker rates of the account's tier: tier 0 is the market's own, beyond the last is the last."""
    if account.fee_tier == 0 or not market.fee_tiers:
        return market.maker_rate, market.taker_rate
    return market.fee_tiers[min(account.fee_tier, len(market.fee_tiers)) - 1]


def fees_of(state: State, maker: Order, taker: Order, *, lots: int) -> Fees:
    """The fees of a trade at the maker's price; under one master no rebate is paid."""
    market = state.markets[maker.market]
    notional = lots * maker.price * market.tick_value
    taker_rate = rates_of(market, state.accounts[taker.account])[1]
    rebated = rates_of(market, state.accounts[maker.account])[0] - state.accounts[maker.account].maker_rebate_rate
    fees = Fees(fee(notional, max(rebated, -taker_rate)), fee(notional, taker_rate))
    if state.accounts[maker.account].master == state.accounts[taker.account].master:
        return Fees(max(fees.maker, 0), max(fees.taker, 0))
    return fees


def change_position(position: Position, lots: int, value: int) -> int:
    """Adds signed lots to a position, for a signed value in all; returns what is realised, rounded against the holder.

    What closes comes first, at its share of the value; of a trade, which has a price, that share is exact.
    """
    if position.lots * lots >= 0:
        position.lots += lots
        position.cost += value
        return 0
    closing = lots if abs(lots) <= abs(position.lots) else -position.lots
    closing_value = abs(value) * abs(closing) // abs(lots) * (1 if lots > 0 else -1)
    remaining = position.lots + closing
    cost = 0 if remaining == 0 else position.cost * remaining // position.lots
    realised = -(position.cost + closing_value - cost)
    position.lots += lots
    position.cost = cost + value - closing_value
    return realised


def move_lots(state: State, account: Account, market: Market, lots: int, value: int) -> int:
    """Adds signed lots to a settled position; what is realised goes to the balance of its pool, and is returned."""
    position = account.positions.setdefault(market.market, Position())
    realised = change_position(position, lots, value)
    remember(market, position, state.seq)
    add_to_balance(state, pool_of(state, account, market.market), realised)
    drop_blank(account, market.market)
    return realised


def drop_blank(account: Account, market: int) -> None:
    """A position of which nothing is left is absent."""
    if account.positions.get(market) == Position():
        del account.positions[market]


def settle_side(state: State, order: Order, *, lots: int, price: int, fee_paid: int) -> int:
    """Moves one side of a trade into position and balance; returns the realised profit."""
    market = state.markets[order.market]
    account = state.accounts[order.account]
    pool = pool_of(state, account, market.market)
    add_to_balance(state, pool, -fee_paid)
    value = signed(order.side, lots) * price * market.tick_value
    realised = move_lots(state, account, market, signed(order.side, lots), value)
    state.assets[market.settlement].fees += fee_paid
    order.filled += lots
    reduce(state, order, lots)
    return realised


def count_volume(state: State, maker: Order, taker: Order, notional: int) -> None:
    """Adds a trade to what both have traded in the settlement asset."""
    asset = state.markets[maker.market].settlement
    for order, as_maker, as_taker in ((maker, notional, 0), (taker, 0, notional)):
        volumes = state.accounts[order.account].volumes
        before = volumes.get(asset, (0, 0))
        volumes[asset] = (before[0] + as_maker, before[1] + as_taker)


def trade(state: State, maker: Order, taker: Order, *, lots: int) -> None:
    """Trades lots at the maker's price: what both owe is settled first; then the maker is settled, then the taker."""
    market: Market = state.markets[maker.market]
    for order in (maker, taker):
        settle_position(state, state.accounts[order.account], market.market)
    fees = fees_of(state, maker, taker, lots=lots)
    maker_realised = settle_side(state, maker, lots=lots, price=maker.price, fee_paid=fees.maker)
    taker_realised = settle_side(state, taker, lots=lots, price=maker.price, fee_paid=fees.taker)
    count_volume(state, maker, taker, lots * maker.price * market.tick_value)
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
