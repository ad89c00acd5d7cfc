"""What is hashed: the leaves of the two trees of a session.

    record leaf   seq u64 | stamped time u64 (ns) | msgpack [origin, author, cause, nonce, command]     big-endian
    block leaf    the 200 bytes of the header

A record's leaf does not depend on how records were cut into blocks: it has the stamped time where the block has a
difference to its first time. Leaf number i, counted from 0, is that of seq i + 1, or of the block number i + 1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from journal_tools.errors import ToolError
from journal_tools.journal import Block, Journal, Record
from journal_tools.proofs.merkle import Range, Reading, leaf_hash

TREES: Final = ("records", "blocks")
_PREFIX: Final = struct.Struct(">QQ")
_FIVE: Final = b"\x95"
_UINT_BYTES: Final = {0xCC: 2, 0xCD: 3, 0xCE: 5, 0xCF: 9}
"""Bytes of a msgpack integer by its first one; any other first byte is the whole integer."""


def record_leaf(record: Record, raw: bytes) -> bytes:
    """The data of a record's leaf from the bytes of the record as they stand in its block."""
    return _PREFIX.pack(record.seq, record.time_ns) + _FIVE + raw[1 + _UINT_BYTES.get(raw[1], 1) :]


def parse_record_leaf(leaf: bytes) -> Record:
    """The record a leaf is about. Raises ValueError if it is none."""
    try:
        seq, time_ns = _PREFIX.unpack_from(leaf)
        origin, author, cause, nonce, command = msgspec.msgpack.decode(leaf[_PREFIX.size :])
    except (msgspec.DecodeError, TypeError, struct.error) as error:
        raise ValueError(str(error)) from error
    if (
        not isinstance(command, list)
        or not command
        or not all(isinstance(n, int) for n in (origin, author, cause, nonce))
    ):
        raise ValueError("it is no command")
    return Record(seq, time_ns, origin, author, cause, nonce, command)


def record_leaves(block: Block) -> Iterator[bytes]:
    """The leaf data of each record of a block."""
    for record, raw in zip(block.records(), block.record_bytes(), strict=True):
        yield record_leaf(record, raw)


class Trees(NamedTuple):
    """Both trees of a session as they were read, up to the end of a block."""

    records: Reading
    blocks: Reading
    head: Block | None


def read_trees(
    journal: Journal,
    to_seq: int | None = None,
    *,
    record_ranges: list[Range] | None = None,
    block_ranges: list[Range] | None = None,
) -> Trees:
    """Read a session from genesis to a seq that ends a block, or to its end: chain, roots and asked hashes at once.

    Raises:
        ToolError: `inside_block` the seq is inside a block, `unknown_seq`.
        Finding: the chain is not whole.
    """
    trees = Trees(Reading(record_ranges or ()), Reading(block_ranges or ()), None)
    chain = journal.genesis()
    head = None
    for block in journal.blocks(1, to_seq) if to_seq != 0 else ():
        chain.accept(block)
        if to_seq is not None and block.last_seq > to_seq:
            raise ToolError(
                f"seq {to_seq} is inside a block",
                code="inside_block",
                hint=f"checkpoints are at ends of blocks: the nearest are {block.first_seq - 1} and {block.last_seq}",
                seq=to_seq,
            )
        for leaf in record_leaves(block):
            trees.records.add(leaf_hash(leaf))
        trees.blocks.add(leaf_hash(block.raw))
        head = block
    if to_seq is not None and trees.records.tree.size != to_seq:
        raise ToolError(
            f"there is no seq {to_seq}",
            code="unknown_seq",
            hint=f"the journal has seqs 1 to {trees.records.tree.size}",
            seq=to_seq,
        )
    return trees._replace(head=head)
