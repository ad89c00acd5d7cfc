"""Divisions and roots that say who gets the dust."""

from __future__ import annotations

from math import isqrt

RATE_ONE = 10**9


def ceil_div(numerator: int, denominator: int) -> int:
    """Division rounded towards plus infinity: whoever pays the quotient pays the dust."""
    return -(-numerator // denominator)


def ceil_sqrt(square: int) -> int:
    """The smallest whole number whose square is not below this."""
    return isqrt(square - 1) + 1 if square > 0 else 0
