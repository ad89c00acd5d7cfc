"""The venues that random sessions run on: three assets, one of them collateral, three markets, eight accounts.

One venue trades small numbers; the other stands at the edge of what the rules admit, with notionals up to 2^58.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from tests.model import commands as c

SUB_ACCOUNT_PARENTS = (0, 0, 0, 0, 1, 1, 2, 0)
ACCOUNTS = len(SUB_ACCOUNT_PARENTS)
MARKETS = 3
ASSETS = 3
COLLATERAL = 3
FAMILIES = ((1, 5, 6), (2, 7))


class Shape(NamedTuple):
    """A market, the price it hovers around, and the lots that count as one unit of size there."""

    tick_size_e12: int
    lot_size_e12: int
    settlement: int
    price_max: int
    position_max: int
    middle: int
    unit: int


class Venue(NamedTuple):
    """Assets by their decimals, markets, and the money that counts as one unit."""

    decimals: tuple[int, int, int]
    shapes: tuple[Shape, Shape, Shape]
    money: int


SMALL = Venue(
    (2, 6, 4),
    (
        Shape(10**10, 10**12, 1, 5_000, 80, 1_000, 1),
        Shape(7 * 10**10, 10**12, 1, 2_000, 60, 150, 1),
        Shape(10**9, 10**10, 2, 100_000, 50, 50, 1),
    ),
    1,
)
LARGE = Venue(
    (18, 0, 9),
    (
        Shape(10**6, 10**12, 1, 4_800, 60, 1_000, 1),
        Shape(1, 10**6, 1, 2**31 - 1, 2**27, 2_000_000_000, 2**21),
        Shape(10**12, 10**12, 2, 2, 2**57, 1, 2**51),
    ),
    10**12,
)
FEES = ((0, 0), (-100_000, 500_000), (333_333, 777_777), (200_000, 0), (-40_000_000, 50_000_000), (50_000, -50_000))
TIERS = (
    ((0, 100_000_000, 50_000_000),),
    ((0, 50_000_000, 25_000_000), (40_000, 100_000_000, 50_000_000), (150_000, 333_333_333, 166_666_667)),
    ((0, 20_000_000, 10_000_000), (1_001, 20_000_000, 15_000_000), (9_999, 500_000_000, 15_000_000)),
    ((0, 1, 0), (100_000, 1_000_000_000, 1_000_000_000)),
    ((0, 0, 0),),
)


def tiers(rng: random.Random, venue: Venue) -> tuple[c.Tier, ...]:
    """One of the tier tables, most often one that asks for real margin."""
    table = rng.choice(TIERS[:3] if rng.random() < 0.85 else TIERS)
    return tuple(c.Tier(bound * venue.money, initial, maintenance) for bound, initial, maintenance in table)


def limits(rng: random.Random, venue: Venue, market: int) -> c.SetLimits:
    """Limits that bite now and then."""
    band = rng.choice((0, 0, 30_000_000, 100_000_000, 200_000_000))
    bound = rng.choice((1, 5_000_000, 50_000_000, 1_000_000_000))
    lots_max = rng.choice((30, 50, 50)) * venue.shapes[market - 1].unit
    return c.SetLimits(market, rng.choice((0, 0, 0, 600)) * venue.money, lots_max, band, bound)


def collateral_commands(rng: random.Random, venue: Venue) -> Iterator[c.Command]:
    """The third asset counts towards the pools of the first, at about a third of its own unit."""
    haircut = rng.choice((0, 100_000_000, 333_333_333))
    yield c.SetCollateral(COLLATERAL, 1, haircut, 50_000 * venue.money, 10**6 * venue.money, 2)
    yield c.SetCollateralPrice(COLLATERAL, 33, 10**9)


def agent_commands(rng: random.Random) -> Iterator[c.Command]:
    """Two policies that most accounts entrust themselves to; now and then one account has as many agents as it may."""
    many = rng.choice((2, 2, 17))
    for number in range(many):
        yield c.RegisterAuthor(c.POLICY, f"policy {number}", "1.0")
    for account in range(1, ACCOUNTS + 1):
        for author in range(1, 3):
            if rng.random() < 0.85 or (many > 2 and account == 1):
                yield c.SetAgent(account, author, True)
    for author in range(3, many):
        yield c.SetAgent(1, author, True)


def opening_commands(rng: random.Random, venue: Venue) -> Iterator[c.Command]:
    """Everything it takes until orders can be placed; a market or two may be left unready for a while."""
    yield c.AddAsset("USD", venue.decimals[0])
    yield c.AddAsset("EUR.c", venue.decimals[1])
    yield c.AddAsset("GOLD", venue.decimals[2])
    for spare in range(rng.choice((0, 0, 61))):
        yield c.AddAsset(f"SPARE{spare}", 0)
    yield c.SetParameters(rng.choice((8, 20, 40)), rng.choice((1, 100, 65_536)), rng.choice((0, 1_000)))
    for market, shape in enumerate(venue.shapes, start=1):
        sizes = (shape.tick_size_e12, shape.lot_size_e12)
        yield c.AddMarket(f"M{market}-PERP", shape.settlement, *sizes, shape.price_max, shape.position_max)
    for parent in SUB_ACCOUNT_PARENTS:
        yield c.CreateAccount(parent)
    yield from agent_commands(rng)
    for market in range(1, MARKETS + 1):
        if rng.random() < 0.92:
            yield c.SetTiers(market, tiers(rng, venue))
        yield c.SetFees(market, *rng.choice(FEES))
        if rng.random() < 0.7:
            yield limits(rng, venue, market)
        if rng.random() < 0.92:
            yield c.SetMark(market, venue.shapes[market - 1].middle)
        if rng.random() < 0.8:
            yield c.SetOracle(market, venue.shapes[market - 1].middle, 1, c.GOOD, 0)
    if rng.random() < 0.8:
        yield from collateral_commands(rng, venue)
    for account in range(1, ACCOUNTS + 1):
        for asset in range(1, ASSETS + 1):
            yield c.Deposit(account, asset, rng.choice((500, 3_000, 10_000, 30_000, 100_000)) * venue.money)
