"""The block, its records, and the chain it must continue: docs/journal_format.md, *The block*."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec

from journal_tools.errors import Finding

HEADER: Final = struct.Struct("<8sIIQQQQ32s32s80sII")
HEADER_BYTES: Final = HEADER.size
CRC_AT: Final = 196
MAGIC: Final = b"XBBLOCK1"
GENESIS_DOMAIN: Final = b"crossbook journal genesis v1\x00"
MARK: Final = struct.Struct("<Q32sQ32s")
_DECODER: Final = msgspec.msgpack.Decoder()
_RAW: Final = msgspec.msgpack.Decoder(list[msgspec.Raw])


class Record(NamedTuple):
    """One record: `command` is `[tag, ...fields]`, `time_ns` its stamped time (ns since the epoch)."""

    seq: int
    time_ns: int
    origin: int
    author: int
    cause: int
    nonce: int
    command: list[Any]


class Mark(NamedTuple):
    """An exec mark taken apart: what the state was before the block that carries it."""

    event_seq: int
    event_digest: bytes
    root_seq: int
    state_root: bytes

    @classmethod
    def parse(cls, mark: bytes) -> Mark:
        """The fields of its 80 bytes."""
        return cls._make(MARK.unpack(mark))


class Block(NamedTuple):
    """A block as it stands in the journal; `raw` is its 200 header bytes."""

    segment: int
    first_seq: int
    count: int  # type: ignore[assignment]  # records in the body; nobody counts the fields of a block
    first_time_ns: int
    last_time_ns: int
    epoch: int
    previous: bytes
    body_hash: bytes
    exec_mark: bytes
    raw: bytes
    body: bytes

    @property
    def last_seq(self) -> int:
        """The seq of its last record."""
        return self.first_seq + self.count - 1

    @property
    def hash(self) -> bytes:
        """The block hash: it commits to the block and to everything before it."""
        return sha256(self.raw).digest()

    @property
    def mark(self) -> Mark:
        """Its exec mark."""
        return Mark.parse(self.exec_mark)

    def records(self) -> Iterator[Record]:
        """Its records in order."""
        for offset, (dt, origin, author, cause, nonce, command) in enumerate(self.rows()):
            yield Record(self.first_seq + offset, self.first_time_ns + dt, origin, author, cause, nonce, command)

    def rows(self) -> list[list[Any]]:
        """Its records as they stand in the body: `[dt, origin, author, cause, nonce, command]`."""
        found: list[list[Any]] = _DECODER.decode(b"\xdd" + self.count.to_bytes(4, "big") + self.body)
        return found

    def pick(self, seqs: Sequence[int]) -> Iterator[Record]:
        """Some of its records; the others are not looked into."""
        raws = _RAW.decode(b"\xdd" + self.count.to_bytes(4, "big") + self.body) if seqs else []
        for seq in seqs:
            dt, *rest = _DECODER.decode(raws[seq - self.first_seq])
            yield Record(seq, self.first_time_ns + dt, *rest)

    def record_bytes(self) -> list[bytes]:
        """The canonical bytes of each record, as they stand in the body."""
        return [bytes(raw) for raw in _RAW.decode(b"\xdd" + self.count.to_bytes(4, "big") + self.body)]


def parse(value: bytes, *, key: bytes, segment: int) -> Block:
    """A block from its key and value, each of its own checks made.

    Raises:
        Finding: `block_header` its length, magic, format, key or CRC is wrong; `block_body` its body is not the one
            it was written with.
    """
    at = int.from_bytes(key, "big")
    if len(value) <= HEADER_BYTES:
        raise broken("block_header", at, f"it has {len(value)} bytes, too few for a header", segment)
    raw, body = value[:HEADER_BYTES], value[HEADER_BYTES:]
    fields = HEADER.unpack(raw)
    magic, layout, count, first, base, last_time, epoch, previous, body_hash, mark, length, crc = fields
    if zlib.crc32(raw[:CRC_AT]) != crc:
        raise broken("block_header", at, "its header does not match its CRC", segment)
    if magic != MAGIC or layout != 1:
        raise broken("block_header", at, "it is not a block of format 1", segment)
    if len(key) != 8 or first != at or not count:
        raise broken("block_header", at, f"it says it begins at seq {first} and holds {count} records", segment)
    if length != len(body) or sha256(body).digest() != body_hash:
        raise broken("block_body", at, "its body does not match the hash in its header", segment)
    return Block(segment, first, count, base, last_time, epoch, previous, body_hash, mark, raw, body)


class Chain:
    """What the next block must continue."""

    def __init__(self, *, next_seq: int, head: bytes, time_ns: int = 0, epoch: int = 0) -> None:
        self.next_seq = next_seq
        self.head = head
        self.time_ns = time_ns
        self.epoch = epoch

    @classmethod
    def genesis(cls, session_file: bytes) -> Chain:
        """Where a session begins: its genesis hash commits to session.json."""
        return cls(next_seq=1, head=sha256(GENESIS_DOMAIN + session_file).digest())

    def accept(self, block: Block) -> None:
        """Take the next block.

        Raises:
            Finding: `chain_gap` blocks are missing before it; `chain_repeat` it was there before; `chain_link` it
                continues another block; `chain_time`, `chain_epoch` one of them goes back.
        """
        at, segment = block.first_seq, block.segment
        if at > self.next_seq:
            raise broken("chain_gap", at, f"seqs {self.next_seq} to {at - 1} are missing before it", segment)
        if at < self.next_seq:
            raise broken("chain_repeat", at, f"the journal is at seq {self.next_seq} already", segment)
        if block.previous != self.head:
            raise broken("chain_link", at, "it does not continue the block before it", segment)
        if block.first_time_ns < self.time_ns or block.last_time_ns < block.first_time_ns:
            raise broken("chain_time", at, "its time goes back", segment)
        if block.epoch < self.epoch:
            raise broken("chain_epoch", at, "its epoch goes back", segment)
        self.next_seq, self.head = block.last_seq + 1, block.hash
        self.time_ns, self.epoch = block.last_time_ns, block.epoch


def broken(code: str, seq: int, what: str, segment: int) -> Finding:
    """The finding about the block at a seq."""
    return Finding(
        f"segment {segment}, block at seq {seq}: {what}",
        code=code,
        hint="everything before it is whole; compare what follows with a copy",
        seq=seq,
        segment=segment,
    )
