"""The default funding: the premium of the impact prices, sampled on a grid, averaged over an epoch, paid at its end.

    premium = (max(impact bid − oracle, 0) − max(oracle − impact ask, 0)) / oracle      each sample
    rate    = clamp(P + clamp(interest − P, ±band), ±cap) / divisor                     P: the average of the samples

Both are the kernel's (`crossbook.formulas`); the average is rounded towards zero. See
`docs/policies_mark_funding.md` for what happens when something is missing.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct, field

from crossbook import formulas
from crossbook.commands import RATE_ONE, Grade, Side
from crossbook.events import Event, FundingSettled, GradesSet, OracleSet, Rejected
from crossbook.policies.arithmetic import towards_zero
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.funding.forecast import Forecast, Terms, foresee
from crossbook.policies.funding.payment import Payments, close, hear, pay, usable
from crossbook.policies.levels import impact_price
from crossbook.policies.markets import served
from crossbook.policies.schedule import MILLISECOND, is_due, next_ns
from crossbook.policies.view import PolicyView
from crossbook.rows import MarketRow


class Running(Struct):
    """The epoch of a market that runs: since when samples are due, their sum, how many, and the last of them.

    Premiums are in parts per 10^9. `begun_ns` is the end of the epoch before, or when the policy first saw the market.
    """

    begun_ns: int
    premium_sum: int = 0
    samples: int = 0
    premium: int = 0


class EpochsState(Struct):
    """The running epochs by market, and the payments that are still to be made."""

    markets: dict[int, Running] = field(default_factory=dict)
    payments: Payments = field(default_factory=Payments)


class Epochs(Struct, frozen=True):
    """Funding by epochs of impact premiums.

    The defaults are an hourly payment of an eighth of an eight-hour rate; without the eighths, `interval_ms` 28,800,000
    and `rate_divisor` 1 pay the whole rate every eight hours. Several slots (`funding.btc`) may serve several markets.

    Attributes:
        markets: ids of the markets it serves; all if none are named.
        interval_ms: of an epoch; epochs end at its multiples since the Unix epoch.
        sample_ms: between samples; divides the interval.
        rate_divisor: how many payments make one rate.
        impact_notional: minor units that the impact prices are for.
        depth: how many levels of each side are looked at.
        interest_rate: what the premium is pulled towards.
        band_rate: how far it is pulled at most.
        cap_rate: bounds the rate before it is divided.
        samples_min: with fewer, nothing is paid.
        grade_min: an oracle of a lower grade, or of one lower than the market asks for funding, gives no sample.
        oracle_age_ms_max: nor does one that was set longer ago than this.
        retry_ms: for so long after its end a payment waits for an oracle; less than the interval.
    """

    role: ClassVar[str] = "funding"
    name: ClassVar[str] = "epochs"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({OracleSet, GradesSet, FundingSettled, Rejected})
    State: ClassVar[type[Struct]] = EpochsState

    markets: tuple[int, ...] = ()
    interval_ms: int = 3_600_000
    sample_ms: int = 5_000
    rate_divisor: int = 8
    impact_notional: int = 20_000_000_000
    depth: int = 50
    interest_rate: int = RATE_ONE // 10_000
    band_rate: int = RATE_ONE // 2_000
    cap_rate: int = RATE_ONE // 25
    samples_min: int = 1
    grade_min: Grade = Grade.THIN
    oracle_age_ms_max: int = 60_000
    retry_ms: int = 600_000

    def __post_init__(self) -> None:
        if min(self.sample_ms, self.rate_divisor, self.impact_notional, self.depth, self.samples_min) <= 0:
            raise ValueError("sample_ms, rate_divisor, impact_notional, depth and samples_min are positive")
        if self.interval_ms < self.sample_ms or self.interval_ms % self.sample_ms:
            raise ValueError("interval_ms is a multiple of sample_ms")
        if min(self.band_rate, self.cap_rate, self.oracle_age_ms_max) < 0 or not 0 < self.retry_ms < self.interval_ms:
            raise ValueError("band_rate, cap_rate and oracle_age_ms_max are not negative, retry_ms below interval_ms")

    def react(self, state: EpochsState, turn: Turn) -> Reaction[EpochsState]:
        """At a waking a sample of every market, at the end of an epoch its note and its payment."""
        proposals = hear(state.payments, turn)
        if not turn.woken and not state.payments.due:
            return Reaction(state, proposals, next_ns(turn.time_ns, self.sample_ms))
        rows = served(turn.view, self.markets)
        grade, age = self.grade_min, self.oracle_age_ms_max
        fit = [row.market for row in rows if usable(row, time_ns=turn.time_ns, grade_min=grade, age_ms_max=age)]
        if turn.woken:
            for row in rows:
                self._sample(state, turn, row, fit)
        proposals += pay(state.payments, rows, turn, fit)
        if turn.woken and is_due(turn.time_ns, self.interval_ms):
            ended = [note for row in rows for note in self._close(state, turn, row, fit)]
            proposals += (*pay(state.payments, rows, turn, fit), *ended)
        # Without any oracle that could be sampled there is nothing to do but to close epochs, until one is set.
        idle = not fit and not state.payments.due
        return Reaction(state, proposals, next_ns(turn.time_ns, self.interval_ms if idle else self.sample_ms))

    def _sample(self, state: EpochsState, turn: Turn, row: MarketRow, fit: list[int]) -> None:
        """Take a market's sample, if this is a time for one and there is one to be had."""
        running = state.markets.setdefault(row.market, Running(turn.time_ns))
        due = is_due(turn.time_ns, self.sample_ms) and turn.time_ns > running.begun_ns
        if due and row.market in fit:
            premium = self._premium(turn.view, row)
            if premium is not None:
                running.premium = premium
                running.premium_sum += premium
                running.samples += 1

    def _premium(self, view: PolicyView, row: MarketRow) -> int | None:
        """The premium of a market's impact prices; None if a side of the book holds less than the notional."""
        bids, asks = view.book(row.market, self.depth)
        bid = impact_price(bids, self.impact_notional, Side.SELL, row.tick_value)
        ask = impact_price(asks, self.impact_notional, Side.BUY, row.tick_value)
        if bid is None or ask is None:
            return None
        return formulas.premium(impact_bid=bid, impact_ask=ask, oracle=row.oracle.price)

    def _close(self, state: EpochsState, turn: Turn, row: MarketRow, fit: list[int]) -> tuple[Proposal, ...]:
        """End the epoch of a market and begin the next: what it came to is due, and a note says how it went.

        A market that never had an oracle has no funding and no notes.
        """
        running = state.markets[row.market]
        if running.begun_ns == turn.time_ns:
            return ()
        told = forecast(self, running, time_ns=turn.time_ns)
        state.markets[row.market] = Running(turn.time_ns, premium=running.premium)
        if not row.oracle.price:
            return ()
        return (close(state.payments, row, told, turn, retry_ms=self.retry_ms, fit=fit, price=0),)


def forecast(policy: Epochs, running: Running, *, time_ns: int) -> Forecast:
    """What a running epoch would come to at this time if no more samples came; at its end, what it comes to."""
    sample_ns = policy.sample_ms * MILLISECOND
    due = time_ns // sample_ns - running.begun_ns // sample_ns
    terms = Terms(
        scaling_rate=RATE_ONE,
        interest_rate=policy.interest_rate,
        band_rate=policy.band_rate,
        lower_rate=-policy.cap_rate,
        upper_rate=policy.cap_rate,
        divisor=policy.rate_divisor,
    )
    return foresee(
        terms,
        towards_zero(running.premium_sum, running.samples) if running.samples else 0,
        samples=running.samples,
        missed=due - running.samples,
        samples_min=policy.samples_min,
        ends_ns=next_ns(time_ns - 1, policy.interval_ms),
    )
