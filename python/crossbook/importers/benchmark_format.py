"""The stream format of the public matching-engine benchmark: fixed 40-byte records in, report lines out.

```
header   magic u64 | version u32 | count u32                                               16 bytes, little-endian
record   type u8 | side u8 | ioc u8 | pad u8 | qty u32 | seq u64 | order u64 | price i64 | reserved i64
report   0,seq,side,order,price,qty   order accepted        3,seq,side,order,price,qty   modified
         1,seq,price,qty,maker,taker  trade                 4,seq,order                  cancel refused
         2,seq,side,order,price       cancelled             5,seq,order                  modify refused
```

A modify takes the order out and sends it in again. An immediate-or-cancel order that is not filled is cancelled with a
line of its own. Reports are sorted by (seq, type), lines joined by a newline and without one at the end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple

from crossbook.commands import Side
from crossbook.errors import InputError
from crossbook.importers.files import read_bytes

MAGIC: Final = 0x4D45_4257_5F30_3031
VERSION: Final = 1
_HEADER: Final = struct.Struct("<QII")
_RECORD: Final = struct.Struct("<BBBxIQQqq")
_SIDES: Final = (Side.BUY, Side.SELL)


class Kind(IntEnum):
    """What an instruction asks for."""

    NEW = 0
    CANCEL = 1
    MODIFY = 2


class Instruction(NamedTuple):
    """One record of a stream; `price` in ticks, `lots` as the benchmark's qty."""

    kind: Kind
    side: Side
    immediate: bool
    lots: int
    seq: int
    order: int
    price: int


class Line(NamedTuple):
    """One report line, sortable as the benchmark sorts: by seq, then by type."""

    seq: int
    kind: int
    fields: tuple[int, ...]

    def __str__(self) -> str:
        return ",".join(str(value) for value in (self.kind, self.seq, *self.fields))


class ReportKind(IntEnum):
    """The first field of a report line."""

    ACCEPTED = 0
    TRADE = 1
    CANCELLED = 2
    MODIFIED = 3
    CANCEL_REFUSED = 4
    MODIFY_REFUSED = 5


def read_stream(path: Path) -> list[Instruction]:
    """The instructions of a `.bin` or `.bin.xz` file.

    Raises:
        InputError: `benchmark_stream`, if it is not such a stream, or is cut short.
    """
    data = read_bytes(path)
    if len(data) < _HEADER.size:
        raise _stream_error(path, "it is shorter than a header", {"bytes": len(data)})
    magic, version, count = _HEADER.unpack_from(data)
    if (magic, version) != (MAGIC, VERSION):
        raise _stream_error(path, "magic or version is another", {"magic": hex(magic), "version": version})
    expected = _HEADER.size + count * _RECORD.size
    if len(data) != expected:
        raise _stream_error(path, "its length does not fit its count", {"bytes": len(data), "expected": expected})
    if not count:
        raise _stream_error(path, "it holds no record", {"records": 0})
    return list(_instructions(path, data))


def _instructions(path: Path, data: bytes) -> Iterator[Instruction]:
    for index, values in enumerate(_RECORD.iter_unpack(data[_HEADER.size :])):
        kind, side, immediate, lots, seq, order, price, _ = values
        if kind > Kind.MODIFY or side > 1 or immediate > 1:
            raise _stream_error(path, "a record has an unknown type, side or flag", {"record": index})
        yield Instruction(Kind(kind), _SIDES[side], bool(immediate), lots, seq, order, price)


def write_stream(instructions: Iterable[Instruction]) -> bytes:
    """The bytes of a stream, uncompressed."""
    records = [
        _RECORD.pack(item.kind, side_number(item.side), item.immediate, item.lots, item.seq, item.order, item.price, 0)
        for item in instructions
    ]
    return _HEADER.pack(MAGIC, VERSION, len(records)) + b"".join(records)


def side_number(side: Side) -> int:
    """A side as streams and reports number it."""
    return _SIDES.index(side)


def report_text(lines: Iterable[Line]) -> str:
    """The report stream as text, in its canonical order."""
    return "\n".join(str(line) for line in sorted(lines, key=lambda line: line[:2]))


def _stream_error(path: Path, reason: str, values: dict[str, object]) -> InputError:
    return InputError(
        f"{path.name} is not a stream of the matching benchmark: {reason}",
        code="benchmark_stream",
        values={"file": path.name, **values},
        hint="16 bytes of header, then 40-byte little-endian records; .bin or .bin.xz",
    )
