"""The health of a pool that a step of the waterfall is aimed at, and the checks that every step shares."""

from __future__ import annotations

from . import commands as c
from .collateral import is_convertible
from .grades import check_liquidation_grade
from .margin import maintenance_margin, position_of
from .pools import Pool, cross_pool, equity, exposures, is_locked, maintenance, pool_of, standard_maintenance
from .refusals import Code, refuse_if
from .standing import Health, Liquidation, failing_level, need_level
from .state import BALANCE_MAX, Account, Market, State
from .waterfall_shares import Stake


def health_of(state: State, pool: Pool) -> Health:
    """Equity and maintenance of a pool."""
    return Health(equity(state, pool), maintenance(state, pool))


def settings_of(state: State, pool: Pool) -> Liquidation:
    """What SetLiquidation said for the pool's asset."""
    return state.waterfall.liquidation.get(pool.asset, Liquidation())


def buffer_rate(state: State, pool: Pool) -> int:
    """What a recovered pool has above its maintenance."""
    return state.assets[pool.asset].levels.buffer_rate


def stake_of(state: State, account: Account, market: Market) -> Stake:
    """The account's position in a market, in its pool."""

    def standard(lots: int) -> int:
        return maintenance_margin(market, lots)

    position, pool = position_of(account, market.market), pool_of(state, account, market.market)
    prices = (market.mark, market.tick_value, market.price_max)
    standard_sum = standard_maintenance(state, exposures(state, pool))
    return Stake(position.lots, position.cost, *prices, standard, standard_sum, health_of(state, pool))


def is_flat(state: State, pool: Pool) -> bool:
    """Whether no position of the pool has lots."""
    return all(shown.lots == 0 for shown in exposures(state, pool).values())


def named_pool(state: State, account: int, asset: int, market: int) -> Pool:
    """501: the pool of these three names, if there is such a pool."""
    if market == 0:
        return cross_pool(state.accounts[account], asset)
    check_fund(state, asset, market)
    isolated = position_of(state.accounts[account], market).isolated
    refuse_if(not isolated, Code.PoolInvalid, asset, market)
    return pool_of(state, state.accounts[account], market)


def check_fund(state: State, asset: int, market: int) -> None:
    """501: a market that is named settles in the asset."""
    foreign = market != 0 and state.markets[market].settlement != asset
    refuse_if(foreign, Code.PoolInvalid, asset, market)


def check_mode(market: Market, allowed: tuple[int, ...]) -> None:
    """420: the market's mode is one of these."""
    refuse_if(market.mode not in allowed, Code.MarketModeRefuses, market.mode)


def check_ready(market: Market) -> None:
    """405 and 434: the market has tiers and a mark, and an oracle price that is good enough for liquidations."""
    refuse_if(not market.tiers, Code.MarketNotReady, 1)
    refuse_if(market.mark == 0, Code.MarketNotReady, 2)
    check_liquidation_grade(market)


TIME_MAX = 2**64 - 1
NOT_HALTED = (c.CONTINUOUS, c.REDUCE_ONLY_MODE, c.CANCEL_ONLY)


def check_below(health: Health, level: int) -> None:
    """502: the pool is worth less than the level below which the step may be taken."""
    refuse_if(health.equity >= level, Code.PoolHealthy, health.equity, level)


def check_in_need(state: State, pool: Pool) -> Health:
    """502: the pool is in need; returns its health."""
    health = health_of(state, pool)
    check_below(health, need_level(health, locked=is_locked(state, pool), buffer_rate=buffer_rate(state, pool)))
    return health


def check_failing(state: State, pool: Pool) -> Health:
    """502: the pool is failing; returns its health."""
    health = health_of(state, pool)
    check_below(health, failing_level(health, settings_of(state, pool)))
    return health


def check_in_deficit(state: State, pool: Pool) -> int:
    """502: the pool has nothing left but a debt, not even collateral; returns the debt."""
    worth = equity(state, pool)
    convertible = pool.market == 0 and is_convertible(state, state.accounts[pool.account], pool.asset)
    in_deficit = worth < 0 and is_flat(state, pool) and not convertible
    refuse_if(not in_deficit, Code.PoolHealthy, worth, 0)
    return -worth


def check_holds(lots: int) -> None:
    """505: there is a position."""
    refuse_if(lots == 0, Code.NoPosition)


def check_cooldown(state: State, pool: Pool) -> None:
    """506: the last reduction of the pool is long enough ago."""
    until = state.waterfall.cooldowns.get(pool, 0)
    refuse_if(state.time < until, Code.Cooldown, until, state.time)


def check_within_balance_limit(before: int, change: int) -> None:
    """302: a balance that is changed stays within its limit."""
    refuse_if(abs(before + change) > BALANCE_MAX, Code.SupplyLimit, change, before)
