"""The configuration of oracle policies: which sources make up which price, and when they are believed.

A feed collects sources of one price. What they say is in whole units of the feed, 10^-decimals of the quote currency
per unit of the underlying: with `decimals = 2` the observation 6000050 is 60,000.50.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from crossbook.commands import RATE_ONE

_SECOND = 1_000_000_000
_PERCENT = RATE_ONE // 100
DECIMALS_MAX = 18


class Source(Struct, frozen=True, forbid_unknown_fields=True):
    """One source of a feed: its id in observations, a name for people, its weight in the median, what it quotes.

    Only `spot` sources make the price. `perp` sources quote external perpetuals: they are on record for a mark policy
    that names them as its third leg.
    """

    source: int
    name: str = ""
    weight: int = 1
    kind: Literal["spot", "perp"] = "spot"


class Thresholds(Struct, frozen=True, forbid_unknown_fields=True):
    """When the gates of a feed close. Times are in ns of stamped time, rates in parts per 10^9.

    Attributes:
        ageing_ns: older than this, a price is `ageing`.
        stale_ns: older than this, a source no longer counts; with none left the price is `stale`.
        lost_ns: older than this, the price has no grade, and the next one begins anew.
        clock_ahead_ns: how far a source's clock may be ahead of the stamped time.
        stuck_updates: a source that says one price so many times, while the prices of others change as often, is stuck.
        confidence_rate: widest confidence, relative to the price.
        jump_rate: farther than this from both the last accepted price and its TWAP is a jump.
        confirm_ns: how long a source must stand by a jump, by its own clock, until it counts.
        twap_ns: window of the TWAP.
        volatile_rate: farther than this from its TWAP, an accepted price is `volatile`.
        divergence_rate: farther than this from the weighted median of all, a source is an outlier.
        minimum_sources: with fewer than this, a price is `thin`; to begin it takes as many.
        clamp_rate: an accepted price moves no farther than this in one update.
        depeg_rate: a collateral asset within this of its peg keeps it.
    """

    ageing_ns: int = 10 * _SECOND
    stale_ns: int = 30 * _SECOND
    lost_ns: int = 300 * _SECOND
    clock_ahead_ns: int = _SECOND
    stuck_updates: int = 30
    confidence_rate: int = _PERCENT
    jump_rate: int = 5 * _PERCENT
    confirm_ns: int = 3 * _SECOND
    twap_ns: int = 300 * _SECOND
    volatile_rate: int = 50 * _PERCENT
    divergence_rate: int = _PERCENT
    minimum_sources: int = 2
    clamp_rate: int = 2 * _PERCENT
    depeg_rate: int = _PERCENT // 2

    def __post_init__(self) -> None:
        if not 0 < self.ageing_ns <= self.stale_ns <= self.lost_ns:
            raise ValueError("ageing_ns, stale_ns and lost_ns must be positive and in this order")
        if min(self.minimum_sources, self.stuck_updates, self.twap_ns, self.clamp_rate, self.jump_rate) < 1:
            raise ValueError("minimum_sources, stuck_updates, twap_ns, clamp_rate and jump_rate must be positive")
        if min(self.clock_ahead_ns, self.confidence_rate, self.confirm_ns) < 0:
            raise ValueError("clock_ahead_ns, confidence_rate and confirm_ns may not be negative")
        if min(self.volatile_rate, self.divergence_rate, self.depeg_rate) < 0:
            raise ValueError("volatile_rate, divergence_rate and depeg_rate may not be negative")


class Feed(Struct, frozen=True, forbid_unknown_fields=True):
    """One price: its sources in order, the market whose oracle it is, or the collateral asset it values.

    Attributes:
        feed: its id in observations.
        sources: who says it.
        decimals: observations are in 10^-decimals of whole units.
        market: the market whose oracle it sets; 0 for a collateral feed.
        asset: the collateral asset whose price it sets; 0 for a market's feed.
        name: for people, and for files of observations.
        peg: what the collateral asset should be worth, in units of the feed; 0 for none.
        thresholds: when its gates close; None for those of the policy.
    """

    feed: int
    sources: tuple[Source, ...]
    decimals: int
    market: int = 0
    asset: int = 0
    name: str = ""
    peg: int = 0
    thresholds: Thresholds | None = None

    def __post_init__(self) -> None:
        if (self.market > 0) == (self.asset > 0):
            raise ValueError(f"feed {self.feed} must have a market or a collateral asset, and not both")
        if not 0 <= self.decimals <= DECIMALS_MAX:
            raise ValueError(f"feed {self.feed} has {self.decimals} decimals; 0 to {DECIMALS_MAX} are possible")
        ids = [source.source for source in self.sources]
        if not ids or len(set(ids)) != len(ids):
            raise ValueError(f"feed {self.feed} must have sources, each with an id of its own")
        if any(source.weight < 1 for source in self.sources):
            raise ValueError(f"feed {self.feed} has a source without weight")

    def spot(self) -> dict[int, Source]:
        """The sources that make the price, by id."""
        return {source.source: source for source in self.sources if source.kind == "spot"}


def check_feeds(feeds: tuple[Feed, ...]) -> None:
    """Refuse feeds that contradict each other. Raises ValueError."""
    ids = [feed.feed for feed in feeds]
    targets = [(feed.market, feed.asset) for feed in feeds]
    if len(set(ids)) != len(ids):
        raise ValueError("two feeds have one id")
    if len(set(targets)) != len(targets):
        raise ValueError("two feeds set one price")
