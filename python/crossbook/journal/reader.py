"""The reader: blocks in order, each verified against its hash and the chain, from any seq, while a writer is at work.

It reads with the strict reader of `lmdb_file`, a batch at a time. For the live segment each batch holds a reader slot
of LMDB, for milliseconds, so that the writer does not use the snapshot's pages again meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from msgspec.structs import replace

from . import guard
from .blocks import SEQ_MAX, Block, BlockFault, BlockHeader, decode_block
from .branches import read_change
from .chain import Head
from .errors import JournalClosed, JournalDamaged
from .lmdb_file import LmdbFault, LmdbFile, Node
from .manifests import BranchChange, BranchOf, SessionManifest
from .opening import opening_head, sealed_head
from .scan import lmdb_finding, raise_if_newer
from .segments import Finding, Segment, Survey, survey

BATCH_BYTES = 4 << 20
# Added to a head whose segment was not read from its start, so that no block is numbered wrongly.
_UNNUMBERED = -(2**62)
# How often a batch without a reader slot is tried again when the writer used its pages anew.
TRIES_WITHOUT_SLOT = 5


@dataclass(frozen=True, slots=True)
class SegmentSummary:
    """One segment as its manifests describe it; `last_seq` is None while it is live."""

    number: int
    first_seq: int
    last_seq: int | None
    sealed: bool


class JournalReader:
    """Reads a session; any number of readers may, beside the writer too. Keeps no file open between calls.

    Raises from the constructor: JournalNotFound, NotAJournal, NewerFormat, JournalDamaged. From `blocks` and `head`:
    JournalDamaged, whose values name segment, block, first_seq and last_seq, and NewerFormat.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.manifest: SessionManifest = survey(self.path).manifest
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the use of this reader; iterators under way raise JournalClosed."""
        self._closed = True

    @property
    def branch(self) -> BranchOf | None:
        """What this session is a branch of, None if it is none."""
        return self.manifest.branch

    def change(self) -> BranchChange | None:
        """What this branch changes of its parent, None if it is none. Raises JournalDamaged."""
        return read_change(self.path, self.manifest)

    def segments(self) -> list[SegmentSummary]:
        """The segments in order."""
        return [
            SegmentSummary(
                segment.number,
                segment.opening.first_seq,
                segment.footer.last_seq if segment.footer is not None else None,
                segment.sealed,
            )
            for segment in self._survey().segments
        ]

    def head(self) -> Head:
        """The end of the journal as it is committed now: the last block's hash, time and the next seq."""
        found = self._survey()
        last = found.segments[-1]
        if last.sealed:
            return sealed_head(last)
        head = self._pick_up(last, found, SEQ_MAX)
        for block in self._live_batch(last, found, head):
            head = head.after(block.header, block.block_hash)
        return head

    def blocks(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[Block]:
        """Every block that holds a seq of `from_seq..to_seq`, in order and verified.

        The first block's own link is checked too: against the block before it, or against the genesis hash.
        """
        if from_seq < 1:
            raise ValueError(f"seqs start at 1, not {from_seq}")
        found = self._survey()
        number = max((s.number for s in found.segments if s.opening.first_seq <= from_seq), default=1)
        head = self._pick_up(found.segments[number - 1], found, from_seq)
        while number <= len(found.segments):
            segment = found.segments[number - 1]
            for block in self._segment_blocks(segment, found, head):
                head = head.after(block.header, block.block_hash)
                if block.last_seq >= from_seq and (to_seq is None or block.first_seq <= to_seq):
                    yield block
                if to_seq is not None and block.last_seq >= to_seq:
                    return
            if not segment.sealed:
                # It may have been sealed since it was listed; then it goes on in the next one.
                found = self._survey()
                segment = found.segments[number - 1]
                if not segment.sealed:
                    break
                continue
            _check_end(segment, head)
            head, number = replace(head, blocks=0), number + 1
        _check_closing(found, head)

    # --- one segment --------------------------------------------------------------------------------------

    def _segment_blocks(self, segment: Segment, found: Survey, head: Head) -> Iterator[Block]:
        if segment.sealed:
            with _open(segment, found, head) as file:
                yield from _read(file, segment, head)
            return
        while batch := self._live_batch(segment, found, head):
            for block in batch:
                self._require_open()
                yield block
            head = head.after(batch[-1].header, batch[-1].block_hash)
            head = replace(head, blocks=head.blocks + len(batch) - 1)

    def _live_batch(self, segment: Segment, found: Survey, head: Head) -> list[Block]:
        """The next few blocks of a live segment; none at its present end."""

        def read(file: LmdbFile) -> list[Block]:
            batch: list[Block] = []
            size = 0
            try:
                for block in _read(file, segment, head):
                    batch.append(block)
                    size += len(block.body)
                    if size >= BATCH_BYTES:
                        break
            except JournalDamaged:
                if not batch:
                    raise  # else what is whole comes first, and the next batch begins with what is not
            return batch

        return _look(segment, found, head, read)

    def _pick_up(self, segment: Segment, found: Survey, from_seq: int) -> Head:
        """The head that the block holding `from_seq` continues: the block before it, or the segment's opening."""
        start = opening_head(segment, found)

        def read(file: LmdbFile) -> Head:
            at = next(file.nodes(file.newest, _key(from_seq)), None)
            if at is None or int.from_bytes(at.key, "big") <= segment.opening.first_seq:
                return start
            before = next(file.nodes(file.newest, _key(int.from_bytes(at.key, "big") - 1)))
            header, raw, _ = _decode(file, segment, before, None)
            return replace(start.after(header, header.hash_of(raw)), blocks=_UNNUMBERED)

        return _look(segment, found, start, read)

    # --- the session -------------------------------------------------------------------------------------------

    def _survey(self) -> Survey:
        self._require_open()
        found = survey(self.path)
        found.raise_first()
        return found

    def _require_open(self) -> None:
        if self._closed:
            raise JournalClosed(f"the reader of {self.path} is closed", values={"path": str(self.path)})

    def __repr__(self) -> str:
        return f"<JournalReader {self.path} session={self.manifest.id}>"


# --- reading one file -------------------------------------------------------------------------------------------------

T = TypeVar("T")


def _look(segment: Segment, found: Survey, head: Head, read: Callable[[LmdbFile], T]) -> T:
    """Lets `read` look at the present snapshot of a segment, whose pages stay as they are meanwhile.

    Where no reader slot is to be had the writer may use a page anew under our eyes; the strict reader notices, and if
    the file has moved on we look again.
    """
    for tries_left in reversed(range(TRIES_WITHOUT_SLOT)):
        # The meta pages are checked before liblmdb opens the file for the slot, and read again under the slot.
        with _open(segment, found, head) as file, guard.pinned(segment.path, map_bytes=found.manifest.segment_bytes):
            txn = None
            try:
                file.refresh()
                txn = file.newest.txn
                return read(file)
            except (LmdbFault, JournalDamaged) as error:
                if tries_left and txn is not None and _moved_on(file, txn):
                    continue
                if isinstance(error, LmdbFault):
                    raise lmdb_finding(error, segment, head.next_seq).error() from error
                raise
    raise AssertionError("unreachable: the last try returns or raises")


def _moved_on(file: LmdbFile, txn: int) -> bool:
    try:
        file.refresh()
    except LmdbFault:
        return False
    return file.newest.txn != txn


def _open(segment: Segment, found: Survey, head: Head) -> LmdbFile:
    try:
        return LmdbFile(segment.data, map_bytes=found.manifest.segment_bytes)
    except LmdbFault as fault:
        raise lmdb_finding(fault, segment, head.next_seq).error() from fault


def _read(file: LmdbFile, segment: Segment, head: Head) -> Iterator[Block]:
    """The blocks of the newest snapshot that continue `head`. Raises JournalDamaged, NewerFormat."""
    try:
        for node in file.nodes(file.newest, _key(head.next_seq)):
            if int.from_bytes(node.key, "big") < head.next_seq and head.next_seq > segment.opening.first_seq:
                continue  # the block before: the seek starts at the last key that is not behind
            ordinal = head.blocks + 1 if head.blocks >= 0 else None
            header, raw, body = _decode(file, segment, node, ordinal)
            try:
                head = head.accept(header, raw)
            except BlockFault as fault:
                raise _block_finding(fault, segment, node, ordinal).error() from fault
            yield Block(header, body, segment.number, head.head_hash)
    except LmdbFault as fault:
        raise lmdb_finding(fault, segment, head.next_seq).error() from fault


def _decode(file: LmdbFile, segment: Segment, node: Node, ordinal: int | None) -> tuple[BlockHeader, bytes, bytes]:
    try:
        return decode_block(node.key, file.value(file.newest, node))
    except BlockFault as fault:
        raise_if_newer(fault, segment.number)
        raise _block_finding(fault, segment, node, ordinal).error() from fault


def _block_finding(fault: BlockFault, segment: Segment, node: Node, ordinal: int | None) -> Finding:
    message = f"{fault.fault} is {fault.found}, expected {fault.expected}"
    first_seq = int.from_bytes(node.key, "big")
    return Finding(f"block_{fault.fault}", message, segment.number, ordinal, first_seq)


def _key(seq: int) -> bytes:
    return seq.to_bytes(8, "big")


def _check_end(segment: Segment, head: Head) -> None:
    """A sealed segment must end where its footer says."""
    expected = sealed_head(segment)
    if (head.next_seq, head.head_hash) != (expected.next_seq, expected.head_hash):
        message = f"the blocks end before seq {head.next_seq}, the footer says {expected.next_seq}"
        raise Finding("footer", message, segment.number, None, head.next_seq, expected.next_seq - 1).error()


def _check_closing(found: Survey, head: Head) -> None:
    """After a clean close the journal must reach at least to where it was closed."""
    closing = found.closing
    if closing is None or head.next_seq > closing.next_seq:
        return
    if (head.next_seq, head.head_hash.hex()) != (closing.next_seq, closing.head_hash):
        message = f"the blocks end before seq {head.next_seq}, the session was closed at {closing.next_seq}"
        raise Finding("closing", message, closing.segment, None, head.next_seq, closing.next_seq - 1).error()
