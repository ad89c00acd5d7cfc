"""Layering: large orders on one side that go away soon after fills on the other.

When an order of a master is filled, what it has open on the other side and away from the fill's price is compared with
what it has filled and open on the side of the fill. An *episode* is

    layers     open on the other side, at least away_rate from the price      ≥ lots_rate · (filled + open on this side)
    large      layers · price · tick_value                                     ≥ notional_min
    withdrawn  layers − still open on that side, at any price − filled of it   ≥ cancel_rate · layers, within delay_ns

A maker that moves its quotes has no episode, since as much stands there afterwards; nor has one that quotes both sides
alike, or whose layers were traded with. `episodes_min` of them in a window are a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from crossbook.commands import RATE_ONE, Side
from crossbook.events import Event, OrderAccepted, OrderAmended, OrderCancelled, Traded
from crossbook.policies.surveillance.topics import Finding
from crossbook.policies.surveillance.windows import Window

ORDERS_MAX: Final = 50_000
"""How many open orders are remembered; of more, the oldest are not watched any longer."""


class Resting(Struct):
    """What is open of an order: side, price in ticks, lots."""

    side: Side
    price: int
    lots: int


class Episode(Struct):
    """Layers on `side` at a fill on the other; `filled` there, `traded` of the layers, until `until_ns`."""

    side: Side
    layers: int
    filled: int
    until_ns: int
    fill_seq: int
    last_seq: int
    traded: int = 0


class Layers(Struct):
    """Open orders by key `market:master`, which key an order is under, the running episodes, the complete ones."""

    books: dict[str, dict[int, Resting]] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    episodes: dict[str, Episode] = field(default_factory=dict)
    complete: Window = field(default_factory=Window)
    missed: int = 0

    def open(self, key: str, side: Side) -> int:
        """The lots that are open on a side."""
        return sum(order.lots for order in self.books.get(key, {}).values() if order.side == side)

    def add(self, key: str, order: int, resting: Resting) -> None:
        """Remember an order, and forget the oldest if there are too many."""
        self.books.setdefault(key, {})[order] = resting
        self.keys[order] = key
        if len(self.keys) > ORDERS_MAX:
            self.missed += 1
            self.set(next(iter(self.keys)), 0)

    def set(self, order: int, lots: int) -> None:
        """What is left of an order; one with nothing left is forgotten."""
        key = self.keys.get(order)
        if key is None:
            return
        book = self.books[key]
        if lots > 0:
            book[order].lots = lots
            return
        del book[order], self.keys[order]
        if not book:
            del self.books[key]

    def take(self, order: int, lots: int) -> None:
        """Lots of an order were filled."""
        key = self.keys.get(order)
        if key is not None:
            self.set(order, self.books[key][order].lots - lots)


class Layering(Struct, frozen=True):
    """When orders that go away are a finding.

    Attributes:
        lots_rate: how many times the lots of the other side the layers are.
        away_rate: how far from the fill's price a layer is at least.
        notional_min: the least notional of the layers, in minor units.
        delay_ns: how soon after the fill they go away.
        cancel_rate: the part of them that does.
        episodes_min: how often in a window.
    """

    lots_rate: int = 10 * RATE_ONE
    away_rate: int = 100_000
    notional_min: int = 10_000_000_000
    delay_ns: int = 5_000_000_000
    cancel_rate: int = 900_000_000
    episodes_min: int = 3

    def follow(self, layers: Layers, event: Event, key: str, other: str, time_ns: int, tick_value: int) -> None:
        """One event. `key` is of its account, or of a trade's taker; `other` of a trade's maker."""
        if isinstance(event, OrderAccepted):
            layers.add(key, event.order, Resting(event.side, event.price, event.lots))
        elif isinstance(event, OrderAmended):
            layers.set(event.order, event.remaining)
            if event.order in layers.keys:
                layers.books[layers.keys[event.order]][event.order].price = event.price
        elif isinstance(event, OrderCancelled):
            layers.set(event.order, 0)
            if key in layers.episodes:
                layers.episodes[key].last_seq = event.seq
        elif isinstance(event, Traded):
            maker_side = Side.BUY if event.taker_side == Side.SELL else Side.SELL
            layers.take(event.taker_order, event.lots)
            layers.take(event.maker_order, event.lots)
            self._fill(layers, event, key, event.taker_side, time_ns, tick_value)
            self._fill(layers, event, other, maker_side, time_ns, tick_value)

    def _fill(self, layers: Layers, event: Traded, key: str, side: Side, time_ns: int, tick_value: int) -> None:
        """A fill on a side: part of the running episode, or perhaps the beginning of one."""
        running = layers.episodes.get(key)
        if running is not None and time_ns <= running.until_ns:
            if running.side == side:
                running.traded += event.lots
            else:
                running.filled += event.lots
            return
        away = [
            order
            for order in layers.books.get(key, {}).values()
            if order.side != side and abs(order.price - event.price) * RATE_ONE >= self.away_rate * event.price
        ]
        total = sum(order.lots for order in away)
        this_side = event.lots + layers.open(key, side)
        notional = total * event.price * tick_value
        if total * RATE_ONE >= self.lots_rate * this_side and total and notional >= self.notional_min:
            opposite = Side.BUY if side == Side.SELL else Side.SELL
            until_ns = time_ns + self.delay_ns
            layers.episodes[key] = Episode(opposite, total, event.lots, until_ns, event.seq, event.seq)

    def findings(self, layers: Layers, time_ns: int) -> Iterator[Finding]:
        """At the end of an instant: episodes that became complete, where they are enough to tell."""
        for key, episode in list(layers.episodes.items()):
            withdrawn = episode.layers - layers.open(key, episode.side) - episode.traded
            if time_ns > episode.until_ns:
                del layers.episodes[key]
            elif withdrawn * RATE_ONE >= self.cancel_rate * episode.layers:
                del layers.episodes[key]
                if episode.layers * RATE_ONE < self.lots_rate * episode.filled:
                    continue
                tally = layers.complete.at(key)
                tally.add(episode.fill_seq, lots=withdrawn, value=episode.filled, trades=1)
                tally.add(episode.last_seq)
                found = layers.complete.sum(key)
                if found.trades >= self.episodes_min:
                    market, master = map(int, key.split(":"))
                    yield Finding(
                        kind="layering",
                        accounts=(master,),
                        market=market,
                        measure=found.trades,
                        threshold=self.episodes_min,
                        first_seq=found.first_seq,
                        last_seq=found.last_seq,
                        evidence=tuple(found.seqs),
                        values={"withdrawn": found.lots, "filled": found.value},
                    )
