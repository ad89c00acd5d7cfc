"""One afternoon with policies, in which clients name by id what policies made: the parent of the scenarios."""

from __future__ import annotations

from pathlib import Path

from crossbook.commands import (
    Amend,
    Bid,
    Cancel,
    Grade,
    Note,
    OrderKind,
    Origin,
    Place,
    RegisterAuthor,
    SetAgent,
    SetLiquidator,
    SetOracle,
    Side,
    TimeInForce,
)
from crossbook.events import AuctionOpened, AuthorRegistered, Noted, OrderAccepted
from crossbook.policies import notes
from crossbook.receipt import Receipt
from crossbook.session import Envelope
from tests.counterfactual.players import Wish
from tests.policies.stage import BEGIN_NS, BTC, SECOND, Stage

POLICIES = {"mark": "oracle", "liquidity": "quoter", "liquidation": "auctioneer"}
MAKER, TAKER, LIQUIDATOR, PATRON = 1, 2, 3, 4
"""The accounts, in the order they are opened."""


class Afternoon(Stage):
    """The seqs of what the scenarios change, by what it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, POLICIES)
        self.seqs: dict[str, int] = {}
        for seconds, cash in ((1, 1_000_000), (2, 10_000), (3, 1_000_000), (4, 100_000)):
            self.account(seconds, cash)
        self.patron_trades()
        self.crash()
        self.venue.policies.advance(self.now_ns + 1)
        self.venue.close()

    def client(self, seconds: float, name: str, command: object, **keywords: object) -> Receipt:
        """A command of a client, remembered under a name."""
        time_ns = BEGIN_NS + int(seconds * SECOND)
        receipt = self.at(seconds, Envelope(command, time_ns=time_ns, **keywords))  # type: ignore[arg-type]
        self.seqs[name] = receipt.seq
        return receipt

    def patron_trades(self) -> None:
        """The patron makes the quoter its agent, asks for two bids, cancels the first and its own order."""
        quoter = next(one.author for one in self.venue.policies if one.slot == "liquidity")
        self.client(10, "agent", SetAgent(PATRON, quoter, granted=True))
        self.wish(11, "first wish", 100_000)
        self.wish(12, "second wish", 100_002)
        own = self.client(13, "own", limit(PATRON, Side.BUY, 100_004, 3)).one(OrderAccepted).order
        bids = [event.order for event in self.said(OrderAccepted) if event.account == PATRON]
        assert bids[2] == own
        self.client(14, "cancel the quoter's", Cancel(PATRON, bids[0]), cause=self.said(Noted)[-1].seq + 1)
        self.client(15, "amend the own", Amend(PATRON, own, 0, 0, 2))
        desk = self.at(16, RegisterAuthor(Origin.CLIENT, "desk", "1"), origin=Origin.OPERATOR).one(AuthorRegistered)
        self.client(17, "cancel the own", Cancel(PATRON, own), author=desk.author)
        self.client(18, "cancel it again", Cancel(PATRON, own))

    def wish(self, seconds: float, name: str, price: int) -> None:
        """The patron asks the quoter for a bid of two lots."""
        self.client(seconds, name, notes.note("quoter.wish", Wish(BTC, price, 2), account=PATRON), origin=Origin.CLIENT)

    def crash(self) -> None:
        """The taker goes long beyond its means; the price falls; a liquidator takes a part of what is offered."""
        self.at(20, SetLiquidator(LIQUIDATOR, registered=True), origin=Origin.OPERATOR)
        self.client(21, "offer", limit(MAKER, Side.SELL, 120_000, 3_000))
        self.client(22, "take", limit(TAKER, Side.BUY, 120_000, 3_000, TimeInForce.IOC))
        self.client(23, "maker's bid", limit(MAKER, Side.BUY, 114_400, 3_000))
        self.price(30, "fall", 115_200)
        self.advance(39)
        auction = self.said(AuctionOpened)[-1].auction
        self.client(40, "bid", Bid(LIQUIDATOR, auction, 1_000, 0))
        self.price(50, "recovery", 119_000)
        self.client(60, "word", Note(0, "desk.word", "that was close"), origin=Origin.OPERATOR)

    def price(self, seconds: float, name: str, ticks: int) -> None:
        """The outside price moves, and the mark with it."""
        self.client(seconds, name, SetOracle(BTC, ticks, 0, Grade.GOOD, self.now_ns), origin=Origin.ORACLE)


def limit(account: int, side: Side, price: int, lots: int, lives: TimeInForce = TimeInForce.GTC) -> Place:
    """A limit order in BTC-PERP."""
    return Place(account, BTC, side, OrderKind.LIMIT, price, lots, lives)
