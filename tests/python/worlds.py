"""What the tests of the Python surface share: one configuration, a clock that only tests move, a seeded session."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crossbook import Venue
from crossbook.commands import (
    Cancel,
    Command,
    CreateAccount,
    Deposit,
    MassCancel,
    OrderKind,
    Place,
    SelfTrade,
    SetMark,
    Side,
    TimeInForce,
    Withdraw,
)

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000

TIERS = [
    {"lower_bound": 0, "initial_rate": "0.02", "maintenance_rate": "0.01"},
    {"lower_bound": 1_000_000, "initial_rate": "0.05", "maintenance_rate": "0.025"},
]


def market(symbol: str = "BTC-PERP", **changes: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "settlement": "USDC",
        "tick_size": "0.5",
        "lot_size": "0.001",
        "price_max": 1_000_000,
        "position_max": 1_000,
        "maker_rate": "-0.0001",
        "taker_rate": "0.0005",
        "tiers": TIERS,
        "mark": 64_000,
    } | changes


def config(*markets: dict[str, Any]) -> dict[str, Any]:
    return {
        "assets": [{"symbol": "USDC", "decimals": 6}],
        "markets": list(markets) or [market()],
        "parameters": {"root_interval_commands": 64},
    }


class Clock:
    """Ten milliseconds pass with every look."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        self.now_ns += 10_000_000
        return self.now_ns


def make_venue(path: Path, *markets: dict[str, Any], accounts: int = 2, **options: Any) -> Venue:
    """A venue with funded accounts 1..n; volatile and checking conservation unless said otherwise."""
    options = {"durability": "volatile", "check_invariants": True, "clock": Clock()} | options
    venue = Venue.create(path, config(*markets), **options)
    for _ in range(accounts):
        account = venue.create_account().account
        venue.deposit(account=account, asset="USDC", amount=10_000).raise_if_rejected()
    return venue


def session_commands(count: int, *, seed: int = 1, accounts: int = 8, markets: int = 1) -> Iterator[Command]:
    """A seeded session: accounts, money, then marks and orders around 64,000, some of which are refused."""
    rng = random.Random(seed)
    for account in range(1, accounts + 1):
        yield CreateAccount()
        yield Deposit(account, 1, 50_000_000_000)
    for index in range(count - 2 * accounts):
        account, which = rng.randint(1, accounts), rng.randint(1, markets)
        kind = rng.random()
        if kind < 0.05:
            yield SetMark(which, 128_000 + rng.randint(-400, 400))
        elif kind < 0.15:
            yield Cancel(account, rng.randint(1, index + 1))
        elif kind < 0.17:
            yield MassCancel(account)
        elif kind < 0.19:
            yield Withdraw(account, 1, rng.randint(1, 10_000_000_000))
        else:
            yield Place(
                account=account,
                market=which,
                side=Side(rng.randint(1, 2)),
                kind=OrderKind.LIMIT,
                price=128_000 + rng.randint(-40, 40),
                lots=rng.randint(1, 500),
                time_in_force=rng.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)),
                self_trade=rng.choice(list(SelfTrade)),
                reduce_only=rng.random() < 0.1,
                client_order=rng.randint(0, 5),
            )
