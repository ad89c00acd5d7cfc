"""What sets up the waterfall and portfolio margin in a random session: now and then it is impossible."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, cast

from tests.model import commands as c
from tests.model.state import RATE_ONE

from .hostile import FIELD_TYPES, extreme
from .venues import ACCOUNTS, ASSETS, MARKETS, Venue

if TYPE_CHECKING:
    from .sessions import Session

PERCENT = RATE_ONE // 100
GROUPS = 2


def one_amount_wrong(rng: random.Random, command: c.Command, *, often: float = 0.15) -> c.Command:
    """Now and then the command with one of its amounts or rates out of range."""
    types = FIELD_TYPES[type(command)].split()
    amounts = [index for index, wire_type in enumerate(types) if wire_type == "i64"]
    if rng.random() > often:
        return command
    index, make = rng.choice(amounts), cast("Any", type(command))
    wrong = rng.choice((-1, RATE_ONE + 1, 10 * RATE_ONE + 1, extreme(rng, "i64")))
    return cast("c.Command", make(*command[:index], wrong, *command[index + 1 :]))


def moves_of(rng: random.Random, venue: Venue, market: int, count: int) -> tuple[int, ...]:
    """Moves of a market up to a quarter of its middle, most of them two-sided."""
    widest = max(1, venue.shapes[market - 1].middle // 4)
    return tuple(rng.randint(-widest, widest) for _ in range(count))


def set_liquidation_of(rng: random.Random, asset: int) -> c.SetLiquidation:
    """Settings of an asset that make all steps possible."""
    first, second = rng.choice(((0, 0), (150, 120), (110, 110), (200, 0)))
    rates = [rate * PERCENT for rate in (first, second, rng.choice((30, 67, 90)), rng.choice((0, 50, 100, 500)))]
    partial = rng.choice((0, 20, 100))
    spread, fee = rng.choice((10, 50, 100)), rng.choice((0, 1, 2))
    cooldown, notional = rng.choice((0, 0, 500, 3_000, 3_000)), rng.choice((0, 0, 3_000))
    return c.SetLiquidation(asset, *rates, spread * PERCENT, partial * PERCENT, notional, cooldown, fee * PERCENT)


def trouble_opening(rng: random.Random, venue: Venue) -> list[c.Command]:
    """What the waterfall needs: bidders, vaults, funds; and scenarios for those who want to be a portfolio."""
    commands: list[c.Command] = [c.SetLiquidator(account, True) for account in (2, 4, 7)]
    commands += [c.SetVault(8, asset, rng.choice((20_000, 10**6)) * venue.money) for asset in (1, 2)]
    commands += [set_liquidation_of(rng, asset) for asset in (1, 2)]
    count = rng.randint(1, 5)
    for market in range(1, MARKETS + 1):
        commands.append(c.SetGroup(market, rng.randint(1, GROUPS)))
        commands.append(c.SetScenarios(market, moves_of(rng, venue, market, count)))
    commands += [c.SetPortfolio(asset, rng.choice((30, 50, 80)) * PERCENT, 3) for asset in (1, 2)]
    commands += [c.SetMarginMode(account, c.PORTFOLIO) for account in (3, 5, 6) if rng.random() < 0.6]
    return commands


def set_liquidation(session: Session) -> c.Command:
    """Other settings, now and then impossible ones."""
    command = set_liquidation_of(session.rng, session.rng.randint(1, ASSETS))
    return one_amount_wrong(session.rng, command)


def register(session: Session) -> c.Command:
    """Who bids and who is a vault."""
    rng = session.rng
    account = rng.randint(1, ACCOUNTS)
    if rng.random() < 0.5:
        return c.SetLiquidator(account, rng.random() < 0.6)
    exposure_max = rng.choice((0, 10_000, 10**5, 10**6)) * session.venue.money
    return c.SetVault(account, rng.randint(1, ASSETS), rng.choice((exposure_max, exposure_max, -1)))


def set_portfolio_terms(session: Session) -> c.Command:
    """Scenarios, groups, correlations and charges, now and then impossible ones."""
    rng, state = session.rng, session.world.state
    market = rng.randint(1, MARKETS)
    group = state.markets[market].group
    counts = [len(moves) for other, moves in state.portfolio.moves.items() if state.markets[other].group == group]
    count = rng.choice((0, 1, 4, 33, *counts, *counts, *counts))
    pair = c.Pair(1, 2, rng.randint(-100, 100) * PERCENT, rng.choice((0, 50, 100)) * PERCENT)
    pairs = rng.choice(((), (pair,), (pair, pair._replace(group_b=3)), (pair, pair), (pair._replace(group_a=2),)))
    choices: tuple[c.Command, ...] = (
        c.SetGroup(market, rng.choice((1, 1, 2, 2, 0, 65))),
        c.SetBasis(rng.choice((1, 1, 2, 0, 65)), rng.choice((0, 1, 5)) * PERCENT),
        c.SetScenarios(market, moves_of(rng, session.venue, market, count)),
        c.SetScenarios(market, moves_of(rng, session.venue, market, count)),
        c.SetScenarios(market, (extreme(rng, "i64"),) * max(counts, default=1)),
        c.SetConcentration(market, rng.choice((0, 5_000)) * session.venue.money, rng.choice((0, 1, 10)) * PERCENT),
        c.SetCorrelations(rng.choice((0, 20)) * PERCENT, rng.choice((0, 30)) * PERCENT, pairs),
        c.SetPortfolio(rng.randint(1, ASSETS), rng.choice((0, 40, 100)) * PERCENT, rng.choice((0, 3, 1_000, 1_001))),
    )
    command = rng.choice(choices)
    if isinstance(command, c.SetScenarios | c.SetGroup | c.SetCorrelations):
        return command
    return one_amount_wrong(rng, command, often=0.35)
