"""The first record that two journals do not share, field by field; nothing is executed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from journal_tools.journal import Journal, Record
from journal_tools.vocabulary import ORIGINS, fields_of, name_of

POLICY: Final = ORIGINS.index("policy")


class FieldDifference(NamedTuple):
    """A field and what it is in each; None where there is none."""

    field: str
    a: Any
    b: Any


class Parted(NamedTuple):
    """The first record that differs; None where a journal had already ended. `same` is how many came before."""

    a: Record | None
    b: Record | None
    same: int

    @property
    def fields(self) -> list[FieldDifference]:
        """The fields that differ; none if one of the journals has no such record."""
        if self.a is None or self.b is None:
            return []
        one, other = described(self.a), described(self.b)
        return [
            FieldDifference(name, one.get(name), other.get(name))
            for name in {**one, **other}
            if one.get(name) != other.get(name)
        ]


class Compared(NamedTuple):
    """What two journals came to record by record: how many each has, and where they part."""

    records: tuple[int, int]
    parted: Parted | None


def described(record: Record) -> dict[str, Any]:
    """The fields of a record, then the command's own, with `command.` before one that has the name of the record's."""
    origin = ORIGINS[record.origin] if record.origin < len(ORIGINS) else record.origin
    found = {
        "command": name_of(record.command),
        "time_ns": record.time_ns,
        "origin": origin,
        "author": record.author,
        "cause": record.cause,
        "nonce": record.nonce,
    }
    own = fields_of(record.command).items()
    return found | {f"command.{name}" if name in found else name: value for name, value in own}


def everything(journal: Journal) -> Iterator[Record]:
    """Every record of a journal."""
    return journal.records()


def from_outside(journal: Journal) -> Iterator[Record]:
    """The records that no policy made: not their commands, and not the registration of their names."""
    return (record for record in journal.records() if not is_inside(record))


def is_inside(record: Record) -> bool:
    """Whether a policy made a record, or it registers one."""
    registers = name_of(record.command) == "RegisterAuthor"
    return record.origin == POLICY or (registers and fields_of(record.command)["origin"] == POLICY)


def compare_records(a: Iterator[Record], b: Iterator[Record], *, by_seq: bool) -> Compared:
    """Go through the records of two journals side by side, in bounded memory.

    Args:
        a: the records of one.
        b: those of the other.
        by_seq: whether a record that stands at another seq is another record.
    """
    counts = [0, 0]
    parted: Parted | None = None
    for one, other in zip_longest(a, b):
        if parted is None and not _same(one, other, by_seq=by_seq):
            parted = Parted(one, other, counts[0])
        counts[0] += one is not None
        counts[1] += other is not None
    return Compared((counts[0], counts[1]), parted)


def _same(one: Record | None, other: Record | None, *, by_seq: bool) -> bool:
    if one is None or other is None:
        return False
    return one == other if by_seq else one._replace(seq=0, cause=0) == other._replace(seq=0, cause=0)
