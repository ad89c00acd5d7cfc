"""Scenarios of the check at the fill: who may still carry the risk, and how far a fill is cut."""

from __future__ import annotations

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.engines import Engine

# A sale without fees.
TRADED = (
    "Traded trade={trade} market=1 price={price} lots={lots} taker_side=2 maker_order={maker_order} "
    "taker_order={taker_order} maker={maker} taker={taker} maker_fee=0 taker_fee=0 "
    "maker_realised={realised[0]} taker_realised={realised[1]}"
)


def test_a_maker_that_cannot_carry_the_fill_gives_way_to_the_next(engine: Engine) -> None:
    desk = Desk(engine, deposit=100)
    desk.buy(1, 10, 100)
    desk.buy(2, 3, 100)
    desk.mark(90)
    # Five lots at 100 would leave account 1 with 50 against 90 for the ten it holds and still bids for; three would
    # leave account 2 with 70 against 27.
    assert desk.sell(3, 5, 100, time_in_force=c.IOC) == [
        "OrderAccepted order=3 account=3 market=1 side=2 price=100 lots=5 client_order=0",
        "OrderCancelled order=1 account=1 market=1 lots=10 reason=5",
        TRADED.format(trade=1, price=100, lots=3, maker_order=2, taker_order=3, maker=2, taker=3, realised=(0, 0)),
        "OrderCancelled order=3 account=3 market=1 lots=2 reason=2",
    ]


def test_reducing_at_the_mark_is_always_allowed_even_under_water(engine: Engine) -> None:
    desk = Desk(engine, deposit=100)
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.mark(80)  # account 1 is worth −100
    desk.buy(3, 4, 79)
    assert desk.sell(1, 4, 79)[-1].endswith("lots=4 reason=5")  # nobody is paid by a debt
    desk.buy(3, 4, 80)
    assert "price=80 lots=4" in desk.sell(1, 4, 80)[1]
    assert desk.position(1) == (6, 600)
    assert desk.pool(1)["equity"] == 100 - 4 * 20 - 6 * 20


def test_closing_may_cost_what_maintenance_it_frees_and_no_more(engine: Engine) -> None:
    desk = Desk(engine, deposit=250)
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.mark(80)  # account 1 is worth 50; five lots carry 5 % of 400, which is 20, and need 40 to be placed
    desk.do(c.Deposit(3, 1, 1_000))
    desk.buy(3, 5, 75)
    assert desk.sell(1, 5, 75)[-1].endswith("lots=5 reason=5")  # 25 for 20
    desk.buy(3, 5, 76)
    assert "price=76 lots=5" in desk.sell(1, 5, 76)[1]  # 20 for 20
    assert desk.pool(1)["equity"] == 30


def test_closing_may_cost_what_there_is_and_no_more(engine: Engine) -> None:
    desk = Desk(engine, deposit=219)
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.mark(80)  # account 1 is worth 19; five lots carry 20
    desk.do(c.Deposit(3, 1, 1_000))
    desk.buy(3, 5, 76)
    assert desk.sell(1, 5, 76)[-1].endswith("lots=5 reason=5")  # 20 of 19
    desk.buy(3, 5, 77)
    assert "price=77 lots=5" in desk.sell(1, 5, 77)[1]
    assert desk.pool(1)["equity"] == 4


def test_whoever_can_carry_it_may_close_at_any_price(engine: Engine) -> None:
    desk = Desk(engine, deposit=1_000)
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.buy(3, 10, 50)
    assert "price=50 lots=10" in desk.sell(1, 10, 50)[1]
    assert desk.pool(1)["equity"] == 1_000 - 10 * 50


def test_a_flip_that_cannot_be_carried_is_cut_to_the_closing_part(engine: Engine) -> None:
    desk = Desk(engine, deposit=100)
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.mark(95)
    desk.do(c.Deposit(3, 1, 1_000))
    desk.buy(3, 20, 94)
    # Account 1 is worth 50. Selling 20 at 94 would leave 30 against 95 for ten short, so only the ten that close are
    # allowed; selling the other ten would leave the same 30.
    assert desk.sell(1, 20, 90) == [
        "OrderAccepted order=4 account=1 market=1 side=2 price=90 lots=20 client_order=0",
        TRADED.format(trade=2, price=94, lots=10, maker_order=3, taker_order=4, maker=3, taker=1, realised=(0, -60)),
        "OrderCancelled order=4 account=1 market=1 lots=10 reason=5",
    ]
    assert desk.position(1) == (0, 0)
    assert desk.open_lots(3) == {3: 10}


def test_the_maker_is_asked_before_the_taker(engine: Engine) -> None:
    desk = Desk(engine, deposit=100)
    desk.do(c.SetFees(1, 0, 20_000_000))
    desk.buy(1, 10, 100)
    desk.mark(99)
    # The fill would leave the maker 90 against 99, and the taker 100 + 10 − 20 against 99.
    assert desk.sell(2, 10, 100)[1:] == [
        "OrderCancelled order=1 account=1 market=1 lots=10 reason=5",
        "OrderRested order=2 lots=10",
    ]


def test_the_maker_is_asked_again_when_the_taker_takes_less(engine: Engine) -> None:
    desk = Desk(engine, deposit=99)
    desk.buy(3, 1, 100)
    desk.sell(4, 1, 100)
    desk.do(c.Deposit(1, 1, 1))
    desk.buy(1, 10, 100)
    desk.mark(112)
    desk.do(c.SetFees(1, 1, 0))  # one unit, however small the fill
    # Five lots bought 12 below the mark would leave 100 + 60 − 1 against 112, but the taker may only close one lot,
    # and that would leave 100 + 12 − 1.
    assert desk.sell(3, 5, 100, reduce_only=True)[1:] == [
        "OrderCancelled order=3 account=1 market=1 lots=10 reason=5",
        "OrderRested order=4 lots=5",
    ]


def test_the_fee_counts_at_the_fill_but_not_at_placement(engine: Engine) -> None:
    desk = Desk(engine, deposit=100)
    desk.do(c.SetFees(1, 0, 1_000_000))
    desk.sell(2, 10, 100)
    assert desk.buy(1, 10, 100)[1:] == ["OrderCancelled order=2 account=1 market=1 lots=10 reason=5"]
    assert desk.buy(1, 9, 100)[1].startswith("Traded")


def test_a_price_worse_than_the_mark_counts_at_the_fill(engine: Engine) -> None:
    desk = Desk(engine, deposit=100)
    desk.sell(2, 9, 102)
    assert desk.buy(1, 9, 102)[1:] == ["OrderCancelled order=2 account=1 market=1 lots=9 reason=5"]  # 82 < 90
    assert desk.buy(1, 8, 102)[1].startswith("Traded")  # 84 >= 80


def test_open_orders_elsewhere_count_at_the_fill(engine: Engine) -> None:
    desk = Desk(engine, deposit=200)
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 1_000, 1_000))
    desk.do(c.SetTiers(2, (c.Tier(0, 100_000_000, 50_000_000),)))
    desk.mark(100, market=2)
    desk.buy(1, 10, 90, market=2)
    desk.buy(1, 10, 100)
    desk.mark(101, market=2)  # 101 + 100 needed of 200
    assert "OrderCancelled order=2 account=1 market=1 lots=10 reason=5" in desk.sell(3, 1, 100)
    assert desk.open_lots(1) == {1: 10}


def test_a_reduce_only_order_is_cut_at_zero_and_its_rest_cancelled(desk: Desk) -> None:
    desk.buy(1, 5, 100)
    desk.sell(2, 5, 100)
    desk.buy(3, 9, 99)
    assert desk.sell(1, 8, 99, reduce_only=True) == [
        "OrderAccepted order=4 account=1 market=1 side=2 price=99 lots=8 client_order=0",
        TRADED.format(trade=2, price=99, lots=5, maker_order=3, taker_order=4, maker=3, taker=1, realised=(0, -5)),
        "OrderCancelled order=4 account=1 market=1 lots=3 reason=7",
    ]


def test_a_resting_reduce_only_order_is_cancelled_when_its_turn_comes_and_nothing_is_left_to_reduce(desk: Desk) -> None:
    desk.buy(1, 5, 100)
    desk.sell(2, 5, 100)
    desk.sell(1, 5, 105, reduce_only=True)
    desk.buy(3, 5, 100)
    desk.sell(1, 5, 100)
    assert desk.position(1) == (0, 0)
    assert desk.open_lots(1) == {3: 5}
    assert desk.buy(4, 1, 105)[1:] == [
        "OrderCancelled order=3 account=1 market=1 lots=5 reason=7",
        "OrderRested order=6 lots=1",
    ]


def test_both_sides_are_asked_until_both_agree(desk: Desk) -> None:
    """Two reduce-only orders: the maker can close 7 and the taker 4, so 4 trade and each is then treated alone."""
    desk.buy(1, 4, 100)
    desk.sell(2, 4, 100)
    desk.sell(3, 7, 100)
    desk.buy(4, 7, 100)
    desk.buy(3, 9, 101, reduce_only=True)
    assert desk.sell(1, 9, 101, reduce_only=True)[1:] == [
        TRADED.format(trade=3, price=101, lots=4, maker_order=5, taker_order=6, maker=3, taker=1, realised=(-4, 4)),
        "OrderCancelled order=6 account=1 market=1 lots=5 reason=7",
    ]
    assert desk.position(3) == (-3, -300)
    assert desk.open_lots(3) == {5: 5}


def test_a_trade_with_oneself_closes_nothing(desk: Desk) -> None:
    """The position would be there to close again after each slice, so the two orders would never come to an end."""
    desk.buy(1, 1, 100)
    desk.sell(2, 1, 100)
    desk.sell(1, 700, 101, reduce_only=True)
    assert desk.buy(1, 600, 101)[1:] == [
        "OrderCancelled order=3 account=1 market=1 lots=700 reason=7",
        "OrderRested order=4 lots=600",
    ]


def test_a_trade_with_oneself_is_carried_whole_or_not_at_all(engine: Engine) -> None:
    desk = Desk(engine, deposit=100)
    desk.buy(1, 1, 100)
    desk.sell(2, 1, 100)
    desk.sell(1, 9, 101)
    desk.mark(150)
    # Worth 150. One lot sold at 101 would leave 101 against 120 for the eight still offered; to anybody else it might
    # be sold all the same, because it closes.
    assert desk.buy(1, 1, 101)[1:] == [
        "OrderCancelled order=3 account=1 market=1 lots=9 reason=5",
        "OrderRested order=4 lots=1",
    ]


def test_no_sequence_of_fills_leaves_the_position_limit(desk: Desk) -> None:
    """Reduce-only fills move the position without using up open lots, so neither side may count on the other."""
    desk.do(c.AddMarket("TINY-PERP", 1, 10**12, 10**12, 1_000, 10))
    desk.do(c.SetTiers(2, (c.Tier(0, 0, 0),)))
    desk.mark(100, market=2)
    desk.sell(1, 10, 100, market=2)
    desk.buy(2, 10, 100, market=2)
    desk.buy(1, 10, 90, market=2)
    assert desk.send(desk.order(1, c.BUY, 1, 90, market=2))[-1][4:] == (411, 11, 10)
    desk.sell(3, 10, 95, market=2)
    desk.buy(1, 10, 95, market=2, reduce_only=True)
    desk.sell(4, 10, 90, market=2)
    assert desk.position(1, market=2) == (10, 900)
