"""What somebody looks for, held against records and events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from journal_tools.errors import ToolError
from journal_tools.journal import Journal, Record
from journal_tools.lookup.naming import NOWHERE, Places, command_places, event_places
from journal_tools.vocabulary import ORIGINS, Shape, commands, events


class Wanted(NamedTuple):
    """Ids of each kind, any of which will do; an empty set asks for nothing. `tags` are None for any type."""

    accounts: frozenset[int] = frozenset()
    orders: frozenset[int] = frozenset()
    markets: frozenset[int] = frozenset()
    authors: frozenset[int] = frozenset()
    origins: frozenset[int] = frozenset()
    tags: frozenset[int] | None = None

    def takes(self, row: Sequence[Any]) -> bool:
        """Whether a record `[dt, origin, author, cause, nonce, command]` is wanted."""
        if self.tags is not None and row[5][0] not in self.tags:
            return False
        return self.takes_source(row) and self._names(row[5], command_places())

    def takes_source(self, row: Sequence[Any]) -> bool:
        """Whether a record comes from where it is wanted from."""
        return (not self.authors or row[2] in self.authors) and (not self.origins or row[1] in self.origins)

    def takes_event(self, row: Sequence[Any]) -> bool:
        """Whether an event `[tag, seq, ...]` is wanted."""
        return (self.tags is None or row[0] in self.tags) and self._names(row, event_places())

    def _names(self, row: Sequence[Any], places: dict[int, Places]) -> bool:
        where = places.get(row[0], NOWHERE)
        if self.accounts and not _any(row, where.accounts, self.accounts):
            shares = (share for at in where.allocations for share in row[at])
            if not any(share[0] in self.accounts for share in shares):
                return False
        if self.orders and not _any(row, where.orders, self.orders):
            return False
        return not self.markets or _any(row, where.markets, self.markets)


def _any(row: Sequence[Any], places: tuple[int, ...], ids: frozenset[int]) -> bool:
    # A loop, not a generator: this is asked of every command of a journal.
    for at in places:  # noqa: SIM110
        if row[at] in ids:
            return True
    return False


def rows_of(
    journal: Journal, wanted: Wanted, from_seq: int, to_seq: int, *, source_only: bool = False
) -> Iterator[Record]:
    """The records of a span that are wanted, all of which are read."""
    takes = wanted.takes_source if source_only else wanted.takes
    for block in journal.blocks(from_seq, to_seq):
        for seq, row in enumerate(block.rows(), block.first_seq):
            if takes(row) and from_seq <= seq <= to_seq:
                yield Record(seq, block.first_time_ns + row[0], *row[1:])


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
