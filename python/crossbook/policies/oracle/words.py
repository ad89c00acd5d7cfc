"""What oracle policies put on record: topics of notes, and their bodies."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

REJECTED: Final = "oracle.rejected"
RESTORED: Final = "oracle.restored"
GRADED: Final = "oracle.graded"

REASONS: Final = {
    "not_positive": "the price is zero or below",
    "out_of_range": "the market cannot have such a price",
    "crossed": "the confidence is below zero: the source's bid is above its ask",
    "clock_backwards": "observed before what the source said last",
    "clock_ahead": "observed later than the venue's time allows",
    "unknown_source": "the feed has no such source",
    "stale": "the source has said nothing for too long",
    "stuck": "the source repeats one price while others move",
    "wide": "the source is not sure enough of its price",
    "jump": "far from the last accepted price and its TWAP, and the source has not stood by it yet",
    "flash": "a jump that was taken back",
    "outlier": "far from the weighted median of all sources",
    "split": "no more than half of the weight agrees on a price",
    "too_few": "a first price needs the minimum of sources",
}
"""Why a source does not count, in the order in which it is found out."""


class RejectedObservation(Struct, frozen=True):
    """A source does not count from now on, for a reason of `REASONS`; the price is what it said, in the feed's unit."""

    feed: int
    source: int
    reason: str
    price: int
    observed_at: int


class RestoredSource(Struct, frozen=True):
    """A source counts again; `after` is the reason for which it did not."""

    feed: int
    source: int
    after: str


class GradedFeed(Struct, frozen=True):
    """The price of a collateral feed has another grade: by name, since the kernel keeps none for collateral."""

    feed: int
    grade: str
    price: int
    observed_at: int
