"""The branch: a parent's outside commands at their stamped times, through a venue loop of its own.

read      the parent, executing it: what is outside, who made which id              (parent.py)
plan      the change in terms of the parent's seqs                                  (plan.py)
run       each outside command, translated, in order; policies where the parent had them
sign off  the journal closes; what it came to is said
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from crossbook._kernel import Kernel
from crossbook.commands import Repair
from crossbook.counterfactual.change import Change
from crossbook.counterfactual.parent import Entry, Parent, parent_entries, read_parent
from crossbook.counterfactual.plan import Plan, plan
from crossbook.counterfactual.translate import Ledger, Outside
from crossbook.errors import InputError
from crossbook.journal import JournalWriter, NewBranch
from crossbook.policies import notes
from crossbook.policies.guard import Limits
from crossbook.policies.installed import LiveSequencer, Submits
from crossbook.policies.loop import Loop
from crossbook.policies.recovery import body_of
from crossbook.receipt import Receipt
from crossbook.replay import Progress
from crossbook.session import Envelope, Session

BATCH: Final = 256
"""Outside commands that are handed over together where nothing in between depends on their answers."""


class Branched(Struct, frozen=True):
    """What a branch came to.

    `kept`, `dropped` and `inserted` count outside commands, `inside` and `parent_inside` those of the policies and the
    loop, here and in the parent. `newly_refused` and `newly_accepted` count kept commands that the parent had answered
    the other way, `unresolved` ids that mean nothing here. `same_events` says that every event is the parent's.
    """

    path: Path
    session: str
    parent: str
    parent_seq: int
    seq: int
    time_ns: int
    kept: int
    dropped: int
    inserted: int
    inside: int
    parent_inside: int
    newly_refused: int
    newly_accepted: int
    unresolved: int
    faults: tuple[notes.Fault, ...]
    head_hash: bytes
    state_root: bytes
    event_digest: bytes
    same_events: bool


class BranchSequencer(LiveSequencer):
    """Commands go into the branch's journal, and what they made into the ledger."""

    def __init__(self, session: Submits, overruns: dict[int, notes.Fault]) -> None:
        super().__init__(session)
        self.ledger: Ledger | None = None
        self.loop: Loop | None = None
        self.faults: Final[list[notes.Fault]] = []
        self.inside = 0
        self._overruns = overruns

    def execute(self, items: Sequence[Envelope]) -> Receipt:
        """Journal, execute, and note who made which id."""
        receipt = super().execute(items)
        assert self.ledger is not None
        self.ledger.note(items, receipt)
        if not isinstance(items[0], Outside):
            self.inside += len(items)
            found = (body_of(item.command, notes.FAULT, notes.Fault) for item in items)
            self.faults.extend(fault for fault in found if fault is not None)
        return receipt

    def recorded_fault(self, slot: str, turn: int | None) -> notes.Fault | None:
        """How much a turn may take is no matter of the journal: where nothing is changed, it took too much again."""
        engaged = self.loop.engagements.get(slot) if self.loop is not None else None
        fault = self._overruns.get(engaged.author) if engaged is not None else None
        return fault if fault is not None and fault.turn == turn else None


class Run:
    """One run: the loop, the ledger, what waits to be handed over."""

    def __init__(self, parent: Parent, made: Plan, session: Submits, limits: Limits | None, *, unchanged: bool) -> None:
        self.parent: Final = parent
        self.plan = made
        self.sequencer: Final = BranchSequencer(session, parent.overruns if unchanged else {})
        self.loop: Final = Loop(self.sequencer, limits=limits)
        self.ledger: Final = Ledger(parent, self._reach)
        self.sequencer.ledger, self.sequencer.loop = self.ledger, self.loop
        self.kept = self.inserted = 0
        self._waiting: list[Outside] = []
        self._extra = dict(made.extra)

    def take(self, entry: Entry) -> None:
        """One command of the parent: outside ones go on, the inside ones that matter are engagements."""
        seq, time_ns = entry.seq, entry.item.time_ns or 0
        if self._extra and seq > self.parent.configured_seq:
            self._engage_extra()
        if self.parent.inside(seq):
            self._inside(seq, time_ns)
            return
        if isinstance(entry.item.command, Repair):
            self.hand_over()
            self.kept += 1
            self.sequencer.execute([self.ledger.translate(seq, entry.item)])
        elif seq not in self.plan.dropped:
            self.kept += 1
            self._queue(self.ledger.translate(seq, self.plan.edited(seq, entry.item)))
        self.insert(seq)

    def insert(self, seq: int) -> None:
        """What the plan has behind a command of the parent."""
        for item in self.plan.inserts.get(seq, []):
            self.inserted += 1
            self._queue(self.ledger.translate(seq, item, inserted=True))

    def finish(self) -> None:
        """Let time pass to where the parent ends."""
        if self._extra:
            self._engage_extra()
        self.hand_over()
        if self.loop.engagements:
            self.loop.advance(max(self.parent.time_ns, self.sequencer.kernel.time_ns))
        self.loop.drain()

    def _queue(self, item: Outside) -> None:
        self._waiting.append(item)
        if len(self._waiting) >= BATCH:
            self.hand_over()

    def hand_over(self) -> None:
        """What waits is executed, as if nothing else came at its time."""
        items, self._waiting = self._waiting, []
        if not items:
            return
        if self.loop.engagements:
            self.loop.submit(items)
        else:
            self.sequencer.execute(items)
        self.loop.drain()

    def _reach(self, time_ns: int) -> Kernel:
        """Everything before `time_ns` has happened; a command stamped so may be translated."""
        self.hand_over()
        self.loop.reach(time_ns)
        return self.sequencer.kernel

    def _inside(self, seq: int, time_ns: int) -> None:
        engaged = self.parent.engaged.get(seq)
        gone = self.parent.disengaged.get(seq)
        if engaged is None and gone is None:
            return
        self.hand_over()
        if gone is not None:
            if gone in self.loop.engagements:
                self.loop.disengage(gone, time_ns=time_ns)
            return
        assert engaged is not None
        policy = self.plan.policy(engaged)
        playing = self.loop.engagements.get(engaged.slot)
        chosen = engaged.slot in self.plan.chosen
        if policy is not None and not (chosen and playing is not None and playing.policy == policy):
            self.loop.engage(engaged.slot, policy, time_ns=time_ns)

    def _engage_extra(self) -> None:
        extra, self._extra = self._extra, {}
        self.hand_over()
        time_ns = self.parent.times[max(1, self.parent.configured_seq)]
        for slot, policy in extra.items():
            self.loop.engage(slot, policy, time_ns=time_ns)


class Steps(Struct, frozen=True):
    """Progress over several passes of the same commands."""

    progress: Progress | None
    passes: int

    def __call__(self, done: int, each: int) -> None:
        """Say that `done` of `each` commands a pass are done."""
        if self.progress is not None:
            self.progress(done, self.passes * each)


def branch(
    parent: str | os.PathLike[str] | Parent,
    out: str | os.PathLike[str],
    change: Change | None = None,
    *,
    limits: Limits | None = None,
    check_invariants: bool = False,
    progress: Progress | None = None,
) -> Branched:
    """Run a parent's outside commands again with a change, and journal what follows as a branch.

    Args:
        parent: the directory of a session, or what `read_parent` made of it; it is only read.
        out: a directory that is empty or does not exist; removed again if the branch fails.
        change: what shall be otherwise; by default nothing.
        limits: what a policy may use.
        check_invariants: recompute the conservation of money after every command (slow; for tests).
        progress: called with how many of the parent's commands are done and how many there are to do: all of them
            twice, to read and to run, if `parent` is a directory.

    Raises:
        InputError: `parent_empty`, `unknown_policy`, and those of `crossbook.counterfactual.plan`; `ids_shifted`,
            `time_backwards` while it runs.
        JournalExists, JournalError, ReplayDivergence: see `crossbook.journal.errors` and `crossbook.replay`.
    """
    reading = Steps(progress, passes=1 if isinstance(parent, Parent) else 2)
    found = parent if isinstance(parent, Parent) else read_parent(Path(parent), reading)
    wanted = change or Change()
    if not found.seq:
        raise InputError("the parent is empty", code="parent_empty", hint="give a session that holds commands")
    made = plan(wanted, found)
    new = NewBranch(found.session, found.seq, found.head_hash, wanted.document(found.slots(), found.times))
    path = Path(out)
    existed = path.exists()
    writer = JournalWriter.create(path, durability="pipelined", segment_bytes=found.segment_bytes, branch=new)
    try:
        session = Session(writer, Kernel(check_invariants=check_invariants), path=path, clock=lambda: 0)
        run = Run(found, made, session, limits, unchanged=wanted.empty)
        for entry in parent_entries(found):
            run.take(entry)
            if not entry.seq % BATCH:
                reading(entry.seq + (reading.passes - 1) * found.seq, found.seq)
        run.finish()
        session.sync()
        reading(reading.passes * found.seq, found.seq)
    except BaseException:
        writer.abandon()
        _remove(path, existed=existed)
        raise
    session.close()
    return _branched(run, session, writer)


def _remove(path: Path, *, existed: bool) -> None:
    """Take away what was written of a branch that failed: half of one would look like a whole one."""
    if not existed:
        shutil.rmtree(path, ignore_errors=True)
        return
    for entry in path.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _branched(run: Run, session: Session, writer: JournalWriter) -> Branched:
    kernel, parent, ledger = session.kernel, run.parent, run.ledger
    return Branched(
        path=session.path,
        session=writer.manifest.id,
        parent=parent.session,
        parent_seq=parent.seq,
        seq=kernel.seq,
        time_ns=kernel.time_ns,
        kept=run.kept,
        dropped=len(run.plan.dropped),
        inserted=run.inserted,
        inside=run.sequencer.inside,
        parent_inside=parent.inside_count,
        newly_refused=ledger.newly_refused,
        newly_accepted=ledger.newly_accepted,
        unresolved=ledger.unresolved,
        faults=tuple(run.sequencer.faults),
        head_hash=session.head_hash,
        state_root=kernel.state_root(),
        event_digest=kernel.event_digest(),
        same_events=kernel.event_digest() == parent.event_digest,
    )
