"""Scenarios of isolated positions: a pool of their own, what may go in and out, and stress."""

from __future__ import annotations

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.engines import Engine
from tests.model.refusals import Code


def long_ten(desk: Desk) -> None:
    """Account 1 is long ten lots against account 2: requirement 100, maintenance 50."""
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)


def test_an_isolated_position_has_its_own_money(desk: Desk) -> None:
    long_ten(desk)
    assert desk.do(c.SetPositionMode(1, 1, True, 300)) == [
        "PositionModeSet account=1 market=1 isolated=True amount=300 margin=300 balance=9700"
    ]
    assert desk.pool(1)["requirement"] == 0
    desk.mark(70)
    assert desk.pool(1)["equity"] == 9_700  # the loss of 300 is the position's own
    assert desk.refusal(desk.order(1, c.BUY, 1, 60)) == (Code.MarginInsufficient, 77, 0)
    desk.do(c.AdjustMargin(1, 1, 77))
    desk.buy(1, 1, 60)


def test_profit_and_fees_of_an_isolated_position_go_to_its_margin(desk: Desk) -> None:
    desk.do(c.SetFees(1, 0, 10_000_000))
    long_ten(desk)
    desk.do(c.SetPositionMode(1, 1, True, 300))
    desk.buy(3, 4, 110)
    assert "taker_fee=5 maker_realised=0 taker_realised=40" in desk.sell(1, 4, 110)[1]
    assert desk.cash(1) == 9_700
    assert desk.do(c.AdjustMargin(1, 1, 1)) == ["MarginAdjusted account=1 market=1 amount=1 margin=336 balance=9699"]


def test_isolating_asks_for_what_both_pools_need(engine: Engine) -> None:
    desk = Desk(engine, deposit=250)
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 1_000, 1_000))
    desk.do(c.SetTiers(2, (c.Tier(0, 100_000_000, 50_000_000),)))
    desk.mark(100, market=2)
    long_ten(desk)
    desk.buy(1, 10, 100, market=2)
    switch = c.SetPositionMode(1, 1, True, 99)
    assert desk.refusal(c.SetPositionMode(1, 1, False, 0)) == (Code.ModeUnchanged, 0, 0)
    assert desk.refusal(switch._replace(amount=-1)) == (Code.AmountNotPositive, -1, 0)
    assert desk.refusal(switch._replace(amount=251)) == (Code.InsufficientBalance, 251, 250)
    assert desk.refusal(switch) == (Code.MarginInsufficient, 100, 99)
    assert desk.refusal(switch._replace(amount=151)) == (Code.WithdrawalMargin, 99, 100)
    desk.do(switch._replace(amount=150))


def test_margin_is_added_and_removed_as_either_pool_can_spare_it(engine: Engine) -> None:
    desk = Desk(engine, deposit=500)
    long_ten(desk)
    assert desk.refusal(c.AdjustMargin(1, 1, 5)) == (Code.NotIsolated, 0, 0)
    desk.do(c.SetPositionMode(1, 1, True, 100))
    assert desk.refusal(c.AdjustMargin(1, 1, 0)) == (Code.AmountNotPositive, 0, 0)
    assert desk.refusal(c.AdjustMargin(1, 1, 401)) == (Code.InsufficientBalance, 401, 400)
    desk.do(c.AdjustMargin(1, 1, 400))
    assert desk.refusal(c.AdjustMargin(1, 1, -501)) == (Code.InsufficientBalance, 501, 500)
    assert desk.refusal(c.AdjustMargin(1, 1, -401)) == (Code.WithdrawalMargin, 99, 100)
    assert desk.do(c.AdjustMargin(1, 1, -400)) == [
        "MarginAdjusted account=1 market=1 amount=-400 margin=100 balance=400"
    ]


def test_a_position_returns_with_its_margin_if_the_cross_pool_can_bear_it(engine: Engine) -> None:
    desk = Desk(engine, deposit=200)
    long_ten(desk)
    desk.do(c.SetPositionMode(1, 1, True, 200))
    assert desk.refusal(c.SetPositionMode(1, 1, False, 1)) == (Code.AmountNotPositive, 1, 0)
    desk.mark(85)  # requirement 85, and 200 − 150 there
    assert desk.refusal(c.SetPositionMode(1, 1, False, 0)) == (Code.WithdrawalMargin, 50, 85)
    desk.mark(95)
    assert desk.do(c.SetPositionMode(1, 1, False, 0)) == [
        "PositionModeSet account=1 market=1 isolated=False amount=-200 margin=0 balance=200"
    ]


def test_an_empty_position_is_isolated_before_the_first_order(desk: Desk) -> None:
    desk.do(c.SetPositionMode(1, 1, True, 0))
    assert desk.refusal(desk.order(1, c.BUY, 1, 100)) == (Code.MarginInsufficient, 10, 0)
    desk.do(c.AdjustMargin(1, 1, 10))
    desk.buy(1, 1, 100)
    desk.sell(2, 1, 100)
    desk.sell(1, 1, 100, reduce_only=True)
    desk.buy(2, 1, 100)
    assert desk.position(1) == (0, 0)
    assert desk.do(c.SetPositionMode(1, 1, False, 0))[0].endswith("amount=-10 margin=0 balance=10000")


def test_stress_isolates_every_position_with_what_it_needs(desk: Desk) -> None:
    long_ten(desk)
    desk.mark(95)
    # The long has lost 50 and needs 95; the short has won 50, which covers 45 of its 95.
    assert desk.do(c.SetStress(1, True)) == [
        "PositionModeSet account=1 market=1 isolated=True amount=145 margin=145 balance=9855",
        "PositionModeSet account=2 market=1 isolated=True amount=45 margin=45 balance=9955",
        "StressSet market=1 active=True positions=2",
    ]
    assert desk.refusal(desk.order(3, c.BUY, 1, 95)) == (Code.StressIsolated, 1, 0)
    assert desk.refusal(c.SetPositionMode(1, 1, False, 0)) == (Code.StressIsolated, 1, 0)
    desk.do(c.SetPositionMode(3, 1, True, 100))
    desk.buy(3, 1, 95)
    assert desk.refusal(c.SetStress(1, True)) == (Code.ModeUnchanged, 0, 0)
    assert desk.do(c.SetStress(1, False)) == ["StressSet market=1 active=False positions=0"]
    desk.do(c.SetPositionMode(1, 1, False, 0))


def test_stress_takes_no_more_than_the_rest_can_spare(engine: Engine) -> None:
    desk = Desk(engine, deposit=110)
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 1_000, 1_000))
    desk.do(c.SetTiers(2, (c.Tier(0, 50_000_000, 50_000_000),)))
    desk.mark(100, market=2)
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.do(c.Deposit(1, 1, 40))
    desk.buy(1, 10, 100, market=2)
    desk.do(c.Deposit(2, 1, 1_000))
    desk.sell(2, 10, 100, market=2)
    desk.mark(92)  # needs 92 and has lost 80; the rest has 150 and keeps 50 as its maintenance
    assert desk.do(c.SetStress(1, True))[0] == (
        "PositionModeSet account=1 market=1 isolated=True amount=100 margin=100 balance=50"
    )
