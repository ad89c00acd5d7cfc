"""What breakers measure: moves within a window, distances from a reference, what rests near the mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

from crossbook.commands import RATE_ONE
from crossbook.rows import MarketRow

PARTS: Final = 60
"""A window is kept in this many parts, each as its highest and lowest mark: so it needs the same room at any pace."""


class Window(Struct):
    """The marks of a market within a window of stamped time, as (part, highest, lowest), oldest first; in ticks."""

    parts: list[tuple[int, int, int]] = field(default_factory=list)


def remember(window: Window, mark: int, *, time_ns: int, window_ns: int) -> None:
    """Take a mark (ticks) into a window, and forget the parts that left it."""
    part = time_ns * PARTS // window_ns
    highest = lowest = mark
    if window.parts and window.parts[-1][0] == part:
        _, highest, lowest = window.parts.pop()
    window.parts.append((part, max(highest, mark), min(lowest, mark)))
    window.parts = [kept for kept in window.parts if kept[0] >= part - PARTS]


def move_rate(window: Window, mark: int) -> int:
    """The largest move from a mark of the window to this one, as a rate of where it came from, rounded down."""
    highest = max(part[1] for part in window.parts)
    lowest = min(part[2] for part in window.parts)
    return max(distance_rate(mark, highest), distance_rate(mark, lowest))


def distance_rate(price: int, reference: int) -> int:
    """How far a price is from a reference, as a rate of the reference, rounded down."""
    return abs(price - reference) * RATE_ONE // reference


def depth(
    row: MarketRow, book: tuple[Sequence[tuple[int, int, int]], Sequence[tuple[int, int, int]]], within_rate: int
) -> int:
    """What rests on the thinner side within a rate of the mark: lots times price times tick value, in minor units."""
    lower = row.mark * (RATE_ONE - within_rate) // RATE_ONE
    upper = row.mark * (RATE_ONE + within_rate) // RATE_ONE
    bids, asks = (
        sum(price * lots for price, lots, _ in side if lower <= price <= upper) * row.tick_value for side in book
    )
    return min(bids, asks)
