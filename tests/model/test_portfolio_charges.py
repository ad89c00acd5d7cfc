"""Portfolio charges worked out by hand, and what must hold for any portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.arithmetic import RATE_ONE, ceil_sqrt
from tests.model.portfolio_charges import (
    Charges,
    Leg,
    Loss,
    Matrices,
    Pair,
    basis_charge,
    charges,
    concentration_charge,
    funding_provision,
    losses_by_group,
    orders_charge,
    scenario_charge,
    worst_loss,
)

UP_AND_DOWN = (-20, -10, 0, 10, 20)
HALF = RATE_ONE // 2


def leg(lots: int, *, group: int = 1, moves: tuple[int, ...] = UP_AND_DOWN, **more: int) -> Leg:
    """A position marked at 100 without open orders."""
    return Leg(group, lots, more.pop("worst", abs(lots)), 100, 1, moves, **more)


def test_the_worst_loss_is_the_worst_of_all_scenarios() -> None:
    assert worst_loss([leg(3)]) == 60
    assert worst_loss([leg(-3)]) == 60
    assert worst_loss([leg(3, moves=(10, 20))]) == 0  # it gains in both
    assert worst_loss([leg(3), leg(-3)]) == 0
    assert worst_loss([leg(3), leg(-3, moves=(-15, -5, 0, 15, 25))]) == 15  # 3 · (15 − 10) and 3 · (25 − 20)


@pytest.mark.parametrize(
    ("signs", "correlation", "cap", "charge"),
    [
        ((1, 1), 0, 0, 500),  # 300 and 400 unrelated
        ((1, 1), RATE_ONE, 0, 700),  # together
        ((1, 1), HALF, 0, 609),  # √(250,000 + 120,000) = 608.3
        ((1, -1), HALF, 0, 500),  # opposite, and nothing may offset
        ((1, -1), HALF, HALF, 361),  # √(250,000 − 120,000) = 360.6
        ((1, -1), HALF, HALF // 2, 436),  # the cap: √(250,000 − 60,000) = 435.9
        ((1, 1), -HALF, HALF, 361),
        ((1, -1), -HALF, 0, 609),
        ((1, 0), HALF, HALF, 500),  # a group that is neither long nor short adds to nothing
    ],
)
def test_two_groups_come_together_by_their_correlation(
    signs: tuple[int, int], correlation: int, cap: int, charge: int
) -> None:
    losses = [Loss(1, 300, signs[0]), Loss(2, 400, signs[1])]
    assert scenario_charge(losses, Matrices(pairs={(1, 2): Pair(correlation, cap)})) == charge


def test_the_worst_of_three_matrices_counts() -> None:
    pairs = {(1, 2): Pair(HALF, HALF)}
    stressed = Matrices(towards_one_rate=HALF, towards_zero_rate=HALF, pairs=pairs)
    together, opposite = ([Loss(1, 300, 1), Loss(2, 400, sign)] for sign in (1, -1))
    assert scenario_charge(together, stressed) == 656  # correlation 0.75: √(250,000 + 180,000) = 655.7
    assert scenario_charge(opposite, stressed) == 436  # correlation 0.25: √(250,000 − 60,000)


def test_a_pair_that_is_not_listed_still_moves_towards_one() -> None:
    losses = [Loss(1, 300, 1), Loss(2, 400, 1)]
    assert scenario_charge(losses, Matrices(towards_one_rate=RATE_ONE)) == 700


def test_losses_beyond_any_money_are_added_up() -> None:
    losses = [Loss(1, 2**61, 1), Loss(2, 2**61 + 1, -1)]
    assert scenario_charge(losses, Matrices(pairs={(1, 2): Pair(RATE_ONE, RATE_ONE)})) == 2**62 + 1
    assert scenario_charge([Loss(1, 2**62, 1)], Matrices()) == 2**62


def test_a_calendar_spread_is_charged_for_its_basis() -> None:
    assert basis_charge([leg(5), leg(-3)], HALF // 5) == 30  # a tenth of the smaller side
    assert basis_charge([leg(5), leg(3)], HALF) == 0
    assert basis_charge([leg(1), leg(-1)], 1) == 1  # 10^-7, rounded up


def test_concentration_is_charged_beyond_a_threshold() -> None:
    assert concentration_charge(leg(-5, concentration_threshold=300, concentration_rate=HALF // 5)) == 20
    assert concentration_charge(leg(3, concentration_threshold=300, concentration_rate=HALF // 5)) == 0


def test_funding_is_provided_for_by_whoever_pays() -> None:
    assert funding_provision(leg(5, funding_rate=RATE_ONE // 100), 3) == 15
    assert funding_provision(leg(-5, funding_rate=RATE_ONE // 100), 3) == 0
    assert funding_provision(leg(-5, funding_rate=-RATE_ONE // 100), 3) == 15


def test_open_orders_are_charged_at_the_largest_move() -> None:
    assert orders_charge(leg(3, worst=8)) == 100
    assert orders_charge(leg(3, worst=8, moves=(-30, 20))) == 150


def test_all_terms_make_the_requirement_and_orders_no_maintenance() -> None:
    legs = [
        leg(5, worst=7, concentration_threshold=400, concentration_rate=HALF, funding_rate=RATE_ONE // 100),
        leg(-3, moves=(-30, -10, 0, 10, 25)),
    ]
    made = charges(legs, Matrices(), {1: RATE_ONE // 100}, 1)
    # Down 20 loses 100 and gains 90, down 10 loses 50 and gains 30, up 20 gains 100 and loses 75.
    assert made == Charges(scenario=20, basis=3, concentration=50, provision=5, orders=40)
    assert made.requirement() == 118
    assert made.maintenance(HALF) == 39
    assert made.maintenance(0) == 0


def test_margin_of_nothing_is_nothing() -> None:
    made = charges([], Matrices(RATE_ONE, RATE_ONE), {1: RATE_ONE}, 1_000)
    assert made == Charges(0, 0, 0, 0, 0)
    assert made.requirement() == made.maintenance(RATE_ONE) == 0


@dataclass(frozen=True)
class Setting:
    """Everything a portfolio is charged by."""

    matrices: Matrices
    basis_rates: Mapping[int, int]
    funding_epochs: int
    maintenance_rate: int

    def charge(self, legs: list[Leg]) -> Charges:
        """The charges on these legs."""
        return charges(legs, self.matrices, self.basis_rates, self.funding_epochs)


rates = st.one_of(st.sampled_from((0, 1, HALF, RATE_ONE)), st.integers(0, RATE_ONE))
GROUPS = (1, 2, 3)
MARKETS = 6


@st.composite
def settings_of_a_venue(draw: st.DrawFn) -> Setting:
    """Correlations, caps and rates of any kind, whether or not the matrix makes sense."""
    keys = [(a, b) for a in GROUPS for b in GROUPS if a < b]
    listed = {key: Pair(draw(st.integers(-RATE_ONE, RATE_ONE)), draw(rates)) for key in keys if draw(st.booleans())}
    matrices = Matrices(draw(rates), draw(rates), listed)
    return Setting(matrices, {group: draw(rates) for group in GROUPS}, draw(st.integers(0, 1_000)), draw(rates))


@st.composite
def portfolios(draw: st.DrawFn) -> list[Leg]:
    """A few positions; all markets of a group have as many scenarios, and any of them may move any way."""
    counts = {group: draw(st.integers(1, 5)) for group in GROUPS}
    legs = []
    for _ in range(draw(st.integers(0, MARKETS))):
        group = draw(st.sampled_from(GROUPS))
        lots = draw(st.integers(-50, 50))
        moves = tuple(draw(st.integers(-90, 90)) for _ in range(counts[group]))
        funding_rate = draw(st.integers(-RATE_ONE // 10, RATE_ONE // 10))
        worst = abs(lots) + draw(st.integers(0, 20))
        charged = (draw(st.integers(0, 5_000)), draw(rates), funding_rate)
        legs.append(Leg(group, lots, worst, draw(st.integers(1, 1_000)), draw(st.integers(1, 9)), moves, *charged))
    return legs


@settings(max_examples=300, deadline=None)
@given(legs=portfolios(), venue=settings_of_a_venue(), data=st.data())
def test_the_order_of_positions_does_not_matter(legs: list[Leg], venue: Setting, data: st.DataObject) -> None:
    assert venue.charge(data.draw(st.permutations(legs))) == venue.charge(legs)


@settings(max_examples=300, deadline=None)
@given(legs=portfolios(), venue=settings_of_a_venue())
def test_the_requirement_covers_the_maintenance(legs: list[Leg], venue: Setting) -> None:
    made = venue.charge(legs)
    assert min(made) >= 0
    assert made.requirement() >= made.maintenance(venue.maintenance_rate)


@settings(max_examples=300, deadline=None)
@given(legs=portfolios(), venue=settings_of_a_venue(), data=st.data())
def test_an_exact_offset_never_raises_the_margin(legs: list[Leg], venue: Setting, data: st.DataObject) -> None:
    """A position in the same market as another, against it and no larger: together they are one smaller position."""
    if not legs:
        return
    at = data.draw(st.integers(0, len(legs) - 1))
    alone = [legs[at]._replace(worst=abs(legs[at].lots))]
    kept = data.draw(st.integers(0, abs(alone[0].lots)))
    smaller = [alone[0]._replace(lots=kept if alone[0].lots > 0 else -kept, worst=kept)]
    before, after = venue.charge(alone), venue.charge(smaller)
    assert after.requirement() <= before.requirement()
    assert after.maintenance(venue.maintenance_rate) <= before.maintenance(venue.maintenance_rate)


@settings(max_examples=300, deadline=None)
@given(
    venue=settings_of_a_venue(),
    lots=st.integers(-50, 50),
    share=st.integers(0, 100),
    moves=st.lists(st.integers(-90, 90), min_size=1, max_size=5),
)
def test_an_offset_that_moves_alike_never_raises_the_scenario_charge(
    venue: Setting, lots: int, share: int, moves: list[int]
) -> None:
    held = leg(lots, moves=tuple(moves))
    less = abs(lots) * share // 100
    offset = leg(-less if lots > 0 else less, moves=tuple(moves))
    assert venue.charge([held, offset]).scenario <= venue.charge([held]).scenario


@settings(max_examples=300, deadline=None)
@given(legs=portfolios(), venue=settings_of_a_venue())
def test_groups_never_cost_more_together_than_all_their_losses(legs: list[Leg], venue: Setting) -> None:
    assert venue.charge(legs).scenario <= sum(loss.loss for loss in losses_by_group(legs))


@given(square=st.integers(0, 2**130))
def test_the_root_is_the_smallest_whose_square_is_enough(square: int) -> None:
    root = ceil_sqrt(square)
    assert root * root >= square
    assert root == 0 or (root - 1) ** 2 < square


@given(legs=portfolios(), venue=settings_of_a_venue())
def test_a_single_group_is_its_worst_loss(legs: list[Leg], venue: Setting) -> None:
    only = [leg for leg in legs if leg.group == 1]
    assert venue.charge(only).scenario == (worst_loss(only) if only else 0)


def test_scenarios_are_exact_beyond_any_float() -> None:
    losses = [Loss(1, 2**60 + 1, 1), Loss(2, 2**60 - 1, 1)]
    exact = Fraction(2**60 + 1) ** 2 + Fraction(2**60 - 1) ** 2
    root = scenario_charge(losses, Matrices())
    assert (root - 1) ** 2 < exact <= root**2
