"""The wire: journal records and event streams to and from canonical msgpack bytes.

A block body is the concatenation of records `[dt, origin, author, cause, nonce, command]`; the kernel answers a body
with the concatenation of events `[tag, seq, ...fields]`. Everything that enters a body passes `check_records` first:
what is journaled must be executable for ever, so a value the kernel's decoder would refuse never reaches the journal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from crossbook._kernel import BlockError, check_block, count_events
from crossbook.commands import (
    COMMAND_TYPES,
    STRING_BYTES_MAX,
    TEXT_BYTES_MAX,
    U16,
    U64,
    Command,
    Note,
    Origin,
)
from crossbook.errors import CrossbookError, InputError
from crossbook.events import Event


class Record(Struct, frozen=True, gc=False, array_like=True):
    """One journal record: a command with its stamped time and where it came from.

    `dt` is in nanoseconds since the base time of the block; `author`, `cause` (a seq) and `nonce` are 0 for none.
    """

    dt: U64
    origin: Origin
    author: U16
    cause: U64
    nonce: U64
    command: Command


_ENCODER: Final = msgspec.msgpack.Encoder()
_RECORDS: Final = msgspec.msgpack.Decoder(list[Record])
_EVENTS: Final = msgspec.msgpack.Decoder(list[Event])


def array_header(count: int) -> bytes:
    """The msgpack array32 header: lets a concatenation of `count` values be decoded as one list."""
    return b"\xdd" + count.to_bytes(4, "big")


def encode_record(record: Record) -> bytes:
    """The canonical bytes of one record.

    Raises:
        InputError: `value_out_of_range` for an integer beyond 64 bits, `value_type` for anything msgpack cannot hold.
    """
    try:
        return _ENCODER.encode(record)
    except OverflowError:
        raise InputError(
            f"{type(record.command).__name__} holds an integer beyond 64 bits",
            code="value_out_of_range",
            values={"command": type(record.command).__name__},
            hint="amounts are integers of at most 63 bits; check the units",
        ) from None
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{type(record.command).__name__} holds a value that is not of the vocabulary: {error}",
            code="value_type",
            values={"command": type(record.command).__name__},
            hint="commands hold integers, booleans and strings; convert prices and sizes with crossbook.quantities",
        ) from None


def check_records(body: bytes, records: Sequence[Record], *, base_time_ns: int, not_before_ns: int) -> None:
    """Refuse a body the kernel would refuse, naming command and field, before it is journaled.

    Args:
        body: the concatenated canonical bytes of `records`.
        records: the records, for the messages.
        base_time_ns: the time their offsets count from.
        not_before_ns: the time of the last command before them.

    Raises:
        InputError: `value_out_of_range`, `value_type`, `float_refused`, `string_too_long` or `text_too_long`.
    """
    try:
        check_block(body, base_time_ns=base_time_ns, not_before_ns=not_before_ns, count=len(records))
    except BlockError as error:
        _explain(body, records)
        raise InputError(
            f"the kernel cannot read record {error.args[1]}: {error.args[0]}",
            code="value_type",
            values={"index": error.args[1], "reason": error.args[0]},
            hint="docs/rules.md lists the fields of each command with their types and ranges",
        ) from None


def _explain(body: bytes, records: Sequence[Record]) -> None:
    """Raise what is wrong with a body in terms of command and field."""
    try:
        _RECORDS.decode(array_header(len(records)) + body)
    except msgspec.ValidationError as error:
        raise _field_error(str(error), records) from None
    for index, record in enumerate(records):
        check_strings(record.command, index=index)


def check_strings(command: Command, *, index: int = 0) -> None:
    """Refuse strings that no field holds. Raises InputError `string_too_long` or `text_too_long`."""
    for field in command.__struct_fields__:
        value = getattr(command, field)
        is_text = isinstance(command, Note) and field == "body"
        most = TEXT_BYTES_MAX if is_text else STRING_BYTES_MAX
        if isinstance(value, str) and len(value.encode()) > most:
            raise InputError(
                f"{type(command).__name__}.{field} is longer than {most} bytes",
                code="text_too_long" if is_text else "string_too_long",
                values={
                    "command": type(command).__name__,
                    "field": field,
                    "index": index,
                    "bytes": len(value.encode()),
                },
                hint=f"use at most {most} bytes of UTF-8",
            )


_PATH: Final = re.compile(r"\$\[(\d+)\](?:\[(\d+)\])?(?:\[(\d+)\])?")


def _field_error(reason: str, records: Sequence[Record]) -> CrossbookError:
    """Turn a path of indexes such as `$[3][5][2]` into the names of command and field."""
    found = _PATH.search(reason)
    index, outer, inner = (int(part) if part else None for part in found.groups()) if found else (None, None, None)
    record = records[index] if index is not None and index < len(records) else None
    values: dict[str, Any] = {"index": index}
    name = "record"
    if record is not None:
        name = type(record.command).__name__
        values["command"] = name
        holder: Struct = record
        position = outer
        if outer == len(Record.__struct_fields__) - 1 and inner is not None:
            holder, position = record.command, inner - 1
        if position is not None and 0 <= position < len(holder.__struct_fields__):
            field = holder.__struct_fields__[position]
            values |= {"field": field, "value": getattr(holder, field)}
            name = f"{name}.{field}"
    what = reason.split(" - at ", maxsplit=1)[0]
    if isinstance(values.get("value"), float):
        return InputError(
            f"{name} is a float",
            code="float_refused",
            values=values,
            hint="amounts are exact: pass integers in ticks, lots and minor units, or use the builders of Venue",
        )
    code = "value_type" if "got" in what else "value_out_of_range"
    return InputError(
        f"{name} cannot be used: {what}",
        code=code,
        values=values,
        hint="docs/rules.md lists the fields of each command with their types and ranges",
    )


def decode_body(body: bytes | memoryview, count: int) -> list[Record]:
    """The records of a block body.

    Raises:
        msgspec.DecodeError: the body is not `count` records; the journal's hashes make that a foreign or forged block.
    """
    return _RECORDS.decode(array_header(count) + bytes(body))


def decode_events(data: bytes) -> list[Event]:
    """The typed events of the kernel's answer, in order."""
    return _EVENTS.decode(array_header(count_events(data)) + data) if data else []


assert len(COMMAND_TYPES) <= 0x7F, "a tag is one byte on the wire"
