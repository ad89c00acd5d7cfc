"""Exact integer arithmetic that several policies share: divisions that say where they round to, and medians.

Nothing here is money: money is divided by the kernel (`crossbook.formulas`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_E12: Final = 10**12


def nearest(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest integer, halves away from zero; the denominator is positive."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def towards_zero(numerator: int, denominator: int) -> int:
    """The quotient without its fraction; the denominator is positive."""
    whole = abs(numerator) // denominator
    return whole if numerator >= 0 else -whole


def clamp(value: int, lower: int, upper: int) -> int:
    """The value, or the bound that it is beyond; `lower <= upper`."""
    return max(lower, min(value, upper))


def median(values: Iterable[int]) -> int:
    """The middle one; of an even number the mean of the middle two, halves away from zero.

    Raises ValueError if there are none.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("nothing has no median")
    upper = len(ordered) // 2
    return ordered[upper] if len(ordered) % 2 else nearest(ordered[upper - 1] + ordered[upper], 2)


def weighted_median(weighted: Iterable[tuple[int, int]]) -> int:
    """The value at which half of the weight is reached; where exactly half is, the mean with the next one, as `median`.

    With equal weights it is the median. Takes (value, weight); what weighs nothing does not count. Raises ValueError
    if nothing weighs anything, or a weight is negative.
    """
    ordered = sorted((value, weight) for value, weight in weighted if weight)
    total = sum(weight for _, weight in ordered)
    if any(weight < 0 for _, weight in ordered) or total == 0:
        raise ValueError("weights are not negative, and not all zero")
    reached = 0
    for index, (value, weight) in enumerate(ordered):
        reached += weight
        if 2 * reached == total:
            return nearest(value + ordered[index + 1][0], 2)
        if 2 * reached > total:
            return value
    raise AssertionError("the whole weight is more than half of it")


def feed_ticks(price: int, *, decimals: int, tick_size_e12: int) -> int:
    """A price of a feed, in units of 10^-decimals, as ticks of a market, to the nearest tick.

    `tick_size_e12` is the price of one tick in 10^-12 of a unit, as in the row of a market.
    """
    return nearest(price * _E12, 10**decimals * tick_size_e12)
