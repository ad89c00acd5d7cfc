"""Many branches of one parent, over local processes: what each came to, or why it failed.

The parent is read once; each process makes whole branches, one after the other, and measures them. Nothing is shared
but the parent's directory, which is only read, so the order in which branches end changes nothing but progress.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Final, TypeAlias

from msgspec import Struct

from crossbook.counterfactual.change import Change
from crossbook.counterfactual.fork import Branched, branch
from crossbook.counterfactual.parent import Parent, read_parent
from crossbook.errors import CrossbookError, InputError
from crossbook.outcomes import Outcome, measure
from crossbook.policies.guard import Limits
from crossbook.views.tables import text_table

SweepProgress: TypeAlias = Callable[[int, int, "Swept"], None]
"""Called with the number of branches that ended, the number of all, and the one that just ended."""


class Failure(Struct, frozen=True):
    """Why a branch failed: the stable code of the error, its message, and what to do."""

    code: str
    message: str
    hint: str


class Swept(Struct, frozen=True):
    """One branch of a sweep; either `failure` is None, or `branched` and `outcome` are."""

    name: str
    path: Path
    branched: Branched | None
    outcome: Outcome | None
    failure: Failure | None


class SweepTable(tuple[Swept, ...]):
    """The branches of a sweep in the order they were asked for; prints as a table of what they came to."""

    __slots__ = ()

    @property
    def failures(self) -> dict[str, Failure]:
        """Why branches failed, by name."""
        return {one.name: one.failure for one in self if one.failure is not None}

    def outcome(self, name: str) -> Outcome:
        """What one branch came to. Raises KeyError for a name that is not in the sweep or has failed."""
        found = next((one.outcome for one in self if one.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    def rows(self) -> list[dict[str, object]]:
        """One row for each branch and settlement asset, amounts in minor units; a failed branch has one, with why."""
        return [row for one in self for row in _rows(one)]

    def __repr__(self) -> str:
        rows = self.rows()
        columns = list(dict.fromkeys(name for row in rows for name in row))
        return text_table(columns, [[row.get(name) for name in columns] for row in rows]) if rows else "(none)"


def _rows(one: Swept) -> Iterator[dict[str, object]]:
    if one.outcome is None:
        yield {"branch": one.name, "failure": one.failure.code if one.failure is not None else "unknown"}
        return
    for asset, of in one.outcome.assets.items():
        yield {
            "branch": one.name,
            "asset": asset,
            "liquidated": len(one.outcome.liquidated),
            "bad_debt": of.bad_debt,
            "insurance_paid": of.insurance_paid,
            "socialised": of.socialised,
            "adl_notional": of.adl_notional,
            "rank_inversions": one.outcome.rank_inversions,
            "broken_hedges": len(one.outcome.broken),
            "time_to_solvency_ns": one.outcome.time_to_solvency_ns,
        }


def sweep(
    parent: str | os.PathLike[str] | Parent,
    changes: Mapping[str, Change],
    out: str | os.PathLike[str],
    *,
    processes: int | None = None,
    limits: Limits | None = None,
    progress: SweepProgress | None = None,
) -> SweepTable:
    """Make a branch for each change, in directories of `out` by the names of the changes, and measure them.

    A branch that fails is reported in the table and leaves nothing behind; the others go on.

    Args:
        parent: the directory of a session, or what `read_parent` made of it.
        changes: what shall be otherwise, by name; a name is a directory below `out`.
        out: a directory; made if it is not there.
        processes: how many to use at a time; by default one for each processor, at most one for each change.
        limits: what a policy may use.
        progress: called in this process whenever a branch has ended.

    Raises:
        InputError: `branch_name`, for a name that is no directory of `out`; `not_positive`.
        JournalError, ReplayDivergence: the parent cannot be read.
    """
    if processes is not None and processes < 1:
        raise InputError("a sweep needs a process", code="not_positive", values={"field": "processes"})
    for name in changes:
        if name in ("", "..") or Path(name).name != name:
            raise InputError(
                f"{name!r} cannot be the name of a branch",
                code="branch_name",
                values={"name": name},
                hint="a name is a plain file name: its branch is the directory of that name",
            )
    found = parent if isinstance(parent, Parent) else read_parent(Path(parent))
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    run = _Run(found, limits, folder, dict(changes), progress)
    many = min(processes or os.cpu_count() or 1, max(1, len(changes)))
    # Who was at work when a process died is not known, so those that did not end are made again, each by itself.
    for name in run.make(list(changes), many):
        run.clear(name)
        for died in run.make([name], 1):
            run.clear(died)
            hint = "its process was killed: by its policy, or for want of memory"
            run.end(Swept(died, folder / died, None, None, Failure("process_died", "a process died", hint)))
    return SweepTable(run.ended[name] for name in changes)


class _Run:
    """One sweep: what has ended so far."""

    def __init__(
        self,
        parent: Parent,
        limits: Limits | None,
        folder: Path,
        changes: dict[str, Change],
        progress: SweepProgress | None,
    ) -> None:
        self.ended: Final[dict[str, Swept]] = {}
        self._begin = parent, limits
        self._folder = folder
        self._changes = changes
        self._progress = progress
        self._taken = {name for name in changes if (folder / name).exists()}
        # Forked where it can be, so that what plays in a change need not be importable by another interpreter.
        method = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
        self._context = multiprocessing.get_context(method)

    def make(self, names: list[str], processes: int) -> list[str]:
        """Make these branches; returns those that did not end because a process died."""
        died: list[str] = []
        with ProcessPoolExecutor(processes, mp_context=self._context, initializer=_begin, initargs=self._begin) as pool:
            waiting = {pool.submit(_make, name, self._changes[name], self._folder / name): name for name in names}
            try:
                for future in as_completed(waiting):
                    try:
                        self.end(future.result())
                    except BrokenProcessPool:
                        died.append(waiting[future])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # what has not begun need not begin
                raise
        return sorted(died, key=names.index)

    def end(self, one: Swept) -> None:
        """A branch has ended, in one way or the other."""
        self.ended[one.name] = one
        if self._progress is not None:
            self._progress(len(self.ended), len(self._changes), one)

    def clear(self, name: str) -> None:
        """Take away what a process that died has left of a branch; what was there before the sweep stays."""
        if name not in self._taken:
            shutil.rmtree(self._folder / name, ignore_errors=True)


_begun: dict[str, tuple[Parent, Limits | None]] = {}
"""What a process of a sweep was started with; empty in every other process."""


def _begin(parent: Parent, limits: Limits | None) -> None:
    _begun["sweep"] = parent, limits


def _make(name: str, change: Change, path: Path) -> Swept:
    """One branch, in a process of the sweep."""
    parent, limits = _begun["sweep"]
    try:
        branched = branch(parent, path, change, limits=limits)
        return Swept(name, path, branched, measure(path), None)
    except CrossbookError as error:
        return Swept(name, path, None, None, Failure(error.code, error.message, error.hint))
    except Exception as error:  # noqa: BLE001 - whatever a branch dies of, the others go on
        failure = Failure("branch_failed", f"{type(error).__name__}: {error}", "this is a bug: please report it")
        return Swept(name, path, None, None, failure)
