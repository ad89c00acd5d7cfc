"""Stressed paths of marks: correlated, fat-tailed, with gaps. All integers, and so the same on every machine.

A path is a function of (seed, number): its randomness is read from SHAKE-256 of the two, and nothing else is random.

| part | in each step |
|---|---|
| normals | twelve 16-bit draws each, made correlated by a Cholesky factor in fixed point |
| fat tails | in one step of five the volatility is three times what it is calibrated to |
| gaps | in one step of a hundred everything jumps, by 4 to 12 % times its gap rate; two in three are falls |
| futures | a basis that wanders, comes back, and in a gap moves with it by up to 1.5 % |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import shake_256
from math import isqrt
from typing import Final

from crossbook.commands import RATE_ONE

STEPS: Final = 24
"""Steps of a path, an hour each."""
_HOURS_PER_YEAR: Final = 24 * 365
_FINE: Final = 1_000_000
"""Prices walk in millionths of a tick: a thousand roundings are not worth one."""
_DRAW: Final = 1 << 16
_NORMAL_DRAWS: Final = 12
_WILD_IN_1000: Final = 200
_WILD_TIMES: Final = 3
_GAP_IN_1000: Final = 10
_GAP_LEAST: Final = 40_000_000
_GAP_SPREAD: Final = 80_000_000
_GAP_BASIS: Final = 15_000_000
_BASIS_STEP: Final = 500_000
_BASIS_RETURN: Final = 20
"""The part of its distance from where it began that a basis comes back in a step is one in so many."""
_FALL_MOST: Final = -950_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """What the marks of an underlying move by.

    Attributes:
        volatility_rate: of a year, in parts per 10^9.
        gap_rate: what a gap does to it, of what it does to the market.
        markets: its markets as (market, first mark in ticks); the first is the spot, others have a basis.
    """

    volatility_rate: int
    gap_rate: int
    markets: tuple[tuple[int, int], ...]

    @property
    def hourly_rate(self) -> int:
        """The volatility of an hour."""
        return isqrt(self.volatility_rate**2 // _HOURS_PER_YEAR)


class _Draws:
    """16-bit draws in a row."""

    def __init__(self, label: str, count: int) -> None:
        self._bytes = shake_256(label.encode()).digest(2 * count)
        self._at = 0

    def below(self, bound: int) -> int:
        """A whole number from 0 up to the bound, of 65,536 that are equally likely."""
        at, self._at = self._at, self._at + 2
        return int.from_bytes(self._bytes[at : at + 2], "big") * bound // _DRAW

    def normal(self) -> int:
        """A sum of twelve uniform draws, of mean 0 and variance 1, in parts per 10^9."""
        at, self._at = self._at, self._at + 2 * _NORMAL_DRAWS
        total = sum(int.from_bytes(self._bytes[place : place + 2], "big") for place in range(at, self._at, 2))
        return (2 * total - _NORMAL_DRAWS * (_DRAW - 1)) * RATE_ONE // (2 * _DRAW)


def cholesky(correlation: Sequence[Sequence[int]]) -> list[list[int]]:
    """The lower factor of a correlation matrix, both in parts per 10^9, every division floored."""
    factor: list[list[int]] = []
    for index, line in enumerate(correlation):
        row: list[int] = []
        for column in range(index):
            known = sum(row[k] * factor[column][k] for k in range(column))
            row.append((line[column] * RATE_ONE - known) // factor[column][column])
        row.append(isqrt(line[index] * RATE_ONE - sum(entry * entry for entry in row)))
        factor.append(row)
    return factor


class Paths:
    """All paths of a seed."""

    def __init__(self, sources: Sequence[Source], correlation: Sequence[Sequence[int]], *, seed: int) -> None:
        self._sources = tuple(sources)
        self._factor = cholesky(correlation)
        self._seed = seed
        self.markets: Final = sum(len(source.markets) for source in sources)

    def path(self, number: int) -> Iterator[list[int]]:
        """The marks after each step, in ticks, in the order of market ids."""
        futures = self.markets - len(self._sources)
        per_step = self.markets * _NORMAL_DRAWS + 4 + futures
        draws = _Draws(f"crossbook stressed path {self._seed}/{number}", STEPS * per_step)
        spots = [source.markets[0][1] * _FINE for source in self._sources]
        bases = [[mark * RATE_ONE // source.markets[0][1] for _, mark in source.markets] for source in self._sources]
        firsts = [list(line) for line in bases]
        for _ in range(STEPS):
            gap = self._step(draws, spots)
            for line, first in zip(bases, firsts, strict=True):
                for index in range(1, len(line)):
                    drawn = _BASIS_STEP * draws.normal() // RATE_ONE
                    line[index] += drawn - (line[index] - first[index]) // _BASIS_RETURN
                    line[index] += gap * draws.below(_GAP_BASIS)
            yield self._marks(spots, bases)

    def _step(self, draws: _Draws, spots: list[int]) -> int:
        """Moves the spots; returns 1 or -1 if there was a gap, else 0."""
        times = _WILD_TIMES if draws.below(1_000) < _WILD_IN_1000 else 1
        normals = [draws.normal() for _ in spots]
        gap = 0 if draws.below(1_000) >= _GAP_IN_1000 else 1 if draws.below(3) == 0 else -1
        jump = gap * (_GAP_LEAST + draws.below(_GAP_SPREAD)) if gap else 0
        for index, source in enumerate(self._sources):
            related = sum(rate * normal for rate, normal in zip(self._factor[index], normals, strict=False)) // RATE_ONE
            move = times * source.hourly_rate * related // RATE_ONE + jump * source.gap_rate // RATE_ONE
            spots[index] += spots[index] * max(move, _FALL_MOST) // RATE_ONE
        return gap

    def _marks(self, spots: Sequence[int], bases: Sequence[Sequence[int]]) -> list[int]:
        marks = [0] * self.markets
        for source, spot, line in zip(self._sources, spots, bases, strict=True):
            for (market, _), basis in zip(source.markets, line, strict=True):
                marks[market - 1] = max(1, spot * basis // RATE_ONE // _FINE)
        return marks
