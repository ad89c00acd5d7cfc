"""Scenario tables are built from volatility and correlation, in integers, and the kernel takes them as they are."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest
from tests.python.worlds import make_venue, market

from crossbook.commands import (
    RATE_ONE,
    Correlation,
    MarginMode,
    Origin,
    SetBasis,
    SetCorrelations,
    SetGroup,
    SetMarginMode,
    SetPortfolio,
    SetScenarios,
)
from crossbook.errors import InputError
from crossbook.scenarios import (
    DAY_NS,
    YEAR_NS,
    Grid,
    Horizon,
    Offsets,
    Scenario,
    Underlying,
    correlation_commands,
    moves,
    portfolio_commands,
)

BTC = Underlying(group=1, volatility="0.6", marks={1: 128_000, 2: 129_500}, basis_rate="0.001")
ETH = Underlying(group=2, volatility="0.8", marks={3: 64_000})
RELATED = [["1", "0.85"], ["0.85", "1"]]


def test_the_range_is_the_square_root_of_time() -> None:
    assert Horizon(YEAR_NS, 1).range_rate("0.6") == 600_000_000
    assert Horizon(YEAR_NS // 4, 2).range_rate("0.6") == 600_000_000
    with localcontext(prec=40):
        exact = 3 * Decimal("0.6") * Decimal(DAY_NS) ** Decimal("0.5") / Decimal(YEAR_NS) ** Decimal("0.5") * RATE_ONE
    assert exact < Horizon(DAY_NS, 3).range_rate("0.6") < exact + 1


def test_the_grid_goes_up_and_down_at_either_volatility_and_ends_in_damped_tails() -> None:
    scenarios = Grid().scenarios()
    assert len(scenarios) == 3 * 2 * 2 + 2
    assert [str(scenario) for scenario in (scenarios[0], scenarios[-1])] == [
        "+1/3 ranges at volatility -1/4",
        "-4 ranges, 7/20 of it charged",
    ]
    assert scenarios[-1] == Scenario(Fraction(-4), Fraction(0), Fraction(35, 100))
    assert max(scenario.ranges for scenario in scenarios) == Fraction(7, 5)
    with pytest.raises(InputError, match="34 scenarios"):
        Grid(moves=tuple(range(1, 9))).scenarios()
    with pytest.raises(InputError, match="float"):
        Grid(moves=(0.5,)).scenarios()  # type: ignore[arg-type]


def test_moves_are_rounded_away_from_zero_and_no_price_falls_below_it() -> None:
    halves = Grid(moves=("0.5",), volatility_moves=(0,), tails=((30, 1),))
    assert moves(1_001, 100_000_000, halves) == (51, -51, 3_003, -1_001)


def test_the_commands_are_those_the_kernel_takes(tmp_path: Path) -> None:
    commands = portfolio_commands([BTC, ETH], correlation=RELATED)
    assert commands[:5] == [SetGroup(1, 1), SetGroup(2, 1), SetBasis(1, 1_000_000), SetGroup(3, 2), SetBasis(2, 0)]
    assert [command.market for command in commands if isinstance(command, SetScenarios)] == [1, 2, 3]
    assert commands[-1] == SetCorrelations(RATE_ONE // 4, RATE_ONE // 4, (Correlation(1, 2, 850_000_000, 900_000_000),))
    markets = [market(name, mark=mark) for name, mark in (("A", 64_000), ("B", 64_750), ("C", 32_000))]
    with make_venue(tmp_path / "venue", *markets) as venue:
        venue.submit(commands, origin=Origin.OPERATOR).raise_if_rejected()
        venue.submit(SetPortfolio(1, 800_000_000, 1)).raise_if_rejected()
        venue.submit(SetMarginMode(1, MarginMode.PORTFOLIO)).raise_if_rejected()
        venue.place(account=2, market="A", side="sell", price=64_000, size="0.1").raise_if_rejected()
        venue.place(account=1, market="A", side="buy", price=64_000, size="0.1").raise_if_rejected()
        worst = min(moves(128_000, Horizon().range_rate("0.6")))
        assert venue.account(1).pool("USDC").requirement == -worst * Decimal("0.05")


@pytest.mark.parametrize(
    ("matrix", "why"),
    [
        ([["1", "0.5"]], "not 2 by 2"),
        ([["1", "0.5"], ["0.4", "1"]], "differ"),
        ([["1", "1.5"], ["1.5", "1"]], "is not a correlation"),
        ([["0.9", "0"], ["0", "1"]], "is not a correlation"),
    ],
)
def test_what_is_no_correlation_is_refused(matrix: list[list[str]], why: str) -> None:
    with pytest.raises(InputError, match=why):
        correlation_commands([1, 2], matrix)


def test_correlations_that_cannot_be_are_refused() -> None:
    """One cannot move with two others that move against each other."""

    def triangle(entry: str) -> list[list[str]]:
        return [["1", "0.9", "0.9"], ["0.9", "1", entry], ["0.9", entry, "1"]]

    with pytest.raises(InputError, match="negative variance"):
        correlation_commands([1, 2, 3], triangle("0.6"))
    (command,) = correlation_commands([3, 1, 2], triangle("0.62"), offsets=Offsets(cap="0.5"))
    assert isinstance(command, SetCorrelations)
    named = [(pair.group_a, pair.group_b, pair.correlation_rate) for pair in command.pairs]
    assert named == [(1, 2, 620_000_000), (1, 3, 900_000_000), (2, 3, 900_000_000)]
    correlation_commands([1, 2], [["1", "1"], ["1", "1"]])  # the same thing twice
