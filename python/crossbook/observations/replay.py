"""Recorded observations, replayed into a venue at their own times, with its policies running."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby, islice
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from crossbook.commands import Grade
from crossbook.errors import ConfigError
from crossbook.events import OracleSet, Rejected
from crossbook.observations.quotes import FeedBook
from crossbook.policies.oracle.feeds import Feed
from crossbook.rejects import REASONS
from crossbook.session import Envelope
from crossbook.venue import Venue

_BATCH: Final = 1_000


class Replayed(Struct, frozen=True):
    """What came of a file of observations.

    `grades` counts the accepted prices by grade and `refused` the commands by reason, those of policies included.
    Times are in ns since the epoch, 0 if there were no observations.
    """

    observations: int
    first_time_ns: int
    last_time_ns: int
    first_seq: int
    last_seq: int
    grades: dict[str, int]
    refused: dict[str, int]


class RecordedClock:
    """The clock of a venue that lives in recorded time: it stands where the last observation was."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        """Where it stands, ns since the epoch."""
        return self.now_ns


def replay_observations(
    venue: Venue, observations: Iterable[Envelope], *, clock: RecordedClock | None = None,
    progress: Callable[[int], None] | None = None,
) -> Replayed:  # fmt: skip
    """Submit recorded observations, each at its stamped time, and let the policies act on all of them.

    Args:
        venue: its last command is not later than the first observation.
        observations: in the order of their times, as `crossbook.observations.files` reads them.
        clock: of the venue, if it is to stand where the observations end.
        progress: called with the count so far.

    Raises:
        InputError: `time_backwards`, `instant_closed`, and what reading them raises; what came before is journaled.
    """
    count, first_ns, last_ns = 0, 0, 0
    before = venue.seq
    grades: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    stream = iter(observations)
    while batch := list(islice(stream, _BATCH)):
        for time_ns, together in groupby(batch, key=lambda one: one.time_ns or 0):
            last_ns = time_ns
            first_ns = first_ns or time_ns
            if clock is not None:
                clock.now_ns = time_ns
            _count(venue.submit(list(together)).events, grades, refused)
            for receipt in venue.policies.drain():
                _count(receipt.events, grades, refused)
        count += len(batch)
        if progress is not None:
            progress(count)
    venue.policies.settle()
    for receipt in venue.policies.drain():
        _count(receipt.events, grades, refused)
    by_grade = {grade.name.lower(): grades[grade.name.lower()] for grade in reversed(Grade)}
    return Replayed(
        count, first_ns, last_ns, before + 1, venue.seq, {name: n for name, n in by_grade.items() if n}, dict(refused)
    )


def _count(events: Iterable[object], grades: Counter[str], refused: Counter[str]) -> None:
    for event in events:
        if isinstance(event, OracleSet):
            grades[event.grade.name.lower()] += 1
        elif isinstance(event, Rejected):
            refused[REASONS[event.code].code.camel] += 1


class _FeedFile(Struct, forbid_unknown_fields=True):
    feeds: list[Feed]


def book_from(path: str | os.PathLike[str]) -> FeedBook:
    """The feeds of a TOML file with tables `[[feeds]]`, as an oracle policy is configured. Raises ConfigError."""
    try:
        return FeedBook(msgspec.toml.decode(Path(path).read_bytes(), type=_FeedFile).feeds)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} does not configure feeds: {error}",
            code="feeds_config",
            values={"path": str(path), "field": "feeds"},
            hint="it has tables [[feeds]] with feed, decimals, market (or asset) and [[feeds.sources]]",
        ) from None
