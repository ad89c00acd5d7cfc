"""Auctions, and what happens when a rung cannot be taken: nothing spins, the reason is on record, and it resumes.

Alice is long 1 BTC from 60,000 with 3,000 USDC: at a mark of m she has m − 57,000, and must keep 2.5 % of m.
"""

from __future__ import annotations

from pathlib import Path

from crossbook.commands import (
    AddAsset,
    Bid,
    Deposit,
    Grade,
    SetCollateral,
    SetCollateralPrice,
    SetGrades,
    SetInsurance,
    SetMark,
    SetOracle,
    SetPositionMode,
)
from crossbook.events import (
    AuctionClosed,
    AuctionEnd,
    AuctionOpened,
    CollateralConverted,
    LossCovered,
    LossSocialised,
    MoveReason,
    Noted,
    PositionMoved,
    Rejected,
)
from tests.policies.liquidation.trouble import BTC, ETH, PERCENT, UNIT, USDC, Trouble

AUCTION = {"policy": "ladder", "auction_ns": 20 * 10**9, "auction_rest_ns": 40 * 10**9}


def test_a_liquidator_takes_at_a_discount_that_grows(tmp_path: Path) -> None:
    """No book, at 58,400: the auction opens at the mark and falls 5 % in 20 s. After 6 s it asks 57,524."""
    scene = Trouble(tmp_path, AUCTION)
    liquidator, alice = scene.liquidator(100_000), scene.long(3_000)
    scene.falls(BTC, 58_400)
    (opened,) = scene.said(AuctionOpened)
    assert (opened.account, opened.lots, opened.equity) == (alice, 1_000, 1_400 * UNIT)
    (step,) = scene.steps()
    assert (step.rung, step.reason) == ("auction", "offered_to_liquidators")
    scene.do(Bid(liquidator, opened.auction, 400, 0), after=6)
    (moved,) = scene.said(PositionMoved)
    assert (moved.reason, moved.lots, moved.value) == (MoveReason.AUCTION, 400, 400 * 57_524_000)
    assert scene.equity(alice) == (1_400 - 350) * UNIT - 400_000
    assert scene.equity(alice) - 600 * 58_400 * UNIT * 25 // 10**6 > 0, "what is left is 173 over maintenance"
    assert not scene.is_locked(alice)
    assert [event.reason for event in scene.said(AuctionClosed)] == [AuctionEnd.RECOVERED]


def test_an_auction_that_does_not_help_is_closed_and_another_opens_after_a_rest(tmp_path: Path) -> None:
    scene = Trouble(tmp_path, AUCTION)
    scene.liquidator(100_000)
    scene.long(3_000)
    scene.falls(BTC, 58_400)
    scene.passes(70)
    assert len(scene.said(AuctionOpened)) == 2
    assert [event.reason for event in scene.said(AuctionClosed)] == [AuctionEnd.REQUESTED]
    first, second = scene.said(AuctionOpened)
    assert second.ends_at - first.ends_at == 60 * 10**9
    assert [step.reason for step in scene.steps()] == [
        "offered_to_liquidators",
        "auction_over",
        "offered_to_liquidators",
    ]


def test_a_pool_that_fails_while_it_is_on_auction_goes_to_the_vault(tmp_path: Path) -> None:
    scene = Trouble(tmp_path, AUCTION)
    scene.liquidator(100_000)
    vault, alice = scene.vault(100_000, 500_000), scene.long(3_000)
    scene.falls(BTC, 58_400)
    scene.falls(BTC, 57_600)
    (moved,) = scene.said(PositionMoved)
    assert (moved.reason, moved.destination) == (MoveReason.TAKE_OVER, vault)
    assert [event.reason for event in scene.said(AuctionClosed)] == [AuctionEnd.REQUESTED]
    assert (scene.is_locked(alice), scene.troubled(), scene.view.auctions()) == (False, [], [])


def test_an_oracle_that_is_not_good_enough_stops_everything_and_its_return_resumes(tmp_path: Path) -> None:
    scene = Trouble(tmp_path)
    vault, alice = scene.vault(100_000, 500_000), scene.long(3_000)
    scene.do(SetOracle(BTC, 120_000, 10, Grade.GOOD, 0), SetGrades(BTC, Grade.NONE, Grade.UNCERTAIN, Grade.NONE))
    scene.do(SetOracle(BTC, 115_200, 10, Grade.VOLATILE, 0))
    scene.falls(BTC, 57_600)
    events = scene.passes(3_600)
    assert [type(event) for event in events] == [Noted], "another reason, once: it has been failing for long enough"
    assert scene.waits()[-1].reasons[0] == "take_over: oracle_grade"
    assert scene.lots(alice) == 1_000
    scene.do(SetOracle(BTC, 115_200, 10, Grade.UNCERTAIN, 0))
    assert (scene.lots(alice), scene.lots(vault), scene.said(Rejected)) == (0, 1_000, [])


def test_with_nobody_on_the_other_side_to_ask_it_waits_and_says_so(tmp_path: Path) -> None:
    scene = Trouble(tmp_path)
    alice = scene.long(3_000)
    scene.falls(BTC, 57_600)
    scene.passes(60)
    (waiting,) = scene.waits()
    assert waiting.account == alice
    assert waiting.reasons == [
        "take_over: no_vault",
        "deleverage: failing_not_long_enough",
        "hedge: not_portfolio",
        "reduce: nothing_fillable",
        "auction: no_liquidators",
    ]
    assert len(scene.said(Noted)) == len({event.body for event in scene.said(Noted)})


def test_winners_who_cannot_afford_it_are_not_asked_and_nothing_spins(tmp_path: Path) -> None:
    """Alice owes 1,000. Bob, short what she is long, has lost with ETH what he won: 900 are left to him."""
    scene = Trouble(tmp_path)
    bob, alice = scene.funded(6_900), scene.funded(3_000)
    scene.trade(alice, BTC, 1_000, 60_000, partner=bob)
    scene.trade(bob, ETH, 1_000, 3_000)
    scene.do(SetMark(ETH, 40_000), SetMark(BTC, 112_000))
    assert (scene.equity(alice), scene.equity(bob)) == (-1_000 * UNIT, 900 * UNIT)
    before = len(scene.events)
    scene.passes(60)
    assert len(scene.events) == before
    assert [waiting.reasons for waiting in scene.waits() if waiting.account == alice] == [
        ["deleverage: no_counterparties"]
    ]
    scene.do(Deposit(bob, USDC, 5_000 * UNIT))
    scene.passes(5)
    assert (scene.lots(alice), scene.equity(alice), scene.equity(bob)) == (0, 0, 4_900 * UNIT)


def test_a_vault_that_comes_late_is_used_at_once(tmp_path: Path) -> None:
    scene = Trouble(tmp_path)
    scene.long(3_000)
    scene.falls(BTC, 57_600)
    vault = scene.vault(100_000, 500_000)
    assert scene.lots(vault) == 1_000
    assert scene.troubled() == []


def test_an_isolated_pool_is_liquidated_alone_and_paid_for_by_its_own_fund(tmp_path: Path) -> None:
    """3,500 of 10,000 back 1 BTC; at 56,000 it owes 500. The market's fund has 200; the rest is shared."""
    scene = Trouble(tmp_path)
    scene.vault(100_000, 500_000)
    alice = scene.funded(10_000)
    scene.do(SetPositionMode(alice, BTC, True, 3_500 * UNIT))
    scene.trade(alice, BTC, 1_000, 60_000)
    scene.insured(5_000)
    scene.insured_market(BTC, 200)
    scene.falls(BTC, 56_000)
    assert [(event.market, event.amount) for event in scene.said(LossCovered)] == [(BTC, 200 * UNIT)]
    assert [event.amount for event in scene.said(LossSocialised)] == [300 * UNIT]
    assert scene.equity(alice) == 6_500 * UNIT
    assert scene.view.assets()[0].insurance == 5_000 * UNIT


def test_the_loss_cap_of_the_fund_leaves_the_rest_to_be_shared(tmp_path: Path) -> None:
    scene = Trouble(tmp_path)
    scene.vault(100_000, 500_000)
    scene.insured(5_000)
    scene.do(SetInsurance(USDC, 0, 400 * UNIT, 3_600 * 10**9))
    scene.long(3_000)
    scene.falls(BTC, 56_000)
    assert [event.amount for event in scene.said(LossCovered)] == [400 * UNIT]
    assert [event.amount for event in scene.said(LossSocialised)] == [600 * UNIT]
    assert scene.troubled() == []


def test_collateral_is_sold_before_the_fund_pays(tmp_path: Path) -> None:
    """2,500 USDC and 1,000 of a coin that counts at 500: at 56,600 the debt is 900, the coin pays 500 of it."""
    scene = Trouble(tmp_path)
    coin = 2
    scene.vault(100_000, 500_000)
    scene.insured(5_000)
    scene.do(AddAsset("COIN", 6), SetCollateral(coin, USDC, 50 * PERCENT, 10**15, 10**16, 0))
    scene.do(SetCollateralPrice(coin, 1, 10**9))
    alice = scene.funded(2_500)
    scene.do(Deposit(alice, coin, 1_000 * UNIT))
    scene.trade(alice, BTC, 1_000, 60_000)
    scene.falls(BTC, 56_600)
    assert [(event.amount, event.value) for event in scene.said(CollateralConverted)] == [(1_000 * UNIT, 500 * UNIT)]
    assert [event.amount for event in scene.said(LossCovered)] == [400 * UNIT]
    assert [step.rung for step in scene.steps()] == ["take_over", "convert", "cover"]
    assert scene.troubled() == []
