"""`crossbook study`: studies on the command line."""

from __future__ import annotations

import click

from crossbook.console import emit_json, guarded, json_option, progress_bar
from crossbook.study import report
from crossbook.study.efficiency import PATHS, SEED, efficiency


@click.group("study", short_help="Answer questions about the rules on a scratch venue.")
def study_group() -> None:
    """Answer questions about the rules on a scratch venue: nothing is journaled."""


@study_group.command("efficiency", short_help="Collateral under isolated, cross and portfolio margin.")
@click.option("--seed", type=int, default=SEED, show_default=True, help="Of the paths.")
@click.option("--paths", type=click.IntRange(min=1), default=PATHS, show_default=True, help="How many.")
@json_option
@guarded
def efficiency_command(*, seed: int, paths: int, as_json: bool) -> None:
    """Say what the demo's portfolios must have under each way of margining them, and what that leaves unpaid.

    The tables are those of docs/capital_efficiency.md.
    """
    with progress_bar("walking", as_json=as_json) as progress:
        study = efficiency(seed=seed, paths=paths, progress=progress)
    if as_json:
        emit_json(report.document(study))
    else:
        click.echo(report.tables(study), nl=False)
