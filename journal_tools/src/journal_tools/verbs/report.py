"""`journal report`: named reports for compliance, each with what it rests on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from journal_tools import replaying
from journal_tools.errors import ToolError
from journal_tools.grammar import EXIT_FINDING, EXIT_OK, path_argument, verb
from journal_tools.journal import Journal
from journal_tools.output import emit, plain
from journal_tools.verbs.log import span


@verb("report", short_help="Named reports for compliance, with the proof attached.")
@path_argument
@click.argument("name", required=False)
@click.option("--from", "from_text", metavar="MOMENT", help="From this seq or time on.")
@click.option("--to", "to_text", metavar="MOMENT", help="To this seq or time, included.")
@click.option("--account", "accounts", type=int, multiple=True, help="Only this account; repeatable.")
@click.option("--market", "markets", multiple=True, help="Only this market, by id or symbol; repeatable.")
@click.option(
    "--every", type=click.IntRange(min=1), default=60, show_default=True, help="depth: sample every so many seconds."
)
@click.option("--size", "sizes", multiple=True, help="depth: a size band in whole units; repeatable.")
@click.option(
    "--against", type=click.Path(path_type=Path, dir_okay=False), help="reconcile: the CSV file to compare with."
)
@click.option("--watch", is_flag=True, help="surveillance: run the watch over a session that had none engaged.")
def command(*, path: Path, name: str | None, from_text: str | None, to_text: str | None, fmt: str, **how: Any) -> int:
    """One of the named reports over a span of the journal; without a name, which there are.

    Everything from genesis to the end of the span is executed again and every exec mark compared, so exit code 0 says
    that the rows follow from what the journal commits to. The proof names session, seqs, head block and the last mark:
    a member `about` in JSON, metadata in Arrow and Parquet, a last line in the other formats. Needs [replay].
    """
    from journal_tools.reports import NAMES, load

    if name is None:
        emit(
            [{"report": known, "tells": what} for known, what in NAMES.items()],
            ("report", "tells"),
            fmt,
            name="reports",
        )
        return EXIT_OK
    if name not in NAMES:
        raise ToolError(f"there is no report {name!r}", code="unknown_report", hint=f"there are: {', '.join(NAMES)}")
    replaying.need()
    from journal_tools.reports.reading import Options, Reading

    journal = Journal.open(path)
    from_seq, to_seq = span(journal, from_text, to_text)
    options = Options(
        accounts=frozenset(how["accounts"]),
        markets=frozenset(how["markets"]),
        every_ns=how["every"] * 10**9,
        sizes=how["sizes"],
        against=how["against"],
        watch=how["watch"],
    )
    reading = Reading(journal, from_seq=from_seq, to_seq=to_seq, options=options)
    report = load(name)
    about = {"report": name, **reading.proof()}
    emit(report.rows(reading), report.COLUMNS, fmt, name="rows", about={"about": about})
    _sign(about, fmt)
    return EXIT_FINDING if reading.findings else EXIT_OK


def _sign(about: dict[str, Any], fmt: str) -> None:
    """The proof as the last line, where the format has no other place for it."""
    text = json.dumps(plain(about), separators=(",", ":"))
    if fmt == "table":
        mark, head = about["mark"], about["head"]
        click.echo(
            f"\nsession {about['session']}, seqs {about['seqs'][0]} to {about['seqs'][1]}\n"
            f"block {head['seqs'][0]} to {head['seqs'][1]}: {head['block_hash']}\n"
            f"events up to {mark['event_seq']}: {mark['event_digest']}\n"
            f"state at {mark['root_seq']}: {mark['state_root']}\n"
            f"by {about['tool']}"
        )
    elif fmt == "csv":
        click.echo(f"# {text}")
    elif fmt == "md":
        click.echo(f"\n<!-- {text} -->")
    elif fmt == "ndjson":
        click.echo(json.dumps({"about": plain(about)}, separators=(",", ":")))
