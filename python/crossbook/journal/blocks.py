"""The block: the unit of journaling, hashing and durability.

A block is a 200-byte header followed by its body, the concatenated canonical records (`docs/journal_format.md`).

    offset  0 magic        8  b"XBBLOCK1"
            8 format       4  1
           12 count        4  records in the body
           16 first_seq    8  seq of the first record; also the LMDB key, big-endian
           24 first_time   8  base time: a record's time is this plus its dt
           32 last_time    8  time of the last record
           40 epoch        8  how often the journal was opened for writing, this time included
           48 previous    32  block hash of the block before, or the genesis hash
           80 body_hash   32  SHA-256 of the body
          112 exec_mark   80  the state after executing everything before this block
          192 body_length  4
          196 header_crc   4  CRC-32 of bytes 0..196: a flipped bit in the newest header has no later hash to catch it
"""

from __future__ import annotations

import struct
import zlib
from hashlib import sha256

import msgspec

from .errors import BlockRefused

JOURNAL_FORMAT = 1
BLOCK_MAGIC = b"XBBLOCK1"
HEADER_BYTES = 200
BLOCK_BYTES_MAX = 65_520
BODY_BYTES_MAX = BLOCK_BYTES_MAX - HEADER_BYTES
EXEC_MARK_BYTES = 80
EXEC_MARK_GENESIS = bytes(EXEC_MARK_BYTES)
SEQ_MAX = 2**64 - 1
RECORD_BYTES_MIN = 7

_FIELDS = struct.Struct("<8sIIQQQQ32s32s80sI")
_CRC = struct.Struct("<I")


class BlockHeader(msgspec.Struct, frozen=True, gc=False):
    """The fixed header of a block, all integers little-endian. Times are nanoseconds since the Unix epoch."""

    magic: bytes
    format: int
    count: int
    first_seq: int
    first_time_ns: int
    last_time_ns: int
    epoch: int
    previous_hash: bytes
    body_hash: bytes
    exec_mark: bytes
    body_length: int

    @property
    def last_seq(self) -> int:
        """Seq of the last record."""
        return self.first_seq + self.count - 1

    def to_bytes(self) -> bytes:
        """The 200 bytes of the header."""
        fields = _FIELDS.pack(
            self.magic,
            self.format,
            self.count,
            self.first_seq,
            self.first_time_ns,
            self.last_time_ns,
            self.epoch,
            self.previous_hash,
            self.body_hash,
            self.exec_mark,
            self.body_length,
        )
        return fields + _CRC.pack(zlib.crc32(fields))

    @staticmethod
    def hash_of(raw: bytes) -> bytes:
        """The block hash: SHA-256 of the header's bytes, which hold the body's hash and the block hash before."""
        return sha256(raw).digest()


class PendingBlock(msgspec.Struct, frozen=True, gc=False):
    """A block that is not yet in the journal. The writer adds its seq, epoch and place in the chain."""

    body: bytes
    count: int
    first_time_ns: int
    last_time_ns: int
    exec_mark: bytes


class BlockReceipt(msgspec.Struct, frozen=True, gc=False):
    """Where a block went. `block_hash` commits to the block and to everything before it."""

    first_seq: int
    last_seq: int
    segment: int
    block_hash: bytes


class Block(msgspec.Struct, frozen=True, gc=False):
    """A block read from the journal and verified against the chain."""

    header: BlockHeader
    body: bytes
    segment: int
    block_hash: bytes

    @property
    def first_seq(self) -> int:
        """Seq of the first record."""
        return self.header.first_seq

    @property
    def last_seq(self) -> int:
        """Seq of the last record."""
        return self.header.last_seq

    @property
    def count(self) -> int:
        """How many records the body holds."""
        return self.header.count

    @property
    def base_time_ns(self) -> int:
        """The time from which the records' dt count, nanoseconds since the Unix epoch."""
        return self.header.first_time_ns


class BlockFault(Exception):
    """Why the bytes of one block are not a block: the name of the fault and the two values that differ."""

    def __init__(self, fault: str, expected: object, found: object) -> None:
        super().__init__(f"{fault}: expected {expected!r}, found {found!r}")
        self.fault = fault
        self.expected = expected
        self.found = found


def check_pending(block: PendingBlock) -> None:
    """Refuses a block that could not be read back. Raises BlockRefused."""
    if not 1 <= block.count <= BODY_BYTES_MAX // RECORD_BYTES_MIN:
        raise BlockRefused("a block holds at least one record", values={"count": block.count})
    if not block.body or len(block.body) > BODY_BYTES_MAX:
        raise BlockRefused(
            f"a block body is 1 to {BODY_BYTES_MAX} bytes, this one has {len(block.body)}",
            values={"body_bytes": len(block.body), "body_bytes_max": BODY_BYTES_MAX},
            hint="split it with crossbook.journal.pack_records",
        )
    if not 0 <= block.first_time_ns <= block.last_time_ns < 2**64:
        raise BlockRefused(
            "the last record of a block is earlier than its base time",
            values={"first_time_ns": block.first_time_ns, "last_time_ns": block.last_time_ns},
        )
    if len(block.exec_mark) != EXEC_MARK_BYTES:
        raise BlockRefused(
            f"an exec mark is {EXEC_MARK_BYTES} bytes, this one has {len(block.exec_mark)}",
            values={"exec_mark_bytes": len(block.exec_mark)},
        )


def header_of(value: bytes) -> BlockHeader | None:
    """The header of a block whose body may be damaged; None if the header itself is."""
    raw = bytes(value[:HEADER_BYTES])
    if len(raw) < HEADER_BYTES or _CRC.unpack_from(raw, _FIELDS.size)[0] != zlib.crc32(raw[: _FIELDS.size]):
        return None
    return BlockHeader(*_FIELDS.unpack_from(raw))


def decode_block(key: bytes, value: bytes | memoryview) -> tuple[BlockHeader, bytes, bytes]:
    """Takes a block apart and checks all that it says about itself. Returns header, header bytes, body.

    Raises BlockFault. Whether the block belongs where it stands is the chain's question (`chain.Chain.accept`).
    """
    raw = bytes(value[:HEADER_BYTES])
    if len(raw) < HEADER_BYTES:
        raise BlockFault("block_length", f">= {HEADER_BYTES}", len(raw))
    header = BlockHeader(*_FIELDS.unpack_from(raw))
    if header.magic != BLOCK_MAGIC:
        raise BlockFault("magic", BLOCK_MAGIC, header.magic)
    (crc,) = _CRC.unpack_from(raw, _FIELDS.size)
    if crc != zlib.crc32(raw[: _FIELDS.size]):
        raise BlockFault("header_crc", zlib.crc32(raw[: _FIELDS.size]), crc)
    if header.format != JOURNAL_FORMAT:
        raise BlockFault("format", JOURNAL_FORMAT, header.format)
    if key != header.first_seq.to_bytes(8, "big"):
        raise BlockFault("key", header.first_seq.to_bytes(8, "big").hex(), key.hex())
    body = bytes(value[HEADER_BYTES:])
    if len(body) != header.body_length or not body:
        raise BlockFault("body_length", header.body_length, len(body))
    if len(value) > BLOCK_BYTES_MAX:
        raise BlockFault("block_length", f"<= {BLOCK_BYTES_MAX}", len(value))
    if sha256(body).digest() != header.body_hash:
        raise BlockFault("body_hash", header.body_hash.hex(), sha256(body).hexdigest())
    if header.count < 1 or header.first_time_ns > header.last_time_ns:
        raise BlockFault("header_fields", "count >= 1 and first_time <= last_time", (header.count,))
    return header, raw, body
