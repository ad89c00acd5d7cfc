"""Vault, TWAP, hedger and watch in one venue: what they do is the same again, in a rerun and in an unchanged branch."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from crossbook import Venue
from crossbook.commands import (
    Cancel,
    Command,
    CreateAccount,
    Deposit,
    Grade,
    OrderKind,
    Origin,
    Place,
    SetAgent,
    SetFees,
    SetMark,
    SetOracle,
    SettleFunding,
    Side,
    TimeInForce,
    Withdraw,
)
from crossbook.counterfactual import Change, branch
from crossbook.events import Event, Noted, Traded
from crossbook.policies import notes
from crossbook.policies.execution import topics as execution
from crossbook.policies.liquidity import topics
from crossbook.policies.rerun import rerun
from crossbook.replay import replay
from crossbook.wire import decode_events
from tests.policies.stage import BEGIN_NS, BTC, ETH, SECOND, USDC, Stage

VAULT, ALICE, BOB, HEDGED, CLIENT, CROWD = range(1, 7)
POLICIES: dict[str, Any] = {
    "liquidity": {"policy": "vault", "account": VAULT, "market": BTC, "lock_up_ns": 60 * SECOND, "manager": BOB}
    | {"report_ns": 60 * SECOND},
    "execution.twap": "twap",
    "execution.hedger": {"policy": "hedger", "account": HEDGED, "market": ETH, "markets": [BTC], "band": 10**9},
    "surveillance": {"policy": "watch", "window_ns": 60 * SECOND},
}
MINUTES = 10


class Stopping(Stage):
    """A stage whose process may end, without a word, after any instant."""

    def stop(self) -> None:
        """End it, and open the venue again."""
        path = self.venue.path
        self.venue.session.close()
        self.venue = Venue.open(path, durability="volatile", clock=lambda: BEGIN_NS, check_invariants=True)


class Session:
    """Ten minutes of a crowd that trades at random, of providers that come and go, and of a price that walks."""

    def __init__(self, path: Path, seed: int, stops: frozenset[int] = frozenset()) -> None:
        self.rng = Random(seed)
        self.stage = Stopping(path, POLICIES)
        self.price = {BTC: 120_000, ETH: 60_000}
        self.paid = 0
        stage = self.stage
        stage.at(0.1, *(CreateAccount() for _ in range(CROWD)), origin=Origin.CLIENT)
        stage.at(0.2, *(Deposit(account, USDC, 10**12) for account in (HEDGED, CLIENT, CROWD)), origin=Origin.OPERATOR)
        stage.at(0.3, SetFees(BTC, -50_000, 400_000), SetFees(ETH, -50_000, 400_000), origin=Origin.OPERATOR)
        authors = {one.slot: one.author for one in stage.venue.policies.engaged()}
        entrusted = ((VAULT, "liquidity"), (HEDGED, "execution.hedger"), (CLIENT, "execution.twap"))
        stage.at(0.4, *(SetAgent(account, authors[slot], True) for account, slot in entrusted))
        for second in range(1, 60 * MINUTES):
            self.second(second)
            if second in stops:
                stage.stop()
        stage.advance(60 * MINUTES)

    def second(self, second: int) -> None:
        """What the outside does in one second."""
        stage, rng = self.stage, self.rng
        if second % 2 == 0:
            stage.at(second, *self.prices(second), origin=Origin.ORACLE)
        if second in (3, 200):
            join = notes.note(topics.JOIN, topics.Join(VAULT, ALICE, 5 * 10**9))
            stage.at(second + 0.1, Deposit(VAULT, USDC, 5 * 10**9), join, origin=Origin.OPERATOR)
        if second % 90 == 0:
            leave = notes.note(topics.LEAVE, topics.Leave(VAULT, ALICE, 10**12), account=ALICE)
            order = execution.Order(CLIENT, second, BTC, rng.choice(list(Side)), 60, 60 * SECOND, 12)
            stage.at(second + 0.2, leave, notes.note(execution.ORDER, order, account=CLIENT), origin=Origin.CLIENT)
        if second % 60 == 0:
            stage.at(
                second + 0.3, SettleFunding(BTC, self.price[BTC], rng.randint(-(10**6), 10**6)), origin=Origin.OPERATOR
            )
        self.pay(second + 0.4)
        stage.at(second + 0.5, *self.crowd())

    def prices(self, second: float) -> list[Command]:
        """The prices walk; now and then a price is not worth much."""
        said: list[Command] = []
        for market in (BTC, ETH):
            self.price[market] += self.rng.randint(-100, 100) * self.price[market] // 120_000
            grade = Grade.GOOD if self.rng.randrange(12) else Grade.UNCERTAIN
            said.append(SetOracle(market, self.price[market], 0, grade, BEGIN_NS + int(second * SECOND)))
            said.append(SetMark(market, self.price[market]))
        return said

    def crowd(self) -> list[Command]:
        """Somebody rests in ETH-PERP, somebody takes in BTC-PERP, the hedged account takes a side."""
        rng = self.rng
        side, market = rng.choice(list(Side)), rng.choice((BTC, ETH))
        away = self.price[market] * rng.choice((-1, 1)) * rng.randint(1, 20) // 10_000
        return [
            Place(CROWD, market, side, OrderKind.LIMIT, self.price[market] + away, rng.randint(1, 30)),
            Place(rng.choice((CROWD, HEDGED)), BTC, side, OrderKind.MARKET, 0, rng.randint(1, 8), TimeInForce.IOC),
            Cancel(CROWD, rng.randrange(1, 500)),
        ]

    def pay(self, seconds: float) -> None:
        """The operator pays what the vault redeemed."""
        redeemed = sum(body.amount for body in heard(self.stage.said(Noted), topics.REDEEM, topics.Redeem))
        if redeemed > self.paid:
            answer = self.stage.at(seconds, Withdraw(VAULT, USDC, redeemed - self.paid), origin=Origin.OPERATOR)
            assert not answer.rejected
            self.paid = redeemed


def heard(events: list[Any], topic: str, kind: Any) -> list[Any]:
    return [body for body in (notes.read(event, topic, kind) for event in events) if body is not None]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    played = Session(tmp_path_factory.mktemp("entrusted") / "venue", 7)
    played.stage.venue.close()
    return played


def test_everybody_had_something_to_do_and_nobody_was_taken_off(session: Session) -> None:
    said = session.stage.said(Noted)
    assert heard(said, notes.FAULT, notes.Fault) == []
    assert len(heard(said, topics.REDEEM, topics.Redeem)) >= 4
    assert len(heard(said, execution.DONE, execution.Done)) >= 5
    trades = session.stage.said(Traded)
    for account in (VAULT, HEDGED, CLIENT):
        assert sum(account in (trade.maker, trade.taker) for trade in trades) >= 20


def test_the_vaults_books_add_up_in_every_report(session: Session) -> None:
    reports = heard(session.stage.said(Noted), topics.REPORT, topics.Report)
    assert len(reports) == MINUTES
    for report in reports:
        assert report.unexplained == report.taken == report.unassigned == 0
        named = report.joined - report.redeemed + report.fees + report.inventory + report.funding - report.losses
        assert report.equity == named
    last = reports[-1]
    assert last.fees > 0
    assert 0 not in (last.inventory, last.funding)


def test_the_vault_keeps_within_its_means(session: Session) -> None:
    """Its lots are worth no more than the money that was in it before somebody left, as the price then was."""
    for report in heard(session.stage.said(Noted), topics.REPORT, topics.Report):
        assert abs(report.lots) * 120_000 * 500 <= report.joined * 105 // 100


def test_the_hedged_account_ends_within_reach_of_its_band(session: Session) -> None:
    lots = {BTC: 0, ETH: 0}
    for trade in session.stage.said(Traded):
        for account, sign in ((trade.taker, 1), (trade.maker, -1)):
            if account == HEDGED:
                lots[trade.market] += sign * (trade.lots if trade.taker_side == Side.BUY else -trade.lots)
    delta = sum(lots[market] * session.price[market] * 500 for market in lots)
    assert abs(lots[BTC]) > 20
    assert abs(delta) < abs(lots[BTC]) * session.price[BTC] * 500


def test_a_rerun_proposes_the_same(session: Session) -> None:
    again = rerun(session.stage.venue.path)
    assert again.unchecked == ()
    assert set(again.turns) == set(POLICIES)


def test_an_unchanged_branch_is_the_same_session(session: Session, tmp_path: Path) -> None:
    branch(session.stage.venue.path, tmp_path / "same")
    assert events(tmp_path / "same") == events(session.stage.venue.path)


def test_a_session_that_was_stopped_every_half_minute_is_the_same(session: Session, tmp_path: Path) -> None:
    stopped = Session(tmp_path / "stopped", 7, frozenset(range(20, 60 * MINUTES, 31)))
    stopped.stage.venue.close()
    assert events(tmp_path / "stopped") == events(session.stage.venue.path)


def test_another_curve_on_the_same_flow_is_another_profit(session: Session, tmp_path: Path) -> None:
    curve = {"type": "constant_product", "lots": 10, "reserve_lots": 20_000}
    change = Change(policies={"liquidity": POLICIES["liquidity"] | {"curve": curve}})
    branch(session.stage.venue.path, tmp_path / "other", change, check_invariants=True)
    noted = [event for event in events(tmp_path / "other") if type(event) is Noted]
    assert heard(noted, notes.FAULT, notes.Fault) == []
    other = heard(noted, topics.REPORT, topics.Report)[-1]
    first = heard(session.stage.said(Noted), topics.REPORT, topics.Report)[-1]
    assert other.unexplained == 0
    assert other.share_price != first.share_price
    assert other.fees > 0


def events(path: Path) -> list[Event]:
    found: list[Event] = []
    replay(path, on_events=lambda answer: found.extend(decode_events(answer)))
    return found
