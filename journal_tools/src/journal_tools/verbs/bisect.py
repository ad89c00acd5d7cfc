"""`journal bisect`: two builds, or two replicas, of one journal: the first seq, subsystem, entity and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from journal_tools.differences.bisection import Bisected, between_builds, between_journals, recorded_by
from journal_tools.differences.builds import open_build
from journal_tools.differences.executions import Pace
from journal_tools.differences.found import COLUMNS, command_document
from journal_tools.differences.scripts import Judged, bisect_script
from journal_tools.errors import ToolError
from journal_tools.grammar import EXIT_FINDING, EXIT_OK, shown_time, verb
from journal_tools.journal import Journal
from journal_tools.output import document, emit

SHOWN_MAX = 20
"""Fields shown in a table; the other formats have all."""


@verb("bisect", short_help="The first seq, subsystem, entity and field that differ.")
@click.argument("what", nargs=-1, required=True, metavar="PATH [PATH] | run SCRIPT PATH")
@click.option("--build", metavar="BUILD", help="Another build: a Python, a crossbook wheel, or the file of a kernel.")
@click.option(
    "--every",
    type=click.Choice(["block", "command"]),
    default="block",
    show_default=True,
    help="How often two builds are compared: after a command takes longer, and sees what is over before its block is.",
)
@click.option("--good", default=0, show_default=True, help="run: a seq of which the script says 0; 0 is genesis.")
@click.option("--bad", default=None, type=int, help="run: a seq of which it says 1; the last one unless it is given.")
def command(*, what: tuple[str, ...], build: str | None, every: Pace, good: int, bad: int | None, fmt: str) -> int:
    r"""Where did it begin? Found by halving: the number of looks grows with the logarithm of the journal.

    \b
    bisect PATH                  this build against the exec marks in the journal
    bisect PATH --build BUILD    this build against another: seq, subsystem, entity, field
    bisect A B [--build BUILD]   two journals: by their chains and marks, then by re-execution (B by BUILD)
    bisect run SCRIPT PATH       SCRIPT SEQ STATE.json says 0 good, 1 bad, 125 skip; anything else ends it

    Exit code 0 if nothing differs, 1 if something does, 125 if every look at the border was skipped.
    """
    if what[0] == "run":
        if len(what) != 3:
            raise _usage("run takes a script and a journal")
        return _print_judged(bisect_script(Journal.open(Path(what[2])), what[1], good=good, bad=bad), fmt)
    journals = [Journal.open(Path(path)) for path in what]
    if len(journals) > 2:
        raise _usage("there are more than two journals")
    if len(journals) == 2:
        found = between_journals(journals[0], journals[1], build)
    else:
        found = _of_builds(journals[0], build, every) if build else recorded_by(journals[0])
    return _print(found, fmt)


def _of_builds(journal: Journal, named: str, every: Pace) -> Bisected:
    with open_build(named) as build:
        return between_builds(journal, build, pace=every)


def _usage(why: str) -> ToolError:
    return ToolError(why, code="usage", hint="bisect PATH [PATH] [--build BUILD], or bisect run SCRIPT PATH")


def _print(found: Bisected, fmt: str) -> int:
    about = _about(found)
    if fmt == "json":
        document({**about, "differences": found.rows})
    elif fmt == "table":
        _table(found)
    else:
        emit(found.rows, COLUMNS, fmt, name="differences", about=about)
    return EXIT_FINDING if found.differs else EXIT_OK


def _about(found: Bisected) -> dict[str, Any]:
    return {
        "a": found.a,
        "b": found.b,
        "differs": found.differs,
        "seq": found.seq,
        "between": list(found.between) if found.between else None,
        "command": command_document(found.record) if found.record else None,
        "subsystems": found.subsystems,
        "what": found.what,
        "probes": found.probes,
        "executed": found.executed,
    }


def _table(found: Bisected) -> None:
    click.echo(f"A            {found.a}")
    click.echo(f"B            {found.b}")
    click.echo(f"looked at    {found.probes} places, {found.executed:,} commands executed")
    if not found.differs:
        click.echo(f"same         {found.what}")
        return
    if found.between:
        click.echo(f"first seq    one of {found.between[0]} to {found.between[1]}")
    elif found.record:
        click.echo(f"first seq    {found.record.seq}, {shown_time(found.record.time_ns)}")
        fields = command_document(found.record)
        text = " ".join(f"{name}={value}" for name, value in fields.items() if name not in ("seq", "time", "command"))
        click.echo(f"command      {fields['command']} {text}")
    click.echo(f"differs      {found.what}")
    if found.subsystems:
        click.echo(f"subsystems   {', '.join(found.subsystems)}")
    if found.rows:
        click.echo("")
        emit(found.rows[:SHOWN_MAX], COLUMNS, "table", name="differences")
        if len(found.rows) > SHOWN_MAX:
            click.echo(f"and {len(found.rows) - SHOWN_MAX} more; --format ndjson has all")


def _print_judged(judged: Judged, fmt: str) -> int:
    about = {
        "good": judged.good,
        "bad": judged.bad,
        "skipped": judged.skipped,
        "command": command_document(judged.record) if judged.record else None,
    }
    rows = [{"seq": seq, "verdict": verdict} for seq, verdict in judged.looks]
    if fmt != "table":
        emit(rows, ("seq", "verdict"), fmt, name="looks", about=about)
        return EXIT_FINDING if judged.bad is not None else EXIT_OK
    emit(rows, ("seq", "verdict"), fmt, name="looks")
    if judged.record is None:
        click.echo(f"good throughout: seq {judged.good} is")
        return EXIT_OK
    fields = command_document(judged.record)
    click.echo(f"first bad seq {judged.bad}, {fields['time']}: {fields['command']}")
    return EXIT_FINDING
