"""Whose money a vault is: who comes, who goes, what the books say."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from crossbook import Venue
from crossbook.commands import (
    Deposit,
    Note,
    OrderKind,
    Origin,
    Place,
    SetFees,
    SettleFunding,
    Side,
    Withdraw,
)
from crossbook.events import Rejected, Withdrawn
from crossbook.policies import notes
from crossbook.policies.liquidity import topics
from tests.policies.liquidity.pool import ALICE, BOB, TRADER, VAULT, Pool
from tests.policies.stage import BEGIN_NS, BTC, SECOND, USDC

THOUSAND = 1_000_000_000
"""1,000 USDC, in minor units."""
SHARE = 1_000
"""The shares of one minor unit at first."""
HOUR, DAY = 3_600, 86_400
MINUTES = 600 * SECOND
"""How often the vaults of this file look at their quotes without being asked."""
FLAT = {"type": "linear", "level_count": 1, "lots": 10, "skew_rate": 0, "widening_rate": 0}
"""One level of 10 lots on each side, 60 ticks from 120,000."""


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    """A vault with 4,000 USDC of Alice's, quoting 10 lots at 119,940 and 120,060."""
    stage = Pool(tmp_path / "venue", curve=FLAT, refresh_ns=MINUTES)
    stage.join(1, ALICE, 4 * THOUSAND)
    return stage


def lose(pool: Pool, seconds: float, dollars: int) -> None:
    """The vault loses this: the trader buys 10 lots, and the oracle moves against the vault."""
    ticks = dollars * 1_000_000 // (10 * 500)
    pool.take(seconds, Side.BUY, 120_060, 10)
    pool.price(seconds + 0.1, 120_060 + ticks)


def report(pool: Pool) -> topics.Report:
    return pool.heard(topics.REPORT, topics.Report)[-1]


# --- who comes -------------------------------------------------------------------------------------------------------


def test_the_first_provider_gets_a_thousand_shares_for_each_unit(pool: Pool) -> None:
    (joined,) = pool.heard(topics.JOINED, topics.Joined)
    free_at = BEGIN_NS + (1 + 4 * DAY) * SECOND
    assert joined == topics.Joined(VAULT, ALICE, 4 * THOUSAND, 4 * THOUSAND * SHARE, 1_000_000_000, free_at)


def test_who_joins_after_a_loss_gets_more_shares(pool: Pool) -> None:
    lose(pool, 2, 400)
    pool.join(3, BOB, 900_000_000)
    bob = pool.heard(topics.JOINED, topics.Joined)[1]
    assert (bob.shares, bob.share_price) == (999_999_999_972, 900_000_000)


def test_who_joins_after_a_gain_gets_fewer(pool: Pool) -> None:
    lose(pool, 2, -400)
    pool.join(3, BOB, 1_100_000_000)
    bob = pool.heard(topics.JOINED, topics.Joined)[1]
    assert (bob.shares, bob.share_price) == (1_000_000_000_022, 1_099_999_999)


def test_a_deposit_belongs_to_nobody_until_it_is_announced(pool: Pool) -> None:
    pool.at(2, Deposit(VAULT, USDC, THOUSAND), origin=Origin.OPERATOR)
    pool.advance(HOUR)
    assert (report(pool).equity, report(pool).unassigned) == (4 * THOUSAND, THOUSAND)
    pool.at(HOUR + 1, notes.note(topics.JOIN, topics.Join(VAULT, BOB, THOUSAND)), origin=Origin.OPERATOR)
    pool.advance(2 * HOUR)
    assert (report(pool).equity, report(pool).unassigned) == (5 * THOUSAND, 0)


def test_money_that_was_there_before_the_policy_can_be_joined_with(tmp_path: Path) -> None:
    stage = Pool(tmp_path / "venue", curve=FLAT, refresh_ns=MINUTES)
    stage.venue.policies.disengage("liquidity", time_ns=BEGIN_NS + SECOND)
    stage.at(2, Deposit(VAULT, USDC, THOUSAND), origin=Origin.OPERATOR)
    stage.venue.policies.engage(
        "liquidity", {"policy": "vault", "account": VAULT, "market": BTC}, time_ns=BEGIN_NS + 3 * SECOND
    )
    stage.at(4, notes.note(topics.JOIN, topics.Join(VAULT, BOB, THOUSAND)), origin=Origin.OPERATOR)
    assert [one.shares for one in stage.heard(topics.JOINED, topics.Joined)] == [THOUSAND * SHARE]


@pytest.mark.parametrize(
    ("provider", "amount", "reason"),
    [(BOB, THOUSAND + 1, "amount"), (BOB, 999_999, "amount"), (0, THOUSAND, "amount"), (BOB, -THOUSAND, "amount")],
)
def test_a_join_without_its_deposit_or_below_the_least_is_refused(
    pool: Pool, provider: int, amount: int, reason: str
) -> None:
    pool.at(2, Deposit(VAULT, USDC, THOUSAND), origin=Origin.OPERATOR)
    pool.at(3, notes.note(topics.JOIN, topics.Join(VAULT, provider, amount)), origin=Origin.OPERATOR)
    assert pool.heard(topics.REFUSED, topics.Refused) == [topics.Refused(VAULT, provider, topics.JOIN, reason)]
    assert len(pool.heard(topics.JOINED, topics.Joined)) == 1


def test_only_the_operator_announces_a_join(pool: Pool) -> None:
    pool.at(2, Deposit(VAULT, USDC, THOUSAND), origin=Origin.OPERATOR)
    said = notes.note(topics.JOIN, topics.Join(VAULT, BOB, THOUSAND), account=BOB)
    pool.at(3, said, Note(BOB, topics.JOIN, "not JSON"), origin=Origin.CLIENT)
    assert len(pool.heard(topics.JOINED, topics.Joined)) == 1
    assert pool.heard(topics.REFUSED, topics.Refused) == []


def test_making_the_first_share_dear_does_not_rob_the_second_provider(tmp_path: Path) -> None:
    """Alice joins with 0.06 USDC, then loses 10 USDC to the vault on purpose; Bob joins with 50 USDC."""
    stage = Pool(tmp_path / "venue", curve=FLAT, refresh_ns=MINUTES, leverage_rate=1_000_000_000_000, join_min=1)
    stage.at(0.5, Deposit(VAULT, USDC, 10_000_000), origin=Origin.OPERATOR)
    stage.join(1, ALICE, 61_000)  # a thousandth of a lot: at this leverage enough for one
    stage.take(2, Side.BUY, 121_000, 1)
    stage.price(3, 100_000)
    stage.join(4, BOB, 50_000_000)
    bob = stage.heard(topics.JOINED, topics.Joined)[1]
    assert bob.share_price > 160 * 1_000_000_000
    worth = bob.shares * (10_091_001 + 50_000_000) // (61_000 * SHARE + bob.shares + SHARE)
    assert 49_999_000 <= worth <= 50_000_000


# --- who goes --------------------------------------------------------------------------------------------------------


def test_who_leaves_waits_for_the_lock_up_and_is_paid_by_the_operator(pool: Pool) -> None:
    pool.leave(10, ALICE, THOUSAND * SHARE)
    pool.advance(4 * DAY)
    assert pool.heard(topics.REDEEM, topics.Redeem) == []
    events = pool.advance(4 * DAY + 1)
    assert pool.heard(topics.REDEEM, topics.Redeem) == [
        topics.Redeem(VAULT, ALICE, THOUSAND * SHARE, THOUSAND, 1_000_000_000)
    ]
    assert [event for event in events if type(event) is Withdrawn] == []
    pool.at(4 * DAY + 2, Withdraw(VAULT, USDC, THOUSAND), origin=Origin.OPERATOR)
    pool.advance(4 * DAY + HOUR)
    assert (report(pool).equity, report(pool).payable, report(pool).redeemed) == (3 * THOUSAND, 0, THOUSAND)
    assert (report(pool).taken, report(pool).unexplained) == (0, 0)


def test_after_the_lock_up_a_leave_is_answered_at_once(pool: Pool) -> None:
    pool.advance(4 * DAY + 1)
    pool.leave(4 * DAY + 2, ALICE, THOUSAND * SHARE)
    assert [one.amount for one in pool.heard(topics.REDEEM, topics.Redeem)] == [THOUSAND]
    assert pool.book() == ([(119_940, 10)], [(120_060, 10)])


def test_what_the_quotes_bind_is_paid_when_they_are_gone(pool: Pool) -> None:
    pool.advance(4 * DAY + 1)
    pool.leave(4 * DAY + 2, ALICE, 4 * THOUSAND * SHARE)
    pool.advance(4 * DAY + 399)
    assert (pool.heard(topics.REDEEM, topics.Redeem), pool.book()) == ([], ([], []))
    pool.advance(4 * DAY + 400)  # a multiple of ten minutes since the epoch
    assert [one.amount for one in pool.heard(topics.REDEEM, topics.Redeem)] == [4 * THOUSAND]
    pool.at(4 * DAY + 401, Withdraw(VAULT, USDC, 4 * THOUSAND), origin=Origin.OPERATOR)
    assert pool.said(Rejected) == []


def test_joining_again_locks_up_again_but_not_what_is_already_in_line(pool: Pool) -> None:
    pool.leave(10, ALICE, THOUSAND * SHARE)
    pool.join(2 * DAY, ALICE, THOUSAND)
    pool.leave(2 * DAY + 1, ALICE, 0)
    pool.advance(4 * DAY + 1)
    assert [one.shares for one in pool.heard(topics.REDEEM, topics.Redeem)] == [THOUSAND * SHARE]
    pool.leave(4 * DAY + 2, ALICE, THOUSAND * SHARE)
    pool.advance(6 * DAY - 1)
    assert len(pool.heard(topics.REDEEM, topics.Redeem)) == 1
    pool.advance(6 * DAY)
    assert len(pool.heard(topics.REDEEM, topics.Redeem)) == 2


def test_nobody_leaves_with_more_than_he_has_nor_for_another(pool: Pool) -> None:
    pool.leave(2, BOB, 1)
    pool.leave(3, ALICE, 4 * THOUSAND * SHARE + 1)
    pool.leave(4, ALICE, 4 * THOUSAND * SHARE)
    pool.leave(5, ALICE, 1)
    reasons = [(one.provider, one.reason) for one in pool.heard(topics.REFUSED, topics.Refused)]
    assert reasons == [(BOB, "shares"), (ALICE, "shares"), (ALICE, "shares")]
    pool.at(6, pool.leaving(ALICE, 1, account=BOB), origin=Origin.CLIENT)
    assert len(pool.heard(topics.REFUSED, topics.Refused)) == 3


def test_a_share_that_is_worth_less_than_a_unit_leaves_with_nothing_and_keeps_nobody_waiting(pool: Pool) -> None:
    pool.advance(4 * DAY + 1)
    pool.leave(4 * DAY + 2, ALICE, 1)
    assert [(one.shares, one.amount) for one in pool.heard(topics.REDEEM, topics.Redeem)] == [(1, 0)]
    assert pool.book() == ([(119_940, 10)], [(120_060, 10)])


def test_of_very_many_who_leave_some_wait_for_the_next_refresh(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossbook.policies.liquidity.vault.REDEMPTIONS_MAX", 1)
    pool.join(2, BOB, THOUSAND)
    pool.advance(4 * DAY + 5)
    leaves = (pool.leaving(provider, THOUSAND * SHARE, account=provider) for provider in (BOB, ALICE))
    pool.at(4 * DAY + 10, *leaves, origin=Origin.CLIENT)
    pool.advance(4 * DAY + 399)
    assert [one.provider for one in pool.heard(topics.REDEEM, topics.Redeem)] == [ALICE]
    pool.advance(4 * DAY + 400)
    assert [one.provider for one in pool.heard(topics.REDEEM, topics.Redeem)] == [ALICE, BOB]


def test_the_loss_is_borne_until_the_shares_are_redeemed(pool: Pool) -> None:
    pool.leave(10, ALICE, 4 * THOUSAND * SHARE)
    lose(pool, 20, 400)
    pool.advance(4 * DAY + 600)
    (redeemed,) = pool.heard(topics.REDEEM, topics.Redeem)
    assert redeemed.amount < 3_700 * 1_000_000


def test_who_leaves_is_paid_only_what_the_margin_lets_go_while_the_inventory_is_run_down(pool: Pool) -> None:
    """The vault is short 60 lots worth 3,600 USDC; a tenth of that, at least, must stay."""
    for second in range(6):
        pool.take(2 + second, Side.BUY, 120_060, 10)
    pool.price(9, 120_060)
    pool.leave(10, ALICE, 4 * THOUSAND * SHARE)
    pool.advance(4 * DAY + 400)
    (part,) = pool.heard(topics.REDEEM, topics.Redeem)
    assert part.amount == 4 * THOUSAND - 3_601_800_000 // 10
    bids, asks = pool.book()
    assert (sum(lots for _price, lots in bids), asks) == (10, [])
    pool.at(4 * DAY + 402, Withdraw(VAULT, USDC, part.amount), origin=Origin.OPERATOR)
    for second in range(6):
        pool.take(4 * DAY + 403 + second, Side.SELL, 119_900, 10)
    pool.advance(4 * DAY + 1_000)
    assert pool.view.position(VAULT, BTC) is None
    assert len(pool.heard(topics.REDEEM, topics.Redeem)) > 1
    paid = sum(one.amount for one in pool.heard(topics.REDEEM, topics.Redeem))
    pool.at(4 * DAY + 1_001, Withdraw(VAULT, USDC, paid - part.amount), origin=Origin.OPERATOR)
    assert pool.said(Rejected) == []
    assert pool.venue.policies.state("liquidity").register.total == 0


def test_a_vault_that_lost_everything_takes_nobody_in_and_pays_nobody(pool: Pool) -> None:
    pool.leave(2, ALICE, THOUSAND * SHARE)
    for second in range(6):
        pool.take(3 + second, Side.BUY, 120_060, 10)
    pool.price(10, 300_000)
    pool.join(11, BOB, THOUSAND)
    assert [one.reason for one in pool.heard(topics.REFUSED, topics.Refused)] == ["no_equity"]
    pool.advance(5 * DAY)
    assert pool.heard(topics.REDEEM, topics.Redeem) == []
    assert (report(pool).share_price, report(pool).status) == (0, "pool")


# --- the books -------------------------------------------------------------------------------------------------------


def test_what_the_vault_earned_and_lost_stands_apart(pool: Pool) -> None:
    """A rebate of 0.01 % on 10 lots at 120,060; funding of 0.1 % received; the mark 0.1 % against the vault."""
    pool.at(2, SetFees(BTC, -100_000, 500_000), origin=Origin.OPERATOR)
    pool.take(3, Side.BUY, 120_060, 10)
    pool.at(4, SettleFunding(BTC, 120_000, 1_000_000), origin=Origin.OPERATOR)
    pool.price(5, 120_120)
    pool.at(6, Withdraw(VAULT, USDC, 5_000_000), origin=Origin.OPERATOR)
    pool.advance(HOUR)
    books = report(pool)
    assert books.fees == 60_030  # 10 · 120,060 · 500 · 0.0001
    assert books.funding == 600_000  # 10 · 120,000 · 500 · 0.001
    assert books.inventory == -300_000  # 10 · (120,060 − 120,120) · 500
    assert (books.joined, books.taken, books.losses, books.unexplained) == (4 * THOUSAND, 5_000_000, 0, 0)
    assert books.equity == 4 * THOUSAND - 5_000_000 + 60_030 + 600_000 - 300_000
    assert (books.lots, books.status) == (-10, "quoting")
    pool.take(HOUR + 1, Side.SELL, 120_000, 10)
    pool.advance(2 * HOUR)
    assert (report(pool).lots, report(pool).funding, report(pool).unexplained) == (0, 600_000, 0)


def test_the_manager_gets_a_tenth_of_what_is_gained_above_the_highest_price(tmp_path: Path) -> None:
    stage = Pool(tmp_path / "venue", curve=FLAT, refresh_ns=MINUTES, manager=BOB)
    stage.join(1, ALICE, 4 * THOUSAND)
    lose(stage, 2, -400)
    stage.advance(HOUR)
    earned = report(stage).earned
    assert earned * report(stage).share_price // (SHARE * 1_000_000_000) == 39_999_999
    stage.leave(HOUR + 1, BOB, earned)  # the manager's shares are not locked up
    assert [one.amount for one in stage.heard(topics.REDEEM, topics.Redeem)] == [39_999_999]
    stage.advance(3 * HOUR)
    assert [one.earned for one in stage.heard(topics.REPORT, topics.Report)] == [earned, 0, 0]


def test_the_books_come_back_when_the_venue_is_opened_again(pool: Pool) -> None:
    pool.leave(2, ALICE, THOUSAND * SHARE)
    pool.take(3, Side.BUY, 120_060, 7)
    pool.advance(HOUR + 1)
    kept, path = pool.venue.policies.state("liquidity"), pool.venue.path
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(kept), type=type(kept)) == kept
    pool.venue.snapshot()
    pool.venue.close()
    with Venue.open(path, clock=lambda: pool.now_ns) as venue:
        assert venue.policies.state("liquidity") == kept
        events = venue.submit([Place(TRADER, BTC, Side.SELL, OrderKind.LIMIT, 119_940, 3)]).events
        assert len(events) > 1
