"""Stress on a schedule: each shock happens to a copy of the present, and the report says what it would cost.

A copy costs time and memory in proportion to the state, and there is one for every shock: `docs/policies_risk.md` says
how much that is. Nobody acts on a copy: what is reported is what the venue would stand for if nothing could be closed
on the way.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct, field

from crossbook.commands import (
    RATE_ONE,
    Command,
    Grade,
    SetCollateralPrice,
    SetGrades,
    SetMark,
    SetOracle,
    SettleFunding,
)
from crossbook.events import Event, Rejected
from crossbook.policies.bounds import AMOUNT, COUNT, TIME, check
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.stress import report
from crossbook.policies.stress.assessment import PoolWorth, concentration, losses, pools_in_danger
from crossbook.policies.stress.report import Endangered, FundNeed, ShockResult, StressReport
from crossbook.policies.view import Scratch
from crossbook.rows import AssetRow, MarketRow

SECOND_NS = 1_000_000_000


class Gap(Struct, frozen=True):
    """All marks jump at once: `move_rates` by market id, parts per 10^9; the last is that of all further markets.

    The prices of all collateral jump with them, by `collateral_rate`.
    """

    name: str
    move_rates: tuple[int, ...]
    collateral_rate: int = 0


class FundingShock(Struct, frozen=True):
    """Every market settles `rate` (parts per 10^9 of the mark, longs pay) for so many epochs."""

    name: str
    rate: int
    epochs: int = 1

    def __post_init__(self) -> None:
        check(self, rate=(-RATE_ONE // 10, RATE_ONE // 10), epochs=(0, 1_000))


class Outage(Struct, frozen=True):
    """Every oracle is lost, and then the marks jump as in a gap: only what asks for no grade can be liquidated."""

    name: str
    move_rates: tuple[int, ...]
    collateral_rate: int = 0


class ShocksState(Struct):
    """When the next run is due, ns since the epoch (0: not known yet), which shock is next, and what each last did."""

    due_ns: int = 0
    next: int = 0
    results: dict[int, ShockResult] = field(default_factory=dict)


class Shocks(Struct, frozen=True):
    """Tries shocks at every full `interval_ns` of stamped time, and reports.

    Attributes:
        interval_ns: from one run to the next.
        gaps, funding, outages: the shocks, tried in this order.
        accounts_max: how many pools the report lists at most.
        budget: how many shocks times accounts one run may take, at least one shock: what is left comes in the next run,
            and the report has the last result of each.
    """

    role: ClassVar[str] = "stress"
    name: ClassVar[str] = "shocks"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset()
    State: ClassVar[type[Struct]] = ShocksState

    interval_ns: int = 3_600 * SECOND_NS
    gaps: tuple[Gap, ...] = (
        Gap("fall of a tenth", (-100_000_000,)),
        Gap("fall of a fifth", (-200_000_000,)),
        Gap("rise of a tenth", (100_000_000,)),
        Gap("rise of a fifth", (200_000_000,)),
    )
    funding: tuple[FundingShock, ...] = (
        FundingShock("longs pay one percent", 10_000_000),
        FundingShock("shorts pay one percent", -10_000_000),
    )
    outages: tuple[Outage, ...] = (Outage("fall of a tenth, unseen", (-100_000_000,)),)
    accounts_max: int = 20
    budget: int = 1_000_000

    def __post_init__(self) -> None:
        check(self, interval_ns=TIME, accounts_max=(0, COUNT[1]), budget=AMOUNT)

    def react(self, state: ShocksState, turn: Turn) -> Reaction[ShocksState]:
        """Runs the shocks at every full interval."""
        proposals: tuple[Proposal, ...] = ()
        if state.due_ns and turn.time_ns >= state.due_ns:
            proposals = (Proposal(report.note(self.run(state, turn)), turn.seq),)
        state.due_ns = (turn.time_ns // self.interval_ns + 1) * self.interval_ns
        return Reaction(state, proposals, state.due_ns)

    def run(self, state: ShocksState, turn: Turn) -> StressReport:
        """What the shocks that are next would do to the present, and what the others did to the past."""
        rows = [row for row in turn.view.markets() if row.mark]
        shocks = self._shocks(rows, turn.view.assets(), turn.time_ns)
        count = min(len(shocks), max(1, self.budget // max(1, turn.view.account_count())))
        worst: dict[tuple[int, int, int], tuple[str, PoolWorth]] = {}
        for _ in range(count):
            name, kind, commands = shocks[state.next]
            copy = turn.view.scratch()
            answers = copy.submit(commands, time_ns=turn.time_ns)
            refused = sum(isinstance(event, Rejected) for event in answers)
            danger = pools_in_danger(copy)
            state.results[state.next] = ShockResult(
                name, kind, turn.seq, losses(danger), len(danger), _withheld(danger, copy), refused
            )
            state.next = (state.next + 1) % len(shocks)
            for pool in danger:
                key = pool.account, pool.asset, pool.market
                if key not in worst or pool.shortage > worst[key][1].shortage:
                    worst[key] = name, pool
        results = [state.results[index] for index in sorted(state.results)]
        ranked = sorted(worst.values(), key=lambda one: (-one[1].shortage, one[1].account, one[1].market))
        return StressReport(
            seq=turn.seq,
            shocks=tuple(results),
            needs=_needs(results, turn),
            in_danger=len(worst),
            endangered=tuple(
                Endangered(pool.account, pool.asset, pool.market, name, pool.equity, pool.maintenance)
                for name, pool in ranked[: self.accounts_max]
            ),
            concentration=concentration(turn.view),
        )

    def _shocks(
        self, rows: list[MarketRow], assets: list[AssetRow], time_ns: int
    ) -> list[tuple[str, str, list[Command]]]:
        """Each shock as its name, its kind and the commands that make it."""
        shocks = [(gap.name, "gap", _gap(rows, assets, gap)) for gap in self.gaps]
        for shock in self.funding:
            ungraded: list[Command] = [SetGrades(row.market, Grade.NONE, Grade.NONE, Grade.NONE) for row in rows]
            epoch: list[Command] = [SettleFunding(row.market, row.mark, shock.rate) for row in rows]
            shocks.append((shock.name, "funding", ungraded + epoch * shock.epochs))
        for outage in self.outages:
            lost: list[Command] = [
                SetOracle(row.market, row.oracle.price or row.mark, row.oracle.confidence, Grade.NONE, time_ns)
                for row in rows
            ]
            shocks.append((outage.name, "outage", lost + _gap(rows, assets, outage)))
        return shocks


def _gap(rows: list[MarketRow], assets: list[AssetRow], gap: Gap | Outage) -> list[Command]:
    """Marks and collateral prices after a gap, rounded down; a mark is at least 1 and at most the highest price."""
    rates = gap.move_rates or (0,)
    commands: list[Command] = []
    for row in rows:
        after = _moved(row.mark, rates[min(row.market, len(rates)) - 1])
        commands.append(SetMark(row.market, min(max(after, 1), row.price_max)))
    for asset in assets:
        if asset.collateral is not None and gap.collateral_rate:
            price = _moved(asset.collateral.price, gap.collateral_rate)
            commands.append(SetCollateralPrice(asset.asset, price, asset.collateral.depeg_rate))
    return commands


def _moved(price: int, rate: int) -> int:
    return price * (RATE_ONE + rate) // RATE_ONE


def _withheld(danger: list[PoolWorth], copy: Scratch) -> int:
    """How many pools have a position in a market whose oracle is not good enough to liquidate by."""
    blind = {row.market for row in copy.markets() if row.oracle.grade < row.grades.liquidation}
    return sum(any(market in blind for market in pool.markets) for pool in danger)


def _needs(results: list[ShockResult], turn: Turn) -> tuple[FundNeed, ...]:
    """The largest loss of each fund, the first of several as large, beside what the fund holds."""
    worst: dict[tuple[int, int], tuple[int, str]] = {}
    for result in results:
        for one in result.losses:
            fund = one.asset, one.market
            if one.loss > worst.get(fund, (0, ""))[0]:
                worst[fund] = one.loss, result.name
    funds = {(row.asset, 0): row.insurance for row in turn.view.assets()}
    funds |= {(row.settlement, row.market): row.insurance.fund for row in turn.view.markets()}
    return tuple(FundNeed(*fund, worst[fund][0], funds[fund], worst[fund][1]) for fund in sorted(worst))
