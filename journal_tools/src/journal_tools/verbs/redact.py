"""`journal redact`: a copy of a session without chosen personal values, every hash of it valid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from journal_tools.checking import verify
from journal_tools.errors import ToolError
from journal_tools.grammar import EXIT_FINDING, EXIT_OK, path_argument, verb
from journal_tools.journal import Journal
from journal_tools.output import emit
from journal_tools.redaction.copying import copy
from journal_tools.redaction.kept import Committed, Fate, Personal, judged

COLUMNS = ("seq", "account", "field", "commitment", "fate")


@verb("redact", short_help="Erase personal fields of a copy, every hash still valid.")
@path_argument
@click.option("--account", "accounts", type=int, multiple=True, metavar="N", help="Of this account; repeatable.")
@click.option("--seq", "seqs", type=int, multiple=True, metavar="S", help="Of the note at this seq; repeatable.")
@click.option("--field", "fields", multiple=True, metavar="F", help="This field, such as name; repeatable.")
@click.option(
    "-o", "output", type=click.Path(path_type=Path), required=True, metavar="COPY", help="Where the copy goes."
)
def command(
    *, path: Path, accounts: tuple[int, ...], seqs: tuple[int, ...], fields: tuple[str, ...], output: Path, fmt: str
) -> int:
    """Copy a session and leave out the personal values that fit every option given.

    The journal has only commitments to them, and keeps those, so the copy verifies as the original does; it is
    verified before it is called done. Values that stay are held against their commitments; one that does not fit is
    left out and a finding. The original is not changed: what must be forgotten is forgotten when it is gone.
    """
    if not (accounts or seqs or fields):
        raise ToolError("erase what?", code="target_missing", hint="give --account N, --seq S or --field F")

    def chosen(found: Committed) -> bool:
        return all(
            not wanted or value in wanted
            for wanted, value in ((accounts, found.account), (seqs, found.seq), (fields, found.field))
        )

    journal = Journal.open(path)
    if journal.is_live:
        raise ToolError(
            f"{path} was not closed",
            code="session_live",
            hint="close its venue and try again; after a crash, open it once and close it",
        )
    rows = judged(journal, chosen)
    if not any(row.fate is Fate.ERASED for row in rows):
        raise ToolError("nothing fits that", code="nothing_to_erase", hint=_hint(rows), path=str(path))
    copy(journal, output, sorted({row.file for row in rows if row.fate is Fate.KEPT and row.file is not None}))
    return _answer(rows, output, fmt)


def _hint(rows: Sequence[Personal]) -> str:
    there = sorted({f"{row.field} of account {row.account} at seq {row.seq}" for row in rows if row.fate is Fate.KEPT})
    if not there:
        return "no personal value is beside this journal"
    return f"there is {', '.join(there[:5])}" + (" and more" if len(there) > 5 else "")


def _answer(rows: Sequence[Personal], output: Path, fmt: str) -> int:
    """Verify the copy, and say what was erased and what is left."""
    verdict = verify(output)
    counts = {fate: sum(row.fate is fate for row in rows) for fate in Fate}
    about: dict[str, Any] = {
        "copy": str(output),
        "verified": verdict.ok,
        "head": f"{verdict.last_seq}:{verdict.head}",
        **{str(fate): count for fate, count in counts.items()},
    }
    emit([_shown(row) for row in rows], COLUMNS, fmt, name="personal", about=about)
    if fmt == "table":
        click.echo("\n" + ", ".join(f"{count} {fate}" for fate, count in counts.items()))
        click.echo(f"{'verified' if verdict.ok else 'does not verify'}: {output}")
        click.echo(f"head {verdict.last_seq}:{verdict.head}")
    for finding in verdict.findings:
        click.echo(f"finding: {finding.message} [{finding.code}]", err=True)
    if counts[Fate.MISMATCH]:
        click.echo(f"finding: {counts[Fate.MISMATCH]} values are not what the journal commits to [mismatch]", err=True)
        click.echo("hint: they were changed after they were committed, and are not in the copy", err=True)
    return EXIT_OK if verdict.ok and not counts[Fate.MISMATCH] else EXIT_FINDING


def _shown(row: Personal) -> dict[str, Any]:
    return {"seq": row.seq, "account": row.account, "field": row.field, "commitment": row.commitment, "fate": row.fate}
