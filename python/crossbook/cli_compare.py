"""`crossbook compare`: what one session has otherwise than another, as a rule a branch than its parent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from textwrap import fill
from typing import Final

import click

from crossbook.console import emit_json, facts, guarded, json_option, jsonable, progress_bar, require_journal
from crossbook.counterfactual import AccountDifference, Comparison, Moment, compare
from crossbook.times import show_time
from crossbook.views import text_table

ROWS_MAX: Final = 20
"""Accounts that are shown as text; `--json` has all."""
_IDS_MAX: Final = 12
_PARTS: Final = ("forced", "deleveraged", "forgone", "funding", "loss", "fees")
_RELATIONS: Final = {
    "same": "the same session",
    "branch": "a branch of A",
    "parent": "the parent of A",
    "siblings": "another branch of A's parent",
    "strangers": "no relation of A",
}


@click.command("compare", short_help="Say what one session has otherwise than another.")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@json_option
@guarded
def compare_command(a: Path, b: Path, as_json: bool) -> None:  # noqa: FBT001
    """Say what B has otherwise than A: where they part, who was liquidated and who was spared, who paid, insurance,
    deleveraging, bad debt, funding, margin, broken hedges, and how each account ended.
    """  # noqa: D205
    require_journal(a)
    require_journal(b)
    with progress_bar("comparing", as_json=as_json) as progress:
        comparison = compare(a, b, progress=progress)
    if as_json:
        emit_json(comparison)
        return
    for text in _texts(comparison):
        click.echo(text)


def _texts(found: Comparison) -> list[str]:
    heads = [("A", f"{found.a.path}, {found.a.seq:,} commands")]
    heads += [("B", f"{found.b.path}, {found.b.seq:,} commands; {_RELATIONS[found.relation]}")]
    if found.divergence is None:
        return [facts([*heads, ("parts", "never: every market and account went the same way")])]
    parts = (("A first has", found.divergence.a), ("where B has", found.divergence.b))
    told = [fill(f"{name}  {_moment(moment)}", 98, subsequent_indent=" " * 13) for name, moment in parts]
    texts = [facts(heads), "", *told, "", facts(_people(found))]
    for asset, measures in found.measures.items():
        symbol, decimals = found.symbols[asset]
        rows = [
            (name.replace("_", " "), *(_amount(value, decimals) for value in (*pair, pair[1] - pair[0])))
            for name, pair in measures.items()
            if any(pair)
        ]
        if rows:
            texts += ["", text_table([symbol, "A", "B", "B - A"], rows)]
    if found.accounts:
        texts += ["", _accounts(found)]
    return texts


def _moment(moment: Moment | None) -> str:
    if moment is None:
        return "nothing more"
    told = ", ".join(f"{name} {value}" for name, value in jsonable(moment.fields).items())
    return f"seq {moment.seq:,}, {show_time(moment.time_ns)}: {moment.event} {told}"


def _people(found: Comparison) -> list[tuple[str, str]]:
    one, other = found.time_to_solvency_ns
    return [
        ("liquidated in B alone", _ids(found.liquidated)),
        ("spared in B", _ids(found.spared)),
        ("deleveraged in B alone", _ids(found.deleveraged)),
        ("not deleveraged in B", _ids(found.undisturbed)),
        ("hedges broken in B alone", _ids(found.broken)),
        ("hedges whole in B", _ids(found.mended)),
        ("rank inversions", f"{found.rank_inversions[0]:,} in A, {found.rank_inversions[1]:,} in B"),
        ("time to solvency", f"{_seconds(one)} in A, {_seconds(other)} in B"),
    ]


def _ids(accounts: list[int]) -> str:
    shown = ", ".join(map(str, accounts[:_IDS_MAX]))
    return f"{shown} and {len(accounts) - _IDS_MAX:,} more" if len(accounts) > _IDS_MAX else shown or "none"


def _seconds(time_ns: int | None) -> str:
    return "not solvent" if time_ns is None else f"{Decimal(time_ns).scaleb(-9).normalize():f} s"


def _amount(minor: int, decimals: int) -> str:
    return f"{Decimal(minor).scaleb(-decimals):,f}"


def _accounts(found: Comparison) -> str:
    """The accounts that ended most otherwise: their equity, and in B less A what else is not the same for all."""
    ranked = sorted(found.accounts, key=lambda one: (-abs(_more(one.equity)), one.account))
    shown = [name for name in _PARTS if any(_more(getattr(one, name)) for one in found.accounts)]
    columns = ["account", "asset", "equity in A", "equity in B", "B - A", *shown]
    rows = [_account(one, shown, *found.symbols[one.asset]) for one in ranked[:ROWS_MAX]]
    more = len(ranked) - ROWS_MAX
    rest = f"\n… and {more:,} more accounts; --json has all" if more > 0 else ""
    return text_table(columns, rows) + rest


def _account(one: AccountDifference, shown: list[str], symbol: str, decimals: int) -> list[object]:
    amounts = [*one.equity, _more(one.equity), *(_more(getattr(one, name)) for name in shown)]
    return [one.account, symbol, *(_amount(minor, decimals) for minor in amounts)]


def _more(pair: tuple[int, int]) -> int:
    return pair[1] - pair[0]
