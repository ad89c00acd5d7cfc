"""Surveillance: looks at trades, orders and positions, and puts on record what somebody should look at.

It proposes nothing but notes. What it remembers is bounded, and when that is not enough it says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, ClassVar, Final

from msgspec import Meta, Struct, field

from crossbook.events import (
    CancelReason,
    Event,
    MassCancelled,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    Traded,
)
from crossbook.policies import notes
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.surveillance.concentration import Concentration
from crossbook.policies.surveillance.layering import Layering, Layers
from crossbook.policies.surveillance.round_trips import RoundTrips
from crossbook.policies.surveillance.stuffing import Second, Stuffing
from crossbook.policies.surveillance.topics import FINDING, Finding
from crossbook.policies.surveillance.windows import Window
from crossbook.policies.view import PolicyView

MASTERS_MAX: Final = 16_384
"""How many accounts' masters are remembered before they are looked up again."""
FINDINGS_MAX: Final = 256
"""How many findings one turn tells; more come back as long as they hold."""


class WatchState(Struct):
    """The running half window, what was counted, and what was told until which half; masters and tick values by id.

    `flows` are keyed `market:seller:buyer` and `volumes` `market:master` (master 0: the whole market), by masters.
    """

    half: int = 0
    masters: dict[int, int] = field(default_factory=dict)
    tick_values: dict[int, int] = field(default_factory=dict)
    flows: Window = field(default_factory=Window)
    volumes: Window = field(default_factory=Window)
    second: Second = field(default_factory=Second)
    layers: Layers = field(default_factory=Layers)
    told: dict[str, int] = field(default_factory=dict)


class Watch(Struct, frozen=True):
    """Finds round trips, layering, quote stuffing and concentration; see each for its formulas.

    Attributes:
        window_ns: how far back the tallies reach; what they tell is looked at twice in a window.
        round_trips: `RoundTrips`.
        layering: `Layering`.
        stuffing: `Stuffing`.
        concentration: `Concentration`.
    """

    role: ClassVar[str] = "surveillance"
    name: ClassVar[str] = "watch"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset(
        {OrderAccepted, OrderAmended, OrderCancelled, MassCancelled, Traded}
    )
    State: ClassVar[type[Struct]] = WatchState

    window_ns: Annotated[int, Meta(ge=2)] = 600_000_000_000
    round_trips: RoundTrips = RoundTrips()
    layering: Layering = Layering()
    stuffing: Stuffing = Stuffing()
    concentration: Concentration = Concentration()

    def react(self, state: WatchState, turn: Turn) -> Reaction[WatchState]:
        """Look back if a half window is over, count what happened, and look at the instant."""
        half_ns = self.window_ns // 2
        half = turn.time_ns // half_ns
        findings: list[Finding] = []
        if half > state.half:
            findings += self._look_back(state, turn.view)
            _roll(state, half)
        for event in turn.events:
            self._count(state, event, turn)
        findings += self.layering.findings(state.layers, turn.time_ns)
        findings += self.stuffing.findings(state.second, state.volumes, turn.time_ns)
        proposals = tuple(
            Proposal(notes.note(FINDING, one), one.last_seq) for one in islice(_untold(state, findings), FINDINGS_MAX)
        )
        return Reaction(state, proposals, (half + 1) * half_ns)

    def _look_back(self, state: WatchState, view: PolicyView) -> Iterator[Finding]:
        """What the window that ends shows."""
        markets = view.markets()
        tick_values = {row.market: row.tick_value for row in markets}
        yield from self.round_trips.findings(state.flows, state.volumes, tick_values)
        yield from self.concentration.findings(
            view, markets, state.volumes, lambda account: _master(state, view, account)
        )
        missed = state.flows.missed + state.volumes.missed + state.layers.missed + state.layers.complete.missed
        if missed:
            yield Finding("overflow", (), 0, missed, 1, view.seq, view.seq, (), {})

    def _count(self, state: WatchState, event: Event, turn: Turn) -> None:
        """Put one event into the tallies of its master, or masters."""
        if isinstance(event, Traded):
            taker, maker = _master(state, turn.view, event.taker), _master(state, turn.view, event.maker)
            _trade(state, event, taker, maker)
            key, other = f"{event.market}:{taker}", f"{event.market}:{maker}"
        elif isinstance(event, OrderAccepted | OrderAmended | OrderCancelled | MassCancelled):
            key = other = f"{event.market}:{_master(state, turn.view, event.account)}"
            if not isinstance(event, OrderCancelled) or event.reason == CancelReason.REQUESTED:
                state.volumes.at(key).add(event.seq, messages=1)
                state.second.count(key, turn.time_ns)
        else:
            return
        tick_value = _tick_value(state, turn.view, event.market) if isinstance(event, Traded) else 0
        self.layering.follow(state.layers, event, key, other, turn.time_ns, tick_value)


def _trade(state: WatchState, event: Traded, taker: int, maker: int) -> None:
    """A trade counts for its market, for both its masters, and from the seller to the buyer."""
    value = event.lots * event.price
    for master in dict.fromkeys((0, taker, maker)):
        lots = event.lots * (2 if master and taker == maker else 1)
        tally = state.volumes.at(f"{event.market}:{master}")
        tally.add(event.seq, lots=lots, value=value, trades=1)
    seller, buyer = (taker, maker) if event.taker_side == 2 else (maker, taker)
    state.flows.at(f"{event.market}:{seller}:{buyer}").add(event.seq, lots=event.lots, value=value, trades=1)


def _roll(state: WatchState, half: int) -> None:
    for window in (state.flows, state.volumes, state.layers.complete):
        window.roll(half - state.half)
    state.layers.missed = 0
    state.told = {key: until for key, until in state.told.items() if until > half}
    state.half = half


def _untold(state: WatchState, findings: list[Finding]) -> Iterator[Finding]:
    """What was not told within a window already."""
    for finding in findings:
        key = f"{finding.kind}:{finding.market}:{','.join(map(str, finding.accounts))}"
        if key not in state.told:
            state.told[key] = state.half + 2
            yield finding


def _tick_value(state: WatchState, view: PolicyView, market: int) -> int:
    """The tick value of a market, which never changes."""
    found = state.tick_values.get(market)
    if found is None:
        row = view.market(market)
        found = state.tick_values[market] = row.tick_value if row else 0
    return found


def _master(state: WatchState, view: PolicyView, account: int) -> int:
    """The master of an account, which is itself if it has none."""
    found = state.masters.get(account)
    if found is None:
        row = view.account(account)
        found = (row.master if row else 0) or account
        if len(state.masters) >= MASTERS_MAX:
            state.masters.clear()
        state.masters[account] = found
    return found
