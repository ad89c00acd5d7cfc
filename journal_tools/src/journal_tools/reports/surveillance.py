"""What surveillance found: as the venue put it on record, or as the watch finds it in a session that had none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from journal_tools.grammar import shown_time
from journal_tools.reports.reading import Reading

COLUMNS = (
    "seq",
    "time",
    "author",
    "kind",
    "accounts",
    "market",
    "measure",
    "threshold",
    "first_seq",
    "last_seq",
    "evidence",
    "values",
)
TOPIC: Final = "surveillance.finding"


def rows(reading: Reading) -> Iterator[dict[str, Any]]:
    """One row a finding, as it was told; those of the watch have no author.

    With `watch`, the watch of the venue with its default settings looks at the events of the session from genesis on,
    instant by instant, and what it would have put on record is told.
    """
    found = _watched(reading) if reading.options.watch else _recorded(reading)
    for seq, time_ns, author, finding in found:
        accounts, market = finding["accounts"], finding["market"]
        in_market = reading.wants_market(market) if market else not reading.options.markets
        if reading.spans(seq) and reading.wants_account(*accounts) and in_market:
            row = {"seq": seq, "time": shown_time(time_ns), "author": author, **finding}
            yield row | {"market": reading.market(market) if market else None}


def _recorded(reading: Reading) -> Iterator[tuple[int, int, int | None, dict[str, Any]]]:
    for step in reading.span():
        for event in step.events:
            # A client can write a note on any topic: what is no policy's is no finding.
            if type(event).__name__ == "Noted" and event.topic == TOPIC and event.origin == 2:
                body = msgspec.json.decode(event.body)
                yield step.seq, step.time_ns, event.author, body


def _watched(reading: Reading) -> Iterator[tuple[int, int, int | None, dict[str, Any]]]:
    watching = reading.watching()
    for stretch in reading.stretches(1):
        for finding in watching.look(stretch.records[-1], stretch.events):
            last = stretch.records[-1]
            yield last.seq, last.time_ns, None, finding
