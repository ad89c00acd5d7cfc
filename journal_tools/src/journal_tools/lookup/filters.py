"""What somebody looks for, held against records and events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from journal_tools.errors import ToolError
from journal_tools.journal import Record
from journal_tools.lookup.naming import Places, accounts_in, command_places, event_places, markets_in, orders_in
from journal_tools.vocabulary import ORIGINS, Shape, commands, events


class Wanted(NamedTuple):
    """Ids of each kind, any of which will do; an empty set asks for nothing. `tags` are None for any type."""

    accounts: frozenset[int] = frozenset()
    orders: frozenset[int] = frozenset()
    markets: frozenset[int] = frozenset()
    authors: frozenset[int] = frozenset()
    origins: frozenset[int] = frozenset()
    tags: frozenset[int] | None = None

    def takes(self, record: Record) -> bool:
        """Whether a command is wanted."""
        if self.tags is not None and record.command[0] not in self.tags:
            return False
        return self.takes_source(record) and self._names(record.command, command_places())

    def takes_source(self, record: Record) -> bool:
        """Whether a command comes from where it is wanted from."""
        return (not self.authors or record.author in self.authors) and (
            not self.origins or record.origin in self.origins
        )

    def takes_event(self, row: Sequence[Any]) -> bool:
        """Whether an event `[tag, seq, ...]` is wanted."""
        return (self.tags is None or row[0] in self.tags) and self._names(row, event_places())

    def _names(self, row: Sequence[Any], places: dict[int, Places]) -> bool:
        if self.accounts and not self.accounts & accounts_in(row, places):
            return False
        if self.orders and not self.orders & orders_in(row, places):
            return False
        return not self.markets or bool(self.markets & markets_in(row, places))


def tags_of(names: Sequence[str], *, of_events: bool) -> frozenset[int] | None:
    """The tags of types by name. Raises ToolError `unknown_type`."""
    shapes = events() if of_events else commands()
    return frozenset(_tag(name, list(shapes.values()), of_events=of_events) for name in names) if names else None


def _tag(name: str, shapes: list[Shape], *, of_events: bool) -> int:
    for shape in shapes:
        if shape.name.lower() == name.lower():
            return shape.tag
    what, other = ("event", commands()) if of_events else ("command", events())
    if any(shape.name.lower() == name.lower() for shape in other.values()):
        hint = "it is a command: leave out --events" if of_events else "it is an event: give --events as well"
    else:
        near = [shape.name for shape in shapes if name.lower() in shape.name.lower()]
        hint = f"perhaps {', '.join(near)}" if near else f"the types are {', '.join(shape.name for shape in shapes)}"
    raise ToolError(f"there is no {what} {name}", code="unknown_type", hint=hint)


def origins_of(names: Sequence[str]) -> frozenset[int]:
    """The numbers of origins by name; click has checked the names."""
    return frozenset(ORIGINS.index(name) for name in names)
