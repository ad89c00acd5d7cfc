"""The median mark on a real venue: what it is made of, what is missing when, and that no fill snaps it."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from crossbook.commands import RATE_ONE, Cancel, Grade, SetMark, Side
from crossbook.errors import InputError
from crossbook.events import MarkSet
from crossbook.policies import catalogue
from crossbook.policies.mark.median import Legs, MedianMark, MedianState, PerpFeed
from tests.policies.floor import ORACLE, Floor
from tests.policies.stage import BTC, ETH


def floor_with(path: Path, policy: MedianMark | None = None) -> Floor:
    return Floor(path, {"mark": policy or MedianMark()})


@pytest.mark.parametrize(
    ("legs", "target"),
    [
        (Legs(anchored=100, book=110, perps=104, smoothed=1), 104),
        (Legs(anchored=100, book=110, perps=None, smoothed=101), 101),
        (Legs(anchored=None, book=110, perps=100, smoothed=300), 110),
        (Legs(anchored=100, book=None, perps=103, smoothed=None), 102),
        (Legs(anchored=100, book=None, perps=None, smoothed=None), 100),
        (Legs(anchored=None, book=None, perps=90, smoothed=None), 90),
        (Legs(anchored=None, book=110, perps=None, smoothed=101), 101),
        (Legs(anchored=None, book=None, perps=None, smoothed=None), None),
    ],
)
def test_what_the_mark_is_when_something_is_missing(legs: Legs, target: int | None) -> None:
    assert target == legs.target


def test_with_an_oracle_alone_the_mark_is_the_oracle(tmp_path: Path) -> None:
    floor = floor_with(tmp_path)
    seq = floor.oracle(1, ORACLE + 500)
    floor.advance(60)
    (moved,) = floor.said(MarkSet)
    assert (moved.price, moved.previous) == (ORACLE + 500, ORACLE)
    assert seq == floor.cause(moved.seq), "and the oracle is why"
    assert floor.marks() == [ORACLE + 500], "it is set only when it changes"


def test_without_anything_the_mark_stays(tmp_path: Path) -> None:
    floor = floor_with(tmp_path)
    floor.advance(600)
    assert floor.marks() == []


def test_the_mark_follows_the_book_away_from_the_oracle_over_minutes(tmp_path: Path) -> None:
    """A book that stays 1 % above the oracle: after 150 s the distance is there to 63 %, the mark between."""
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE + 1_190, ORACLE + 1_210)
    floor.advance(4)
    # Wakings are at 1 s, 4 s, 7 s … of a scenario. One sample, of the 3 s since the one before:
    # 1,200 · (1 − e^(−3/150)) = 23.8 of distance, 1,200 · (1 − e^(−3/30)) = 114.2 of the book.
    assert floor.marks() == [ORACLE + 114]
    floor.advance(150)
    smoothed = ORACLE + 1_200 - 8
    assert abs(floor.marks()[-1] - smoothed) <= 2, (
        "oracle with distance, book, and the book over 30 s: the last is between"
    )
    assert sorted(floor.marks()) == floor.marks()


def test_one_wild_trade_moves_nothing_by_itself(tmp_path: Path) -> None:
    """A lot trades 9 % off, and the book is back at once: the mark does not notice."""
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE - 10, ORACLE + 10)
    floor.advance(600)
    marks = len(floor.marks())
    floor.order(601, Side.SELL, ORACLE + 11_000)
    floor.withdraw_quotes(601.1)
    floor.order(601.2, Side.SELL, ORACLE + 11_000)
    floor.order(601.3, Side.BUY, ORACLE + 11_000, taking=True)
    assert floor.row.last == ORACLE + 11_000
    floor.quotes(601.4, ORACLE - 10, ORACLE + 10)
    floor.advance(700)
    assert all(abs(mark - ORACLE) <= 10 for mark in floor.marks()[marks:]), floor.marks()[marks:]


def test_a_book_of_one_lot_far_off_moves_the_mark_by_a_bound(tmp_path: Path) -> None:
    """
    The book is taken away and one lot is quoted and traded 9 % up. A sample counts as at most 5 % off the oracle, with
    3/30 of its weight in `smoothed` and 3/150 in `anchored`: the mark goes up by less than half a percent a sample,
    and never further than 5 %.
    """
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE - 10, ORACLE + 10)
    floor.advance(600)
    floor.withdraw_quotes(601.05)
    floor.order(601.1, Side.SELL, ORACLE + 10_800)
    floor.order(601.2, Side.BUY, ORACLE + 10_800, taking=True)
    floor.order(601.3, Side.SELL, ORACLE + 10_810)
    floor.order(601.4, Side.BUY, ORACLE + 10_790, taking=True)
    before = floor.row.mark
    floor.advance(604.5)
    (moved,) = floor.marks()[-1:]
    assert 0 < moved - before <= ORACLE * 5 // 100 * 10 // 100, "one sample"
    floor.advance(3_600)
    assert max(floor.marks()) <= ORACLE * 105 // 100, "an hour of it"


def test_the_oracle_moves_the_mark_at_once_and_by_bounded_steps(tmp_path: Path) -> None:
    """Down 5 % in one update: 2 % of the mark at once, then as much at each waking until it is there."""
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.oracle(1.5, ORACLE * 95 // 100)
    assert floor.marks() == [ORACLE * 98 // 100]
    floor.advance(30)
    assert floor.marks() == [117_600, 115_248, 114_000]


def test_an_oracle_that_is_not_good_enough_counts_as_none(tmp_path: Path) -> None:
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE - 10, ORACLE + 10)
    floor.advance(60)
    floor.oracle(61, ORACLE * 2, Grade.VOLATILE)
    floor.advance(120)
    assert floor.marks() == [], "the book goes on alone"
    floor.withdraw_quotes(121)
    floor.advance(300)
    assert floor.marks() == [], "and without it the mark stays"
    floor.oracle(301, ORACLE + 60, Grade.UNCERTAIN)
    assert floor.marks() == [ORACLE + 60]


def test_without_an_oracle_the_mark_is_the_book_over_30_seconds(tmp_path: Path) -> None:
    floor = floor_with(tmp_path)
    floor.quotes(2, ORACLE + 590, ORACLE + 610)
    floor.advance(4)
    assert floor.marks() == [ORACLE + 57], "600 · (1 − e^(−3/30)) = 57.1"
    floor.advance(300)
    assert floor.marks()[-1] == ORACLE + 600


def test_an_empty_side_leaves_the_last_trade_and_the_distance_as_they_are(tmp_path: Path) -> None:
    """Without asks there is no mid: the distance is not sampled; the book is the last trade, or the bid above it."""
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    ask = floor.order(2, Side.SELL, ORACLE + 100)
    floor.order(3, Side.BUY, ORACLE + 100, taking=True)
    floor.order(4, Side.BUY, ORACLE - 3_000)
    floor.advance(600)
    state = floor.venue.policies.state("mark")
    assert isinstance(state, MedianState)
    assert state.markets[BTC].distance is None, "never sampled"
    # Anchored at the oracle, the last trade 100 above it, and its average: the median is the average, which arrives.
    assert floor.marks()[-1] == ORACLE + 100
    assert ask


def test_a_book_that_comes_back_after_hours_counts_for_ten_seconds(tmp_path: Path) -> None:
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE - 10, ORACLE + 10)
    floor.advance(600)
    floor.withdraw_quotes(601)
    floor.advance(9_000)
    floor.quotes(9_002, ORACLE + 1_190, ORACLE + 1_210)
    floor.advance(9_004)
    # The sums of `smoothed` weigh 31.5 s after samples every 3 s: 1,200 · 10/(31.5 · e^(−10/30) + 10) = 368.
    assert floor.marks()[-1:] == [ORACLE + 368]


def test_the_perpetuals_of_other_venues_are_the_third_price(tmp_path: Path) -> None:
    feed = PerpFeed(market=BTC, feed=7, decimals=2, sources=((1, 2), (2, 1), (3, 1)), age_ms_max=30_000)
    floor = floor_with(tmp_path, MedianMark(feeds=(feed,)))
    floor.oracle(1, ORACLE)
    floor.observe(2, 1, 60_100_00)
    floor.observe(2.1, 2, 60_300_00)
    seq = floor.observe(2.2, 3, 60_500_00)
    floor.observe(2.3, 4, 1)
    floor.advance(4)
    # Half of the weight is at 60,100, so 60,200; the mean of that and the oracle, in ticks of half a unit.
    assert floor.marks() == [(ORACLE + 120_400) // 2]
    assert seq == floor.cause(floor.said(MarkSet)[-1].seq), "a source that is not configured is no cause"
    floor.advance(60)
    assert floor.marks()[-1] == ORACLE, "what is older than 30 s does not count any longer"


def test_a_source_that_is_late_or_ahead_gains_nothing_by_its_clock(tmp_path: Path) -> None:
    feed = PerpFeed(market=BTC, feed=7, decimals=2, sources=((1, 1), (2, 1)), age_ms_max=30_000)
    floor = floor_with(tmp_path, MedianMark(feeds=(feed,)))
    floor.observe(10, 1, 60_100_00, observed=-25)
    floor.observe(11, 2, 60_050_00, observed=3_600)
    floor.advance(13)
    assert floor.marks() == [120_100], "the late one is stale already"
    floor.observe(35, 1, 60_100_00, observed=34)
    floor.advance(43)
    assert floor.marks() == [120_100, 120_150, 120_200], "and the one ahead 30 s after it was heard"


def test_a_book_between_an_oracle_and_a_perpetual_is_the_mark(tmp_path: Path) -> None:
    feed = PerpFeed(market=BTC, feed=7, decimals=0, sources=((1, 1),))
    floor = floor_with(tmp_path, MedianMark(feeds=(feed,)))
    floor.oracle(1, ORACLE)
    floor.observe(2, 1, 60_300)
    floor.quotes(3, ORACLE + 190, ORACLE + 210)
    floor.advance(4)
    assert floor.marks()[-1] == ORACLE + 200


def test_a_mark_that_somebody_else_set_is_where_the_next_step_begins(tmp_path: Path) -> None:
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.at(2, SetMark(BTC, ORACLE // 2))
    floor.advance(5)
    assert floor.marks() == [60_000, 61_200]


def test_each_market_has_a_mark_of_its_own(tmp_path: Path) -> None:
    floor = floor_with(tmp_path, MedianMark(markets=(ETH,)))
    floor.oracle(1, ORACLE + 100)
    floor.oracle(1.5, 60_100, market=ETH)
    floor.advance(60)
    assert (floor.marks(BTC), floor.marks(ETH)) == ([], [60_100])


def test_a_step_is_at_least_a_tick_and_at_most_a_share(tmp_path: Path) -> None:
    floor = floor_with(tmp_path, MedianMark(clamp_rate=RATE_ONE // 10**6))
    floor.oracle(1, ORACLE + 2)
    floor.advance(10)
    assert floor.marks() == [ORACLE + 1, ORACLE + 2]


def test_what_a_median_mark_cannot_be_configured_as() -> None:
    for fields in ({"interval_ms": 0}, {"distance_ms": 600_001}, {"book_ms": 0}, {"clamp_rate": 0}, {"depth": 3}):
        with pytest.raises(InputError) as refused:
            catalogue.build("mark", {"policy": "median"} | fields)
        assert refused.value.code == "policy_config"
    built = catalogue.build("mark", catalogue.configuration(MedianMark(feeds=(PerpFeed(1, 7, 2, ((1, 1),)),))))
    assert built == MedianMark(feeds=(PerpFeed(1, 7, 2, ((1, 1),)),))


def test_cancelling_is_no_trade(tmp_path: Path) -> None:
    """Orders that come and go between two samples leave no trace."""
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.quotes(1.5, ORACLE - 10, ORACLE + 10)
    floor.advance(60)
    for second in range(61, 120, 3):
        bid = floor.order(second + 0.2, Side.BUY, ORACLE + 5)
        floor.at(second + 0.4, Cancel(floor.maker, bid, 0))
    assert floor.marks() == []


def test_it_sleeps_when_nothing_can_change_until_something_happens(tmp_path: Path) -> None:
    """A quiet month costs a few turns; the first sample after it stands for an interval, like any other."""
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE - 10, ORACLE + 10)
    floor.advance(30 * 86_400)
    assert floor.venue.policies.engaged()[0].turns < 30
    assert floor.venue.policies.wake_ns is None
    floor.quotes(30 * 86_400 + 0.5, ORACLE + 1_190, ORACLE + 1_210)
    floor.advance(30 * 86_400 + 2)
    assert floor.marks() == [ORACLE + 114], "1,200 · (1 − e^(−3/30))"


def test_a_mark_that_somebody_moves_wakes_it(tmp_path: Path) -> None:
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.advance(600)
    floor.at(601, SetMark(BTC, ORACLE + 7))
    floor.advance(604)
    assert floor.marks() == [ORACLE + 7, ORACLE]


def wild_quotes(floor: Floor, rng: random.Random, second: float, *, sides: int) -> None:
    """A book of one lot a side, anywhere within the market's band, and perhaps a trade in it."""
    low, high = sorted(rng.sample(range(ORACLE // 2, ORACLE * 3 // 2), 2))
    floor.withdraw_quotes(second)
    if sides == 2 or rng.random() < 0.7:
        floor.order(second + 0.01, Side.BUY, low, 2)
    if sides == 2 or rng.random() < 0.7:
        floor.order(second + 0.02, Side.SELL, high, 2)
    if rng.random() < 0.5:
        floor.order(second + 0.03, rng.choice(list(Side)), rng.choice((low, high)), taking=True)


@pytest.mark.parametrize("seed", range(4))
def test_however_wild_a_book_is_the_mark_moves_by_bounded_steps_within_bounds(tmp_path: Path, seed: int) -> None:
    """
    Ten minutes of quotes and trades anywhere within 50 %, with an oracle that stands still: the mark is between oracle
    with distance and `smoothed`, both of them within 5 % of the oracle, and moves by at most 2 % at once.
    """
    rng = random.Random(seed)
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    for second in range(3, 600, 3):
        wild_quotes(floor, rng, second, sides=1 + seed % 2)
    marks = [ORACLE, *floor.marks()]
    assert len(marks) > 50
    assert all(ORACLE * 95 // 100 <= mark <= ORACLE * 105 // 100 for mark in marks)
    assert all(abs(after - before) * 50 <= before for before, after in pairwise(marks))


@pytest.mark.parametrize("seed", range(6))
def test_one_wild_moment_in_a_quiet_market_moves_the_mark_by_less_than_half_a_percent(
    tmp_path: Path, seed: int
) -> None:
    """A sample is at most 5 % off: of `smoothed` that is 5 % · (1 − e^(−3/30)) = 0.476 %, of the distance 0.099 %."""
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE - 10, ORACLE + 10)
    floor.advance(600)
    wild_quotes(floor, random.Random(seed), 602, sides=2)
    floor.advance(604)
    floor.quotes(605, ORACLE - 10, ORACLE + 10)
    floor.advance(900)
    assert all(abs(mark - ORACLE) <= ORACLE * 476 // 100_000 for mark in floor.marks())
    assert abs(floor.row.mark - ORACLE) <= 10, "back within the quotes; the last trade was wild, so it is one of them"
