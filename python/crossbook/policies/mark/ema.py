"""Exponential moving averages of samples at irregular times, in integers.

    numerator   = numerator · e^(−t/τ) + sample · t
    denominator = denominator · e^(−t/τ) + t
    average     = numerator / denominator

`t` is the time since the sample before, in microseconds: with a sample below 2^32 and τ below ten minutes both stay
within 63 bits. Each product is rounded to the nearest integer. What that adds up to decays like everything else:
however many samples there were, the average is off by less than one t-th of itself and one t-th of a unit, with samples
three seconds apart by a 3,000,000th.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from msgspec import Struct

from crossbook.policies.arithmetic import nearest
from crossbook.policies.schedule import MILLISECOND

DECAY_ONE: Final = 1 << 62
"""The scale of `decay`: 2^62 is one."""

_BITS: Final = 128
_ONE: Final = 1 << _BITS
_NOTHING: Final = 44
"""e^−44 is below half a unit of 2^-62, so it rounds to 0."""
_MICROSECOND: Final = 1_000


@lru_cache(maxsize=1_024)
def decay(elapsed: int, tau: int) -> int:
    """`e^(−elapsed/tau)` in parts of 2^62, less than one part off; `elapsed >= 0`, `tau > 0`, in one unit of time.

    With x = elapsed/tau in 128 bits: n = ⌊x⌋ and the rest f are taken apart, e^−f is summed as its Taylor series until
    its terms vanish, and multiplied by e^−1, itself such a sum, n times. Each of the at most 80 steps is off by less
    than one part of 2^128, so nothing of it is left after rounding to 2^62 but the half part of that rounding.
    """
    if elapsed < 0 or tau <= 0:
        raise ValueError(f"no time runs so: {elapsed} of {tau}")
    whole, rest = divmod(elapsed, tau)
    if whole > _NOTHING:
        return 0
    product = _exponential(rest * _ONE // tau)
    inverse = _exponential(_ONE)
    for _ in range(whole):
        product = product * inverse >> _BITS
    return (product + (1 << (_BITS - 63))) >> (_BITS - 62)


def _exponential(x: int) -> int:
    """`e^−x` for 0 <= x <= 1, both in parts of 2^128: the alternating series, to the last term that is not 0."""
    total = term = _ONE
    step = 0
    while term:
        step += 1
        term = term * x // (step << _BITS)
        total += term if step % 2 == 0 else -term
    return total


class Ema(Struct, frozen=True):
    """A moving average so far: its two sums (sample · µs, µs) and when it was sampled last (ns since the epoch)."""

    numerator: int = 0
    denominator: int = 0
    sampled_ns: int = 0


def begun(value: int, *, time_ns: int, tau_ms: int, interval_ms: int) -> Ema:
    """The average of samples that have been `value` for ever, one each interval, the last of them now.

    The denominator is what it settles at, t / (1 − e^(−t/τ)): the first samples that follow weigh what later ones do.
    """
    elapsed, tau = interval_ms * MILLISECOND // _MICROSECOND, tau_ms * MILLISECOND // _MICROSECOND
    denominator = nearest(elapsed * DECAY_ONE, DECAY_ONE - decay(elapsed, tau))
    return Ema(value * denominator, denominator, time_ns)


def sampled(ema: Ema, sample: int, *, time_ns: int, tau_ms: int, gap_ms_max: int) -> Ema:
    """The average with one more sample, which stands for the time since the one before, at most for `gap_ms_max`.

    Time beyond that passes for the average as if it had not: after a gap, one sample does not count for all of it.
    """
    elapsed = min(time_ns - ema.sampled_ns, gap_ms_max * MILLISECOND) // _MICROSECOND
    if elapsed <= 0:
        return ema
    kept = decay(elapsed, tau_ms * MILLISECOND // _MICROSECOND)
    return Ema(
        nearest(ema.numerator * kept, DECAY_ONE) + sample * elapsed,
        nearest(ema.denominator * kept, DECAY_ONE) + elapsed,
        time_ns,
    )


def average(ema: Ema, *, scale: int = 1) -> int:
    """The average, divided by `scale`, to the nearest integer; the average has begun."""
    return nearest(ema.numerator, ema.denominator * scale)
