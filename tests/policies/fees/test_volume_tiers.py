"""Fee tiers by the volume of fourteen days, at the turn of the day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossbook.commands import CreateAccount, Deposit, FeeTier, Origin, SetAccountFees, SetFeeTiers
from crossbook.events import AccountFeesSet, Traded
from crossbook.policies.fees import book
from crossbook.policies.fees.volume_tiers import VolumeTiers
from tests.policies.scenes import MILLION, trade, view
from tests.policies.stage import BEGIN_NS, BTC, ETH, SECOND, Stage, config

DAY = 86_400
MIDNIGHT = DAY - BEGIN_NS // SECOND % DAY
"""The first midnight, in seconds after the beginning."""
TRADE = 120_000
"""BTC-PERP at 60,000: a trade of 1,000 lots is a volume of 60,000 USDC."""


def stage(path: Path, **fields: Any) -> Stage:
    policy = VolumeTiers(**({"volumes": (100_000, 300_000)} | fields))
    return Stage(path / "venue", {"fees": policy}, config=config(maker_rate="0.0001", taker_rate="0.0005"))


def trades(stage: Stage, seconds: float, buyer: int, seller: int, lots: int) -> None:
    """The buyer takes and the seller makes, out and back in, so that positions stay small."""
    trade(stage, seconds, BTC, buyer=buyer, seller=seller, ticks=TRADE, lots=lots)


def tiers(stage: Stage) -> list[tuple[int, int]]:
    return [(event.account, event.tier) for event in stage.said(AccountFeesSet)]


def test_the_volume_of_the_day_sets_the_tier_at_midnight(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    buyer, seller, third = (scene.account(seconds, 10**6) for seconds in (1, 2, 3))
    trades(scene, 10, buyer, seller, 1_000)
    trades(scene, 20, buyer, third, 4_000)  # 60,000 and 240,000: 300,000 taken
    scene.advance(MIDNIGHT - 1)
    assert tiers(scene) == []
    scene.advance(MIDNIGHT)
    assert tiers(scene) == [(buyer, 2), (third, 1)]


def test_the_tier_is_what_the_account_pays(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    scene.at(1, SetFeeTiers(BTC, (FeeTier(100_000, 400_000), FeeTier(0, 300_000))), origin=Origin.OPERATOR)
    buyer, seller = scene.account(2, 10**6), scene.account(3, 10**6)
    trades(scene, 10, buyer, seller, 2_000)
    trades(scene, MIDNIGHT + 10, buyer, seller, 1_000)
    first, second = scene.said(Traded)
    assert (first.taker_fee, second.taker_fee) == (60 * MILLION, 24 * MILLION)  # 0.05 % of 120,000, 0.04 % of 60,000


def test_a_day_counts_for_fourteen_days_and_then_no_more(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    buyer, seller = scene.account(2, 10**6), scene.account(3, 10**6)
    noon = MIDNIGHT + DAY // 2
    trades(scene, noon, buyer, seller, 2_000)
    scene.advance(MIDNIGHT + 14 * DAY)
    assert tiers(scene) == [(buyer, 1), (seller, 1)]
    scene.advance(MIDNIGHT + 15 * DAY)
    assert tiers(scene)[2:] == [(buyer, 0), (seller, 0)]


def test_nobody_goes_down_before_fourteen_days_were_seen(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    old = scene.account(1, 10**6)
    scene.at(2, SetAccountFees(old, 2, 50), origin=Origin.OPERATOR)
    scene.advance(MIDNIGHT + 13 * DAY)
    assert tiers(scene) == [(old, 2)]
    scene.advance(MIDNIGHT + 14 * DAY)
    last = scene.said(AccountFeesSet)[-1]
    assert (last.account, last.tier, last.maker_rebate_rate) == (old, 0, 50)  # a rebate is not this policy's


def test_a_tier_may_be_reached_within_the_day(tmp_path: Path) -> None:
    scene = stage(tmp_path, upgrade_at_once=True)
    buyer, seller = scene.account(2, 10**6), scene.account(3, 10**6)
    trades(scene, 10, buyer, seller, 1_000)
    assert tiers(scene) == []
    trades(scene, 20, buyer, seller, 1_000)
    assert tiers(scene) == [(buyer, 1), (seller, 1)]
    scene.advance(MIDNIGHT)
    assert len(tiers(scene)) == 2


def test_sub_accounts_trade_for_their_master_and_pay_like_it(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    master, other = scene.account(1, 10**6), scene.account(2, 10**6)
    sub = scene.at(3, CreateAccount(master)).account
    scene.at(4, Deposit(sub, 1, 10**6 * MILLION))
    trades(scene, 10, master, other, 1_000)
    trades(scene, 20, sub, other, 1_000)
    scene.advance(MIDNIGHT)
    assert tiers(scene) == [(master, 1), (sub, 1), (other, 1)]
    late = scene.at(MIDNIGHT + 10, CreateAccount(master)).account
    assert tiers(scene)[3:] == [(late, 1)]


def test_a_policy_that_comes_late_knows_the_families_and_the_tiers_there_are(tmp_path: Path) -> None:
    scene = Stage(tmp_path / "venue", config=config())
    master, other = scene.account(1, 10**6), scene.account(2, 10**6)
    sub = scene.at(3, CreateAccount(master)).account
    scene.at(4, Deposit(sub, 1, 10**6 * MILLION))
    scene.at(5, SetAccountFees(other, 1, 0), origin=Origin.OPERATOR)
    scene.venue.policies.engage("fees", VolumeTiers(volumes=(50_000,)), time_ns=scene.now_ns + SECOND)
    trades(scene, 10, sub, other, 1_000)
    scene.advance(MIDNIGHT)
    assert tiers(scene) == [(other, 1), (master, 1), (sub, 1)]


def test_an_exempt_master_is_left_as_it_is(tmp_path: Path) -> None:
    scene = stage(tmp_path, exempt=(1,))
    buyer, seller = scene.account(2, 10**6), scene.account(3, 10**6)
    trades(scene, 10, buyer, seller, 2_000)
    scene.advance(MIDNIGHT)
    assert tiers(scene) == [(seller, 1)]


def test_markets_add_up(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    buyer, seller = scene.account(2, 10**6), scene.account(3, 10**6)
    trades(scene, 10, buyer, seller, 1_000)
    trade(scene, 20, ETH, buyer=seller, seller=buyer, ticks=60_000, lots=1_334)  # 40,020
    scene.advance(MIDNIGHT)
    assert tiers(scene) == [(buyer, 1), (seller, 1)]


def test_many_changes_are_spread_over_turns(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(book, "CHANGES_MAX", 1)
    scene = stage(tmp_path)
    buyer, seller = scene.account(2, 10**6), scene.account(3, 10**6)
    trades(scene, 10, buyer, seller, 2_000)
    scene.advance(MIDNIGHT)
    assert tiers(scene) == [(buyer, 1)]
    scene.advance(MIDNIGHT + 1)
    assert tiers(scene) == [(buyer, 1), (seller, 1)]
    assert view(scene).time_ns == BEGIN_NS + MIDNIGHT * SECOND + 1
