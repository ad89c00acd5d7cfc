"""What differs at one seq: the command, its events, the subsystems, and every field of the state."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

import msgspec

from journal_tools.differences import kernel_process
from journal_tools.differences.executions import Execution
from journal_tools.differences.records import FieldDifference
from journal_tools.errors import ToolError
from journal_tools.snapshots import Difference, differences, entities
from journal_tools.vocabulary import events as event_shapes


class EventDifference(NamedTuple):
    """The first event that differs: its place among those of its command, its name in each, the fields that differ."""

    place: int
    a: str | None
    b: str | None
    fields: list[FieldDifference]


class StateDifference(NamedTuple):
    """The subsystems whose digests differ, and the fields; `unreadable` says why there are none to name."""

    subsystems: list[str]
    fields: list[Difference]
    unreadable: str = ""


def events_of(data: bytes) -> Iterator[dict[str, Any]]:
    """Events by name and field, from their bytes back to back; the seq first."""
    count = kernel_process.installed().count_events(data)
    rows: list[list[Any]] = msgspec.msgpack.decode(b"\xdd" + count.to_bytes(4, "big") + data)
    shapes = event_shapes()
    for tag, *values in rows:
        shape = shapes.get(tag)
        names = ["seq", *(name for name, _ in shape.fields)] if shape else []
        named = {names[at] if at < len(names) else f"field {at}": value for at, value in enumerate(values)}
        yield {"event": shape.name if shape else f"event {tag}", **named}


def event_difference(a: bytes, b: bytes) -> EventDifference | None:
    """The first event that two commands do not share."""
    for place, (one, other) in enumerate(zip_longest(events_of(a), events_of(b)), start=1):
        if one == other:
            continue
        if one is None or other is None or one["event"] != other["event"]:
            return EventDifference(place, one["event"] if one else None, other["event"] if other else None, [])
        fields = [FieldDifference(name, one[name], other[name]) for name in one if one[name] != other[name]]
        return EventDifference(place, one["event"], other["event"], fields)
    return None


def state_difference(a: Execution, b: Execution) -> StateDifference:
    """What of the state differs where two executions stand."""
    one, other = a.subsystems(), b.subsystems()
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    try:
        return StateDifference(names, differences(entities(a.snapshot()), entities(b.snapshot())))
    except ToolError as error:
        return StateDifference(names, [], error.message)
