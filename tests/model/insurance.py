"""The insurance funds: one of an asset's cross pools, one of each market's isolated pools."""

from __future__ import annotations

from .pools import Pool
from .state import State
from .waterfall_state import Insurance


def fund_amount(state: State, asset: int, market: int) -> int:
    """What is in a fund."""
    if market == 0:
        return state.assets[asset].insurance
    return state.waterfall.market_funds.get(market, 0)


def add_to_fund(state: State, asset: int, market: int, amount: int) -> int:
    """Changes a fund and returns it."""
    if market == 0:
        state.assets[asset].insurance += amount
    else:
        state.waterfall.market_funds[market] = fund_amount(state, asset, market) + amount
    return fund_amount(state, asset, market)


def paid_in_window(state: State, insurance: Insurance) -> int:
    """What the fund has paid already in the present window of stamped time."""
    present = state.time // insurance.interval_ns
    return insurance.paid if insurance.window == present else 0


def usable(state: State, pool: Pool) -> int:
    """What a pool's fund may still pay now."""
    fund = fund_amount(state, pool.asset, pool.market)
    insurance = state.waterfall.insurance.get((pool.asset, pool.market), Insurance())
    if insurance.interval_ns == 0:
        return fund
    return min(fund, max(0, insurance.loss_max - paid_in_window(state, insurance)))


def pay(state: State, pool: Pool, amount: int) -> int:
    """Takes a loss out of the pool's fund and counts it; returns the fund."""
    insurance = state.waterfall.insurance.get((pool.asset, pool.market))
    if insurance is not None and insurance.interval_ns > 0:
        insurance.paid = paid_in_window(state, insurance) + amount
        insurance.window = state.time // insurance.interval_ns
    return add_to_fund(state, pool.asset, pool.market, -amount)
