"""Pools: what stands together, what it is worth, and what it must be worth. Money in minor units.

A pool is written (account, asset, market): market 0 is the cross pool of the asset, any other an isolated pool.
Everything that asks what a pool needs goes through `requirement` and `maintenance`, which know the margin mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from . import commands as c
from . import portfolio
from .collateral import collateral_value
from .funding import owed
from .margin import (
    NO_EXPOSURE,
    Exposure,
    exposure,
    initial_margin,
    maintenance_margin,
    notional_of,
    position_of,
    unrealised,
)
from .state import RATE_ONE, Account, Market, State, ceil_div

# What an account holds and offers in the markets of a pool, by market.
Exposures = Mapping[int, Exposure]


class Pool(NamedTuple):
    """One pool of one account."""

    account: int
    asset: int
    market: int


def cross_pool(account: Account, asset: int) -> Pool:
    """The cross pool of an asset."""
    return Pool(account.account, asset, 0)


def pool_of(state: State, account: Account, market: int) -> Pool:
    """The pool in which the account's position in a market stands."""
    isolated = position_of(account, market).isolated
    return Pool(account.account, state.markets[market].settlement, market if isolated else 0)


def markets_of(state: State, pool: Pool) -> list[Market]:
    """The markets of a pool in which the account has anything at all, by id."""
    account = state.accounts[pool.account]
    touched = set(account.positions) | {order.market for order in account.orders.values()}
    return [state.markets[market] for market in sorted(touched) if pool_of(state, account, market) == pool]


def exposures(state: State, pool: Pool) -> dict[int, Exposure]:
    """What the pool's markets hold and offer."""
    account = state.accounts[pool.account]
    return {market.market: exposure(account, market.market) for market in markets_of(state, pool)}


def is_exposed(state: State, pool: Pool) -> bool:
    """Whether a position of the pool has lots or open lots."""
    return any(shown != NO_EXPOSURE for shown in exposures(state, pool).values())


def is_locked(state: State, pool: Pool) -> bool:
    """Whether the pool is locked to reducing."""
    return (pool.asset, pool.market) in state.accounts[pool.account].locked


def forget(state: State, pool: Pool) -> None:
    """An isolated pool is no more: what was remembered of it goes with it."""
    state.accounts[pool.account].locked.discard((pool.asset, pool.market))
    state.waterfall.standings.pop(pool, None)
    state.waterfall.cooldowns.pop(pool, None)


def is_portfolio(state: State, pool: Pool) -> bool:
    """Whether the pool is margined as a portfolio; an isolated one never is."""
    return pool.market == 0 and state.accounts[pool.account].margin_mode == c.PORTFOLIO


# What there is


def balance(state: State, pool: Pool) -> int:
    """Cash, or the margin of an isolated position."""
    account = state.accounts[pool.account]
    if pool.market == 0:
        return account.cash.get(pool.asset, 0)
    return position_of(account, pool.market).margin


def add_to_balance(state: State, pool: Pool, amount: int) -> int:
    """Changes the balance of a pool and returns it; an isolated position is there already."""
    account = state.accounts[pool.account]
    if pool.market == 0:
        return add_cash(state, account, pool.asset, amount)
    position = account.positions[pool.market]
    position.margin += amount
    position.margin_changed = state.seq
    return position.margin


def add_cash(state: State, account: Account, asset: int, amount: int) -> int:
    """Changes a balance and returns it."""
    account.cash[asset] = account.cash.get(asset, 0) + amount
    account.cash_changed[asset] = state.seq
    return account.cash[asset]


def owed_by(state: State, pool: Pool) -> int:
    """Funding and losses that the pool's positions have not settled yet."""
    account = state.accounts[pool.account]
    return sum(sum(owed(market, position_of(account, market.market))) for market in markets_of(state, pool))


def settled_balance(state: State, pool: Pool) -> int:
    """What the balance would be were everything settled."""
    return balance(state, pool) - owed_by(state, pool)


def unrealised_of(state: State, pool: Pool) -> int:
    """Profit of the pool's positions were they closed at the mark."""
    account = state.accounts[pool.account]
    return sum(unrealised(market, position_of(account, market.market)) for market in markets_of(state, pool))


def equity(state: State, pool: Pool) -> int:
    """What the pool is worth."""
    worth = settled_balance(state, pool) + unrealised_of(state, pool)
    if pool.market == 0:
        worth += collateral_value(state, state.accounts[pool.account], pool.asset)
    return worth


def notional_held(state: State, pool: Pool) -> int:
    """What the positions of a pool are worth at the mark, without sign and without open orders."""
    return sum(notional_of(state.markets[market], shown.lots) for market, shown in exposures(state, pool).items())


# What there must be


def requirement_of(state: State, pool: Pool, shown: Exposures) -> int:
    """The initial requirement of a pool, were its exposures these; the floor is for pools that have any."""
    exposed = any(one != NO_EXPOSURE for one in shown.values())
    floor = state.assets[pool.asset].levels.account_floor if exposed else 0
    return max(demanded(state, pool, shown), floor)


def demanded(state: State, pool: Pool, shown: Exposures) -> int:
    """The requirement of exposures without the floor, in the margin mode of the pool."""
    if is_portfolio(state, pool):
        return portfolio.requirement(state, pool.account, shown)
    return standard_requirement(state, pool.account, shown)


def maintenance_of(state: State, pool: Pool, shown: Exposures) -> int:
    """The maintenance of a pool, were its exposures these."""
    if is_portfolio(state, pool):
        return portfolio.maintenance(state, shown)
    return standard_maintenance(state, shown)


def standard_requirement(state: State, account: int, shown: Exposures) -> int:
    """The sum over markets, each rounded up."""
    found = state.accounts[account]
    return sum(initial_margin(state, found, state.markets[market], one.worst()) for market, one in shown.items())


def standard_maintenance(state: State, shown: Exposures) -> int:
    """The sum over markets, each rounded up."""
    return sum(maintenance_margin(state.markets[market], one.lots) for market, one in shown.items())


def requirement(state: State, pool: Pool) -> int:
    """The initial requirement of a pool as it stands."""
    return requirement_of(state, pool, exposures(state, pool))


def maintenance(state: State, pool: Pool) -> int:
    """The maintenance of a pool as it stands."""
    return maintenance_of(state, pool, exposures(state, pool))


# Levels


def placing_level(state: State, pool: Pool, required: int) -> int:
    """The equity that placing asks for, at a requirement."""
    return ceil_div(required * state.assets[pool.asset].levels.initial_rate, RATE_ONE)


def recovered_level(state: State, pool: Pool) -> int:
    """The equity at which a pool in need has recovered."""
    return ceil_div(maintenance(state, pool) * (RATE_ONE + state.assets[pool.asset].levels.buffer_rate), RATE_ONE)


def transfer_level(state: State, pool: Pool) -> int:
    """The equity that must stay when money leaves."""
    rate = state.assets[pool.asset].levels.transfer_rate
    return max(ceil_div(requirement(state, pool) * rate, RATE_ONE), ceil_div(notional_held(state, pool), 10))
