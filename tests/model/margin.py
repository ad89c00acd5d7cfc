"""What one account must have for one market under standard margin, computed from nothing each time. Minor units.

What an account holds in a market is its exposure; pools.py puts the markets of a pool together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from . import commands as c
from .arithmetic import ceil_sqrt
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


NO_EXPOSURE = Exposure(0, 0, 0)


def position_of(account: Account, market: int) -> Position:
    """The position of an account in a market; an empty one if there is none, which nobody may change."""
    return account.positions.get(market, Position())


def exposure(account: Account, market: int) -> Exposure:
    """Position and open lots of an account in a market; the order that is just matching counts as open."""
    open_lots = {c.BUY: 0, c.SELL: 0}
    for order in account.orders.values():
        if order.market == market and not order.reduce_only:
            open_lots[order.side] += order.lots
    return Exposure(position_of(account, market).lots, open_lots[c.BUY], open_lots[c.SELL])


def open_interest(state: State, market: int) -> int:
    """The lots held long, which are also the lots held short."""
    held = [position_of(account, market).lots for account in state.accounts.values()]
    return sum(lots for lots in held if lots > 0)


def notional_of(market: Market, lots: int) -> int:
    """What so many lots, of either sign, are worth at the mark."""
    return abs(lots) * market.mark * market.tick_value


def unrealised(market: Market, position: Position) -> int:
    """Profit of a position were it closed at the mark."""
    return position.lots * market.mark * market.tick_value - position.cost


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


def base_rate(market: Market) -> int:
    """The first tier's initial rate."""
    return market.tiers[0].initial_rate if market.tiers else 0


def size_scaled_rate(market: Market, worst: int) -> int:
    """The initial rate as it rises with the square root of the size."""
    base = base_rate(market)
    rising = ceil_div(4 * base, 5) + ceil_div(market.size_rate * ceil_sqrt(10**6 * worst), 1_000)
    return min(RATE_ONE, max(base, rising))


def interest_scaled_rate(market: Market, interest: int) -> int:
    """The initial rate as it rises from the base to all of the notional with the market's open interest."""
    base = base_rate(market)
    width = market.open_interest_upper - market.open_interest_lower
    above = max(0, min(interest - market.open_interest_lower, width))
    return base + (RATE_ONE - base) * above // width


def initial_margin(state: State, account: Account, market: Market, worst: int) -> int:
    """The initial requirement of a market at its worst side, in lots: the largest that any rule asks for."""
    notional = notional_of(market, worst)
    asked = [charge(notional, [(tier.lower_bound, tier.initial_rate) for tier in market.tiers])]
    asked.append(ceil_div(notional * position_of(account, market.market).initial_rate, RATE_ONE))
    if market.size_rate > 0:
        asked.append(ceil_div(notional * size_scaled_rate(market, worst), RATE_ONE))
    if market.open_interest_upper > market.open_interest_lower:
        rate = interest_scaled_rate(market, open_interest(state, market.market))
        asked.append(ceil_div(notional * rate, RATE_ONE))
    return max(asked)


def maintenance_margin(market: Market, lots: int) -> int:
    """The maintenance requirement of a position."""
    return charge(notional_of(market, lots), [(tier.lower_bound, tier.maintenance_rate) for tier in market.tiers])
