"""Replay: re-execute a journal, check every exec mark on the way, stop anywhere.

A journal checks itself: each block carries an exec mark, which commits to the digest of all events and to the state
root as they were before the block. Re-execution that reproduces every mark is the same session; the first that does
not match ends the replay with `ReplayDivergence`, naming the block, the seq and which of the two it was.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from crossbook import snapshots
from crossbook._kernel import BlockError, Kernel
from crossbook.errors import InputError, NotFound, ReplayDivergence
from crossbook.events import Event
from crossbook.journal import Block, JournalReader, resplit
from crossbook.state import StateView
from crossbook.wire import Record, decode_body, decode_events

Start: TypeAlias = Literal["genesis", "snapshot"] | int
"""Where a replay starts: at genesis, at the newest usable snapshot, or at the snapshot of one seq."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the seq just executed and the seq the replay goes to, after each block."""

EventSink: TypeAlias = Callable[[bytes], object]
"""Called with the events of each block executed, as bytes for `crossbook.wire.decode_events`."""

_MARK: Final = struct.Struct("<Q32sQ32s")


class ExecMark(Struct, frozen=True):
    """An exec mark taken apart: the event digest at one seq, the state root at the last seq it was taken."""

    event_seq: int
    event_digest: bytes
    root_seq: int
    state_root: bytes

    @classmethod
    def parse(cls, mark: bytes) -> ExecMark:
        """The fields of the 80 bytes of a block header."""
        return cls(*_MARK.unpack(mark))


class Replayed(Struct, frozen=True):
    """What a replay came to.

    `started_at` is the seq of the snapshot it started from (0: genesis); `marks` counts the exec marks that were
    reproduced, the last of which commits to everything up to `marked_seq`; `stopped` says why it ended.
    """

    kernel: Kernel
    path: Path
    started_at: int
    seq: int
    time_ns: int
    blocks: int
    marks: int
    marked_seq: int
    stopped: Literal["end", "seq", "time"]
    seconds: float

    @property
    def view(self) -> StateView:
        """The state it ended in, to read."""
        return StateView(self.kernel)

    @property
    def commands(self) -> int:
        """How many commands were executed again."""
        return self.seq - self.started_at

    @property
    def state_root(self) -> bytes:
        """The root of the state it ended in."""
        return self.kernel.state_root()

    @property
    def event_digest(self) -> bytes:
        """The digest of every event up to the end."""
        return self.kernel.event_digest()


class _Piece(Struct, frozen=True):
    """What is executed at once: a block, or a cut of the journal into other ones. `begins` is the block it begins."""

    body: bytes
    first_seq: int
    base_time_ns: int
    last_time_ns: int
    count: int
    begins: Block | None


def replay(
    path: str | os.PathLike[str],
    *,
    start: Start = "genesis",
    seq: int | None = None,
    time_ns: int | None = None,
    block_records: int | None = None,
    progress: Progress | None = None,
    on_events: EventSink | None = None,
    check_invariants: bool = False,
) -> Replayed:
    """Re-execute a journal and verify every exec mark it passes.

    Args:
        path: the directory of a venue.
        start: `"genesis"`, `"snapshot"` (the newest usable one) or the seq of a snapshot.
        seq: stop after this seq.
        time_ns: stop before the first command stamped later than this, ns since the epoch.
        block_records: cut the journal into blocks of this many records instead of its own; the result must not change.
        progress: called after each block.
        on_events: takes the events of each block; they are stored nowhere, a replay is where they come from.
        check_invariants: recompute the conservation of money after every command.

    Raises:
        ReplayDivergence: an exec mark was not reproduced.
        NotFound: `unknown_seq` or `unknown_snapshot`.
        JournalError: the journal cannot be read or does not verify.
    """
    began = time.perf_counter()
    directory = Path(path)
    if block_records is not None and block_records < 1:
        raise InputError("a block holds at least one record", code="not_positive", values={"field": "block_records"})
    with JournalReader(directory) as reader:
        last_seq = reader.head().next_seq - 1
        goal = last_seq if seq is None else seq
        if not 0 <= goal <= last_seq:
            raise _unknown_seq(goal, last_seq)
        kernel, started_at = _starting_kernel(
            directory, reader, start, goal, time_ns, check_invariants=check_invariants
        )
        blocks = _chained(reader, started_at, goal)
        pieces = _whole(blocks) if block_records is None else _resplit(blocks, block_records)
        run = _Run(kernel, goal, time_ns, progress, on_events)
        for piece in pieces:
            if not run.execute(piece):
                break
    stopped: Literal["end", "seq", "time"] = "end" if kernel.seq == last_seq else "time" if run.out_of_time else "seq"
    return Replayed(
        kernel=kernel,
        path=directory,
        started_at=started_at,
        seq=kernel.seq,
        time_ns=kernel.time_ns,
        blocks=run.blocks,
        marks=run.marks,
        marked_seq=run.marked_seq,
        stopped=stopped,
        seconds=time.perf_counter() - began,
    )


def state_at(
    path: str | os.PathLike[str],
    *,
    seq: int | None = None,
    time_ns: int | None = None,
    progress: Progress | None = None,
) -> StateView:
    """The state as it was after a seq, or at a time: time travel, from the nearest usable snapshot.

    Raises:
        The errors of `replay`.
    """
    return replay(path, start="snapshot", seq=seq, time_ns=time_ns, progress=progress).view


class Answered(Struct, frozen=True):
    """A command of the past and what came of it: its record, its stamped time (ns), its block and its events."""

    seq: int
    time_ns: int
    record: Record
    block: Block
    events: list[Event]


def answered(path: str | os.PathLike[str], seq: int) -> Answered:
    """One command of a journal and its events, found again by executing its block on the state before it.

    Raises:
        NotFound: `unknown_seq`, the journal holds no such command.
        The errors of `replay`.
    """
    with JournalReader(path) as reader:
        last_seq = reader.head().next_seq - 1
        if not 1 <= seq <= last_seq:
            raise _unknown_seq(seq, last_seq, first_seq=1)
        block = next(iter(reader.blocks(from_seq=seq, to_seq=seq)))
    kernel = replay(path, start="snapshot", seq=block.first_seq - 1).kernel
    answer = kernel.apply(
        block.body,
        first_seq=block.first_seq,
        base_time_ns=block.base_time_ns,
        count=block.count,
        limit=seq - block.first_seq + 1,
    )
    record = decode_body(block.body, block.count)[seq - block.first_seq]
    events = [event for event in decode_events(answer) if event.seq == seq]
    return Answered(seq, block.base_time_ns + record.dt, record, block, events)


class _Run:
    """The executing half of a replay: counts what it did, checks marks, knows when to stop."""

    def __init__(
        self,
        kernel: Kernel,
        goal: int,
        time_ns: int | None,
        progress: Progress | None,
        on_events: EventSink | None,
    ) -> None:
        self.kernel = kernel
        self.goal = goal
        self.time_ns = time_ns
        self.progress = progress
        self.on_events = on_events
        self.blocks = 0
        self.marks = 0
        self.marked_seq = 0
        self.out_of_time = False

    def execute(self, piece: _Piece) -> bool:
        """Execute a piece as far as it is wanted; returns whether to go on."""
        if piece.first_seq > self.goal:
            return False
        if piece.begins is not None:
            self._check_mark(piece.begins)
        limit = min(piece.count, self.goal - piece.first_seq + 1)
        if self.time_ns is not None and piece.last_time_ns > self.time_ns:
            self.out_of_time = True
            limit = min(limit, _records_until(piece, self.time_ns))
        if limit:
            self._apply(piece, limit)
        return limit == piece.count

    def _apply(self, piece: _Piece, limit: int) -> None:
        try:
            answer = self.kernel.apply(
                piece.body,
                first_seq=piece.first_seq,
                base_time_ns=piece.base_time_ns,
                count=piece.count,
                limit=None if limit == piece.count else limit,
            )
        except BlockError as error:
            raise not_executable(piece.first_seq, error) from error
        self.blocks += 1
        if self.on_events is not None:
            self.on_events(answer)
        if self.progress is not None:
            self.progress(self.kernel.seq, self.goal)

    def _check_mark(self, block: Block) -> None:
        check_mark(self.kernel, block)
        self.marks += 1
        self.marked_seq = block.first_seq - 1


def check_mark(kernel: Kernel, block: Block) -> None:
    """Require that a kernel is where a block's exec mark says it was before the block. Raises ReplayDivergence."""
    found = kernel.exec_mark()
    if found != block.header.exec_mark:
        raise divergence(block, ExecMark.parse(block.header.exec_mark), ExecMark.parse(found))


def not_executable(first_seq: int, error: BlockError) -> ReplayDivergence:
    """The error for a block that the kernel cannot read."""
    return ReplayDivergence(
        f"the block of seq {first_seq} cannot be executed: {error}",
        code="block_not_executable",
        values={"block": first_seq, "fault": str(error.args[0])},
        hint="the journal was written by a build with another vocabulary; use that build",
    )


def divergence(block: Block, recorded: ExecMark, found: ExecMark) -> ReplayDivergence:
    """The error that names the first field of an exec mark that re-execution did not reproduce."""
    names = ExecMark.__struct_fields__
    name = next(name for name in names if getattr(recorded, name) != getattr(found, name))
    seq = recorded.root_seq if name in ("root_seq", "state_root") else recorded.event_seq
    return ReplayDivergence(
        f"re-execution differs from the journal before block {block.first_seq}: the {name.replace('_', ' ')} "
        f"at seq {seq} is {_shown(found, name)}, recorded was {_shown(recorded, name)}",
        code="replay_divergence",
        values={
            "block": block.first_seq,
            "segment": block.segment,
            "seq": seq,
            "mark": name,
            "recorded": _shown(recorded, name),
            "found": _shown(found, name),
        },
        hint="replay to earlier seqs with --seq to find where it begins; another build may have written this journal",
    )


def _shown(mark: ExecMark, name: str) -> str:
    value = getattr(mark, name)
    return value.hex() if isinstance(value, bytes) else str(value)


def _records_until(piece: _Piece, time_ns: int) -> int:
    records = decode_body(piece.body, piece.count)
    return sum(piece.base_time_ns + record.dt <= time_ns for record in records)


# --- where it starts ------------------------------------------------------------------------------------------------


def _starting_kernel(
    directory: Path, reader: JournalReader, start: Start, goal: int, time_ns: int | None, *, check_invariants: bool
) -> tuple[Kernel, int]:
    """A kernel at genesis or at a snapshot, and its seq."""
    if start == "genesis":
        return Kernel(check_invariants=check_invariants), 0
    seq_max = goal if start == "snapshot" else start
    candidates = snapshots.usable(
        directory,
        block_hash_at=lambda seq: block_hash_at(reader, seq),
        seq_max=seq_max,
        check_invariants=check_invariants,
    )
    for snapshot in candidates:
        late = snapshot.header.seq > goal or (time_ns is not None and snapshot.kernel.time_ns > time_ns)
        if start == "snapshot" and late:
            continue
        if start in ("snapshot", snapshot.header.seq) and not late:
            return snapshot.kernel, snapshot.header.seq
        break
    if start == "snapshot":
        return Kernel(check_invariants=check_invariants), 0
    known = [int(path.stem) for path in snapshots.paths(directory)]
    raise NotFound(
        f"there is no usable snapshot at seq {start} to start from",
        code="unknown_snapshot",
        values={"seq": start, "snapshots": known},
        hint=f"snapshots are at: {', '.join(map(str, known))}" if known else "write one with `crossbook snapshot PATH`",
    )


def block_hash_at(reader: JournalReader, seq: int) -> bytes | None:
    """The hash of the block that ends at a seq, None if none does."""
    if not 0 < seq < reader.head().next_seq:
        return None
    for block in reader.blocks(from_seq=seq, to_seq=seq):
        if block.last_seq == seq:
            return block.block_hash
    return None


def _unknown_seq(seq: int, last_seq: int, *, first_seq: int = 0) -> NotFound:
    first = str(first_seq) if first_seq else "0 (genesis)"
    return NotFound(
        f"there is no seq {seq}; the journal ends at {last_seq}",
        code="unknown_seq",
        values={"seq": seq, "last_seq": last_seq},
        hint=f"give a seq from {first} to {last_seq}",
    )


# --- how it is cut --------------------------------------------------------------------------------------------------


def _chained(reader: JournalReader, started_at: int, goal: int) -> Iterator[Block]:
    """The blocks after a seq, up to the one that holds the goal and one more for its mark.

    Reading begins at the block that ends at the seq, so that the chain from it to the next is verified too.
    """
    for block in reader.blocks(from_seq=max(started_at, 1)):
        if block.last_seq > started_at:
            yield block
        if block.first_seq > goal:
            return


def _whole(blocks: Iterable[Block]) -> Iterator[_Piece]:
    for block in blocks:
        header = block.header
        yield _Piece(block.body, block.first_seq, header.first_time_ns, header.last_time_ns, block.count, block)


def _resplit(blocks: Iterable[Block], block_records: int) -> Iterator[_Piece]:
    """The same records in blocks of another size. Marks are checked where the cuts meet, and before the last block."""
    begins: dict[int, Block] = {}

    def noted(group: Iterable[Block]) -> Iterator[Block]:
        for block in group:
            begins[block.first_seq] = block
            yield block

    for _, group in groupby(_mark_last(blocks), key=itemgetter(1)):
        for cut in resplit(noted(block for block, _ in group), records_max=block_records):
            mark = begins.get(cut.first_seq)
            for seq in [seq for seq in begins if seq < cut.first_seq + cut.count]:
                del begins[seq]
            yield _Piece(cut.body, cut.first_seq, cut.first_time_ns, cut.last_time_ns, cut.count, mark)


def _mark_last(blocks: Iterable[Block]) -> Iterator[tuple[Block, bool]]:
    previous: Block | None = None
    for block in blocks:
        if previous is not None:
            yield previous, False
        previous = block
    if previous is not None:
        yield previous, True
