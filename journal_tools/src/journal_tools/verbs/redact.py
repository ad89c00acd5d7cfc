"""`journal redact`: a copy of a journal without some personal values, whose every hash still holds."""

from __future__ import annotations

from pathlib import Path

import click

from journal_tools import personal
from journal_tools.checking import verify
from journal_tools.errors import ToolError
from journal_tools.grammar import EXIT_FINDING, EXIT_OK, path_argument, verb
from journal_tools.journal import Journal
from journal_tools.output import emit
from journal_tools.proofs.outputs import copy_session

COLUMNS = ("seq", "account", "field", "commitment", "value")


@verb("redact", short_help="Erase personal values of a copy, every hash still valid.")
@path_argument
@click.option("--account", "accounts", type=int, multiple=True, help="Erase what is about this account; repeatable.")
@click.option("--seq", "seqs", type=int, multiple=True, help="Erase what this record committed to; repeatable.")
@click.option("--field", "fields", multiple=True, help="Erase only this field, such as email; repeatable.")
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, help="The new directory.")
def command(
    *,
    path: Path,
    accounts: tuple[int, ...],
    seqs: tuple[int, ...],
    fields: tuple[str, ...],
    output: Path,
    fmt: str,
) -> int:
    """Copy a closed journal, and leave out the salted values that were chosen: by account or seq, and field.

    Records are copied bit for bit, so chain, marks and proofs hold. The copy is verified, and every value left in it.
    """
    if not (accounts or seqs or fields):
        raise ToolError("what is to be erased?", code="choice_missing", hint="give --account, --seq or --field")
    journal = Journal.open(path)
    if journal.is_live:
        raise ToolError("the session was not closed", code="still_open", hint="close it: pages of a live file may tear")
    found = list(personal.commitments(journal))
    chosen = {
        item.commitment
        for item in found
        if (not (accounts or seqs) or item.account in accounts or item.seq in seqs)
        and (not fields or item.field in fields)
    }
    if not chosen:
        raise ToolError(
            "no commitment on record was chosen",
            code="nothing_chosen",
            hint="`journal log PATH --type Note` lists them: notes of topic personal",
        )
    left = sorted({item.commitment for item in found if personal.standing(path, item.commitment) != "erased"} - chosen)
    copy_session(path, output, [f"{personal.DIRECTORY}/{commitment}.json" for commitment in left])
    rows = [{**item._asdict(), "value": personal.standing(output, item.commitment)} for item in found]
    verdict = verify(output)
    emit(rows, COLUMNS, fmt, name="values", about={"verified": verdict.ok, "head": verdict.head})
    if not verdict.ok:
        raise verdict.findings[0]
    wrong = [row["seq"] for row in rows if row["value"] == "wrong"]
    if wrong:
        click.echo(f"finding: values that are not what was committed to at seqs {wrong} [personal_value]", err=True)
    return EXIT_FINDING if wrong else EXIT_OK
