"""A client with an entrusted order and a maker to trade against, for the scenarios of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from crossbook.commands import OrderKind, Origin, Place, SetAgent, Side
from crossbook.events import Noted, OrderAccepted
from crossbook.policies import notes
from crossbook.policies.view import PolicyView
from tests.policies.stage import BTC, ETH, Stage

CLIENT, MAKER = 1, 2
"""The accounts, in the order in which they are opened."""
B = TypeVar("B", bound=Struct)
QUOTE = {BTC: (119_990, 120_010), ETH: (59_990, 60_010)}
"""Where the maker bids and asks, in ticks, around marks of 120,000 and 60,000."""


class Desk(Stage):
    """A stage with one execution policy, a client with 100,000 USDC that granted it, and a maker."""

    def __init__(self, path: Path, **config: Any) -> None:
        super().__init__(path, {"execution": config})
        assert self.account(0.01, 100_000) == CLIENT
        assert self.account(0.02, 1_000_000) == MAKER
        self.author = self.venue.policies.engaged()[0].author
        self.view = PolicyView(lambda: self.venue.session.kernel)
        self.grant(0.1, granted=True)

    def grant(self, seconds: float, *, granted: bool) -> None:
        """The client entrusts its account to the policy, or takes it back."""
        self.at(seconds, SetAgent(CLIENT, self.author, granted))

    def rest(self, seconds: float, side: Side, lots: int, *, market: int = BTC) -> None:
        """The maker rests lots at his quote."""
        self.at(seconds, Place(MAKER, market, side, OrderKind.LIMIT, QUOTE[market][side - 1], lots))

    def say(self, seconds: float, topic: str, body: Struct, *, account: int = CLIENT) -> None:
        """An account says something."""
        self.at(seconds, notes.note(topic, body, account=account), origin=Origin.CLIENT)

    def heard(self, topic: str, kind: type[B]) -> list[B]:
        """Every body said about a topic, in order."""
        bodies = (notes.read(event, topic, kind) for event in self.said(Noted))
        return [body for body in bodies if body is not None]

    def children(self) -> list[int]:
        """The lots of every order of the client, in order."""
        return [event.lots for event in self.said(OrderAccepted) if event.account == CLIENT]

    def lots(self, market: int = BTC) -> int:
        """The client's position."""
        position = self.view.position(CLIENT, market)
        return position.lots if position else 0
