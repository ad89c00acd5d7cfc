"""`crossbook demo`: the demo on the command line. Exit code 1 if the replays or the sums do not come out."""

from __future__ import annotations

from pathlib import Path

import click

from crossbook.console import EXIT_FINDING, EXIT_OK, emit_json, guarded, json_option, progress_bar
from crossbook.demo.config import DemoConfig
from crossbook.demo.screen import screen
from crossbook.demo.show import run


@click.command("demo", short_help="Run a seeded market through a crash, prove it, compare.")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--seed", type=int, default=DemoConfig().seed, show_default=True, help="Of every random choice.")
@click.option(
    "--durability",
    type=click.Choice(["durable", "pipelined", "volatile"]),
    default="durable",
    show_default=True,
    help="Of the journal while it is written.",
)
@json_option
@guarded
def demo_command(*, path: Path | None, seed: int, durability: str, as_json: bool) -> int:
    """Run a seeded market under policies through a crash and an oracle outage, prove it, and compare.

    The session is journaled, replayed, and run again with another liquidation policy.
    Without PATH the session is ./demo-session, which is replaced; its branch is beside it, in ./demo-session-market.
    """
    with progress_bar("playing", as_json=as_json) as progress:
        report = run(path, seed=seed, durability=durability, progress=progress, out=_nowhere)
    if as_json:
        emit_json(report.document())
    else:
        click.echo(screen(report), nl=False)
    return EXIT_OK if report.proved else EXIT_FINDING


def _nowhere(_text: str) -> None:
    """The screen is printed once the progress bar is gone."""
