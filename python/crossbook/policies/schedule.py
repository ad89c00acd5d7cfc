"""Times on a grid that begins with the Unix epoch: when a policy that works at intervals wants to be woken.

A grid does not depend on when a policy was engaged, so two venues with the same policy act at the same stamped times.
"""

from __future__ import annotations

from typing import Final

MILLISECOND: Final = 1_000_000
"""Nanoseconds."""


def next_ns(time_ns: int, interval_ms: int) -> int:
    """The first time after this one (ns since the epoch) that is a whole multiple of the interval."""
    interval = interval_ms * MILLISECOND
    return (time_ns // interval + 1) * interval


def is_due(time_ns: int, interval_ms: int) -> bool:
    """Whether this time is a whole multiple of the interval."""
    return time_ns % (interval_ms * MILLISECOND) == 0
