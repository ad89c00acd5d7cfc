"""The whole ladder in one crash: every rung is taken by somebody, and in the end nobody is in trouble or in debt."""

from __future__ import annotations

from pathlib import Path

from crossbook.commands import RATE_ONE, Bid, Side
from crossbook.counterfactual import Change, branch
from crossbook.events import LiquidationKind, LiquidationStarted, MoveReason, PoolReleased, PositionMoved, Rejected
from crossbook.outcomes import measure
from tests.policies.liquidation.trouble import BTC, ETH, PERCENT, UNIT, USDC, Trouble

CALLS = (3 * RATE_ONE // 2, 6 * RATE_ONE // 5)


def crash(path: Path) -> tuple[Trouble, list[int]]:
    """BTC falls from 60,000 to 51,000 with a gap, and comes back to 55,000; some are levered 8 times, some 19."""
    policy = {"policy": "ladder", "auction_ns": 20 * 10**9, "deleverage_after_ns": 40 * 10**9}
    scene = Trouble(path, policy, calls=CALLS, fee_rate=RATE_ONE // 1_000)
    scene.portfolios()
    scene.buffered(10 * PERCENT)
    liquidator = scene.liquidator(20_000)
    scene.vault(20_000, 90_000)
    scene.insured(10)
    winners = [scene.funded(9_000) for _ in range(3)]
    longs = [scene.long(cash) for cash in (3_100, 3_100, 3_300, 4_500, 7_500)]
    for winner in winners:
        longs.append(scene.funded(3_200))
        scene.trade(longs[-1], BTC, 1_000, 60_000, partner=winner)
    naked = scene.portfolio(7_000)
    scene.trade(naked, BTC, 1_000, 60_000)
    for mark in (59_500, 58_700, 58_300, 57_900, 57_400, 54_000, 52_500, 51_000, 53_000, 55_000):
        scene.quote(scene.house, BTC, Side.BUY, mark, 150)
        scene.quote(scene.house, ETH, Side.BUY, 2_999, 150)
        scene.falls(BTC, mark, after=12)
        for auction in scene.view.auctions():
            scene.do(Bid(liquidator, auction.auction, 100, 0), after=6)
    scene.passes(300)
    return scene, [*longs, naked]


def test_everybody_in_one_crash(tmp_path: Path) -> None:
    scene, levered = crash(tmp_path)
    assert scene.troubled() == []
    assert [account for account in levered if scene.is_locked(account)] == []
    assert scene.said(Rejected) == [] or {event.command for event in scene.said(Rejected)} == {57}, (
        "bids that came late"
    )
    assert {call.call for call in scene.calls()} == {1, 2}
    assert {event.kind for event in scene.said(LiquidationStarted)} == set(LiquidationKind)
    assert {event.reason for event in scene.said(PositionMoved)} == set(MoveReason)
    assert {step.rung for step in scene.steps()} >= {"auction", "take_over", "deleverage", "cover", "socialise"}
    helpers = {*scene.view.liquidators(), *(account for account, _, _ in scene.view.vaults())}
    assert {event.account for event in scene.said(PoolReleased)} <= {*levered, *helpers}

    scene.venue.close()
    outcome = measure(scene.venue.path)
    money = outcome.assets[USDC]
    assert money.negative_equity == 0
    assert money.insurance_left == 10 * UNIT + money.liquidation_fees - money.insurance_paid
    assert outcome.time_to_solvency_ns is not None


def test_the_same_crash_under_another_policy_in_the_past(tmp_path: Path) -> None:
    """A branch without a change has the same events; with another policy it ends solvent too, and others pay."""
    scene, _ = crash(tmp_path)
    scene.venue.close()
    path = scene.venue.path
    assert branch(path, tmp_path / "same", check_invariants=True).seq == scene.venue.seq
    assert measure(tmp_path / "same") == measure(path)
    for policy in ("market", "dutch", "backstop"):
        branch(path, tmp_path / policy, Change(policies={"liquidation": policy}), check_invariants=True)
        outcome = measure(tmp_path / policy)
        assert outcome.assets[USDC].negative_equity == 0
        assert outcome != measure(path)
