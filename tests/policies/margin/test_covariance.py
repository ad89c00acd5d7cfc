"""What samples say of volatilities and correlations: exact where it can be, and the same on any machine."""

from __future__ import annotations

import math
import random

import numpy as np

from crossbook.commands import RATE_ONE
from crossbook.policies.margin import covariance
from crossbook.policies.margin.covariance import Estimate, Sampling, estimate

HOUR_NS = 3_600 * 10**9
HOURLY = Sampling(sample_ns=HOUR_NS, half_life=72, volatility_step=10_000_000, correlation_step=50_000_000)
UP_AND_DOWN = [100_000, 101_000] * 20


def walk(seed: int, *, common: float, samples: int = 400) -> dict[int, list[int]]:
    """Two series of hourly marks with a deviation of 1 %, of which `common` is shared."""
    numbers, marks = random.Random(seed), {1: [10.0**6], 2: [10.0**6]}
    for _ in range(samples):
        shared = numbers.gauss(0, 1)
        for series in marks.values():
            own = numbers.gauss(0, 1)
            series.append(series[-1] * math.exp(0.01 * (common * shared + math.sqrt(1 - common**2) * own)))
    return {market: [round(mark) for mark in series] for market, series in marks.items()}


def test_a_market_that_goes_up_and_down_by_a_hundredth_every_hour_has_a_volatility_of_93_percent() -> None:
    """ln(1.01) = 0.00995, times the root of 8,760 hours: 0.9313."""
    assert estimate({1: UP_AND_DOWN}, HOURLY) == Estimate({1: 930_000_000}, {}, 0)


def test_a_market_that_does_not_move_has_none_and_is_correlated_with_nothing() -> None:
    found = estimate({1: UP_AND_DOWN, 2: [5] * 40}, HOURLY)
    assert (found.volatilities, found.correlations) == ({1: 930_000_000, 2: 0}, {})


def test_what_moves_alike_has_a_correlation_of_one_and_against_each_other_of_less_than_none() -> None:
    alike = estimate({1: UP_AND_DOWN, 2: [10 * mark for mark in UP_AND_DOWN]}, HOURLY)
    against = estimate({1: UP_AND_DOWN, 2: UP_AND_DOWN[1:] + UP_AND_DOWN[:1]}, HOURLY)
    assert (alike.correlations, against.correlations) == ({(1, 2): RATE_ONE}, {(1, 2): -RATE_ONE})


def test_few_samples_are_shrunk_more_than_many() -> None:
    few = estimate(walk(7, common=0.8, samples=20), HOURLY)
    many = estimate(walk(7, common=0.8, samples=2_000), HOURLY)
    assert few.shrinkage_rate > many.shrinkage_rate
    assert many.correlations[1, 2] > 600_000_000 - 100_000_000  # 0.8 of both is shared: 0.64


def test_the_last_samples_weigh_most() -> None:
    """After 200 samples, 14.6 % of the weight is left for those before: 87.3 % of 185 % squared, or 12.7 %."""
    calm, wild = [100_000, 100_100] * 100, [100_000, 102_000] * 100
    rising, falling = estimate({1: calm + wild}, HOURLY), estimate({1: wild + calm}, HOURLY)
    assert rising.volatilities[1] == 1_730_000_000
    assert falling.volatilities[1] == 670_000_000


def test_it_agrees_with_the_textbook_where_all_samples_weigh_the_same() -> None:
    marks = walk(11, common=0.5)
    even = Sampling(HOUR_NS, half_life=10**9, volatility_step=10_000_000, correlation_step=50_000_000)
    returns = [math.log(after / before) for before, after in zip(marks[1], marks[1][1:], strict=False)]
    textbook = math.sqrt(sum(one * one for one in returns) / len(returns) * 8_760)
    assert estimate(marks, even).volatilities[1] == round(textbook * 100) * 10_000_000


def test_the_last_bits_of_a_float_change_nothing(monkeypatch) -> None:
    """A machine whose logarithms differ in a part of 10^12 finds the same integers."""
    exact, noise = np.log, np.random.default_rng(3)

    def rough(x):
        return exact(x) * (1 + 1e-12 * noise.standard_normal(np.shape(x)))

    series = [walk(seed, common=0.6, samples=60) for seed in range(100)]
    before = [estimate(marks, HOURLY) for marks in series]
    monkeypatch.setattr(covariance.np, "log", rough)
    assert [estimate(marks, HOURLY) for marks in series] == before
