"""Immediate close: all that the kernel allows goes into the book at once; what the book does not take, to winners."""

from __future__ import annotations

from typing import ClassVar

from crossbook.policies.liquidation.waterfall import Waterfall


class MarketClose(Waterfall, frozen=True, kw_only=True):
    """No hedges, no stages, no auction, no vault. The fields are those of `Terms`."""

    name: ClassVar[str] = "market"

    liquidatable: tuple[str, ...] = ("close",)
    take_over: tuple[str, ...] = ("close", "deleverage")
    bankrupt: tuple[str, ...] = ("close", "deleverage")
    deleverage_after_ns: int = 0
