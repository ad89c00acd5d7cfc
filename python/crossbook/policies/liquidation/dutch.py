"""Auction first: positions are offered to liquidators before anything is sent into the book."""

from __future__ import annotations

from typing import ClassVar

from crossbook.policies.liquidation.waterfall import Waterfall


class DutchFirst(Waterfall, frozen=True, kw_only=True):
    """Auction, then reductions, then the vaults and deleveraging. The fields are those of `Terms`."""

    name: ClassVar[str] = "dutch"

    liquidatable: tuple[str, ...] = ("auction", "reduce")
    take_over: tuple[str, ...] = ("auction", "take_over", "deleverage", "reduce")
    bankrupt: tuple[str, ...] = ("take_over", "close", "deleverage")
