"""What a book is worth at a glance: the price a notional would trade at, and the price of its best levels.

Levels are (price in ticks, lots, orders), best first, as `PolicyView.book` gives them.
"""

from __future__ import annotations

from collections.abc import Sequence

from crossbook.commands import Side
from crossbook.policies.arithmetic import clamp, nearest

Level = tuple[int, int, int]


def impact_price(levels: Sequence[Level], notional: int, side: Side, tick_value: int) -> int | None:
    """The average price, in ticks, at which `notional` would trade against these levels; None if they hold too little.

        average = notional / (tick_value · lots),  of the last level only the part of its lots that is needed

    A part of a lot counts as such, so that the answer does not jump by a lot. Whoever would trade gets the fraction of
    a tick against himself: an average paid (`side` BUY, against asks) is rounded up, one received (SELL, against bids)
    down. A premium made of the two is therefore never further from zero than the book is.

    Args:
        levels: of the side of the book that is traded against, best first.
        notional: minor units, positive.
        side: of the one who would trade.
        tick_value: minor units of one tick of one lot.
    """
    taken_lots, taken = 0, 0
    for price, lots, _orders in levels:
        value = price * lots * tick_value
        if taken + value >= notional:
            # lots taken = taken_lots + (notional − taken) / (price · tick_value), so with one denominator:
            numerator = notional * price
            denominator = taken_lots * price * tick_value + notional - taken
            return -(-numerator // denominator) if side is Side.BUY else numerator // denominator
        taken_lots += lots
        taken += value
    return None


def book_price(bids: Sequence[Level], asks: Sequence[Level], last: int) -> int | None:
    """The median of best bid, best ask and last trade, in ticks; None if the book does not say.

    A side without orders is as far away as can be, so that the last trade counts unless the other side is better:
    `max(bid, last)`, `min(ask, last)`. Without a last trade (0) it is the middle of the two, halves up. A book without
    orders says nothing: the last trade alone is history.
    """
    if bids and asks:
        bid, ask = bids[0][0], asks[0][0]
        return clamp(last, min(bid, ask), max(bid, ask)) if last else nearest(bid + ask, 2)
    if not last or not (bids or asks):
        return None
    return max(bids[0][0], last) if bids else min(asks[0][0], last)
