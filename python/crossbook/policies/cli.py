"""`crossbook policies`: which there are, which play in a venue, and whether they would do again what they did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click
from msgspec import Struct

from crossbook.console import emit_json, guarded, json_option, require_journal
from crossbook.journal import JournalReader
from crossbook.policies import catalogue, notes
from crossbook.policies.recovery import Tape, body_of
from crossbook.policies.rerun import rerun
from crossbook.policies.roles import ROLES, Role
from crossbook.times import show_time
from crossbook.views import text_table

_path = click.argument("path", type=click.Path(path_type=Path))


@click.group("policies", short_help="List the policies there are, those of a venue, and run them again.")
def policies_group() -> None:
    """Policies decide, the kernel disposes: see docs/policies.md."""


@policies_group.command("list", short_help="The roles in the order of their turns, and who can play them.")
@json_option
@guarded
def list_command(as_json: bool) -> None:  # noqa: FBT001
    """List the roles in the order of their turns, their default, and the policies that can play them, those of other
    installed packages included.
    """  # noqa: D205
    roles = list(ROLES.values())
    if as_json:
        rows = [_listed(role) for role in roles]
        emit_json({"roles": rows})
        return
    table = [(role.name, role.purpose, role.default or "-", ", ".join(catalogue.names(role.name))) for role in roles]
    click.echo(text_table(["role", "what it does", "default", "policies"], table))


@policies_group.command("show", short_help="Who was engaged, taken off or failed, by seq.")
@_path
@json_option
@guarded
def show_command(path: Path, as_json: bool) -> None:  # noqa: FBT001
    """Show who was engaged in a venue, taken off, or failed, with the seq of each note."""
    require_journal(path)
    with JournalReader(path) as reader:
        found = list(_said(Tape.of(reader)))
    if as_json:
        emit_json({"path": path, "policies": found})
        return
    rows = [(one.seq, show_time(one.time_ns), one.body.slot, _told(one.body)) for one in found]
    click.echo(text_table(["seq", "time", "slot", "what"], rows) if rows else "no policy was ever engaged")


@policies_group.command("verify", short_help="Run the policies of a journal again and compare what they propose.")
@_path
@json_option
@guarded
def verify_command(path: Path, as_json: bool) -> None:  # noqa: FBT001
    """Run the policies of a journal again beside it, and compare each command they propose with what stands there.

    A policy that looked at a clock, a random number or anything else outside its turn is found out: exit code 1.
    """
    require_journal(path)
    found = rerun(path)
    if as_json:
        emit_json({"path": path, "seq": found.seq, "commands": found.commands, "turns": found.turns})
        return
    click.echo(f"{found.commands:,} commands, every proposal as recorded up to seq {found.seq:,}")
    for slot, turns in found.turns.items():
        click.echo(f"  {slot}: {turns:,} turns")
    for fault in found.faults:
        click.echo(f"  not run again: turn {fault.turn} of {fault.slot}, which failed ({fault.fault})")


class _Said(Struct, frozen=True):
    """A note about a policy, and where it stands."""

    seq: int
    time_ns: int
    topic: str
    body: notes.Engaged | notes.Disengaged | notes.Fault


def _said(tape: Tape) -> Iterator[_Said]:
    for one in tape.records:
        command, time_ns = one.item.command, one.item.time_ns or 0
        for kind, topic in _KINDS.items():
            body = body_of(command, topic, kind)
            if body is not None:
                yield _Said(one.seq, time_ns, topic, body)


_KINDS: Final[dict[type[Any], str]] = {
    notes.Engaged: notes.ENGAGED,
    notes.Disengaged: notes.DISENGAGED,
    notes.Fault: notes.FAULT,
}


def _listed(role: Role) -> dict[str, Any]:
    known = catalogue.names(role.name)
    return {"role": role.name, "purpose": role.purpose, "default": role.default, "policies": known}


def _told(body: notes.Engaged | notes.Disengaged | notes.Fault) -> str:
    if isinstance(body, notes.Engaged):
        return f"{body.name} {body.version} engaged as author {body.author} ({body.reason})"
    if isinstance(body, notes.Disengaged):
        return f"author {body.author} taken off ({body.reason})"
    return f"author {body.author} failed in turn {body.turn}: {body.fault}, {body.detail} -> {body.action}"
