"""What the waterfall and portfolio margin remember is hashed alike by model and kernel, after every few commands."""

from __future__ import annotations

import random

import pytest

from tests.model.state import State
from tests.properties.test_digests import Pair
from tests.properties.trouble_sessions import TroubleSession

SEEDS = (3, 6, 11, 16, 20, 21)
COMMANDS = 500


@pytest.mark.parametrize("seed", SEEDS)
def test_a_session_of_trouble_is_hashed_alike(seed: int) -> None:
    rng = random.Random(f"digests {seed}")
    session = TroubleSession(random.Random(seed))
    pair = Pair(session.world)
    for _ in range(COMMANDS):
        pair.ran(*session.step())
        if rng.random() < 0.1:
            pair.check()
            if rng.random() < 0.2:
                pair.check_snapshot()
    pair.check()
    pair.check_snapshot()


def shown(state: State) -> set[str]:
    """What there is to hash that only trouble leads to."""
    waterfall, portfolio = state.waterfall, state.portfolio
    parts = {
        "auction": waterfall.auctions,
        "vault": waterfall.vaults,
        "liquidator": waterfall.liquidators,
        "standing": any(waterfall.standings.values()),
        "cooldown": waterfall.cooldowns,
        "lock": any(account.locked for account in state.accounts.values()),
        "fund": any(asset.insurance for asset in state.assets.values()),
        "fund of a market": any(waterfall.market_funds.values()),
        "window of a fund": any(one.paid for one in waterfall.insurance.values()),
        "scenarios": portfolio.moves,
        "concentration": portfolio.concentrations,
        "basis": portfolio.basis_rates,
        "correlation": portfolio.matrices.pairs,
        "loss index": any(any(market.loss_index.values()) for market in state.markets.values()),
    }
    return {part for part, there in parts.items() if there}


def test_the_seeds_show_everything_that_only_trouble_leads_to() -> None:
    seen: set[str] = set()
    for seed in SEEDS:
        session = TroubleSession(random.Random(seed))
        for _ in range(COMMANDS):
            session.step()
            seen |= shown(session.world.state)
    assert len(seen) == 14, seen
