"""The venues that random sessions run on: two assets, three markets with their own rules, eight accounts."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.model import commands as c

SUB_ACCOUNT_PARENTS = (0, 0, 0, 0, 1, 1, 2, 0)
ACCOUNTS = len(SUB_ACCOUNT_PARENTS)
MARKETS = 3
ASSETS = 2

# tick_size_e12, lot_size_e12, settlement, price_max, position_max, middle of the price band
SHAPES = (
    (10**10, 10**12, 1, 5_000, 80, 1_000),
    (7 * 10**10, 10**12, 1, 2_000, 60, 150),
    (10**9, 10**10, 2, 100_000, 50, 50),
)
FEES = ((0, 0), (-100_000, 500_000), (333_333, 777_777), (200_000, 0), (-40_000_000, 50_000_000), (50_000, -50_000))
TIERS = (
    ((0, 100_000_000, 50_000_000),),
    ((0, 50_000_000, 25_000_000), (40_000, 100_000_000, 50_000_000), (150_000, 333_333_333, 166_666_667)),
    ((0, 20_000_000, 10_000_000), (1_001, 20_000_000, 15_000_000), (9_999, 500_000_000, 15_000_000)),
    ((0, 1, 0), (100_000, 1_000_000_000, 1_000_000_000)),
    ((0, 0, 0),),
)


def tiers(rng: random.Random) -> tuple[c.Tier, ...]:
    """One of the tier tables, most often one that asks for real margin."""
    return tuple(c.Tier(*row) for row in rng.choice(TIERS[:3] if rng.random() < 0.85 else TIERS))


def opening_commands(rng: random.Random) -> Iterator[c.Command]:
    """Everything it takes until orders can be placed; a market or two may be left unready for a while."""
    yield c.AddAsset("USD", 2)
    yield c.AddAsset("EUR.c", 6)
    for spare in range(rng.choice((0, 0, 0, 0, 0, 62))):
        yield c.AddAsset(f"SPARE{spare}", 0)
    yield c.SetParameters(rng.choice((8, 20, 40)), rng.choice((1, 100, 65_536)), rng.choice((0, 1_000)))
    for market, (tick_size, lot_size, settlement, price_max, position_max, _) in enumerate(SHAPES, start=1):
        yield c.AddMarket(f"M{market}-PERP", settlement, tick_size, lot_size, price_max, position_max)
    for parent in SUB_ACCOUNT_PARENTS:
        yield c.CreateAccount(parent)
    yield c.RegisterAuthor(c.POLICY, "mark", "1.0")
    for market in range(1, MARKETS + 1):
        if rng.random() < 0.97:
            yield c.SetTiers(market, tiers(rng))
        yield c.SetFees(market, *rng.choice(FEES))
        if rng.random() < 0.7:
            yield limits(rng, market)
        if rng.random() < 0.97:
            yield c.SetMark(market, SHAPES[market - 1][5])
    for account in range(1, ACCOUNTS + 1):
        for asset in range(1, ASSETS + 1):
            yield c.Deposit(account, asset, rng.choice((500, 3_000, 10_000, 30_000, 100_000)))


def limits(rng: random.Random, market: int) -> c.SetLimits:
    """Limits that bite now and then."""
    band = rng.choice((0, 0, 30_000_000, 100_000_000, 200_000_000))
    bound = rng.choice((1, 5_000_000, 50_000_000, 1_000_000_000))
    return c.SetLimits(market, rng.choice((0, 0, 0, 600)), rng.choice((30, 50, 50)), band, bound)
