"""What clients ask of policies, in notes: no client can make a policy say more than a turn may hold.

A policy that answers every note could be flooded by whoever may write notes, and would be taken off for it. So of one
turn only the first requests of each account count, and of all clients together no more than a turn has room for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from crossbook.commands import Origin
from crossbook.events import Event, Noted

REQUESTS_MAX: Final = 32
"""Of one account in one turn."""
REQUESTS_TOTAL_MAX: Final = 2_000
"""Of all clients in one turn."""


def requests(events: Iterable[Event], topics: frozenset[str]) -> Iterator[Noted]:
    """The notes on these topics that clients and the operator said, in order, as many as count."""
    asked: Counter[int] = Counter()
    for event in events:
        if not isinstance(event, Noted) or event.topic not in topics:
            continue
        if event.origin == Origin.OPERATOR:
            yield event
        elif event.origin == Origin.CLIENT and asked.total() < REQUESTS_TOTAL_MAX:
            asked[event.account] += 1
            if asked[event.account] <= REQUESTS_MAX:
                yield event
