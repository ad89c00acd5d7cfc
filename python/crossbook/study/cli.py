"""`crossbook study`: studies on the command line."""

from __future__ import annotations

from pathlib import Path

import click

from crossbook.console import emit_json, guarded, json_option, progress_bar
from crossbook.study import cascade as crash
from crossbook.study import cascade_report, report
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


@study_group.command("cascade", short_help="Liquidation policies and allocation rules in one crash.")
@click.option("--seed", type=int, default=crash.SEED, show_default=True, help="Of the market and its path.")
@click.option("--accounts", type=click.IntRange(min=100), default=crash.ACCOUNTS, show_default=True, help="How many.")
@click.option(
    "--page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put the table into this page, and the plot beside it.",
)
@json_option
@guarded
def cascade_command(*, seed: int, accounts: int, page: Path | None, as_json: bool) -> None:
    """Play one crash under every liquidation policy and every allocation rule, and say what came of each.

    The table is that of docs/cascade_study.md.
    """
    with progress_bar("crashing", as_json=as_json) as progress:
        study = crash.cascade(seed=seed, accounts=accounts, progress=progress)
    if page is not None:
        click.echo(f"wrote {page} and {cascade_report.write_page(study, page)}", err=True)
    if as_json:
        emit_json(cascade_report.document(study))
    else:
        click.echo(cascade_report.table(study), nl=False)
