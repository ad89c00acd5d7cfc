"""A stage with an oracle to move and two accounts that make a book, for scenarios of mark and funding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossbook.commands import (
    Grade,
    MassCancel,
    Observe,
    OrderKind,
    Origin,
    Place,
    SelfTrade,
    SetOracle,
    Side,
    TimeInForce,
)
from crossbook.events import MarkSet, OrderAccepted
from crossbook.policies.view import PolicyView
from crossbook.replay import answered
from crossbook.rows import MarketRow
from tests.policies.stage import BEGIN_NS, BTC, SECOND, Stage

ORACLE = 120_000
"""60,000 in ticks of BTC-PERP, where its mark begins."""


class Floor(Stage):
    """Two accounts with 50 million each; orders are of the maker in BTC-PERP unless said otherwise."""

    def __init__(self, path: Path, policies: dict[str, Any], **keywords: Any) -> None:
        super().__init__(path / "session", policies, **keywords)
        self.maker = self.account(0.1, 50_000_000)
        self.taker = self.account(0.2, 50_000_000)
        self.view = PolicyView(lambda: self.venue.session.kernel)

    def oracle(self, seconds: float, price: int, grade: Grade = Grade.GOOD, *, market: int = BTC) -> int:
        """Set the oracle, in ticks; returns the seq."""
        time_ns = BEGIN_NS + int(seconds * SECOND)
        return self.at(seconds, SetOracle(market, price, 0, grade, time_ns), origin=Origin.ORACLE).seq

    def observe(self, seconds: float, source: int, price: int, *, observed: float | None = None) -> int:
        """An observation of feed 7, by a source whose clock says `observed`; returns the seq."""
        observed_ns = BEGIN_NS + int((seconds if observed is None else observed) * SECOND)
        return self.at(seconds, Observe(7, source, price, 0, observed_ns), origin=Origin.ORACLE).seq

    def order(self, seconds: float, side: Side, price: int, lots: int = 1, *, taking: bool = False) -> int:
        """A limit order; returns its id."""
        account = self.taker if taking else self.maker
        placed = Place(account, BTC, side, OrderKind.LIMIT, price, lots, TimeInForce.GTC, SelfTrade.NONE)
        return self.at(seconds, placed).one(OrderAccepted).order

    def quotes(self, seconds: float, bid: int, ask: int, lots: int = 1_000) -> None:
        """The maker's book becomes one bid and one ask."""
        sides = ((Side.BUY, bid), (Side.SELL, ask))
        placed = (
            Place(self.maker, BTC, side, OrderKind.LIMIT, price, lots, TimeInForce.GTC, SelfTrade.NONE)
            for side, price in sides
        )
        assert self.at(seconds, MassCancel(self.maker, BTC, 0), *placed).rejected == ()

    def withdraw_quotes(self, seconds: float) -> None:
        """The maker's book becomes empty."""
        self.at(seconds, MassCancel(self.maker, BTC, 0))

    @property
    def row(self) -> MarketRow:
        """BTC-PERP as policies see it."""
        return self.view.markets()[BTC - 1]

    def marks(self, market: int = BTC) -> list[int]:
        """Every mark that was set, in ticks, in order."""
        return [event.price for event in self.said(MarkSet) if event.market == market]

    def cause(self, seq: int) -> int:
        """The cause that the journal has for a command."""
        return answered(self.venue.path, seq).record.cause
