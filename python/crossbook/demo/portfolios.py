"""Portfolios such as real desks hold, on the demo's markets and two dated futures beside them.

The futures are marked on their own; nothing here expires. Sizes are in whole units of the underlying.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from crossbook.demo.market import INSTRUMENTS, Instrument

FUTURES: Final = (
    Instrument("BTC-QUARTER", "0.5", "0.001", "64768", "1000000", "500", step_ppm=210, crash_ppm=5_400, clip=40),
    Instrument("ETH-QUARTER", "0.05", "0.01", "3238.4", "100000", "10000", step_ppm=280, crash_ppm=6_900, clip=80),
)
"""Futures on what the first two perpetuals are about, 1.2 % dearer."""

ALL_INSTRUMENTS: Final = INSTRUMENTS + FUTURES
"""The demo's markets, then the futures, in the order of their ids, from 1 up."""


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A name and positions: (symbol, size), short negative."""

    name: str
    positions: tuple[tuple[str, str], ...]


PORTFOLIOS: Final = (
    Portfolio(
        "market maker",
        (
            ("BTC-PERP", "8"),
            ("BTC-QUARTER", "-9"),
            ("ETH-PERP", "-150"),
            ("ETH-QUARTER", "180"),
            ("SOL-PERP", "2000"),
        ),
    ),
    Portfolio(
        "basis desk",
        (("BTC-PERP", "-40"), ("BTC-QUARTER", "40"), ("ETH-PERP", "-600"), ("ETH-QUARTER", "600")),
    ),
    Portfolio("directional fund", (("BTC-PERP", "30"), ("ETH-PERP", "400"), ("SOL-PERP", "6000"))),
    Portfolio("pair book", (("ETH-PERP", "800"), ("BTC-PERP", "-40"))),
    Portfolio("dispersion book", (("BTC-PERP", "-40"), ("ETH-PERP", "400"), ("SOL-PERP", "8500"))),
    Portfolio("outright short", (("SOL-PERP", "-10000"),)),
)
