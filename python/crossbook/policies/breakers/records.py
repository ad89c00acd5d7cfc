"""What breakers put on record, and what an operator tells them."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

TRIP: Final = "breakers.trip"
RESUMED: Final = "breakers.resumed"
RESUME: Final = "breakers.resume"


class Trip(Struct, frozen=True):
    """A guard tripped: `value` went beyond `limit`, in the guard's unit, because of the command `cause` (a seq).

    `market` is 0 and `asset` is named where withdrawals are gated; `action` is what was asked for.
    """

    guard: str
    market: int
    asset: int
    value: int
    limit: int
    action: str
    cause: int


class Resumed(Struct, frozen=True):
    """A trip is over; `reason` is `"calm"`, `"operator"` (a note asked for it) or `"overridden"` (a mode was set)."""

    guard: str
    market: int
    asset: int
    reason: str


class Resume(Struct, frozen=True):
    """An operator's note: resume a market, or the withdrawals of an asset. An empty guard means every guard."""

    market: int = 0
    asset: int = 0
    guard: str = ""
