"""What changes positions: trades, and lots that move outside the book; in the order in which they are settled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple


class Change(NamedTuple):
    """An account received lots (signed) for a value (signed alike, minor units), and realised this, before the fee."""

    account: int
    market: int
    lots: int
    ticks: int | None
    value: int
    realised: int
    fee: int


def changes(event: Any, tick_value: int = 0) -> Iterator[Change]:
    """What an event did to positions; a trade's maker is settled first, a move's source.

    A trade is worth `ticks * lots * tick_value`, which takes the tick value of its market; a move says its value.
    """
    name = type(event).__name__
    if name == "Traded":
        taken = event.lots if event.taker_side == 1 else -event.lots
        value = event.price * taken * tick_value
        made = (event.maker, event.market, -taken, event.price, -value, event.maker_realised, event.maker_fee)
        yield Change(*made)
        yield Change(event.taker, event.market, taken, event.price, value, event.taker_realised, event.taker_fee)
    elif name == "PositionMoved":
        value = event.value if event.lots > 0 else -event.value
        yield Change(event.source, event.market, -event.lots, None, -value, event.source_realised, 0)
        yield Change(event.destination, event.market, event.lots, None, value, event.destination_realised, 0)
