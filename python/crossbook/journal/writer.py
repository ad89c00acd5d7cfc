"""The writer: appends blocks to the live segment, durable before it returns, and starts the next segment in time.

open ──append──► open            a block is committed; or refused (BlockRefused), and nothing changed
open ──commit error──► halted    every later append is refused; close() only lets go
open ──close──► closed           closing.json says how every byte ended
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import lmdb
from msgspec.structs import replace

from . import guard
from .blocks import EXEC_MARK_BYTES, HEADER_BYTES, JOURNAL_FORMAT, SEQ_MAX, BlockReceipt, PendingBlock, check_pending
from .branches import NewBranch
from .commit import commit_blocks, commit_error
from .durability import Durability
from .errors import (
    BlockRefused,
    CommitFailed,
    JournalClosed,
    JournalError,
    JournalHalted,
    OpenFailed,
    UsedAfterFork,
)
from .layout import lay_out, make_directory, session_manifest
from .manifests import (
    CLOSING_FILE,
    REPAIR_FILE,
    RepairNote,
    SegmentOpening,
    SessionClosing,
    SessionManifest,
    remove_durably,
    write_manifest,
)
from .opening import Opening, verify_for_writing
from .repair import check_repair_recorded
from .segments import (
    RESERVE_BYTES,
    SEGMENT_BYTES_DEFAULT,
    Segment,
    create_segment,
    hash_file,
    read_session,
    seal_segment,
)

BUFFER_BYTES_MAX = 4 << 20
_PAGE_OVERHEAD_BYTES = 16


@dataclass(slots=True)
class _Live:
    """The live segment, its environment, and how full its map will be once the buffer is committed."""

    segment: Segment
    env: lmdb.Environment
    pages_used: int
    pages_max: int
    page_bytes: int
    first_hash: bytes = b""
    blocks: int = 0

    def pages_for(self, block_bytes: int) -> int:
        """Upper bound of what one block adds to the file: its own pages and its node's share of the tree."""
        return (_PAGE_OVERHEAD_BYTES + block_bytes - 1) // self.page_bytes + 2

    def has_room(self, block_bytes: int) -> bool:
        """Whether a block fits with the reserve left, so that the map is never found full."""
        return self.pages_used + self.pages_for(block_bytes) + RESERVE_BYTES // self.page_bytes <= self.pages_max


class JournalWriter:
    """The single owner of a session. A context manager. Threads may share it: their appends take turns.

    Raises from `create`: JournalExists, JournalLocked, OpenFailed, ValueError. From `open`: JournalNotFound,
    NotAJournal, NewerFormat, JournalLocked, TornTail, JournalDamaged. From the other methods: BlockRefused (nothing
    changed, go on), JournalHalted and its kinds (the writer stopped), RepairPending, JournalClosed, UsedAfterFork.
    """

    def __init__(
        self, path: Path, owner: guard.Owner, found: Opening, durability: Durability, segments_max: int | None
    ) -> None:
        """Not for callers: use `create` or `open`."""
        self.path = path
        self.manifest: SessionManifest = found.survey.manifest
        self.durability = durability
        self.segments_max = segments_max
        self.pending_repair: RepairNote | None = found.repair
        self._owner = owner
        self._lock = threading.RLock()
        self._head = found.head
        self._epoch = found.head.epoch + 1
        self._buffer: list[tuple[bytes, bytes]] = []
        self._buffer_bytes = 0
        self._durable_seq = found.head.next_seq - 1
        self._halt: JournalHalted | None = None
        self._closed = False
        last = found.last
        if last.sealed:
            last = self._start_segment(last.number + 1, previous_footer=last.footer_sha256)
            self._live = self._enter(last)
        else:
            self._live = self._enter(last)
            self._live.first_hash, self._live.blocks = found.first_hash, found.head.blocks
        try:
            remove_durably(path / CLOSING_FILE)
        except OSError:
            guard.close_for_writing(self._live.env)
            raise

    # --- construction ------------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        durability: Durability | str = Durability.DURABLE,
        segment_bytes: int = SEGMENT_BYTES_DEFAULT,
        segments_max: int | None = None,
        session_id: str | None = None,
        created_ns: int | None = None,
        branch: NewBranch | None = None,
    ) -> JournalWriter:
        """Starts a session in a directory that does not exist or is empty.

        Args:
            path: the session's directory.
            durability: when an append counts as written, see Durability.
            segment_bytes: size of a segment's map, 1 MiB to 1 TiB; the file is only as long as what is in it.
            segments_max: how many segments the session may have; None for no limit.
            session_id: 32 hex digits, random by default. With `created_ns` and the sizes it decides the genesis hash.
            created_ns: nanoseconds since the Unix epoch, the present by default.
            branch: for a branch, what it branches from and what it changes; the genesis hash commits to both.
        """
        manifest = session_manifest(segment_bytes, session_id, created_ns, branch)
        mode = Durability(durability)
        directory = Path(path)
        make_directory(directory)
        return cls._with_owner(directory, mode, segments_max, check_sealed=False, layout=(manifest, branch))

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        durability: Durability | str = Durability.DURABLE,
        segments_max: int | None = None,
        check_sealed: bool = True,
    ) -> JournalWriter:
        """Opens a session to continue it, after verifying it.

        Args:
            path: the session's directory.
            durability: when an append counts as written, see Durability.
            segments_max: how many segments the session may have; None for no limit.
            check_sealed: compare every sealed file with its footer; False only checks that the footers follow each
                other. The live segment is always verified block by block.
        """
        directory = Path(path)
        read_session(directory)
        return cls._with_owner(directory, Durability(durability), segments_max, check_sealed=check_sealed, layout=None)

    @classmethod
    def _with_owner(
        cls,
        directory: Path,
        durability: Durability,
        segments_max: int | None,
        *,
        check_sealed: bool,
        layout: tuple[SessionManifest, NewBranch | None] | None,
    ) -> JournalWriter:
        owner = guard.Owner(directory)
        try:
            if layout is not None:
                lay_out(directory, *layout)
            found = verify_for_writing(directory, check_sealed=check_sealed)
            return cls(directory, owner, found, durability, segments_max)
        except (lmdb.Error, OSError) as error:
            owner.release()
            raise OpenFailed(
                f"{directory} cannot be opened for writing: {error}", values={"error": str(error)}
            ) from error
        except BaseException:
            owner.release()
            raise

    def _enter(self, segment: Segment) -> _Live:
        map_bytes = self.manifest.segment_bytes
        env = guard.open_for_writing(segment.path, map_bytes=map_bytes, sync=self.durability is not Durability.VOLATILE)
        env.reader_check()  # readers that were killed would keep old pages from being used again
        page_bytes = env.stat()["psize"]
        return _Live(segment, env, env.info()["last_pgno"] + 1, map_bytes // page_bytes, page_bytes)

    def _start_segment(self, number: int, *, previous_footer: str) -> Segment:
        opening = SegmentOpening(
            journal_format=JOURNAL_FORMAT,
            session=self.manifest.id,
            segment=number,
            first_seq=self._head.next_seq,
            previous_hash=self._head.head_hash.hex(),
            previous_footer=previous_footer,
        )
        path = create_segment(self.path, opening, map_bytes=self.manifest.segment_bytes)
        return Segment(number, path, opening, None, "")

    # --- appending ---------------------------------------------------------------------------------------------------

    def append(
        self, body: bytes, *, count: int, first_time_ns: int, last_time_ns: int, exec_mark: bytes
    ) -> BlockReceipt:
        """Appends one block and commits it at the writer's durability before it returns.

        Args:
            body: concatenated canonical records, at most 65,320 bytes.
            count: how many records the body holds.
            first_time_ns: base time of the block, from which the records' dt count.
            last_time_ns: time of the last record.
            exec_mark: 80 bytes that commit to the state after executing everything before this block.
        """
        return self.append_many([PendingBlock(body, count, first_time_ns, last_time_ns, exec_mark)])[0]

    def append_many(self, blocks: Sequence[PendingBlock]) -> list[BlockReceipt]:
        """Appends several blocks, in one transaction (in two if a new segment starts among them): one fsync for all."""
        with self._lock:
            self._require_open()
            self._check(blocks)
            try:
                receipts = [self._take(block) for block in blocks]
                if self.durability is not Durability.PIPELINED or self._buffer_bytes > BUFFER_BYTES_MAX:
                    self._commit()
            except BaseException as error:
                # An interrupt between taking a block and committing it: the caller holds no receipt, the block may be
                # on disk. Only opening the journal again tells.
                if self._halt is None:
                    self._halt = CommitFailed(f"an append was interrupted: {error!r}", values={"error": repr(error)})
                raise
            return receipts

    def _check(self, blocks: Sequence[PendingBlock]) -> None:
        last_time_ns, next_seq = self._head.last_time_ns, self._head.next_seq
        for block in blocks:
            check_pending(block)
            next_seq += block.count
            if next_seq > SEQ_MAX:
                raise BlockRefused("the journal has no seqs left", values={"next_seq": self._head.next_seq})
            if block.first_time_ns < last_time_ns:
                raise BlockRefused(
                    f"block time {block.first_time_ns} is earlier than the journal's last, {last_time_ns}",
                    values={"first_time_ns": block.first_time_ns, "last_time_ns": last_time_ns},
                    hint="the sequencer's time never goes back: stamp max(now, journal.last_time_ns)",
                )
            last_time_ns = block.last_time_ns
        if self.pending_repair is not None and blocks:
            check_repair_recorded(self.pending_repair, blocks[0])

    def _take(self, block: PendingBlock) -> BlockReceipt:
        """Chains a block and puts it into the buffer, into a new segment if this one has no room."""
        block_bytes = len(block.body) + HEADER_BYTES
        if not self._live.has_room(block_bytes):
            self._commit()  # what the buffer takes is an estimate until it is committed
            if not self._live.has_room(block_bytes):
                self._rotate_if_allowed(block.exec_mark)
        live = self._live
        header, raw, head = self._head.seal(block, epoch=self._epoch)
        self._buffer.append((header.first_seq.to_bytes(8, "big"), raw + block.body))
        self._buffer_bytes += block_bytes
        self._head = head
        live.pages_used += live.pages_for(block_bytes)
        live.first_hash = live.first_hash or head.head_hash
        live.blocks += 1
        return BlockReceipt(header.first_seq, header.last_seq, live.segment.number, head.head_hash)

    def _commit(self) -> None:
        if not self._buffer:
            return
        try:
            commit_blocks(self._live.env, self._buffer)
        except JournalHalted as error:
            self._halt = error
            raise
        self._durable_seq = self._head.next_seq - 1
        self._buffer, self._buffer_bytes = [], 0
        self._live.pages_used = self._live.env.info()["last_pgno"] + 1
        if self.pending_repair is not None:
            remove_durably(self.path / REPAIR_FILE)
            self.pending_repair = None

    def sync(self) -> None:
        """Makes every block taken so far durable, whatever the mode. Returns at once if there is nothing to do."""
        with self._lock:
            self._require_open()
            self._commit()
            if self.durability is Durability.VOLATILE:
                self._guarded(lambda: self._live.env.sync(True))

    # --- rotation ----------------------------------------------------------------------------------------------------

    def _rotate_if_allowed(self, exec_mark: bytes) -> None:
        if self.segments_max is not None and self._live.segment.number >= self.segments_max:
            return  # no further segment: the map takes what it can, and LMDB says when it is full
        if self._live.blocks:
            self.rotate(exec_mark=exec_mark)

    def rotate(self, *, exec_mark: bytes = b"") -> None:
        """Seals the live segment and starts the next one. Does nothing if the live segment is empty.

        Args:
            exec_mark: 80 bytes that commit to the state after everything in the segment; empty if it is not known.
        """
        _check_mark(exec_mark)
        with self._lock:
            self._require_open()
            self._commit()
            if self._live.blocks:
                self._guarded(lambda: self._rotate(exec_mark))

    def _rotate(self, exec_mark: bytes) -> None:
        live = self._live
        live.env.sync(True)
        guard.close_for_writing(live.env)
        head = replace(self._head, blocks=live.blocks)
        sealed = seal_segment(live.segment, head, first_hash=live.first_hash, exec_mark=exec_mark)
        self._live = self._enter(self._start_segment(sealed.number + 1, previous_footer=sealed.footer_sha256))

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except (lmdb.Error, OSError, JournalError) as error:
            self._halt = commit_error(error, first_seq=self._head.next_seq, data=self._live.segment.data)
            raise self._halt from error

    # --- closing -----------------------------------------------------------------------------------------------------

    def close(self, *, exec_mark: bytes = b"") -> None:
        """Makes everything durable, signs the live segment off and gives the session free. May be called again.

        A halted writer only gives the session free: what is on disk is for the next opening to verify.

        Args:
            exec_mark: 80 bytes that commit to the state at the end; empty if it is not known.
        """
        _check_mark(exec_mark)
        with self._lock:
            if self._closed or not self._owner.is_this_process():
                self._closed = True
                return
            try:
                if self._halt is None:
                    self._commit()
                    self._guarded(lambda: self._sign_off(exec_mark))
            finally:
                self._let_go()

    def _sign_off(self, exec_mark: bytes) -> None:
        live = self._live
        live.env.sync(True)
        guard.close_for_writing(live.env)
        data_bytes, data_sha256 = hash_file(live.segment.data)
        closing = SessionClosing(
            journal_format=JOURNAL_FORMAT,
            session=self.manifest.id,
            segment=live.segment.number,
            next_seq=self._head.next_seq,
            blocks=live.blocks,
            head_hash=self._head.head_hash.hex(),
            durability=self.durability.value,
            exec_mark=exec_mark.hex(),
            data_bytes=data_bytes,
            data_sha256=data_sha256,
        )
        write_manifest(self.path / CLOSING_FILE, closing)

    def abandon(self) -> None:
        """Gives the session free as a crash would: nothing further is committed, nothing is signed off."""
        with self._lock:
            if not self._closed and self._owner.is_this_process():
                self._let_go()
            self._closed = True

    def _let_go(self) -> None:
        self._closed = True
        guard.close_for_writing(self._live.env)
        self._owner.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- queries -----------------------------------------------------------------------------------------------------

    @property
    def next_seq(self) -> int:
        """The seq that the next record gets."""
        return self._head.next_seq

    @property
    def durable_seq(self) -> int:
        """The last seq that is committed; behind `next_seq - 1` only while a pipelined writer holds blocks back."""
        return self._durable_seq

    @property
    def head_hash(self) -> bytes:
        """Block hash of the last block, or the genesis hash."""
        return self._head.head_hash

    @property
    def last_time_ns(self) -> int:
        """Time of the last record; a further block may not start earlier. 0 in an empty journal."""
        return self._head.last_time_ns

    @property
    def segment(self) -> int:
        """Number of the live segment, from 1."""
        return self._live.segment.number

    @property
    def epoch(self) -> int:
        """How often the session was opened for writing and written to, this time included."""
        return self._epoch

    @property
    def halted(self) -> JournalHalted | None:
        """The error that stopped the writer, if one did."""
        return self._halt

    def __repr__(self) -> str:
        state = "closed" if self._closed else "halted" if self._halt else "open"
        return f"<JournalWriter {self.path} {state} {self.durability} next_seq={self.next_seq} segment={self.segment}>"

    def _require_open(self) -> None:
        if not self._owner.is_this_process():
            raise UsedAfterFork(
                f"the writer of {self.path} was opened in another process", values={"path": str(self.path)}
            )
        if self._halt is not None:
            raise type(self._halt)(
                f"the journal stopped: {self._halt.message}", values=self._halt.values, hint=self._halt.hint
            )
        if self._closed:
            raise JournalClosed(f"the writer of {self.path} is closed", values={"path": str(self.path)})


def _check_mark(exec_mark: bytes) -> None:
    if len(exec_mark) not in (0, EXEC_MARK_BYTES):
        raise ValueError(f"an exec mark is {EXEC_MARK_BYTES} bytes, this one has {len(exec_mark)}")
