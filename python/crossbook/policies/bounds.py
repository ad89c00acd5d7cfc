"""Bounds of a configuration: a policy that could not work is refused before it is engaged."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from crossbook.commands import RATE_ONE

Bounds = tuple[int, int]

TIME: Final[Bounds] = (1, 1 << 61)
"""A time that something is divided by, or that passes until the next waking (ns): not 0, and addable to a time."""
COUNT: Final[Bounds] = (1, 1_000_000)
PART: Final[Bounds] = (0, RATE_ONE)
"""A rate that is a part of something."""
FACTOR: Final[Bounds] = (0, 1_000 * RATE_ONE)
"""A rate that multiplies something."""
AMOUNT: Final[Bounds] = (0, 1 << 62)


def check(configuration: Struct, **bounds: Bounds) -> None:
    """Check the fields that are named against their least and greatest value. Raises ValueError."""
    for name, (least, greatest) in bounds.items():
        value = getattr(configuration, name)
        if not least <= value <= greatest:
            raise ValueError(f"{name} is {value}, it must be in {least} to {greatest}")
