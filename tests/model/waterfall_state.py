"""What the steps of the waterfall remember, as plain records."""

from __future__ import annotations

from dataclasses import dataclass, field

from .standing import Liquidation


@dataclass(slots=True)
class Insurance:
    """The fund of an asset's cross pools or of a market's isolated ones, and what it may lose per interval.

    `paid` is what it paid in the window of stamped time `window`.
    """

    loss_max: int = 0
    interval_ns: int = 0
    window: int = 0
    paid: int = 0


@dataclass(slots=True)
class Auction:
    """A part of a position on offer; `side` is the side of the position, `lots` what is left of the offer."""

    auction: int
    account: int
    market: int
    side: int
    lots: int
    discount_start_rate: int
    discount_end_rate: int
    opened_at: int
    duration_ns: int


@dataclass(slots=True)
class Waterfall:
    """Pools and funds are named by (account, asset, market) and (asset, market), market 0 for what is not isolated."""

    liquidation: dict[int, Liquidation] = field(default_factory=dict)
    vaults: dict[tuple[int, int], int] = field(default_factory=dict)  # exposure_max, by account and asset
    liquidators: set[int] = field(default_factory=set)
    insurance: dict[tuple[int, int], Insurance] = field(default_factory=dict)
    market_funds: dict[int, int] = field(default_factory=dict)
    auctions: dict[int, Auction] = field(default_factory=dict)
    auctions_opened: int = 0
    standings: dict[tuple[int, int, int], int] = field(default_factory=dict)
    cooldowns: dict[tuple[int, int, int], int] = field(default_factory=dict)
