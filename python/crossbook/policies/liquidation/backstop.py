"""Backstop first: positions stay as they are until the vaults may take them over whole."""

from __future__ import annotations

from typing import ClassVar

from crossbook.policies.liquidation.waterfall import Waterfall


class BackstopFirst(Waterfall, frozen=True, kw_only=True):
    """Nothing but the lock above the take-over level; below it the vaults, then the book, then deleveraging.

    The fields are those of `Terms`.
    """

    name: ClassVar[str] = "backstop"

    liquidatable: tuple[str, ...] = ()
    take_over: tuple[str, ...] = ("take_over", "deleverage", "reduce")
    bankrupt: tuple[str, ...] = ("take_over", "close", "deleverage")
