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
    """A candidate: lots he can give, equity, exposure, and what one lot takes off it (both times 10^9)."""

    account: int
    lots: int
    equity: int
    exposure: int
    relief: int

    def given(self, level: Fraction) -> Fraction:
        """The lots he gives up to come down to a leverage."""
        wanted = (self.exposure - level * self.equity) / self.relief
        return min(max(wanted, Fraction(0)), Fraction(self.lots))


class WaterFilling(Struct, frozen=True, forbid_unknown_fields=True):
    """`factors` are pairs of a market and its weight (parts per 10^9); a market that is not named weighs one."""

    factors: tuple[tuple[int, int], ...] = ()

    def allocate(self, claim: Claim, candidates: Sequence[HolderRow], view: PolicyView) -> list[Allocation]:
        """See `Allocator`."""
        markets, factors = view.markets(), dict(self.factors)
        vessels = [self._vessel(one, claim, markets, factors, view) for one in candidates]
        given = filled(vessels, min(abs(claim.lots), sum(vessel.lots for vessel in vessels)))
        return [Allocation(vessel.account, lots) for vessel, lots in zip(vessels, given, strict=True) if lots]

    def _vessel(
        self, holder: HolderRow, claim: Claim, markets: list[MarketRow], factors: dict[int, int], view: PolicyView
    ) -> Vessel:
        def weight(market: int) -> int:
            row = markets[market - 1]
            return row.mark * row.tick_value * factors.get(market, RATE_ONE)

        settlement = markets[claim.market - 1].settlement
        others = 0
        if not holder.isolated:
            row = view.account(holder.account)
            positions = row.positions if row else []
            others = sum(
                one.lots * weight(one.market)
                for one in positions
                if not one.isolated and one.market != claim.market and markets[one.market - 1].settlement == settlement
            )
        relief = max(1, weight(claim.market))
        side = 1 if holder.lots > 0 else -1
        exposure = abs(holder.lots) * relief + side * others
        return Vessel(holder.account, abs(holder.lots), max(1, holder.equity), exposure, relief)


def filled(vessels: Sequence[Vessel], wanted: int) -> list[int]:
    """Whole lots by vessel, `wanted` in all: everybody's share at the common level, floored.

    What is left over goes, a lot each, to the largest remainders; ties to the lower account id.
    """
    if wanted == 0:
        return [0] * len(vessels)
    level = _level(vessels, wanted)
    exact = [vessel.given(level) for vessel in vessels]
    given = [int(share) for share in exact]
    left = wanted - sum(given)
    order = sorted(range(len(vessels)), key=lambda i: (given[i] - exact[i], vessels[i].account))
    while left:
        for index in order:
            if left and given[index] < vessels[index].lots:
                given[index] += 1
                left -= 1
    return given


def _level(vessels: Sequence[Vessel], wanted: int) -> Fraction:
    """The highest level down to which all together give up at least what is wanted, exactly.

    Between two of the leverages at which somebody begins or has nothing left to give, the sum is a straight line.
    """
    begins = (Fraction(vessel.exposure, vessel.equity) for vessel in vessels)
    ends = (Fraction(vessel.exposure - vessel.lots * vessel.relief, vessel.equity) for vessel in vessels)
    corners = sorted({*begins, *ends}, reverse=True)

    def total(level: Fraction) -> Fraction:
        return sum((vessel.given(level) for vessel in vessels), Fraction(0))

    low, high = 0, len(corners) - 1
    while low < high:
        middle = (low + high) // 2
        if total(corners[middle]) >= wanted:
            high = middle
        else:
            low = middle + 1
    below = corners[low]
    if low == 0:
        return below
    above = corners[low - 1]
    given_above, given_below = total(above), total(below)
    return above - (above - below) * (wanted - given_above) / (given_below - given_above)
