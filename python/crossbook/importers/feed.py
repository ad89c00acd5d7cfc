"""The feed of an importer: stamped commands into a venue in batches, and what became of each of them.

An importer adds commands with a token of its own; `flush` submits them as one batch and hands every token back with
the events of its command. Views are only asked after a flush, so they show the book the recording is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from crossbook.commands import Command, CreateAccount, Deposit, Origin, Side
from crossbook.config import AssetConfig, MarketConfig, ParametersConfig, TierConfig, VenueConfig
from crossbook.events import Event, Rejected, Traded
from crossbook.rejects import REASONS
from crossbook.replay import Progress
from crossbook.session import Envelope
from crossbook.venue import Venue

T = TypeVar("T")
M = TypeVar("M")

BATCH_COMMANDS_MAX: Final = 4_096
"""A batch is submitted at the latest when it holds this many commands."""
OPEN_ORDERS_MAX: Final = 1_000_000
"""Recorded flow has few accounts with very many orders each."""
ROOT_INTERVAL_COMMANDS: Final = 10_000
"""How often an imported session commits to its state root."""

NOTIONAL_MAX: Final = 2**58
"""The kernel's bound on price_max * position_max * tick_value."""


PROGRESS_INTERVAL: Final = 500
"""How many messages lie between two calls of a progress callback."""


class Level(NamedTuple):
    """One price level of a book: price in ticks, open lots, number of orders."""

    price: int
    lots: int
    orders: int


class QueuedOrder(NamedTuple):
    """One resting order, as far as importers look at it; `lots` are open."""

    order: int
    account: int
    price: int
    lots: int
    client_order: int


def counted(messages: Sequence[M], progress: Progress | None) -> Iterator[M]:
    """The messages, with a call of `progress(done, total)` now and then."""
    for done, message in enumerate(messages):
        if progress is not None and done % PROGRESS_INTERVAL == 0:
            progress(done, len(messages))
        yield message


class Feed(Generic[T]):
    """A venue session being filled from a recording. Not for use from several threads."""

    def __init__(self, venue: Venue) -> None:
        self.venue: Final = venue
        self.commands = 0
        self.trades = 0
        self.rejected: Counter[str] = Counter()
        self._batch: list[Envelope] = []
        self._tokens: list[T | None] = []
        self._results: list[tuple[T, list[Event]]] = []

    def add(self, time_ns: int, command: Command, token: T | None = None, *, origin: Origin | None = None) -> None:
        """Queue a command at a recorded time (ns since the epoch); a token brings its events back at `flush`."""
        self._batch.append(Envelope(command, origin=origin, time_ns=time_ns))
        self._tokens.append(token)
        if len(self._batch) >= BATCH_COMMANDS_MAX:
            self._submit()

    def flush(self) -> list[tuple[T, list[Event]]]:
        """Submit what is queued; the tokens since the last flush with the events of their commands, in order."""
        if self._batch:
            self._submit()
        results, self._results = self._results, []
        return results

    def _submit(self) -> None:
        receipt = self.venue.submit(self._batch)
        answers: list[list[Event]] = [[] for _ in self._batch]
        for event in receipt.events:
            answers[event.seq - receipt.seq].append(event)
            if isinstance(event, Traded):
                self.trades += 1
            elif isinstance(event, Rejected):
                self.rejected[reject_name(event)] += 1
        self.commands += len(self._batch)
        self._results += [
            (token, answer) for token, answer in zip(self._tokens, answers, strict=True) if token is not None
        ]
        self._batch, self._tokens = [], []

    def book(self, market: int, levels: int) -> tuple[list[Level], list[Level]]:
        """The first levels of bids and asks, best first."""
        bids, asks = msgspec.msgpack.decode(self.venue.session.kernel.book(market, levels))
        return [Level(*row) for row in bids], [Level(*row) for row in asks]

    def best(self, market: int, side: Side) -> int:
        """The best price of a side in ticks, 0 when it is empty."""
        levels = self.book(market, 1)[0 if side == Side.BUY else 1]
        return levels[0].price if levels else 0

    def queue(self, market: int, side: Side, price: int) -> list[QueuedOrder]:
        """The orders of one level in priority."""
        rows = msgspec.msgpack.decode(self.venue.session.kernel.queue(market, side, price))
        return [QueuedOrder(row[0], row[1], row[4], row[5], row[11]) for row in rows]


def reject_name(event: Rejected) -> str:
    """The name of the reason a command was refused for."""
    reason = REASONS.get(event.code)
    return reason.code.camel if reason else str(event.code)


class Listing(NamedTuple):
    """A market an importer needs. Sizes and prices in whole units; `price_max` is a multiple of the tick."""

    symbol: str
    currency: str
    tick_size: Decimal
    lot_size: Decimal
    price_max: Decimal
    mark: Decimal

    @property
    def decimals(self) -> int:
        """The decimals its currency needs at least, so that one tick of one lot is a whole number of minor units."""
        exponent = (self.tick_size * self.lot_size).normalize().as_tuple().exponent
        assert isinstance(exponent, int), "sizes are finite"
        return max(-exponent, 0)

    def position_max_lots(self, decimals: int) -> int:
        """The largest position the kernel's bound on notional allows, in lots."""
        tick_value = int((self.tick_size * self.lot_size).scaleb(decimals))
        return NOTIONAL_MAX // (int(self.price_max / self.tick_size) * tick_value)


def currencies(listings: Iterable[Listing]) -> dict[str, int]:
    """The currencies of some listings with the decimals each needs."""
    decimals: dict[str, int] = {}
    for listing in listings:
        decimals[listing.currency] = max(decimals.get(listing.currency, 0), listing.decimals)
    return decimals


def import_venue(path: Path, listings: Sequence[Listing], *, time_ns: int, durability: str) -> Venue:
    """A new venue for a recording that starts at `time_ns` (ns since the epoch); markets get the ids from 1 up.

    Recorded traders' margins are unknown, so there are no fees and the one tier of each market is at rate 0: the
    imported session is about the book, and no order is refused for margin.
    """
    decimals = currencies(listings)
    zero = Decimal(0)
    config = VenueConfig(
        assets=[AssetConfig(symbol, places) for symbol, places in decimals.items()],
        markets=[
            MarketConfig(
                symbol=listing.symbol,
                settlement=listing.currency,
                tick_size=listing.tick_size,
                lot_size=listing.lot_size,
                price_max=listing.price_max,
                position_max=listing.lot_size * listing.position_max_lots(decimals[listing.currency]),
                tiers=[TierConfig(zero, zero, zero)],
                mark=listing.mark,
            )
            for listing in listings
        ],
        parameters=ParametersConfig(OPEN_ORDERS_MAX, ROOT_INTERVAL_COMMANDS, 0),
    )
    return Venue.create(path, config, durability=durability, clock=lambda: time_ns)


def open_accounts(feed: Feed[T], time_ns: int, accounts: int, *, cash_minor: int = 0) -> None:
    """Open the next accounts with so many minor units of the first currency each."""
    for account in range(1, accounts + 1):
        feed.add(time_ns, CreateAccount(), origin=Origin.OPERATOR)
        if cash_minor:
            feed.add(time_ns, Deposit(account, 1, cash_minor))
    feed.flush()
