"""Portfolio margin as pure formulas: docs/rules_margin.md, section "Portfolio margin". Money in minor units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .arithmetic import RATE_ONE, ceil_div, ceil_sqrt

LOSSES_MAX = 2**62


class Leg(NamedTuple):
    """A position in a market that has scenarios, with all that the charges need to know of its market.

    `worst` is the worst side in lots, `moves` the price moves in ticks, one per scenario of the group.
    """

    group: int
    lots: int
    worst: int
    mark: int
    tick_value: int
    moves: tuple[int, ...]
    concentration_threshold: int = 0
    concentration_rate: int = 0
    funding_rate: int = 0

    def notional(self) -> int:
        """What the position is worth at the mark, signed."""
        return self.lots * self.mark * self.tick_value

    def profits(self) -> list[int]:
        """What the position gains in each scenario, exactly."""
        return [self.lots * move * self.tick_value for move in self.moves]


class Pair(NamedTuple):
    """How two groups move together, and how much of a loss in one the other may offset."""

    correlation_rate: int
    offset_cap_rate: int


class Matrices(NamedTuple):
    """The listed pairs by `(group_a, group_b)`, a below b, and how far the two stressed matrices go."""

    towards_one_rate: int = 0
    towards_zero_rate: int = 0
    pairs: Mapping[tuple[int, int], Pair] = {}

    def pair(self, group: int, other: int) -> Pair:
        """The pair of two groups in either order; one that is not listed is uncorrelated and offsets nothing."""
        return self.pairs.get((min(group, other), max(group, other)), Pair(0, 0))


class Loss(NamedTuple):
    """The worst loss of a group over its scenarios, and the sign of what is held in it."""

    group: int
    loss: int
    sign: int


class Charges(NamedTuple):
    """The terms of a portfolio's margin; open orders count in the requirement only."""

    scenario: int
    basis: int
    concentration: int
    provision: int
    orders: int

    def held(self) -> int:
        """What the positions themselves are charged."""
        return self.scenario + self.basis + self.concentration + self.provision

    def requirement(self) -> int:
        """The initial requirement of the positions with scenarios."""
        return self.held() + self.orders

    def maintenance(self, maintenance_rate: int) -> int:
        """The maintenance of the positions with scenarios."""
        return ceil_div(self.held() * maintenance_rate, RATE_ONE)


def charges(legs: Sequence[Leg], matrices: Matrices, basis_rates: Mapping[int, int], funding_epochs: int) -> Charges:
    """Every charge on the positions of one pool; `basis_rates` by group, absent is 0."""
    return Charges(
        scenario=scenario_charge(losses_by_group(legs), matrices),
        basis=sum(basis_charge(group, basis_rates.get(group[0].group, 0)) for group in by_group(legs)),
        concentration=sum(map(concentration_charge, legs)),
        provision=sum(funding_provision(leg, funding_epochs) for leg in legs),
        orders=sum(map(orders_charge, legs)),
    )


def by_group(legs: Iterable[Leg]) -> list[list[Leg]]:
    """The legs of each group that has any, by group."""
    groups: dict[int, list[Leg]] = {}
    for leg in legs:
        groups.setdefault(leg.group, []).append(leg)
    return [legs for _, legs in sorted(groups.items())]


def losses_by_group(legs: Iterable[Leg]) -> list[Loss]:
    """Worst loss and direction of each group."""
    return [Loss(group[0].group, worst_loss(group), direction(group)) for group in by_group(legs)]


def worst_loss(group: Sequence[Leg]) -> int:
    """L: the largest loss of the group over its scenarios, 0 if it gains in all. Markets of one group move together."""
    profits = [sum(in_scenario) for in_scenario in zip(*(leg.profits() for leg in group), strict=True)]
    return max(0, *(-profit for profit in profits))


def direction(group: Sequence[Leg]) -> int:
    """Whether the group as a whole is held long (1), short (−1) or neither (0)."""
    held = sum(leg.notional() for leg in group)
    return (held > 0) - (held < 0)


def scenario_charge(losses: Sequence[Loss], matrices: Matrices) -> int:
    """The worst of three ways in which the groups' losses can come together: as usual, all at once, unrelated."""
    total = sum(loss.loss for loss in losses)
    if total > LOSSES_MAX:
        return total
    to_one, to_zero = matrices.towards_one_rate, matrices.towards_zero_rate

    def as_listed(rate: int) -> int:
        return rate

    def towards_one(rate: int) -> int:
        return (RATE_ONE - to_one) * rate // RATE_ONE + to_one

    def towards_zero(rate: int) -> int:
        return (RATE_ONE - to_zero) * rate // RATE_ONE

    aggregated = []
    for stressed in (as_listed, towards_one, towards_zero):
        scaled = 0
        for first in losses:
            for second in losses:
                pair = matrices.pair(first.group, second.group)
                scaled += weight(first, second, stressed(pair.correlation_rate), pair) * first.loss * second.loss
        aggregated.append(ceil_sqrt(max(0, scaled // RATE_ONE)))
    return max(aggregated)


def weight(first: Loss, second: Loss, correlation_rate: int, pair: Pair) -> int:
    """q: how much two losses add up. Opposite directions may offset each other, but not beyond the pair's cap."""
    if first.group == second.group:
        return RATE_ONE
    return max(first.sign * second.sign * correlation_rate, -pair.offset_cap_rate)


def basis_charge(group: Sequence[Leg], basis_rate: int) -> int:
    """The part of a group that is long one market and short another is not netted entirely."""
    notionals = [leg.notional() for leg in group]
    long = sum(notional for notional in notionals if notional > 0)
    short = -sum(notional for notional in notionals if notional < 0)
    return ceil_div(basis_rate * min(long, short), RATE_ONE)


def concentration_charge(leg: Leg) -> int:
    """What a position beyond its market's threshold costs to get out of."""
    beyond = max(0, abs(leg.notional()) - leg.concentration_threshold)
    return ceil_div(beyond * leg.concentration_rate, RATE_ONE)


def funding_provision(leg: Leg, funding_epochs: int) -> int:
    """The next epochs at the last funding rate, if the position pays."""
    return ceil_div(max(0, leg.notional() * leg.funding_rate * funding_epochs), RATE_ONE)


def orders_charge(leg: Leg) -> int:
    """Open orders can only be told apart from the position by how far they reach beyond it: each at the worst move."""
    return (leg.worst - abs(leg.lots)) * leg.tick_value * max(abs(move) for move in leg.moves)
