"""Trials: branches that are tried, looked at and thrown away, without a journal.

A search for the least change that helps needs many branches that differ in one number. All of them are the parent up
to where the first one differs, so the parent is run to there once, and each trial goes on in a copy of the process.
"""

from __future__ import annotations

import multiprocessing
import pickle
from bisect import bisect_right
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, Final, Protocol

from crossbook._kernel import Kernel
from crossbook.counterfactual.change import Change
from crossbook.counterfactual.fork import Run
from crossbook.counterfactual.parent import Entry, Parent, parent_entries
from crossbook.counterfactual.plan import Plan, plan
from crossbook.errors import InputError
from crossbook.events import Event
from crossbook.policies.guard import Limits
from crossbook.receipt import Receipt
from crossbook.session import Envelope, pack


class Judge(Protocol):
    """Looks at what happens in a trial."""

    def see(self, kernel: Kernel, events: Sequence[Event]) -> bool:
        """What a submission did; returns whether the trial may end here."""
        ...

    def verdict(self) -> Any:
        """What it came to; it must survive `pickle`."""
        ...


class _Decided(BaseException):
    """The judge has seen enough. No policy may catch it."""


class _Unjournaled:
    """Commands are executed and nothing is written."""

    def __init__(self) -> None:
        self.kernel: Final = Kernel()
        self.judge: Judge | None = None

    def halt(self, _error: BaseException) -> None:
        """Nothing is journaled, so nothing can be out of step: a trial ends so when its verdict is clear."""

    def submit(self, items: Sequence[Envelope]) -> Receipt:
        """Execute commands; see `Session.submit`."""
        kernel = self.kernel
        seq, last = kernel.seq + 1, kernel.time_ns
        answers = [
            kernel.apply(block.body, first_seq=kernel.seq + 1, base_time_ns=block.first_time_ns, count=block.count)
            for block in pack(items, now_ns=last, last_time_ns=last)
        ]
        receipt = Receipt(
            seq=seq, last_seq=kernel.seq, time_ns=kernel.time_ns, blocks=(), durability="volatile", raw_events=answers
        )
        if self.judge is not None and self.judge.see(kernel, receipt.events):
            raise _Decided
        return receipt


class Trials:
    """A parent, run again as far as its trials have in common.

    `count` is how many were made. Trials at a later place go on from where the last were; at an earlier one the parent
    is run again from its beginning.
    """

    def __init__(self, parent: Parent, *, limits: Limits | None = None) -> None:
        self.parent: Final = parent
        self.count = 0
        self._limits: Final = limits
        self._forked: Final = "fork" in multiprocessing.get_all_start_methods()
        self._at = 0
        self._begin()

    def _begin(self) -> None:
        self._at = 0
        self._session = _Unjournaled()
        self._run = Run(self.parent, plan(Change(), self.parent), self._session, self._limits, unchanged=False)

    def kernel(self, after: int) -> Kernel:
        """The kernel as a trial after this seq of the parent finds it; only to be read."""
        self._reach(after)
        return self._session.kernel

    def last_seq(self, until_ns: int) -> int:
        """The parent's last seq that is stamped at or before a time."""
        return bisect_right(self.parent.times, until_ns, lo=1) - 1

    def run(self, change: Change, judge: Judge, *, after: int, until_ns: int) -> Any:
        """Try a change, and return the judge's verdict.

        Args:
            change: inserts behind `after` or later, patches and drops of what is later.
            judge: sees everything that happens after the parent's `after`.
            after: an outside seq of the parent: what is common to all trials.
            until_ns: everything stamped at or before this time happens, unless the judge has seen enough.

        Raises:
            InputError: `change_too_early`, and those of `branch`.
        """
        made = plan(change, self.parent)
        early = [seq for seq in (*made.edits, *made.dropped) if seq <= after] + [s for s in made.inserts if s < after]
        if early or made.chosen or made.extra:
            raise InputError(
                f"a trial after seq {after} cannot change what is before it",
                code="change_too_early",
                values={"after": after, "seqs": sorted(early)},
                hint="let the trial begin earlier; who plays is a matter of the whole branch",
            )
        self._reach(after)
        rest = list(parent_entries(self.parent, after + 1, self.last_seq(until_ns)))
        self.count += 1
        if not self._forked:
            self._go_on(made, judge, rest, after, until_ns)
            self._begin()
            return judge.verdict()
        return self._in_a_copy(made, judge, rest, after, until_ns)

    def _reach(self, after: int) -> None:
        """Run the parent to where everything up to a seq has been handed over."""
        if after < self._at:
            self._begin()
        for entry in parent_entries(self.parent, self._at + 1, after):
            self._run.take(entry)
        self._run.hand_over()
        self._at = after

    def _go_on(self, made: Plan, judge: Judge, rest: list[Entry], after: int, until_ns: int) -> None:
        run, self._session.judge = self._run, judge
        run.plan = made
        try:
            run.insert(after)
            for entry in rest:
                run.take(entry)
            run.hand_over()
            if run.loop.engagements:
                run.loop.advance(max(until_ns, run.sequencer.kernel.time_ns))
        except _Decided:
            pass

    def _in_a_copy(self, made: Plan, judge: Judge, rest: list[Entry], after: int, until_ns: int) -> Any:
        """The trial in a copy of this process, which ends with it."""
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe(duplex=False)

        def work(sink: Connection) -> None:
            try:
                self._go_on(made, judge, rest, after, until_ns)
                sink.send_bytes(pickle.dumps((judge.verdict(), None)))
            except Exception as error:  # noqa: BLE001 - whatever it dies of, the caller is told
                sink.send_bytes(pickle.dumps((None, f"{type(error).__name__}: {error}")))

        process = context.Process(target=work, args=(theirs,))
        process.start()
        theirs.close()
        try:
            verdict, failed = pickle.loads(ours.recv_bytes())  # noqa: S301 - from a copy of this very process
        except EOFError:
            verdict, failed = None, "its process died"
        finally:
            process.join()
            ours.close()
        if failed is not None:
            raise InputError(f"the trial failed: {failed}", code="trial_failed", hint="this is a bug: please report it")
        return verdict
