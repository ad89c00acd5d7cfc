"""The matching benchmark through the venue: order streams in, the canonical report stream out.

| instruction | commands |
|---|---|
| new | `Place`, good till cancelled or immediate-or-cancel, the stream's order id as client order id |
| cancel | `Cancel` |
| modify | `Cancel`, and if that was not refused `Place` again: the benchmark's modify never keeps priority |

All buy orders belong to one account and all sell orders to another, so that no order meets its own account.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from crossbook.commands import Cancel, OrderKind, Place, SelfTrade, Side, TimeInForce
from crossbook.events import Event, OrderAccepted, OrderCancelled, Rejected, Traded
from crossbook.importers.benchmark_format import (
    Instruction,
    Kind,
    Line,
    ReportKind,
    read_stream,
    report_text,
    side_number,
)
from crossbook.importers.feed import Feed, Listing, counted, import_venue, open_accounts
from crossbook.importers.imported import Imported, replayed
from crossbook.replay import Progress

MARKET: Final = 1
ACCOUNTS: Final = {Side.BUY: 1, Side.SELL: 2}
"""The account of all buy orders and that of all sell orders."""
EPOCH_NS: Final = 1_000_000_000
"""Streams carry no times: instruction n is stamped one second and n nanoseconds after the epoch."""
CASH_MINOR: Final = 2**58
PRICE_MAX_TICKS: Final = 2**31 - 1


class BenchmarkReport(msgspec.Struct, frozen=True):
    """The result of `crossbook import matching-benchmark`."""

    file: str
    instructions: int
    lines: int
    sha256: str
    session: Imported


class _Sent(NamedTuple):
    """The token of a command: the instruction behind it, and whether it takes an order out or sends one in."""

    instruction: Instruction
    cancels: bool


class BenchmarkImport:
    """Feeds instructions into a session and writes the report lines they lead to."""

    def __init__(self, feed: Feed[_Sent]) -> None:
        self.feed: Final = feed
        self.lines: Final[list[Line]] = []
        self._sides: dict[int, Side] = {}
        self._prices: dict[int, int] = {}
        self._ids: dict[int, int] = {}

    def run(self, instructions: Iterable[Instruction]) -> None:
        """Import all instructions."""
        for instruction in instructions:
            if instruction.kind == Kind.NEW:
                self._sides[instruction.order] = instruction.side
                self._place(instruction)
            else:
                self._cancel(instruction)
            if instruction.kind == Kind.MODIFY and self.settle() == ReportKind.MODIFIED:
                self._place(instruction)
        self.settle()

    def settle(self) -> int | None:
        """Submit what is queued and report what came of it; returns the kind of the last line, None without any."""
        before = len(self.lines)
        for sent, events in self.feed.flush():
            for event in events:
                self._report(sent, event)
        return self.lines[-1].kind if len(self.lines) > before else None

    def _place(self, instruction: Instruction) -> None:
        side = self._sides[instruction.order]
        self._prices[instruction.order] = instruction.price
        order = Place(
            ACCOUNTS[side],
            MARKET,
            side,
            OrderKind.LIMIT,
            instruction.price,
            instruction.lots,
            TimeInForce.IOC if instruction.immediate else TimeInForce.GTC,
            SelfTrade.NONE,
            client_order=instruction.order,
        )
        self.feed.add(EPOCH_NS + instruction.seq, order, _Sent(instruction, cancels=False))

    def _cancel(self, instruction: Instruction) -> None:
        side = self._sides.get(instruction.order, instruction.side)
        cancel = Cancel(ACCOUNTS[side], 0, instruction.order)
        self.feed.add(EPOCH_NS + instruction.seq, cancel, _Sent(instruction, cancels=True))

    def _report(self, sent: _Sent, event: Event) -> None:
        """The report line of one event, if it has one."""
        instruction = sent.instruction
        order = instruction.order
        side = side_number(self._sides.get(order, instruction.side))
        asked = (side, order, instruction.price, instruction.lots)
        if isinstance(event, OrderAccepted):
            self._ids[event.order] = order
            if instruction.kind == Kind.NEW:
                self._line(instruction, ReportKind.ACCEPTED, asked)
        elif isinstance(event, Traded):
            orders = (self._ids[event.maker_order], self._ids[event.taker_order])
            self._line(instruction, ReportKind.TRADE, (event.price, event.lots, *orders))
        elif isinstance(event, OrderCancelled):
            if sent.cancels and instruction.kind == Kind.MODIFY:
                self._line(instruction, ReportKind.MODIFIED, asked)
            else:
                self._line(instruction, ReportKind.CANCELLED, (side, order, self._prices[order]))
        elif isinstance(event, Rejected) and sent.cancels:
            modify = instruction.kind == Kind.MODIFY
            self._line(instruction, ReportKind.MODIFY_REFUSED if modify else ReportKind.CANCEL_REFUSED, (order,))

    def _line(self, instruction: Instruction, kind: ReportKind, fields: tuple[int, ...]) -> None:
        self.lines.append(Line(instruction.seq, kind, fields))


def benchmark_venue(path: Path, first: Instruction, *, durability: str) -> Feed[_Sent]:
    """A new venue with one market of unit ticks and lots and the two accounts."""
    one = Decimal(1)
    listing = Listing("BENCHMARK", "UNIT", one, one, Decimal(PRICE_MAX_TICKS), Decimal(max(first.price, 1)))
    feed: Feed[_Sent] = Feed(import_venue(path, [listing], time_ns=EPOCH_NS, durability=durability))
    open_accounts(feed, EPOCH_NS, len(ACCOUNTS), cash_minor=CASH_MINOR)
    return feed


def import_matching_benchmark(
    file: Path, path: Path, *, durability: str = "volatile", progress: Progress | None = None
) -> tuple[BenchmarkReport, str]:
    """Turn an order stream of the benchmark into a journaled session.

    Args:
        file: a `.bin` or `.bin.xz` stream.
        path: the directory of the new session.
        durability: of the session while it is written.
        progress: called with the number of instructions done and of all, now and then.

    Returns:
        The report, and the canonical report stream as text.

    Raises:
        InputError: `benchmark_stream`, if the file is not such a stream or holds no instruction.
        JournalExists: there is something at `path` already.
    """
    instructions = read_stream(file)
    started = time.perf_counter()
    feed = benchmark_venue(path, instructions[0], durability=durability)
    with feed.venue:
        importer = BenchmarkImport(feed)
        importer.run(counted(instructions, progress))
    text = report_text(importer.lines)
    report = BenchmarkReport(
        file=file.name,
        instructions=len(instructions),
        lines=len(importer.lines),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        session=replayed(feed, path, started=started),
    )
    return report, text
