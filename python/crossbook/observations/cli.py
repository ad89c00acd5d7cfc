"""`crossbook observe`: recorded observations into a venue, at their own times, with its policies running."""

from __future__ import annotations

from pathlib import Path

import click

from crossbook.console import emit_json, guarded, json_option, jsonable, progress_bar, require_journal
from crossbook.observations.files import read_observations
from crossbook.observations.quotes import FeedBook
from crossbook.observations.replay import RecordedClock, Replayed, book_from, replay_observations
from crossbook.times import show_time
from crossbook.venue import Venue


@click.command("observe", short_help="Put recorded observations into a venue, its policies running.")
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--feeds",
    "feeds_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file with [[feeds]]; by default the feeds of the oracle policy of the venue.",
)
@json_option
@guarded
def observe_command(*, path: Path, file: Path, feeds_file: Path | None, as_json: bool) -> None:
    """Put the observations of FILE (.csv, .jsonl, .parquet) into the venue at PATH, at the times they came in."""
    require_journal(path)
    clock = RecordedClock()
    with Venue.open(path, clock=clock) as venue:
        clock.now_ns = venue.time_ns
        book = book_from(feeds_file) if feeds_file else FeedBook.of(venue)
        with progress_bar("observing", as_json=as_json) as progress:
            done = replay_observations(
                venue,
                read_observations(file, book),
                clock=clock,
                progress=None if progress is None else lambda count: progress(count, count),
            )
    if as_json:
        emit_json({"path": path, "file": file} | jsonable(done))
        return
    for name, value in _rows(done):
        click.echo(f"{name:<13} {value}")
    click.echo(f"hint: look around in it with `crossbook state {path}`", err=True)


def _rows(done: Replayed) -> list[tuple[str, str]]:
    grades = ", ".join(f"{count:,} {name}" for name, count in done.grades.items()) or "none"
    refused = ", ".join(f"{count:,} {name}" for name, count in done.refused.items()) or "none"
    span = f", {show_time(done.first_time_ns)} to {show_time(done.last_time_ns)}" if done.observations else ""
    return [
        ("observations", f"{done.observations:,}{span}"),
        ("commands", f"{done.last_seq - done.first_seq + 1:,}, those of policies included"),
        ("prices", grades),
        ("refused", refused),
    ]
