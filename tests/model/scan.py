"""The scan: after what can change the standing of pools, every pool is looked at and what changed is announced."""

from __future__ import annotations

from collections.abc import Iterator

from . import commands as c
from . import events as e
from .health import health_of, settings_of
from .pools import Pool, cross_pool, pool_of, requirement
from .standing import HEALTHY, standing_of
from .state import Account, State

SCANNED_AFTER = (c.SetMark, c.SettleFunding, c.SetCollateralPrice, c.Socialise)


def pools_of(state: State, account: Account) -> Iterator[Pool]:
    """The cross pools by asset, then the isolated ones by market."""
    for asset in sorted(state.assets):
        yield cross_pool(account, asset)
    for market, position in sorted(account.positions.items()):
        if position.isolated:
            yield pool_of(state, account, market)


def scan(state: State) -> None:
    """Announces every pool whose standing is no longer the remembered one."""
    standings = state.waterfall.standings
    for account in state.accounts.values():
        for pool in pools_of(state, account):
            health = health_of(state, pool)
            standing, previous = standing_of(health, settings_of(state, pool)), standings.get(pool, HEALTHY)
            if standing != previous:
                standings[pool] = standing
                required = requirement(state, pool)
                state.emit(e.STANDING_CHANGED, *pool, standing, previous, health.equity, required, health.maintenance)
