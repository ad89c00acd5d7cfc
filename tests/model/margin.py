"""What an account is worth and what it must be worth, computed from nothing each time. Money in minor units."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from . import commands as c
from .state import RATE_ONE, Account, Market, Position, State, ceil_div


class Exposure(NamedTuple):
    """What one account holds and offers in one market, in lots. Reduce-only orders are not counted as open."""

    lots: int
    buys: int
    sells: int

    def worst(self) -> int:
        """The largest position, in lots without sign, that filling one side of the open orders can lead to."""
        return max(abs(self.lots + self.buys), abs(self.lots - self.sells))

    def with_open(self, side: int, lots: int) -> Exposure:
        """The same with `lots` more (or, negative, less) open on one side."""
        if side == c.BUY:
            return self._replace(buys=self.buys + lots)
        return self._replace(sells=self.sells + lots)


def exposure(account: Account, market: int) -> Exposure:
    """Position and open lots of an account in a market; the order that is just matching counts as open."""
    open_lots = {c.BUY: 0, c.SELL: 0}
    for order in account.orders.values():
        if order.market == market and not order.reduce_only:
            open_lots[order.side] += order.lots
    held = account.positions.get(market, Position())
    return Exposure(held.lots, open_lots[c.BUY], open_lots[c.SELL])


def markets_of_pool(state: State, account: Account, asset: int) -> list[Market]:
    """The markets that settle in the asset and in which the account has anything at all."""
    touched = set(account.positions) | {order.market for order in account.orders.values()}
    return [state.markets[market] for market in sorted(touched) if state.markets[market].settlement == asset]


def charge(notional: int, tiers: Iterable[tuple[int, int]]) -> int:
    """Margin on a notional under `(lower_bound, rate)` tiers: `ceil((N · rate − deduction) / RATE_ONE)`.

    The deduction makes the charge continuous, so an edge may be counted to either tier.
    """
    rate = deduction = 0
    for lower_bound, tier_rate in tiers:
        if notional < lower_bound:
            break
        deduction += lower_bound * (tier_rate - rate)
        rate = tier_rate
    return ceil_div(notional * rate - deduction, RATE_ONE)


def initial_margin(market: Market, worst: int) -> int:
    """The initial requirement of a market at its worst side, in lots."""
    notional = worst * market.mark * market.tick_value
    return charge(notional, [(tier.lower_bound, tier.initial_rate) for tier in market.tiers])


def maintenance_margin(market: Market, lots: int) -> int:
    """The maintenance requirement of a position."""
    notional = abs(lots) * market.mark * market.tick_value
    return charge(notional, [(tier.lower_bound, tier.maintenance_rate) for tier in market.tiers])


def unrealised(market: Market, position: Position) -> int:
    """Profit of a position were it closed at the mark."""
    return position.lots * market.mark * market.tick_value - position.cost


def equity(state: State, account: Account, asset: int) -> int:
    """Cash plus unrealised profit over the markets that settle in the asset."""
    total = account.cash.get(asset, 0)
    for market in markets_of_pool(state, account, asset):
        total += unrealised(market, account.positions.get(market.market, Position()))
    return total


def requirement(state: State, account: Account, asset: int) -> int:
    """The initial requirement of a pool, each market rounded up."""
    return requirement_if(state, account, asset=asset, market=0, instead=Exposure(0, 0, 0))


def requirement_if(state: State, account: Account, *, asset: int, market: int, instead: Exposure) -> int:
    """The initial requirement of a pool, were the account's exposure in `market` what `instead` says."""
    total = 0
    for other in markets_of_pool(state, account, asset):
        if other.market != market:
            total += initial_margin(other, exposure(account, other.market).worst())
    if market != 0:
        total += initial_margin(state.markets[market], instead.worst())
    return total


def maintenance(state: State, account: Account, asset: int) -> int:
    """The maintenance requirement of a pool, each market rounded up."""
    total = 0
    for market in markets_of_pool(state, account, asset):
        total += maintenance_margin(market, account.positions.get(market.market, Position()).lots)
    return total


def notional_held(state: State, account: Account, asset: int) -> int:
    """What the positions of a pool are worth at the mark, without sign and without open orders."""
    total = 0
    for market in markets_of_pool(state, account, asset):
        total += abs(account.positions.get(market.market, Position()).lots) * market.mark * market.tick_value
    return total
