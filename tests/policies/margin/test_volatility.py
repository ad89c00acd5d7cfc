"""Margin that follows volatility, on a venue: what is sampled, what is journaled, and when."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crossbook.commands import Origin, SetGroup, SetMark, SetScenarios, SetTiers, Tier
from crossbook.errors import InputError
from crossbook.events import CorrelationsSet, Rejected, ScenariosSet, TiersSet
from crossbook.policies import catalogue
from crossbook.policies.margin.volatility import ESTIMATE, MarginEstimate, VolatilityMargin
from crossbook.scenarios import Horizon, Underlying, moves, portfolio_commands
from tests.policies.scenes import told, trade, view
from tests.policies.stage import BEGIN_NS, BTC, ETH, SECOND, Stage

HOUR = 3_600
FIRST = HOUR - BEGIN_NS // SECOND % HOUR
"""The first full hour, in seconds after the beginning."""
POLICY = VolatilityMargin(sample_ns=HOUR * SECOND, samples_min=12, update_ns=12 * HOUR * SECOND)


def stage(path: Path, policy: VolatilityMargin = POLICY) -> Stage:
    return Stage(path / "venue", {"margin": policy})


def swing(stage: Stage, begin: int, hours: int, *, btc: int = 1_200, eth: int = 0) -> None:
    """From hour `begin` on, marks go up by so many ticks in one hour and back in the next."""
    for hour in range(begin, begin + hours):
        odd = hour % 2
        marks = SetMark(BTC, 120_000 + odd * btc), SetMark(ETH, 60_000 + odd * eth)
        stage.at(FIRST + hour * HOUR - 1, *marks, origin=Origin.ORACLE)
    stage.advance(FIRST + (begin + hours - 1) * HOUR)


def rates(stage: Stage, market: int = BTC) -> list[int]:
    return [tier.initial_rate for tier in view(stage).market(market).tiers]


def test_leverage_falls_at_once_when_volatility_is_high(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    assert rates(scene) == [50_000_000, 100_000_000]
    swing(scene, 0, 30)
    # 1 % an hour is 93 % a year: from the base of 60 % it rises by half, to 90 %, and is then close enough.
    assert rates(scene) == [75_000_000, 150_000_000]
    assert rates(scene, ETH) == [50_000_000, 100_000_000]
    assert [tier.maintenance_rate for tier in view(scene).market(BTC).tiers] == [25_000_000, 50_000_000]
    (said,) = told(scene, ESTIMATE, MarginEstimate)
    assert said.estimated == ((BTC, 930_000_000), (ETH, 0))
    assert said.held == ((BTC, 900_000_000), (ETH, 570_000_000))


def test_an_order_that_was_good_yesterday_needs_more_margin_today(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    small, large = scene.account(1, 3_500), scene.account(2, 10**6)
    swing(scene, 0, 30)
    trade(scene, scene_seconds(scene) + 1, BTC, buyer=small, seller=large, ticks=120_000, lots=1_000)
    refused = [event for event in scene.said(Rejected) if event.account == small]
    assert [event.code for event in refused] == [414]  # 3,000 would have done; 7.5 % of 60,600 is 4,545


def scene_seconds(stage: Stage) -> int:
    return (stage.now_ns - BEGIN_NS) // SECOND


def test_it_comes_down_slowly(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    swing(scene, 0, 30)
    swing(scene, 30, 90 * 12, btc=0)
    scales = [round(said.held[0][1] / 10_000_000) for said in told(scene, ESTIMATE, MarginEstimate) if said.held[0][1]]
    assert scales[:8] == [90, 85, 80, 76, 72, 68, 64, 60]
    assert rates(scene) == [50_000_000, 100_000_000]  # at the base and below, tiers are the operator's


def test_nothing_moves_before_there_are_enough_samples(tmp_path: Path) -> None:
    scene = stage(tmp_path, VolatilityMargin(sample_ns=HOUR * SECOND, samples_min=40, update_ns=HOUR * SECOND))
    swing(scene, 0, 39)
    assert len(scene.said(TiersSet)) == 0
    swing(scene, 39, 2)
    assert len(scene.said(TiersSet)) == 1


def test_the_window_is_bounded_and_holds_integers(tmp_path: Path) -> None:
    policy = VolatilityMargin(sample_ns=HOUR * SECOND, samples_min=5, samples_max=10, update_ns=12 * HOUR * SECOND)
    scene = stage(tmp_path, policy)
    swing(scene, 0, 30)
    state = scene.venue.policies.state("margin")
    assert state.samples[BTC] == [120_000, 121_200] * 5


def test_tiers_that_the_operator_sets_are_a_new_base(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    swing(scene, 0, 30)
    scene.at(scene_seconds(scene) + 1, SetTiers(BTC, (Tier(0, 20_000_000, 10_000_000),)), origin=Origin.OPERATOR)
    swing(scene, 31, 30)
    assert rates(scene) == [30_000_000]


def test_scenario_tables_follow_volatility_and_mark(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    setup = portfolio_commands([Underlying(1, "0.6", {BTC: 120_000}), Underlying(2, "0.6", {ETH: 60_000})])
    scene.at(1, *setup, origin=Origin.OPERATOR)
    swing(scene, 0, 30, eth=600)
    for market, mark in ((BTC, 121_200), (ETH, 60_600)):
        table = tuple(view(scene).market(market).scenarios[1])
        assert table == moves(mark, Horizon().range_rate("0.9"))
    assert len(scene.said(ScenariosSet)) == 4


def test_a_table_of_another_size_is_replaced_as_a_whole(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    for market in (BTC, ETH):
        scene.at(market, SetGroup(market, 1), SetScenarios(market, (1_000, -1_000)), origin=Origin.OPERATOR)
    swing(scene, 0, 30)
    assert [event.code for event in scene.said(Rejected)] == []
    assert [len(view(scene).market(market).scenarios[1]) for market in (BTC, ETH)] == [14, 14]


def test_a_market_without_a_table_gets_none(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    swing(scene, 0, 30)
    assert scene.said(ScenariosSet) == []


def test_correlations_follow_too_and_only_when_they_are_off(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    setup = portfolio_commands([Underlying(1, "0.6", {BTC: 120_000}), Underlying(2, "0.6", {ETH: 60_000})])
    scene.at(1, *setup, origin=Origin.OPERATOR)
    swing(scene, 0, 30, eth=600)
    _, towards_one, towards_zero, pairs = view(scene).groups()
    assert (towards_one, towards_zero, pairs) == (250_000_000, 250_000_000, [(1, 2, 1_000_000_000, 900_000_000)])
    swing(scene, 30, 30, eth=600)
    assert len(scene.said(CorrelationsSet)) == 2  # the operator's and one more


def test_the_same_marks_make_the_same_journal(tmp_path: Path) -> None:
    heads = []
    for name in ("one", "other"):
        scene = stage(tmp_path / name)
        swing(scene, 0, 60, eth=700)
        heads.append((view(scene).seq, scene.events))
    assert heads[0] == heads[1]


def test_without_its_libraries_it_cannot_be_engaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "crossbook.policies.margin.covariance", raising=False)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError) as caught:
        catalogue.build("margin", "volatility")
    assert (caught.value.code, caught.value.values["extra"]) == ("missing_extra", "risk")
    assert "crossbook[risk]" in caught.value.hint


def test_the_default_moves_nothing(tmp_path: Path) -> None:
    scene = Stage(tmp_path / "venue", {"margin": "static"})
    swing(scene, 0, 30)
    assert scene.said(TiersSet) == []
    assert told(scene, ESTIMATE, MarginEstimate) == []
