"""The ladder: the least harm first, and more as a pool gets worse. The default."""

from __future__ import annotations

from typing import ClassVar

from crossbook.policies.liquidation.waterfall import Waterfall


class Ladder(Waterfall, frozen=True, kw_only=True):
    """Hedges and reductions in stages, an auction, a take-over, deleveraging; then insurance and shared losses.

    The fields are those of `Terms`.
    """

    name: ClassVar[str] = "ladder"
