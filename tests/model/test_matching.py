"""Scenarios of the book: priority, the kinds of orders, expiry, self-trade prevention, amends."""

from __future__ import annotations

import pytest

from tests.model import commands as c
from tests.model.desk import NOW, Desk
from tests.model.engines import Engine
from tests.model.refusals import Code


def trades(lines: list[str]) -> list[tuple[int, int, int]]:
    """Price, lots and maker order of each trade."""
    found = []
    for line in lines:
        if line.startswith("Traded"):
            fields = dict(pair.split("=") for pair in line.split()[1:])
            found.append((int(fields["price"]), int(fields["lots"]), int(fields["maker_order"])))
    return found


def test_better_prices_first_then_earlier_orders(desk: Desk) -> None:
    desk.sell(1, 2, 102)
    desk.sell(2, 2, 101)
    desk.sell(3, 2, 101)
    assert trades(desk.buy(4, 5, 102)) == [(101, 2, 2), (101, 2, 3), (102, 1, 1)]


def test_an_order_rests_with_what_is_left(desk: Desk) -> None:
    desk.sell(1, 2, 100)
    assert desk.buy(2, 5, 100)[-1] == "OrderRested order=2 lots=3"


def test_market_orders_stop_at_the_bound(desk: Desk) -> None:
    desk.sell(1, 1, 105)
    desk.sell(1, 1, 106)
    lines = desk.buy(2, 2, 0, kind=c.MARKET, time_in_force=c.IOC)
    assert lines[0] == "OrderAccepted order=3 account=2 market=1 side=1 price=105 lots=2 client_order=0"
    assert lines[-1] == "OrderCancelled order=3 account=2 market=1 lots=1 reason=2"
    assert trades(lines) == [(105, 1, 1)]


@pytest.mark.parametrize(
    ("mark", "rate", "buy", "sell"),
    [
        (100, 50_000_000, 105, 95),
        (99, 50_000_000, 103, 95),  # 103.95 down, 94.05 up: never past the bound
        (1, 1_000_000_000, 2, 1),  # a sell's bound is at least one tick
        (99_999, 1_000_000_000, 100_000, 1),  # a buy's at most price_max
    ],
)
def test_the_default_bound_is_rounded_inwards(desk: Desk, mark: int, rate: int, buy: int, sell: int) -> None:
    desk.do(c.SetLimits(1, 0, 10, 0, rate))
    desk.do(c.Deposit(1, 1, 1_000_000))
    desk.mark(mark)
    for side, bound in ((c.BUY, buy), (c.SELL, sell)):
        line = desk.do(desk.order(1, side, 1, 0, kind=c.MARKET, time_in_force=c.IOC))[0]
        assert f"price={bound} " in line


def test_a_market_order_may_bring_its_own_bound(desk: Desk) -> None:
    desk.sell(1, 1, 120)
    assert trades(desk.buy(2, 1, 120, kind=c.MARKET, time_in_force=c.IOC)) == [(120, 1, 1)]


def test_fill_or_kill_is_all_or_refused(desk: Desk) -> None:
    desk.sell(1, 2, 100)
    desk.sell(3, 2, 101)
    assert desk.refusal(desk.order(2, c.BUY, 5, 101, time_in_force=c.FOK)) == (Code.FillOrKillUnfilled, 4, 5)
    assert desk.open_lots(1) == {1: 2}
    assert trades(desk.buy(2, 4, 101, time_in_force=c.FOK)) == [(100, 2, 1), (101, 2, 2)]


def test_fill_or_kill_counts_what_makers_can_carry_and_harms_none_when_refused(engine: Engine) -> None:
    desk = Desk(engine, deposit=100)
    desk.buy(1, 10, 100)
    desk.buy(2, 2, 99)
    desk.mark(50)
    assert desk.refusal(desk.order(3, c.SELL, 3, 99, time_in_force=c.FOK)) == (Code.FillOrKillUnfilled, 0, 3)
    assert desk.open_lots(1) == {1: 10}


def test_fill_or_kill_does_not_count_what_self_trade_prevention_takes(desk: Desk) -> None:
    desk.sell(5, 2, 100)
    desk.sell(2, 2, 100)
    order = desk.order(1, c.BUY, 4, 100, time_in_force=c.FOK, self_trade=c.DECREMENT)
    assert desk.refusal(order) == (Code.FillOrKillUnfilled, 2, 4)
    assert desk.open_lots(5) == {1: 2}


def test_expiry_comes_first_in_the_order_of_time_then_id(desk: Desk) -> None:
    desk.buy(1, 1, 90, time_in_force=c.GTD, expires_at=NOW + 20)
    desk.buy(2, 1, 91, time_in_force=c.GTD, expires_at=NOW + 10)
    desk.buy(1, 1, 92, time_in_force=c.GTD, expires_at=NOW + 10)
    desk.buy(1, 1, 93, time_in_force=c.GTD, expires_at=NOW + 21)
    desk.time = NOW + 20
    assert desk.do(c.Tick()) == [
        "OrderCancelled order=2 account=2 market=1 lots=1 reason=4",
        "OrderCancelled order=3 account=1 market=1 lots=1 reason=4",
        "OrderCancelled order=1 account=1 market=1 lots=1 reason=4",
        f"Ticked time={NOW + 20}",
    ]


def test_expiry_happens_before_a_command_that_is_refused(desk: Desk) -> None:
    desk.buy(1, 1, 90, time_in_force=c.GTD, expires_at=NOW + 1, client_order=7)
    desk.buy(2, 1, 90, time_in_force=c.GTD, expires_at=NOW + 2)
    desk.time = NOW + 1
    events = desk.send(c.Cancel(1, 0, 7))
    assert [event[0] for event in events] == [16, 1]
    assert events[-1][4:] == (Code.UnknownOrder, 0, 7)
    desk.time = NOW + 2
    assert [event[0] for event in desk.send(c.Tick(), author=9)] == [16, 1]


def test_post_only_rests_or_is_refused(desk: Desk) -> None:
    desk.sell(1, 1, 101)
    assert desk.refusal(desk.order(2, c.BUY, 1, 101, post_only=True)) == (Code.PostOnlyWouldCross, 101, 0)
    assert desk.buy(2, 1, 100, post_only=True)[-1] == "OrderRested order=2 lots=1"
    assert desk.refusal(c.Amend(2, 2, 0, 102, 0)) == (Code.PostOnlyWouldCross, 101, 0)


MODES = {
    c.NONE: [(100, 3, 1), (100, 2, 2)],
    c.CANCEL_NEWEST: [],
    c.CANCEL_OLDEST: [(100, 4, 2), (100, 1, 3)],
    c.CANCEL_BOTH: [],
    c.DECREMENT: [(100, 2, 2)],
}


@pytest.mark.parametrize("mode", MODES)
def test_self_trade_modes(desk: Desk, mode: int) -> None:
    """5, a sub-account of 1, offers 3 before 2 offers 4 and 3 offers 1; 1 buys 5. The taker's mode decides."""
    desk.sell(5, 3, 100, self_trade=c.DECREMENT)
    desk.sell(2, 4, 100)
    desk.sell(3, 1, 100)
    lines = desk.buy(1, 5, 100, self_trade=mode)
    assert trades(lines) == MODES[mode]
    assert lines[1 : 1 + len(SELF_TRADE_LINES[mode])] == SELF_TRADE_LINES[mode]
    assert desk.open_lots(5) == ({1: 3} if mode == c.CANCEL_NEWEST else {})
    assert desk.open_lots(1) == {}


SELF_TRADE_LINES = {
    c.NONE: [],
    c.CANCEL_NEWEST: ["OrderCancelled order=4 account=1 market=1 lots=5 reason=6"],
    c.CANCEL_OLDEST: ["OrderCancelled order=1 account=5 market=1 lots=3 reason=6"],
    c.CANCEL_BOTH: [
        "OrderCancelled order=1 account=5 market=1 lots=3 reason=6",
        "OrderCancelled order=4 account=1 market=1 lots=5 reason=6",
    ],
    c.DECREMENT: [
        "SelfTradePrevented market=1 maker_order=1 taker_order=4 lots=3",
        "OrderCancelled order=1 account=5 market=1 lots=0 reason=6",
    ],
}


def test_decrement_with_equal_sizes_ends_maker_then_taker(desk: Desk) -> None:
    desk.sell(1, 3, 100)
    assert desk.buy(1, 3, 100, self_trade=c.DECREMENT)[1:] == [
        "SelfTradePrevented market=1 maker_order=1 taker_order=2 lots=3",
        "OrderCancelled order=1 account=1 market=1 lots=0 reason=6",
        "OrderCancelled order=2 account=1 market=1 lots=0 reason=6",
    ]


def test_decrement_shrinks_the_total_of_a_maker_that_stays(desk: Desk) -> None:
    desk.sell(1, 10, 100)
    desk.buy(2, 2, 100)
    desk.buy(1, 3, 100, self_trade=c.DECREMENT)
    assert desk.open_lots(1) == {1: 5}
    assert desk.refusal(c.Amend(1, 1, 0, 0, 7)) == (Code.AmendChangesNothing, 0, 0)  # 2 filled and 5 open


def test_amend_keeps_priority_only_when_it_shrinks(desk: Desk) -> None:
    desk.sell(1, 5, 100)
    desk.sell(2, 5, 100)
    assert desk.do(c.Amend(1, 1, 0, 0, 4)) == [
        "OrderAmended order=1 account=1 market=1 price=100 lots=4 remaining=4 kept_priority=True"
    ]
    assert trades(desk.buy(3, 1, 100)) == [(100, 1, 1)]
    assert desk.do(c.Amend(1, 1, 0, 0, 6)) == [
        "OrderAmended order=1 account=1 market=1 price=100 lots=6 remaining=5 kept_priority=False",
        "OrderRested order=1 lots=5",
    ]
    assert [row[0] for row in desk.engine.queue(1, c.SELL, 100)] == [2, 1]


def test_a_smaller_size_at_another_price_loses_priority(desk: Desk) -> None:
    desk.sell(1, 5, 100)
    desk.sell(2, 5, 101)
    desk.do(c.Amend(1, 1, 0, 101, 3))
    assert [row[0] for row in desk.engine.queue(1, c.SELL, 101)] == [2, 1]


def test_an_amend_may_trade_at_once_and_keeps_id_and_client_order(desk: Desk) -> None:
    desk.sell(1, 2, 101)
    desk.buy(2, 5, 100, client_order=9)
    lines = desk.do(c.Amend(2, 0, 9, 101, 0))
    assert lines[0] == "OrderAmended order=2 account=2 market=1 price=101 lots=5 remaining=5 kept_priority=False"
    assert trades(lines) == [(101, 2, 1)]
    assert lines[-1] == "OrderRested order=2 lots=3"
    assert desk.refusal(desk.order(2, c.BUY, 1, 90, client_order=9)) == (Code.DuplicateClientOrder, 2, 0)


def test_client_order_ids_are_free_again_when_nothing_is_left(desk: Desk) -> None:
    desk.sell(1, 2, 100, client_order=9)
    desk.buy(2, 2, 100)
    desk.sell(1, 2, 100, client_order=9)
    desk.do(c.Cancel(1, 0, 9))
    desk.sell(1, 2, 100, client_order=9)
    assert desk.open_lots(1) == {4: 2}


def test_mass_cancel_goes_by_order_id_and_counts(desk: Desk) -> None:
    desk.sell(1, 1, 110)
    desk.buy(1, 1, 90)
    desk.sell(1, 1, 105)
    desk.buy(2, 1, 90)
    assert desk.do(c.MassCancel(1, 1, c.SELL)) == [
        "OrderCancelled order=1 account=1 market=1 lots=1 reason=3",
        "OrderCancelled order=3 account=1 market=1 lots=1 reason=3",
        "MassCancelled account=1 market=1 count=2",
    ]
    assert desk.do(c.MassCancel(1, 0, 0))[-1] == "MassCancelled account=1 market=0 count=1"
    assert desk.do(c.MassCancel(1, 0, 0)) == ["MassCancelled account=1 market=0 count=0"]
    assert desk.open_lots(2) == {4: 1}
