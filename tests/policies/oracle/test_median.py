"""Medians of integers."""

from __future__ import annotations

from statistics import median as reference

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossbook.policies.oracle.median import half_away, median, weighted_median


@pytest.mark.parametrize(
    ("expected", "numerator", "denominator"), [(3, 5, 2), (-3, -5, 2), (2, 7, 4), (1, 5, 4), (0, 1, 3), (-1, -2, 3)]
)
def test_halves_go_away_from_zero(expected: int, numerator: int, denominator: int) -> None:
    assert half_away(numerator, denominator) == expected


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=9))
def test_it_is_the_median_everybody_knows(values: list[int]) -> None:
    ordered = sorted(values)
    if len(values) % 2:
        assert median(values) == reference(values)
    else:
        low, high = ordered[len(ordered) // 2 - 1 : len(ordered) // 2 + 1]
        assert median(values) == half_away(low + high, 2)


@given(st.lists(st.tuples(st.integers(-1000, 1000), st.integers(1, 5)), min_size=1, max_size=7))
def test_a_weight_of_three_is_three_voices(weighted: list[tuple[int, int]]) -> None:
    assert weighted_median(weighted) == median([value for value, weight in weighted for _ in range(weight)])


def test_the_heavier_source_has_the_say() -> None:
    assert weighted_median([(100, 3), (90, 1), (110, 1)]) == 100
    assert weighted_median([(100, 1), (110, 3)]) == 110


@pytest.mark.parametrize("weighted", [[], [(1, 0)], [(1, 2), (2, -1)]])
def test_nothing_has_no_median(weighted: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="positive weights"):
        weighted_median(weighted)
