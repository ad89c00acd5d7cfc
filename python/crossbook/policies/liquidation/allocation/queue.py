"""The queue: whoever has won most with most leverage closes first, wholly, until the claim is met."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from msgspec import Struct

from crossbook.commands import Allocation
from crossbook.policies.liquidation.allocation.contract import Claim
from crossbook.policies.view import PolicyView
from crossbook.rows import HolderRow


class Queue(Struct, frozen=True, forbid_unknown_fields=True):
    """Ranked by profit and leverage, the highest first; ties by account id."""

    def allocate(self, claim: Claim, candidates: Sequence[HolderRow], _view: PolicyView) -> list[Allocation]:
        """See `Allocator`."""
        left, given = abs(claim.lots), []
        for one in ranked(candidates, claim.mark * claim.tick_value):
            lots = min(left, abs(one.lots))
            if lots:
                given.append(Allocation(one.account, lots))
            left -= lots
        return given


def ranked(candidates: Sequence[HolderRow], lot_value: int) -> list[HolderRow]:
    """Candidates by their score, the highest first; `lot_value` is a lot at the mark, minor units."""
    return sorted(candidates, key=lambda one: (-score(one, lot_value), one.account))


def score(holder: HolderRow, lot_value: int) -> Fraction:
    """Profit on cost times effective leverage, as BitMEX ranks; a loss is divided by the leverage instead.

    A pool without equity counts as one of a minor unit.
    """
    profit = Fraction(holder.unrealised, max(1, abs(holder.cost)))
    leverage = Fraction(abs(holder.lots) * lot_value, max(1, holder.equity))
    return profit * leverage if holder.unrealised > 0 or leverage == 0 else profit / leverage
