"""The ladder, rung by rung, in numbers that can be followed with a pencil.

Alice is long 1 BTC from 60,000 with 3,000 USDC, unless the scenario says otherwise: at a mark of m she has m − 57,000,
and must keep 2.5 % of m.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from crossbook.commands import RATE_ONE, Deposit, MarketMode, SetMarketMode, Side
from crossbook.events import (
    CancelReason,
    IncreasingCancelled,
    LiquidationEnded,
    LiquidationStarted,
    LossCovered,
    LossSocialised,
    MoveReason,
    OrderCancelled,
    PoolLocked,
    PoolReleased,
    PositionMoved,
    Rejected,
)
from tests.policies.liquidation.trouble import BTC, PERCENT, UNIT, USDC, Trouble

SECOND = 10**9


# --- 1: calls ---------------------------------------------------------------------------------------------------------


def test_each_call_is_made_once_and_says_how_the_pool_stands(tmp_path: Path) -> None:
    """Calls at 1.5 and 1.2 times maintenance: below 59,221 and 58,763 or so."""
    scene = Trouble(tmp_path, calls=(3 * RATE_ONE // 2, 6 * RATE_ONE // 5))
    alice = scene.long(3_000)
    scene.falls(BTC, 59_300)
    assert scene.calls() == []
    scene.falls(BTC, 59_200)
    scene.falls(BTC, 59_300)
    scene.falls(BTC, 59_200)
    scene.falls(BTC, 58_700)
    first, second = scene.calls()
    assert (first.account, first.call, first.equity, first.maintenance) == (alice, 1, 2_200 * UNIT, 1_480 * UNIT)
    assert (second.account, second.call, second.equity, second.maintenance) == (
        alice,
        2,
        1_700 * UNIT,
        1_467_500_000,
    )
    assert not scene.is_locked(alice)


def test_a_call_is_repeated_after_its_time(tmp_path: Path) -> None:
    scene = Trouble(
        tmp_path, {"policy": "ladder", "call_repeat_ns": 60 * SECOND}, calls=(3 * RATE_ONE // 2, 6 * RATE_ONE // 5)
    )
    scene.long(3_000)
    for mark in (59_200, 59_300, 59_200):
        scene.falls(BTC, mark)
    scene.falls(BTC, 59_300, after=60)
    scene.falls(BTC, 59_200)
    assert [call.call for call in scene.calls()] == [1, 1]


# --- 2: lock and cancel -----------------------------------------------------------------------------------------------


def test_below_maintenance_a_pool_is_locked_and_what_adds_risk_is_cancelled(tmp_path: Path) -> None:
    scene = Trouble(tmp_path)
    alice = scene.long(3_100)
    scene.quote(alice, BTC, Side.BUY, 50_000, 1)
    scene.quote(alice, BTC, Side.SELL, 70_000, 1_000)
    events = scene.falls(BTC, 58_300)
    (locked,) = [event for event in events if isinstance(event, PoolLocked)]
    assert (locked.account, locked.equity, locked.maintenance) == (alice, 1_400 * UNIT, 1_457_500_000)
    assert [event.count for event in events if isinstance(event, IncreasingCancelled)] == [1]
    (cancelled,) = [event for event in events if isinstance(event, OrderCancelled)]
    assert cancelled.reason == CancelReason.WATERFALL
    assert [order.side for order in scene.view.orders(alice)] == [Side.SELL]


def test_a_pool_that_stands_well_is_never_touched(tmp_path: Path) -> None:
    """At 58,462 Alice has 1,462 and must have 1,461.55."""
    scene = Trouble(tmp_path)
    alice = scene.long(3_000)
    scene.quote(scene.house, BTC, Side.BUY, 58_462, 1_000)
    scene.falls(BTC, 58_462)
    assert (scene.lots(alice), scene.is_locked(alice), scene.steps()) == (1_000, False, [])
    assert scene.said(LiquidationStarted) == []


# --- 3: bounded reductions --------------------------------------------------------------------------------------------


def test_a_reduction_takes_what_restores_the_pool_no_worse_than_the_fillable_price(tmp_path: Path) -> None:
    """At 58,400 she lacks 60 of 1,460: 42 of 1,000 lots free 61.32, and may cost 60/1,460 of what they free."""
    scene = Trouble(tmp_path)
    alice = scene.long(3_000)
    scene.quote(scene.house, BTC, Side.BUY, 58_360, 5_000)
    events = scene.falls(BTC, 58_400)
    (started,) = [event for event in events if isinstance(event, LiquidationStarted)]
    assert (started.lots, started.side, started.price) == (42, Side.SELL, 116_681), "58,340.50"
    (ended,) = [event for event in events if isinstance(event, LiquidationEnded)]
    assert (ended.filled, ended.value, ended.fee) == (42, 2_451_120_000, 0)
    assert (ended.equity, ended.maintenance) == (1_398_320_000, 1_398_680_000)
    assert scene.lots(alice) == 958


def test_a_locked_pool_is_reduced_to_its_recovered_level_and_released(tmp_path: Path) -> None:
    """With a buffer of 1 % she must get to 1,474.60: 51 lots at 1.4746 each. It happens again at the next fall."""
    scene = Trouble(tmp_path)
    alice = scene.long(3_000)
    scene.buffered(PERCENT)
    scene.quote(scene.house, BTC, Side.BUY, 58_400, 5_000)
    scene.falls(BTC, 58_400)
    assert scene.lots(alice) == 1_000 - 51
    assert not scene.is_locked(alice)
    scene.falls(BTC, 58_300)
    (first, second) = scene.said(LiquidationStarted)
    assert (first.lots, second.lots) == (51, 63)
    assert (second.equity, second.maintenance) == (1_305_100_000, 1_383_167_500)
    assert [event.account for event in scene.said(PoolReleased)] == [alice, alice]
    assert scene.troubled() == []


def test_a_stage_bounds_the_share_and_sets_the_pace(tmp_path: Path) -> None:
    """2 % at a time and a minute apart while equity is above 90 % of maintenance; below, at once and all of it."""
    stages = [
        {"below_rate": 2 * RATE_ONE, "share_rate": 2 * PERCENT, "cooldown_ns": 60 * SECOND},
        {"below_rate": 90 * PERCENT, "share_rate": RATE_ONE, "cooldown_ns": 5 * SECOND},
    ]
    scene = Trouble(tmp_path, {"policy": "ladder", "stages": stages, "reductions_max": 3})
    alice = scene.long(3_000)
    scene.quote(scene.house, BTC, Side.BUY, 58_400, 5_000)
    scene.falls(BTC, 58_400)
    assert scene.lots(alice) == 980
    assert scene.passes(59) == []
    scene.passes(1.1)
    assert scene.lots(alice) == 960
    scene.falls(BTC, 58_200, after=30)
    assert [event.lots for event in scene.said(LiquidationStarted)] == [20, 20, 130]
    assert not scene.is_locked(alice)


def test_nothing_is_sent_into_a_book_that_would_not_take_it(tmp_path: Path) -> None:
    """The only bid is beyond the fillable price of 58,340: no order, no cooldown, and the reason on record, once."""
    scene = Trouble(tmp_path)
    alice = scene.long(3_000)
    scene.quote(scene.house, BTC, Side.BUY, 58_300, 5_000)
    scene.falls(BTC, 58_400)
    scene.passes(600)
    assert scene.said(LiquidationStarted) == []
    (waiting,) = scene.waits()
    assert waiting.reasons == ["hedge: not_portfolio", "reduce: nothing_fillable", "auction: no_liquidators"]
    scene.quote(scene.house, BTC, Side.BUY, 58_400, 5_000)
    scene.passes(5)
    assert not scene.is_locked(alice), "it is looked at again every five seconds"


def test_a_halted_market_is_left_alone_and_resumes_at_once(tmp_path: Path) -> None:
    scene = Trouble(tmp_path)
    alice = scene.long(3_000)
    scene.quote(scene.house, BTC, Side.BUY, 58_400, 5_000)
    scene.do(SetMarketMode(BTC, MarketMode.HALTED))
    scene.falls(BTC, 58_400)
    scene.passes(60)
    assert scene.is_locked(alice)
    assert scene.said(LiquidationStarted) == []
    assert [waiting.reasons[1] for waiting in scene.waits()] == ["reduce: market_halted"]
    scene.do(SetMarketMode(BTC, MarketMode.CONTINUOUS))
    assert not scene.is_locked(alice)
    assert scene.said(Rejected) == []


def test_money_that_comes_in_releases_the_pool(tmp_path: Path) -> None:
    scene = Trouble(tmp_path)
    alice = scene.long(3_000)
    scene.falls(BTC, 58_400)
    assert scene.is_locked(alice)
    events = scene.do(Deposit(alice, USDC, 60 * UNIT))
    assert [event.equity for event in events if isinstance(event, PoolReleased)] == [1_460 * UNIT]
    assert scene.lots(alice) == 1_000


# --- 5: take-over -----------------------------------------------------------------------------------------------------


def test_a_failing_pool_goes_to_the_vault_with_what_it_has(tmp_path: Path) -> None:
    """At 57,600 Alice has 600 of 1,440, less than two thirds: the vault pays 57,000 for what is worth 57,600."""
    scene = Trouble(tmp_path)
    vault, alice = scene.vault(100_000, 500_000), scene.long(3_000)
    scene.falls(BTC, 57_600)
    (moved,) = scene.said(PositionMoved)
    assert (moved.reason, moved.destination, moved.lots, moved.value) == (
        MoveReason.TAKE_OVER,
        vault,
        1_000,
        57_000 * UNIT,
    )
    (step,) = scene.steps()
    assert (step.rung, step.reason, step.equity, step.maintenance) == ("take_over", "failing", 600 * UNIT, 1_440 * UNIT)
    assert (scene.equity(alice), scene.equity(vault), scene.is_locked(alice)) == (0, 100_600 * UNIT, False)


def test_vaults_take_in_order_each_within_its_exposure(tmp_path: Path) -> None:
    """The first may hold 20,000: 347 lots at 57,600. The second has 1,000, enough for 20,000 at 5 %."""
    scene = Trouble(tmp_path)
    first, second, third = (
        scene.vault(100_000, 20_000),
        scene.vault(1_000, 500_000),
        scene.vault(100_000, 500_000),
    )
    scene.long(3_000)
    scene.falls(BTC, 57_600)
    assert (scene.lots(first), scene.lots(second), scene.lots(third)) == (347, 347, 306)
    assert scene.said(Rejected) == []
    assert scene.troubled() == []


# --- 6: insurance -----------------------------------------------------------------------------------------------------


def test_the_insurance_pays_what_the_vault_does_not(tmp_path: Path) -> None:
    """At 56,000 she is 1,000 in debt; the vault takes the position at the mark, and the fund pays the debt."""
    scene = Trouble(tmp_path)
    vault = scene.vault(100_000, 500_000)
    scene.insured(5_000)
    alice = scene.long(3_000)
    scene.falls(BTC, 56_000)
    (covered,) = scene.said(LossCovered)
    assert (covered.account, covered.amount, covered.fund) == (alice, 1_000 * UNIT, 4_000 * UNIT)
    assert [step.rung for step in scene.steps()] == ["take_over", "cover"]
    assert (scene.equity(alice), scene.equity(vault)) == (0, 100_000 * UNIT)
    assert scene.troubled() == []


# --- 7: deleveraging --------------------------------------------------------------------------------------------------


def test_without_a_vault_winners_close_at_the_bankruptcy_value(tmp_path: Path) -> None:
    """Bob is short what Alice is long, and has won 4,000; she had 3,000 to lose, so he gets 3,000."""
    scene = Trouble(tmp_path)
    bob, alice = scene.funded(10_000), scene.funded(3_000)
    scene.trade(alice, BTC, 1_000, 60_000, partner=bob)
    scene.insured(5_000)
    scene.falls(BTC, 56_000)
    (moved,) = scene.said(PositionMoved)
    assert (moved.reason, moved.destination, moved.value) == (MoveReason.DELEVERAGE, bob, 57_000 * UNIT)
    assert (scene.equity(alice), scene.equity(bob)) == (0, 13_000 * UNIT)
    assert scene.troubled() == []


def test_a_pool_that_fails_without_debt_waits_before_its_winners_are_asked(tmp_path: Path) -> None:
    scene = Trouble(tmp_path)
    bob, alice = scene.funded(10_000), scene.funded(3_000)
    scene.trade(alice, BTC, 1_000, 60_000, partner=bob)
    scene.falls(BTC, 57_600)
    scene.passes(119)
    assert scene.said(PositionMoved) == []
    scene.passes(1.1)
    (moved,) = scene.said(PositionMoved)
    assert moved.value == 57_000 * UNIT
    assert (scene.equity(alice), scene.equity(bob)) == (0, 13_000 * UNIT)


# --- 8: shared losses -------------------------------------------------------------------------------------------------


def test_what_nobody_pays_is_shared_by_those_who_won(tmp_path: Path) -> None:
    """The fund has 300 of the 1,000; of the other 700 Bob owes three quarters, short 3,000 lots of 4,000."""
    scene = Trouble(tmp_path)
    vault, bob = scene.vault(100_000, 500_000), scene.funded(100_000)
    scene.insured(300)
    carol = scene.funded(10**6)
    scene.trade(carol, BTC, 3_000, 60_000, partner=bob)
    alice = scene.long(3_000)
    scene.falls(BTC, 56_000)
    (covered,) = scene.said(LossCovered)
    (shared,) = scene.said(LossSocialised)
    assert (covered.amount, covered.fund) == (300 * UNIT, 0)
    assert (shared.account, shared.side, shared.amount, shared.open_interest) == (
        alice,
        Side.SELL,
        700 * UNIT,
        4_000,
    )
    assert [step.rung for step in scene.steps()] == ["take_over", "cover", "socialise"]
    assert scene.equity(bob) == (100_000 + 12_000 - 525) * UNIT
    assert scene.equity(vault) == 100_000 * UNIT
    assert scene.troubled() == []


@pytest.mark.parametrize("mark", [58_400, 57_600, 56_000])
def test_what_was_in_trouble_before_the_policy_came_is_found(tmp_path: Path, mark: int) -> None:
    scene = Trouble(tmp_path)
    scene.venue.policies.disengage("liquidation")
    alice = scene.long(3_000)
    scene.vault(100_000, 500_000)
    scene.quote(scene.house, BTC, Side.BUY, mark, 5_000)
    scene.falls(BTC, mark)
    assert scene.troubled() != []
    scene.venue.policies.engage("liquidation", "ladder", time_ns=scene.now_ns + SECOND)
    scene.clock += 2
    scene.passes(1)
    assert scene.equity(alice) >= 0 or scene.lots(alice) == 0
