"""Records into block bodies and back: packing to the size limit, and cutting the same records differently.

A record is the msgpack array `[dt, origin, author, cause, nonce, command]`; dt counts from the base time of its block,
so a record that moves to another block gets another dt. Commands are carried as the bytes they were encoded to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from .blocks import BLOCK_BYTES_MAX, HEADER_BYTES, Block, PendingBlock
from .errors import BlockRefused

_ARRAY32 = b"\xdd"
_WireRecord = tuple[int, int, int, int, int, msgspec.Raw]
_decoder = msgspec.msgpack.Decoder(list[_WireRecord])
_encoder = msgspec.msgpack.Encoder()


class Record(NamedTuple):
    """One record with its time in nanoseconds since the Unix epoch and its command as canonical msgpack."""

    time_ns: int
    origin: int
    author: int
    cause: int
    nonce: int
    command: bytes | msgspec.Raw


@dataclass(frozen=True, slots=True)
class PackedBlock:
    """A block body ready to be journaled or executed. `first_seq` is 0 where the writer is still to give it."""

    body: bytes
    count: int
    first_time_ns: int
    last_time_ns: int
    first_seq: int = 0

    def pending(self, exec_mark: bytes) -> PendingBlock:
        """The block with the mark of the state it will be executed on, for `JournalWriter.append_many`."""
        return PendingBlock(self.body, self.count, self.first_time_ns, self.last_time_ns, exec_mark)


def pack_records(
    records: Iterable[Record], *, bytes_max: int = BLOCK_BYTES_MAX, records_max: int | None = None, first_seq: int = 0
) -> Iterator[PackedBlock]:
    """Packs records into as few blocks as the limits allow, in order.

    Args:
        records: in the order of their times.
        bytes_max: largest block, its 200-byte header included.
        records_max: most records of a block, None for no limit.
        first_seq: seq of the first record if it is known; 0 leaves the blocks without seqs.

    Raises BlockRefused for a record that no block can hold, and for times that go back.
    """
    room = min(bytes_max, BLOCK_BYTES_MAX) - HEADER_BYTES
    parts: list[bytes] = []
    size = base = last = 0
    seq = first_seq
    for record in records:
        if record.time_ns < last:
            raise BlockRefused(
                f"record time {record.time_ns} is earlier than the one before, {last}",
                values={"time_ns": record.time_ns, "last_time_ns": last},
            )
        wire = _encoder.encode((record.time_ns - base if parts else 0, *record[1:5], _raw(record.command)))
        if parts and (size + len(wire) > room or len(parts) == records_max):
            yield PackedBlock(b"".join(parts), len(parts), base, last, seq)
            seq += len(parts) if seq else 0
            parts, size = [], 0
            wire = _encoder.encode((0, *record[1:5], _raw(record.command)))
        if len(wire) > room:
            raise BlockRefused(
                f"a record of {len(wire)} bytes does not fit into a block",
                values={"bytes": len(wire), "bytes_max": room},
            )
        if not parts:
            base = record.time_ns
        parts.append(wire)
        size += len(wire)
        last = record.time_ns
    if parts:
        yield PackedBlock(b"".join(parts), len(parts), base, last, seq)


def _raw(command: bytes | msgspec.Raw) -> msgspec.Raw:
    return command if isinstance(command, msgspec.Raw) else msgspec.Raw(command)


def unpack_records(body: bytes, *, count: int, first_time_ns: int) -> list[Record]:
    """The records of a block body, with their times. Raises BlockRefused if it is not `count` whole records."""
    try:
        decoded = _decoder.decode(_ARRAY32 + count.to_bytes(4, "big") + body)
    except msgspec.DecodeError as error:
        raise BlockRefused(f"the body is not {count} records: {error}", values={"count": count}) from error
    return [Record(first_time_ns + record[0], *record[1:]) for record in decoded]


def resplit(
    blocks: Iterable[Block], *, bytes_max: int = BLOCK_BYTES_MAX, records_max: int | None = None
) -> Iterator[PackedBlock]:
    """Cuts the records of consecutive blocks into blocks of other sizes, smaller or larger, with their seqs.

    Executing the result must lead to the same state: no result may depend on where blocks begin. Raises BlockRefused.
    """
    iterator = iter(blocks)
    first = next(iterator, None)
    if first is None:
        return

    def records() -> Iterator[Record]:
        block: Block | None = first
        while block is not None:
            yield from unpack_records(block.body, count=block.count, first_time_ns=block.base_time_ns)
            block = next(iterator, None)

    yield from pack_records(records(), bytes_max=bytes_max, records_max=records_max, first_seq=first.first_seq)
