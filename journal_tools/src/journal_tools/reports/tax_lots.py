"""Tax lots: what was realised lot by lot, first in first out, beside what the venue realised at average cost.

Both are exact, in minor units. At any time *realised + unrealised* is the same by both, and whenever a position is flat
so is what was realised; they differ only in which lots are counted as gone first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from journal_tools.errors import Finding
from journal_tools.grammar import shown_time
from journal_tools.reports.moves import Change, changes
from journal_tools.reports.reading import Reading

COLUMNS = (
    "account",
    "market",
    "asset",
    "what",
    "acquired_seq",
    "acquired",
    "disposed_seq",
    "disposed",
    "side",
    "size",
    "cost",
    "proceeds",
    "realised_fifo",
    "realised_average",
    "unrealised",
)


class Lot(NamedTuple):
    """Lots that were acquired together: signed, with their signed value in minor units."""

    seq: int
    time_ns: int
    lots: int
    value: int


class Closed(NamedTuple):
    """A part of a lot that was disposed of: what it had cost and what it brought, signed like the lot."""

    lot: Lot
    proceeds: int

    @property
    def realised(self) -> int:
        """Profit, in minor units."""
        return self.proceeds - self.lot.value


class Book:
    """The open lots of an account in a market, oldest first, and what both methods have realised."""

    def __init__(self) -> None:
        self.open: deque[Lot] = deque()
        self.fifo = 0
        self.average = 0

    @property
    def lots(self) -> int:
        """The position, signed."""
        return sum(lot.lots for lot in self.open)

    def take(self, change: Change, seq: int, time_ns: int) -> list[Closed]:
        """Close what the change closes, oldest first, and open the rest. What is split is rounded to what goes."""
        closed: list[Closed] = []
        left, value = change.lots, change.value
        while left and self.open and (self.open[0].lots > 0) != (left > 0):
            lot = self.open.popleft()
            size = min(abs(lot.lots), abs(left))
            gone, kept = _split(lot, size)
            if kept.lots:
                self.open.appendleft(kept)
            # The value of the change is shared in the same way, so that nothing of it is lost either.
            rest = value * (abs(left) - size) // abs(left)
            closed.append(Closed(gone, -(value - rest)))
            left, value = left + gone.lots, rest
        if left:
            self.open.append(Lot(seq, time_ns, left, value))
        self.fifo += sum(part.realised for part in closed)
        self.average += change.realised
        return closed


def _split(lot: Lot, size: int) -> tuple[Lot, Lot]:
    """A part of a lot, and what is left of it; floor as the venue rounds cost."""
    kept = lot.lots - size if lot.lots > 0 else lot.lots + size
    value = lot.value * kept // lot.lots
    return lot._replace(lots=lot.lots - kept, value=lot.value - value), lot._replace(lots=kept, value=value)


def rows(reading: Reading) -> Iterator[dict[str, Any]]:
    """Disposals of the span as they come, one row a lot; then open lots, and a sum for each account and market.

    `realised_average` is the venue's own: it stands on the last row of each disposal, and in the sums.
    """
    books: dict[tuple[int, int], Book] = {}
    before: dict[tuple[int, int], tuple[int, int]] = {}
    for step in reading.history():
        for event in step.events:
            name = type(event).__name__
            if name not in ("Traded", "PositionMoved"):
                continue
            tick_value = reading.unit(event.market).tick_value
            for change in changes(event, tick_value):
                key = (change.account, change.market)
                book = books.setdefault(key, Book())
                if not reading.spans(step.seq):
                    book.take(change, step.seq, step.time_ns)
                    before[key] = (book.fifo, book.average)
                    continue
                closed = book.take(change, step.seq, step.time_ns)
                if reading.wants_account(change.account) and reading.wants_market(change.market):
                    yield from _disposals(reading, change, closed, step.seq, step.time_ns)
    for key, book in sorted(books.items()):
        if reading.wants_account(key[0]) and reading.wants_market(key[1]):
            yield from _open(reading, key, book, before.get(key, (0, 0)))


def _disposals(
    reading: Reading, change: Change, closed: list[Closed], seq: int, time_ns: int
) -> Iterator[dict[str, Any]]:
    unit = reading.unit(change.market)
    for at, part in enumerate(closed):
        yield {
            **_common(reading, (change.account, change.market), part.lot),
            "what": "disposal",
            "disposed_seq": seq,
            "disposed": shown_time(time_ns),
            "proceeds": unit.money(part.proceeds),
            "realised_fifo": unit.money(part.realised),
            "realised_average": unit.money(change.realised) if at == len(closed) - 1 else None,
        }


def _open(reading: Reading, key: tuple[int, int], book: Book, before: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """Open lots at the mark, and the sum; both methods must come to the same profit."""
    account, market = key
    unit = reading.unit(market)
    held = [one for one in reading.view.account(account).positions if one.market == unit.symbol]
    mark = reading.view.market(market).mark
    ticks = unit.to_ticks(mark) if mark else 0
    unrealised = 0
    for lot in book.open:
        worth = lot.lots * ticks * unit.tick_value - lot.value
        unrealised += worth
        yield {**_common(reading, key, lot), "what": "open", "unrealised": unit.money(worth)}
    at_average = held[0].unrealised if held else unit.money(0)
    if unit.money(book.fifo + unrealised) != unit.money(book.average) + at_average:
        raise Finding(
            f"the lots of account {account} in {unit.symbol} do not sum to what the venue realised",
            code="lots_differ",
            hint="this is a bug of the tools or of the kernel; please report the session and the account",
            account=account,
            market=market,
        )
    yield {
        "account": account,
        "market": unit.symbol,
        "asset": unit.settlement.symbol,
        "what": "sum",
        "size": unit.size(book.lots),
        "realised_fifo": unit.money(book.fifo - before[0]),
        "realised_average": unit.money(book.average - before[1]),
        "unrealised": unit.money(unrealised),
    }


def _common(reading: Reading, key: tuple[int, int], lot: Lot) -> dict[str, Any]:
    account, market = key
    unit = reading.unit(market)
    return {
        "account": account,
        "market": unit.symbol,
        "asset": unit.settlement.symbol,
        "acquired_seq": lot.seq,
        "acquired": shown_time(lot.time_ns),
        "side": "long" if lot.lots > 0 else "short",
        "size": unit.size(lot.lots),
        "cost": unit.money(lot.value),
    }
