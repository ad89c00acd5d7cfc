"""The default breakers: six guards over every market, and one over withdrawals; each trip and its end is on record.

A guard that trips asks for an action, and the strictest action of the tripped guards of a market holds. A trip is over
when its guard has been calm for `calm_ns`, or when the operator says so; then the market is what it was before. Whoever
else sets the mode of a market takes it over: its trips end there, and its guards begin anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from msgspec import Struct

from crossbook.commands import Command, MarketMode, Origin, SetWithdrawalGate
from crossbook.events import (
    Event,
    LossCovered,
    LossSocialised,
    MarketModeSet,
    MarkSet,
    Noted,
    OracleSet,
    WithdrawalGateSet,
)
from crossbook.policies import notes
from crossbook.policies.bounds import TIME, check
from crossbook.policies.breakers import records
from crossbook.policies.breakers.hold import Action, adjust, is_of_another
from crossbook.policies.breakers.readings import Window, depth, distance_rate, move_rate, remember
from crossbook.policies.breakers.settings import (
    SECOND_NS,
    BandGuard,
    DepthGuard,
    GuardsState,
    InsuranceGuard,
    OracleGuard,
    ShortfallGuard,
    SilenceGuard,
    Tripped,
    VelocityGuard,
    Watched,
)
from crossbook.policies.contract import Proposal, Reaction, Turn


class Guards(Struct, frozen=True):
    """Watches moves, distances, grades, silence, depth and losses; holds markets and closes withdrawals.

    A guard that is None is off. `calm_ns` is how long a guard must be calm before its trip is over; 0 leaves that to
    the operator's note `breakers.resume`.
    """

    role: ClassVar[str] = "breakers"
    name: ClassVar[str] = "guards"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset(
        {MarkSet, OracleSet, LossCovered, LossSocialised, MarketModeSet, WithdrawalGateSet, Noted}
    )
    State: ClassVar[type[Struct]] = GuardsState

    velocity: VelocityGuard | None = VelocityGuard()
    band: BandGuard | None = BandGuard()
    oracle: OracleGuard | None = OracleGuard()
    silence: SilenceGuard | None = None
    depth: DepthGuard | None = None
    insurance: InsuranceGuard | None = None
    shortfall: ShortfallGuard | None = ShortfallGuard()
    calm_ns: int = 300 * SECOND_NS

    def __post_init__(self) -> None:
        check(self, calm_ns=(0, TIME[1]))

    def react(self, state: GuardsState, turn: Turn) -> Reaction[GuardsState]:
        """Trips what is beyond its limit, lets go what has been calm, and asks to be woken for the next of either."""
        watch = _Watch(self, state, turn)
        watch.begin()
        watch.take_events()
        watch.listen_for_silence()
        watch.look_at_depth()
        watch.let_go_what_is_calm()
        watch.hold_markets()
        return Reaction(state, tuple(watch.proposals), watch.wake_ns())


class _Watch:
    """One turn of the guards."""

    def __init__(self, policy: Guards, state: GuardsState, turn: Turn) -> None:
        self.policy = policy
        self.state = state
        self.turn = turn
        self.now = turn.time_ns
        self.rows = {row.market: row for row in turn.view.markets()}
        self.proposals: list[Proposal] = []
        self.causes: dict[int, int] = {}
        """What last changed the trips of a market (a seq), by market."""

    def begin(self) -> None:
        """Before the first look: gates that are closed already are somebody else's."""
        if not self.state.begun:
            self.state.begun = True
            self.state.foreign = [row.asset for row in self.turn.view.assets() if row.gate.closed]
        for market in self.rows:
            if market not in self.state.markets:
                self.state.markets[market] = Watched(self.now)

    def say(self, topic: str, body: Struct, cause: int) -> None:
        self.proposals.append(Proposal(notes.note(topic, body), cause))

    # --- what happened ----------------------------------------------------------------------------------------------

    def take_events(self) -> None:
        """Take in what happened, in its order; what lasts (distance, grade) is judged by where it ended."""
        touched: dict[int, int] = {}
        socialised = 0
        for event in self.turn.events:
            match event:
                case MarkSet():
                    self.moved(event)
                    touched[event.market] = event.seq
                case OracleSet():
                    touched[event.market] = event.seq
                case LossCovered():
                    self.paid(event)
                    self.fell_short(event)
                case LossSocialised():
                    socialised = event.seq
                    self.fell_short(event)
                case MarketModeSet():
                    self.mode_set(event)
                case WithdrawalGateSet():
                    self.gate_set(event, by_kernel=event.seq == socialised)
                case Noted() if event.origin == Origin.OPERATOR:
                    self.told(event)
        for market, cause in touched.items():
            self.judge_prices(market, cause)

    def moved(self, event: MarkSet) -> None:
        """Velocity."""
        guard = self.policy.velocity
        if guard is None:
            return
        window = self.state.markets[event.market].window
        remember(window, event.price, time_ns=self.now, window_ns=guard.window_ns)
        value = move_rate(window, event.price)
        if value > guard.move_rate:
            self.strike("velocity", event.market, guard.action, (value, guard.move_rate), event.seq)

    def judge_prices(self, market: int, cause: int) -> None:
        """Band, and the grade of the oracle."""
        row = self.rows[market]
        if not row.oracle.seq:
            return
        band, grade = self.policy.band, self.policy.oracle
        if band is not None and row.mark:
            value = distance_rate(row.mark, row.oracle.price)
            broken = value > band.band_rate
            self.judge("band", market, band.action, (value, band.band_rate), cause, broken=broken)
        if grade is not None:
            broken = row.oracle.grade < grade.grade_min
            self.judge("oracle", market, grade.action, (row.oracle.grade, grade.grade_min), cause, broken=broken)

    def paid(self, event: LossCovered) -> None:
        """Insurance loss per interval."""
        guard = self.policy.insurance
        if guard is None:
            return
        fund, interval = f"{event.asset}:{event.market}", self.now // guard.interval_ns
        before = self.state.paid.get(fund, (interval, 0))
        total = event.amount + (before[1] if before[0] == interval else 0)
        self.state.paid[fund] = interval, total
        if total <= guard.loss_max:
            return
        for market, row in self.rows.items():
            if event.market in {0, market} and row.settlement == event.asset:
                self.strike("insurance", market, guard.action, (total, guard.loss_max), event.seq)

    def fell_short(self, event: LossCovered | LossSocialised) -> None:
        """A loss that the pool did not have: its asset's withdrawals are closed, unless somebody closed them before."""
        guard, state = self.policy.shortfall, self.state
        if guard is None or event.amount < guard.amount_min or event.asset in state.foreign:
            return
        if event.asset in state.gates:
            state.gates[event.asset].broken_ns = self.now
            return
        state.gates[event.asset] = Tripped(Action.HALT, broken=False, broken_ns=self.now)
        trip = records.Trip("shortfall", 0, event.asset, event.amount, guard.amount_min, "gate", event.seq)
        self.say(records.TRIP, trip, event.seq)
        self.set_gate(event.asset, event.seq, closed=True)

    def set_gate(self, asset: int, cause: int, *, closed: bool) -> None:
        row = self.turn.view.asset(asset)
        if row is not None and row.gate.closed != closed:
            command: Command = SetWithdrawalGate(asset, closed, row.gate.interval_ns, row.gate.amount_max)
            self.proposals.append(Proposal(command, cause))
            self.state.asked.append(asset)

    def mode_set(self, event: MarketModeSet) -> None:
        """Whoever else sets a mode takes the market over."""
        watched = self.state.markets[event.market]
        if is_of_another(watched.hold, event.mode):
            watched.hold.mode = 0
            watched.open_ns = self.now
            for guard in list(watched.trips):
                self.end(event.market, guard, "overridden", event.seq)

    def gate_set(self, event: WithdrawalGateSet, *, by_kernel: bool) -> None:
        """Whoever else sets a gate takes it over."""
        asset, state = event.asset, self.state
        if asset in state.asked:
            state.asked.remove(asset)
        elif not by_kernel:
            if state.gates.pop(asset, None):
                self.say(records.RESUMED, records.Resumed("shortfall", 0, asset, "overridden"), event.seq)
            state.foreign = [other for other in state.foreign if other != asset] + [asset] * event.closed

    def told(self, event: Noted) -> None:
        """The operator resumes."""
        asked = notes.read(event, records.RESUME, records.Resume)
        if asked is None:
            return
        watched = self.state.markets.get(asked.market)
        for guard in list(watched.trips) if watched else []:
            if asked.guard in {"", guard}:
                self.end(asked.market, guard, "operator", event.seq)
        if asked.asset in self.state.gates:
            self.open_gate(asked.asset, "operator", event.seq)

    # --- trips ------------------------------------------------------------------------------------------------------

    def strike(self, guard: str, market: int, action: Action, reading: tuple[int, int], cause: int) -> Tripped:
        """A limit is broken at this moment: `reading` is the value and the limit."""
        trips = self.state.markets[market].trips
        if guard not in trips:
            trips[guard] = Tripped(action, broken=False, broken_ns=self.now)
            self.causes[market] = cause
            self.say(records.TRIP, records.Trip(guard, market, 0, *reading, action.value, cause), cause)
        trips[guard].broken_ns = self.now
        return trips[guard]

    def judge(
        self, guard: str, market: int, action: Action, reading: tuple[int, int], cause: int, *, broken: bool
    ) -> None:
        """A limit that stays broken until it is not: calm begins when it ends."""
        trip = self.state.markets[market].trips.get(guard)
        if broken:
            self.strike(guard, market, action, reading, cause).broken = True
        elif trip is not None and trip.broken:
            trip.broken, trip.broken_ns = False, self.now

    def end(self, market: int, guard: str, reason: str, cause: int) -> None:
        """A trip is over; velocity begins anew at the present mark."""
        watched = self.state.markets[market]
        del watched.trips[guard]
        self.causes[market] = cause
        self.say(records.RESUMED, records.Resumed(guard, market, 0, reason), cause)
        if not watched.trips:
            watched.open_ns = self.now
        if guard == "velocity" and self.policy.velocity is not None:
            watched.window = Window()
            remember(watched.window, self.rows[market].mark, time_ns=self.now, window_ns=self.policy.velocity.window_ns)

    def open_gate(self, asset: int, reason: str, cause: int) -> None:
        del self.state.gates[asset]
        self.say(records.RESUMED, records.Resumed("shortfall", 0, asset, reason), cause)
        self.set_gate(asset, cause, closed=False)

    # --- time -------------------------------------------------------------------------------------------------------

    def listen_for_silence(self) -> None:
        """An oracle that says nothing, which nothing announces."""
        guard = self.policy.silence
        if guard is None:
            return
        for market, row in self.rows.items():
            if row.oracle.seq:
                silence_ns = self.now - row.oracle.updated_at
                broken = silence_ns > guard.silence_ns
                reading = silence_ns, guard.silence_ns
                self.judge("silence", market, guard.action, reading, row.oracle.seq, broken=broken)

    def silent_ns(self) -> list[int]:
        """When oracles that speak will have been silent for too long, if they say nothing until then."""
        guard = self.policy.silence
        if guard is None:
            return []
        speaking = [row for row in self.rows.values() if row.oracle.seq]
        times = [row.oracle.updated_at + guard.silence_ns + 1 for row in speaking]
        return [time_ns for time_ns in times if time_ns > self.now]

    def look_at_depth(self) -> None:
        """Depth, of markets that have been open for long enough to have some."""
        guard, state = self.policy.depth, self.state
        if guard is None or self.now < state.sample_ns:
            return
        state.sample_ns = (self.now // guard.sample_ns + 1) * guard.sample_ns
        for market, row in self.rows.items():
            is_open = row.mode == MarketMode.CONTINUOUS and self.now >= state.markets[market].open_ns + guard.grace_ns
            if not row.mark or not is_open or "depth" in state.markets[market].trips:
                continue
            value = depth(row, self.turn.view.book(market, guard.levels), guard.within_rate)
            if value < guard.notional_min:
                self.strike("depth", market, guard.action, (value, guard.notional_min), self.turn.seq)

    def is_calm(self, trip: Tripped) -> bool:
        return self.policy.calm_ns > 0 and not trip.broken and self.now >= trip.broken_ns + self.policy.calm_ns

    def let_go_what_is_calm(self) -> None:
        """What has been calm for long enough is over."""
        for market, watched in self.state.markets.items():
            for guard in [guard for guard, trip in watched.trips.items() if self.is_calm(trip)]:
                self.end(market, guard, "calm", 0)
        for asset in [asset for asset, trip in self.state.gates.items() if self.is_calm(trip)]:
            self.open_gate(asset, "calm", 0)

    def hold_markets(self) -> None:
        """Bring every market whose trips changed to what they ask for."""
        for market, cause in self.causes.items():
            watched = self.state.markets[market]
            actions = [trip.action for trip in watched.trips.values()]
            commands = adjust(watched.hold, self.rows[market], actions)
            self.proposals.extend(Proposal(command, cause) for command in commands)

    def trips(self) -> Iterable[Tripped]:
        """Every trip that holds."""
        for watched in self.state.markets.values():
            yield from watched.trips.values()
        yield from self.state.gates.values()

    def wake_ns(self) -> int | None:
        """When there is something to do although nothing happens: depth to look at, or calm to be over."""
        times = self.silent_ns()
        if self.policy.depth is not None:
            times.append(self.state.sample_ns)
        if self.policy.calm_ns:
            times += [trip.broken_ns + self.policy.calm_ns for trip in self.trips() if not trip.broken]
        return min(times, default=None)
