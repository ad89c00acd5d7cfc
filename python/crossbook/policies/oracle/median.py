"""Medians of integers, weighted or not: what several sources agree on.

Of an even count the median is the mean of the middle two, halves rounded away from zero. The weighted median is the
same where every weight is one.
"""

from __future__ import annotations

from collections.abc import Iterable


def half_away(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest integer, halves away from zero; the denominator is positive."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def weighted_median(weighted: Iterable[tuple[int, int]]) -> int:
    """The value at which half of the weight lies on either side, of `(value, weight)` pairs with positive weights.

    Where the halves meet between two values it is their mean. Raises ValueError for no pairs or a weight below one.
    """
    pairs = sorted(weighted)
    if not pairs or any(weight < 1 for _, weight in pairs):
        raise ValueError("a median needs values with positive weights")
    total = sum(weight for _, weight in pairs)
    below = 0
    for index, (value, weight) in enumerate(pairs):
        below += weight
        if 2 * below == total:
            return half_away(value + pairs[index + 1][0], 2)
        if 2 * below > total:
            return value
    raise AssertionError("half of the weight lies somewhere")


def median(values: Iterable[int]) -> int:
    """The median of values that weigh the same. Raises ValueError for none."""
    return weighted_median((value, 1) for value in values)
