"""A desk on which account 1 holds more than it can carry: 900 lots, bought from 2 at 10,000 with 1,000,000 of cash.

At a mark of m it is worth `1,000,000 − 900 · (10,000 − m)` and needs `45 · m`, 5 % of its notional:

     mark    equity   maintenance   two thirds of it
    9,400   460,000       423,000
    9,300   370,000       418,500            279,001
    9,100   190,000       409,500            273,001   failing
    8,800   −80,000       396,000                      bankrupt
"""

from __future__ import annotations

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.engines import Engine

LOTS = 900
PERCENT = 10_000_000


def in_trouble(engine: Engine, mark: int = 9_300) -> Desk:
    """The desk, at a mark."""
    desk = Desk(engine, deposit=1_000_000)
    desk.mark(10_000)
    desk.buy(1, LOTS, 10_000)
    desk.sell(2, LOTS, 10_000)
    desk.mark(mark)
    return desk


def bankrupt(engine: Engine) -> Desk:
    """The same, its position taken over at the mark of 8,800 by account 3: there is nothing but a debt of 80,000."""
    desk = in_trouble(engine, 8_800)
    desk.do(c.SetVault(3, 1, 10**9))
    desk.do(c.TakeOver(1, 1, 0, 3))
    return desk


def liquidation(asset: int = 1, **settings: int) -> c.SetLiquidation:
    """Settings of an asset's liquidation: no calls, no cooldown and no fee unless given."""
    fields = {
        "first_call_rate": 0,
        "second_call_rate": 0,
        "take_over_rate": 666_666_667,
        "adjustment_rate": 10**9,
        "spread_rate": 10**9,
        "partial_rate": 10**9,
        "partial_notional": 0,
        "cooldown_ns": 0,
        "fee_rate": 0,
    }
    return c.SetLiquidation(asset, **(fields | settings))


def levels(asset: int = 1, **settings: int) -> c.SetLevels:
    """Levels of an asset: as before the first of them unless given."""
    fields = {"initial_rate": 10**9, "transfer_rate": 10**9, "buffer_rate": 0, "account_floor": 0}
    return c.SetLevels(asset, **(fields | settings))
