"""Scenarios of funding: an index settled when a position is touched, zero-sum to the last fraction."""

from __future__ import annotations

import pytest

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.engines import Engine
from tests.model.refusals import Code

# One unit of money per lot at a price of 100.
ONE_PERCENT = 10_000_000


def dust(desk: Desk) -> int:
    """What rounding has taken in the first asset."""
    return int(desk.engine.assets()[0][6])


def equity(desk: Desk, account: int) -> int:
    return desk.pool(account)["equity"]


def test_longs_pay_and_shorts_receive_at_once_and_are_settled_when_touched(desk: Desk) -> None:
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    assert desk.do(c.SettleFunding(1, 100, ONE_PERCENT))[0] == (
        "FundingSettled market=1 price=100 rate=10000000 index_whole=1 index_fraction=0"
    )
    assert (equity(desk, 1), equity(desk, 2)) == (9_990, 10_010)
    assert (desk.cash(1), desk.cash(2)) == (10_000, 10_000)
    assert desk.do(c.Withdraw(1, 1, 5)) == [
        "FundingPaid account=1 market=1 funding=10 loss=0 balance=9990",
        "Withdrawn account=1 asset=1 amount=5 balance=9985",
    ]
    assert equity(desk, 1) == 9_985
    desk.sell(2, 1, 110)
    lines = desk.buy(3, 1, 110)
    assert lines[1] == "FundingPaid account=2 market=1 funding=-10 loss=0 balance=10010"


def test_an_epoch_may_go_the_other_way(desk: Desk) -> None:
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.do(c.SettleFunding(1, 100, -2 * ONE_PERCENT))
    desk.do(c.SettleFunding(1, 200, ONE_PERCENT // 2))
    assert (equity(desk, 1), equity(desk, 2)) == (10_010, 9_990)


def test_who_comes_later_owes_nothing_of_what_was_before(desk: Desk) -> None:
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.do(c.SettleFunding(1, 100, ONE_PERCENT))
    desk.buy(3, 10, 100)
    desk.sell(1, 10, 100)
    assert (equity(desk, 1), equity(desk, 3)) == (9_990, 10_000)
    desk.do(c.SettleFunding(1, 100, ONE_PERCENT))
    assert (equity(desk, 1), equity(desk, 3)) == (9_990, 9_990)


def test_what_rounding_takes_is_dust_and_nothing_is_lost(engine: Engine) -> None:
    """Three longs of one lot owe 0.4 each and pay 1; the short of three is owed 1.2 and gets 1: in all 2 too much."""
    desk = Desk(engine)
    for account in (1, 3, 4):
        desk.buy(account, 1, 100)
    desk.sell(2, 3, 100)
    desk.do(c.SettleFunding(1, 100, 4_000_000))
    for account in (1, 3, 4, 2):
        desk.do(c.Withdraw(account, 1, 1))
    assert [desk.cash(account) for account in (1, 3, 4, 2)] == [9_998, 9_998, 9_998, 10_000]
    assert dust(desk) == 2


def test_funding_of_an_isolated_position_is_paid_from_its_margin(desk: Desk) -> None:
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.do(c.SetPositionMode(1, 1, True, 150))
    desk.do(c.SettleFunding(1, 100, ONE_PERCENT))
    assert desk.do(c.AdjustMargin(1, 1, 1)) == [
        "FundingPaid account=1 market=1 funding=10 loss=0 balance=140",
        "MarginAdjusted account=1 market=1 amount=1 margin=141 balance=9849",
    ]


def test_what_is_owed_cannot_be_withdrawn(engine: Engine) -> None:
    desk = Desk(engine, deposit=200)
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.do(c.SettleFunding(1, 100, ONE_PERCENT))
    assert desk.refusal(c.Withdraw(1, 1, 191)) == (Code.InsufficientBalance, 191, 190)
    assert desk.refusal(c.Withdraw(1, 1, 91)) == (Code.WithdrawalMargin, 99, 100)
    assert desk.cash(1) == 200  # a refused withdrawal settles nothing
    desk.do(c.Withdraw(1, 1, 90))


@pytest.mark.parametrize(
    ("price", "rate", "refusal"),
    [
        (0, 1, (Code.PriceOutOfRange, 0, 100_000)),
        (100_001, 1, (Code.PriceOutOfRange, 100_001, 100_000)),
        (100, 10**8 + 1, (Code.FundingInvalid, 10**8 + 1, 0)),
        (100, -(10**8) - 1, (Code.FundingInvalid, -(10**8) - 1, 0)),
        (100_000, 10**8, None),
    ],
)
def test_the_bounds_of_an_epoch(desk: Desk, price: int, rate: int, refusal: tuple[Code, int, int] | None) -> None:
    assert desk.refusal(c.SettleFunding(1, price, rate)) == refusal


def test_the_index_stays_where_every_position_can_be_settled(desk: Desk) -> None:
    desk.do(c.AddMarket("BIG-PERP", 1, 10**12, 10**12, 2, 2**57))
    for _ in range(40):
        desk.do(c.SettleFunding(2, 2, 10**8))
    assert desk.refusal(c.SettleFunding(2, 2, 10**8)) == (Code.FundingLimit, 0, 0)
    desk.do(c.SettleFunding(2, 2, -(10**8)))
