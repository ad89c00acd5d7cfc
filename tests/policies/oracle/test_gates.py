"""Scenarios of the default oracle policy, gate by gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from crossbook.commands import RATE_ONE, AddMarket, Grade, Observe, Origin, SetOracle, SetTiers, Tier
from crossbook.events import Noted, OracleSet, Rejected
from crossbook.policies.contract import Turn
from crossbook.policies.oracle.chain import GATES, INTAKE
from crossbook.policies.oracle.feeds import Feed, Source, Thresholds
from crossbook.policies.oracle.gates import Gates, GatesState
from crossbook.policies.oracle.plain import PlainMedian
from crossbook.policies.oracle.words import REASONS
from tests.policies.oracle.quotes import FEED, PERP, SOURCES, A, B, C, Quotes, feed
from tests.policies.stage import BEGIN_NS, BTC, ETH, SECOND, USDC

NONE, VOLATILE, UNCERTAIN, STALE, THIN, AGEING, GOOD = Grade


def test_the_order_of_the_gates() -> None:
    assert [gate.__name__ for gate in INTAKE] == ["positive", "possible", "uncrossed", "monotone", "not_ahead"]
    assert [gate.__name__ for gate in GATES] == [
        "staleness", "stuck", "confidence", "jump", "divergence", "minimum", "middle", "clamp", "volatility",
    ]  # fmt: skip


def test_three_sources_make_a_good_price(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.say(1, {A: 60_000, B: 60_010, C: 60_020}, confidence=3)
    (accepted,) = stage.said(OracleSet)
    assert (accepted.price, accepted.confidence) == (120_020, 20), "the median, as far apart as sources are"
    assert (accepted.grade, accepted.observed_at) == (GOOD, BEGIN_NS + SECOND)
    assert stage.said(Noted)[-1].topic == "policy.engaged", "nobody was rejected"


def test_the_weight_of_a_source_counts(tmp_path: Path) -> None:
    stage = Quotes(tmp_path, Gates((feed(Source(A, weight=3), Source(B), Source(C)),)))
    stage.say(1, {A: 60_000, B: 60_010, C: 60_020})
    assert stage.oracle() == (60_000, GOOD)


def test_what_the_price_rests_on_is_its_cause(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.say(1, {A: 60_000, B: 60_010, C: 60_020})
    accepted = stage.said(OracleSet)[-1]
    assert stage.record(accepted.seq).record.cause == accepted.seq - 1


def test_a_price_that_stays_is_told_again_once_a_second(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    for tenth in range(10, 31):
        stage.say(tenth / 10, {A: 60_000, B: 60_000, C: 60_000})
    assert [event.observed_at - BEGIN_NS for event in stage.said(OracleSet)] == [SECOND, 2 * SECOND, 3 * SECOND]


def test_external_perpetuals_are_on_record_and_make_no_price(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.calm(1, 3)
    stage.say(3, {PERP: 90_000})
    assert (stage.oracle(), stage.reasons()) == ((60_000, GOOD), [])


# --- intake -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "price", "confidence", "late"),
    [
        ("not_positive", 0, 5, 0),
        ("not_positive", -60_000, 5, 0),
        ("out_of_range", 0.2, 5, 0),
        ("out_of_range", 1_000_001, 5, 0),
        ("crossed", 60_000, -1, 0),
        ("clock_backwards", 60_000, 5, 2),
        ("clock_ahead", 60_000, 5, -1.5),
    ],
)
def test_what_cannot_be_is_refused_at_the_door(
    tmp_path: Path, reason: str, price: float, confidence: float, late: float
) -> None:
    stage = Quotes(tmp_path)
    stage.calm(1, 5)
    for second in (5, 6):
        stage.say(second, {A: price}, confidence=confidence, late=late if late < 0 else late * (second - 4))
    assert stage.reasons() == [(A, reason)], "on record once"
    stage.say(7, {A: 60_000, B: 60_000})
    assert stage.reasons() == [(A, reason), (A, f"+{reason}")]
    assert (stage.oracle(), set(stage.grades()), stage.said(Rejected)) == ((60_000, GOOD), {GOOD}, [])


def test_a_source_from_the_future_is_not_shut_out(tmp_path: Path) -> None:
    """A clock that is once an hour ahead would make every later observation one that runs backwards."""
    stage = Quotes(tmp_path)
    stage.say(1, {A: 60_000}, late=-3600)
    stage.say(2, {A: 60_000, B: 60_000})
    assert stage.oracle() == (60_000, GOOD)


def test_a_source_nobody_knows_is_named(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.say(1, {44: 1})
    stage.say(2, {44: 1})
    assert stage.reasons() == [(44, "unknown_source")]


# --- rounds -----------------------------------------------------------------------------------------------------------


def test_a_price_begins_with_the_minimum_of_sources(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.say(1, {A: 60_000})
    assert (stage.oracle(), stage.reasons()) == ((0, NONE), [(A, "too_few")])
    stage.say(2, {B: 60_000})
    assert (stage.oracle(), stage.reasons()) == ((60_000, GOOD), [(A, "too_few"), (A, "+too_few")])


def test_without_observations_the_price_ages_by_itself(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.calm(1, 3)
    stage.advance(400)
    aged = stage.said(OracleSet)[-3:]
    assert [event.grade for event in aged] == [AGEING, STALE, NONE]
    times = [stage.record(event.seq).time_ns - BEGIN_NS for event in aged]
    assert times == [12 * SECOND + 1, 32 * SECOND + 1, 302 * SECOND + 1], "ten, thirty, three hundred seconds later"
    assert {event.price for event in aged} == {120_000}, "the last price stands"


def test_after_an_outage_the_price_begins_anew(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.calm(1, 3)
    stage.advance(400)
    stage.say(401, {A: 80_000})
    assert stage.oracle() == (60_000, NONE)
    stage.say(402, {B: 80_000})
    assert stage.oracle() == (80_000, GOOD), "no jump: there is nothing to compare with"


def test_a_source_that_falls_silent_makes_the_price_thin_at_last(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.calm(1, 3)
    stage.calm(3, 40, sources=(A,))
    assert stage.grades() == [GOOD, AGEING, THIN]
    assert stage.reasons() == [(B, "stale"), (C, "stale")]


def test_a_stuck_source_does_not_count(tmp_path: Path) -> None:
    stage = Quotes(tmp_path, Gates((feed(stuck_updates=5),)))
    for second in range(1, 20):
        stage.say(second, {A: 60_000, B: 60_000 + 20 * second, C: 60_001 + 20 * second})
    assert (stage.oracle()[0], stage.reasons()) == (60_380.5, [(A, "stuck")])
    stage.say(20, {A: 60_399, B: 60_400, C: 60_401})
    assert (stage.oracle()[0], stage.reasons()[-1]) == (60_400, (A, "+stuck"))


def test_in_a_market_at_rest_nobody_is_stuck(tmp_path: Path) -> None:
    stage = Quotes(tmp_path, Gates((feed(stuck_updates=5),)))
    stage.calm(1, 40)
    assert (stage.oracle(), stage.reasons()) == ((60_000, GOOD), [])


def test_an_unsure_source_does_not_count_while_others_are_sure(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.say(1, {A: 60_000, B: 60_000}, confidence=600)
    stage.say(2, {C: 60_200}, confidence=601.99)
    assert (stage.oracle(), stage.reasons()) == ((60_000, GOOD), [])
    stage.say(3, {C: 60_200}, confidence=602.01)
    assert (stage.oracle(), stage.reasons()) == ((60_000, GOOD), [(C, "wide")])


def test_if_nobody_is_sure_the_price_is_uncertain(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.calm(1, 3)
    stage.say(3, {A: 60_100, B: 60_100, C: 60_100}, confidence=700)
    assert (stage.oracle(), stage.reasons()) == ((60_100, UNCERTAIN), []), "it follows all the same"


def test_a_wild_observation_that_comes_back_is_a_flash(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.calm(1, 5)
    stage.say(5, {A: 40_000, B: 60_000, C: 60_000})
    stage.say(6, {A: 60_000, B: 60_000, C: 60_000})
    assert stage.reasons() == [(A, "jump"), (A, "flash"), (A, "+flash")]
    assert {event.price for event in stage.said(OracleSet)} == {120_000}


def test_a_flash_within_one_instant_is_named_as_well(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.calm(1, 5)
    stage.at(5, *(quote for price in (40_000, 60_000) for quote in stage.quotes(5, {A: price})))
    assert stage.reasons() == [(A, "flash"), (A, "+flash")]


def test_a_jump_that_all_stand_by_is_followed_step_by_step(tmp_path: Path) -> None:
    """Eight per cent down: three seconds of doubt, then two per cent in each update, volatile until it is there."""
    stage = Quotes(tmp_path)
    stage.calm(1, 10)
    stage.calm(10, 20, price=55_200)
    prices = [event.price / 2 for event in stage.said(OracleSet) if event.grade == VOLATILE]
    assert prices == [60_000, 58_800, 57_624, 56_471.5, 55_342]
    assert stage.oracle() == (55_200, GOOD)
    assert stage.grades() == [GOOD, VOLATILE, GOOD]


def test_far_from_its_average_a_price_is_volatile(tmp_path: Path) -> None:
    """Down a twelfth within a minute, without a jump: liquidations wait until the average has come along."""
    stage = Quotes(tmp_path, Gates((feed(volatile_rate=100_000_000),)))
    stage.calm(1, 10)
    for step in range(60):
        stage.calm(10 + step, 11 + step, price=60_000 - 120 * step)
    assert stage.oracle() == (52_920, VOLATILE)
    stage.calm(70, 130, price=52_920)
    assert stage.oracle() == (52_920, GOOD)
    assert stage.grades() == [GOOD, VOLATILE, GOOD]


def test_an_outlier_does_not_count(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.calm(1, 5)
    stage.say(5, {A: 61_800, B: 60_000, C: 60_002})
    assert (stage.oracle(), stage.reasons()) == ((60_001, GOOD), [(A, "outlier")])


def test_if_sources_contradict_each_other_the_last_price_stands(tmp_path: Path) -> None:
    stage = Quotes(tmp_path, Gates((feed(Source(A), Source(B)),)))
    stage.calm(1, 5, sources=(A, B))
    stage.say(5, {A: 58_800, B: 61_200})
    assert (stage.oracle(), stage.reasons()) == ((60_000, UNCERTAIN), [(A, "split"), (B, "split")])


def test_the_heavier_half_decides_a_split(tmp_path: Path) -> None:
    stage = Quotes(tmp_path, Gates((feed(Source(A, weight=2), Source(B), minimum_sources=1),)))
    stage.calm(1, 5, sources=(A, B))
    stage.say(5, {A: 61_200, B: 58_800})
    assert (stage.oracle(), stage.reasons()) == ((61_200, GOOD), [(B, "outlier")])


def test_every_reason_is_explained() -> None:
    folder = Path(__file__).parents[3] / "python/crossbook/policies/oracle"
    source = "".join((folder / name).read_text() for name in ("chain.py", "gates.py"))
    assert [reason for reason in REASONS if f'"{reason}"' not in source] == []


# --- who looked after it before ---------------------------------------------------------------------------------------


def test_it_goes_on_from_the_price_the_market_has(tmp_path: Path) -> None:
    stage = Quotes(tmp_path)
    stage.calm(1, 5)
    stage.venue.policies.engage("oracle", Gates((feed(),)), time_ns=BEGIN_NS + 6 * SECOND)
    stage.say(7, {A: 90_000, B: 90_000})
    assert stage.oracle() == (60_000, VOLATILE), "a jump, for the new policy too"
    stage.advance(100)
    assert stage.oracle() == (60_000, VOLATILE), "the last words were a jump"
    stage.advance(305)
    assert stage.oracle() == (60_000, NONE)


def test_what_it_goes_on_from_fits_what_it_remembers(tmp_path: Path) -> None:
    """A confidence may be 63 bits of ticks, and a feed finer than ticks."""
    stage = Quotes(tmp_path)
    stage.at(1, SetOracle(BTC, 120_000, 2**63 - 1, GOOD, BEGIN_NS), origin=Origin.OPERATOR)
    fine = Feed(FEED, SOURCES, 12, market=BTC)
    stage.venue.policies.engage("oracle", Gates((fine,)), time_ns=BEGIN_NS + 2 * SECOND)
    stage.advance(3)
    remembered = stage.venue.policies.state("oracle")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(remembered), type=GatesState) == remembered


def test_without_feeds_it_lets_oracles_age(tmp_path: Path) -> None:
    """What takes over when another oracle policy fails knows no feeds: nobody may trade on what stands still."""
    stage = Quotes(tmp_path)
    stage.calm(1, 5)
    stage.venue.policies.engage("oracle", Gates(), time_ns=BEGIN_NS + 6 * SECOND)
    stage.advance(400)
    assert stage.oracle() == (60_000, NONE)
    assert stage.grades() == [GOOD, AGEING, STALE, NONE]


# --- several of them --------------------------------------------------------------------------------------------------


def test_feeds_without_thresholds_have_those_of_the_policy(tmp_path: Path) -> None:
    shared = Feed(FEED, SOURCES, 2, market=BTC)
    stage = Quotes(tmp_path, Gates((shared,), thresholds=Thresholds(minimum_sources=1)))
    stage.say(1, {A: 60_000})
    assert stage.oracle() == (60_000, GOOD)


def test_each_slot_looks_after_its_own_feeds(tmp_path: Path) -> None:
    other = Feed(8, (Source(A), Source(B)), 2, market=ETH)
    stage = Quotes(tmp_path)
    stage.venue.policies.engage("oracle.other", Gates((other,)), time_ns=BEGIN_NS + SECOND // 2)
    stage.say(1, {A: 60_000, B: 60_000})
    late = BEGIN_NS + 2 * SECOND
    stage.at(2, *(Observe(8, source, 300_000, 10, late) for source in (A, B)), origin=Origin.ORACLE)
    assert [(event.market, event.price, event.grade) for event in stage.said(OracleSet)] == [
        (BTC, 120_000, GOOD),
        (ETH, 60_000, GOOD),
    ]


def test_a_market_may_come_later_than_its_feed(tmp_path: Path) -> None:
    later = Feed(8, (Source(A), Source(B)), 2, market=3)
    stage = Quotes(tmp_path, Gates((feed(), later)))
    observed = [Observe(8, source, 100, 1, BEGIN_NS + SECOND) for source in (A, B)]
    stage.at(1, *observed, origin=Origin.ORACLE)
    assert stage.said(OracleSet) == []
    tiers = (Tier(0, RATE_ONE // 20, RATE_ONE // 40),)
    stage.at(2, AddMarket("DOGE-PERP", USDC, 10**10, 10**12, 10**6, 10**6), SetTiers(3, tiers), origin=Origin.OPERATOR)
    stage.at(3, *observed, origin=Origin.ORACLE)
    (accepted,) = stage.said(OracleSet)
    assert (accepted.market, accepted.price, accepted.grade) == (3, 100, GOOD)


class Raises(PlainMedian, frozen=True):
    """An oracle that fails when it hears a price of 13 cents."""

    name: ClassVar[str] = "raises"

    def react(self, state: Any, turn: Turn) -> Any:
        """Fail, or be a plain median."""
        assert all(event.price != 13 for event in turn.events)
        return super().react(state, turn)


def test_an_oracle_that_fails_hands_its_feeds_to_the_gates(tmp_path: Path) -> None:
    stage = Quotes(tmp_path, Raises((feed(),)))
    stage.calm(1, 3)
    stage.say(3, {A: 0.13})
    assert stage.venue.policies["oracle"] == Gates((feed(),)), "the default took over, with the feeds of before"
    stage.calm(4, 6)
    assert stage.oracle() == (60_000, GOOD)
    stage.advance(400)
    heard_nobody_yet = [GOOD, STALE, GOOD]
    assert (stage.oracle(), stage.grades()) == ((60_000, NONE), [*heard_nobody_yet, AGEING, STALE, NONE])
