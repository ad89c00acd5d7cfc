"""A busy market with the default policies, and the same outside under others: seeded, always the same.

Every order carries a client's number of its own, so that whose order a cancel took can be told without any order id.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from crossbook.commands import (
    Amend,
    Bid,
    Cancel,
    Grade,
    OrderKind,
    Origin,
    Place,
    SetLiquidator,
    SetOracle,
    SetVault,
    Side,
    TimeInForce,
)
from crossbook.counterfactual import Change, Parent, branch, compare, read_parent
from crossbook.counterfactual.walk import Walk
from crossbook.events import AuctionOpened, CancelReason, OrderAccepted, OrderCancelled
from crossbook.journal import verify
from crossbook.policies.view import PolicyView
from crossbook.session import Envelope
from tests.policies.stage import BEGIN_NS, BTC, SECOND, USDC, Stage

POLICIES = {"mark": "oracle", "funding": "epochs", "liquidation": "dutch", "insurance": "target", "breakers": "guards"}
ACCOUNTS, INSTANTS = 12, 200


class Market(Stage):
    """Accounts that trade around a price that walks and sometimes jumps; some bid when others fail."""

    def __init__(self, path: Path, seed: int) -> None:
        super().__init__(path, POLICIES)
        self.rng = Random(seed)
        self.number = 0
        self.open: list[tuple[int, int]] = []
        self.view = PolicyView(lambda: self.venue.session.kernel)
        self.price = 120_000
        for number in range(ACCOUNTS):
            self.account(1 + number, 4_000 if number % 3 else 400_000)
        rich = [Envelope(SetLiquidator(1, registered=True)), Envelope(SetVault(4, USDC, 200_000 * 10**6))]
        self.say(20, *rich, origin=Origin.OPERATOR)
        for instant in range(INSTANTS):
            self.instant(30 + 7 * instant)
        self.venue.policies.advance(self.now_ns + 60 * SECOND)
        self.venue.close()

    def say(self, seconds: int, *commands: object, origin: Origin | None = None) -> None:
        """Commands of one instant; orders that were accepted can be cancelled later."""
        time_ns = BEGIN_NS + seconds * SECOND
        items = [one if isinstance(one, Envelope) else Envelope(one) for one in commands]  # type: ignore[arg-type]
        stamped = [Envelope(one.command, one.origin or origin, time_ns=time_ns) for one in items]
        for event in self.at(seconds, *stamped).events:
            if isinstance(event, OrderAccepted):
                self.open.append((event.account, event.order))

    def instant(self, seconds: int) -> None:
        """A few orders, a cancel and an amendment by order id, bids in auctions, and a new price."""
        rng = self.rng
        commands: list[object] = [self.order() for _ in range(rng.randrange(6))]
        if self.open and rng.random() < 0.9:
            account, order = self.open.pop(rng.randrange(len(self.open)))
            commands.append(Cancel(account, order))
        if self.open and rng.random() < 0.3:
            account, order = rng.choice(self.open)
            commands.append(Amend(account, order, 0, self.price + rng.randrange(-900, 900), 0))
        commands += [Bid(1, auction.auction, max(1, auction.lots // 3), 0) for auction in self.view.auctions()]
        rng.shuffle(commands)
        self.price += rng.randrange(-700, 701) + (rng.choice((-6_000, 5_000)) if rng.random() < 0.12 else 0)
        grade = Grade.GOOD if rng.random() < 0.95 else Grade.STALE
        price = SetOracle(BTC, self.price, 0, grade, BEGIN_NS + seconds * SECOND)
        self.say(seconds, *commands, Envelope(price, Origin.ORACLE))

    def order(self) -> Place:
        """A limit order near the price, with a number of its own."""
        rng = self.rng
        self.number += 1
        side = rng.choice((Side.BUY, Side.SELL))
        price = self.price + rng.randrange(-2_500, 2_501)
        lives = TimeInForce.IOC if rng.random() < 0.3 else TimeInForce.GTC
        lots, account = rng.randrange(1, 900), rng.randrange(1, ACCOUNTS + 1)
        return Place(account, BTC, side, OrderKind.LIMIT, price, lots, lives, client_order=self.number)


@pytest.fixture(scope="module", params=[7, 11])
def market(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Parent:
    """The parent, for two seeds."""
    return read_parent(Market(tmp_path_factory.mktemp("market") / "parent", request.param).venue.path)


def cancels(path: Path) -> tuple[dict[int, int], dict[int, int]]:
    """The client's number that each cancel by order id named, and the one it took, by how many cancels were before."""
    numbers: dict[int, int] = {}
    named: dict[int, int] = {}
    taken: dict[int, int] = {}
    for happened in Walk(path).steps():
        command = happened.command
        if isinstance(command, Cancel):
            named[len(named)] = numbers.get(command.order, 0)
        for event in happened.events:
            if isinstance(event, OrderAccepted):
                numbers[event.order] = event.client_order
            elif isinstance(event, OrderCancelled) and event.reason == CancelReason.REQUESTED:
                taken[len(named) - 1] = numbers[event.order]
    return named, taken


def test_the_market_is_busy_enough(market: Parent) -> None:
    kinds = [type(event) for happened in Walk(market.path).steps() for event in happened.events]
    assert kinds.count(AuctionOpened) > 3
    assert kinds.count(OrderCancelled) > 50
    assert market.inside_count > 200


def test_without_a_change_nothing_is_otherwise(market: Parent, tmp_path: Path) -> None:
    made = branch(market, tmp_path / "b", check_invariants=True)
    assert (made.same_events, made.state_root) == (True, market.state_root)
    assert compare(market.path, tmp_path / "b").divergence is None


@pytest.mark.parametrize(
    "change",
    [
        Change(policies={"liquidation": "ladder"}),
        Change(policies={"liquidation": "market"}),
        Change(policies={"liquidation": "backstop", "mark": "median"}),
        Change(policies={"liquidation": None}),
        Change(policies={"mark": "book"}, sets={"policy.funding.interval_ms": 3_600_000}),
        Change(drops=((60, 200),)),
        Change(sets={"market.BTC-PERP.tiers": [{"lower_bound": 0, "initial_rate": "0.2", "maintenance_rate": "0.1"}]}),
    ],
    ids=["ladder", "market", "backstop", "nobody", "book mark", "dropped", "tiers"],
)
def test_cancels_take_the_order_they_named_or_none(market: Parent, tmp_path: Path, change: Change) -> None:
    made = branch(market, tmp_path / "b", change, check_invariants=True)
    assert (verify(tmp_path / "b").ok, made.faults, made.same_events) == (True, (), False)
    named, _ = cancels(market.path)
    _, taken = cancels(tmp_path / "b")
    if not made.dropped:
        assert taken == {count: named[count] for count in taken}
    assert len(taken) > 5
    again = branch(tmp_path / "b", tmp_path / "again")
    assert again.same_events
