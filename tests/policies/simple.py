"""Policies as small as they can be, for what the loop promises: one follows, one beats time, one remembers."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from crossbook.commands import SetMark, SettleFunding
from crossbook.events import Event, FundingSettled, MarkSet, Observed
from crossbook.policies import notes
from crossbook.policies.contract import Proposal, Reaction, Turn, propose

SECOND = 1_000_000_000


class Marks(Struct):
    """The marks that were followed, and how often."""

    prices: dict[int, int] = {}
    turns: int = 0


class Follower(Struct, frozen=True):
    """The mark is whatever was observed last, feed by feed; a feed is a market."""

    role: ClassVar[str] = "mark"
    name: ClassVar[str] = "follower"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({Observed})
    State: ClassVar[type[Struct]] = Marks

    def react(self, state: Marks, turn: Turn) -> Reaction[Marks]:
        state.turns += 1
        proposals = []
        for event in turn.events:
            assert isinstance(event, Observed)
            if state.prices.get(event.feed) != event.price:
                state.prices[event.feed] = event.price
                proposals.append(Proposal(SetMark(event.feed, event.price), event.seq))
        return Reaction(state, tuple(proposals))


class Beat(Struct):
    """How often time was beaten."""

    beats: int = 0


class Metronome(Struct, frozen=True):
    """Settles funding at a fixed rate every so often, whatever else happens."""

    role: ClassVar[str] = "funding"
    name: ClassVar[str] = "metronome"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset()
    State: ClassVar[type[Struct]] = Beat

    interval_ns: int = 5 * SECOND
    market: int = 1

    def react(self, state: Beat, turn: Turn) -> Reaction[Beat]:
        state.beats += 1
        following = (turn.time_ns // self.interval_ns + 1) * self.interval_ns
        if turn.time_ns % self.interval_ns:
            return Reaction(state, (), following)
        market = turn.view.market(self.market)
        price = market.mark if market else 1
        return Reaction(state, propose(SettleFunding(self.market, price, 1_000_000)), following)


class Sum(Struct):
    """What was seen so far."""

    marks: int = 0
    rates: int = 0


class Scribe(Struct, frozen=True):
    """Says after each of them how many marks and funding payments there have been."""

    role: ClassVar[str] = "surveillance"
    name: ClassVar[str] = "scribe"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({MarkSet, FundingSettled})
    State: ClassVar[type[Struct]] = Sum

    def react(self, state: Sum, turn: Turn) -> Reaction[Sum]:
        for event in turn.events:
            state.marks += isinstance(event, MarkSet)
            state.rates += isinstance(event, FundingSettled)
        return Reaction(state, propose(notes.note("scribe.sum", state)) if turn.events else ())


def band() -> dict[str, Struct]:
    """All three."""
    return {"mark": Follower(), "funding": Metronome(), "surveillance": Scribe()}
