"""Where a pool stands between healthy and bankrupt, as pure formulas of docs/rules_waterfall.md."""

from __future__ import annotations

from typing import NamedTuple

from .arithmetic import RATE_ONE, ceil_div

HEALTHY, FIRST_CALL, SECOND_CALL, LIQUIDATABLE, TAKE_OVER, BANKRUPT = range(6)


class Liquidation(NamedTuple):
    """What SetLiquidation sets for a settlement asset; the defaults hold before it."""

    first_call_rate: int = 0
    second_call_rate: int = 0
    take_over_rate: int = 666_666_667
    adjustment_rate: int = RATE_ONE
    spread_rate: int = RATE_ONE
    partial_rate: int = RATE_ONE
    partial_notional: int = 0
    cooldown_ns: int = 0
    fee_rate: int = 0


class Health(NamedTuple):
    """What a pool is worth and what it must be worth to stay."""

    equity: int
    maintenance: int


def level(maintenance: int, rate: int) -> int:
    """A share or multiple of maintenance, rounded up."""
    return ceil_div(maintenance * rate, RATE_ONE)


def recovered_level(health: Health, buffer_rate: int) -> int:
    """The equity at which a pool in trouble is out of it."""
    return level(health.maintenance, RATE_ONE + buffer_rate)


def standing_of(health: Health, settings: Liquidation) -> int:
    """The last of the steps down whose condition holds."""
    equity, maintenance = health
    conditions = (
        (FIRST_CALL, equity < level(maintenance, settings.first_call_rate)),
        (SECOND_CALL, equity < level(maintenance, settings.second_call_rate)),
        (LIQUIDATABLE, equity < maintenance),
        (TAKE_OVER, equity < level(maintenance, settings.take_over_rate)),
        (BANKRUPT, equity < 0),
    )
    return max((standing for standing, holds in conditions if holds), default=HEALTHY)


def need_level(health: Health, *, locked: bool, buffer_rate: int) -> int:
    """The equity below which a pool may be liquidated: once locked it stays in need until it has recovered."""
    return recovered_level(health, buffer_rate) if locked else health.maintenance


def failing_level(health: Health, settings: Liquidation) -> int:
    """The equity below which others may take the pool's positions."""
    return max(level(health.maintenance, settings.take_over_rate), 0)
