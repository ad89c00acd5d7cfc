"""Correlations become a command only if they are off by enough, and only as a matrix that quantities can have."""

from __future__ import annotations

from pathlib import Path

from crossbook.commands import Correlation, Origin, SetCorrelations, SetGroup, SetScenarios
from crossbook.policies.margin.tables import correlation_command
from crossbook.scenarios import Offsets
from tests.policies.scenes import view
from tests.policies.stage import BTC, ETH, Stage, config

OFFSETS = Offsets(cap="0.9")
TENTH = 100_000_000
SOL = 3


def three_groups(path: Path) -> Stage:
    """Three markets, each a group of its own with a table."""
    settings = config()
    settings["markets"].append(settings["markets"][1] | {"symbol": "SOL-PERP"})
    scene = Stage(path / "venue", config=settings)
    for market in (BTC, ETH, SOL):
        scene.at(market, SetGroup(market, market), SetScenarios(market, (100, -100)), origin=Origin.OPERATOR)
    return scene


def command(scene: Stage, correlations: dict[tuple[int, int], int]) -> list:
    present = view(scene)
    return correlation_command(present.markets(), present.groups(), correlations, OFFSETS, change_rate=TENTH)


def test_pairs_are_named_by_their_groups_with_the_cap_and_the_shifts(tmp_path: Path) -> None:
    scene = three_groups(tmp_path)
    assert command(scene, {(BTC, ETH): 800_000_000}) == [
        SetCorrelations(250_000_000, 250_000_000, (Correlation(1, 2, 800_000_000, 900_000_000),))
    ]


def test_a_tenth_off_is_close_enough(tmp_path: Path) -> None:
    scene = three_groups(tmp_path)
    scene.at(10, *command(scene, {(BTC, ETH): 800_000_000}), origin=Origin.OPERATOR)
    assert command(scene, {(BTC, ETH): 900_000_000, (BTC, SOL): -100_000_000}) == []
    assert len(command(scene, {(BTC, ETH): 950_000_000})) == 1
    assert len(command(scene, {(BTC, ETH): 800_000_000, (BTC, SOL): 150_000_000})) == 1


def test_a_matrix_that_no_quantities_have_is_moved_towards_none_until_some_do(tmp_path: Path) -> None:
    """Two that move like a third cannot move against each other: 0.9 each is possible from 11/20 of it down."""
    scene = three_groups(tmp_path)
    (found,) = command(scene, {(BTC, ETH): 900_000_000, (BTC, SOL): 900_000_000, (ETH, SOL): -900_000_000})
    assert [pair.correlation_rate for pair in found.pairs] == [495_000_000, 495_000_000, -495_000_000]
    assert scene.at(10, found, origin=Origin.OPERATOR).rejected == ()
