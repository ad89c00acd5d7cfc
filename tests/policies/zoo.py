"""Policies that nobody should engage: each goes wrong in its own way, whenever a mark is set."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from msgspec import Struct

from crossbook.commands import (
    Liquidate,
    Lock,
    MarketMode,
    OrderKind,
    Place,
    SetMark,
    SetMarketMode,
    Side,
    TimeInForce,
    Withdraw,
)
from crossbook.events import Event, MarkSet, Rejected
from crossbook.policies import notes
from crossbook.policies.contract import Proposal, Reaction, Turn, propose


class Nothing(Struct):
    """Remembers nothing."""


class Counted(Struct):
    """Remembers how often it was asked."""

    turns: int = 0


class Animal(Struct, frozen=True):
    """What they share: they listen to marks, and break things."""

    role: ClassVar[str] = "breakers"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({MarkSet})
    State: ClassVar[type[Struct]] = Nothing


class Raises(Animal, frozen=True):
    """Raises."""

    name: ClassVar[str] = "raises"

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        if turn.events:
            raise ZeroDivisionError("nobody thought of this")
        return Reaction(state)


class Garbage(Animal, frozen=True):
    """Answers with something that is none."""

    name: ClassVar[str] = "garbage"
    kind: str = "none"

    def react(self, state: Nothing, turn: Turn) -> Any:
        if not turn.events:
            return Reaction(state)
        return {
            "none": None,
            "list": Reaction(state, [SetMark(1, 5)]),
            "bare": Reaction(state, (SetMark(1, 5),)),
            "state": Reaction({"a": 1}),
            "past": Reaction(state, (), turn.time_ns),
            "cause": Reaction(state, (Proposal(SetMarketMode(1, MarketMode.HALTED), turn.seq + 1),)),
            "wide": Reaction(state, propose(SetMarketMode(1 << 20, MarketMode.HALTED))),
            "float": Reaction(state, propose(SetMarketMode(1.5, MarketMode.HALTED))),
        }[self.kind]


class Hangs(Animal, frozen=True):
    """Never answers: it computes for ever, or waits for ever."""

    name: ClassVar[str] = "hangs"
    waits: bool = False

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        while turn.events:
            if self.waits:
                time.sleep(3600)
        return Reaction(state)


class Stubborn(Animal, frozen=True):
    """Never answers, and swallows whatever is raised in it."""

    name: ClassVar[str] = "stubborn"

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        while turn.events:
            try:
                time.sleep(3600)
            except Exception:  # noqa: BLE001 - that is what is wrong with it
                continue
        return Reaction(state)


class Floods(Animal, frozen=True):
    """Proposes more than anybody needs, at once or turn by turn."""

    name: ClassVar[str] = "floods"
    commands: int = 100_000

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        if not turn.events:
            return Reaction(state)
        return Reaction(state, propose(SetMarketMode(1, MarketMode.REDUCE_ONLY)) * self.commands)


class Echoes(Animal, frozen=True):
    """Answers its own answers, for ever."""

    name: ClassVar[str] = "echoes"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({MarkSet, Rejected})

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        if not turn.events:
            return Reaction(state)
        return Reaction(state, propose(SetMarketMode(1, MarketMode.CONTINUOUS)))


class Forges(Animal, frozen=True):
    """Places an order for an account that never entrusted it with any."""

    role: ClassVar[str] = "execution"
    name: ClassVar[str] = "forges"
    account: int = 1

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        if not turn.events:
            return Reaction(state)
        order = Place(self.account, 1, Side.SELL, OrderKind.LIMIT, 120_000, 10, TimeInForce.IOC)
        return Reaction(state, propose(order))


class Steals(Animal, frozen=True):
    """Takes a client's money out."""

    name: ClassVar[str] = "steals"
    account: int = 1

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        return Reaction(state, propose(Withdraw(self.account, 1, 1_000_000)) if turn.events else ())


class Hunts(Animal, frozen=True):
    """Liquidates an account that is healthy."""

    role: ClassVar[str] = "liquidation"
    name: ClassVar[str] = "hunts"
    account: int = 1

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        commands = (Lock(self.account, 1, 0), Liquidate(self.account, 1, 0, 0))
        return Reaction(state, propose(*commands) if turn.events else ())


class Tampers(Animal, frozen=True):
    """Changes what it sees, and goes on as if it had become so."""

    name: ClassVar[str] = "tampers"
    deep: bool = False

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        if turn.events:
            account: Any = turn.view.account(1)
            if not self.deep:
                account.balances.clear()
                account.pools.clear()
            else:
                account.master = 77
        return Reaction(state)


class Breaks(Animal, frozen=True):
    """Reaches behind its view and executes a command where no journal sees it."""

    name: ClassVar[str] = "breaks"

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        if turn.events:
            kernel = turn.view._kernel()
            tick = bytes.fromhex("96 00 03 00 00 00 91 10")
            kernel.apply(tick, first_seq=kernel.seq + 1, base_time_ns=turn.time_ns, count=1)
        return Reaction(state)


class WallClock(Animal, frozen=True):
    """Looks at the clock on the wall."""

    name: ClassVar[str] = "wall-clock"
    State: ClassVar[type[Struct]] = Counted

    def react(self, state: Counted, turn: Turn) -> Reaction[Counted]:
        state.turns += 1
        if not turn.events:
            return Reaction(state)
        said = notes.note("clock", Counted(time.time_ns()))
        return Reaction(state, propose(said))
