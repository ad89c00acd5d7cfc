"""The configuration that all liquidation policies share, and what a rung answers."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from crossbook.commands import RATE_ONE, Command

_SECOND: int = 10**9
RETRY_NS_MIN: int = 10**6
"""The shortest time after which a pool is looked at again for which nothing could be done."""


class Stage(Struct, frozen=True):
    """How a pool is reduced while its equity is below `below_rate` of its maintenance (parts per 10^9).

    At most `share_rate` of the lots of a position at a time (parts per 10^9; the kernel may allow fewer), and not again
    for `cooldown_ns`.
    """

    below_rate: int
    share_rate: int
    cooldown_ns: int


STAGES: tuple[Stage, ...] = (
    Stage(2 * RATE_ONE, RATE_ONE // 2, 10 * _SECOND),
    Stage(RATE_ONE * 9 // 10, RATE_ONE, 5 * _SECOND),
    Stage(RATE_ONE * 8 // 10, RATE_ONE, 3 * _SECOND),
)
"""At most half of a position at a time at first, then all that is needed, more and more often."""


class Terms(Struct, frozen=True, kw_only=True):
    """What a liquidation policy goes by. Times are in ns, rates in parts per 10^9.

    Attributes:
        liquidatable: the rungs tried in this order on a pool below its maintenance, or locked and not recovered.
        take_over: the same for a pool below the take-over level.
        bankrupt: the same for a pool in debt that still has positions.
        stages: how a pool is reduced; of those whose `below_rate` it is under, the last in the list holds.
        reductions_max: reductions, and hedges, without recovery before the next rung is tried.
        auction_start_rate: the discount to the mark at which an auction opens.
        auction_end_rate: the discount it ends with.
        auction_ns: how long it runs.
        auction_rest_ns: how long after an auction that did not help the next may open.
        deleverage_after_ns: how long a pool must have been failing before its winners are deleveraged, if it is not in
            debt yet.
        allocation: how deleveraging is shared out: the name of a rule, or a table with `rule` and its configuration.
        retry_ns: when a pool for which nothing can be done is looked at again.
        call_repeat_ns: a margin call of the same level, or a lower one, is not repeated within this time.
        steps_max: steps on one pool in one instant.
        proposals_max: proposals in one instant; pools that are left wait for `relief_ns`.
        relief_ns: see `proposals_max`; what happens to a pool within it counts as one instant.
    """

    liquidatable: tuple[str, ...] = ("hedge", "reduce", "auction")
    take_over: tuple[str, ...] = ("take_over", "deleverage", "hedge", "reduce", "auction")
    bankrupt: tuple[str, ...] = ("take_over", "close", "deleverage")
    stages: tuple[Stage, ...] = STAGES
    reductions_max: int = 2
    auction_start_rate: int = 0
    auction_end_rate: int = RATE_ONE // 20
    auction_ns: int = 30 * _SECOND
    auction_rest_ns: int = 30 * _SECOND
    deleverage_after_ns: int = 120 * _SECOND
    allocation: str | dict[str, Any] = "queue"
    retry_ns: int = 5 * _SECOND
    call_repeat_ns: int = 3600 * _SECOND
    steps_max: int = 32
    proposals_max: int = 2_000
    relief_ns: int = 10**6

    def check(self) -> None:
        """Raise ValueError for what could not work: a negative time, a rate that is no part, a pace without pause."""
        parts = [self.auction_start_rate, self.auction_end_rate, *(stage.share_rate for stage in self.stages)]
        if not all(0 <= part <= RATE_ONE for part in parts) or self.auction_start_rate > self.auction_end_rate:
            raise ValueError("discounts and shares are parts of 10^9, and an auction's discount does not fall")
        if not self.stages or any(stage.share_rate == 0 or stage.cooldown_ns < 0 for stage in self.stages):
            raise ValueError("there must be at least one stage, each with a share above 0 and no negative cooldown")
        waits = (self.auction_rest_ns, self.deleverage_after_ns, self.call_repeat_ns, self.reductions_max)
        if min(waits) < 0 or min(self.auction_ns, self.steps_max, self.proposals_max, self.relief_ns) < 1:
            raise ValueError("times and counts cannot be negative; an auction and an instant take some time")
        if self.retry_ns < RETRY_NS_MIN:
            raise ValueError(f"retry_ns must be at least {RETRY_NS_MIN}: a pool that is stuck must not spin")


class Step(Struct, frozen=True):
    """A rung is taken: the commands, in one submission, and why."""

    commands: tuple[Command, ...]
    reason: str


class Pass(Struct, frozen=True):
    """A rung is not taken, and why.

    `until_ns` is when that may change, 0 if it is not known. If it `holds`, the rungs after it wait for it too.
    """

    reason: str
    until_ns: int = 0
    holds: bool = False


Outcome = Step | Pass
