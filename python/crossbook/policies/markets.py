"""Which markets a policy serves: those it is configured for, or all."""

from __future__ import annotations

from collections.abc import Sequence

from crossbook.policies.view import PolicyView
from crossbook.rows import MarketRow


def served(view: PolicyView, markets: Sequence[int]) -> list[MarketRow]:
    """The rows of these markets, by id; of all if none are named."""
    return [row for row in view.markets() if not markets or row.market in markets]
