"""A small real venue for scenarios with policies: two markets on USDC, explicit times, a journal on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossbook import Venue
from crossbook.commands import Command, CreateAccount, Deposit, Origin, SetMark
from crossbook.events import Event
from crossbook.receipt import Receipt
from crossbook.session import Envelope

BEGIN_NS = 1_700_000_000_000_000_000
"""When every scenario begins; the epoch of 8 hours that holds it began 06:13:20 hours before."""
SECOND = 1_000_000_000
USDC = 1
BTC, ETH = 1, 2
"""One tick of one lot is 500 minor units in BTC-PERP (0.5 × 0.001) and in ETH-PERP (0.05 × 0.01)."""

_TIERS = [
    {"lower_bound": "0", "initial_rate": "0.05", "maintenance_rate": "0.025"},
    {"lower_bound": "1000000", "initial_rate": "0.1", "maintenance_rate": "0.05"},
]


def config(**market: Any) -> dict[str, Any]:
    """A configuration with BTC-PERP at 60,000 and ETH-PERP at 3,000; keywords go to both markets."""
    shared = {"settlement": "USDC", "tiers": _TIERS} | market
    return {
        "assets": [{"symbol": "USDC", "decimals": 6}],
        "markets": [
            {"symbol": "BTC-PERP", "tick_size": "0.5", "lot_size": "0.001", "price_max": "1000000"}
            | {"position_max": "5000", "mark": "60000"}
            | shared,
            {"symbol": "ETH-PERP", "tick_size": "0.05", "lot_size": "0.01", "price_max": "100000"}
            | {"position_max": "100000", "mark": "3000"}
            | shared,
        ],
    }


class Stage:
    """A venue and its time. `at` moves time and says commands; every receipt since the beginning is kept."""

    def __init__(self, path: Path, policies: dict[str, Any] | None = None, **keywords: Any) -> None:
        settings = keywords.pop("config", None) or config()
        self.venue = Venue.create(
            path, settings, durability="volatile", clock=lambda: BEGIN_NS, check_invariants=True, **keywords
        )
        self.now_ns = BEGIN_NS
        self.events: list[Event] = []
        if policies:
            self.venue.policies.engage_all(policies, time_ns=BEGIN_NS + 1)
            self.venue.policies.settle()
            self._gather()

    def at(self, seconds: float, *commands: Command | Envelope, origin: Origin | None = None) -> Receipt:
        """Submit commands at this many seconds after the beginning, and let the policies act on them."""
        self.now_ns = BEGIN_NS + int(seconds * SECOND)
        receipt = self.venue.submit(commands, origin=origin, time_ns=self.now_ns)
        self.venue.policies.settle()
        self._gather(receipt)
        return receipt

    def advance(self, seconds: float) -> list[Event]:
        """Let time pass to this many seconds after the beginning; returns what the policies did on the way."""
        self.now_ns = BEGIN_NS + int(seconds * SECOND)
        self.venue.policies.advance(self.now_ns)
        return self._gather()

    def _gather(self, *outside: Receipt) -> list[Event]:
        receipts = [*outside, *self.venue.policies.drain()]
        found = sorted((event for receipt in receipts for event in receipt.events), key=lambda event: event.seq)
        self.events += found
        return found

    def account(self, seconds: float, cash: int) -> int:
        """A new account with this many whole USDC."""
        opened = self.at(seconds, CreateAccount())
        account = opened.account
        assert account is not None
        self.at(seconds + 1e-6, Deposit(account, USDC, cash * 10**6))
        return account

    def mark(self, seconds: float, market: int, ticks: int) -> Receipt:
        """Set a mark, in ticks, as the oracle would."""
        return self.at(seconds, SetMark(market, ticks), origin=Origin.ORACLE)

    def said(self, kind: type[Any]) -> list[Any]:
        """Every event of one type since the beginning, in order."""
        return [event for event in self.events if type(event) is kind]
