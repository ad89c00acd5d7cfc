"""Scenario tables for portfolio margin, from volatilities and correlations: integers, the same on every machine.

```python
from crossbook.scenarios import Underlying, portfolio_commands

commands = portfolio_commands(
    [Underlying(group=1, volatility="0.6", marks={1: 128_000, 4: 129_500}), Underlying(2, "0.8", {2: 64_000})],
    correlation=[["1", "0.85"], ["0.85", "1"]],
)
venue.submit(commands, origin=Origin.OPERATOR)
```

What each step is, and whose:

| step | formula | known from |
|---|---|---|
| range | `deviations * volatility * sqrt(horizon / year)` of the price | the square root of time |
| grid | parts of the range, each at a lower and a higher volatility | the price and volatility scans of SPAN (CME) |
| tails | a move far beyond the range, of which a share is charged | SPAN's extreme moves |
| pairs | correlations, also shifted towards one and towards zero | the three correlation cases of Basel's MAR21 |

A perpetual or a future is worth its price, so that a volatility move matters only by making price moves larger or
smaller: a part `m` of the range at a volatility move `v` is a price move of `m * (1 + v)` ranges. Of instruments that
move by the same part, only the largest charged move either way can be the worst: with the default grid 35 % of a move
of four ranges. The inner ones matter once tables differ in shape.

Nothing is a float. The range is the least rate (parts per 10^9) not below the exact root; a move in ticks is rounded
away from zero, and a fall ends at a price of zero. One table serves long and short alike, so an outright position is
charged up to a tick a lot too much, never too little; of a hedge each leg is rounded: what the basis rate is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Final, TypeAlias

from crossbook.commands import (
    RATE_ONE,
    Command,
    Correlation,
    SetBasis,
    SetCorrelations,
    SetGroup,
    SetScenarios,
)
from crossbook.errors import InputError
from crossbook.quantities import Number, exact, to_rate

DAY_NS: Final = 86_400_000_000_000
YEAR_NS: Final = 365 * DAY_NS
SCENARIOS_MAX: Final = 32
"""The most scenarios a market may have."""

Part: TypeAlias = Fraction | Number
"""A part of something: a Fraction, or a number as everywhere."""
Matrix: TypeAlias = Sequence[Sequence[Number]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One column of the tables: a price move in ranges, at a volatility move, of which a share is charged."""

    move: Fraction
    volatility_move: Fraction
    share: Fraction

    @property
    def ranges(self) -> Fraction:
        """What is charged, in ranges of the price."""
        return self.move * (1 + self.volatility_move) * self.share

    def __str__(self) -> str:
        charged = f", {self.share} of it charged" if self.share != 1 else ""
        volatility = f" at volatility {_signed(self.volatility_move)}" if self.volatility_move else ""
        return f"{_signed(self.move)} ranges{volatility}{charged}"


@dataclass(frozen=True, slots=True)
class Grid:
    """The scenarios that every underlying goes through.

    Attributes:
        moves: parts of the range, each taken up and down.
        volatility_moves: relative moves of the volatility, each taken with every price move.
        tails: moves beyond the range as pairs of (multiple of the range, share of the move that is charged).
    """

    moves: tuple[Part, ...] = (Fraction(1, 3), Fraction(2, 3), 1)
    volatility_moves: tuple[Part, ...] = (Fraction(-1, 4), Fraction(1, 4))
    tails: tuple[tuple[Part, Part], ...] = ((4, Fraction(35, 100)),)

    def scenarios(self) -> tuple[Scenario, ...]:
        """All scenarios in the order of the tables; an explanation counts them from 1.

        Raises:
            InputError: `too_many_scenarios`, and `not_a_number` or `float_refused` for a part.
        """
        one = Fraction(1)
        grid = [
            Scenario(sign * _part(move, "moves"), _part(volatility, "volatility_moves"), one)
            for move in self.moves
            for volatility in self.volatility_moves
            for sign in (1, -1)
        ]
        tails = [
            Scenario(sign * _part(multiple, "tails"), Fraction(0), _part(share, "tails"))
            for multiple, share in self.tails
            for sign in (1, -1)
        ]
        if len(grid) + len(tails) > SCENARIOS_MAX:
            raise InputError(
                f"the grid has {len(grid) + len(tails)} scenarios",
                code="too_many_scenarios",
                values={"scenarios": len(grid) + len(tails), "scenarios_max": SCENARIOS_MAX},
                hint="give fewer price moves, volatility moves or tails",
            )
        return tuple(grid + tails)


@dataclass(frozen=True, slots=True)
class Underlying:
    """What several markets have in common.

    Attributes:
        group: its number, 1 to 64.
        volatility: of a year, as a rate: `"0.6"` is 60 %.
        marks: the present mark of each of its markets, in ticks, by market id.
        basis_rate: charged on the smaller side of what is long and short within the group.
    """

    group: int
    volatility: Number
    marks: Mapping[int, int]
    basis_rate: Number = 0


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far a price may go: `deviations` standard deviations in `length_ns`."""

    length_ns: int = DAY_NS
    deviations: Part = 3

    def range_rate(self, volatility: Number) -> int:
        """The range of a price, in parts per 10^9 of it: the least whole number not below the exact root."""
        deviation = _part(self.deviations, "deviations") * to_rate(volatility, field="volatility")
        return _ceil_sqrt(deviation * deviation * Fraction(self.length_ns, YEAR_NS))


DEFAULT_GRID: Final = Grid()
DEFAULT_HORIZON: Final = Horizon()


@dataclass(frozen=True, slots=True)
class Offsets:
    """How far a loss in one underlying may be set off against a gain in another.

    Attributes:
        cap: the most, whatever the correlation; one for all pairs, or a matrix in the order of the underlyings.
        towards_one: how far correlations are shifted towards one, and
        towards_zero: towards zero, before the worst case of the three is taken.
    """

    cap: Number | Matrix = "0.9"
    towards_one: Number = "0.25"
    towards_zero: Number = "0.25"


DEFAULT_OFFSETS: Final = Offsets()


def moves(mark: int, range_rate: int, grid: Grid = DEFAULT_GRID) -> tuple[int, ...]:
    """The moves of a market in ticks, in the order of the scenarios: away from zero, and to a price of zero at most."""
    found = []
    for scenario in grid.scenarios():
        exact_ticks = mark * scenario.ranges * range_rate / RATE_ONE
        ticks = -(-abs(exact_ticks).numerator // exact_ticks.denominator)
        found.append(ticks if exact_ticks > 0 else -min(ticks, mark))
    return tuple(found)


def group_commands(underlyings: Sequence[Underlying]) -> list[Command]:
    """Puts markets into groups and sets what a group's basis is charged. This clears the tables of these markets."""
    commands: list[Command] = []
    for underlying in underlyings:
        commands += [SetGroup(market, underlying.group) for market in sorted(underlying.marks)]
        commands.append(SetBasis(underlying.group, to_rate(underlying.basis_rate, field="basis_rate")))
    return commands


def scenario_commands(
    underlyings: Sequence[Underlying], *, grid: Grid = DEFAULT_GRID, horizon: Horizon = DEFAULT_HORIZON
) -> list[Command]:
    """The tables of all markets. Send them again when marks or volatilities have moved; the grid must stay as large."""
    return [
        SetScenarios(market, moves(mark, horizon.range_rate(underlying.volatility), grid))
        for underlying in underlyings
        for market, mark in sorted(underlying.marks.items())
    ]


def correlation_commands(
    groups: Sequence[int], correlation: Matrix, *, offsets: Offsets = DEFAULT_OFFSETS
) -> list[Command]:
    """The pairs of a correlation matrix in the order of `groups`; pairs without correlation are left out.

    Raises:
        InputError: `not_a_correlation`: not square, not symmetric, a diagonal other than one, an entry beyond one, or
            a matrix that no quantities can have (a combination of them would have a negative variance).
    """
    rates = _rates(correlation, len(groups))
    caps = _caps(offsets.cap, len(groups))
    pairs = []
    for (index, one), (other_index, other) in _index_pairs(groups):
        if rates[index][other_index]:
            pairs.append(Correlation(one, other, rates[index][other_index], caps[index][other_index]))
    shift = to_rate(offsets.towards_one, field="towards_one"), to_rate(offsets.towards_zero, field="towards_zero")
    return [SetCorrelations(*shift, tuple(sorted(pairs, key=lambda pair: (pair.group_a, pair.group_b))))]


def portfolio_commands(
    underlyings: Sequence[Underlying],
    *,
    correlation: Matrix | None = None,
    grid: Grid = DEFAULT_GRID,
    horizon: Horizon = DEFAULT_HORIZON,
    offsets: Offsets = DEFAULT_OFFSETS,
) -> list[Command]:
    """Groups, tables and correlations, to be submitted together; without a matrix underlyings are unrelated."""
    groups = [underlying.group for underlying in underlyings]
    unrelated = [[int(row == column) for column in groups] for row in groups]
    return [
        *group_commands(underlyings),
        *scenario_commands(underlyings, grid=grid, horizon=horizon),
        *correlation_commands(groups, unrelated if correlation is None else correlation, offsets=offsets),
    ]


def _index_pairs(groups: Sequence[int]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Each pair of groups once, the lower group first, with their indexes."""
    numbered = sorted(enumerate(groups), key=lambda item: item[1])
    for at, first in enumerate(numbered):
        for second in numbered[at + 1 :]:
            yield first, second


def _rates(matrix: Matrix, size: int) -> list[list[int]]:
    rates = [[to_rate(entry, field="correlation") for entry in row] for row in matrix]
    if len(rates) != size or any(len(row) != size for row in rates):
        raise _not_a_correlation(f"it is not {size} by {size}")
    for row, line in enumerate(rates):
        for column, entry in enumerate(line):
            if entry != rates[column][row]:
                raise _not_a_correlation(f"entries {row + 1}, {column + 1} and {column + 1}, {row + 1} differ")
            if abs(entry) > RATE_ONE or (row == column and entry != RATE_ONE):
                raise _not_a_correlation(f"entry {row + 1}, {column + 1} is not a correlation")
    if not _is_positive(rates):
        raise _not_a_correlation("a combination would have a negative variance")
    return rates


def _is_positive(rates: list[list[int]]) -> bool:
    """Whether a symmetric matrix is positive semidefinite, decided exactly by elimination."""
    rows = [[Fraction(entry) for entry in row] for row in rates]
    for pivot, line in enumerate(rows):
        if line[pivot] < 0 or (line[pivot] == 0 and any(line[pivot:])):
            return False
        if line[pivot] == 0:
            continue
        for lower in rows[pivot + 1 :]:
            factor = lower[pivot] / line[pivot]
            for column in range(pivot, len(line)):
                lower[column] -= factor * line[column]
    return True


def _caps(cap: Number | Matrix, size: int) -> list[list[int]]:
    if isinstance(cap, Sequence) and not isinstance(cap, str):
        caps = [[to_rate(entry, field="offset_cap") for entry in row] for row in cap]
        if len(caps) == size and all(len(row) == size for row in caps):
            return caps
        raise _not_a_correlation(f"the offset caps are not {size} by {size}")
    return [[to_rate(cap, field="offset_cap")] * size for _ in range(size)]


def _not_a_correlation(why: str) -> InputError:
    return InputError(
        f"this is no correlation matrix: {why}",
        code="not_a_correlation",
        values={"why": why},
        hint="it is square and symmetric, with ones on the diagonal, and positive semidefinite",
    )


def _part(value: Part, name: str) -> Fraction:
    return value if isinstance(value, Fraction) else Fraction(exact(value, field=name))


def _ceil_sqrt(value: Fraction) -> int:
    """The least whole number whose square is not below the value."""
    whole = -(-value.numerator // value.denominator)
    root = isqrt(whole)
    return root if root * root == whole else root + 1


def _signed(value: Fraction) -> str:
    return f"{'+' if value > 0 else ''}{value}"
