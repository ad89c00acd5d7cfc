"""`journal log`: commands in order, and their events, by what they name, where they came from and when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from journal_tools.errors import ToolError
from journal_tools.grammar import moment, path_argument, shown_time, verb
from journal_tools.journal import Journal, Record
from journal_tools.lookup import index
from journal_tools.lookup.filters import Wanted, origins_of, rows_of, tags_of
from journal_tools.output import emit
from journal_tools.vocabulary import ORIGINS, fields_of, name_of, words_of

COLUMNS = ("seq", "time", "origin", "author", "cause", "command", "fields")
EVENT_COLUMNS = ("seq", "event", "fields")
_FLAT = ("table", "csv", "md")


@verb("log", short_help="Commands and events, by account, market, order, type and time.")
@path_argument
@click.option("--account", "accounts", type=int, multiple=True, help="Names this account; repeatable.")
@click.option("--market", "markets", type=int, multiple=True, help="Names this market, by id; repeatable.")
@click.option("--order", "orders", type=int, multiple=True, help="Names this order, by id; repeatable.")
@click.option("--type", "types", multiple=True, metavar="NAME", help="Of this type, like Place; repeatable.")
@click.option("--author", "authors", type=int, multiple=True, help="By this author, by id; repeatable.")
@click.option("--origin", "origins", type=click.Choice(ORIGINS), multiple=True, help="Of this origin; repeatable.")
@click.option("--from", "from_text", metavar="MOMENT", help="From this seq or time on.")
@click.option("--to", "to_text", metavar="MOMENT", help="To this seq or time, included.")
@click.option("--limit", type=click.IntRange(min=1), help="No more rows than this.")
@click.option(
    "--events", is_flag=True, help="What happened, by re-execution, instead of what was asked. Needs [replay]."
)
@click.option(
    "--index",
    "index_directory",
    type=click.Path(path_type=Path),
    envvar="JOURNAL_INDEX",
    help="Keep an index of accounts and orders in this directory; made on demand.  [env: JOURNAL_INDEX]",
)
def command(*, path: Path, from_text: str | None, to_text: str | None, limit: int | None, fmt: str, **how: Any) -> None:
    """Commands in order; those that are wanted by every option that is given.

    `--order` finds what names an order's id; the command that placed it does not know it yet: see `journal order`, or
    `--events`. Fields are as the journal has them: ids, lots, ticks, minor units, ns.
    """
    journal = Journal.open(path)
    wanted = Wanted(
        accounts=frozenset(how["accounts"]),
        orders=frozenset(how["orders"]),
        markets=frozenset(how["markets"]),
        authors=frozenset(how["authors"]),
        origins=origins_of(how["origins"]),
        tags=tags_of(how["types"], of_events=how["events"]),
    )
    from_seq, to_seq = span(journal, from_text, to_text)
    flat = fmt in _FLAT
    if how["events"]:
        rows: Iterator[dict[str, Any]] = _events(journal, wanted, from_seq, to_seq, flat=flat)
        emit(_first(rows, limit), EVENT_COLUMNS, fmt, name="events")
        return
    records = _records(journal, wanted, from_seq, to_seq, how["index_directory"])
    rows = (row(record, flat=flat) for record in records)
    emit(_first(rows, limit), COLUMNS, fmt, name="commands")


def span(journal: Journal, from_text: str | None, to_text: str | None) -> tuple[int, int]:
    """The first and the last seq of a span given as seqs or times."""
    begin, end = moment(from_text), moment(to_text)
    last = journal.last_seq
    first_seq = journal.seq_at(begin.time_ns - 1) + 1 if begin.time_ns is not None else begin.seq or 1
    last_seq = journal.seq_at(end.time_ns) if end.time_ns is not None else last if end.seq is None else end.seq
    if first_seq > last_seq + 1:
        raise ToolError(
            f"the span from seq {first_seq} to {last_seq} is empty",
            code="span_empty",
            hint=f"the journal has seqs 1 to {last}; --from comes before --to",
        )
    return first_seq, min(last_seq, last)


def _records(journal: Journal, wanted: Wanted, from_seq: int, to_seq: int, directory: Path | None) -> Iterator[Record]:
    """The records that are wanted, out of those an index has for an account or an order, else out of all."""
    if directory is None or not (wanted.accounts or wanted.orders):
        return rows_of(journal, wanted, from_seq, to_seq)
    built = index.update(journal, directory)
    if built.added:
        click.echo(f"note: indexed {built.added:,} commands, up to seq {built.last_seq}", err=True)
    kind, ids = (index.ACCOUNT, wanted.accounts) if wanted.accounts else (index.ORDER, wanted.orders)
    seqs = index.seqs_of(journal, directory, kind, ids)
    found = index.records_at(journal, [seq for seq in seqs if from_seq <= seq <= to_seq])
    return (record for record in found if wanted.takes(record[1:]))


def _events(journal: Journal, wanted: Wanted, from_seq: int, to_seq: int, *, flat: bool) -> Iterator[dict[str, Any]]:
    from journal_tools import replaying

    replaying.need()
    sources = None
    if wanted.authors or wanted.origins:
        sources = {record.seq for record in rows_of(journal, wanted, from_seq, to_seq, source_only=True)}
    for seq, found in replaying.events(journal, from_seq, to_seq) if to_seq >= from_seq else ():
        if sources is not None and seq not in sources:
            continue
        for event in found:
            if wanted.takes_event(msgspec.to_builtins(event)):
                shown = replaying.named(event)
                name = shown.pop("event")
                yield {"seq": seq, "event": name, "fields": spelled(shown) if flat else shown}


def row(record: Record, *, flat: bool) -> dict[str, Any]:
    """A record as a row; in flat formats its fields are one text, and nothing is written where there is none."""
    return {
        "seq": record.seq,
        "time": shown_time(record.time_ns),
        "origin": ORIGINS[record.origin],
        "author": None if flat and not record.author else record.author,
        "cause": None if flat and not record.cause else record.cause,
        "command": name_of(record.command),
        "fields": spelled(words_of(record.command)) if flat else fields_of(record.command),
    }


def spelled(fields: dict[str, Any]) -> str:
    """Fields as one text, `account=17 lots=5`."""
    return " ".join(f"{name}={word(value)}" for name, value in fields.items())


def word(value: Any) -> str:
    """A value as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple, dict)):
        return msgspec.json.encode(value).decode()
    name = getattr(value, "name", None)
    return name.lower() if isinstance(name, str) else str(value)


def _first(rows: Iterator[dict[str, Any]], limit: int | None) -> Iterator[dict[str, Any]]:
    for count, found in enumerate(rows, 1):
        yield found
        if count == limit:
            return
