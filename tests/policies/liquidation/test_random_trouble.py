"""Random trouble under every policy and every rule: it ends solvent, or every pool that is not says what it waits for.

Money is checked after every command by the venue itself, and every step on a pool that stands well would be refused:
there must be no refusal at all that a policy could have foreseen.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from crossbook.commands import RATE_ONE, Bid, Deposit, MarketMode, SetGroup, SetMarketMode, SetPositionMode, Side
from crossbook.events import LiquidationEnded, LiquidationStarted, Rejected
from crossbook.policies.liquidation.cases import key_of
from tests.policies.liquidation.trouble import BTC, ETH, PERCENT, UNIT, USDC, Trouble

STEPS = frozenset(range(51, 64)) - {57}
"""The tags of the steps of the waterfall; bids are made by others."""
SECOND_LEG = frozenset((502, 507))
"""A reduction that follows another on the same pool may find it well again, or lacking less."""
START = {BTC: 60_000, ETH: 3_000}


class Random:
    """A session of some 20 accounts that borrow as much as they may, and marks that move 1 % at a time, or 10."""

    def __init__(self, path: Path, seed: int, policy: str, allocation: str) -> None:
        self.rng = random.Random(seed)
        fee, cooldown = self.rng.choice((0, RATE_ONE // 1_000)), self.rng.choice((0, 0, 2 * 10**9))
        self.scene = Trouble(path, {"policy": policy, "allocation": allocation}, fee_rate=fee, cooldown_ns=cooldown)
        self.marks = dict(START)
        self.accounts: list[int] = []

    def play(self) -> Trouble:
        self.open()
        for _ in range(25):
            self.quote()
            self.step()
        for market in START:
            self.scene.do(SetMarketMode(market, MarketMode.CONTINUOUS))
        self.scene.passes(600)
        return self.scene

    def open(self) -> None:
        scene, rng = self.scene, self.rng
        if rng.random() < 0.6:
            scene.buffered(PERCENT * rng.randint(0, 20))
        if rng.random() < 0.5:
            scene.portfolios()
        else:
            scene.do(SetGroup(BTC, 1), SetGroup(ETH, 1))
        if rng.random() < 0.6:
            scene.vault(rng.randint(500, 20_000), rng.randint(10_000, 400_000))
        if rng.random() < 0.6:
            scene.liquidator(50_000)
        scene.insured(rng.choice((1, 1_000, 50_000)))
        for _ in range(20):
            self.accounts.append(self.borrower())

    def borrower(self) -> int:
        """Somebody who is long or short, or both, with little more than he must have."""
        scene, rng = self.scene, self.rng
        cash = rng.randint(1_000, 5_000)
        account = scene.portfolio(3 * cash) if rng.random() < 0.3 else scene.funded(cash)
        if rng.random() < 0.2:
            scene.do(SetPositionMode(account, BTC, True, cash * UNIT // 2))
        lots = {BTC: cash * 19 * 1_000 // 60_000 // 2, ETH: cash * 19 * 100 // 3_000 // 2}
        side = rng.choice((1, -1))
        partner = rng.choice([0, *self.accounts]) if rng.random() < 0.3 else 0
        self.trade(account, BTC, side * rng.randint(1, lots[BTC]), partner)
        self.trade(account, ETH, rng.choice((-side, side)) * rng.randint(1, lots[ETH]), 0)
        return account

    def trade(self, account: int, market: int, lots: int, partner: int) -> None:
        """A trade at the mark, as far as both may."""
        side, other = (Side.BUY, Side.SELL) if lots > 0 else (Side.SELL, Side.BUY)
        self.scene.quote(partner or self.scene.house, market, other, self.marks[market], abs(lots))
        self.scene.quote(account, market, side, self.marks[market], abs(lots))

    def quote(self) -> None:
        """The house bids and asks near the mark, or nowhere."""
        for market, mark in self.marks.items():
            if self.rng.random() < 0.6:
                away = self.rng.choice((0, 2, 5, 20)) / 1_000
                self.scene.quote(self.scene.house, market, Side.BUY, mark * (1 - away), self.rng.randint(1, 400))
                self.scene.quote(self.scene.house, market, Side.SELL, mark * (1 + away), self.rng.randint(1, 400))

    def step(self) -> None:
        scene, rng = self.scene, self.rng
        choice = rng.random()
        if choice < 0.7:
            market = rng.choice((BTC, ETH))
            most = 10 if rng.random() < 0.4 else 1
            self.marks[market] = int(self.marks[market] * (1 + rng.uniform(-most, most * 0.7) / 100))
            scene.falls(market, self.marks[market], after=rng.choice((0.5, 5, 40)))
        elif choice < 0.8:
            auctions, bidders = scene.view.auctions(), scene.view.liquidators()
            if auctions and bidders:
                one = rng.choice(auctions)
                scene.do(Bid(bidders[0], one.auction, rng.randint(1, one.lots), 0), after=rng.choice((1, 10)))
        elif choice < 0.87:
            scene.do(Deposit(rng.choice(self.accounts), USDC, rng.randint(1, 500) * UNIT))
        elif choice < 0.93:
            mode = rng.choice((MarketMode.HALTED, MarketMode.REDUCE_ONLY, MarketMode.CONTINUOUS))
            scene.do(SetMarketMode(rng.choice((BTC, ETH)), mode))
        else:
            scene.passes(rng.choice((3, 60)))


SESSIONS = [
    (seed, policy, allocation)
    for seed in (11, 12, 13, 20, 22)
    for policy in ("ladder", "market", "dutch", "backstop")
    for allocation in ("queue", "pro_rata", "water_filling")
]


def foreseeable(scene: Trouble) -> list[str]:
    """Refusals of steps that a look at the venue would have spared."""
    found = []
    for event in scene.said(Rejected):
        before = [one for one in scene.said(LiquidationEnded) if one.seq == event.seq - 1]
        if event.command in STEPS and not (
            event.code in SECOND_LEG and [one.account for one in before] == [event.account]
        ):
            found.append(str(event))
    return found


@pytest.mark.parametrize(("seed", "policy", "allocation"), SESSIONS)
def test_it_ends_solvent_or_says_why_not(tmp_path: Path, seed: int, policy: str, allocation: str) -> None:
    session = Random(tmp_path, seed, policy, allocation)
    scene = session.play()
    assert "liquidation" in scene.venue.policies, "it was not taken off"
    assert foreseeable(scene) == []
    state = scene.venue.policies.state("liquidation")
    for account in range(1, scene.view.account_count() + 1):
        row = scene.view.account(account)
        assert row is not None
        for pool in row.pools:
            if pool.equity < pool.maintenance or pool.equity < 0:
                case = state.cases[key_of((account, pool.asset, pool.market))]  # type: ignore[attr-defined]
                assert case.waiting or case.taken, f"account {account} is in trouble, and nothing is said about it"


def test_trouble_was_seen(tmp_path: Path) -> None:
    """The sessions above would show little if nobody came into need."""
    scene = Random(tmp_path, 12, "ladder", "queue").play()
    assert len(scene.said(LiquidationStarted)) > 3
    assert len(scene.steps()) > 3


@pytest.mark.parametrize("policy", ["ladder", "market", "dutch", "backstop"])
def test_the_same_session_twice_is_the_same_journal(tmp_path: Path, policy: str) -> None:
    roots = []
    for run in ("one", "two"):
        scene = Random(tmp_path / run, 22, policy, "water_filling").play()
        roots.append((scene.venue.seq, [str(event) for event in scene.events]))
    assert roots[0] == roots[1]
