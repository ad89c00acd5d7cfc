"""The row check: a LOBSTER message file and its orderbook file, transition by transition.

An orderbook row shows the visible levels after a message. The book is seeded with the levels of the first row, each as
one synthetic order; then every message goes through the venue, and the venue's depth must equal the next row. A row
only shows so many levels: a level that enters at the far end was there before and is seeded like the first ones, and a
level that leaves is taken out, because the recording falls silent about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from crossbook.commands import Cancel, Side
from crossbook.importers.feed import Feed, Level
from crossbook.importers.lobster import MARKET, LobsterImport, Mode, QueueBy, Token, account_of
from crossbook.importers.lobster_format import Kind, Levels, Message, Recording

SYNTHETIC_FIRST: Final = 2**62
"""Client order ids of synthetic orders start here, far above any reference number."""


class LobsterRowCheck(LobsterImport):
    """Imports a recording in step while comparing the venue's depth with every row."""

    def __init__(self, feed: Feed[Token], recording: Recording, *, queue_by: QueueBy) -> None:
        super().__init__(feed, recording, mode=Mode.STEP, queue_by=queue_by)
        self._synthetic: dict[tuple[Side, int], int] = {}
        self._synthetic_next = SYNTHETIC_FIRST

    def run_rows(self, messages: Iterable[Message], rows: Iterable[Levels]) -> None:
        """Import all messages; each must turn the row before it into its own row."""
        for number, (message, row) in enumerate(zip(messages, rows, strict=True)):
            if number == 0:
                self._seed(message, row)
                continue
            self.message(message)
            self.settle()
            self.tally.rows += 1
            self.tally.rows_agreeing += self._agrees(row)
            self._follow_window(message, row)
        self.settle()

    def _seed(self, message: Message, row: Levels) -> None:
        for side, levels in ((Side.BUY, row.bids), (Side.SELL, row.asks)):
            for ticks, lots in levels:
                self._reveal(message, side, ticks, lots)
        self.settle()

    def _reveal(self, message: Message, side: Side, ticks: int, lots: int) -> None:
        """Rest one synthetic order that stands for a level nothing more is known about."""
        reference = self._synthetic_next
        self._synthetic_next += 1
        self._synthetic[side, ticks] = reference
        self.place_at(message, side=side, ticks=ticks, reference=reference, lots=lots)

    def _depth(self, levels: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        bids, asks = self.feed.book(MARKET, levels)
        return _pairs(bids), _pairs(asks)

    def _agrees(self, row: Levels) -> bool:
        """Whether our levels are the row's, but for levels of the row beyond the last one we can know about."""
        bids, asks = self._depth(len(row.bids) + len(row.asks))
        return _prefix(bids, row.bids) and _prefix(asks, row.asks)

    def _follow_window(self, message: Message, row: Levels) -> None:
        """Make our book the row: seed levels that entered the window, take out those that left it.

        A level that disagrees becomes one synthetic order as well, so that each row is judged by the row before it.
        """
        bids, asks = self._depth(len(row.bids) + len(row.asks))
        for side, ours, theirs in ((Side.BUY, bids, row.bids), (Side.SELL, asks, row.asks)):
            known = dict(ours)
            wanted = dict(theirs)
            for ticks, lots in ours:
                if wanted.get(ticks) != lots:
                    self._remove_level(message, side, ticks)
            for ticks, lots in theirs:
                if known.get(ticks) != lots:
                    self.tally.levels_revealed += ticks not in known
                    self._reveal(message, side, ticks, lots)
        self.settle()

    def _remove_level(self, message: Message, side: Side, ticks: int) -> None:
        for resting in self.feed.queue(MARKET, side, ticks):
            self.feed.add(self.time(message), Cancel(account_of(side), resting.order))
            self.added.discard(resting.client_order)
        self._synthetic.pop((side, ticks), None)

    def unknown(self, message: Message) -> None:
        """A message about an order that is older than the recording: it is part of its level's synthetic order."""
        super().unknown(message)
        reference = self._synthetic.get((message.side, message.ticks), 0)
        if message.kind == Kind.EXECUTION:
            self.aggress(message, known=False)
        elif reference:
            self.settle()
            self.shrink(message, reference)


def _pairs(levels: Iterable[Level]) -> list[tuple[int, int]]:
    return [(level.price, level.lots) for level in levels]


def _prefix(ours: list[tuple[int, int]], theirs: list[tuple[int, int]]) -> bool:
    """Whether two sides agree as far as both are known.

    One message can use up one level, and then the row shows one more at the far end than we can know about; or it can
    add one, and then we know one more than the row shows.
    """
    shown = ours[: len(theirs)]
    return abs(len(ours) - len(theirs)) <= 1 and shown == theirs[: len(shown)]
