"""What every mark policy does once it knows where the mark should be: one bounded step, and only if it is one."""

from __future__ import annotations

from typing import Final

from crossbook.commands import RATE_ONE, SetMark
from crossbook.events import Event, MarkSet, OrderAmended, OrderCancelled, OrderRested, Traded
from crossbook.policies.arithmetic import clamp
from crossbook.policies.contract import Proposal
from crossbook.rows import MarketRow

TOUCHING: Final[frozenset[type[Event]]] = frozenset({Traded, OrderRested, OrderAmended, OrderCancelled, MarkSet})
"""What can change the best levels of a book, its last trade or the mark: it wakes a policy that sleeps."""


def step(row: MarketRow, target: int, clamp_rate: int) -> int:
    """Where the mark goes towards `target`: by at most `clamp_rate` of itself, at least by a tick, to a price there is.

    The first mark of a market is not a step. The share is rounded down, so that no step is larger than it.
    """
    target = clamp(target, 1, row.price_max)
    if not row.mark:
        return target
    reach = max(1, row.mark * clamp_rate // RATE_ONE)
    return clamp(target, row.mark - reach, row.mark + reach)


def moved(row: MarketRow, target: int | None, *, clamp_rate: int, cause: int) -> tuple[Proposal, ...]:
    """The mark set one step towards `target`; nothing if there is none, or the mark is where it should be."""
    if target is None:
        return ()
    price = step(row, target, clamp_rate)
    return (Proposal(SetMark(row.market, price), cause),) if price != row.mark else ()
