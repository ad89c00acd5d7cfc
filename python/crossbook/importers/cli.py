"""`crossbook import`: recorded order flow in, a journaled session and a report out.

Exit codes: 0 everything agrees; 1 the report shows a difference, be it a row, a checksum or the replay; 2 the import
could not run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from crossbook.console import EXIT_FINDING, EXIT_OK, emit_json, guarded, json_option, jsonable, progress_bar
from crossbook.importers.imported import Imported

_ROW: Final = "  {:<34}{:>18}   {}"


@click.group("import", short_help="Turn recorded order flow into a journaled session.")
def import_group() -> None:
    """Turn recorded order flow into a journaled session, and report how well it is reproduced."""


_READABLE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_files = click.argument("files", nargs=-1, required=True, type=_READABLE, metavar="FILE...")
_file = click.argument("file", type=_READABLE)
_output = click.option(
    "-o", "--output", "path", required=True, type=click.Path(path_type=Path), help="Directory of the new session."
)
_durability = click.option(
    "--durability",
    type=click.Choice(["durable", "pipelined", "volatile"]),
    default="volatile",
    show_default=True,
    help="Of the session while it is written; an import can be repeated from its file.",
)


@import_group.command("lobster", short_help="A LOBSTER message file, checked against its orderbook file.")
@_files
@_output
@click.option(
    "--mode",
    type=click.Choice(["step", "free"]),
    default="step",
    show_default=True,
    help="Where our queue would not have chosen the recorded order: apply the record, or let our own fills stand.",
)
@click.option(
    "--queue-by",
    type=click.Choice(["reference", "arrival"]),
    default="reference",
    show_default=True,
    help="Queue orders that the recording shows late by the exchange's numbers, or by the order of lines.",
)
@_durability
@json_option
@guarded
def import_lobster_command(
    *, files: Sequence[Path], path: Path, mode: str, queue_by: str, durability: str, as_json: bool
) -> int:
    """Import a LOBSTER message file (.csv or .csv.xz), and check it against its orderbook file if given."""
    from crossbook.importers.lobster import Mode, QueueBy
    from crossbook.importers.lobster_report import rows
    from crossbook.importers.lobster_run import import_lobster

    with progress_bar("importing", as_json=as_json) as progress:
        report = import_lobster(
            files, path, mode=Mode(mode), queue_by=QueueBy(queue_by), durability=durability, progress=progress
        )
    title = f"{', '.join(report.files)} ({report.mode}, queue by {report.queue_by})"
    return _finish(report, title, rows(report), report.session, agrees=report.agrees, as_json=as_json)


@import_group.command("matching-benchmark", short_help="An order stream of the matching benchmark.")
@_file
@_output
@click.option(
    "--reports", type=click.Path(dir_okay=False, path_type=Path), help="Also write the report stream to this file."
)
@_durability
@json_option
@guarded
def import_benchmark_command(*, file: Path, path: Path, reports: Path | None, durability: str, as_json: bool) -> int:
    """Import an order stream of the matching benchmark (.bin or .bin.xz)."""
    from crossbook.importers.matching_benchmark import import_matching_benchmark

    with progress_bar("importing", as_json=as_json) as progress:
        report, text = import_matching_benchmark(file, path, durability=durability, progress=progress)
    if reports is not None:
        reports.write_text(text, encoding="ascii", newline="")
    table = [
        ("instructions", f"{report.instructions:,}", ""),
        ("report lines", f"{report.lines:,}", f"sha256 {report.sha256}"),
    ]
    return _finish(report, report.file, table, report.session, agrees=report.session.equal, as_json=as_json)


@import_group.command("kraken", short_help="A websocket capture of Kraken book updates.")
@_file
@_output
@_durability
@json_option
@guarded
def import_kraken_command(*, file: Path, path: Path, durability: str, as_json: bool) -> int:
    """Import a websocket capture of Kraken book updates, and check every checksum in it."""
    from crossbook.importers.kraken import import_kraken

    with progress_bar("importing", as_json=as_json) as progress:
        report = import_kraken(file, path, durability=durability, progress=progress)
    table = [
        (name, f"{pair.agreeing:,} of {pair.checksums:,}", f"checksums; {pair.out_of_range:,} changes out of range")
        for name, pair in report.pairs.items()
    ]
    table.append(("all pairs", f"{report.agreeing:,} of {report.checksums:,}", "checksums reproduced from our depth"))
    return _finish(report, report.file, table, report.session, agrees=report.agrees, as_json=as_json)


def _finish(
    report: msgspec.Struct,
    title: str,
    table: Sequence[tuple[str, str, str]],
    session: Imported,
    *,
    agrees: bool,
    as_json: bool,
) -> int:
    """Print the report; returns the exit code."""
    if as_json:
        emit_json(jsonable(report) | {"agrees": agrees})
    else:
        click.echo(title)
        for row in [*table, *session_rows(session)]:
            click.echo(_ROW.format(*row).rstrip())
        click.echo(f"hint: look around in it with `crossbook state {session.path}`", err=True)
    return EXIT_OK if agrees else EXIT_FINDING


def session_rows(session: Imported) -> list[tuple[str, str, str]]:
    """What every import says about the session it wrote."""
    refused = ", ".join(f"{count:,} {name}" for name, count in session.rejected.items()) or "none"
    verdict = "equal" if session.equal else "DIFFERENT"
    return [
        ("commands journaled", f"{session.commands:,}", f"{session.blocks:,} blocks in {session.import_seconds:.1f} s"),
        ("commands refused", f"{sum(session.rejected.values()):,}", refused),
        ("trades", f"{session.trades:,}", ""),
        ("state root", session.state_root[:16], f"replayed in {session.replay_seconds:.1f} s: {verdict}"),
        ("event digest", session.event_digest[:16], f"replayed {session.replayed_digest[:16]}: {verdict}"),
    ]
