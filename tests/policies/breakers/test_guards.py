"""The default breakers: when each guard trips, what it does, and how it ends."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from crossbook.commands import (
    Cancel,
    Grade,
    MarketMode,
    OrderKind,
    Origin,
    Place,
    SetMarketMode,
    SetOracle,
    SetWithdrawalGate,
    Side,
    Withdraw,
)
from crossbook.events import MarketModeSet, PositionModeSet, Rejected, StressSet
from crossbook.policies import notes
from crossbook.policies.breakers.guards import Guards
from crossbook.policies.breakers.hold import Action
from crossbook.policies.breakers.records import RESUME, RESUMED, TRIP, Resume, Resumed, Trip
from crossbook.policies.breakers.settings import DepthGuard, InsuranceGuard, SilenceGuard, VelocityGuard
from tests.policies.scenes import MILLION, cover, fund, loses, socialise, tell, told, trade, view
from tests.policies.stage import BTC, ETH, SECOND, USDC, Stage, config

MINUTE = 60
BTC_MARK, ETH_MARK = 120_000, 60_000


def stage(path: Path, guards: Guards | None = None) -> Stage:
    return Stage(path / "venue", {"breakers": guards or Guards()})


def modes(stage: Stage) -> list[MarketMode]:
    return [row.mode for row in view(stage).markets()]


def trips(stage: Stage) -> list[tuple[str, int, int, int]]:
    return [(trip.guard, trip.market, trip.value, trip.limit) for trip in told(stage, TRIP, Trip)]


def ends(stage: Stage) -> list[tuple[str, int, str]]:
    return [(end.guard, end.market or end.asset, end.reason) for end in told(stage, RESUMED, Resumed)]


def oracle(stage: Stage, seconds: float, price: int, grade: Grade = Grade.GOOD, market: int = BTC) -> int:
    command = SetOracle(market, price, 0, grade, stage.now_ns)
    return stage.at(seconds, command, origin=Origin.ORACLE).last_seq


# --- velocity -------------------------------------------------------------------------------------------------------


def test_a_move_of_more_than_a_tenth_within_a_minute_leaves_the_market_to_reducing(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    scene.mark(10, BTC, 120_000)
    scene.mark(40, BTC, 108_000)
    assert trips(scene) == []  # exactly a tenth is within the limit
    fatal = scene.mark(50, BTC, 107_999).last_seq
    (trip,) = told(scene, TRIP, Trip)
    assert trip == Trip("velocity", BTC, 0, 100_008_333, 100_000_000, "reduce_only", fatal)
    assert modes(scene) == [MarketMode.REDUCE_ONLY, MarketMode.CONTINUOUS]


def test_the_same_move_in_two_minutes_trips_nothing(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    scene.mark(10, BTC, 120_000)
    scene.mark(70, BTC, 110_000)
    scene.mark(132, BTC, 104_000)
    assert trips(scene) == []


def test_a_rise_counts_from_the_lowest_mark_of_the_window(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    for seconds, mark in ((10, 120_000), (20, 110_000), (30, 121_100)):
        scene.mark(seconds, BTC, mark)
    assert trips(scene) == [("velocity", BTC, 100_909_090, 100_000_000)]


def test_after_five_calm_minutes_the_market_is_what_it_was_and_both_are_on_record(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    scene.mark(10, BTC, 120_000)
    scene.mark(11, BTC, 100_000)
    scene.mark(12, BTC, 99_000)  # still too far from 120,000: calm begins here
    scene.advance(12 + 5 * MINUTE - 1)
    assert modes(scene)[0] == MarketMode.REDUCE_ONLY
    scene.advance(12 + 5 * MINUTE)
    assert modes(scene)[0] == MarketMode.CONTINUOUS
    assert ends(scene) == [("velocity", BTC, "calm")]
    assert len(trips(scene)) == 1
    changes = [(event.mode, event.previous) for event in scene.said(MarketModeSet)]
    assert changes == [
        (MarketMode.REDUCE_ONLY, MarketMode.CONTINUOUS),
        (MarketMode.CONTINUOUS, MarketMode.REDUCE_ONLY),
    ]


def test_without_a_calm_time_only_the_operators_note_resumes(tmp_path: Path) -> None:
    scene = stage(tmp_path, Guards(calm_ns=0))
    scene.mark(10, BTC, 120_000)
    scene.mark(11, BTC, 100_000)
    scene.advance(86_400)
    assert modes(scene)[0] == MarketMode.REDUCE_ONLY
    client = scene.account(86_401, 100)
    scene.at(86_402, _note(client, Resume(market=BTC)), origin=Origin.CLIENT)
    assert modes(scene)[0] == MarketMode.REDUCE_ONLY  # a client resumes nothing
    tell(scene, 86_403, RESUME, Resume(market=BTC))
    assert modes(scene)[0] == MarketMode.CONTINUOUS
    assert ends(scene) == [("velocity", BTC, "operator")]


def _note(account: int, body: Resume):
    return notes.note(RESUME, body, account=account)


def test_a_market_that_its_operator_takes_over_is_left_alone(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    scene.mark(10, BTC, 120_000)
    scene.mark(11, BTC, 100_000)
    scene.at(20, SetMarketMode(BTC, MarketMode.HALTED), origin=Origin.OPERATOR)
    scene.advance(3_600)
    assert modes(scene)[0] == MarketMode.HALTED
    assert ends(scene) == [("velocity", BTC, "overridden")]


def test_a_market_that_is_stricter_already_is_not_made_milder(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    scene.at(5, SetMarketMode(BTC, MarketMode.CANCEL_ONLY), origin=Origin.OPERATOR)
    scene.mark(10, BTC, 120_000)
    scene.mark(11, BTC, 100_000)
    scene.advance(3_600)
    assert modes(scene)[0] == MarketMode.CANCEL_ONLY
    assert [(end, mode) for end in ends(scene) for mode in modes(scene)[:1]] == [
        (("velocity", BTC, "calm"), MarketMode.CANCEL_ONLY)
    ]


# --- band and oracle ------------------------------------------------------------------------------------------------


def test_a_mark_beyond_the_band_around_the_oracle_trips_until_it_has_been_back_for_a_while(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    oracle(scene, 10, 120_000)
    scene.mark(11, BTC, 126_000)
    assert trips(scene) == []
    scene.mark(12, BTC, 126_012)
    assert trips(scene) == [("band", BTC, 50_100_000, 50_000_000)]
    scene.advance(1_000)
    assert modes(scene)[0] == MarketMode.REDUCE_ONLY  # it is still out of the band
    oracle(scene, 1_001, 126_000)
    scene.advance(1_001 + 5 * MINUTE)
    assert modes(scene)[0] == MarketMode.CONTINUOUS


def test_a_lost_grade_leaves_only_cancelling(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    scene.account(1, 1_000)
    oracle(scene, 10, 120_000)
    oracle(scene, 20, 120_000, Grade.VOLATILE)
    assert trips(scene) == [("oracle", BTC, Grade.VOLATILE, Grade.UNCERTAIN)]
    assert modes(scene) == [MarketMode.CANCEL_ONLY, MarketMode.CONTINUOUS]
    oracle(scene, 30, 120_000, Grade.STALE)
    scene.advance(30 + 5 * MINUTE)
    assert modes(scene)[0] == MarketMode.CONTINUOUS


def test_the_strictest_of_several_trips_holds_and_then_the_next(tmp_path: Path) -> None:
    scene = stage(tmp_path)
    oracle(scene, 10, 120_000)
    scene.mark(11, BTC, 120_000)
    oracle(scene, 20, 120_000, Grade.NONE)
    scene.mark(MINUTE, BTC, 100_000)  # velocity and band as well
    assert [trip[0] for trip in trips(scene)] == ["oracle", "velocity", "band"]
    oracle(scene, 2 * MINUTE, 100_000)
    scene.advance(6 * MINUTE)  # velocity has been calm since the first minute
    assert (ends(scene), modes(scene)[0]) == ([("velocity", BTC, "calm")], MarketMode.CANCEL_ONLY)
    scene.advance(7 * MINUTE)
    assert ends(scene)[1:] == [("oracle", BTC, "calm"), ("band", BTC, "calm")]
    assert modes(scene)[0] == MarketMode.CONTINUOUS


def test_stress_is_an_action_and_isolates_the_positions_of_the_market(tmp_path: Path) -> None:
    scene = stage(tmp_path, Guards(velocity=VelocityGuard(action=Action.STRESS)))
    one, other = scene.account(1, 100_000), scene.account(2, 100_000)
    trade(scene, 3, BTC, buyer=one, seller=other, ticks=BTC_MARK, lots=1_000)
    scene.mark(4, BTC, 120_000)
    scene.mark(5, BTC, 100_000)
    (stress,) = scene.said(StressSet)
    assert (stress.market, stress.active, stress.positions) == (BTC, True, 2)
    assert [event.account for event in scene.said(PositionModeSet)] == [one, other]
    assert modes(scene)[0] == MarketMode.CONTINUOUS
    scene.advance(5 + 5 * MINUTE)
    assert [event.active for event in scene.said(StressSet)] == [True, False]


def test_an_oracle_that_falls_silent_is_found_out_without_any_event(tmp_path: Path) -> None:
    scene = stage(tmp_path, Guards(silence=SilenceGuard(silence_ns=30 * SECOND)))
    scene.advance(100)  # a market that never had an oracle price is not waiting for one
    oracle(scene, 110, 120_000)
    last = oracle(scene, 130, 120_000)
    scene.advance(160)
    assert trips(scene) == []
    scene.advance(161)
    (trip,) = told(scene, TRIP, Trip)
    assert trip == Trip("silence", BTC, 0, 30 * SECOND + 1, 30 * SECOND, "cancel_only", last)
    scene.advance(1_000)
    assert modes(scene)[0] == MarketMode.CANCEL_ONLY
    for seconds in range(1_010, 1_010 + 5 * MINUTE + 1, 20):
        oracle(scene, seconds, 120_000)
    assert modes(scene)[0] == MarketMode.CONTINUOUS
    assert ends(scene) == [("silence", BTC, "calm")]


# --- depth ----------------------------------------------------------------------------------------------------------


def test_a_book_that_is_gone_trips_when_it_is_looked_at_and_not_before_its_grace(tmp_path: Path) -> None:
    scene = stage(tmp_path, Guards(depth=DepthGuard(notional_min=60_000 * MILLION)))
    maker = scene.account(1, 100_000)
    sell = Place(maker, BTC, Side.SELL, OrderKind.LIMIT, 120_100, 1_000)
    buy = Place(maker, BTC, Side.BUY, OrderKind.LIMIT, 120_000, 1_000)
    scene.at(2, sell, buy)
    far = Place(maker, BTC, Side.BUY, OrderKind.LIMIT, 117_000, 1_000)  # 2.5 % away does not count
    order = scene.at(3, far).last_seq
    scene.advance(65)
    assert [trip for trip in trips(scene) if trip[1] == BTC] == []
    bid = next(row.order for row in view(scene).orders(maker, BTC) if row.price == 120_000)
    scene.at(66, Cancel(maker, bid))
    scene.advance(69.9)
    assert [trip for trip in trips(scene) if trip[1] == BTC] == []
    scene.advance(70)
    assert [trip for trip in trips(scene) if trip[1] == BTC] == [("depth", BTC, 0, 60_000 * MILLION)]
    assert order
    scene.advance(70 + 5 * MINUTE)
    assert modes(scene)[0] == MarketMode.CONTINUOUS  # held markets cannot fill their book, so it is let go to try
    scene.advance(70 + 6 * MINUTE)
    assert len([trip for trip in trips(scene) if trip[1] == BTC]) == 2


def test_an_empty_book_trips_after_its_grace(tmp_path: Path) -> None:
    scene = stage(tmp_path, Guards(depth=DepthGuard(notional_min=1)))
    scene.advance(59.9)
    assert trips(scene) == []
    scene.advance(65)
    assert trips(scene) == [("depth", BTC, 0, 1), ("depth", ETH, 0, 1)]


# --- losses ---------------------------------------------------------------------------------------------------------


def test_a_fund_that_pays_more_than_its_limit_in_an_hour_stops_the_markets_of_its_asset(tmp_path: Path) -> None:
    guards = Guards(velocity=None, shortfall=None, insurance=InsuranceGuard(loss_max=6_000 * MILLION))
    scene = stage(tmp_path, guards)
    fund(scene, 1, 50_000)
    first = loses(scene, 2, BTC, cash=6_000, lots=1_000, mark=120_000, end=100_000)  # 10,000 lost
    cover(scene, 3, first)
    assert trips(scene) == []
    second = loses(scene, 4, BTC, cash=6_000, lots=1_000, mark=120_000, end=100_000)
    cover(scene, 5, second)
    assert trips(scene) == [
        ("insurance", BTC, 8_000 * MILLION, 6_000 * MILLION),
        ("insurance", ETH, 8_000 * MILLION, 6_000 * MILLION),
    ]
    assert modes(scene) == [MarketMode.REDUCE_ONLY] * 2


def test_the_next_hour_counts_anew(tmp_path: Path) -> None:
    guards = Guards(velocity=None, shortfall=None, insurance=InsuranceGuard(loss_max=6_000 * MILLION))
    scene = stage(tmp_path, guards)
    fund(scene, 1, 50_000)
    for begin in (2, 3_602):
        loser = loses(scene, begin, BTC, cash=6_000, lots=1_000, mark=120_000, end=100_000)
        cover(scene, begin + 1, loser)
    assert trips(scene) == []


def test_a_shortfall_closes_withdrawals_until_it_has_been_calm(tmp_path: Path) -> None:
    scene = stage(tmp_path, Guards(velocity=None))
    scene.at(0.5, SetWithdrawalGate(USDC, False, SECOND, 10**12), origin=Origin.OPERATOR)
    fund(scene, 1, 50_000)
    loser = loses(scene, 2, BTC, cash=6_000, lots=1_000, mark=120_000, end=100_000)
    client = scene.account(3, 1_000)
    cover(scene, 4, loser)
    assert told(scene, TRIP, Trip)[0].asset == USDC
    assert [type(event) for event in scene.at(5, Withdraw(client, USDC, MILLION)).events] == [Rejected]
    scene.advance(4 + 5 * MINUTE)
    assert ends(scene) == [("shortfall", USDC, "calm")]
    assert [type(event).__name__ for event in scene.at(400, Withdraw(client, USDC, MILLION)).events] == ["Withdrawn"]
    gate = view(scene).asset(USDC).gate
    assert (gate.interval_ns, gate.amount_max) == (SECOND, 10**12)  # the operator's limit is as it was


def test_a_socialised_loss_is_closed_by_the_kernel_and_opened_by_the_guard(tmp_path: Path) -> None:
    scene = stage(tmp_path, Guards(velocity=None))
    one, other = scene.account(1, 100_000), scene.account(1.1, 100_000)
    loser = loses(scene, 2, BTC, cash=6_000, lots=1_000, mark=120_000, end=100_000)
    trade(scene, 3, BTC, buyer=one, seller=other, ticks=100_000, lots=100)
    socialise(scene, 4, loser, BTC, Side.SELL)
    assert [(trip.guard, trip.value) for trip in told(scene, TRIP, Trip)] == [("shortfall", 4_000 * MILLION)]
    assert view(scene).asset(USDC).gate.closed
    scene.advance(4 + 5 * MINUTE)
    assert not view(scene).asset(USDC).gate.closed


def test_a_gate_that_its_operator_closed_stays_closed(tmp_path: Path) -> None:
    scene = stage(tmp_path, Guards(velocity=None))
    scene.at(0.5, SetWithdrawalGate(USDC, True, 0, 0), origin=Origin.OPERATOR)
    fund(scene, 1, 50_000)
    cover(scene, 4, loses(scene, 2, BTC, cash=6_000, lots=1_000, mark=120_000, end=100_000))
    scene.advance(3_600)
    assert view(scene).asset(USDC).gate.closed
    assert trips(scene) == []


def test_a_guard_can_be_turned_off_by_a_table(tmp_path: Path) -> None:
    scene = Stage(tmp_path / "venue", {"breakers": {"policy": "guards", "velocity": None, "calm_ns": 0}})
    scene.mark(10, BTC, 120_000)
    scene.mark(11, BTC, 60_000)
    assert trips(scene) == []


def test_a_table_sets_a_guard(tmp_path: Path) -> None:
    table = {"policy": "guards", "velocity": {"move_rate": 20_000_000, "action": "halt"}}
    scene = Stage(tmp_path / "venue", {"breakers": table}, config=config())
    scene.mark(10, BTC, 120_000)
    scene.mark(11, BTC, 117_000)
    assert modes(scene)[0] == MarketMode.HALTED


# --- whatever happens ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_after_a_wild_day_and_a_calm_hour_every_market_is_open_and_every_trip_has_ended(
    tmp_path: Path, seed: int
) -> None:
    scene, rng = stage(tmp_path), random.Random(seed)
    seconds, marks = 10.0, {BTC: BTC_MARK, ETH: ETH_MARK}
    for _ in range(150):
        seconds += rng.choice((1, 20, 100, 400))
        market = rng.choice((BTC, ETH))
        marks[market] = marks[market] * rng.randint(92, 108) // 100
        if rng.random() < 0.5:
            oracle(scene, seconds, marks[market], rng.choice(list(Grade)), market)
        else:
            scene.mark(seconds, market, marks[market])
    assert len(trips(scene)) > 5
    for market, mark in marks.items():
        oracle(scene, seconds + 2 * market, mark, market=market)
        scene.mark(seconds + 2 * market + 1, market, mark)
    scene.advance(seconds + 3_600)
    assert modes(scene) == [MarketMode.CONTINUOUS] * 2
    assert sorted((end[0], end[1]) for end in ends(scene)) == sorted((trip[0], trip[1]) for trip in trips(scene))
    assert scene.said(Rejected) == []
