"""Policies as small as a scenario of branches needs them: one places orders that clients name, two liquidate."""

from __future__ import annotations

import os
import time
from typing import ClassVar

from msgspec import Struct

from crossbook.commands import Liquidate, Lock, OpenAuction, OrderKind, Place, Side
from crossbook.events import Event, Noted, Standing, StandingChanged
from crossbook.policies import notes
from crossbook.policies.contract import Proposal, Reaction, Turn

MINUTE = 60_000_000_000


class Wish(Struct, frozen=True):
    """A client asks for a bid: so many lots at this price (ticks) in a market."""

    market: int
    price: int
    lots: int


class Nothing(Struct):
    """No state."""


class Quoter(Struct, frozen=True):
    """Bids for clients who ask by note, `shade` ticks below what they wish."""

    role: ClassVar[str] = "liquidity"
    name: ClassVar[str] = "quoter"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({Noted})
    State: ClassVar[type[Struct]] = Nothing

    shade: int = 0
    copies: int = 1

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        proposals = []
        for event in turn.events:
            assert isinstance(event, Noted)
            wish = notes.read(event, "quoter.wish", Wish)
            if wish is not None:
                price = wish.price - self.shade
                bid = Place(event.account, wish.market, Side.BUY, OrderKind.LIMIT, price, wish.lots)
                proposals += [Proposal(bid, event.seq)] * self.copies
        return Reaction(state, tuple(proposals))


class _Liquidator(Struct, frozen=True):
    role: ClassVar[str] = "liquidation"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({StandingChanged})
    State: ClassVar[type[Struct]] = Nothing

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        proposals = []
        for event in turn.events:
            assert isinstance(event, StandingChanged)
            row = turn.view.account(event.account)
            if event.standing < Standing.LIQUIDATABLE or row is None or event.previous >= Standing.LIQUIDATABLE:
                continue
            proposals.append(Proposal(Lock(event.account, event.asset, event.market), event.seq))
            held = [position for position in row.positions if position.lots]
            proposals += [self._step(event, position.market, abs(position.lots)) for position in held]
        return Reaction(state, tuple(proposals))

    def _step(self, event: StandingChanged, market: int, lots: int) -> Proposal:
        raise NotImplementedError


class Auctioneer(_Liquidator, frozen=True):
    """Offers every position of a pool in need to liquidators, at a growing discount."""

    name: ClassVar[str] = "auctioneer"

    discount_rate: int = 20_000_000

    def _step(self, event: StandingChanged, market: int, lots: int) -> Proposal:
        return Proposal(OpenAuction(event.account, market, lots, 0, self.discount_rate, MINUTE), event.seq)


class Closer(_Liquidator, frozen=True):
    """Closes every position of a pool in need in the book."""

    name: ClassVar[str] = "closer"

    def _step(self, event: StandingChanged, market: int, _lots: int) -> Proposal:
        return Proposal(Liquidate(event.account, market, 0, 0), event.seq)


class Sleeper(Struct, frozen=True):
    """Falls asleep over a note, for longer than anybody waits."""

    role: ClassVar[str] = "surveillance"
    name: ClassVar[str] = "sleeper"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({Noted})
    State: ClassVar[type[Struct]] = Nothing

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        while any(isinstance(event, Noted) and event.topic == "lullaby" for event in turn.events):
            time.sleep(0.01)
        return Reaction(state)


class Killer(Struct, frozen=True):
    """Takes its process along."""

    role: ClassVar[str] = "surveillance"
    name: ClassVar[str] = "killer"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({Noted})
    State: ClassVar[type[Struct]] = Nothing

    def react(self, state: Nothing, turn: Turn) -> Reaction[Nothing]:
        if turn.events:
            os._exit(3)
        return Reaction(state)


PLAYERS = {
    "liquidity.quoter": Quoter,
    "liquidation.auctioneer": Auctioneer,
    "liquidation.closer": Closer,
    "surveillance.sleeper": Sleeper,
    "surveillance.killer": Killer,
}
