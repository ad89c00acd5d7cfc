"""A vault with providers and somebody to trade against, for the scenarios of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from crossbook.commands import (
    CreateAccount,
    Deposit,
    Grade,
    Note,
    OrderKind,
    Origin,
    Place,
    SetAgent,
    SetMark,
    SetOracle,
    Side,
    TimeInForce,
)
from crossbook.events import Noted
from crossbook.policies import notes
from crossbook.policies.liquidity import topics
from crossbook.policies.view import PolicyView
from tests.policies.stage import BEGIN_NS, BTC, SECOND, USDC, Stage

VAULT, ALICE, BOB, TRADER = 1, 2, 3, 4
"""The accounts, in the order in which they are opened. Only the trader has money at first."""
B = TypeVar("B")


class Pool(Stage):
    """A stage on which a vault is engaged for account 1 in BTC-PERP, granted, with the oracle at 60,000."""

    def __init__(self, path: Path, **config: Any) -> None:
        fields = {"policy": "vault", "account": VAULT, "market": BTC, "age_ns_max": 30 * 86_400 * SECOND, **config}
        super().__init__(path, {"liquidity": fields})
        self.at(0.01, CreateAccount(), CreateAccount(), CreateAccount())
        assert self.account(0.02, 1_000_000) == TRADER
        self.view = PolicyView(lambda: self.venue.session.kernel)
        self.author = self.venue.policies.engaged()[0].author
        self.at(0.1, SetAgent(VAULT, self.author, True))
        self.price(0.2, 120_000)

    def price(self, seconds: float, ticks: int, grade: Grade = Grade.GOOD) -> None:
        """The oracle, which is the mark too."""
        said = SetOracle(BTC, ticks, 0, grade, BEGIN_NS + int(seconds * SECOND))
        self.at(seconds, said, SetMark(BTC, ticks), origin=Origin.ORACLE)

    def join(self, seconds: float, provider: int, amount: int) -> None:
        """The operator deposits minor units for a provider and announces it."""
        self.at(
            seconds,
            Deposit(VAULT, USDC, amount),
            notes.note(topics.JOIN, topics.Join(VAULT, provider, amount)),
            origin=Origin.OPERATOR,
        )

    def leave(self, seconds: float, provider: int, shares: int) -> None:
        """A provider asks for redemption himself."""
        self.at(seconds, self.leaving(provider, shares, account=provider), origin=Origin.CLIENT)

    @staticmethod
    def leaving(provider: int, shares: int, *, account: int) -> Note:
        """The note that asks for a provider's redemption, in the name of an account."""
        return notes.note(topics.LEAVE, topics.Leave(VAULT, provider, shares), account=account)

    def take(self, seconds: float, side: Side, price: int, lots: int) -> None:
        """The trader takes what there is up to a price, in ticks."""
        self.at(seconds, Place(TRADER, BTC, side, OrderKind.LIMIT, price, lots, TimeInForce.IOC))

    def heard(self, topic: str, kind: type[B]) -> list[B]:
        """Every body said about a topic, in order."""
        bodies = (notes.read(event, topic, kind) for event in self.said(Noted))  # type: ignore[type-var]
        return [body for body in bodies if body is not None]

    def book(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Bids and asks as (price, lots)."""
        orders = self.view.orders(VAULT, BTC)
        bids = sorted(((one.price, one.lots) for one in orders if one.side == Side.BUY), reverse=True)
        return bids, sorted((one.price, one.lots) for one in orders if one.side == Side.SELL)
