"""Divisions and medians that policies share: where they round to, with the numbers."""

from __future__ import annotations

import statistics
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossbook.policies.arithmetic import clamp, feed_ticks, median, nearest, towards_zero, weighted_median

PRICES = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded", "cut"),
    [(5, 2, 3, 2), (-5, 2, -3, -2), (7, 5, 1, 1), (8, 5, 2, 1), (-8, 5, -2, -1), (6, 3, 2, 2), (0, 7, 0, 0)],
)
def test_where_divisions_round_to(numerator: int, denominator: int, rounded: int, cut: int) -> None:
    assert (rounded, cut) == (nearest(numerator, denominator), towards_zero(numerator, denominator))


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**15))
def test_the_nearest_is_never_further_than_half(numerator: int, denominator: int) -> None:
    assert abs(nearest(numerator, denominator) - Fraction(numerator, denominator)) <= Fraction(1, 2)


def test_a_clamp_answers_with_the_bound_that_is_passed() -> None:
    assert [clamp(value, -3, 4) for value in (-9, -3, 0, 4, 9)] == [-3, -3, 0, 4, 4]


def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two() -> None:
    assert [median([3]), median([9, 1, 5]), median([1, 4]), median([-1, -4]), median([8, 1, 4, 3])] == [3, 5, 3, -3, 4]


@given(PRICES)
def test_it_is_the_median_everybody_knows(prices: list[int]) -> None:
    known = Fraction(statistics.median([Fraction(price) for price in prices]))
    assert median(prices) == nearest(known.numerator, known.denominator)


@given(PRICES)
def test_equal_weights_are_no_weights(prices: list[int]) -> None:
    assert weighted_median([(price, 7) for price in prices]) == median(prices)


def test_the_heavier_source_decides() -> None:
    assert weighted_median([(100, 3), (110, 1), (120, 1)]) == 100
    assert weighted_median([(100, 2), (110, 1), (120, 1)]) == 105, "exactly half of the weight is at 100"
    assert weighted_median([(100, 0), (110, 1), (120, 0)]) == 110
    assert weighted_median([(1, 1), (120, 2), (10**9, 1)]) == 120


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 9)), min_size=1, max_size=6))
def test_a_weight_is_that_many_equal_sources(weighted: list[tuple[int, int]]) -> None:
    copies = [price for price, weight in weighted for _ in range(weight)]
    if copies:
        assert weighted_median(weighted) == median(copies)


@pytest.mark.parametrize("weighted", [[], [(5, 0)], [(5, 2), (6, -1)]])
def test_what_has_no_weight_has_no_median(weighted: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="weights"):
        weighted_median(weighted)


def test_nothing_has_no_median() -> None:
    with pytest.raises(ValueError, match="nothing"):
        median([])


def test_a_price_of_a_feed_becomes_ticks() -> None:
    half = 5 * 10**11
    assert feed_ticks(60_000_25, decimals=2, tick_size_e12=half) == 120_001, "60,000.25 is halfway: away from zero"
    assert feed_ticks(60_000_24, decimals=2, tick_size_e12=half) == 120_000
    assert feed_ticks(60_000, decimals=0, tick_size_e12=10**12) == 60_000
