"""What every report reads: a span of a journal by re-execution from genesis, in whole units, with the proof of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from journal_tools import replaying, walking
from journal_tools.errors import ToolError
from journal_tools.grammar import shown_time
from journal_tools.journal import Journal, Record


class Step(NamedTuple):
    """A command and what came of it."""

    seq: int
    time_ns: int
    record: Record
    events: list[Any]


class Options(NamedTuple):
    """What some reports are told besides the span: see `journal report --help`."""

    accounts: frozenset[int] = frozenset()
    markets: frozenset[str] = frozenset()
    every_ns: int = 60 * 10**9
    sizes: tuple[str, ...] = ()
    against: Path | None = None
    watch: bool = False


class Reading:
    """One reading of a span. Everything before it is executed too, so that what it says rests on every mark."""

    def __init__(self, journal: Journal, *, from_seq: int, to_seq: int, options: Options | None = None) -> None:
        """Raises ToolError `extra_missing`, `journal_empty`."""
        if to_seq < 1:
            raise ToolError("there is nothing in the journal yet", code="journal_empty", hint="come back later")
        self.journal = journal
        self.from_seq = from_seq
        self.to_seq = to_seq
        self.options = options or Options()
        self.findings = 0
        self._markets = 0
        self._walk = walking.Walk(journal)

    # --- the way through --------------------------------------------------------------------------------------------

    def history(self) -> Iterator[Step]:
        """Every command from genesis to the end of the span; `self.spans(seq)` says which ones are in it."""
        return self._steps(1)

    def span(self) -> Iterator[Step]:
        """Every command of the span."""
        return self._steps(self.from_seq)

    def finish(self) -> Any:
        """Execute to the end of the span, and give the state there."""
        for _ in self._steps(self.to_seq):
            pass
        return self.view

    def stretches(self, every_ns: int) -> Iterator[walking.Executed]:
        """Stretches from genesis on, cut at the multiples of a time."""
        yield from self._walk.stretches(1, self.to_seq, every_ns=every_ns)
        self._check_markets()

    def watching(self) -> replaying.Watching:
        """The watch, to look at the stretches of an instant each."""
        return replaying.Watching(self._walk.kernel)

    def _steps(self, from_seq: int) -> Iterator[Step]:
        for stretch in self._walk.stretches(from_seq, self.to_seq):
            yield from paired(stretch, from_seq)
        self._check_markets()

    def spans(self, seq: int) -> bool:
        """Whether a seq is in the span."""
        return seq >= self.from_seq

    @property
    def view(self) -> Any:
        """The state after what was read last."""
        return self._walk.view

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def wants_account(self, *accounts: int) -> bool:
        """Whether one of these accounts was asked for, or none in particular was."""
        return not self.options.accounts or not self.options.accounts.isdisjoint(accounts)

    def wants_market(self, market: int) -> bool:
        """Whether a market was asked for, by id or symbol, or none in particular was."""
        wanted = self.options.markets
        return not wanted or str(market) in wanted or self.market(market) in wanted

    def has_market(self, market: int) -> bool:
        """Whether there is such a market by now; markets are numbered from 1, and none ever goes."""
        if market > self._markets:
            self._markets = len(self.view.markets())
        return 1 <= market <= self._markets

    def _check_markets(self) -> None:
        rows = self.view.markets()
        known = {row.symbol for row in rows} | {str(row.market) for row in rows}
        for name in sorted(self.options.markets - known):
            raise ToolError(
                f"there is no market {name!r} up to seq {self.to_seq}",
                code="unknown_market",
                hint=f"there are: {', '.join(row.symbol for row in rows) or 'none'}",
            )

    # --- units ------------------------------------------------------------------------------------------------------

    def unit(self, market: int) -> Any:
        """The unit of a market."""
        return self.view.market_unit(market)

    def asset_unit(self, asset: int | str) -> Any:
        """The unit of an asset."""
        return self.view.asset_unit(asset)

    def market(self, market: int) -> str:
        """The symbol of a market."""
        symbol: str = self.unit(market).symbol
        return symbol

    def price(self, market: int, ticks: int) -> Decimal:
        """A price in whole units of the settlement asset."""
        found: Decimal = self.unit(market).price(ticks)
        return found

    def size(self, market: int, lots: int) -> Decimal:
        """A size in whole units of the underlying."""
        found: Decimal = self.unit(market).size(lots)
        return found

    def money(self, market: int, minor: int) -> Decimal:
        """An amount of the settlement asset of a market, in whole units."""
        found: Decimal = self.unit(market).money(minor)
        return found

    def notional(self, market: int, ticks: int, lots: int) -> Decimal:
        """What lots are worth at a price."""
        unit = self.unit(market)
        found: Decimal = unit.money(ticks * lots * unit.tick_value)
        return found

    # --- the proof --------------------------------------------------------------------------------------------------

    def proof(self) -> dict[str, Any]:
        """What a reader needs to check a report: which commands it rests on, and what the journal commits to.

        `head` is the block that holds the last seq: its hash commits to every record up to its end. `mark` is the last
        exec mark up to that seq, of events and state; re-execution has to reproduce it, and every one before it.
        """
        first, last = self.journal.record(max(min(self.from_seq, self.to_seq), 1)), self.journal.record(self.to_seq)
        mark = walking.last_mark(self.journal, self.to_seq)
        return {
            "session": self.journal.session_id,
            "seqs": [self.from_seq, self.to_seq],
            "times": [shown_time(first[0].time_ns), shown_time(last[0].time_ns)],
            "head": {"seqs": [last[1].first_seq, last[1].last_seq], "block_hash": last[1].hash.hex()},
            "mark": {
                "event_seq": mark.event_seq,
                "event_digest": mark.event_digest.hex(),
                "root_seq": mark.root_seq,
                "state_root": mark.state_root.hex(),
            },
            "tool": f"crossbook-journal-tools {tool_version()}",
        }


def paired(stretch: walking.Executed, from_seq: int = 1) -> Iterator[Step]:
    """Commands with their events."""
    at, events = 0, stretch.events
    for record in stretch.records:
        begin = at
        while at < len(events) and events[at].seq == record.seq:
            at += 1
        if record.seq >= from_seq:
            yield Step(record.seq, record.time_ns, record, events[begin:at])


def tool_version() -> str:
    """The version of the tools."""
    try:
        return version("crossbook-journal-tools")
    except PackageNotFoundError:
        return "not installed"
