"""A desk from which a scenario is played: short words for commands, and a ledger of what was said in return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.model import commands as c
from tests.model.engines import Engine
from tests.model.events import REJECTED, Event, describe
from tests.model.refusals import Code

NOW = 1_000_000
TEN_PERCENT = (c.Tier(0, 100_000_000, 50_000_000),)


def ledger(events: list[Event]) -> list[str]:
    """Events as lines without their seq."""
    return [describe(event).replace(f" seq={event[1]}", "", 1) for event in events]


class Desk:
    """A venue with one asset, one market and four masters (1 to 4), and 5, a sub-account of 1.

    Money is in whole units, one tick on one lot is worth one unit, the mark is 100.
    Initial margin is 10 %, maintenance 5 %, and there are no fees.
    """

    def __init__(self, engine: Engine, *, tiers: Sequence[c.Tier] = TEN_PERCENT, deposit: int = 10_000) -> None:
        self.engine = engine
        self.time = NOW
        self.do(c.AddAsset("USD", 0))
        self.do(c.AddMarket("BTC-PERP", 1, 10**12, 10**12, 100_000, 10_000))
        for parent in (0, 0, 0, 0, 1):
            self.do(c.CreateAccount(parent))
        self.do(c.SetTiers(1, tuple(tiers)))
        self.do(c.SetMark(1, 100))
        for account in range(1, 6):
            self.do(c.Deposit(account, 1, deposit))

    def send(self, command: c.Command, **envelope: int) -> list[Event]:
        """Sends a command; origin (the operator), author, cause and nonce can be given."""
        fields = {"origin": c.OPERATOR, "author": 0, "cause": 0, "nonce": 0} | envelope
        return self.engine.apply(c.Record(self.time, **fields, command=command))

    def do(self, command: c.Command, **envelope: int) -> list[str]:
        """Sends a command that must not be refused; returns the ledger."""
        events = self.send(command, **envelope)
        assert REJECTED not in {event[0] for event in events}, ledger(events)
        return ledger(events)

    def refusal(self, command: c.Command, **envelope: int) -> tuple[Code, int, int] | None:
        """Sends a command and returns the refusal with its two values, or None."""
        last = self.send(command, **envelope)[-1]
        return (Code(last[4]), last[5], last[6]) if last[0] == REJECTED else None

    def order(self, account: int, side: int, lots: int, price: int, **flags: Any) -> c.Place:
        """A limit order, good till cancelled, without self-trade prevention unless said otherwise."""
        fields: dict[str, Any] = {
            "market": 1,
            "kind": c.LIMIT,
            "time_in_force": c.GTC,
            "self_trade": c.NONE,
            "post_only": False,
            "reduce_only": False,
            "client_order": 0,
            "expires_at": 0,
        }
        return c.Place(account=account, side=side, lots=lots, price=price, **(fields | flags))

    def buy(self, account: int, lots: int, price: int, **flags: Any) -> list[str]:
        """Buys; the order must be accepted."""
        return self.do(self.order(account, c.BUY, lots, price, **flags))

    def sell(self, account: int, lots: int, price: int, **flags: Any) -> list[str]:
        """Sells; the order must be accepted."""
        return self.do(self.order(account, c.SELL, lots, price, **flags))

    def mark(self, price: int, market: int = 1) -> None:
        """Sets the mark."""
        self.do(c.SetMark(market, price))

    def cash(self, account: int, asset: int = 1) -> int:
        """The balance of an account."""
        balances: dict[int, int] = {row[0]: row[1] for row in self.engine.account(account)[3]}
        return balances.get(asset, 0)

    def fees(self) -> int:
        """What the venue has earned in the first asset."""
        return int(self.engine.assets()[0][4])

    def pool(self, account: int, asset: int = 1) -> dict[str, int]:
        """The account's cross pool of one asset, by name, without what it owes and what backs it."""
        columns = {"asset": 0, "cash": 2, "unrealised": 3, "equity": 6, "requirement": 7, "maintenance": 8}
        for row in self.engine.account(account)[4]:
            if row[:2] == [asset, 0]:
                return {name: row[column] for name, column in columns.items()}
        return dict.fromkeys(columns, 0)

    def position(self, account: int, market: int = 1) -> tuple[int, int]:
        """Lots and cost of an account in a market."""
        for row in self.engine.account(account)[5]:
            if row[0] == market:
                return row[1], row[2]
        return 0, 0

    def open_lots(self, account: int) -> dict[int, int]:
        """The open lots of an account by order id."""
        return {row[0]: row[5] for row in self.engine.orders(account)}
