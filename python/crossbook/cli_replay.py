"""`crossbook replay`: a journal executed again as it is, or with something otherwise, as a branch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from crossbook.console import (
    emit_json,
    facts,
    guarded,
    json_option,
    many,
    progress_bar,
    require_journal,
)
from crossbook.counterfactual import Branched, branch, parse_change
from crossbook.errors import InputError
from crossbook.journal import BranchOf, JournalReader
from crossbook.replay import Replayed, Start
from crossbook.replay import replay as replay_journal
from crossbook.times import parse_time, show_time


@click.command("replay", short_help="Re-execute a journal, as it is or with a change as a branch.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--from", "start", default="genesis", help="Where to start: genesis, snapshot (newest) or a snapshot's SEQ."
)
@click.option("--seq", type=click.IntRange(min=0), help="Stop after this seq.")
@click.option("--time", "until", metavar="TIME", help="Stop after this time: ISO 8601, or ns since the epoch.")
@click.option("--block-records", type=click.IntRange(min=1), help="Cut the journal into blocks of this many records.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Make a branch in this new directory.")
@click.option(
    "--policy", "policies", multiple=True, metavar="SLOT=NAME", help="Who plays in the branch; NAME may be none."
)
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="A value of the configuration, in TOML.")
@click.option("--drop", "drops", multiple=True, metavar="SEQ|A..B", help="Leave outside commands out.")
@click.option("--insert", "inserts", multiple=True, metavar="SEQ:JSON", help="Put a command in after an outside one.")
@click.option(
    "--patch", "patches", multiple=True, metavar="SEQ:FIELD=VALUE", help="Change a field of an outside command."
)
@json_option
@guarded
def replay_command(path: Path, out: Path | None, as_json: bool, **options: Any) -> None:  # noqa: FBT001
    """Re-execute a journal and verify every exec mark it passes.

    With --out its outside commands are run again at their times, and what follows is journaled as a branch: with other
    policies (--policy liquidation=dutch), another configuration (--set market.BTC-PERP.taker_rate=0.001, --set
    policy.liquidation.FIELD=VALUE) or other commands (--drop, --insert, --patch). `crossbook compare` says what came
    of it.
    """
    require_journal(path)
    changes = {name: options.pop(name) for name in ("policies", "sets", "drops", "inserts", "patches")}
    if out is None:
        if any(changes.values()):
            raise InputError(
                "a change makes a branch, and a branch needs a directory",
                code="branch_without_out",
                hint="give one that is empty or does not exist with -o",
            )
        _replay(path, as_json=as_json, **options)
        return
    if options["start"] != "genesis" or any(options[name] is not None for name in ("seq", "until", "block_records")):
        raise InputError(
            "a branch runs the whole journal",
            code="branch_in_part",
            hint="leave --from, --seq, --time and --block-records out; --drop A..B leaves commands out",
        )
    change = parse_change(**changes)
    with progress_bar("branching", as_json=as_json) as progress:
        branched = branch(path, out, change, progress=progress)
    if as_json:
        emit_json({"path": path, "branch": branched})
        return
    click.echo(_branch_text(path, branched))
    if not branched.same_events:
        click.echo(f"hint: `crossbook compare {path} {out}` says what came of it", err=True)


def _branch_text(path: Path, made: Branched) -> str:
    kept = f"{made.kept:,} kept, {made.dropped:,} dropped, {made.inserted:,} inserted"
    answered = f"{made.newly_refused:,} refused that were accepted, {made.newly_accepted:,} accepted that were refused"
    faults = ", ".join(f"{fault.slot} {fault.fault}" for fault in made.faults)
    rows = [
        ("branch", f"{made.path}, of {path} up to seq {made.parent_seq:,}"),
        ("outside", kept),
        ("answered", f"{answered}; {many(made.unresolved, 'id')} without meaning here"),
        ("inside", f"{many(made.inside, 'command')} of policies and the loop, {made.parent_inside:,} in the parent"),
        ("faults", faults or "none"),
        ("ended", f"after seq {made.seq:,}, {show_time(made.time_ns)}"),
        ("events", "those of the parent" if made.same_events else "other than those of the parent"),
        ("state root", made.state_root.hex()),
    ]
    return facts(rows)


def _replay(
    path: Path, *, start: str, seq: int | None, until: str | None, block_records: int | None, as_json: bool
) -> None:
    with progress_bar("replaying", as_json=as_json) as progress:
        replayed = replay_journal(
            path,
            start=_start(start),
            seq=seq,
            time_ns=None if until is None else parse_time(until, field="--time"),
            block_records=block_records,
            progress=progress,
        )
    with JournalReader(path) as reader:
        of = reader.branch
    if as_json:
        emit_json(_replay_document(replayed) | {"branch": of})
        return
    click.echo(_replay_text(replayed, of))


def _start(text: str) -> Start:
    names: dict[str, Literal["genesis", "snapshot"]] = {"genesis": "genesis", "snapshot": "snapshot"}
    if text in names:
        return names[text]
    if text.isdigit():
        return int(text)
    raise InputError(
        f"--from is {text!r}",
        code="unknown_choice",
        values={"field": "--from", "value": text},
        hint="one of: genesis, snapshot, or the seq of a snapshot",
    )


def _replay_document(replayed: Replayed) -> dict[str, Any]:
    fields = ("path", "started_at", "seq", "time_ns", "commands", "blocks", "marks", "marked_seq", "stopped", "seconds")
    document = {field: getattr(replayed, field) for field in fields}
    roots = replayed.view.subsystem_roots()
    return document | {
        "state_root": replayed.state_root,
        "event_digest": replayed.event_digest,
        "subsystem_roots": roots,
    }


def _replay_text(replayed: Replayed, of: BranchOf | None) -> str:
    begun = f"snapshot at seq {replayed.started_at:,}" if replayed.started_at else "genesis"
    speed = f"{replayed.commands / replayed.seconds:,.0f} a second" if replayed.seconds else "at once"
    rows = [
        ("replayed", f"{replayed.path} from {begun}"),
        ("commands", f"{replayed.commands:,} in {replayed.seconds:.2f} s, {speed}"),
        ("exec marks", f"{replayed.marks:,} reproduced; the last commits to seq {replayed.marked_seq:,}"),
        ("stopped", f"after seq {replayed.seq:,} ({_STOPPED[replayed.stopped]}), {show_time(replayed.time_ns)}"),
        ("state root", replayed.state_root.hex()),
        ("event digest", replayed.event_digest.hex()),
    ]
    if of is not None:
        rows.insert(1, ("a branch of", f"session {of.parent} up to seq {of.parent_seq:,}"))
    return facts(rows)


_STOPPED = {"end": "the end of the journal", "seq": "the seq asked for", "time": "the time asked for"}
