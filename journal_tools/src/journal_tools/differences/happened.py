"""Two journals executed side by side: the first event that differs, in bounded memory.

Events are compared as bytes, block against block, for as long as those are the same; from then on one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from journal_tools.differences.divergence import EventDifference, events_of
from journal_tools.differences.executions import Execution
from journal_tools.differences.records import POLICY, FieldDifference

Event = dict[str, Any]


class EventsPart(NamedTuple):
    """The first event that differs, and the seq it has in each; None where there is none."""

    difference: EventDifference
    seqs: tuple[int | None, int | None]


def everything(_event: Event) -> bool:
    """Every event."""
    return True


def of_markets_and_accounts(event: Event) -> bool:
    """Events that say what became of markets and accounts: not who plays, and not what policies remark."""
    remark = event["event"] == "Noted" and event.get("origin") == POLICY
    return event["event"] != "AuthorRegistered" and not remark


def first_event_parting(
    a: Execution, b: Execution, ends: tuple[int, int], *, told: Callable[[Event], bool], by_seq: bool
) -> EventsPart | None:
    """Execute both to their ends; returns the first event of those told that they do not share.

    Args:
        a: one, at genesis.
        b: the other, at genesis.
        ends: the seqs that they are executed to.
        told: which events are looked at.
        by_seq: whether an event that stands at another seq is another event.
    """
    streams = a.events(ends[0]), b.events(ends[1])
    found: EventsPart | None = None
    for one, other in zip_longest(*streams, fillvalue=b""):
        if one != other:
            rest = (_told(chain([first], stream), told) for first, stream in zip((one, other), streams, strict=True))
            found = _first(*rest, by_seq=by_seq)
            break
    for stream in streams:
        with suppress(StopIteration):
            while True:
                next(stream)
    return found


def _told(blocks: Iterator[bytes], told: Callable[[Event], bool]) -> Iterator[tuple[int, Event]]:
    """Events with their places among those of their command, from 1."""
    seq = place = 0
    for events in blocks:
        for event in events_of(events):
            place = place + 1 if event["seq"] == seq else 1
            seq = event["seq"]
            if told(event):
                yield place, event


def _first(a: Iterator[tuple[int, Event]], b: Iterator[tuple[int, Event]], *, by_seq: bool) -> EventsPart | None:
    for one, other in zip_longest(a, b, fillvalue=(0, None)):
        names = [event["event"] if event else None for event in (one[1], other[1])]
        fields = _differing(one[1], other[1], by_seq=by_seq)
        if names[0] != names[1] or fields:
            seqs = tuple(event["seq"] if event else None for event in (one[1], other[1]))
            place = one[0] or other[0]
            return EventsPart(EventDifference(place, names[0], names[1], fields), (seqs[0], seqs[1]))
    return None


def _differing(one: Event | None, other: Event | None, *, by_seq: bool) -> list[FieldDifference]:
    if one is None or other is None or one["event"] != other["event"]:
        return []
    fields = [name for name in one if name != "seq" or by_seq]
    return [FieldDifference(name, one[name], other[name]) for name in fields if one[name] != other[name]]
