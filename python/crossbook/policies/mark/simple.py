"""Marks of one price: the oracle alone, the book alone. What a desk compares the median with."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from crossbook.commands import RATE_ONE, Grade
from crossbook.events import Event, OracleSet
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.levels import book_price
from crossbook.policies.mark.setting import TOUCHING, moved, step
from crossbook.policies.markets import served
from crossbook.policies.schedule import next_ns


class NoMemory(Struct):
    """These policies remember nothing."""


class OracleMark(Struct, frozen=True):
    """The oracle, as soon as it moves; the mark follows in bounded steps. It stays while the oracle is not good enough.

    Attributes:
        markets: ids of the markets it looks after; all if none are named.
        interval_ms: between two steps of a mark that has not arrived yet.
        clamp_rate: the mark moves by at most this share of itself at once.
        grade_min: an oracle of a lower grade moves nothing.
    """

    role: ClassVar[str] = "mark"
    name: ClassVar[str] = "oracle"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({OracleSet})
    State: ClassVar[type[Struct]] = NoMemory

    markets: tuple[int, ...] = ()
    interval_ms: int = 1_000
    clamp_rate: int = RATE_ONE // 50
    grade_min: Grade = Grade.UNCERTAIN

    def __post_init__(self) -> None:
        if min(self.interval_ms, self.clamp_rate) <= 0:
            raise ValueError("interval_ms and clamp_rate are positive")

    def react(self, state: NoMemory, turn: Turn) -> Reaction[NoMemory]:
        """Every mark whose oracle moved, or that was not there yet, one step towards it."""
        proposals: tuple[Proposal, ...] = ()
        oracles = {event.market for event in turn.events if isinstance(event, OracleSet)}
        arrived = True
        for row in served(turn.view, self.markets):
            target, mark = row.oracle.price, row.mark
            if not target or row.oracle.grade < self.grade_min:
                continue
            if turn.woken or row.market in oracles:
                mark = step(row, target, self.clamp_rate)
                proposals += moved(row, target, clamp_rate=self.clamp_rate, cause=row.oracle.seq)
            arrived = arrived and mark == target
        return Reaction(state, proposals, None if arrived else next_ns(turn.time_ns, self.interval_ms))


class BookMark(Struct, frozen=True):
    """The median of best bid, best ask and last trade, at intervals. It stays while the book says nothing.

    Attributes:
        markets: ids of the markets it looks after; all if none are named.
        interval_ms: the mark is set at the multiples of this, if something happened since.
        clamp_rate: the mark moves by at most this share of itself at once.
    """

    role: ClassVar[str] = "mark"
    name: ClassVar[str] = "book"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = TOUCHING
    State: ClassVar[type[Struct]] = NoMemory

    markets: tuple[int, ...] = ()
    interval_ms: int = 3_000
    clamp_rate: int = RATE_ONE // 50

    def __post_init__(self) -> None:
        if min(self.interval_ms, self.clamp_rate) <= 0:
            raise ValueError("interval_ms and clamp_rate are positive")

    def react(self, state: NoMemory, turn: Turn) -> Reaction[NoMemory]:
        """Every mark one step towards its book, at the next waking after either moved."""
        proposals: tuple[Proposal, ...] = ()
        if turn.woken:
            for row in served(turn.view, self.markets):
                target = book_price(*turn.view.book(row.market, 1), row.last)
                proposals += moved(row, target, clamp_rate=self.clamp_rate, cause=0)
        # A step it takes is an event it listens to, and so wakes it again until the mark has arrived.
        return Reaction(state, proposals, next_ns(turn.time_ns, self.interval_ms) if turn.events else None)
