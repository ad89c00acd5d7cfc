"""Scenarios of margin, worked out by hand: tiers, the worst side, placement, withdrawal."""

from __future__ import annotations

import pytest

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.engines import Engine
from tests.model.refusals import Code

# 1 % up to 1,000, 5 % up to 5,000, 20 % beyond; maintenance is half.
THREE_TIERS = (
    c.Tier(0, 10_000_000, 5_000_000),
    c.Tier(1_000, 50_000_000, 25_000_000),
    c.Tier(5_000, 200_000_000, 100_000_000),
)


@pytest.mark.parametrize(
    ("lots", "requirement", "maintenance"),
    [
        (1, 1, 1),  # 100 at 1 % = 1; 0.5 rounded up
        (10, 10, 5),  # the first edge: 1,000 at 1 %, the same in either tier
        (11, 15, 8),  # 10 + 100 at 5 % = 15; 5 + 2.5 = 7.5 rounded up
        (50, 210, 105),  # the second edge: 10 + 4,000 at 5 %
        (70, 610, 305),  # 210 + 2,000 at 20 %
    ],
)
def test_tiers_charge_at_the_margin(engine: Engine, lots: int, requirement: int, maintenance: int) -> None:
    desk = Desk(engine, tiers=THREE_TIERS)
    desk.buy(1, lots, 100)
    desk.sell(2, lots, 100)
    for account in (1, 2):
        assert desk.pool(account)["requirement"] == requirement
        assert desk.pool(account)["maintenance"] == maintenance


def test_open_orders_count_at_the_worse_side_and_need_no_maintenance(desk: Desk) -> None:
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)  # 1 is long 10
    desk.buy(1, 5, 99)
    assert desk.pool(1)["requirement"] == 150  # |10 + 5| · 100 · 10 %
    desk.sell(1, 20, 101)
    assert desk.pool(1)["requirement"] == 150  # |10 − 20| is less
    desk.sell(1, 7, 102)
    assert desk.pool(1)["requirement"] == 170  # |10 − 27|
    assert desk.pool(1)["maintenance"] == 50


def test_reduce_only_orders_do_not_count(desk: Desk) -> None:
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.sell(1, 500, 101, reduce_only=True)
    assert desk.pool(1)["requirement"] == 100


def test_placement_is_refused_beyond_equity_and_allowed_at_it(engine: Engine) -> None:
    desk = Desk(engine, deposit=100)
    assert desk.refusal(desk.order(1, c.BUY, 11, 100)) == (Code.MarginInsufficient, 110, 100)
    desk.buy(1, 10, 100)  # exactly the equity


def test_an_order_that_does_not_raise_the_requirement_is_always_accepted(engine: Engine) -> None:
    desk = Desk(engine, deposit=100)
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.mark(95)  # equity 100 − 50, requirement 95
    assert desk.refusal(desk.order(1, c.BUY, 1, 90)) == (Code.MarginInsufficient, 105, 50)  # 11 · 95 · 10 % = 104.5
    desk.sell(1, 20, 110)  # |10 − 20| is not worse than |10|
    assert desk.pool(1)["requirement"] == 95


def test_amending_a_price_needs_no_margin(engine: Engine) -> None:
    desk = Desk(engine, deposit=100)
    desk.buy(1, 10, 100)
    desk.mark(200)  # requirement 200 over equity 100
    desk.do(c.Amend(1, 1, 0, 99, 0))
    assert desk.refusal(c.Amend(1, 1, 0, 99, 11)) == (Code.MarginInsufficient, 220, 100)


def test_profit_at_the_mark_carries_margin_but_is_not_paid_out(engine: Engine) -> None:
    desk = Desk(engine, deposit=100)
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.mark(150)  # equity 600, requirement 150, cash 100
    assert desk.pool(1) == {
        "asset": 1, "cash": 100, "unrealised": 500, "equity": 600, "requirement": 150, "maintenance": 75
    }  # fmt: skip
    assert desk.refusal(c.Withdraw(1, 1, 101)) == (Code.InsufficientBalance, 101, 100)
    desk.do(c.Withdraw(1, 1, 100))
    assert desk.pool(1)["equity"] == 500


def test_withdrawal_leaves_the_requirement(desk: Desk) -> None:
    desk.buy(1, 100, 100)
    assert desk.refusal(c.Withdraw(1, 1, 9_001)) == (Code.WithdrawalMargin, 999, 1_000)
    desk.do(c.Withdraw(1, 1, 9_000))


def test_withdrawal_leaves_ten_percent_of_positions_where_that_is_more(engine: Engine) -> None:
    desk = Desk(engine, tiers=(c.Tier(0, 1_000_000, 500_000),))  # 0.1 %
    desk.buy(1, 33, 101)
    desk.sell(2, 33, 101)
    desk.mark(101)  # notional 3,333: 333.3 rounded up
    assert desk.refusal(c.Withdraw(1, 1, 9_667)) == (Code.WithdrawalMargin, 333, 334)
    desk.do(c.Withdraw(1, 1, 9_666))


def test_transfers_obey_the_rule_of_withdrawals(desk: Desk) -> None:
    desk.buy(1, 100, 100)
    assert desk.refusal(c.Transfer(1, 5, 1, 9_001)) == (Code.WithdrawalMargin, 999, 1_000)
    assert desk.do(c.Transfer(1, 5, 1, 9_000)) == [
        "Transferred source=1 destination=5 asset=1 amount=9000 source_balance=1000 destination_balance=19000"
    ]


def test_pools_of_different_assets_do_not_help_each_other(desk: Desk) -> None:
    desk.do(c.AddAsset("EUR", 0))
    desk.do(c.AddMarket("EUR-PERP", 2, 10**12, 10**12, 1_000, 1_000))
    desk.do(c.SetTiers(2, (c.Tier(0, 100_000_000, 50_000_000),)))
    desk.mark(100, market=2)
    assert desk.refusal(desk.order(1, c.BUY, 1, 100, market=2)) == (Code.MarginInsufficient, 10, 0)


def test_markets_of_one_pool_share_equity_and_round_one_by_one(desk: Desk) -> None:
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 1_000, 1_000))
    desk.do(c.SetTiers(2, (c.Tier(0, 3_000_000, 1_000_000),)))  # 0.3 %
    desk.mark(101, market=2)
    desk.mark(101)
    desk.buy(1, 1, 100)
    desk.buy(1, 1, 100, market=2)
    assert desk.pool(1)["requirement"] == 12  # 10.1 and 0.303, each rounded up


def test_the_tier_that_holds_at_the_price_decides_maintenance(engine: Engine) -> None:
    """Long 2,000 at 100,000 with 60 M, 40× and 20× from 150 M: maintenance is met at 70,886.08, not at 71,202.53."""
    tiers = (c.Tier(0, 25_000_000, 12_500_000), c.Tier(15_000_000_000, 50_000_000, 25_000_000))
    desk = Desk(engine)
    desk.do(c.AddAsset("CENT", 2))
    desk.do(c.AddMarket("BIG-PERP", 2, 10**10, 10**12, 20_000_000, 2_000))
    desk.do(c.SetTiers(2, tiers))
    desk.mark(10_000_000, market=2)
    for account in (1, 2):
        desk.do(c.Deposit(account, 2, 6_000_000_000))
    desk.buy(1, 2_000, 10_000_000, market=2)
    desk.sell(2, 2_000, 10_000_000, market=2)
    # At 100,000: 200 M · 2.5 % less the deduction of 150 M · 1.25 %.
    assert desk.pool(1, asset=2)["maintenance"] == 312_500_000
    desk.mark(7_120_253, market=2)
    assert desk.pool(1, asset=2)["equity"] > desk.pool(1, asset=2)["maintenance"]
    desk.mark(7_088_608, market=2)
    assert desk.pool(1, asset=2)["equity"] == 177_216_000
    assert desk.pool(1, asset=2)["maintenance"] == 177_215_200
    desk.mark(7_088_607, market=2)
    assert desk.pool(1, asset=2)["equity"] < desk.pool(1, asset=2)["maintenance"]
