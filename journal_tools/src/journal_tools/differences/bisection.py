"""Where two builds, two replicas, or a build and a journal's marks part, and in what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

from journal_tools import replaying
from journal_tools.differences.builds import Build, open_build
from journal_tools.differences.divergence import StateDifference, event_difference, state_difference
from journal_tools.differences.executions import Execution, Pace
from journal_tools.differences.found import FOLLOWING, event_rows, record_rows, state_rows
from journal_tools.differences.marks import RecordedParting, first_recorded_parting
from journal_tools.differences.records import compare_records
from journal_tools.differences.search import Halving, Parting, block_at
from journal_tools.errors import Finding, ToolError
from journal_tools.journal import Journal, Record
from journal_tools.journal.blocks import Mark
from journal_tools.snapshots import differences, entities, file_state

_MARKS: Final = "exec mark"


class Bisected(NamedTuple):
    """What a search came to.

    `seq` is the first that differs, or `between` holds the first and last that it can be. `rows` are those of
    `journal_tools.differences.found`; `probes` places were looked at, `executed` commands executed by both together.
    """

    a: str
    b: str
    differs: bool
    what: str
    probes: int
    executed: int = 0
    seq: int | None = None
    between: tuple[int, int] | None = None
    record: Record | None = None
    subsystems: Sequence[str] = ()
    rows: Sequence[dict[str, Any]] = ()


# --- two builds of one journal --------------------------------------------------------------------------------------


def between_builds(journal: Journal, build: Build, *, pace: Pace = "block") -> Bisected:
    """This build against another, on one journal."""
    with Build() as ours:
        pair = Halving(Execution(journal, ours, pace=pace), Execution(journal, build, pace=pace))
        names = f"{journal.path} by {pair.a.build.name}", f"{journal.path} by {pair.b.build.name}"
        return _execute(pair, names, 0, journal.last_seq)


def _pair(stack: ExitStack, a: Journal, b: Journal, build: str | None) -> Halving:
    builds = stack.enter_context(Build()), stack.enter_context(open_build(build))
    return Halving(Execution(a, builds[0]), Execution(b, builds[1]))


def _execute(pair: Halving, names: tuple[str, str], low: int, high: int, looks: int = 0) -> Bisected:
    """Halve between two ends of blocks; both executions stand at the first."""
    parting = pair.first_parting(low, high)
    executed, probes = pair.a.executed + pair.b.executed, pair.probes + looks
    if parting is None:
        return Bisected(*names, False, f"where both stood, up to seq {high}", probes, executed)
    state = state_difference(pair.a, pair.b)
    happened = list(event_rows(event_difference(parting.a.events, parting.b.events)))
    rows = [*_faults(parting), *happened, *state_rows(state, leaving_out=FOLLOWING if happened else ())]
    return Bisected(
        *names,
        differs=True,
        what=_what(parting, state),
        probes=probes,
        executed=executed,
        seq=parting.seq,
        record=pair.a.journal.record(parting.seq)[0],
        subsystems=state.subsystems,
        rows=rows,
    )


def _faults(parting: Parting) -> Iterator[dict[str, Any]]:
    errors = parting.a.stand.error or None, parting.b.stand.error or None
    if any(errors):
        yield {"part": "build", "entity": None, "field": "error", "a": errors[0], "b": errors[1]}


def _what(parting: Parting, state: StateDifference) -> str:
    if parting.a.stand.error or parting.b.stand.error:
        return "one of them cannot execute it"
    parts = ["events"] if parting.a.events != parting.b.events else []
    parts += ["state"] if state.subsystems else []
    unreadable = f"; {state.unreadable}" if state.unreadable else ""
    return (" and ".join(parts) or _MARKS) + unreadable


# --- two journals ---------------------------------------------------------------------------------------------------


def between_journals(a: Journal, b: Journal, build: str | None) -> Bisected:
    """Two journals of the same commands, or of commands of which one was changed: chains and marks, then re-execution.

    Raises:
        Skipped: `cuts_differ` their blocks do not begin at the same seqs.
    """
    names = str(a.path), f"{b.path}{f' by {build}' if build else ''}"
    parting = first_recorded_parting(a, b)
    changed = _changed(a, b, parting)
    if changed is not None:
        return _commands(a, b, build, names, *changed)
    if parting is None:
        return Bisected(*names, differs=False, what="every block, as far as it was recorded", probes=1)
    if parting.what == "length":
        return _longer(a, b, names, parting)
    if parting.what == "header":
        what = f"the header of the block at seq {parting.after + 1}: its epoch or its last time"
        return Bisected(*names, differs=True, what=what, probes=parting.probes, seq=parting.after + 1)
    return _marks(a, b, build, names, parting)


def _changed(a: Journal, b: Journal, parting: RecordedParting | None) -> tuple[int, int] | None:
    """The first seq whose record differs before marks do, and how many places were looked at.

    Journals of other sessions share no chain, so their records are gone through up to where their marks part.
    """
    if parting is not None and parting.what == "commands":
        first, last = parting.after + 1, parting.a.last_seq if parting.a else None
    elif a.genesis().head == b.genesis().head:
        return None
    else:
        first, last = 1, parting.after if parting is not None else None
    compared = compare_records(a.records(first, last), b.records(first, last), by_seq=True)
    if compared.parted is None or compared.parted.a is None or compared.parted.b is None:
        return None
    return compared.parted.a.seq, parting.probes if parting else 0


def _commands(a: Journal, b: Journal, build: str | None, names: tuple[str, str], seq: int, probes: int) -> Bisected:
    """A record differs: which fields of it, and of what came of it."""
    parted = compare_records(a.records(seq, seq), b.records(seq, seq), by_seq=True).parted
    rows, record = list(record_rows(parted)), parted.a if parted else None
    try:
        replaying.need()
    except ToolError:
        what = "the command itself; what came of it takes crossbook to find out"
        return Bisected(*names, True, what, probes, 0, seq, None, record, (), rows)
    with ExitStack() as stack:
        pair = _pair(stack, a, b, build)
        begin(pair, seq - 1)
        steps = [[*execution.steps(seq)][-1] for execution in (pair.a, pair.b)]
        state = state_difference(pair.a, pair.b)
        rows += event_rows(event_difference(steps[0].events, steps[1].events))
        rows += state_rows(state, leaving_out=FOLLOWING)
        executed = pair.a.executed + pair.b.executed
    return Bisected(*names, True, "the command itself", probes, executed, seq, None, record, state.subsystems, rows)


def begin(pair: Halving, seq_max: int) -> None:
    """Stand where the nearest snapshot of the first journal stands, if both builds take it."""
    kernel = replaying.nearest(pair.a.journal, seq_max)
    if kernel.seq:
        for execution in (pair.a, pair.b):
            execution.start(kernel.snapshot())


def _longer(a: Journal, b: Journal, names: tuple[str, str], parting: RecordedParting) -> Bisected:
    longer = a if a.last_seq > b.last_seq else b
    seq = min(a.last_seq, b.last_seq) + 1
    what = f"nothing up to seq {seq - 1}; only {longer.path} goes on, to seq {longer.last_seq}"
    return Bisected(*names, True, what, parting.probes, seq=seq, record=longer.record(seq)[0])


def _marks(a: Journal, b: Journal, build: str | None, names: tuple[str, str], parting: RecordedParting) -> Bisected:
    """The same commands, and marks that differ: re-execution finds the command, if the builds are at hand."""
    end = parting.after
    with ExitStack() as stack:
        pair = _pair(stack, a, b, build)
        # As of `agreed_seq` both recorded one root; after it the states may have parted unseen.
        begin(pair, parting.agreed_seq)
        found = _execute(pair, names, pair.a.at, end, parting.probes)
        if found.differs:
            return found
        here = pair.a.stand.mark
        executed = pair.a.executed + pair.b.executed
    first = _last_end_before(a, parting)
    recorded = [_mark_after(journal, end) for journal in (a, b)]
    blamed = [name for name, mark in zip("AB", recorded, strict=True) if mark != here]
    reproduced = {"A": "that of B", "B": "that of A"}.get("".join(blamed), "neither")
    what = f"{' and '.join(parting.mark)} in the exec marks; re-execution here comes to {reproduced}"
    rows = _left_behind(a if blamed == ["A"] else b, end)
    return Bisected(*names, True, what, found.probes, executed, between=(first, end), rows=rows)


def _last_end_before(journal: Journal, parting: RecordedParting) -> int:
    """The first seq that marks which still agreed do not cover."""
    if parting.mark and parting.mark[0].startswith("event"):
        return block_at(journal, parting.after).first_seq
    return parting.agreed_seq + 1


def _mark_after(journal: Journal, seq: int) -> bytes:
    if seq < journal.last_seq:
        return block_at(journal, seq + 1).exec_mark
    return bytes.fromhex(journal.closing["exec_mark"]) if journal.closing else b""


# --- this build and the marks of one journal ------------------------------------------------------------------------


def recorded_by(journal: Journal) -> Bisected:
    """This build against the exec marks of a journal: the commands between the last mark it reproduces and the next."""
    names = f"{journal.path} by this build", f"{journal.path} as recorded"
    blocks: list[int] = []
    try:
        marks = replaying.reproduce(journal, step=blocks.append).marks
    except Finding as finding:
        if finding.code != "replay_divergence":
            raise
        return _not_reproduced(journal, names, finding)
    return Bisected(*names, False, f"all {marks:,} exec marks", probes=marks, executed=journal.last_seq)


def _not_reproduced(journal: Journal, names: tuple[str, str], finding: Finding) -> Bisected:
    end = int(finding.values["block"]) - 1
    block = block_at(journal, end)
    first = block.first_seq
    if finding.values["mark"] in ("root_seq", "state_root"):
        first = Mark.parse(block.exec_mark).root_seq + 1
        end = max(int(finding.values["seq"]), first)
    what = f"the {finding.values['mark'].replace('_', ' ')} at seq {finding.values['seq']}, as the next block marks it"
    if first == end:
        record = journal.record(end)[0]
        return Bisected(*names, True, what, 1, end, end, None, record, [], _left_behind(journal, end))
    return Bisected(*names, True, what, 1, end, between=(first, end), rows=_left_behind(journal, end))


def _left_behind(journal: Journal, seq_min: int) -> list[dict[str, Any]]:
    """The fields in which the first snapshot left beside a journal, from a seq on, differs from this build's state."""
    for path in sorted((journal.path / "snapshots").glob("*.snap")):
        try:
            snapshot = file_state(path)
            if snapshot.seq < seq_min or snapshot.seq > journal.last_seq:
                continue
            theirs = entities(snapshot.kernel)
        except (Finding, ToolError):
            continue
        execution = Execution(Journal.open(Path(journal.path)), Build())
        execution.probe(snapshot.seq)
        fields = differences(entities(execution.snapshot()), theirs)
        return state_rows(StateDifference([], fields))
    return []
