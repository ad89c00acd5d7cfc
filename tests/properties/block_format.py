"""Which block bodies are well formed, decided in Python alone: canonical bytes, known tags, ranges, order of time."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.model import commands as c
from tests.model.wire import decode_at, encode
from tests.properties.hostile import FIELD_TYPES, RANGES

KINDS = {tag: kind for kind, tag in c.TAGS.items()}
BYTES_MAX = {"str": 64, "text": 16_384}


class Rows(NamedTuple):
    """A list of rows, each an array of numbers of these types; of plain numbers if a row makes nothing."""

    make: Callable[..., Any] | None
    types: tuple[str, ...]


# The fields that hostile.py leaves alone, in their order: what they may be.
SIDE, KIND, FORCE, MODE, FLAG, ORIGIN = {1, 2}, {1, 2}, {1, 2, 3, 4}, {0, 1, 2, 3, 4}, bool, {0, 1, 2, 3}
GRADE = set(range(7))
CHOICES: dict[type, tuple[Any, ...]] = {
    c.Place: (SIDE, KIND, FORCE, MODE, FLAG, FLAG),
    c.MassCancel: ({0, 1, 2},),
    c.RegisterAuthor: (ORIGIN,),
    c.SetFeeTiers: (Rows(c.FeeTier, ("i64", "i64")),),
    c.SetMarketMode: ({1, 2, 3, 4},),
    c.SetExposureCap: ({1, 2, 3},),
    c.SetPermissions: (FLAG, FLAG, FLAG, Rows(None, ("u16",)), Rows(None, ("u64",))),
    c.SetWithdrawalGate: (FLAG,),
    c.SetMarginMode: ({1, 2},),
    c.SetPositionMode: (FLAG,),
    c.SetStress: (FLAG,),
    c.SetScenarios: (Rows(None, ("i64",)),),
    c.SetCorrelations: (Rows(c.Pair, ("u16", "u16", "i64", "i64")),),
    c.SetLiquidator: (FLAG,),
    c.Hedge: (SIDE,),
    c.Deleverage: (Rows(c.Share, ("u32", "i64")),),
    c.Socialise: (SIDE,),
    c.SetOracle: (GRADE,),
    c.SetGrades: (GRADE, GRADE, GRADE),
    c.SetAgent: (FLAG,),
}
TIERS = Rows(c.Tier, ("i64", "i64", "i64"))


class Malformed(ValueError):
    """A block body that must be refused as a whole."""


def demand(holds: object) -> None:
    """Raises `Malformed` unless the condition holds."""
    if not holds:
        raise Malformed


def is_int(value: object, wire_type: str) -> bool:
    """An integer, not a flag, in the range of its type."""
    low, high = RANGES[wire_type]
    return type(value) is int and low <= value <= high


def parse_block(body: bytes, base_time: int, *, not_before: int, count: int) -> list[c.Record]:
    """The records of a body; raises `Malformed` unless it is exactly what the format says."""
    records = []
    at = 0
    time = not_before
    for _ in range(count):
        value, end = parse_value(body, at)
        demand(encode(value) == body[at:end])
        record = parse_record(value, base_time)
        demand(record.time >= time)
        time, at = record.time, end
        records.append(record)
    demand(at == len(body))
    return records


def parse_value(body: bytes, at: int) -> tuple[Any, int]:
    """One value; whatever goes wrong in decoding it is `Malformed`."""
    try:
        value, end = decode_at(body, at)
        demand(end <= len(body) and contains_only(value))
    except (ValueError, IndexError, struct.error, RecursionError) as error:
        raise Malformed from error
    return value, end


def contains_only(value: object) -> bool:
    """Whether a value is made of arrays, integers, strings and flags alone."""
    if isinstance(value, list):
        return all(contains_only(item) for item in value)
    return isinstance(value, int | str)


def parse_record(value: Any, base_time: int) -> c.Record:
    """`[dt, origin, author, cause, nonce, command]`."""
    demand(isinstance(value, list) and len(value) == 6)
    dt, origin, author, cause, nonce, command = value
    for field, wire_type in ((dt, "u64"), (origin, "u8"), (author, "u16"), (cause, "u64"), (nonce, "u64")):
        demand(is_int(field, wire_type))
    demand(origin in ORIGIN and base_time + dt <= RANGES["u64"][1])
    return c.Record(base_time + dt, origin, author, cause, nonce, parse_command(command))


def parse_command(value: Any) -> c.Command:
    """`[tag, ...fields]`."""
    demand(isinstance(value, list) and value and type(value[0]) is int and value[0] in KINDS)
    kind: Any = KINDS[value[0]]
    types = FIELD_TYPES[kind].split()
    demand(len(value) == 1 + len(types))
    choices = iter(CHOICES.get(kind, ()))
    fields = [parse_field(field, wire_type, choices) for field, wire_type in zip(value[1:], types, strict=True)]
    command: c.Command = kind(*fields)
    return command


def parse_field(value: Any, wire_type: str, choices: Any) -> Any:
    """One field of a command."""
    if wire_type in BYTES_MAX:
        demand(isinstance(value, str) and len(value.encode()) <= BYTES_MAX[wire_type])
        return value
    if wire_type == "tiers":
        return parse_rows(value, TIERS)
    if wire_type == "-":
        choice = next(choices)
        if isinstance(choice, Rows):
            return parse_rows(value, choice)
        demand(isinstance(value, bool) if choice is FLAG else type(value) is int and value in choice)
        return value
    demand(is_int(value, wire_type))
    return value


def parse_rows(value: Any, rows: Rows) -> tuple[Any, ...]:
    """A list of rows, or of numbers."""
    demand(isinstance(value, list))
    if rows.make is None:
        demand(all(is_int(number, rows.types[0]) for number in value))
        return tuple(value)
    return tuple(rows.make(*parse_row(row, rows.types)) for row in value)


def parse_row(row: Any, types: tuple[str, ...]) -> Any:
    """An array of numbers."""
    demand(isinstance(row, list) and len(row) == len(types))
    demand(all(is_int(number, wire_type) for number, wire_type in zip(row, types, strict=True)))
    return row
