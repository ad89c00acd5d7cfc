"""`crossbook import`: recorded order flow in, a journaled session and a report out.

The report goes to stdout, as a table or with `--json` as one JSON object. Exit codes: 0 everything agrees, 1 the
report shows a difference (a row, a checksum, the replay), 2 the import could not run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import click
import msgspec

from crossbook.errors import CrossbookError
from crossbook.importers.imported import Imported

ROW = "  {:<34}{:>18}   {}"

Command = Callable[..., Any]


class ImportFailed(click.ClickException):
    """An import that could not run: the error with its hint on stderr, exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message; the hint is part of it."""
        click.echo(f"error: {self.message}", err=True, file=file)


@click.group("import")
def import_group() -> None:
    """Turn recorded order flow into a journaled session, and report how well it is reproduced."""


_files = click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE..."
)
_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
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
_json = click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")


@import_group.command("lobster")
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
@_json
def import_lobster_command(
    *, files: Sequence[Path], path: Path, mode: str, queue_by: str, durability: str, as_json: bool
) -> None:
    """Import a LOBSTER message file (.csv or .csv.xz), and check it against its orderbook file if given."""
    from crossbook.importers.lobster import Mode, QueueBy
    from crossbook.importers.lobster_report import rows
    from crossbook.importers.lobster_run import import_lobster

    try:
        report = import_lobster(files, path, mode=Mode(mode), queue_by=QueueBy(queue_by), durability=durability)
    except CrossbookError as error:
        raise ImportFailed(str(error)) from error
    title = f"{', '.join(report.files)} ({report.mode}, queue by {report.queue_by})"
    _finish(report, title, rows(report), report.session, agrees=report.faithful, as_json=as_json)


@import_group.command("matching-benchmark")
@_file
@_output
@click.option(
    "--reports", type=click.Path(dir_okay=False, path_type=Path), help="Also write the report stream to this file."
)
@_durability
@_json
def import_benchmark_command(*, file: Path, path: Path, reports: Path | None, durability: str, as_json: bool) -> None:
    """Import an order stream of the matching benchmark (.bin or .bin.xz)."""
    from crossbook.importers.matching_benchmark import import_matching_benchmark

    try:
        report, text = import_matching_benchmark(file, path, durability=durability)
    except CrossbookError as error:
        raise ImportFailed(str(error)) from error
    if reports is not None:
        reports.write_text(text, encoding="ascii", newline="")
    table = [
        ("instructions", f"{report.instructions:,}", ""),
        ("report lines", f"{report.lines:,}", f"sha256 {report.sha256}"),
    ]
    _finish(report, report.file, table, report.session, agrees=report.session.equal, as_json=as_json)


@import_group.command("kraken")
@_file
@_output
@_durability
@_json
def import_kraken_command(*, file: Path, path: Path, durability: str, as_json: bool) -> None:
    """Import a websocket capture of Kraken book updates, and check every checksum in it."""
    from crossbook.importers.kraken import import_kraken

    try:
        report = import_kraken(file, path, durability=durability)
    except CrossbookError as error:
        raise ImportFailed(str(error)) from error
    table = [
        (name, f"{pair.agreeing:,} of {pair.checksums:,}", f"checksums; {pair.out_of_range:,} changes out of range")
        for name, pair in report.pairs.items()
    ]
    table.append(("all pairs", f"{report.agreeing:,} of {report.checksums:,}", "checksums reproduced from our depth"))
    agrees = report.session.equal and report.agreeing == report.checksums
    _finish(report, report.file, table, report.session, agrees=agrees, as_json=as_json)


def _finish(
    report: msgspec.Struct,
    title: str,
    table: Sequence[tuple[str, str, str]],
    session: Imported,
    *,
    agrees: bool,
    as_json: bool,
) -> None:
    """Print the report and leave with 1 if it shows a difference."""
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        click.echo(title)
        for row in [*table, *session_rows(session)]:
            click.echo(ROW.format(*row).rstrip())
        click.echo(f"  next: crossbook state {session.path}")
    if not agrees:
        raise click.exceptions.Exit(1)


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
