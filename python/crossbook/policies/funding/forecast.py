"""What an epoch comes to: from an average premium to a rate, with what bounded it. The formula is the kernel's."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from crossbook import formulas

_UNBOUNDED: Final = 1 << 62
"""No rate is as large."""


class Terms(Struct, frozen=True):
    """How a premium becomes a rate, as in `crossbook.formulas.funding_rate`; all in parts per 10^9 but the divisor."""

    scaling_rate: int
    interest_rate: int
    band_rate: int
    lower_rate: int
    upper_rate: int
    divisor: int


class Forecast(Struct, frozen=True):
    """What an epoch would come to if it ended with what it has; rates and premiums in parts per 10^9.

    Attributes:
        rate: what would be paid per unit of notional; 0 with too few samples.
        average_premium: of the samples.
        samples: how many there are (of a time-weighted policy: milliseconds that count).
        missed: how many are not, of those that were due.
        clamped: whether the premium is further from the interest than the band, which then bounds the pull.
        capped: whether a bound of the rate decides.
        enough: whether there are samples enough for a payment.
        ends_ns: when the epoch ends, and is paid (ns since the epoch).
    """

    rate: int
    average_premium: int
    samples: int
    missed: int
    clamped: bool
    capped: bool
    enough: bool
    ends_ns: int


def foresee(
    terms: Terms, average_premium: int, *, samples: int, missed: int, samples_min: int, ends_ns: int
) -> Forecast:
    """The forecast of an average premium."""
    scaled = formulas.funding_rate(
        average_premium, scaling_rate=terms.scaling_rate, lower_rate=-_UNBOUNDED, upper_rate=_UNBOUNDED
    )
    unbounded = _rate(terms, average_premium, -_UNBOUNDED, _UNBOUNDED, 1)
    enough = samples >= samples_min
    rate = _rate(terms, average_premium, terms.lower_rate, terms.upper_rate, terms.divisor)
    return Forecast(
        rate=rate if enough else 0,
        average_premium=average_premium,
        samples=samples,
        missed=missed,
        clamped=terms.band_rate > 0 and abs(terms.interest_rate - scaled) > terms.band_rate,
        capped=not terms.lower_rate <= unbounded <= terms.upper_rate,
        enough=enough,
        ends_ns=ends_ns,
    )


def _rate(terms: Terms, premium: int, lower_rate: int, upper_rate: int, divisor: int) -> int:
    return formulas.funding_rate(
        premium,
        scaling_rate=terms.scaling_rate,
        interest_rate=terms.interest_rate,
        band_rate=terms.band_rate,
        lower_rate=lower_rate,
        upper_rate=upper_rate,
        epochs=divisor,
    )
