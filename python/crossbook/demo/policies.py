"""The policies of the demo, as the configuration of its venue names them, and the rules of risk they go by."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from msgspec.structs import replace

from crossbook.config import MarketConfig, TierConfig, VenueConfig
from crossbook.config.risk import FeeTierConfig, GradesConfig, LevelsConfig, LiquidationConfig
from crossbook.demo.config import ROUND_NS
from crossbook.demo.market import venue_config
from crossbook.demo.oracle import feeds

_TIERS: Final = (("0", "0.04", "0.02"), ("250000", "0.06", "0.03"), ("1000000", "0.1", "0.05"))
EPOCH_MS: Final = 300_000
_SECOND: Final = 1_000_000_000
_ROUND_MS: Final = ROUND_NS // 1_000_000

LEAST_GRADES: Final = GradesConfig(margin="thin", liquidation="uncertain", funding="thin")
"""Who adds to his risk, and who is paid funding, needs a better price than who is liquidated."""

POLICIES: Final[dict[str, str | dict[str, Any]]] = {
    "oracle": {"policy": "gates", "feeds": feeds(), "refresh_ns": ROUND_NS},
    "mark": {"policy": "median", "interval_ms": _ROUND_MS},
    "breakers": {
        "policy": "guards",
        "velocity": {"move_rate": 150_000_000, "window_ns": 60 * _SECOND},
        "calm_ns": 60 * _SECOND,
    },
    "funding": {
        "policy": "epochs",
        "interval_ms": EPOCH_MS,
        "sample_ms": _ROUND_MS,
        "rate_divisor": 96,
        "retry_ms": 240_000,
    },
    "liquidation": {"policy": "ladder", "deleverage_after_ns": 30 * _SECOND, "auction_ns": 15 * _SECOND},
    "insurance": {"policy": "target", "interval_ns": EPOCH_MS * 1_000_000, "rise_rate": 100_000_000},
    "fees": {"policy": "volume_tiers", "volumes": [100_000, 400_000], "upgrade_at_once": True},
}
"""By slot. Funding pays a 96th of an eight-hour rate every five minutes."""


def policed_config() -> VenueConfig:
    """The demo's venue with everything its policies need: call levels, a liquidation fee, fee tiers, least grades."""
    plain = venue_config()
    levels = LevelsConfig(buffer_rate=Decimal("0.25"))
    liquidation = LiquidationConfig(
        first_call_rate=Decimal("1.6"),
        second_call_rate=Decimal("1.3"),
        adjustment_rate=Decimal(10),
        fee_rate=Decimal("0.005"),
    )
    return replace(
        plain,
        assets=[replace(asset, levels=levels, liquidation=liquidation) for asset in plain.assets],
        markets=[_policed(market) for market in plain.markets],
        policies=POLICIES,
    )


def _policed(market: MarketConfig) -> MarketConfig:
    fees = [FeeTierConfig(market.maker_rate, Decimal(rate)) for rate in ("0.00035", "0.0003")]
    tiers = [TierConfig(*(Decimal(value) for value in row)) for row in _TIERS]
    return replace(market, tiers=tiers, fee_tiers=fees, grades=LEAST_GRADES)
