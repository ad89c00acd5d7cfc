"""Deleveraging of a turn: all that it closes on one side of a market is one claim, shared out once.

Else the dust of many small claims would always fall on the same accounts, and the rule would be asked as often as pools
fail. The claims are met in the order of their cases, by the counterparties in the order of the rule.
"""

from __future__ import annotations

from msgspec.structs import replace

from crossbook import formulas
from crossbook.commands import Allocation, Deleverage
from crossbook.policies.contract import Proposal
from crossbook.policies.liquidation.allocation import Claim, allocator
from crossbook.policies.liquidation.present import Plight, Present
from crossbook.policies.liquidation.terms import Terms
from crossbook.rows import PositionRow

COUNTERPARTIES_MAX = 1_000
"""Entries that one Deleverage may name."""


class Supplies:
    """What the counterparties of a turn give, by market and side, until it is used up."""

    def __init__(self, terms: Terms, present: Present) -> None:
        self._present = present
        self._left = {key: _supply(terms, key, present) for key in _totals(present)}

    def meet(self, proposals: list[Proposal]) -> list[Proposal]:
        """The proposals with counterparties for every deleveraging; one for which there are none is left out."""
        found = []
        for proposal in proposals:
            command = proposal.command
            if isinstance(command, Deleverage):
                plight, position = self._present.claims[command.account, command.market]
                supply = self._left[command.market, position.lots > 0]
                given = _spared(_taken(supply, abs(position.lots)), plight, position, self._present)
                if not given:
                    continue
                lots = sum(one.lots for one in given)
                proposal = replace(proposal, command=replace(command, lots=lots, counterparties=tuple(given)))
            found.append(proposal)
        return found


def _totals(present: Present) -> dict[tuple[int, bool], int]:
    """Lots that are claimed, by market and by whether they are long."""
    totals: dict[tuple[int, bool], int] = {}
    for _, position in present.claims.values():
        key = position.market, position.lots > 0
        totals[key] = totals.get(key, 0) + abs(position.lots)
    return totals


def _supply(terms: Terms, key: tuple[int, bool], present: Present) -> list[Allocation]:
    """Who closes against one side of a market, by the rule, the first last."""
    market, is_long = key
    row, total = present.market(market), _totals(present)[key]
    others = (one for one in present.holders(market) if (one.lots < 0) == is_long)
    solvent = [one for one in others if one.equity >= 0 and one.account not in present.busy]
    if not solvent:
        return []
    claim = Claim(market=market, lots=total if is_long else -total, mark=row.mark, tick_value=row.tick_value)
    return allocator(terms.allocation).allocate(claim, solvent, present.view)[::-1]


def _taken(supply: list[Allocation], wanted: int) -> list[Allocation]:
    """The next of a supply, as many lots as are wanted or left; they are gone from it."""
    given: list[Allocation] = []
    while supply and wanted and len(given) < COUNTERPARTIES_MAX:
        one = supply.pop()
        lots = min(one.lots, wanted)
        given.append(Allocation(one.account, lots))
        wanted -= lots
        if lots < one.lots:
            supply.append(Allocation(one.account, one.lots - lots))
    return given


def _spared(given: list[Allocation], plight: Plight, position: PositionRow, present: Present) -> list[Allocation]:
    """Without those whose equity their part of the bankruptcy value would use up; the kernel would refuse them."""
    equities = {one.account: one.equity for one in present.holders(position.market)}
    row = present.market(position.market)
    while given:
        closing = sum(one.lots for one in given)
        freed = position.maintenance * closing // abs(position.lots)
        value = formulas.bankruptcy_value(plight.target(position, row), closing=closing, freed=freed)
        parts = formulas.shares(value, [one.lots for one in given])
        sign = 1 if position.lots > 0 else -1
        costs = (sign * (part - one.lots * row.mark * row.tick_value) for one, part in zip(given, parts, strict=True))
        able = [one for one, cost in zip(given, costs, strict=True) if cost <= equities[one.account]]
        if len(able) == len(given):
            break
        given = able
    return given
