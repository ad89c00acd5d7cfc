"""Breakers that watch moves alone: a halt for a fixed time."""

from __future__ import annotations

from pathlib import Path

from crossbook.commands import MarketMode, Origin, SetMarketMode
from crossbook.events import MarketModeSet
from crossbook.policies.breakers.records import RESUMED, TRIP, Resumed, Trip
from crossbook.policies.breakers.velocity import Velocity
from tests.policies.scenes import told
from tests.policies.stage import BTC, Stage


def modes(stage: Stage) -> list[MarketMode]:
    return [event.mode for event in stage.said(MarketModeSet)]


def test_a_market_that_moved_too_far_is_halted_for_five_minutes(tmp_path: Path) -> None:
    scene = Stage(tmp_path / "venue", {"breakers": Velocity()})
    scene.mark(10, BTC, 120_000)
    seq = scene.mark(20, BTC, 100_000).last_seq
    assert told(scene, TRIP, Trip) == [Trip("velocity", BTC, 0, 166_666_666, 100_000_000, "halt", seq)]
    scene.mark(30, BTC, 80_000)  # what happens during the halt does not make it longer
    scene.advance(319.9)
    assert modes(scene) == [MarketMode.HALTED]
    scene.advance(320)
    assert modes(scene) == [MarketMode.HALTED, MarketMode.CONTINUOUS]
    assert told(scene, RESUMED, Resumed) == [Resumed("velocity", BTC, 0, "calm")]


def test_a_market_that_goes_on_moving_halts_again(tmp_path: Path) -> None:
    scene = Stage(tmp_path / "venue", {"breakers": Velocity()})
    for seconds, mark in ((10, 120_000), (20, 100_000), (310, 100_000), (321, 85_000)):
        scene.mark(seconds, BTC, mark)
    assert modes(scene) == [MarketMode.HALTED, MarketMode.CONTINUOUS, MarketMode.HALTED]


def test_a_market_that_its_operator_reopened_is_not_halted_for_the_old_move(tmp_path: Path) -> None:
    scene = Stage(tmp_path / "venue", {"breakers": Velocity()})
    scene.mark(10, BTC, 120_000)
    scene.mark(20, BTC, 100_000)
    scene.at(25, SetMarketMode(BTC, MarketMode.CONTINUOUS), origin=Origin.OPERATOR)
    scene.mark(30, BTC, 99_000)
    scene.advance(1_000)
    assert modes(scene) == [MarketMode.HALTED, MarketMode.CONTINUOUS]
    assert [resumed.reason for resumed in told(scene, RESUMED, Resumed)] == ["overridden"]
