"""Volatilities and correlations of sampled marks, with pandas and scikit-learn, rounded to coarse integers.

| step | formula | known from |
|---|---|---|
| returns | `ln(mark / mark before)` | |
| covariance | `E[x y]` without a mean, weights halving every `half_life` samples | RiskMetrics (J.P. Morgan, 1996) |
| volatility | the root of the variance of a sample, times `sqrt(year / sample)` | the square root of time |
| shrinkage | `(1 - d) C + d I` of the correlations, `d` from the standardised returns | Ledoit and Wolf (2004) |

Marks go in as integers and rates come out as integers, whole multiples of a step. Machines may differ in the last bits
of a logarithm or of a sum, in a part of 10^13 or so; a result differs only where that part straddles the border of two
steps. Results that markets do have exactly (no volatility, a correlation of one) lie in the middle between borders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
from msgspec import Struct
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf_shrinkage, shrunk_covariance

from crossbook.commands import RATE_ONE
from crossbook.scenarios import YEAR_NS

Matrix: TypeAlias = NDArray[np.float64]


class Sampling(Struct, frozen=True):
    """How marks were sampled, and how coarse the results are.

    Attributes:
        sample_ns: from one sample to the next.
        half_life: after how many samples a sample counts half.
        volatility_step: volatilities are whole multiples of this (parts per 10^9).
        correlation_step: correlations are.
    """

    sample_ns: int
    half_life: int
    volatility_step: int
    correlation_step: int


class Estimate(Struct, frozen=True):
    """What samples say.

    `volatilities` (parts per 10^9 of the price, for a year) by market; `correlations` (parts per 10^9) by pair of
    markets, the lower first; `shrinkage_rate` is how far they were moved towards zero (parts per 10^9, in whole
    thousandths).
    """

    volatilities: dict[int, int]
    correlations: dict[tuple[int, int], int]
    shrinkage_rate: int


def estimate(samples: Mapping[int, Sequence[int]], sampling: Sampling) -> Estimate:
    """What the last samples of markets say, which all have at least two; the shortest series says how many count."""
    markets = sorted(samples)
    length = min(len(samples[market]) for market in markets)
    marks = np.array([samples[market][-length:] for market in markets], dtype=np.float64)
    returns = np.diff(np.log(marks))
    covariance = _covariance(returns, sampling.half_life)
    deviations = np.sqrt(np.diag(covariance))
    year = (YEAR_NS / sampling.sample_ns) ** 0.5
    volatilities = {
        market: _rounded(float(deviation) * year, sampling.volatility_step)
        for market, deviation in zip(markets, deviations, strict=True)
    }
    moving = [row for row, deviation in enumerate(deviations) if deviation > 0]
    if len(moving) < 2:
        return Estimate(volatilities, {}, 0)
    standard = returns[moving] / deviations[moving, np.newaxis]
    correlation = covariance[np.ix_(moving, moving)] / np.outer(deviations[moving], deviations[moving])
    shrinkage = float(ledoit_wolf_shrinkage(standard.T, assume_centered=True))
    shrunk = shrunk_covariance(correlation, shrinkage=shrinkage)
    pairs = {
        (markets[one], markets[other]): _rounded(float(shrunk[row, column]), sampling.correlation_step)
        for row, one in enumerate(moving)
        for column, other in enumerate(moving)
        if row < column
    }
    correlations = {pair: rate for pair, rate in pairs.items() if rate}
    return Estimate(volatilities, correlations, _rounded(shrinkage, RATE_ONE // 1_000))


def _covariance(returns: Matrix, half_life: int) -> Matrix:
    """The weighted covariance of returns (markets by samples), the last sample weighing most."""
    size = len(returns)
    covariance = np.zeros((size, size))
    for row in range(size):
        products = pd.DataFrame((returns[row] * returns[: row + 1]).T)
        covariance[row, : row + 1] = covariance[: row + 1, row] = products.ewm(halflife=half_life).mean().iloc[-1]
    return covariance


def _rounded(value: float, step: int) -> int:
    """The multiple of a step (parts per 10^9) that is nearest to a value."""
    return round(value * RATE_ONE / step) * step
