"""The command line: `crossbook replay | state | explain | events | verify | import | policies | study | demo | …`.

Every command is non-interactive and knows `--json`; the grammar is in `crossbook.console`.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import Any, ClassVar

import click

from crossbook import snapshots
from crossbook.commands import Command
from crossbook.console import (
    EXIT_FINDING,
    Grammar,
    emit_json,
    facts,
    guarded,
    json_option,
    jsonable,
    many,
    parse_at,
    progress_bar,
    require_journal,
)
from crossbook.errors import InputError
from crossbook.events import Event, Observed, Rejected
from crossbook.journal import JournalReader
from crossbook.journal import repair as repair_journal
from crossbook.journal import verify as verify_journal
from crossbook.rejects import REASONS
from crossbook.replay import Answered, answered, block_hash_at
from crossbook.replay import replay as replay_journal
from crossbook.state import StateView
from crossbook.times import show_time
from crossbook.views import OrderView, PositionView, text_table
from crossbook.wire import decode_events


class _Lazy(Grammar):
    """The group of all commands; the heavier ones are imported when they are called for."""

    homes: ClassVar = {
        "compare": "crossbook.cli_compare:compare_command",
        "demo": "crossbook.demo.cli:demo_command",
        "explain": "crossbook.cli_explain:explain_command",
        "import": "crossbook.importers.cli:import_group",
        "observe": "crossbook.observations.cli:observe_command",
        "policies": "crossbook.policies.cli:policies_group",
        "replay": "crossbook.cli_replay:replay_command",
        "study": "crossbook.study.cli:study_group",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self.homes])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.homes:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.homes[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="crossbook", prog_name="crossbook")
def main() -> None:
    """Replay, read and check the journal of a venue.

    Every command takes --json. Exit codes: 0 done, 1 a finding, 2 could not run.
    """


_path = click.argument("path", type=click.Path(path_type=Path))


@main.command(short_help="Show the state at any seq or time of the past.")
@_path
@click.option(
    "--at", metavar="SEQ|TIME", help="A seq, or a time (ISO 8601, or ns with the suffix ns); default: the end."
)
@click.option("--account", type=click.IntRange(min=1), help="Show this account with its margin terms and orders.")
@click.option("--market", help="Show this market (symbol or id) with its book.")
@click.option("--depth", type=click.IntRange(min=1), default=10, show_default=True, help="Levels of the book to show.")
@json_option
@guarded
def state(
    path: Path,
    at: str | None,
    account: int | None,
    market: str | None,
    depth: int,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Show the state of a venue at any seq or time of its past."""
    require_journal(path)
    seq, time_ns = (None, None) if at is None else parse_at(at)
    with progress_bar("replaying", as_json=as_json) as progress:
        view = replay_journal(path, start="snapshot", seq=seq, time_ns=time_ns, progress=progress).view
    document: dict[str, Any] = {"path": path, "seq": view.seq, "time_ns": view.time_ns, "state_root": view.state_root}
    if account is not None:
        document |= {"account": view.account(account), "orders": view.orders(account)}
    if market is not None:
        which = int(market) if market.isdigit() else market
        document |= {"market": view.market(which), "book": view.book(which, depth)}
    if account is None and market is None:
        document |= {"accounts": view.account_count(), "assets": view.assets(), "markets": view.markets()}
        document |= {"parameters": view.parameters(), "subsystem_roots": view.subsystem_roots()}
    if as_json:
        emit_json(document)
        return
    click.echo(
        facts([("seq", f"{view.seq:,}"), ("time", show_time(view.time_ns)), ("state root", view.state_root.hex())])
    )
    for text in _state_texts(document, view):
        click.echo(f"\n{text}")


def _state_texts(document: dict[str, Any], view: StateView) -> list[str]:
    texts = []
    if "account" in document:
        account = document["account"]
        texts += [repr(account), f"positions\n{_position_table(account.positions)}"]
        texts += [f"open orders\n{_order_table(document['orders'])}"]
    if "market" in document:
        texts += [facts(list(_flat(jsonable(document["market"]))))]
        texts += [text_table(_TIER_COLUMNS, [[getattr(tier, name) for name in tier.__struct_fields__]
                                             for tier in document["market"].tiers])]  # fmt: skip
        texts += [repr(document["book"])]
    if "accounts" in document:
        texts += [many(document["accounts"], "account"), f"assets\n{document['assets']!r}", _market_table(view)]
    return texts


def _flat(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Facts one a line, those of a part under its name; of a list how long it is."""
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name} ")
        elif name != "tiers":
            yield prefix + name, str(len(value)) if isinstance(value, list) else str(value)


_TIER_COLUMNS = ["tier from notional", "initial rate", "maintenance rate"]
_POSITION_COLUMNS = {
    "market": "market", "size": "size", "cost": "cost", "mark": "mark", "buys": "buys", "sells": "sells",
    "worst_notional": "worst notional", "tier": "tier", "maintenance": "maintenance",
}  # fmt: skip
_ORDER_COLUMNS = {
    "order": "order", "market": "market", "side": "side", "price": "price", "size": "size", "filled": "filled",
    "time_in_force": "in force", "client_order": "client order",
}  # fmt: skip


def _position_table(positions: tuple[PositionView, ...]) -> str:
    """What the terms of the margin are computed from. The margin itself is in the terms."""
    rows = [[getattr(position, name) for name in _POSITION_COLUMNS] for position in positions]
    return text_table(list(_POSITION_COLUMNS.values()), rows) if rows else "(none)"


def _order_table(orders: tuple[OrderView, ...]) -> str:
    """Open orders in a width that a terminal has; `--json` has every field."""
    rows = []
    for order in orders:
        flags = [name for name in ("post_only", "reduce_only") if getattr(order, name)]
        row = [getattr(order, name) for name in _ORDER_COLUMNS]
        rows.append([*row, " ".join(flags).replace("_", "-"), show_time(order.expires_at) if order.expires_at else ""])
    return text_table([*_ORDER_COLUMNS.values(), "flags", "expires"], rows) if rows else "(none)"


def _market_table(view: StateView) -> str:
    columns = ["market", "mark", "last", "open interest", "best bid", "best ask"]
    rows = []
    for market in view.markets():
        book = view.book(market.market, 1)
        best = [side[0].price if side else None for side in (book.bids, book.asks)]
        rows.append([market.symbol, market.mark, market.last, market.open_interest, *best])
    return text_table(columns, rows)


@main.command(short_help="Count what happened, or show what came of one command.")
@_path
@click.option("--seq", type=click.IntRange(min=1), help="Show this command and its events instead.")
@click.option("--account", type=click.IntRange(min=1), help="List the events that name this account instead.")
@json_option
@guarded
def events(path: Path, seq: int | None, account: int | None, as_json: bool) -> None:  # noqa: FBT001
    """Count the events of a journal, or show those of one command or one account.

    Events follow from the commands and are not stored: the journal is re-executed to find them.
    """
    if seq is not None and account is not None:
        raise click.UsageError("give --seq or --account, not both", click.get_current_context())
    require_journal(path)
    if seq is not None:
        _show_answer(path, answered(path, seq), as_json=as_json)
    elif account is not None:
        _show_account_events(path, account, as_json=as_json)
    else:
        _show_counts(path, as_json=as_json)


def _show_counts(path: Path, *, as_json: bool) -> None:
    kinds: Counter[str] = Counter()
    reasons: Counter[str] = Counter()

    def count(data: bytes) -> None:
        for event in decode_events(data):
            kinds[type(event).__name__] += 1
            if isinstance(event, Rejected):
                reasons[REASONS[event.code].code.camel] += 1

    with progress_bar("replaying", as_json=as_json) as progress:
        replayed = replay_journal(path, progress=progress, on_events=count)
    if as_json:
        document = {"path": path, "seq": replayed.seq, "event_digest": replayed.event_digest}
        emit_json(document | {"events": dict(kinds.most_common()), "refused": dict(reasons.most_common())})
        return
    total = [("events", f"{kinds.total():,}"), ("up to seq", f"{replayed.seq:,}")]
    click.echo(facts([*total, ("event digest", replayed.event_digest.hex())]))
    for title, counter in (("event", kinds), ("refused for", reasons)):
        if counter:
            click.echo("\n" + text_table([title, "count"], [[name, f"{n:,}"] for name, n in counter.most_common()]))


_PARTIES = ("account", "maker", "taker", "source", "destination")


def _names(event: Event, account: int) -> bool:
    """Whether an event is about an account; the source of an observation is none."""
    return not isinstance(event, Observed) and any(getattr(event, name, 0) == account for name in _PARTIES)


def _show_account_events(path: Path, account: int, *, as_json: bool) -> None:
    """Every event that names an account: its cash is the sum of what they say."""
    found: list[Event] = []

    def keep(data: bytes) -> None:
        happened = decode_events(data)
        found.extend(event for event in happened if _names(event, account))

    with progress_bar("replaying", as_json=as_json) as progress:
        view = replay_journal(path, progress=progress, on_events=keep).view
    view.account(account)  # raises NotFound: an account nobody opened has no events
    if as_json:
        events = [{"type": type(event).__name__} | jsonable(event) for event in found]
        emit_json({"path": path, "seq": view.seq, "account": account, "events": events})
        return
    width = len(f"{view.seq:,}")
    for event in found:
        click.echo(fill(f"{event.seq:>{width},}  {_told(event)}", 98, subsequent_indent=" " * (width + 4)))


def _show_answer(path: Path, answer: Answered, *, as_json: bool) -> None:
    """One command and its events."""
    record, block = answer.record, answer.block
    origins = {name: getattr(record, name) for name in ("origin", "author", "cause", "nonce")}
    place = {"segment": block.segment, "block": block.first_seq, "block_hash": block.block_hash}
    if as_json:
        command, *happened = [
            {"type": type(item).__name__} | jsonable(item) for item in (record.command, *answer.events)
        ]
        document = {"path": path, "seq": answer.seq, "time_ns": answer.time_ns} | origins | place
        emit_json(document | {"command": command, "events": happened})
        return
    rows = [("seq", f"{answer.seq:,}"), ("time", show_time(answer.time_ns))]
    rows += [(name.replace("_", " "), str(value)) for name, value in jsonable(origins | place).items()]
    click.echo(facts(rows))
    for title, items in (("command", [record.command]), ("events", answer.events)):
        click.echo(f"\n{title}")
        for item in items:
            click.echo(fill(_told(item), 98, initial_indent="  ", subsequent_indent="    "))


def _told(item: Command | Event) -> str:
    """A command or an event as words; a refusal says its reason."""
    if isinstance(item, Rejected):
        return f"Rejected: {item.explain()}"
    fields = [f"{name} {value}" for name, value in jsonable(item).items() if name != "seq"]
    return f"{type(item).__name__} {', '.join(fields)}"


@main.command(short_help="Write a snapshot of the end, for later replays to start at.")
@_path
@json_option
@guarded
def snapshot(path: Path, as_json: bool) -> None:  # noqa: FBT001
    """Write a snapshot of the end of a journal, so that later replays may start there."""
    require_journal(path)
    with progress_bar("replaying", as_json=as_json) as progress:
        replayed = replay_journal(path, start="snapshot", progress=progress)
    with JournalReader(path) as reader:
        block_hash = block_hash_at(reader, replayed.seq)
    if block_hash is None:
        raise InputError("the journal is empty", code="nothing_to_snapshot", hint="submit a command first")
    written = snapshots.write(path, replayed.kernel, block_hash=block_hash)
    if as_json:
        emit_json({"snapshot": written, "seq": replayed.seq, "bytes": written.stat().st_size}
                  | {"state_root": replayed.state_root})  # fmt: skip
        return
    rows = [("snapshot", str(written)), ("seq", f"{replayed.seq:,}"), ("bytes", f"{written.stat().st_size:,}")]
    click.echo(facts([*rows, ("state root", replayed.state_root.hex())]))


@main.command(short_help="Verify every file, hash and link, executing nothing.")
@_path
@json_option
@guarded
def verify(path: Path, as_json: bool) -> int:  # noqa: FBT001
    """Verify every file, hash and link of a journal without executing it; exit 1 if anything is wrong."""
    require_journal(path)
    with progress_bar("verifying", as_json=as_json) as progress:
        report = verify_journal(path, progress=progress)
    findings = [
        {name: getattr(finding, name) for name in finding.__slots__} | {"text": str(finding)}
        for finding in report.findings
    ]
    fields = ("path", "session", "branch", "segments", "blocks", "last_seq", "head_hash", "closed", "torn_tail", "ok")
    if as_json:
        emit_json({name: getattr(report, name) for name in fields} | {"findings": findings})
        return report.exit_code
    rows = [
        ("journal", f"{report.path}, {'closed cleanly' if report.closed else 'not closed, or open now'}"),
        (
            "verified",
            f"{many(report.segments, 'segment')}, {many(report.blocks, 'block')}, up to seq {report.last_seq:,}",
        ),
        ("head hash", report.head_hash),
    ]
    if report.branch is not None:
        rows.insert(1, ("a branch of", f"session {report.branch.parent} up to seq {report.branch.parent_seq:,}"))
        rows.insert(2, ("parent's hash", report.branch.parent_hash))
    click.echo(facts(rows))
    for finding in findings:
        click.echo(f"finding: {finding['text']}")
    if report.torn_tail:
        click.echo(f"hint: the tail was torn by a crash; `crossbook repair {path}` drops it and keeps it", err=True)
    elif findings:
        click.echo("hint: restore the segment from a copy; nothing but a torn tail is ever repaired", err=True)
    else:
        click.echo("nothing is wrong")
    return EXIT_FINDING if findings else 0


@main.command(short_help="Drop a torn tail, and keep it as evidence.")
@_path
@json_option
@guarded
def repair(path: Path, as_json: bool) -> None:  # noqa: FBT001
    """Drop a torn tail, keep it as evidence, and let the next opening record the repair. Refuses any other damage."""
    require_journal(path)
    report = repair_journal(path)
    if as_json:
        emit_json({name: getattr(report, name) for name in report.__slots__})
        return
    if not report.blocks:
        click.echo("nothing to repair")
        return
    click.echo(
        f"dropped {many(report.blocks, 'torn block')} from seq {report.first_seq} on, kept as {report.side_file}"
    )
    click.echo("hint: the next opening of the venue journals this repair as its first command", err=True)
