"""`journal diff`: two journals, or a branch and its parent: where they part, then who, what and how much."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import click

from journal_tools import replaying
from journal_tools.differences import happened, holdings
from journal_tools.differences.builds import Build
from journal_tools.differences.divergence import state_difference
from journal_tools.differences.executions import Execution
from journal_tools.differences.found import COLUMNS, command_document, event_rows, record_rows, state_rows
from journal_tools.differences.happened import EventsPart
from journal_tools.differences.records import Compared, compare_records, everything, from_outside
from journal_tools.grammar import EXIT_FINDING, EXIT_OK, Moment, moment, verb
from journal_tools.journal import Journal
from journal_tools.output import document, emit
from journal_tools.snapshots import entities

FIELDS_SHOWN_MAX = 12
"""Fields of the state shown in a table; the other formats have all."""
COUNTING = ("sequence", "events", "root_mark")
"""Parts of a state that count commands, and so differ wherever other commands came before."""


class Executed(NamedTuple):
    """What two executions came to: the first event that differs, the state just after it, and the ends."""

    event: EventsPart | None
    subsystems: list[str]
    fields: list[dict[str, Any]]
    ends: tuple[int, int]
    holdings: list[dict[str, Any]]


@verb("diff", short_help="Two journals: the first divergence, then who, what, how much.")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--replay", is_flag=True, help="Execute both: events, states, who has what. Needs [replay].")
@click.option("--at", metavar="SEQ|TIME", help="With --replay: who has what as of this seq or time, not at the ends.")
@click.option("--outside", is_flag=True, help="Leave out what policies did: a branch against its parent.")
def command(*, a: Path, b: Path, replay: bool, at: str | None, outside: bool, fmt: str) -> int:
    """Where do two journals part? Record by record; with --replay also by events, state, and what everybody has.

    Nothing is kept in memory but the present blocks, and with --replay two states. Exit code 1 if they differ.
    """
    journals = Journal.open(a), Journal.open(b)
    read = from_outside if outside else everything
    compared = compare_records(read(journals[0]), read(journals[1]), by_seq=not outside)
    executed = _execute(journals, compared, moment(at), outside=outside) if replay or at else None
    differs = compared.parted is not None or (executed is not None and _differs(executed))
    if fmt == "table":
        _print(journals, compared, executed, outside=outside)
    elif fmt == "json":
        document(_document(journals, compared, executed, differs=differs))
    else:
        rows = [*record_rows(compared.parted)]
        if executed is not None:
            rows += [*event_rows(executed.event and executed.event.difference), *executed.fields]
            rows += [_holding_row(row) for row in executed.holdings]
        emit(rows, COLUMNS, fmt, name="differences", about={"differs": differs})
    return EXIT_FINDING if differs else EXIT_OK


def _differs(executed: Executed) -> bool:
    return executed.event is not None or bool(executed.fields or executed.holdings)


def _execute(journals: tuple[Journal, Journal], compared: Compared, at: Moment, *, outside: bool) -> Executed:
    ends = [_end(journal, at) for journal in journals]
    told = happened.of_markets_and_accounts if outside else happened.everything
    with Build() as one, Build() as other:
        pair = Execution(journals[0], one), Execution(journals[1], other)
        event = happened.first_event_parting(*pair, (ends[0], ends[1]), told=told, by_seq=not outside)
        states = [entities(execution.snapshot()) for execution in pair]
        owned = holdings.differing(*states)
        seqs = _first_seqs(compared, event, ends)
        for execution, seq in zip(pair, seqs, strict=True):
            execution.start(replaying.nearest(execution.journal, seq).snapshot())
            for _ in execution.events(seq):
                pass
        state = state_difference(*pair)
    left_out = COUNTING if outside else COUNTING[1:] if event else ()
    rows = state_rows(state, leaving_out=left_out)
    return Executed(event, [name for name in state.subsystems if name not in left_out], rows, (ends[0], ends[1]), owned)


def _end(journal: Journal, at: Moment) -> int:
    seq = replaying.seq_of(journal, at)
    return journal.last_seq if seq is None else min(seq, journal.last_seq)


def _first_seqs(compared: Compared, event: EventsPart | None, ends: list[int]) -> list[int]:
    """The seqs after which states are compared: where the first event differs, else the first record, else the ends."""
    parted = compared.parted
    by_record = (parted.a and parted.a.seq, parted.b and parted.b.seq) if parted else (None, None)
    seqs = event.seqs if event else by_record
    return [end if seq is None else min(seq, end) for seq, end in zip(seqs, ends, strict=True)]


def _holding_row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "part": "holdings",
        "entity": row["who"],
        "field": f"{row['what']} {row['of']}",
        "a": row["a"],
        "b": row["b"],
    }


# --- printing -------------------------------------------------------------------------------------------------------


def _relation(journals: tuple[Journal, Journal]) -> list[str]:
    """What each journal is of the other."""
    said = []
    for journal, other, name in zip(journals, reversed(journals), "BA", strict=True):
        parent = journal.session.get("parent")
        if parent == other.session_id:
            said.append(f", a branch of {name} from seq {journal.session['parent_seq']}")
        else:
            said.append(f", a branch of {parent}" if parent else "")
    return said


def _document(
    journals: tuple[Journal, Journal], compared: Compared, executed: Executed | None, *, differs: bool
) -> dict[str, Any]:
    parted = compared.parted
    found: dict[str, Any] = {
        "a": {"path": str(journals[0].path), "session": journals[0].session_id, "records": compared.records[0]},
        "b": {"path": str(journals[1].path), "session": journals[1].session_id, "records": compared.records[1]},
        "differs": differs,
        "records": None,
    }
    if parted is not None:
        found["records"] = {
            "same": parted.same,
            "a": command_document(parted.a) if parted.a else None,
            "b": command_document(parted.b) if parted.b else None,
            "fields": [field._asdict() for field in parted.fields],
        }
    if executed is not None:
        event = executed.event
        found["event"] = None
        if event is not None:
            fields = [field._asdict() for field in event.difference.fields]
            found["event"] = {
                "a": {"seq": event.seqs[0], "event": event.difference.a},
                "b": {"seq": event.seqs[1], "event": event.difference.b},
                "fields": fields,
            }
        found |= {"subsystems": executed.subsystems, "state": executed.fields}
        found |= {"ends": executed.ends, "holdings": executed.holdings}
    return found


def _print(journals: tuple[Journal, Journal], compared: Compared, executed: Executed | None, *, outside: bool) -> None:
    kind = "outside commands" if outside else "commands"
    for name, journal, count, relation in zip("AB", journals, compared.records, _relation(journals), strict=True):
        click.echo(f"{name}  {journal.path}, {count:,} {kind}{relation}")
    click.echo("")
    _print_records(compared, kind)
    if executed is not None:
        _print_events(executed)
        _print_state(executed)
        click.echo("")
        where = " and ".join(f"seq {seq}" for seq in dict.fromkeys(executed.ends))
        if executed.holdings:
            click.echo(f"who has what after {where}")
            emit(executed.holdings, holdings.COLUMNS, "table", name="holdings")
        else:
            click.echo(f"everybody has the same after {where}")


def _print_records(compared: Compared, kind: str) -> None:
    parted = compared.parted
    if parted is None:
        click.echo(f"{kind}: the same")
        return
    click.echo(f"{kind}: {parted.same:,} are the same, then")
    for name, record in (("A", parted.a), ("B", parted.b)):
        if record is None:
            click.echo(f"  {name}  ends")
            continue
        said = command_document(record)
        named = ("seq", "time", "command")
        fields = " ".join(f"{field}={value}" for field, value in said.items() if field not in named)
        click.echo(f"  {name}  seq {said['seq']}, {said['time']}: {said['command']} {fields}")
    if parted.fields:
        click.echo(f"  differ in {', '.join(field.field for field in parted.fields)}")


def _print_events(executed: Executed) -> None:
    if executed.event is None:
        click.echo("events: the same")
        return
    difference, seqs = executed.event
    click.echo("events: the first that differs")
    for at, (name, event) in enumerate((("A", difference.a), ("B", difference.b))):
        fields = " ".join(f"{field.field}={field[at + 1]}" for field in difference.fields)
        click.echo(f"  {name}  seq {seqs[at]}: {event} {fields}".rstrip() if event else f"  {name}  ends")


def _print_state(executed: Executed) -> None:
    if not executed.fields:
        click.echo("state: the same")
        return
    click.echo(f"state: the first fields that differ, of {', '.join(executed.subsystems) or 'the snapshot'}")
    emit(executed.fields[:FIELDS_SHOWN_MAX], COLUMNS, "table", name="state")
    if len(executed.fields) > FIELDS_SHOWN_MAX:
        click.echo(f"and {len(executed.fields) - FIELDS_SHOWN_MAX} more; --format ndjson has all")
