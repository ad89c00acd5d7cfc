"""`journal export`: the journal as Parquet or Arrow files, each row with the way back to its block."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from journal_tools import replaying
from journal_tools.errors import ToolError
from journal_tools.grammar import path_argument, verb
from journal_tools.journal import Journal
from journal_tools.output import emit

COLUMNS = ("table", "files", "rows", "bytes")


@verb("export", short_help="Parquet and Arrow, each row with the way back to its block.")
@path_argument
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="A new directory."
)
@click.option("--as", "suffix", type=click.Choice(("parquet", "arrow")), default="parquet", show_default=True)
@click.option("--verify", is_flag=True, help="Read an export again and compare every row with the journal.")
def command(*, path: Path, output: Path, suffix: str, verify: bool, fmt: str) -> None:
    """Every command and event by type, trades, orders, balances and positions: a file for each table and segment.

    Rows have seq, stamped time, and the first seq and the hash of their block; files have session, seqs and block
    hashes in their metadata. All of it comes from a re-execution that reproduces every exec mark. With `--verify` the
    directory is one that was written before; nothing is written, and what differs is a finding. Needs [replay] and
    [arrow].
    """
    replaying.need()
    from journal_tools.exporting.columns import tables
    from journal_tools.exporting.content import Content, parts
    from journal_tools.exporting.files import Checker, Files, Writer, compare_manifest, write_manifest, written_manifest
    from journal_tools.reports.reading import tool_version

    journal = Journal.open(path)
    before = written_manifest(output) if verify else _new_place(output)
    suffix, to_seq = before.get("format", suffix), before.get("seqs", [1, journal.last_seq])[1]
    about = {"session": journal.session_id, "format": suffix, "tool": f"crossbook-journal-tools {tool_version()}"}
    found = parts(journal, to_seq)
    files = Files(output, tables(), about, sink=Checker if verify else Writer)
    waiting = iter(found)
    segment = 0
    for number, table, row in Content(journal, to_seq).rows():
        if number != segment:
            files.begin(next(waiting))
            segment = number
        files.put(table, row)
    files.close()
    manifest = {
        **about,
        "seqs": [1, to_seq],
        "segments": [part._asdict() for part in found],
        "files": dict(sorted(files.counts.items())),
    }
    if verify:
        compare_manifest(output, manifest)
    else:
        write_manifest(output, manifest)
    emit(_summary(output, files.counts), COLUMNS, fmt, name="tables", about={"about": manifest})


def _new_place(output: Path) -> dict[str, Any]:
    """Raises ToolError if something is there already, or if it is in a session, which nobody but the venue changes."""
    if output.exists() and any(output.iterdir()):
        raise ToolError(
            f"{output} is not empty",
            code="output_exists",
            hint="give a new directory, or --verify to compare what is there",
        )
    if any((place / "session.json").exists() for place in (output, *output.resolve().parents)):
        raise ToolError(
            f"{output} is in a session", code="output_inside", hint="nothing is ever written there; give another place"
        )
    return {}


def _summary(output: Path, counts: dict[str, int]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, rows in sorted(counts.items()):
        table = str(Path(name).parent)
        row = found.setdefault(table, {"table": table, "files": 0, "rows": 0, "bytes": 0})
        row["files"] += 1
        row["rows"] += rows
        row["bytes"] += (output / name).stat().st_size
    return list(found.values())
