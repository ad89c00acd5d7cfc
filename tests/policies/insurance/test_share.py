"""Insurance by a fixed part of the fees."""

from __future__ import annotations

from pathlib import Path

from crossbook.policies.insurance.share import FixedShare
from tests.policies.insurance.test_target import FIRST, HOUR, earn, funded
from tests.policies.stage import Stage, config


def test_a_tenth_of_the_fees_goes_to_the_fund_every_hour(tmp_path: Path) -> None:
    fees = config(maker_rate="0.0001", taker_rate="0.0005")
    scene = Stage(tmp_path / "venue", {"insurance": FixedShare()}, config=fees)
    earn(scene, 1)
    scene.advance(FIRST)
    assert funded(scene) == [(0, 3_600_000)]
    scene.advance(FIRST + HOUR)  # nothing was earned
    earn(scene, FIRST + HOUR + 1)
    earn(scene, FIRST + HOUR + 2)
    scene.advance(FIRST + 2 * HOUR)
    assert funded(scene) == [(0, 3_600_000), (0, 7_200_000)]
