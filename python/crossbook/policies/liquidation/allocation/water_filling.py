"""Water filling: those with the highest leverage give up as much as brings them down to one common level.

An account's factor leverage is what a move of the market costs it, over its equity: `sum of lots * mark * tick_value *
factor` over the positions of the pool, long positive, seen from the side that it holds in the market in question. The
factors weigh the markets by how much each moves (10-day volatility times its correlation with the factor, say).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from msgspec import Struct

from crossbook.commands import RATE_ONE, Allocation
from crossbook.policies.liquidation.allocation.contract import Claim
from crossbook.policies.view import PolicyView
from crossbook.rows import HolderRow, MarketRow


class Vessel(Struct, frozen=True):
    """A candidate: the lots he can give, his equity, and his exposure (times 10^9)."""

    account: int
    lots: int
    equity: int
    exposure: int


class WaterFilling(Struct, frozen=True, forbid_unknown_fields=True):
    """`factors` are pairs of a market and its weight (parts per 10^9); a market that is not named weighs one."""

    factors: tuple[tuple[int, int], ...] = ()

    def allocate(self, claim: Claim, candidates: Sequence[HolderRow], view: PolicyView) -> list[Allocation]:
        """See `Allocator`."""
        markets, factors = view.markets(), dict(self.factors)
        vessels = [self._vessel(one, claim, markets, factors, view) for one in candidates]
        relief = max(1, self._weight(claim.market, markets, factors))
        given = filled(vessels, min(abs(claim.lots), sum(vessel.lots for vessel in vessels)), relief)
        return [Allocation(vessel.account, lots) for vessel, lots in zip(vessels, given, strict=True) if lots]

    @staticmethod
    def _weight(market: int, markets: list[MarketRow], factors: dict[int, int]) -> int:
        """What a lot of a market is exposed by, times 10^9."""
        row = markets[market - 1]
        return row.mark * row.tick_value * factors.get(market, RATE_ONE)

    def _vessel(
        self, holder: HolderRow, claim: Claim, markets: list[MarketRow], factors: dict[int, int], view: PolicyView
    ) -> Vessel:
        settlement = markets[claim.market - 1].settlement
        row = None if holder.isolated else view.account(holder.account)
        others = sum(
            one.lots * self._weight(one.market, markets, factors)
            for one in (row.positions if row else [])
            if one.lots and not one.isolated and one.market != claim.market
            if markets[one.market - 1].settlement == settlement
        )
        side = 1 if holder.lots > 0 else -1
        exposure = abs(holder.lots) * max(1, self._weight(claim.market, markets, factors)) + side * others
        return Vessel(holder.account, abs(holder.lots), max(1, holder.equity), exposure)


def filled(vessels: Sequence[Vessel], wanted: int, relief: int) -> list[int]:
    """Whole lots by vessel, `wanted` in all: everybody's share at the common level, floored.

    `relief` is what a lot takes off an exposure (times 10^9). What is left over goes, a lot each, to the largest
    remainders; ties to the lower account id.
    """
    if wanted == 0:
        return [0] * len(vessels)
    level = _level(vessels, wanted, relief)
    shares = [
        divmod(one.exposure * level.denominator - level.numerator * one.equity, relief * level.denominator)
        for one in vessels
    ]
    given = [min(max(whole, 0), one.lots) for one, (whole, _) in zip(vessels, shares, strict=True)]
    left = wanted - sum(given)
    order = sorted(range(len(vessels)), key=lambda i: (given[i] != shares[i][0], -shares[i][1], vessels[i].account))
    while left:
        for index in order:
            if left and given[index] < vessels[index].lots:
                given[index] += 1
                left -= 1
    return given


def _level(vessels: Sequence[Vessel], wanted: int, relief: int) -> Fraction:
    """The leverage down to which all together give up exactly what is wanted.

    From the highest leverage down: somebody begins to give at his own, and has nothing left at what he would have
    without the lots. Between two of these corners the sum is a straight line.
    """
    begins = [(Fraction(one.exposure, one.equity), 0, one) for one in vessels]
    ends = [(Fraction(one.exposure - one.lots * relief, one.equity), 1, one) for one in vessels]
    exposure, equity, spent = 0, 0, 0
    for corner, is_end, one in sorted(begins + ends, key=lambda item: (-item[0], item[1], item[2].account)):
        if equity and exposure - corner * equity + spent * relief >= wanted * relief:
            break
        sign = -1 if is_end else 1
        exposure, equity = exposure + sign * one.exposure, equity + sign * one.equity
        spent += one.lots if is_end else 0
    return Fraction(exposure - (wanted - spent) * relief, equity) if equity else corner
