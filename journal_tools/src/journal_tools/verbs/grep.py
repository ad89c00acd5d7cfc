"""`journal grep`: every seq at which a condition became true, and who last changed a value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from journal_tools import replaying
from journal_tools.errors import Skipped, ToolError
from journal_tools.grammar import moment, path_argument, shown_time, verb
from journal_tools.journal import Journal
from journal_tools.output import emit
from journal_tools.past.units import Units
from journal_tools.vocabulary import ORIGINS, name_of
from journal_tools.watch.language import Expression, parse, shown
from journal_tools.watch.operands import Value

WINDOW: Final = 1_000
"""So many commands are looked at one by one first when looking back; then four times as many, and so on."""


@verb("grep", short_help="Every seq at which a condition became true, and who last changed a value.")
@path_argument
@click.argument("expression")
@click.option("--from", "from_text", metavar="SEQ|TIME", help="Watch from this seq or time on.")
@click.option("--at", metavar="SEQ|TIME", help="Watch up to this seq or time; the end if left out.")
@click.option("--reverse", is_flag=True, help="Only the last command that changed the value.")
@click.option("--limit", type=click.IntRange(min=1), help="No more rows than this.")
def command(
    *, path: Path, expression: str, from_text: str | None, at: str | None, reverse: bool, limit: int | None, fmt: str
) -> None:
    r"""Watch the past: a row for every seq at which the value of EXPRESSION changed, a condition became true or false.

    \b
    account(17).equity < 0 and account(17).position(BTC-PERP).lots != 0
    market(BTC-PERP).mark < 60000.5 or market(BTC-PERP).oracle.grade < thin
    account(17).ratio < 1.05        account(17).standing >= liquidatable
    asset(USDC).insurance           every seq at which it changed

    Cost: commands are executed one by one, and the state is looked at after each. --reverse looks back in windows, each
    four times the one before, executed from the nearest snapshot.
    """
    journal = Journal.open(path)
    kernel = replaying.kernel_at(journal, replaying.seq_of(journal, moment(at)))
    watched = parse(expression, Units(kernel))
    first_seq, last_seq = _first(journal, from_text), kernel.seq
    if first_seq > last_seq:
        raise ToolError(
            f"there is nothing from seq {first_seq} to {last_seq}",
            code="span_empty",
            hint=f"the journal has seqs 1 to {journal.last_seq}",
        )
    names = [name.name for name in watched.operands]
    rows = _last(journal, watched, first_seq, last_seq) if reverse else _watch(journal, watched, first_seq, last_seq)
    columns = ("seq", "time", "value", "before", *names, "command", "by", "cause")
    about = {"expression": expression, "from_seq": first_seq, "to_seq": last_seq}
    emit(_limited(rows, limit), columns, fmt, name="changes", about=about)


def _first(journal: Journal, text: str | None) -> int:
    found = moment(text)
    if found.time_ns is not None:
        return journal.seq_at(found.time_ns - 1) + 1
    return max(1, found.seq or 1)


def _limited(rows: Iterator[dict[str, Any]], limit: int | None) -> Iterator[dict[str, Any]]:
    for count, row in enumerate(rows, 1):
        yield row
        if count == limit:
            return


def _changes(
    journal: Journal, watched: Expression, first_seq: int, last_seq: int
) -> Iterator[tuple[int, Value, Value, dict[str, Any]]]:
    """Every seq of a span at which the value is not what it was: the value, the one before, and what was looked at."""
    playback = replaying.Playback(journal, after=first_seq - 1)
    reading = watched.reading()
    reading.refresh(playback.kernel)
    before = watched.evaluate(reading)
    for seq, _ in playback.commands(last_seq):
        if reading.refresh(playback.kernel):
            value = watched.evaluate(reading)
            if value != before:
                yield seq, value, before, {name.name: shown(name.read(reading)) for name in watched.operands}
                before = value


def _watch(journal: Journal, watched: Expression, first_seq: int, last_seq: int) -> Iterator[dict[str, Any]]:
    for seq, value, before, operands in _changes(journal, watched, first_seq, last_seq):
        yield _row(journal, seq, value, before, operands)


def _last(journal: Journal, watched: Expression, first_seq: int, last_seq: int) -> Iterator[dict[str, Any]]:
    """The last change of a span: windows from its end back. Raises Skipped `never_changed`."""
    window, end = WINDOW, last_seq
    while end >= first_seq:
        begin = max(first_seq, end - window + 1)
        found = list(_changes(journal, watched, begin, end))
        if found:
            yield _row(journal, *found[-1])
            return
        window, end = window * 4, begin - 1
    raise Skipped(
        f"{watched.text} never changed from seq {first_seq} to {last_seq}",
        code="never_changed",
        hint="journal state shows what it is",
    )


def _row(journal: Journal, seq: int, value: Value, before: Value, operands: dict[str, Any]) -> dict[str, Any]:
    record, _ = journal.record(seq)
    return {
        "seq": seq,
        "time": shown_time(record.time_ns),
        "value": shown(value),
        "before": shown(before),
        **operands,
        "command": name_of(record.command),
        "by": f"{ORIGINS[record.origin]} {record.author or ''}".strip(),
        "cause": record.cause or None,
    }
