"""Pro rata: everybody on the other side closes the same share of his position, up to a cap."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from crossbook.commands import RATE_ONE, Allocation
from crossbook.policies.liquidation.allocation.contract import Claim
from crossbook.policies.view import PolicyView
from crossbook.rows import HolderRow


class ProRata(Struct, frozen=True, forbid_unknown_fields=True):
    """By lots, but nobody more than `cap_rate` of what he has (parts per 10^9, at least one lot) in one deleveraging.

    Shares are floored, and what that leaves goes to the largest remainders. What is beyond all caps stays.
    """

    cap_rate: int = RATE_ONE

    def allocate(self, claim: Claim, candidates: Sequence[HolderRow], _view: PolicyView) -> list[Allocation]:
        """See `Allocator`."""
        caps = [max(1, abs(one.lots) * self.cap_rate // RATE_ONE) for one in candidates]
        wanted = min(abs(claim.lots), sum(caps))
        if wanted == 0:
            return []
        given = capped(wanted, [abs(one.lots) for one in candidates], caps)
        return [Allocation(one.account, lots) for one, lots in zip(candidates, given, strict=True) if lots]


def capped(amount: int, weights: Sequence[int], caps: Sequence[int]) -> list[int]:
    """An amount by weights, floored, none over his cap; what caps leave is shared among the others, again by weight.

    When less than one is due to each of those who have room, the largest remainders get one; ties to the first.
    """
    given, left = [0] * len(weights), amount
    while left:
        able = [index for index, cap in enumerate(caps) if given[index] < cap]
        total = sum(weights[index] for index in able)
        steps = {index: min(left * weights[index] // total, caps[index] - given[index]) for index in able}
        if not any(steps.values()):
            able.sort(key=lambda index: (-(amount * weights[index] % total), index))
            steps = dict.fromkeys(able[:left], 1)
        for index, step in steps.items():
            given[index] += step
            left -= step
    return given
