"""Scenarios of who may do what: modes of a market, permissions, gates, allowances between siblings, fee tiers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.model import commands as c
from tests.model.desk import NOW, Desk
from tests.model.refusals import Code

FREE = c.SetPermissions(1, False, False, False, (), ())


def test_a_reduce_only_market_lets_positions_out(desk: Desk) -> None:
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.buy(3, 10, 90)
    desk.do(c.SetMarketMode(1, c.REDUCE_ONLY_MODE))
    assert desk.refusal(desk.order(1, c.SELL, 5, 90)) == (Code.MarketModeRefuses, 2, 0)
    assert desk.refusal(c.Amend(3, 3, 0, 91, 0)) == (Code.MarketModeRefuses, 2, 0)
    desk.do(c.Amend(3, 3, 0, 0, 8))  # to shrink is allowed
    desk.sell(1, 5, 90, reduce_only=True)
    assert desk.position(1)[0] == 5
    assert desk.refusal(c.SetMarketMode(1, c.REDUCE_ONLY_MODE)) == (Code.ModeUnchanged, 0, 0)


def test_a_market_that_only_cancels_and_one_that_is_halted(desk: Desk) -> None:
    for account in (1, 2):
        desk.buy(account, 1, 90)
    desk.do(c.SetMarketMode(1, c.CANCEL_ONLY))
    assert desk.refusal(c.Amend(1, 1, 0, 0, 1)) == (Code.AmendChangesNothing, 0, 0)
    assert desk.refusal(desk.order(1, c.SELL, 1, 90, reduce_only=True)) == (Code.MarketModeRefuses, 3, 0)
    desk.do(c.Cancel(1, 1, 0))
    assert desk.do(c.SetMarketMode(1, c.HALTED)) == ["MarketModeSet market=1 mode=4 previous=3"]
    assert desk.refusal(c.Cancel(2, 9, 0)) == (Code.UnknownOrder, 9, 0)
    assert desk.refusal(c.Cancel(2, 2, 0)) == (Code.MarketModeRefuses, 4, 0)
    assert desk.do(c.MassCancel(2, 0, 0)) == ["MassCancelled account=2 market=0 count=0"]


def test_an_account_that_may_only_reduce_keeps_its_orders_but_not_their_risk(desk: Desk) -> None:
    desk.buy(1, 10, 100)
    desk.sell(2, 4, 100)
    desk.do(FREE._replace(reduce_only=True))
    assert desk.refusal(desk.order(1, c.SELL, 1, 90)) == (Code.AccountReduceOnly, 1, 0)
    # What rests would add to the position: when it would be filled, it is cancelled.
    assert desk.sell(2, 6, 100)[1] == "OrderCancelled order=1 account=1 market=1 lots=6 reason=5"
    desk.do(FREE)
    desk.do(c.MassCancel(2, 0, 0))
    desk.sell(1, 10, 110)
    desk.do(FREE._replace(reduce_only=True))
    assert "lots=4" in desk.buy(3, 10, 110)[1]  # the closing part of a flip
    assert desk.position(1) == (0, 0)


def test_a_list_of_markets_binds_what_opens(desk: Desk) -> None:
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 1_000, 1_000))
    desk.buy(1, 1, 100)
    desk.sell(2, 1, 100)
    desk.do(FREE._replace(markets=(2,)))
    assert desk.refusal(desk.order(1, c.BUY, 1, 90)) == (Code.MarketNotPermitted, 1, 0)
    desk.sell(1, 1, 110, reduce_only=True)


def test_what_holds_an_order_back_is_named_in_order(desk: Desk) -> None:
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 1_000, 1_000))
    desk.do(c.SetMarketMode(1, c.CANCEL_ONLY))
    desk.do(FREE._replace(reduce_only=True, markets=(2,)))
    desk.do(c.SetStress(1, True))
    order = desk.order(1, c.BUY, 1, 90)
    assert desk.refusal(order) == (Code.MarketModeRefuses, 3, 0)
    desk.do(c.SetMarketMode(1, c.CONTINUOUS))
    assert desk.refusal(order) == (Code.MarketNotPermitted, 1, 0)
    desk.do(FREE._replace(reduce_only=True))
    assert desk.refusal(order) == (Code.AccountReduceOnly, 1, 0)
    desk.do(FREE)
    assert desk.refusal(order) == (Code.StressIsolated, 1, 0)
    desk.do(c.SetStress(1, False))
    assert desk.refusal(order) is None


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"markets": tuple(range(1, 18))}, (Code.PermissionsInvalid, 4, 0)),
        ({"markets": (1, 1)}, (Code.PermissionsInvalid, 4, 2)),
        ({"markets": (1, 2, 1), "destinations": (5, 5)}, (Code.PermissionsInvalid, 4, 3)),
        ({"markets": (1, 9), "destinations": (5, 5)}, (Code.PermissionsInvalid, 5, 2)),
        ({"markets": (1, 9)}, (Code.UnknownMarket, 9, 0)),
        ({"markets": (1,), "destinations": (0, 2**64 - 1)}, None),
    ],
)
def test_lists_are_short_and_in_order(
    desk: Desk, fields: dict[str, Any], refusal: tuple[Code, int, int] | None
) -> None:
    assert desk.refusal(FREE._replace(**fields)) == refusal


def test_money_leaves_only_as_permitted(desk: Desk) -> None:
    desk.do(c.SetWithdrawalGate(1, True, 0, 0))
    desk.do(FREE._replace(no_withdraw=True, no_transfer=True, destinations=(7,)))
    assert desk.refusal(c.Withdraw(1, 1, 1)) == (Code.WithdrawalNotPermitted, 1, 0)
    assert desk.refusal(c.Transfer(1, 5, 1, 1)) == (Code.TransferNotPermitted, 1, 0)
    desk.do(FREE._replace(destinations=(7,)))
    assert desk.refusal(c.Withdraw(1, 1, 1)) == (Code.DestinationNotPermitted, 0, 0)
    assert desk.refusal(c.Withdraw(1, 1, 1, 7)) == (Code.WithdrawalGate, 1, 0)
    desk.do(c.Transfer(1, 5, 1, 1))
    desk.do(c.SetWithdrawalGate(1, False, 0, 0))
    desk.do(c.Withdraw(1, 1, 1, 7))


def test_a_gate_lets_so_much_through_in_each_interval(desk: Desk) -> None:
    desk.do(c.SetWithdrawalGate(1, False, NOW, 100))
    desk.do(c.Withdraw(1, 1, 60))
    assert desk.refusal(c.Withdraw(2, 1, 41)) == (Code.WithdrawalGate, 41, 40)
    desk.do(c.SetWithdrawalGate(1, False, NOW, 50))  # and forgets nothing
    assert desk.refusal(c.Withdraw(2, 1, 1)) == (Code.WithdrawalGate, 1, 0)
    desk.time += NOW - 1
    assert desk.refusal(c.Withdraw(2, 1, 1)) == (Code.WithdrawalGate, 1, 0)
    desk.time += 1
    desk.do(c.Withdraw(2, 1, 50))


def test_an_overlay_draws_on_a_sibling_only_what_that_allowed(desk: Desk) -> None:
    assert desk.refusal(c.Draw(5, 1, 1, 1)) == (Code.AllowanceExceeded, 1, 0)
    assert desk.refusal(c.SetAllowance(1, 2, 1, 100)) == (Code.NotSameMaster, 0, 0)
    assert desk.refusal(c.SetAllowance(1, 1, 1, 100)) == (Code.SameAccount, 0, 0)
    desk.do(c.SetAllowance(1, 5, 1, 100))
    assert desk.refusal(c.Draw(5, 1, 1, 101)) == (Code.AllowanceExceeded, 101, 100)
    assert desk.refusal(c.Draw(1, 5, 1, 1)) == (Code.AllowanceExceeded, 1, 0)  # it goes one way
    assert desk.do(c.Draw(5, 1, 1, 60)) == [
        "Drawn source=1 destination=5 asset=1 amount=60 source_balance=9940 destination_balance=10060 allowance=40"
    ]
    assert desk.refusal(c.Draw(5, 1, 1, 41)) == (Code.AllowanceExceeded, 41, 40)
    desk.do(FREE._replace(no_transfer=True))
    assert desk.refusal(c.Draw(5, 1, 1, 40)) == (Code.TransferNotPermitted, 1, 0)


def test_a_draw_leaves_the_source_its_margin(desk: Desk) -> None:
    desk.do(c.SetAllowance(1, 5, 1, 10_000))
    desk.buy(1, 100, 100)
    assert desk.refusal(c.Draw(5, 1, 1, 9_001)) == (Code.WithdrawalMargin, 999, 1_000)
    desk.do(c.Draw(5, 1, 1, 9_000))


def test_tiers_and_rebates_of_fees(desk: Desk) -> None:
    desk.do(c.SetFees(1, 10_000_000, 50_000_000))
    desk.do(c.SetFeeTiers(1, (c.FeeTier(5_000_000, 40_000_000), c.FeeTier(-10_000_000, 30_000_000))))
    desk.do(c.SetAccountFees(1, 1, 0))
    desk.do(c.SetAccountFees(2, 9, 0))  # the last there is
    desk.buy(1, 10, 100)
    assert "maker_fee=5 taker_fee=30" in desk.sell(2, 10, 100)[1]
    desk.do(c.SetAccountFees(1, 0, 100_000_000))
    desk.buy(1, 10, 100)
    # A rebate of 10 % on a rate of 1 % would be 90; it is at most what the taker pays.
    assert "maker_fee=-30 taker_fee=30" in desk.sell(2, 10, 100)[1]
    assert desk.refusal(c.SetFees(1, 0, 9_999_999)) == (Code.FeesOutOfRange, 0, 9_999_999)
    assert desk.refusal(c.SetFeeTiers(1, (c.FeeTier(0, 5), c.FeeTier(-1, 0)))) == (Code.FeeTiersInvalid, 2, 0)
