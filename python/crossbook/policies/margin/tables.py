"""Scenario tables and correlations as they should be, where that is far enough from what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from crossbook.commands import RATE_ONE, Command, SetScenarios
from crossbook.errors import InputError
from crossbook.quantities import scaled
from crossbook.rows import GroupsRow, MarketRow
from crossbook.scenarios import Horizon, Offsets, correlation_commands, moves

_DAMPINGS = 20
"""A matrix that is none after rounding is moved towards zero by this part of itself, until it is one."""


def group_of(row: MarketRow) -> int:
    """The group of a market that has a scenario table, else 0."""
    return row.scenarios[0] if row.scenarios[1] else 0


def table_commands(
    rows: Sequence[MarketRow], held: Mapping[int, int], horizon: Horizon, *, change_rate: int
) -> list[Command]:
    """The tables of all groups in which some move changes by more than `change_rate` of itself (parts per 10^9).

    A group's volatility is the highest that is held for one of its markets. A group whose tables have another number
    of scenarios is cleared first, since markets of one group have as many as each other.
    """
    commands: list[Command] = []
    for group in sorted({group_of(row) for row in rows} - {0}):
        members = [row for row in rows if group_of(row) == group]
        volatility = max((held[row.market] for row in members if row.market in held), default=0)
        if not volatility or not all(row.mark for row in members):
            continue
        wanted = {row.market: moves(row.mark, horizon.range_rate(scaled(volatility, 9))) for row in members}
        present = {row.market: row.scenarios[1] for row in members}
        if any(len(wanted[market]) != len(present[market]) for market in wanted):
            commands += [SetScenarios(market, ()) for market in wanted]
        elif not any(_differs(present[market], wanted[market], change_rate) for market in wanted):
            continue
        commands += [SetScenarios(market, table) for market, table in wanted.items()]
    return commands


def correlation_command(
    rows: Sequence[MarketRow],
    groups: GroupsRow,
    correlations: Mapping[tuple[int, int], int],
    offsets: Offsets,
    *,
    change_rate: int,
) -> list[Command]:
    """The correlations of all groups with tables, if one is off by more than `change_rate` (parts per 10^9).

    The market with the lowest id speaks for its group.
    """
    speakers: dict[int, int] = {}
    for row in rows:
        if group_of(row):
            speakers.setdefault(group_of(row), row.market)
    order = sorted(speakers)
    matrix = [[_between(correlations, speakers[one], speakers[other]) for other in order] for one in order]
    present = {(one, other): rate for one, other, rate, _ in groups[3]}
    wanted = {
        (one, other): matrix[row][column]
        for row, one in enumerate(order)
        for column, other in enumerate(order)
        if row < column
    }
    if all(abs(rate - present.get(pair, 0)) <= change_rate for pair, rate in wanted.items()):
        return []
    return [_possible(order, matrix, offsets)]


def _possible(order: list[int], matrix: list[list[int]], offsets: Offsets) -> Command:
    """The nearest matrix that quantities can have, on the way to no correlation at all."""
    for damping in range(_DAMPINGS):
        damped = [
            [scaled(_damp(rate, damping) if row != column else rate, 9) for column, rate in enumerate(line)]
            for row, line in enumerate(matrix)
        ]
        try:
            (command,) = correlation_commands(order, damped, offsets=offsets)
        except InputError:
            continue
        return command
    unrelated = [[Decimal(row == column) for column in order] for row in order]
    (command,) = correlation_commands(order, unrelated, offsets=offsets)
    return command


def _damp(rate: int, damping: int) -> int:
    part = abs(rate) * (_DAMPINGS - damping) // _DAMPINGS
    return part if rate > 0 else -part


def _between(correlations: Mapping[tuple[int, int], int], one: int, other: int) -> int:
    if one == other:
        return RATE_ONE
    return correlations.get((min(one, other), max(one, other)), 0)


def _differs(present: Sequence[int], wanted: Sequence[int], change_rate: int) -> bool:
    return any(
        abs(after - before) * RATE_ONE > abs(before) * change_rate
        for before, after in zip(present, wanted, strict=True)
    )
