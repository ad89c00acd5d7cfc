"""`crossbook explain`: why an account has what it has and must have what it must, at any moment of its past."""

from __future__ import annotations

from pathlib import Path

import click

from crossbook.console import emit_json, guarded, json_option, parse_at, progress_bar, require_journal
from crossbook.replay import replay
from crossbook.times import show_time


@click.command("explain", short_help="Show every term of an account's margin, and its liquidation prices.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--account", type=click.IntRange(min=1), required=True, help="The account to explain.")
@click.option(
    "--at", metavar="SEQ|TIME", help="A seq, or a time (ISO 8601, or ns with the suffix ns); default: the end."
)
@json_option
@guarded
def explain_command(path: Path, account: int, at: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Show the term tree of an account: equity, requirement and maintenance of each pool as the terms they are the sum
    of, with the seqs of the commands each term comes from, and the prices at which positions are liquidated.
    """  # noqa: D205
    require_journal(path)
    seq, time_ns = (None, None) if at is None else parse_at(at)
    with progress_bar("replaying", as_json=as_json) as progress:
        view = replay(path, start="snapshot", seq=seq, time_ns=time_ns, progress=progress).view
    explained = view.explain(account)
    if as_json:
        emit_json({"path": path, "seq": view.seq, "time_ns": view.time_ns, "explanation": explained})
        return
    click.echo(f"seq {view.seq:,}, {show_time(view.time_ns)}\n{explained!r}")
