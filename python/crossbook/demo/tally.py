"""What happened in the demo, counted from events: those of the agents' commands and those of the policies'."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from crossbook.commands import Grade, Origin
from crossbook.demo.agents import Holdings
from crossbook.demo.market import INSTRUMENTS
from crossbook.events import (
    AccountFeesSet,
    AuctionOpened,
    CancelReason,
    Event,
    FundingSettled,
    InsuranceFunded,
    LiquidationEnded,
    LossCovered,
    LossSocialised,
    MarketModeSet,
    MoveReason,
    Noted,
    OrderAccepted,
    OrderCancelled,
    PoolLocked,
    PoolReleased,
    PositionMoved,
    Rejected,
    Traded,
)
from crossbook.policies import notes
from crossbook.policies.breakers.records import RESUMED, TRIP, Resumed, Trip
from crossbook.policies.funding.records import DEFERRED, EPOCH, DeferredPayment, EpochClosed
from crossbook.policies.liquidation.words import CALL, MarginCall
from crossbook.quantities import MarketUnit
from crossbook.rejects import REASONS
from crossbook.rows import MarketRow


@dataclass(slots=True)
class MarketTally:
    """What happened in one market: volume in minor units of the settlement asset, marks in ticks.

    `grades` are the grades that its outside price had at the ends of rounds, each with the first such round.
    """

    trades: int = 0
    volume: int = 0
    before_crash: int = 0
    lowest: int = 0
    last: int = 0
    grades: list[tuple[int, Grade]] = field(default_factory=list)

    def see(self, number: int, row: MarketRow, *, crashed: bool) -> None:
        """How the market stands at the end of a round."""
        if not crashed:
            self.before_crash = row.mark
        self.lowest = min(self.lowest or row.mark, row.mark)
        self.last = row.mark
        if not self.grades or self.grades[-1][1] != row.oracle.grade:
            self.grades.append((number, row.oracle.grade))


@dataclass(slots=True)
class Tally:
    """What happened in the session.

    Attributes:
        inside: commands of the policies and their loop.
        steps: how often each step of the ladder was taken, by its name in `STEPS`.
        moved: what these came to in minor units.
        trips: of breakers, by guard.
        resumed: what ended them, by reason.
        modes: how often the mode of a market was set.
        epochs: of funding that ended, `settled` those that were paid.
        payments: what became of them when they ended, and later.
        retiered: accounts put into another fee tier.
        topped_up: what went from fees to the insurance fund, in minor units.
    """

    inside: int = 0
    orders: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    cancelled: Counter[CancelReason] = field(default_factory=Counter)
    makers_cancelled: int = 0
    markets: list[MarketTally] = field(default_factory=lambda: [MarketTally() for _ in INSTRUMENTS])
    steps: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    trips: Counter[str] = field(default_factory=Counter)
    resumed: Counter[str] = field(default_factory=Counter)
    modes: int = 0
    epochs: int = 0
    settled: int = 0
    payments: Counter[str] = field(default_factory=Counter)
    retiered: int = 0
    topped_up: int = 0


STEPS: Final = (
    "first calls",
    "second calls",
    "locked",
    "reductions",
    "auctions",
    "sold at auction",
    "taken over",
    "deleveraged",
    "insurance paid",
    "socialised",
    "released",
)
"""The steps of the ladder, in order: warnings, the lock, what is sold to whom, who pays what is left, the way out."""

_MOVES: Final = {
    MoveReason.AUCTION: "sold at auction",
    MoveReason.TAKE_OVER: "taken over",
    MoveReason.DELEVERAGE: "deleveraged",
}


class Counting:
    """Takes events in and keeps the tally and the agents' holdings."""

    def __init__(self, tally: Tally, holdings: Holdings, units: list[MarketUnit]) -> None:
        self._tally = tally
        self._holdings = holdings
        self._units = units
        self._taker = 0
        self._counters: Final[dict[type[Event], Callable[..., None]]] = {
            OrderAccepted: self._order,
            Traded: self._trade,
            Rejected: self._refusal,
            OrderCancelled: self._cancel,
            MarketModeSet: self._mode,
            PositionMoved: self._move,
            LiquidationEnded: self._reduction,
            LossCovered: lambda event: self._step("insurance paid", event.amount),
            LossSocialised: lambda event: self._step("socialised", event.amount),
            PoolLocked: lambda _: self._step("locked"),
            PoolReleased: lambda _: self._step("released"),
            AuctionOpened: lambda _: self._step("auctions"),
            FundingSettled: self._funding,
            AccountFeesSet: self._fees,
            InsuranceFunded: self._insurance,
            Noted: self._note,
        }

    def take(self, events: Iterable[Event]) -> None:
        """Events, in order."""
        for event in events:
            count = self._counters.get(type(event))
            if count is not None:
                count(event)

    # --- trading ----------------------------------------------------------------------------------------------------

    def _order(self, event: OrderAccepted) -> None:
        self._tally.orders += 1
        self._taker = event.order

    def _trade(self, event: Traded) -> None:
        market = self._tally.markets[event.market - 1]
        market.trades += 1
        market.volume += event.price * event.lots * self._units[event.market - 1].tick_value
        bought = event.lots if event.taker_side == 1 else -event.lots
        self._holdings.add(event.taker, event.market, bought)
        self._holdings.add(event.maker, event.market, -bought)

    def _refusal(self, event: Rejected) -> None:
        self._tally.refused[REASONS[event.code].code.camel] += 1

    def _cancel(self, event: OrderCancelled) -> None:
        self._tally.cancelled[event.reason] += 1
        if event.reason == CancelReason.MARGIN and event.order != self._taker:
            self._tally.makers_cancelled += 1

    # --- policies ---------------------------------------------------------------------------------------------------

    def _mode(self, _: MarketModeSet) -> None:
        self._tally.modes += 1

    def _step(self, name: str, amount: int = 0) -> None:
        self._tally.steps[name] += 1
        if amount:
            self._tally.moved[name] += amount

    def _move(self, event: PositionMoved) -> None:
        self._holdings.add(event.destination, event.market, event.lots)
        self._holdings.add(event.source, event.market, -event.lots)
        self._step(_MOVES[event.reason], event.value)

    def _reduction(self, event: LiquidationEnded) -> None:
        if event.filled:
            self._step("reductions", event.value)

    def _funding(self, _: FundingSettled) -> None:
        self._tally.settled += 1

    def _fees(self, _: AccountFeesSet) -> None:
        self._tally.retiered += 1

    def _insurance(self, event: InsuranceFunded) -> None:
        if not event.account:
            self._tally.topped_up += event.amount

    def _note(self, event: Noted) -> None:
        if event.origin != Origin.POLICY:
            return
        tally = self._tally
        if call := notes.read(event, CALL, MarginCall):
            self._step("first calls" if call.call == 1 else "second calls")
        elif trip := notes.read(event, TRIP, Trip):
            tally.trips[trip.guard] += 1
        elif resumed := notes.read(event, RESUMED, Resumed):
            tally.resumed[resumed.reason] += 1
        elif closed := notes.read(event, EPOCH, EpochClosed):
            tally.epochs += 1
            tally.payments[closed.payment] += 1
        elif deferred := notes.read(event, DEFERRED, DeferredPayment):
            tally.payments[deferred.outcome] += 1
