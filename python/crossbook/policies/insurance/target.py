"""The default insurance: funds grow towards what stress says they must hold, by a share of the fees.

The share rises while a fund is short of its target and falls when it is not, slowly both ways, so that neither fees nor
what clients are covered by jump. What a fund may pay in one interval is bounded by its target.
"""

from __future__ import annotations

from typing import ClassVar, Final

from msgspec import Struct, field

from crossbook.commands import RATE_ONE, Command, FundInsurance, Origin, SetInsurance
from crossbook.events import Event, Noted
from crossbook.formulas import shares
from crossbook.policies import notes
from crossbook.policies.bounds import AMOUNT, FACTOR, PART, TIME, check
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.insurance.earnings import earned, settlement_assets
from crossbook.policies.stress.report import REPORT, StressReport
from crossbook.rows import AssetRow, MarketRow

SECOND_NS = 1_000_000_000
TARGET: Final = "insurance.target"


class TargetReport(Struct, frozen=True):
    """The target of an asset's funds, what they hold (minor units), and the share of fees from now on (per 10^9).

    `source` is `"stress"`, then `seq` is the report's, or `"open_interest"`.
    """

    asset: int
    target: int
    funds: int
    share_rate: int
    source: str
    seq: int


class Need(Struct, frozen=True):
    """What a stress report says that a fund of an asset needs (minor units); market 0 is the cross pools."""

    market: int
    amount: int


class TargetState(Struct):
    """Fees at the last sharing and the present share, by asset; the last stress report's needs, its seq and time."""

    shared: dict[int, int] = field(default_factory=dict)
    share_rates: dict[int, int] = field(default_factory=dict)
    targets: dict[int, int] = field(default_factory=dict)
    needs: dict[int, list[Need]] = field(default_factory=dict)
    report_seq: int = 0
    report_ns: int = 0
    due_ns: int = 0


class TargetSize(Struct, frozen=True):
    """Feeds the insurance funds of every settlement asset at each full `interval_ns` of stamped time.

    Attributes:
        interval_ns: how often fees are shared and targets looked at.
        coverage_rate: the target, as a part of what the last stress report needs (parts per 10^9).
        report_age_ns: how long a stress report holds.
        open_interest_rate: the target without a report, as a part of the notional of the open interest.
        target_min: the target of the cross pools' fund is at least this (minor units).
        share_min_rate, share_max_rate: the bounds of the share of fees (parts per 10^9).
        rise_rate, fall_rate: how far the share moves in one interval at most.
        loss_rate: what the cross pools' fund may pay in `loss_interval_ns`, as a part of the larger of it and its
            target; 0 leaves that alone.
        change_rate: by how much of itself a target or a limit must change to be put on record or set again.
    """

    role: ClassVar[str] = "insurance"
    name: ClassVar[str] = "target"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({Noted})
    State: ClassVar[type[Struct]] = TargetState

    interval_ns: int = 3_600 * SECOND_NS
    coverage_rate: int = RATE_ONE
    report_age_ns: int = 24 * 3_600 * SECOND_NS
    open_interest_rate: int = 10_000_000
    target_min: int = 0
    share_min_rate: int = 0
    share_max_rate: int = 500_000_000
    rise_rate: int = 20_000_000
    fall_rate: int = 10_000_000
    loss_rate: int = 500_000_000
    loss_interval_ns: int = 24 * 3_600 * SECOND_NS
    change_rate: int = 100_000_000

    def __post_init__(self) -> None:
        check(self, interval_ns=TIME, loss_interval_ns=TIME, report_age_ns=TIME, target_min=AMOUNT)
        check(self, coverage_rate=FACTOR, open_interest_rate=FACTOR, loss_rate=FACTOR, change_rate=FACTOR)
        check(self, share_min_rate=PART, share_max_rate=(self.share_min_rate, RATE_ONE), rise_rate=PART, fall_rate=PART)

    def react(self, state: TargetState, turn: Turn) -> Reaction[TargetState]:
        """Takes in stress reports, and shares fees when an interval is over."""
        for event in turn.events:
            if isinstance(event, Noted) and event.origin in {Origin.POLICY, Origin.OPERATOR}:
                _read(state, event, turn.time_ns)
        proposals: list[Proposal] = []
        rows = turn.view.assets()
        for asset in settlement_assets(turn.view):
            row = rows[asset - 1]
            if asset not in state.share_rates:
                state.share_rates[asset] = self.share_min_rate
                state.shared[asset] = row.fees
            elif turn.time_ns >= state.due_ns:
                proposals += self._share(state, turn, row)
        if turn.time_ns >= state.due_ns:
            state.due_ns = (turn.time_ns // self.interval_ns + 1) * self.interval_ns
        return Reaction(state, tuple(proposals), state.due_ns)

    def _share(self, state: TargetState, turn: Turn, row: AssetRow) -> list[Proposal]:
        """One interval of one asset: its targets, its share of the fees, its limit."""
        markets = [market for market in turn.view.markets() if market.settlement == row.asset]
        funds = {0: row.insurance} | {market.market: market.insurance.fund for market in markets}
        targets, source, seq = self._targets(state, turn.time_ns, row.asset, markets)
        target = sum(targets.values())
        shortages = {market: max(0, amount - funds[market]) for market, amount in targets.items()}
        share_rate = self._next_share(state.share_rates[row.asset], sum(shortages.values()), target)
        commands = _top_up(state, row, shortages, share_rate)
        commands += self._limit(row, max(funds[0], targets[0]))
        if share_rate != state.share_rates[row.asset] or self._changed(state.targets.get(row.asset, 0), target):
            held = sum(funds[market] for market in targets)
            commands.append(notes.note(TARGET, TargetReport(row.asset, target, held, share_rate, source, seq)))
            state.targets[row.asset] = target
        state.share_rates[row.asset] = share_rate
        return [Proposal(command, seq or turn.seq) for command in commands]

    def _targets(
        self, state: TargetState, time_ns: int, asset: int, markets: list[MarketRow]
    ) -> tuple[dict[int, int], str, int]:
        """What each fund of an asset should hold, by market, and where that comes from."""
        if state.report_seq and time_ns - state.report_ns <= self.report_age_ns:
            needs = {
                need.market: -(-need.amount * self.coverage_rate // RATE_ONE) for need in state.needs.get(asset, [])
            }
            return needs | {0: max(self.target_min, needs.get(0, 0))}, "stress", state.report_seq
        notional = sum(row.open_interest * row.mark * row.tick_value for row in markets)
        return {0: max(self.target_min, -(-notional * self.open_interest_rate // RATE_ONE))}, "open_interest", 0

    def _next_share(self, present: int, shortage: int, target: int) -> int:
        """One step towards a share that is as far between its bounds as the funds are short of their target."""
        span = self.share_max_rate - self.share_min_rate
        wanted = self.share_min_rate + (span * shortage // target if target else 0)
        return min(max(wanted, present - self.fall_rate), present + self.rise_rate)

    def _limit(self, row: AssetRow, base: int) -> list[Command]:
        """What the cross pools' fund may pay in an interval, if that has changed enough."""
        loss_max = base * self.loss_rate // RATE_ONE
        if loss_max == 0:
            return []
        is_same = row.limits.interval_ns == self.loss_interval_ns and not self._changed(row.limits.loss_max, loss_max)
        return [] if is_same else [SetInsurance(row.asset, 0, loss_max, self.loss_interval_ns)]

    def _changed(self, before: int, after: int) -> bool:
        return abs(after - before) * RATE_ONE > before * self.change_rate


def _top_up(state: TargetState, row: AssetRow, shortages: dict[int, int], share_rate: int) -> list[Command]:
    """The share of what was earned, among the funds by what they are short of; to the cross pools' if none is."""
    came_in = earned(state.shared[row.asset], row.fees)
    amount = came_in * share_rate // RATE_ONE
    if came_in:
        state.shared[row.asset] = row.fees - amount
    markets = [market for market in sorted(shortages) if shortages[market]] or [0]
    parts = shares(amount, [max(1, shortages[market]) for market in markets])
    return [FundInsurance(row.asset, market, 0, part) for market, part in zip(markets, parts, strict=True) if part]


def _read(state: TargetState, noted: Noted, time_ns: int) -> None:
    """Remember what a stress report needs."""
    report = notes.read(noted, REPORT, StressReport)
    if report is None:
        return
    state.report_seq, state.report_ns, state.needs = noted.seq, time_ns, {}
    for need in report.needs:
        state.needs.setdefault(need.asset, []).append(Need(need.market, need.need))
