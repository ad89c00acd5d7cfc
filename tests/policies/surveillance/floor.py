"""A floor with a few traders and the watch, for the scenarios of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossbook.commands import (
    Cancel,
    CreateAccount,
    Deposit,
    OrderKind,
    Origin,
    Place,
    SelfTrade,
    Side,
    TimeInForce,
)
from crossbook.events import Noted, OrderAccepted
from crossbook.policies import notes
from crossbook.policies.surveillance.topics import FINDING, Finding
from tests.policies.stage import BTC, USDC, Stage

ANN, BEN, CLEO, DAN, EVE, SUB = range(1, 7)
"""The accounts; the last is Ann's sub-account. A lot of BTC-PERP at 120,000 ticks is worth 60 USDC."""


class Floor(Stage):
    """A stage on which the watch is engaged; its half windows end 100, 400, 700, … seconds after the beginning."""

    def __init__(self, path: Path, **config: Any) -> None:
        super().__init__(path, {"surveillance": {"policy": "watch"} | config})
        self.at(0.01, *(CreateAccount() for _ in range(5)), CreateAccount(ANN))
        self.at(0.02, *(Deposit(account, USDC, 10**13) for account in range(1, 7)), origin=Origin.OPERATOR)

    def trade(self, seconds: float, seller: int, buyer: int, lots: int, price: int = 120_000) -> None:
        """The seller rests, the buyer takes."""
        self.at(
            seconds,
            Place(seller, BTC, Side.SELL, OrderKind.LIMIT, price, lots, self_trade=SelfTrade.NONE),
            Place(buyer, BTC, Side.BUY, OrderKind.LIMIT, price, lots, TimeInForce.IOC, SelfTrade.NONE),
        )

    def rest(self, seconds: float, account: int, side: Side, price: int, lots: int, count: int = 1) -> list[int]:
        """Orders that rest, alike; returns their ids."""
        receipt = self.at(seconds, *(Place(account, BTC, side, OrderKind.LIMIT, price, lots) for _ in range(count)))
        return [event.order for event in receipt.events if isinstance(event, OrderAccepted)]

    def cancel(self, seconds: float, account: int, orders: list[int]) -> None:
        """Take orders out, one by one."""
        self.at(seconds, *(Cancel(account, order) for order in orders))

    def findings(self, kind: str = "") -> list[Finding]:
        """What the watch told so far, of one kind or of all."""
        bodies = (notes.read(event, FINDING, Finding) for event in self.said(Noted))
        return [body for body in bodies if body is not None and kind in (body.kind, "")]
