"""The moving average in integers, against the same formula in fifty digits."""

from __future__ import annotations

from decimal import Decimal, getcontext, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossbook.policies.mark.ema import DECAY_ONE, Ema, average, begun, decay, sampled

SECOND = 10**9


def exact(elapsed: int, tau: int) -> Decimal:
    """e^(−elapsed/tau) in parts of 2^62, to fifty digits."""
    with localcontext() as context:
        context.prec = 60
        return (Decimal(-elapsed) / Decimal(tau)).exp() * DECAY_ONE


@settings(max_examples=1_000)
@given(st.integers(0, 10**11), st.integers(1, 4 * 10**9))
def test_the_decay_is_less_than_one_part_off(elapsed: int, tau: int) -> None:
    assert abs(decay(elapsed, tau) - exact(elapsed, tau)) < 1


@pytest.mark.parametrize("tau", [1, 3, 7_000, 150_000_000, 3_600_000_000])
def test_the_decay_at_its_edges(tau: int) -> None:
    assert decay(0, tau) == DECAY_ONE
    for whole in range(46):
        for elapsed in {max(0, whole * tau - 1), whole * tau, whole * tau + 1}:
            assert abs(decay(elapsed, tau) - exact(elapsed, tau)) < 1
    assert decay(45 * tau, tau) == 0


def test_no_time_runs_backwards() -> None:
    with pytest.raises(ValueError, match="no time"):
        decay(-1, 5)
    with pytest.raises(ValueError, match="no time"):
        decay(1, 0)


def test_more_time_never_keeps_more() -> None:
    kept = [decay(elapsed, 997) for elapsed in range(0, 50_000, 7)]
    assert kept == sorted(kept, reverse=True)


def test_after_one_time_constant_a_new_level_is_there_to_63_percent() -> None:
    ema = begun(0, time_ns=0, tau_ms=150_000, interval_ms=3_000)
    assert ema.denominator == 151_505_000, "3 s / (1 − e^(−3/150)), in microseconds"
    for second in range(3, 151, 3):
        ema = sampled(ema, 1_000_000, time_ns=second * SECOND, tau_ms=150_000, gap_ms_max=10_000)
    assert average(ema) == 632_121, "1 − e^−1 = 0.632121"
    assert abs(ema.denominator - 151_505_000) <= 50, "where it stays, but for half a microsecond a sample"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1_000, 20_000_000), st.integers(-(2**32), 2**32)), min_size=1, max_size=40),
    st.sampled_from([30_000, 150_000, 600_000]),
)
def test_irregular_samples_follow_the_formula(path: list[tuple[int, int]], tau_ms: int) -> None:
    """However irregular: within one t-th of itself and one t-th of a unit, t the shortest time between two in µs."""
    getcontext().prec = 60
    tau = Decimal(tau_ms * 1_000)
    ema = begun(5, time_ns=0, tau_ms=tau_ms, interval_ms=1_000)
    numerator, denominator, now_us = Decimal(ema.numerator), Decimal(ema.denominator), 0
    largest = 5
    for elapsed, sample in path:
        now_us += elapsed
        kept = (-Decimal(elapsed) / tau).exp()
        numerator, denominator = numerator * kept + sample * elapsed, denominator * kept + elapsed
        ema = sampled(ema, sample, time_ns=now_us * 1_000, tau_ms=tau_ms, gap_ms_max=60_000)
        largest = max(largest, abs(sample))
        shortest = min(t for t, _ in path)
        off = abs(Decimal(ema.numerator) / Decimal(ema.denominator) - numerator / denominator)
        assert off < Decimal(largest + 1) / shortest
        assert max(abs(ema.numerator), ema.denominator) < 1 << 63


def test_a_gap_counts_for_no_more_than_its_longest() -> None:
    ema = begun(100, time_ns=0, tau_ms=150_000, interval_ms=3_000)
    late = sampled(ema, 200, time_ns=9_000 * SECOND, tau_ms=150_000, gap_ms_max=10_000)
    soon = sampled(ema, 200, time_ns=10 * SECOND, tau_ms=150_000, gap_ms_max=10_000)
    assert (late.numerator, late.denominator) == (soon.numerator, soon.denominator)
    assert average(late) == 107


def test_two_samples_at_one_time_are_one() -> None:
    ema = sampled(
        begun(100, time_ns=0, tau_ms=150_000, interval_ms=3_000), 200, time_ns=SECOND, tau_ms=150_000, gap_ms_max=10_000
    )
    assert sampled(ema, 10**6, time_ns=SECOND, tau_ms=150_000, gap_ms_max=10_000) == ema
    assert Ema() == Ema(0, 0, 0)
