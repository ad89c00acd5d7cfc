"""Scenarios of money, worked out by hand: cost, realised profit, fees, rounding."""

from __future__ import annotations

import pytest

from tests.model import commands as c
from tests.model.desk import Desk


def trade(desk: Desk, buyer: int, seller: int, lots: int, price: int) -> str:
    """A trade of which the buyer is the maker; returns its line."""
    desk.buy(buyer, lots, price)
    lines = desk.sell(seller, lots, price, time_in_force=c.IOC)
    return next(line for line in lines if line.startswith("Traded"))


def test_opening_adds_to_cost_and_leaves_cash_alone(desk: Desk) -> None:
    trade(desk, 1, 2, 3, 100)
    trade(desk, 1, 2, 2, 110)
    assert desk.position(1) == (5, 520)
    assert desk.position(2) == (-5, -520)
    assert desk.cash(1) == desk.cash(2) == 10_000


def test_what_stays_open_keeps_a_cost_rounded_down_on_both_sides(desk: Desk) -> None:
    trade(desk, 1, 2, 2, 100)
    trade(desk, 1, 2, 1, 101)  # 3 lots at 301 in all
    line = trade(desk, 2, 1, 1, 100)
    # Long: floor(301 · 2 / 3) = 200, so 101 leaves for 100. Short: floor(−301 · 2 / 3) = −201, so 100 leaves for 100.
    assert desk.position(1) == (2, 200)
    assert desk.position(2) == (-2, -201)
    assert line.endswith("maker_realised=0 taker_realised=-1")
    assert (desk.cash(1), desk.cash(2)) == (9_999, 10_000)


def test_a_flip_closes_to_zero_and_opens_the_rest(desk: Desk) -> None:
    trade(desk, 1, 2, 3, 100)
    line = trade(desk, 3, 1, 5, 120)
    assert line.endswith("maker_realised=0 taker_realised=60")
    assert desk.position(1) == (-2, -240)
    assert desk.cash(1) == 10_060


def test_a_round_trip_realises_exactly_what_prices_say(desk: Desk) -> None:
    for lots, price in ((7, 101), (5, 97), (1, 99)):
        trade(desk, 1, 2, lots, price)
    for lots, price in ((4, 103), (9, 98)):
        trade(desk, 2, 1, lots, price)
    paid, got = 7 * 101 + 5 * 97 + 99, 4 * 103 + 9 * 98
    assert desk.position(1) == desk.position(2) == (0, 0)
    assert (desk.cash(1), desk.cash(2)) == (10_000 + got - paid, 10_000 - got + paid)


@pytest.mark.parametrize(
    ("maker_rate", "taker_rate", "maker_fee", "taker_fee"),
    [
        (1_000_000, 2_000_000, 1, 1),  # 0.3 and 0.6, rounded up
        (10_000_000, 10_000_000, 3, 3),  # 3 exactly
        (-10_000_000, 20_000_000, -3, 6),
        (-9_999_999, 20_000_000, -2, 6),  # a rebate of 2.9999997 is rounded up to −2
        (20_000_000, -10_000_000, 6, -3),
    ],
)
def test_fees_are_rounded_against_the_user(
    desk: Desk, maker_rate: int, taker_rate: int, maker_fee: int, taker_fee: int
) -> None:
    desk.do(c.SetFees(1, maker_rate, taker_rate))
    line = trade(desk, 1, 2, 3, 100)
    assert f"maker_fee={maker_fee} taker_fee={taker_fee}" in line
    assert desk.cash(1) == 10_000 - maker_fee
    assert desk.cash(2) == 10_000 - taker_fee
    assert desk.fees() == maker_fee + taker_fee


def test_no_rebate_between_accounts_of_one_master(desk: Desk) -> None:
    desk.do(c.SetFees(1, -10_000_000, 20_000_000))
    assert "maker_fee=0 taker_fee=6" in trade(desk, 1, 5, 3, 100)
    desk.do(c.SetFees(1, 20_000_000, -10_000_000))
    assert "maker_fee=6 taker_fee=0" in trade(desk, 1, 5, 3, 100)


def test_an_account_may_trade_with_itself_and_only_pays_fees(desk: Desk) -> None:
    desk.do(c.SetFees(1, 10_000_000, 10_000_000))
    trade(desk, 1, 1, 3, 100)
    assert desk.position(1) == (0, 0)
    assert desk.cash(1) == 9_994
    assert desk.fees() == 6


def test_tick_value_multiplies_everything(desk: Desk) -> None:
    desk.do(c.AddMarket("ETH-PERP", 1, 7 * 10**12, 10**12, 1_000, 1_000))
    desk.do(c.SetTiers(2, (c.Tier(0, 100_000_000, 50_000_000),)))
    desk.do(c.SetFees(2, 0, 10_000_000))
    desk.mark(100, market=2)
    desk.buy(1, 3, 100, market=2)
    assert "taker_fee=21" in "".join(desk.sell(2, 3, 100, market=2))
    assert desk.position(1, market=2) == (3, 2_100)
    desk.mark(90, market=2)
    assert desk.pool(1) | {"cash": 0} == {
        "asset": 1, "cash": 0, "unrealised": -210, "equity": 9_790, "requirement": 189, "maintenance": 95
    }  # fmt: skip


def test_deposits_are_bounded_over_all_accounts(desk: Desk) -> None:
    room = 2**60 - 50_000
    assert desk.send(c.Deposit(1, 1, room + 1))[-1][4:] == (302, room + 1, 50_000)
    desk.do(c.Deposit(1, 1, room))
    assert desk.send(c.Deposit(2, 1, 1))[-1][4:] == (302, 1, 2**60)
