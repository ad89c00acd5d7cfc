"""Breakers that watch moves alone: a market that moved too far is halted for a fixed time."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct, field

from crossbook.events import Event, MarketModeSet, MarkSet
from crossbook.policies import notes
from crossbook.policies.bounds import FACTOR, TIME, check
from crossbook.policies.breakers import records
from crossbook.policies.breakers.hold import Action, Hold, adjust, is_of_another
from crossbook.policies.breakers.readings import Window, move_rate, remember
from crossbook.policies.breakers.settings import SECOND_NS
from crossbook.policies.contract import Proposal, Reaction, Turn

GUARD = "velocity"


class Paced(Struct):
    """What is remembered of a market; `resumes_ns` is when its halt ends (0: none)."""

    window: Window = field(default_factory=Window)
    hold: Hold = field(default_factory=Hold)
    resumes_ns: int = 0


class VelocityState(Struct):
    """Markets by id."""

    markets: dict[int, Paced] = field(default_factory=dict)


class Velocity(Struct, frozen=True):
    """Halts a market for `halt_ns` when its mark moved by more than `move_rate` (parts per 10^9) in `window_ns`.

    Marks are remembered during the halt, so that a market that goes on moving halts again after it.
    """

    role: ClassVar[str] = "breakers"
    name: ClassVar[str] = "velocity"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({MarkSet, MarketModeSet})
    State: ClassVar[type[Struct]] = VelocityState

    move_rate: int = 100_000_000
    window_ns: int = 60 * SECOND_NS
    halt_ns: int = 300 * SECOND_NS

    def __post_init__(self) -> None:
        check(self, move_rate=FACTOR, window_ns=TIME, halt_ns=TIME)

    def react(self, state: VelocityState, turn: Turn) -> Reaction[VelocityState]:
        """Halts what moved too far, and resumes what has been halted for its time."""
        proposals: list[Proposal] = []
        for event in turn.events:
            if isinstance(event, MarkSet):
                proposals += self._moved(state.markets.setdefault(event.market, Paced()), event, turn)
            elif isinstance(event, MarketModeSet):
                proposals += _mode_set(state.markets.setdefault(event.market, Paced()), event)
        for market, paced in state.markets.items():
            if 0 < paced.resumes_ns <= turn.time_ns:
                paced.resumes_ns = 0
                resumed = records.Resumed(GUARD, market, 0, "calm")
                proposals.append(Proposal(notes.note(records.RESUMED, resumed)))
                proposals += _adjust(paced, market, turn, cause=0)
        wake_ns = min((paced.resumes_ns for paced in state.markets.values() if paced.resumes_ns), default=None)
        return Reaction(state, tuple(proposals), wake_ns)

    def _moved(self, paced: Paced, event: MarkSet, turn: Turn) -> list[Proposal]:
        remember(paced.window, event.price, time_ns=turn.time_ns, window_ns=self.window_ns)
        value = move_rate(paced.window, event.price)
        if value <= self.move_rate or paced.resumes_ns:
            return []
        paced.resumes_ns = turn.time_ns + self.halt_ns
        trip = records.Trip(GUARD, event.market, 0, value, self.move_rate, Action.HALT.value, event.seq)
        said = Proposal(notes.note(records.TRIP, trip), event.seq)
        return [said, *_adjust(paced, event.market, turn, cause=event.seq)]


def _mode_set(paced: Paced, event: MarketModeSet) -> list[Proposal]:
    """Whoever else sets a mode takes the market over."""
    if not is_of_another(paced.hold, event.mode):
        return []
    is_tripped, paced.resumes_ns, paced.hold, paced.window = bool(paced.resumes_ns), 0, Hold(), Window()
    resumed = records.Resumed(GUARD, event.market, 0, "overridden")
    return [Proposal(notes.note(records.RESUMED, resumed), event.seq)] if is_tripped else []


def _adjust(paced: Paced, market: int, turn: Turn, *, cause: int) -> list[Proposal]:
    row = turn.view.market(market)
    actions = [Action.HALT] if paced.resumes_ns else []
    return [Proposal(command, cause) for command in adjust(paced.hold, row, actions)] if row is not None else []
