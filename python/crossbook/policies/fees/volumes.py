"""Traded volume by account, in daily buckets of stamped time."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

DAY_NS: Final = 86_400_000_000_000
VOLUME_MAX: Final = 1 << 62
"""Volumes are not counted beyond this many minor units."""


class Traded(Struct):
    """What an account traded as a maker and as a taker, in minor units of one settlement asset."""

    maker: int = 0
    taker: int = 0


class Volumes(Struct):
    """What accounts traded in one settlement asset: by day (`time / DAY_NS`), and over all days that are kept."""

    days: dict[int, dict[int, Traded]] = field(default_factory=dict)
    totals: dict[int, Traded] = field(default_factory=dict)


def count(volumes: Volumes, day: int, *, maker: int, taker: int, notional: int) -> None:
    """Take a trade in: the notional counts once for each side."""
    for bucket in (volumes.days.setdefault(day, {}), volumes.totals):
        made, took = bucket.setdefault(maker, Traded()), bucket.setdefault(taker, Traded())
        made.maker = min(made.maker + notional, VOLUME_MAX)
        took.taker = min(took.taker + notional, VOLUME_MAX)


def forget(volumes: Volumes, *, first_day: int) -> None:
    """Drop the days before `first_day`, and take them out of the totals."""
    for day in [day for day in volumes.days if day < first_day]:
        for account, gone in volumes.days.pop(day).items():
            total = volumes.totals[account]
            total.maker, total.taker = max(0, total.maker - gone.maker), max(0, total.taker - gone.taker)
            if not (total.maker or total.taker):
                del volumes.totals[account]
