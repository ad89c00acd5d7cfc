"""How one currency pair is held: the units of its two markets, and the synthetic orders of its levels.

An exchange with arbitrary decimals quotes volumes of fifteen digits, more than a position bounded in 64 bits can hold
beside a price of seven. So a pair is two markets with the same tick: in one a lot is a whole unit, in the other it is
10^-decimals of it. A level is one synthetic order in each, and its volume is the two together.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from crossbook.commands import Side
from crossbook.importers.feed import Level, Listing
from crossbook.importers.kraken_format import Change, Update, decimals, scaled

PRICE_RANGE: Final = 8
"""The markets go up to this many times the first best price; levels beyond it are not taken in."""


@dataclass(slots=True)
class SyntheticLevel:
    """A level of the captured book and the orders that stand for it.

    `references` are the client order ids in the market of whole units and in that of fractions, `lots` their sizes.
    """

    slot: int
    references: tuple[int, int]
    lots: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class LevelsOfSide:
    """One side of a pair: levels by price in ticks, None for one out of range, and slots that are free again."""

    levels: dict[int, SyntheticLevel | None] = field(default_factory=dict)
    free: list[int] = field(default_factory=list)
    slots: int = 0

    def take_slot(self) -> int:
        """The lowest free slot."""
        if self.free:
            return heapq.heappop(self.free)
        self.slots += 1
        return self.slots - 1


class Pair:
    """The units of one pair, its market ids, and its present levels."""

    def __init__(self, name: str, updates: Iterable[Update], *, first_market: int) -> None:
        """Units are read off the whole capture: the finest tick, the written decimals, the first best price."""
        changes = [change for update in updates for change in update.changes]
        self.name: Final = name
        self.markets: Final = (first_market, first_market + 1)
        self.price_decimals: Final = max(decimals(change.price) for change in changes)
        self.volume_decimals: Final = max(decimals(change.volume) for change in changes)
        self.tick_decimals: Final = max(_significant_decimals(change.price) for change in changes)
        self.price_max: Final = _first_best(changes) * PRICE_RANGE
        self.sides: Final = {side: LevelsOfSide() for side in Side}
        fraction = self.listings()[1]
        unit: int = 10**self.volume_decimals
        self.orders_per_account: Final = max(1, fraction.position_max_lots(fraction.decimals) // unit)
        """How many levels of one side an account can hold within the kernel's bound on positions."""

    def listings(self) -> tuple[Listing, Listing]:
        """The market of whole units and the market of fractions, each settled in a unit of its own."""
        tick = Decimal(1).scaleb(-self.tick_decimals)
        whole = self._listing(self.name, tick, Decimal(1))
        return whole, self._listing(f"{self.name}:FRACTION", tick, Decimal(1).scaleb(-self.volume_decimals))

    def _listing(self, symbol: str, tick: Decimal, lot: Decimal) -> Listing:
        mark = self.price_max / PRICE_RANGE
        return Listing(symbol, symbol, tick, lot, self.price_max, mark)

    def ticks(self, price: str) -> int:
        """A price in ticks."""
        return scaled(price, self.tick_decimals)

    def in_range(self, ticks: int) -> bool:
        """Whether the markets go up to this price."""
        return ticks <= scaled(str(self.price_max), self.tick_decimals)

    def lots(self, volume: str) -> tuple[int, int]:
        """A volume as whole units and fractions."""
        whole, fraction = divmod(scaled(volume, self.volume_decimals), 10**self.volume_decimals)
        return whole, fraction

    def depth(
        self, whole: Iterable[Level], fractions: Iterable[Level], count: int, *, side: Side
    ) -> list[tuple[int, int]]:
        """The best levels of one side, best first, as the exchange scales them, from the depth of the two markets."""
        volumes: dict[int, int] = {}
        for levels, unit in ((whole, 10**self.volume_decimals), (fractions, 1)):
            for level in levels:
                volumes[level.price] = volumes.get(level.price, 0) + level.lots * unit
        scale = 10 ** (self.price_decimals - self.tick_decimals)
        return [(ticks * scale, volume) for ticks, volume in sorted(volumes.items(), reverse=side == Side.BUY)[:count]]


def _significant_decimals(price: str) -> int:
    return len(price.partition(".")[2].rstrip("0"))


def _first_best(changes: Iterable[Change]) -> Decimal:
    """The lowest ask of the first snapshot, or the highest bid of one that has no asks."""
    prices: dict[Side, list[Decimal]] = {side: [] for side in Side}
    for change in changes:
        prices[change.side].append(Decimal(change.price))
    return min(prices[Side.SELL]) if prices[Side.SELL] else max(prices[Side.BUY])
