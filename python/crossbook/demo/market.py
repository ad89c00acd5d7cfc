"""The demo's markets, and the path of what they are about: prices elsewhere, which sources tell and traders know.

Every random choice of the demo is an integer drawn from one seeded generator, never a float: the same seed makes the
same session, bit for bit, on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Final

from crossbook.config import AssetConfig, MarketConfig, ParametersConfig, TierConfig, VenueConfig
from crossbook.demo.config import Crash

ASSET: Final = "USDC"
ROOT_INTERVAL_COMMANDS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Instrument:
    """One perpetual market of the demo and how wildly it moves.

    `tick_size`, `lot_size` and `start` in whole units; `clip` is a usual order in lots. `step_ppm` is the largest
    random move of the price in a round and `crash_ppm` its steady fall while it crashes, both in parts per million.
    """

    symbol: str
    tick_size: str
    lot_size: str
    start: str
    price_max: str
    position_max: str
    step_ppm: int
    crash_ppm: int
    clip: int

    @property
    def start_ticks(self) -> int:
        """The first price in ticks."""
        return int(Decimal(self.start) / Decimal(self.tick_size))


INSTRUMENTS: Final = (
    Instrument("BTC-PERP", "0.5", "0.001", "64000", "1000000", "500", step_ppm=210, crash_ppm=5_400, clip=40),
    Instrument("ETH-PERP", "0.05", "0.01", "3200", "100000", "10000", step_ppm=280, crash_ppm=6_900, clip=80),
    Instrument("SOL-PERP", "0.01", "0.1", "150", "10000", "100000", step_ppm=380, crash_ppm=8_700, clip=170),
)
"""The markets in the order of their ids, from 1 up."""

_TIERS: Final = (("0", "0.02", "0.01"), ("250000", "0.04", "0.02"), ("1000000", "0.1", "0.05"))


def venue_config(instruments: Sequence[Instrument] = INSTRUMENTS) -> VenueConfig:
    """The demo's venue: one settlement asset, its markets with fees, a maker rebate, tiers and a price band."""
    return VenueConfig(
        assets=[AssetConfig(ASSET, 6)],
        markets=[_market_config(instrument) for instrument in instruments],
        parameters=ParametersConfig(open_orders_max=200, root_interval_commands=ROOT_INTERVAL_COMMANDS),
    )


def _market_config(instrument: Instrument) -> MarketConfig:
    return MarketConfig(
        symbol=instrument.symbol,
        settlement=ASSET,
        tick_size=Decimal(instrument.tick_size),
        lot_size=Decimal(instrument.lot_size),
        price_max=Decimal(instrument.price_max),
        position_max=Decimal(instrument.position_max),
        tiers=[TierConfig(*(Decimal(value) for value in row)) for row in _TIERS],
        maker_rate=Decimal("-0.00005"),
        taker_rate=Decimal("0.0004"),
        order_min_notional=Decimal(10),
        price_band_rate=Decimal("0.1"),
        market_bound_rate=Decimal("0.02"),
        mark=Decimal(instrument.start),
    )


class Prices:
    """What the underlyings trade at elsewhere, in ticks of the markets, walking at random and crashing once."""

    def __init__(self, rng: Random, crash: Crash) -> None:
        self._rng = rng
        self._crash = crash
        self.ticks: list[int] = [instrument.start_ticks for instrument in INSTRUMENTS]

    def step(self, number: int) -> list[int]:
        """Move all prices by one round and return them."""
        for index, instrument in enumerate(INSTRUMENTS):
            drift = 0
            if self._crash.falling(number):
                drift = -instrument.crash_ppm
            elif self._crash.recovering(number):
                drift = instrument.crash_ppm // 4
            move = drift + self._rng.randint(-instrument.step_ppm, instrument.step_ppm)
            self.ticks[index] = max(1, self.ticks[index] + self.ticks[index] * move // 1_000_000)
        return self.ticks
