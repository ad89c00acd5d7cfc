"""A Kraken capture as a session: every price level is a synthetic order, every change of it a command.

| change | commands, per market of the pair |
|---|---|
| a level appears | `Place`, post-only, so that nothing of the recorded book can trade |
| its volume changes | `Amend` |
| it disappears, or falls out of the subscribed depth | `Cancel` |

After every update the exchange's checksum is computed again from the depth the venue shows.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from crossbook.commands import Amend, Cancel, OrderKind, Place, SelfTrade, Side, TimeInForce
from crossbook.errors import InputError
from crossbook.importers.feed import Feed, counted, import_venue, open_accounts
from crossbook.importers.imported import Imported, replayed
from crossbook.importers.kraken_format import CHECKED_LEVELS, Update, checksum, read_capture
from crossbook.importers.kraken_pair import Pair, SyntheticLevel
from crossbook.replay import Progress

EMPTY: Final = (0, 0)
"""The lots of a level that is gone, in the two markets of its pair."""


class PairResult(msgspec.Struct):
    """What was imported and checked of one pair."""

    updates: int = 0
    checksums: int = 0
    agreeing: int = 0
    out_of_range: int = 0


class KrakenReport(msgspec.Struct, frozen=True):
    """The result of `crossbook import kraken`."""

    file: str
    pairs: dict[str, PairResult]
    session: Imported

    @property
    def checksums(self) -> int:
        """How many updates carried a checksum."""
        return sum(pair.checksums for pair in self.pairs.values())

    @property
    def agreeing(self) -> int:
        """How many of them our depth view reproduces."""
        return sum(pair.agreeing for pair in self.pairs.values())

    @property
    def agrees(self) -> bool:
        """Whether every checksum is reproduced, and the replay came to the same state."""
        return self.session.equal and self.agreeing == self.checksums


class KrakenImport:
    """Feeds updates into a session and checks the depth after each."""

    def __init__(self, feed: Feed[None], pairs: Iterable[Pair]) -> None:
        self.feed: Final = feed
        self.results: Final[dict[str, PairResult]] = {}
        self._pairs: Final = {pair.name: pair for pair in pairs}
        self._accounts = 0
        self._reference = 0

    def run(self, updates: Iterable[Update]) -> None:
        """Import all updates."""
        for update in updates:
            result = self.results.setdefault(update.pair, PairResult())
            result.updates += 1
            self._apply(update, result)
            self.feed.flush()
            if update.checksum is not None:
                result.checksums += 1
                result.agreeing += self.depth_checksum(self._pairs[update.pair]) == update.checksum

    def depth_checksum(self, pair: Pair) -> int:
        """The exchange's checksum of a pair, from the depth of its two markets."""
        books = [self.feed.book(market, CHECKED_LEVELS) for market in pair.markets]
        (whole_bids, whole_asks), (bids, asks) = books
        return checksum(
            pair.depth(whole_asks, asks, CHECKED_LEVELS, side=Side.SELL),
            pair.depth(whole_bids, bids, CHECKED_LEVELS, side=Side.BUY),
        )

    def _apply(self, update: Update, result: PairResult) -> None:
        """Removals first: an update may show a level that crosses one it removes."""
        pair = self._pairs[update.pair]
        if update.snapshot:
            for side, held in pair.sides.items():
                for ticks in sorted(held.levels):
                    self._set(update, pair, side, ticks, EMPTY)
        changes = [(change.side, pair.ticks(change.price), pair.lots(change.volume)) for change in update.changes]
        for removes in (True, False):
            for side, ticks, lots in changes:
                if (lots == EMPTY) == removes:
                    result.out_of_range += not self._set(update, pair, side, ticks, lots)
        for side, held in pair.sides.items():
            if len(held.levels) > update.depth:
                for ticks in sorted(held.levels, reverse=side == Side.BUY)[update.depth :]:
                    self._set(update, pair, side, ticks, EMPTY)

    def _set(self, update: Update, pair: Pair, side: Side, ticks: int, lots: tuple[int, int]) -> bool:
        """Make a level hold these lots; False if its price is out of the market's range."""
        held = pair.sides[side]
        if not pair.in_range(ticks):
            held.levels.pop(ticks, None)
            if lots != EMPTY:
                held.levels[ticks] = None
            return False
        level = held.levels.get(ticks)
        if level is None:
            if lots == EMPTY:
                return True
            level = held.levels[ticks] = self._new_level(update, pair, side)
        for market in (0, 1):
            self._set_order(update, pair, side=side, ticks=ticks, level=level, market=market, lots=lots[market])
        level.lots = lots
        if lots == EMPTY:
            del held.levels[ticks]
            heapq.heappush(held.free, level.slot)
        return True

    def _new_level(self, update: Update, pair: Pair, side: Side) -> SyntheticLevel:
        slot = pair.sides[side].take_slot()
        while self._account(pair, slot) > self._accounts:
            open_accounts(self.feed, update.time_ns, 1)
            self._accounts += 1
        self._reference += 2
        return SyntheticLevel(slot, (self._reference - 1, self._reference))

    def _account(self, pair: Pair, slot: int) -> int:
        """Slots fill accounts in turn: each holds as many levels of a side as its position bound allows."""
        return 1 + slot // pair.orders_per_account

    def _set_order(
        self, update: Update, pair: Pair, *, side: Side, ticks: int, level: SyntheticLevel, market: int, lots: int
    ) -> None:
        account, reference, before = self._account(pair, level.slot), level.references[market], level.lots[market]
        if lots == before:
            return
        if not lots:
            self.feed.add(update.time_ns, Cancel(account, 0, reference))
        elif before:
            self.feed.add(update.time_ns, Amend(account, 0, reference, 0, lots))
        else:
            order = Place(
                account,
                pair.markets[market],
                side,
                OrderKind.LIMIT,
                ticks,
                lots,
                TimeInForce.GTC,
                SelfTrade.NONE,
                post_only=True,
                client_order=reference,
            )
            self.feed.add(update.time_ns, order)


def capture_pairs(updates: Iterable[Update]) -> list[Pair]:
    """The pairs of a capture in the order they appear, with market ids 1 and 2, 3 and 4, and so on."""
    by_pair: dict[str, list[Update]] = {}
    for update in updates:
        by_pair.setdefault(update.pair, []).append(update)
    return [Pair(name, found, first_market=1 + 2 * index) for index, (name, found) in enumerate(by_pair.items())]


def import_kraken(
    file: Path, path: Path, *, durability: str = "volatile", progress: Progress | None = None
) -> KrakenReport:
    """Turn a websocket capture of book updates into a journaled session, and check every checksum in it.

    Args:
        file: the capture, plain or `.xz`.
        path: the directory of the new session.
        durability: of the session while it is written.
        progress: called with the number of updates done and of all, now and then.

    Raises:
        InputError: `kraken_line`, or `kraken_empty` for a capture in which a pair has no levels.
        JournalExists: there is something at `path` already.
    """
    updates = list(read_capture(file))
    filled = {update.pair for update in updates if update.changes}
    empty = sorted({update.pair for update in updates} - filled)
    if empty or not updates:
        raise InputError(
            f"{file.name} holds no book of {', '.join(empty) or 'any pair'}",
            code="kraken_empty",
            values={"file": file.name, "pairs": empty},
            hint="capture the channel book of at least one pair, from the snapshot on",
        )
    started = time.perf_counter()
    pairs = capture_pairs(updates)
    listings = [listing for pair in pairs for listing in pair.listings()]
    feed: Feed[None] = Feed(import_venue(path, listings, time_ns=updates[0].time_ns, durability=durability))
    with feed.venue:
        importer = KrakenImport(feed, pairs)
        importer.run(counted(updates, progress))
    return KrakenReport(file.name, importer.results, replayed(feed, path, started=started))
