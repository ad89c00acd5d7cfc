"""docs/capital_efficiency.md is what the study finds, on every machine."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from crossbook.cli import main
from crossbook.commands import RATE_ONE
from crossbook.demo.market import venue_config
from crossbook.scenarios import Grid, Horizon
from crossbook.study.efficiency import (
    BASIS_RATE,
    CORRELATION,
    MAINTENANCE_RATE,
    OFFSET_CAP,
    VOLATILITIES,
    Study,
    Way,
    efficiency,
)
from crossbook.study.paths import STEPS, Paths, Source, cholesky
from crossbook.study.report import tables

PAGE = Path(__file__).resolve().parents[2] / "docs" / "capital_efficiency.md"


@pytest.fixture(scope="module")
def study() -> Study:
    return efficiency()


def test_the_tables_of_the_page_are_those_of_the_study(study: Study) -> None:
    page = PAGE.read_text()
    assert [table for table in tables(study).strip().split("\n\n") if table not in page] == []
    assert f"{study.paths:,} paths of {STEPS} hours" in page


def test_what_the_page_says_went_in_went_in() -> None:
    page = " ".join(PAGE.read_text().split())
    tiers = [(tier.lower_bound, tier.initial_rate, tier.maintenance_rate) for tier in venue_config().markets[0].tiers]
    assert all(initial == 2 * maintenance for _, initial, maintenance in tiers)
    assert [(lower, 100 * initial) for lower, initial, _ in tiers] == [(0, 2), (250_000, 4), (1_000_000, 10)]
    assert "2 % initial up to 250,000, 4 % up to 1 million, 10 % beyond, maintenance half of it" in page
    assert VOLATILITIES == ("0.55", "0.75", "0.95")
    assert "annual volatilities of 55, 75 and 95 %" in page
    grid = Grid()
    assert (Horizon().deviations, max(grid.volatility_moves), grid.tails) == (
        3,
        Fraction(1, 4),
        ((4, Fraction(35, 100)),),
    )
    assert "three deviations of a day and up to a quarter more, and 35 % of a move four times as far" in page
    assert (CORRELATION[0][1:], CORRELATION[1][2]) == (("0.85", "0.75"), "0.8")
    assert (OFFSET_CAP, BASIS_RATE, MAINTENANCE_RATE) == ("0.8", "0.015", "0.8")
    assert (
        "correlations of 0.85, 0.75 and 0.8, an offset cap of 80 %, a basis charge of 1.5 %, and a maintenance of 80 %"
        in page
    )


def test_a_pool_that_stands_alone_is_the_same_isolated_or_cross(study: Study) -> None:
    alone = next(line for line in study.lines if len(line.portfolio.positions) == 1)
    isolated, cross, _ = alone.copies
    assert (isolated.requirement, isolated.held, isolated.closed) == (cross.requirement, cross.held, cross.closed)


def test_standing_together_never_leaves_more_unpaid_at_the_end(study: Study) -> None:
    for line in study.lines:
        isolated, cross, _ = line.copies
        assert (isolated.way, cross.way) == (Way.ISOLATED, Way.CROSS)
        assert isolated.requirement == cross.requirement
        assert cross.held.total <= isolated.held.total
        assert isolated.lost == cross.lost == line.copies[2].lost


def test_portfolio_margin_is_nearer_to_what_positions_lose_but_for_one_book(study: Study) -> None:
    nearer = set()
    for line in study.lines:
        _, cross, portfolio = (abs(copy.requirement - line.lost_at_most(99)) for copy in line.copies)
        nearer |= {line.portfolio.name} if portfolio < cross else set()
    assert {line.portfolio.name for line in study.lines} - nearer == {"dispersion book"}


def test_losses_are_those_beyond_the_requirement(study: Study) -> None:
    """An unpaid loss is by how much positions lose more than the pool had: no other formula for it."""
    for line in study.lines:
        for copy in line.copies[1:]:
            unpaid = [max(0, lost - copy.requirement) for lost in copy.lost]
            assert copy.held.total == sum(unpaid)
            assert copy.held.worst == max(unpaid)
            assert copy.held.paths == sum(loss > 0 for loss in unpaid)


def test_the_command_says_the_same(study: Study) -> None:
    shown = CliRunner().invoke(main, ["study", "efficiency", "--paths", "3", "--json"])
    assert shown.exit_code == 0
    document = json.loads(shown.stdout)
    assert (document["paths"], len(document["portfolios"])) == (3, len(study.lines))
    found = {entry["name"]: entry["ways"]["portfolio"]["requirement"] for entry in document["portfolios"]}
    assert found == {line.portfolio.name: line.copies[2].requirement for line in study.lines}
    assert "| basis desk |" in CliRunner().invoke(main, ["study", "efficiency", "--paths", "1"]).stdout


def source(*markets: tuple[int, int]) -> Source:
    return Source(500_000_000, RATE_ONE, markets)


def test_a_path_is_its_seed_and_number_and_nothing_else() -> None:
    first = Paths([source((1, 10_000), (2, 10_100))], [[RATE_ONE]], seed=1)
    again, other = (Paths([source((1, 10_000), (2, 10_100))], [[RATE_ONE]], seed=seed) for seed in (1, 2))
    list(first.path(5))
    assert list(first.path(3)) == list(again.path(3))
    assert list(first.path(3)) != list(other.path(3))
    assert len(list(first.path(0))) == STEPS


def test_what_is_perfectly_correlated_moves_together() -> None:
    paths = Paths([source((1, 10**8)), source((2, 10**8))], [[RATE_ONE, RATE_ONE], [RATE_ONE, RATE_ONE]], seed=1)
    assert all(one == other for number in range(20) for one, other in paths.path(number))


def test_the_factor_of_a_correlation_gives_it_back() -> None:
    correlation = [[RATE_ONE, 850_000_000], [850_000_000, RATE_ONE]]
    (a, b), (c, d) = (row + [0] * (2 - len(row)) for row in cholesky(correlation))
    assert (a, b) == (RATE_ONE, 0)
    assert [a * c // RATE_ONE, c * c + d * d <= RATE_ONE**2 < c * c + (d + 1) ** 2] == [850_000_000, True]
