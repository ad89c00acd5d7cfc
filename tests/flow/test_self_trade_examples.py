"""Published examples of self-trade prevention and of amendments that keep priority, through a venue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crossbook import Venue
from crossbook.errors import NotFound
from crossbook.events import CancelReason, OrderCancelled, SelfTradePrevented
from crossbook.receipt import Receipt
from tests.flow.shared import shared

MODES = {
    "NONE": "none",
    "EXPIRE_TAKER": "cancel_newest",
    "EXPIRE_MAKER": "cancel_oldest",
    "EXPIRE_BOTH": "cancel_both",
    "DECREMENT": "decrement",
}
MARKET = "X-PERP"


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    """A market of tenths, and account 1 with plenty."""
    market = {
        "symbol": MARKET,
        "settlement": "USD",
        "tick_size": "0.1",
        "lot_size": "0.1",
        "price_max": 1_000_000,
        "position_max": 1_000,
        "tiers": [{"lower_bound": 0, "initial_rate": "0.01", "maintenance_rate": "0.005"}],
        "market_bound_rate": "0.9",
        "mark": "1",
    }
    config = {"assets": [{"symbol": "USD", "decimals": 2}], "markets": [market]}
    with Venue.create(tmp_path / "venue", config, durability="volatile") as made:
        made.create_account()
        made.deposit(account=1, asset="USD", amount=1_000_000)
        yield made


def place(venue: Venue, side: str, size: Any, price: Any, mode: str = "none", client_order: int = 0) -> Receipt:
    return venue.place(
        account=1,
        market=MARKET,
        side=side,
        size=str(size),
        price=str(price),
        self_trade=mode,
        client_order=client_order,
    ).raise_if_rejected()


def open_size(venue: Venue, order: int) -> Decimal:
    """What is open of an order, 0 once it is gone."""
    try:
        return venue.order(order).size
    except NotFound:
        return Decimal(0)


def published() -> dict[str, Any]:
    found = json.loads(shared("matching", "self_trade_prevention_examples.json").read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", ["A", "C", "E", "G"])
def test_the_published_cases(venue: Venue, name: str) -> None:
    case = next(case for case in published()["cases"] if case["id"] == name)
    makers = [place(venue, side.lower(), size, price, MODES[mode]) for side, size, price, mode in case["makers"]]
    side, _, size, price, mode = case["taker"]
    taker = place(venue, side.lower(), size, price, MODES[mode])
    order = taker.order
    assert order is not None
    traded = sum(trade.lots for trade in taker.trades)
    assert traded == case["expect"]["traded"] * 10
    left = Decimal(str(size)) * 10 - traded
    assert _outcome(taker, order, left) == tuple(case["expect"]["taker"])
    for maker, sent, expected in zip(makers, case["makers"], case["expect"]["makers"], strict=True):
        assert maker.order is not None
        remaining = open_size(venue, maker.order)
        prevented = sum(event.lots for event in taker.all(SelfTradePrevented) if event.maker_order == maker.order)
        assert prevented == expected[1] * 10
        assert (expected[0] == "FILLED") == (remaining == 0)
        if expected[0] == "NEW":
            assert remaining == Decimal(str(sent[1])) - expected[1]


def _outcome(taker: Receipt, order: int, left: Decimal) -> tuple[str, Decimal]:
    """The taker's status and the size kept from trading with itself, in the words of the examples."""
    cancelled = [event for event in taker.all(OrderCancelled) if event.order == order]
    decremented = sum(event.lots for event in taker.all(SelfTradePrevented))
    if not cancelled:
        return "FILLED" if left == 0 else "NEW", left / 10
    assert [event.reason for event in cancelled] == [CancelReason.SELF_TRADE]
    return "EXPIRED_IN_MATCH", Decimal(decremented + cancelled[0].lots) / 10


@pytest.mark.parametrize(
    ("mode", "resting", "incoming", "resting_after", "incoming_after"),
    [
        ("decrement", 5, 3, 2, 0),
        ("decrement", 3, 5, 0, 2),
        ("decrement", 4, 4, 0, 0),
        ("cancel_oldest", 5, 3, 0, 3),
        ("cancel_newest", 5, 3, 5, 0),
        ("cancel_both", 5, 3, 0, 0),
    ],
)
def test_the_four_modes_as_an_exchange_describes_them(
    venue: Venue, mode: str, resting: int, incoming: int, resting_after: int, incoming_after: int
) -> None:
    first = place(venue, "buy", resting, 1).order
    second = place(venue, "sell", incoming, 1, mode)
    assert first is not None
    assert second.order is not None
    assert second.trades == ()
    assert (open_size(venue, first), open_size(venue, second.order)) == (resting_after, incoming_after)


def queue(venue: Venue) -> list[int | None]:
    prices = [level.price for level in venue.book(MARKET).bids]
    return [order.client_order for price in prices for order in venue.queue(MARKET, "buy", price)]


def test_an_amendment_to_less_keeps_its_place_and_a_replacement_does_not(venue: Venue) -> None:
    example = published()["amend_keep_priority"]
    venue.set_mark(market=MARKET, price=87_000)
    for _, client_order, price, size in example["book"]:
        place(venue, "buy", size, price, client_order=client_order)
    venue.amend(account=1, market=MARKET, client_order=15, size=str(example["amend_qty_to"])).raise_if_rejected()
    assert queue(venue) == example["expect_queue_after_amend"]
    venue.cancel(account=1, client_order=15).raise_if_rejected()
    place(venue, "buy", example["amend_qty_to"], 87_000, client_order=22)
    assert queue(venue) == example["expect_queue_after_cancel_replace"]
