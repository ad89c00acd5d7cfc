"""Margin that follows volatility: initial rates, scenario tables and correlations, from journaled marks.

Marks are sampled on a schedule of stamped time, integers in and integers out; what is computed in between is rounded so
coarsely that machines agree (`crossbook.policies.margin.covariance`), and what is journaled is what holds: a replay
computes none of it again. It needs the extra `risk`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Final

from msgspec import Struct, field

from crossbook.commands import RATE_ONE, Command, SetTiers
from crossbook.errors import InputError
from crossbook.events import Event, TiersSet
from crossbook.policies import notes
from crossbook.policies.bounds import COUNT, FACTOR, PART, TIME, check
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.margin.scaling import Pace, held_next, scaled_tiers
from crossbook.policies.margin.tables import correlation_command, table_commands
from crossbook.quantities import scaled
from crossbook.rows import MarketRow, TierRow
from crossbook.scenarios import DAY_NS, Horizon, Offsets

if TYPE_CHECKING:
    from crossbook.policies.margin.covariance import Estimate

SECOND_NS = 1_000_000_000
ESTIMATE: Final = "margin.estimate"


class MarginEstimate(Struct, frozen=True):
    """What was estimated and what is held from now on, as (market, volatility of a year in parts per 10^9).

    `shrinkage_rate` is how far correlations were moved towards zero; `samples` how many marks of a market counted.
    """

    estimated: tuple[tuple[int, int], ...]
    held: tuple[tuple[int, int], ...]
    shrinkage_rate: int
    samples: int


class VolatilityState(Struct):
    """What is remembered of markets, by id.

    Attributes:
        samples: their last marks in ticks, oldest first.
        held: the volatility their margin stands at (parts per 10^9).
        tiers: their tiers as the operator set them.
        asked: those whose tiers were asked for, and are not announced yet.
        sample_ns, update_ns: when the next sample and the next update are due.
    """

    samples: dict[int, list[int]] = field(default_factory=dict)
    held: dict[int, int] = field(default_factory=dict)
    tiers: dict[int, list[TierRow]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    sample_ns: int = 0
    update_ns: int = 0


class VolatilityMargin(Struct, frozen=True):
    """Moves what the operator has set up: tiers, tables and correlations that are there, with volatility.

    Attributes:
        sample_ns: how often marks are sampled.
        samples_max: how many samples of a market are kept.
        samples_min: how many there must be before anything moves.
        half_life: after how many samples a sample counts half.
        update_ns: how often parameters are looked at, at a sample.
        volatility_step, correlation_step: how coarse estimates are (parts per 10^9).
        base_rate: the volatility of a year at which tiers are as the operator set them (parts per 10^9).
        pace: how the held volatility follows the estimate.
        scale_min_rate, scale_max_rate: the bounds of what initial rates are multiplied by.
        maintenance_share_rate: how much of that reaches maintenance; at 0 no update alone makes a pool liquidatable.
        deviations, horizon_ns: the range of the scenario tables, see `crossbook.scenarios.Horizon`.
        table_change_rate: how much of itself a move must be off for its group's tables to be set again.
        correlation_change_rate: how far a correlation must be off for the matrix to be set again.
        offset_cap_rate, towards_one_rate, towards_zero_rate: see `crossbook.scenarios.Offsets`.
    """

    role: ClassVar[str] = "margin"
    name: ClassVar[str] = "volatility"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({TiersSet})
    State: ClassVar[type[Struct]] = VolatilityState

    sample_ns: int = 300 * SECOND_NS
    samples_max: int = 576
    samples_min: int = 36
    half_life: int = 72
    update_ns: int = 3_600 * SECOND_NS
    volatility_step: int = 10_000_000
    correlation_step: int = 50_000_000
    base_rate: int = 600_000_000
    pace: Pace = Pace()
    scale_min_rate: int = RATE_ONE
    scale_max_rate: int = 5 * RATE_ONE
    maintenance_share_rate: int = 0
    deviations: int = 3
    horizon_ns: int = DAY_NS
    table_change_rate: int = 50_000_000
    correlation_change_rate: int = 100_000_000
    offset_cap_rate: int = 900_000_000
    towards_one_rate: int = 250_000_000
    towards_zero_rate: int = 250_000_000

    def __post_init__(self) -> None:
        """Loads what it computes with: an engagement fails, and not a turn. Raises InputError `missing_extra`."""
        check(self, sample_ns=TIME, update_ns=TIME, horizon_ns=TIME, half_life=COUNT, deviations=(1, 100))
        check(self, samples_min=(2, COUNT[1]), samples_max=(self.samples_min, COUNT[1]), base_rate=(1, FACTOR[1]))
        check(self, volatility_step=(1, RATE_ONE), correlation_step=(1, RATE_ONE), maintenance_share_rate=PART)
        check(self, scale_min_rate=FACTOR, scale_max_rate=(self.scale_min_rate, FACTOR[1]))
        check(self, table_change_rate=FACTOR, correlation_change_rate=FACTOR)
        check(self, offset_cap_rate=PART, towards_one_rate=PART, towards_zero_rate=PART)
        _covariance()

    def react(self, state: VolatilityState, turn: Turn) -> Reaction[VolatilityState]:
        """Samples marks, and moves parameters when an update is due."""
        rows = turn.view.markets()
        self._take_tiers(state, turn, rows)
        proposals: tuple[Proposal, ...] = ()
        if turn.time_ns >= state.sample_ns:
            if state.sample_ns:
                self._sample(state, rows)
            state.sample_ns = (turn.time_ns // self.sample_ns + 1) * self.sample_ns
            if turn.time_ns >= state.update_ns:
                if state.update_ns:
                    proposals = self._update(state, turn, rows)
                state.update_ns = (turn.time_ns // self.update_ns + 1) * self.update_ns
        return Reaction(state, proposals, state.sample_ns)

    def _take_tiers(self, state: VolatilityState, turn: Turn, rows: list[MarketRow]) -> None:
        """Tiers that another set are a new base."""
        for event in turn.events:
            if not isinstance(event, TiersSet):
                continue
            if event.market in state.asked:
                state.asked.remove(event.market)
            else:
                state.tiers.pop(event.market, None)
        for row in rows:
            if row.tiers:
                state.tiers.setdefault(row.market, row.tiers)

    def _sample(self, state: VolatilityState, rows: list[MarketRow]) -> None:
        for row in rows:
            if row.mark:
                kept = state.samples.setdefault(row.market, [])
                kept.append(row.mark)
                del kept[: -self.samples_max]

    def _update(self, state: VolatilityState, turn: Turn, rows: list[MarketRow]) -> tuple[Proposal, ...]:
        """What an estimate of the present window moves."""
        known = {market: marks for market, marks in state.samples.items() if len(marks) >= self.samples_min}
        if not known:
            return ()
        found = self.estimate(known)
        for market, estimated in found.volatilities.items():
            before = state.held.get(market, self.base_rate)
            state.held[market] = held_next(before, estimated, self.pace, step=self.volatility_step)
        commands = self._tiers(state, rows)
        commands += table_commands(rows, state.held, self._horizon(), change_rate=self.table_change_rate)
        commands += correlation_command(
            rows, turn.view.groups(), found.correlations, self._offsets(), change_rate=self.correlation_change_rate
        )
        if commands:
            held = tuple((market, state.held[market]) for market in sorted(found.volatilities))
            samples = min(len(marks) for marks in known.values())
            said = MarginEstimate(tuple(sorted(found.volatilities.items())), held, found.shrinkage_rate, samples)
            commands.append(notes.note(ESTIMATE, said))
        return tuple(Proposal(command, turn.seq) for command in commands)

    def estimate(self, samples: dict[int, list[int]]) -> Estimate:
        """What these marks (ticks, oldest first, by market) say of volatilities and correlations."""
        covariance = _covariance()
        sampling = covariance.Sampling(self.sample_ns, self.half_life, self.volatility_step, self.correlation_step)
        found: Estimate = covariance.estimate(samples, sampling)
        return found

    def _tiers(self, state: VolatilityState, rows: list[MarketRow]) -> list[Command]:
        commands: list[Command] = []
        for row in rows:
            if row.market not in state.held or row.market not in state.tiers:
                continue
            tiers = scaled_tiers(
                state.tiers[row.market],
                state.held[row.market],
                base_rate=self.base_rate,
                bounds=(self.scale_min_rate, self.scale_max_rate),
                maintenance_share_rate=self.maintenance_share_rate,
            )
            present = [(tier.lower_bound, tier.initial_rate, tier.maintenance_rate) for tier in row.tiers]
            if [(tier.lower_bound, tier.initial_rate, tier.maintenance_rate) for tier in tiers] != present:
                commands.append(SetTiers(row.market, tiers))
                state.asked.append(row.market)
        return commands

    def _horizon(self) -> Horizon:
        return Horizon(self.horizon_ns, self.deviations)

    def _offsets(self) -> Offsets:
        rates = self.offset_cap_rate, self.towards_one_rate, self.towards_zero_rate
        return Offsets(*(scaled(rate, 9) for rate in rates))


def _covariance() -> Any:
    """The module that computes. Raises InputError `missing_extra` where its libraries are not installed."""
    try:
        return import_module("crossbook.policies.margin.covariance")
    except ModuleNotFoundError as error:
        raise InputError(
            f"the policy margin.volatility needs {error.name}, which is not installed",
            code="missing_extra",
            values={"module": error.name, "extra": "risk"},
            hint="pip install 'crossbook[risk]'",
        ) from None
