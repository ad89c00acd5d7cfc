"""Rebates by the share of what all makers traded."""

from __future__ import annotations

from pathlib import Path

from crossbook.events import AccountFeesSet, Traded
from crossbook.policies.fees.maker_share import MakerShare, Rebate
from crossbook.policies.fees.volume_tiers import VolumeTiers
from tests.policies.fees.test_volume_tiers import DAY, MIDNIGHT, trades
from tests.policies.scenes import MILLION
from tests.policies.stage import Stage, config

REBATES = (Rebate(100_000_000, 20_000), Rebate(500_000_000, 50_000))


def rebates(stage: Stage) -> list[tuple[int, int, int]]:
    return [(event.account, event.tier, event.maker_rebate_rate) for event in stage.said(AccountFeesSet)]


def test_makers_get_a_rebate_by_their_part_of_the_volume(tmp_path: Path) -> None:
    fees = config(maker_rate="0.0001", taker_rate="0.0005")
    scene = Stage(tmp_path / "venue", {"fees": MakerShare(rebates=REBATES)}, config=fees)
    taker, large, small, tiny = (scene.account(seconds, 10**6) for seconds in (1, 2, 3, 4))
    for seconds, maker, lots in ((10, large, 2_000), (20, small, 1_600), (30, tiny, 399)):
        trades(scene, seconds, taker, maker, lots)
    scene.advance(MIDNIGHT)
    # 50.01 %, 40.01 % and 9.98 % of the makers' volume.
    assert rebates(scene) == [(large, 0, 50_000), (small, 0, 20_000)]
    trades(scene, MIDNIGHT + 1, taker, large, 1_000)
    assert scene.said(Traded)[-1].maker_fee == 3 * MILLION  # 0.01 % less 0.005 % of 60,000


def test_a_rebate_ends_with_the_days_it_was_earned_in(tmp_path: Path) -> None:
    scene = Stage(tmp_path / "venue", {"fees": MakerShare(rebates=REBATES, days=1)})
    taker, maker = scene.account(1, 10**6), scene.account(2, 10**6)
    trades(scene, 10, taker, maker, 1_000)
    scene.advance(MIDNIGHT + DAY)
    assert rebates(scene) == [(maker, 0, 50_000), (maker, 0, 0)]


def test_tiers_and_rebates_go_together(tmp_path: Path) -> None:
    both = {"fees": VolumeTiers(volumes=(50_000,)), "fees.rebates": MakerShare(rebates=REBATES)}
    scene = Stage(tmp_path / "venue", both)
    taker, maker = scene.account(1, 10**6), scene.account(2, 10**6)
    trades(scene, 10, taker, maker, 1_000)
    scene.advance(MIDNIGHT)
    assert rebates(scene) == [(taker, 1, 0), (maker, 1, 0), (maker, 1, 50_000)]


def test_a_little_volume_earns_no_rebate(tmp_path: Path) -> None:
    scene = Stage(tmp_path / "venue", {"fees": MakerShare(rebates=REBATES, volume_min=60_001)})
    taker, maker = scene.account(1, 10**6), scene.account(2, 10**6)
    trades(scene, 10, taker, maker, 1_000)
    scene.advance(MIDNIGHT)
    assert rebates(scene) == []
