"""Portfolio margin: what a cross pool of an account in margin mode 2 must be worth."""

from __future__ import annotations

from collections.abc import Mapping

from .margin import Exposure, initial_margin, maintenance_margin
from .state import State


def requirement(state: State, account: int, shown: Mapping[int, Exposure]) -> int:
    """The requirement of exposures by market: a market without scenarios contributes its standard requirement."""
    found = state.accounts[account]
    return sum(initial_margin(state, found, state.markets[market], one.worst()) for market, one in shown.items())


def maintenance(state: State, account: int, shown: Mapping[int, Exposure]) -> int:
    """The maintenance of exposures by market: a market without scenarios contributes its standard maintenance."""
    return sum(maintenance_margin(state.markets[market], one.lots) for market, one in shown.items())
