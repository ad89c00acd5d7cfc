"""What a comparison found, as rows: the command, its events, then the state, subsystem by subsystem, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from journal_tools.differences.divergence import EventDifference, StateDifference
from journal_tools.differences.records import Parted, described
from journal_tools.grammar import shown_time
from journal_tools.journal import Record
from journal_tools.snapshots import Difference

COLUMNS: Final = ("part", "entity", "field", "a", "b")
FOLLOWING: Final = ("events", "root_mark")
"""Parts of a snapshot that follow from events and states: named only if nothing else differs."""

Row = dict[str, Any]


def record_rows(parted: Parted | None) -> Iterator[Row]:
    """The fields of a record that differ."""
    if parted is None:
        return
    if parted.a is None or parted.b is None:
        there = parted.a or parted.b
        name = described(there)["command"] if there else ""
        yield _row("command", name, "seq", parted.a and parted.a.seq, parted.b and parted.b.seq)
    for field, a, b in parted.fields:
        yield _row("command", described(parted.a)["command"] if parted.a else "", field, a, b)


def event_rows(event: EventDifference | None) -> Iterator[Row]:
    """The first event that differs, or the fields of it."""
    if event is None:
        return
    if not event.fields:
        yield _row("event", f"event {event.place}", "event", event.a, event.b)
    for field, a, b in event.fields:
        yield _row("event", f"event {event.place} {event.a}", field, a, b)


def state_rows(state: StateDifference, *, leaving_out: Iterable[str] = ()) -> list[Row]:
    """The fields of the state that differ; a subsystem that differs in no field that can be named is named alone."""
    named = [field for field in state.fields if field.subsystem not in leaving_out]
    first = [field for field in named if field.subsystem not in FOLLOWING] or named
    rows = [_of(field) for field in first]
    if state.unreadable or not state.fields:
        rows += [_row(subsystem, None, None, None, None) for subsystem in state.subsystems]
    return rows


def _of(difference: Difference) -> Row:
    return _row(*difference)


def _row(part: str, entity: str | None, field: str | None, a: Any, b: Any) -> Row:
    return {"part": part, "entity": entity, "field": field, "a": a, "b": b}


def command_document(record: Record) -> dict[str, Any]:
    """A record as JSON holds it."""
    fields = described(record)
    time_ns = fields.pop("time_ns")
    return {"seq": record.seq, "time": shown_time(time_ns), **fields}
