"""Funding by time-weighted averages: how far the mark was from the oracle, over all of the epoch and not in samples.

    premium = (TWAP(mark) − TWAP(oracle)) / TWAP(oracle)
    rate    = clamp(P + clamp(interest − P, ±band), lower, upper) / divisor        P = premium · scaling
    payment = size · TWAP(oracle) · rate

Both averages are over the same time: that during which there was a mark and an oracle good enough. They are kept as
exact sums of ticks times milliseconds; the rates are the kernel's (`crossbook.formulas`).
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct, field

from crossbook import formulas
from crossbook.commands import RATE_ONE, Grade
from crossbook.events import Event, FundingSettled, GradesSet, MarkSet, OracleSet, Rejected
from crossbook.policies.arithmetic import nearest
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.funding.forecast import Forecast, Terms, foresee
from crossbook.policies.funding.payment import Payments, close, hear, pay, usable
from crossbook.policies.markets import served
from crossbook.policies.schedule import MILLISECOND, is_due, next_ns
from crossbook.rows import MarketRow


class Path(Struct):
    """The prices of a market so far in its epoch, as sums of ticks times milliseconds.

    `mark` and `oracle` (ticks) are what they have been since `at_ms`, both 0 while either is not there or not good
    enough; they count until `until_ms`. Times are stamped times in milliseconds, rounded down.
    """

    begun_ms: int
    at_ms: int
    mark: int = 0
    oracle: int = 0
    until_ms: int = 0
    mark_sum: int = 0
    oracle_sum: int = 0
    covered_ms: int = 0


class TwapState(Struct):
    """The running paths by market, and the payments that are still to be made."""

    markets: dict[int, Path] = field(default_factory=dict)
    payments: Payments = field(default_factory=Payments)


class TwapFunding(Struct, frozen=True):
    """Funding by time-weighted averages of mark and oracle.

    Attributes:
        markets: ids of the markets it serves; all if none are named.
        interval_ms: of an epoch; epochs end at its multiples since the Unix epoch.
        rate_divisor: how many payments make one rate.
        scaling_rate: what the premium is multiplied with.
        interest_rate: what the scaled premium is pulled towards.
        band_rate: how far it is pulled at most.
        lower_rate: bounds the rate before it is divided.
        upper_rate: likewise.
        covered_ms_min: with less time that counts, nothing is paid.
        grade_min: an oracle of a lower grade, or of one lower than the market asks for funding, does not count.
        oracle_age_ms_max: nor does one that was set longer ago than this.
        retry_ms: for so long after its end a payment waits for an oracle; less than the interval.
    """

    role: ClassVar[str] = "funding"
    name: ClassVar[str] = "twap"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({MarkSet, OracleSet, GradesSet, FundingSettled, Rejected})
    State: ClassVar[type[Struct]] = TwapState

    markets: tuple[int, ...] = ()
    interval_ms: int = 3_600_000
    rate_divisor: int = 1
    scaling_rate: int = RATE_ONE
    interest_rate: int = 0
    band_rate: int = 0
    lower_rate: int = -RATE_ONE // 200
    upper_rate: int = RATE_ONE // 200
    covered_ms_min: int = 60_000
    grade_min: Grade = Grade.THIN
    oracle_age_ms_max: int = 60_000
    retry_ms: int = 600_000

    def __post_init__(self) -> None:
        if min(self.interval_ms, self.rate_divisor, self.covered_ms_min) <= 0:
            raise ValueError("interval_ms, rate_divisor and covered_ms_min are positive")
        if min(self.band_rate, self.oracle_age_ms_max) < 0 or not 0 < self.retry_ms < self.interval_ms:
            raise ValueError("band_rate and oracle_age_ms_max are not negative, retry_ms is below interval_ms")
        if self.lower_rate > self.upper_rate:
            raise ValueError("lower_rate is not above upper_rate")

    def react(self, state: TwapState, turn: Turn) -> Reaction[TwapState]:
        """Follow the prices that moved, at a waking all; at the end of an epoch its note and its payment."""
        proposals = hear(state.payments, turn)
        moved = {event.market for event in turn.events if isinstance(event, MarkSet | OracleSet | GradesSet)}
        rows = served(turn.view, self.markets) if turn.woken or moved else []
        rows = [row for row in rows if turn.woken or row.market in moved]
        fit = [row.market for row in rows if self._usable(row, turn.time_ns)]
        for row in rows:
            self._follow(state, turn, row)
        proposals += pay(state.payments, rows, turn, fit)
        if turn.woken and is_due(turn.time_ns, self.interval_ms):
            ended = [note for row in rows for note in self._close(state, turn, row, fit)]
            proposals += (*pay(state.payments, rows, turn, fit), *ended)
        expiries = [due.expires_ns for due in state.payments.due.values() if due.expires_ns > turn.time_ns]
        return Reaction(state, proposals, min([next_ns(turn.time_ns, self.interval_ms), *expiries]))

    def _usable(self, row: MarketRow, time_ns: int) -> bool:
        return usable(row, time_ns=time_ns, grade_min=self.grade_min, age_ms_max=self.oracle_age_ms_max)

    def _follow(self, state: TwapState, turn: Turn, row: MarketRow) -> None:
        """Add what a market's prices have been since they were looked at last, and look at them."""
        now_ms = turn.time_ns // MILLISECOND
        path = state.markets.setdefault(row.market, Path(now_ms, now_ms))
        covered = max(0, min(now_ms, path.until_ms) - path.at_ms)
        path.mark_sum += path.mark * covered
        path.oracle_sum += path.oracle * covered
        path.covered_ms += covered if path.oracle else 0
        path.at_ms = now_ms
        there = row.mark > 0 and self._usable(row, turn.time_ns)
        path.mark, path.oracle = (row.mark, row.oracle.price) if there else (0, 0)
        path.until_ms = row.oracle.updated_at // MILLISECOND + self.oracle_age_ms_max

    def _close(self, state: TwapState, turn: Turn, row: MarketRow, fit: list[int]) -> tuple[Proposal, ...]:
        """End the epoch of a market and begin the next: what it came to is due, and a note says how it went.

        A market that never had an oracle has no funding and no notes.
        """
        path, now_ms = state.markets[row.market], turn.time_ns // MILLISECOND
        if path.begun_ms == now_ms:
            return ()
        told = forecast(self, path, time_ns=turn.time_ns)
        price = nearest(path.oracle_sum, path.covered_ms) if path.covered_ms else 0
        state.markets[row.market] = Path(now_ms, now_ms, path.mark, path.oracle, path.until_ms)
        if not row.oracle.price:
            return ()
        return (close(state.payments, row, told, turn, retry_ms=self.retry_ms, fit=fit, price=price),)


def forecast(policy: TwapFunding, path: Path, *, time_ns: int) -> Forecast:
    """What a running epoch would come to if it ended with what it has; it has what the policy saw in its last turn."""
    covered = path.covered_ms
    # Both sums are over the same time, so their ratio is that of the averages, without rounding either to a tick.
    premium = (
        formulas.premium(impact_bid=path.mark_sum, impact_ask=path.mark_sum, oracle=path.oracle_sum) if covered else 0
    )
    terms = Terms(
        scaling_rate=policy.scaling_rate,
        interest_rate=policy.interest_rate,
        band_rate=policy.band_rate,
        lower_rate=policy.lower_rate,
        upper_rate=policy.upper_rate,
        divisor=policy.rate_divisor,
    )
    return foresee(
        terms,
        premium,
        samples=covered,
        missed=time_ns // MILLISECOND - path.begun_ms - covered,
        samples_min=policy.covered_ms_min,
        ends_ns=next_ns(time_ns - 1, policy.interval_ms),
    )
