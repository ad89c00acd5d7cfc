"""Oracles that no feed looks after any longer: they age, so that nobody trades on a price that stands still."""

from __future__ import annotations

from crossbook.commands import Grade, SetOracle
from crossbook.policies.contract import Proposal
from crossbook.policies.oracle.chain import grade_of_age
from crossbook.policies.oracle.feeds import Thresholds
from crossbook.policies.view import PolicyView


def age_orphans(view: PolicyView, now_ns: int, thresholds: Thresholds) -> tuple[tuple[Proposal, ...], int | None]:
    """Lower the grade of every market's oracle to what its age allows, and when to look again."""
    proposed, wakes = [], []
    for row in view.markets():
        oracle = row.oracle
        if not oracle.price or oracle.grade == Grade.NONE:
            continue
        grade = grade_of_age(now_ns - oracle.observed_at, thresholds)
        if grade < oracle.grade:
            aged = SetOracle(row.market, oracle.price, oracle.confidence, grade, oracle.observed_at)
            proposed.append(Proposal(aged, oracle.seq))
        ages = (thresholds.ageing_ns, thresholds.stale_ns, thresholds.lost_ns)
        wakes += [oracle.observed_at + age + 1 for age in ages if oracle.observed_at + age + 1 > now_ns]
    return tuple(proposed), min(wakes, default=None)
