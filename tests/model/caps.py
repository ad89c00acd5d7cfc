"""The caps on what an order may lead to: 425, 424, 423."""

from __future__ import annotations

from . import commands as c
from .margin import Exposure, exposure, notional_of, open_interest
from .refusals import Code, refuse_if
from .state import RATE_ONE, Account, Market, State

ALL_ACCOUNTS = 0


def check_caps(state: State, account: Account, market: Market, *, before: Exposure, after: Exposure) -> None:
    """Refuses an order that raises the worst lots of its market beyond a cap."""
    worst = after.worst()
    if worst <= before.worst():
        return
    interest = open_interest(state, market.market)
    full = market.open_interest_max > 0 and interest >= market.open_interest_max
    refuse_if(full, Code.OpenInterestCap, interest, market.open_interest_max)
    if market.concentration_rate > 0:
        cap = max(market.concentration_floor, interest * market.concentration_rate // RATE_ONE)
        refuse_if(worst > cap, Code.ConcentrationCap, worst, cap)
    check_exposure(state, account, market, worst)


def check_exposure(state: State, account: Account, market: Market, worst: int) -> None:
    """423: by market, group and asset, the account's own cap, or else the one for all accounts."""
    settled_alike = [other for other in state.markets.values() if other.settlement == market.settlement]
    group = [other for other in settled_alike if other.group == market.group]
    scopes = (
        (c.BY_MARKET, market.market, [market]),
        (c.BY_GROUP, market.group, group),
        (c.BY_ASSET, market.settlement, settled_alike),
    )
    for scope, number, markets in scopes:
        cap = cap_of(state, account, scope=scope, number=number)
        if cap == 0 or (scope == c.BY_GROUP and number == 0):
            continue
        total = 0
        for other in markets:
            lots = worst if other is market else exposure(account, other.market).worst()
            total += notional_of(other, lots)
        refuse_if(total > cap, Code.ExposureCap, total, cap)


def cap_of(state: State, account: Account, *, scope: int, number: int) -> int:
    """The cap that holds for an account; 0 if none does."""
    own = state.exposure_caps.get((account.account, scope, number), 0)
    return own or state.exposure_caps.get((ALL_ACCOUNTS, scope, number), 0)
