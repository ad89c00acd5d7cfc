"""A TWAP order: slices on stamped time, what a dry book leaves is made up for, and nothing is ever forced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from crossbook import Venue
from crossbook.commands import (
    Cancel,
    MarketMode,
    Note,
    OrderKind,
    Origin,
    Place,
    SelfTrade,
    SetMarketMode,
    Side,
)
from crossbook.events import OrderAccepted, OrderCancelled, Rejected, Traded
from crossbook.policies import notes
from crossbook.policies.execution import topics
from tests.policies.execution.desk import CLIENT, MAKER, Desk
from tests.policies.stage import BEGIN_NS, BTC, SECOND

MINUTE = 60 * SECOND


def order(**changes: Any) -> topics.Order:
    """Buy 100 lots in a minute, in ten slices."""
    fields = {"account": CLIENT, "order": 7, "market": BTC, "side": Side.BUY, "lots": 100, "duration_ns": MINUTE}
    return topics.Order(**(fields | {"slices": 10} | changes))  # type: ignore[arg-type]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """TWAP is engaged and granted; nothing rests in the book."""
    return Desk(tmp_path / "venue", policy="twap")


def done(desk: Desk) -> list[topics.Done]:
    return desk.heard(topics.DONE, topics.Done)


def refusals(desk: Desk) -> list[tuple[int, str]]:
    return [(one.order, one.reason) for one in desk.heard(topics.REFUSED, topics.Refused)]


def test_each_slice_comes_at_its_time(desk: Desk) -> None:
    desk.rest(1, Side.SELL, 200)
    desk.say(2, topics.ORDER, order(lots=95, slices=10))
    assert desk.children() == [9]
    for second in range(3, 62):
        desk.advance(second)
        assert desk.lots() == 95 * ((second - 2) // 6 + 1) // 10
    assert desk.children() == [9, 10, 9, 10, 9, 10, 9, 10, 9, 10]
    assert done(desk) == [topics.Done(CLIENT, 7, "filled", 95, 95, 95 * 120_010, 10, 0, 0)]


def test_a_dry_book_is_made_up_for_by_three_slices_at_most(desk: Desk) -> None:
    """Nothing is offered for five slices; then two make up for three each, until the goal is reached."""
    desk.say(2, topics.ORDER, order())
    desk.advance(31)
    assert (desk.children(), desk.lots()) == ([10, 20, 30, 30, 30], 0)
    desk.rest(31.5, Side.SELL, 200)
    desk.advance(60)
    assert desk.children()[5:] == [30, 30, 20, 10, 10]
    assert desk.lots() == 100


def test_what_could_not_be_done_in_time_is_left(desk: Desk) -> None:
    desk.rest(1, Side.SELL, 25)
    desk.say(2, topics.ORDER, order())
    desk.advance(61)
    assert done(desk) == []
    desk.advance(62)
    (report,) = done(desk)
    assert (report.status, report.filled, report.value) == ("ended", 25, 25 * 120_010)


def test_no_child_trades_beyond_the_limit(desk: Desk) -> None:
    desk.rest(1, Side.SELL, 200)
    desk.say(2, topics.ORDER, order(price=120_009))
    desk.say(3, topics.ORDER, order(order=8, price=120_010, slices=1))
    assert [(event.price, event.lots) for event in desk.said(Traded)] == [(120_010, 100)]
    desk.advance(62)
    assert [(one.order, one.status, one.filled) for one in done(desk)] == [(8, "filled", 100), (7, "ended", 0)]


def test_a_resting_child_makes_way_for_the_next(desk: Desk) -> None:
    desk.rest(1, Side.BUY, 5)
    desk.say(2, topics.ORDER, order(style="rest", slices=2))
    (child,) = desk.view.orders(CLIENT)
    assert (child.price, child.lots, child.post_only) == (119_990, 50, True)
    assert child.expires_at == BEGIN_NS + 32 * SECOND
    desk.at(10, Place(MAKER, BTC, Side.SELL, OrderKind.LIMIT, 119_990, 25, self_trade=SelfTrade.CANCEL_OLDEST))
    desk.advance(32)
    (child,) = desk.view.orders(CLIENT)
    assert (child.lots, child.filled) == (75, 0)
    desk.advance(62)
    assert desk.view.orders(CLIENT) == []
    assert done(desk) == [topics.Done(CLIENT, 7, "ended", 100, 25, 25 * 119_990, 2, 0, 0)]


def test_a_resting_child_joins_the_best_price_but_not_beyond_the_limit(desk: Desk) -> None:
    desk.rest(1, Side.BUY, 5)
    desk.rest(1.1, Side.SELL, 5)
    desk.say(2, topics.ORDER, order(style="rest", price=119_000))
    desk.say(3, topics.ORDER, order(order=8, style="rest", side=Side.SELL, price=121_000))
    assert [child.price for child in desk.view.orders(CLIENT)] == [119_000, 121_000]


def test_the_owner_cancels(desk: Desk) -> None:
    desk.rest(1, Side.BUY, 5)
    desk.say(2, topics.ORDER, order(style="rest"))
    desk.say(3, topics.CANCEL, topics.Cancel(CLIENT, 7))
    assert [event.lots for event in desk.said(OrderCancelled)] == [10]
    assert [(one.status, one.children) for one in done(desk)] == [("cancelled", 1)]
    desk.say(4, topics.CANCEL, topics.Cancel(CLIENT, 7))
    assert refusals(desk) == [(7, "order")]
    desk.advance(100)
    assert desk.children() == [10]


def test_a_child_that_its_owner_cancelled_is_made_up_for(desk: Desk) -> None:
    desk.rest(1, Side.BUY, 5)
    desk.say(2, topics.ORDER, order(style="rest"))
    desk.at(3, Cancel(CLIENT, desk.view.orders(CLIENT)[0].order))
    desk.advance(8)
    assert desk.children() == [10, 20]


def test_without_the_grant_nothing_is_sent(desk: Desk) -> None:
    desk.grant(1, granted=False)
    desk.say(2, topics.ORDER, order())
    assert refusals(desk) == [(7, "not_granted")]
    desk.advance(100)
    assert (desk.children(), desk.said(Rejected)) == ([], [])


def test_a_grant_that_is_taken_back_ends_the_order_at_its_next_slice(desk: Desk) -> None:
    desk.rest(1, Side.SELL, 200)
    desk.say(2, topics.ORDER, order())
    desk.grant(3, granted=False)
    desk.advance(100)
    assert [(one.status, one.filled, one.refused) for one in done(desk)] == [("not_granted", 10, 0)]
    assert desk.said(Rejected) == []


def test_a_refused_child_waits_for_the_next_slice(desk: Desk) -> None:
    desk.rest(1, Side.SELL, 200)
    desk.at(1.5, SetMarketMode(BTC, MarketMode.CANCEL_ONLY), origin=Origin.OPERATOR)
    desk.say(2, topics.ORDER, order())
    desk.advance(15)
    assert [(event.account, event.code) for event in desk.said(Rejected)] == [(CLIENT, 420)] * 3
    desk.at(16, SetMarketMode(BTC, MarketMode.CONTINUOUS), origin=Origin.OPERATOR)
    desk.advance(62)
    (report,) = done(desk)
    assert (report.status, report.filled, report.children, report.refused, report.code) == ("filled", 100, 10, 3, 420)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"account": MAKER}, "account"),
        ({"order": 0}, "order"),
        ({"market": 9}, "market"),
        ({"lots": 0}, "lots"),
        ({"lots": 5_000_001}, "lots"),
        ({"slices": 0}, "slices"),
        ({"slices": 101}, "slices"),
        ({"slices": 61}, "duration_ns"),
        ({"duration_ns": 1 << 62}, "duration_ns"),
        ({"price": 2_000_001}, "price"),
        ({"price": -1}, "price"),
        ({"side": 3}, "body"),
        ({"lots": 1 << 70}, "body"),
        ({"account": 1 << 40}, "body"),
    ],
)
def test_what_cannot_be_worked_is_refused(desk: Desk, changes: dict[str, Any], reason: str) -> None:
    desk.say(2, topics.ORDER, order(**changes))
    assert refusals(desk) == [(0 if reason == "body" else changes.get("order", 7), reason)]
    assert desk.venue.policies.state("execution").parents == {}


def test_words_that_are_no_order_are_refused_and_others_are_left_alone(desk: Desk) -> None:
    desk.at(2, Note(CLIENT, topics.ORDER, "{"), Note(CLIENT, "twap.done", "{}"), origin=Origin.CLIENT)
    assert refusals(desk) == [(0, "body")]


def test_nobody_can_make_the_policy_say_more_than_it_may(desk: Desk) -> None:
    desk.at(2, *(Note(CLIENT, topics.ORDER, "{") for _ in range(20_000)), origin=Origin.CLIENT)
    assert refusals(desk) == [(0, "body")] * 32
    assert "execution" in desk.venue.policies


def test_an_account_has_so_many_orders_worked_and_no_number_twice(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "venue", policy="twap", orders_max=2)
    for second, number in enumerate((1, 1, 2, 3)):
        desk.say(2 + second, topics.ORDER, order(order=number))
    assert refusals(desk) == [(1, "order"), (3, "too_many")]


def test_two_orders_of_one_account_keep_their_fills_apart(desk: Desk) -> None:
    desk.rest(1, Side.SELL, 30)
    desk.rest(1.1, Side.BUY, 30)
    desk.at(
        2,
        *(notes.note(topics.ORDER, order(order=number, side=side, lots=20, slices=2), account=CLIENT)
          for number, side in ((1, Side.BUY), (2, Side.SELL))),
        origin=Origin.CLIENT,
    )  # fmt: skip
    desk.advance(62)
    assert [(one.order, one.filled, one.value) for one in done(desk)] == [
        (1, 20, 20 * 120_010),
        (2, 20, 20 * 119_990),
    ]
    assert desk.lots() == 0


def test_an_order_goes_on_when_the_venue_is_opened_again(desk: Desk) -> None:
    desk.rest(1, Side.SELL, 200)
    desk.say(2, topics.ORDER, order())
    desk.advance(20)
    kept, path = desk.venue.policies.state("execution"), desk.venue.path
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(kept), type=type(kept)) == kept
    desk.venue.snapshot()
    desk.venue.close()
    with Venue.open(path, clock=lambda: desk.now_ns) as venue:
        assert venue.policies.state("execution") == kept
        venue.policies.advance(BEGIN_NS + 62 * SECOND)
        events = [event for receipt in venue.policies.drain() for event in receipt.events]
    assert [event.lots for event in events if type(event) is OrderAccepted] == [10] * 6
