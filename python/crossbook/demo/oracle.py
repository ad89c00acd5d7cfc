"""The sources of outside prices: three for each market, each with its own noise and its own clock.

They fail in the crash: first they contradict each other, then none of them says anything for a while.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from random import Random
from typing import Any, Final

from crossbook.commands import Observe
from crossbook.demo.config import Outage
from crossbook.demo.market import INSTRUMENTS

DECIMALS: Final = 3
"""Observations are in 10^-3 of a unit of the settlement asset."""
SOURCES: Final = (1, 2, 3)
CONFIDENCE_PPM: Final = 300
NOISE_PPM: Final = 100
"""How far a source is from the price at most, in parts per million."""
APART_PPM: Final = 30_000
"""How far the sources are from each other while they contradict each other."""
LAG_NS: Final = 400_000_000
"""How old an observation is at most when it arrives."""

THRESHOLDS: Final = {"ageing_ns": 6_000_000_000, "stale_ns": 15_000_000_000, "volatile_rate": 250_000_000}
"""Sources that speak every three seconds are soon missed; a fall by a quarter in minutes is what this market is for."""

_UNITS: Final = tuple(int(Decimal(instrument.tick_size) * 10**DECIMALS) for instrument in INSTRUMENTS)
"""What a tick of each market is worth in an observation."""


def feeds() -> list[dict[str, Any]]:
    """The feeds as a policy is configured with them: feed n is about market n."""
    return [
        {
            "feed": market,
            "market": market,
            "decimals": DECIMALS,
            "sources": [{"source": source} for source in SOURCES],
            "thresholds": THRESHOLDS,
        }
        for market in range(1, len(INSTRUMENTS) + 1)
    ]


class Sources:
    """What the sources say in a round."""

    def __init__(self, rng: Random, outage: Outage) -> None:
        self._rng = rng
        self._outage = outage

    def observe(self, number: int, time_ns: int, prices: Sequence[int]) -> Iterator[Observe]:
        """What arrives at `time_ns` about these prices (ticks)."""
        if self._outage.silences(number):
            return
        apart = APART_PPM if self._outage.diverges(number) else 0
        for feed, (ticks, unit) in enumerate(zip(prices, _UNITS, strict=True), start=1):
            true = ticks * unit
            for source in SOURCES:
                off = self._rng.randint(-NOISE_PPM, NOISE_PPM) + apart * (source - 2)
                price = true + true * off // 1_000_000
                observed_at = time_ns - self._rng.randint(0, LAG_NS)
                yield Observe(feed, source, price, true * CONFIDENCE_PPM // 1_000_000, observed_at)
