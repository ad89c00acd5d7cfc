"""How well our book reproduces a recording: the tally kept during an import, and the report made of it."""

from __future__ import annotations

import msgspec

from crossbook.importers.imported import Imported
from crossbook.importers.lobster_format import Kind, Message


class Tally(msgspec.Struct):
    """Counts kept while a recording is imported. All are numbers of messages unless the name says otherwise."""

    messages: int = 0
    kinds: dict[str, int] = msgspec.field(default_factory=lambda: {kind.name.lower(): 0 for kind in Kind})
    hidden_shares: int = 0
    cancels_unknown: int = 0
    executions_unknown: int = 0
    executions_known: int = 0
    executions_refused: int = 0
    executions_open: int = 0
    at_best_price: int = 0
    at_queue_head: int = 0
    applied_as_recorded: int = 0
    sent: int = 0
    sent_unknown: int = 0
    filled_exactly: int = 0
    filled_first: int = 0
    filled_among: int = 0
    refused_gone: int = 0
    adds_traded: int = 0
    revealed_late: int = 0
    moved_behind: int = 0
    rows: int = 0
    rows_agreeing: int = 0
    levels_revealed: int = 0

    def count(self, message: Message) -> None:
        """Count a message by its kind."""
        self.messages += 1
        self.kinds[message.kind.name.lower()] += 1
        if message.kind == Kind.HIDDEN_EXECUTION:
            self.hidden_shares += message.size


class LobsterReport(msgspec.Struct, frozen=True):
    """The result of `crossbook import lobster`."""

    files: list[str]
    mode: str
    queue_by: str
    tally: Tally
    session: Imported

    @property
    def agrees(self) -> bool:
        """Whether the replay agrees, and every row of the orderbook file did."""
        return self.session.equal and self.tally.rows == self.tally.rows_agreeing


Row = tuple[str, str, str]


def rows(report: LobsterReport) -> list[Row]:
    """The report as a table: what was compared, how often it came out, what that means."""
    tally = report.tally
    known, still_open = tally.executions_known, tally.executions_open
    table: list[Row] = [
        ("messages", _n(tally.messages), _kinds(tally)),
        ("hidden executions", _n(_kind(tally, Kind.HIDDEN_EXECUTION)), f"{_n(tally.hidden_shares)} shares, no command"),
        ("older than the recording", _n(tally.cancels_unknown + tally.executions_unknown), "order never seen"),
        ("shown late", _n(tally.revealed_late), f"{_n(tally.moved_behind)} younger orders queued again behind them"),
        ("executions of known orders", _n(known), f"{_n(tally.executions_refused)} refused: the order was gone"),
        ("  order at the best price", _of(tally.at_best_price, still_open), "of those open in our book"),
        ("  order at the head of its queue", _of(tally.at_queue_head, still_open), "price-time priority agrees"),
    ]
    if report.mode == "step":
        table.append(("  applied as recorded", _n(tally.applied_as_recorded), "priority would not have chosen them"))
    table += [
        ("  filled in our book", _of(tally.filled_among, tally.sent), "the recorded order traded"),
        ("  filled exactly as recorded", _of(tally.filled_exactly, tally.sent), "order, price and size"),
    ]
    if tally.rows:
        revealed = f"{_n(tally.levels_revealed)} levels entered the window"
        table.append(("orderbook rows reproduced", _of(tally.rows_agreeing, tally.rows), revealed))
    return table


def _n(value: int) -> str:
    return f"{value:,}"


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}"


def _kind(tally: Tally, kind: Kind) -> int:
    return tally.kinds[kind.name.lower()]


def _kinds(tally: Tally) -> str:
    shown = (Kind.ADD, Kind.DELETE, Kind.PARTIAL_CANCEL, Kind.EXECUTION)
    return ", ".join(f"{_kind(tally, kind):,} {kind.name.lower().replace('_', ' ')}s" for kind in shown)
