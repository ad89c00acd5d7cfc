"""`journal show`: one seq in full, with what made it happen and what it made happen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from journal_tools.grammar import Moment, path_argument, shown_time, verb
from journal_tools.journal import Block, Journal, Record
from journal_tools.output import document, emit
from journal_tools.verbs.log import row, spelled, word
from journal_tools.vocabulary import ORIGINS, fields_of, name_of, words_of

CAUSES_MAX: Final = 100
"""A chain of causes is followed so far back."""
COLUMNS: Final = ("what", "value")
Fields = Callable[[list[Any]], dict[str, Any]]
"""The fields of a command by name: as numbers, or in words."""


@verb("show", short_help="One seq in full: the command, its cause, its author, its effects.")
@path_argument
@click.argument("seq", type=click.IntRange(min=1))
@click.option("--events", is_flag=True, help="What it did, and its author's name, by re-execution. Needs [replay].")
@click.option(
    "--window", type=click.IntRange(min=0), default=10_000, show_default=True, help="Seqs to look for effects."
)
def command(*, path: Path, seq: int, events: bool, window: int, fmt: str) -> None:
    """One command: its fields by name, its block, what caused it, and in the next seqs what it caused.

    `receipt` is what to keep: `journal verify --anchor` looks for it.
    """
    journal = Journal.open(path)
    record, block = journal.record(seq)
    fields = fields_of if fmt == "json" else words_of
    shown = described(record, block, fields) | {
        "causes": [brief(cause, fields) for cause in causes(journal, record)],
        "caused": [brief(other, fields) for other in caused(journal, seq, window)],
        "looked_for_effects_to": min(seq + window, journal.last_seq),
    }
    if events:
        shown |= _happened(journal, record)
    if fmt == "json":
        document(shown)
    elif fmt == "table":
        _print(shown)
    else:
        rows = [
            {"what": what, "value": value if isinstance(value, str) else _text(value)} for what, value in shown.items()
        ]
        emit(rows, COLUMNS, fmt, name="record")


def described(record: Record, block: Block, fields: Fields = fields_of) -> dict[str, Any]:
    """A record with its block."""
    mark = block.mark
    return {
        "seq": record.seq,
        "command": name_of(record.command),
        "fields": fields(record.command),
        "time": shown_time(record.time_ns),
        "time_ns": record.time_ns,
        "origin": ORIGINS[record.origin],
        "author": record.author,
        "cause": record.cause,
        "nonce": record.nonce,
        "bytes": block.record_bytes()[record.seq - block.first_seq].hex(),
        "receipt": f"{record.seq}:{block.hash.hex()}",
        "block": {
            "segment": block.segment,
            "first_seq": block.first_seq,
            "last_seq": block.last_seq,
            "hash": block.hash.hex(),
            "previous": block.previous.hex(),
            "epoch": block.epoch,
            "event_digest": mark.event_digest.hex(),
            "root_seq": mark.root_seq,
            "state_root": mark.state_root.hex(),
        },
    }


def brief(record: Record, fields: Fields = fields_of) -> dict[str, Any]:
    """A record in a word."""
    shown = row(record, flat=False) | {"fields": fields(record.command)}
    return {name: shown[name] for name in ("seq", "time", "origin", "author", "command", "fields")}


def causes(journal: Journal, record: Record) -> list[Record]:
    """What caused a command, what caused that, and so on, the nearest first; what names no earlier one ends it."""
    found: list[Record] = []
    while 0 < record.cause < record.seq and len(found) < CAUSES_MAX:
        record, _ = journal.record(record.cause)
        found.append(record)
    return found


def caused(journal: Journal, seq: int, window: int) -> list[Record]:
    """The commands of the next seqs that name a seq as their cause."""
    return [record for record in journal.records(seq + 1, seq + window) if record.cause == seq]


def _happened(journal: Journal, record: Record) -> dict[str, Any]:
    """By re-execution: the events, and the name of the author as it was registered."""
    from journal_tools import replaying

    names = {}
    if record.author:
        view = replaying.state_at(journal, Moment(record.seq, None))
        names = {author.author: f"{author.name} {author.version}" for author in view.authors()}
    return {
        "author_name": names.get(record.author),
        "events": [replaying.named(event) for event in replaying.answered(journal, record.seq).events],
    }


def _text(value: Any) -> str:
    return "" if value is None else spelled(value) if isinstance(value, dict) else word(value)


def _print(shown: dict[str, Any]) -> None:
    author = shown.get("author_name") or shown["author"]
    click.echo(f"{shown['seq']}  {shown['command']}  {spelled(shown['fields'])}")
    click.echo(f"time     {shown['time']}")
    click.echo(f"from     {shown['origin']}{f', author {author}' if author else ''}")
    if shown["nonce"]:
        click.echo(f"nonce    {shown['nonce']}")
    block = shown["block"]
    click.echo(f"block    seqs {block['first_seq']} to {block['last_seq']}, segment {block['segment']}")
    click.echo(f"receipt  {shown['receipt']}")
    for title, records in (("because of", shown["causes"]), ("it caused", shown["caused"])):
        if records:
            click.echo(title)
        for record in records:
            click.echo(f"  {record['seq']}  {record['command']}  {spelled(record['fields'])}")
    if "events" in shown:
        click.echo("it did")
        for event in shown["events"]:
            fields = {name: value for name, value in event.items() if name != "event"}
            click.echo(f"  {event['event']}  {spelled(fields)}")
