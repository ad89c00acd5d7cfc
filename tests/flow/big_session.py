"""A session of more than a million commands, written as fast as blocks can be encoded.

    python -m tests.flow.big_session PATH

writes it with two snapshots on the way and prints what came of it as JSON. Random choices are integers of one seeded
generator; the bodies are encoded in bulk, so the session is written in seconds.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from crossbook import Venue
from crossbook.commands import (
    Amend,
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
from crossbook.journal import JournalReader

ACCOUNTS = 1_000
MARKETS = 4
COMMANDS = 1_000_000
BATCHES = 100
SNAPSHOT_BATCHES = (30, 70)
START_NS = 1_767_225_600_000_000_000
BATCH_NS = 250_000_000
MARK = 20_000
DEPOSIT = 200_000_000


def config() -> dict[str, Any]:
    """Markets with tiers, fees and a rebate, so that every part of the pipeline works."""
    tiers = [
        {"lower_bound": 0, "initial_rate": "0.05", "maintenance_rate": "0.025"},
        {"lower_bound": 5_000, "initial_rate": "0.1", "maintenance_rate": "0.05"},
    ]
    market = {
        "settlement": "USD",
        "tick_size": "0.01",
        "lot_size": "0.1",
        "price_max": 10_000,
        "position_max": 100_000,
        "maker_rate": "-0.0001",
        "taker_rate": "0.0004",
        "tiers": tiers,
        "mark": MARK // 100,
    }
    markets = [{"symbol": f"M{number}-PERP", **market} for number in range(1, MARKETS + 1)]
    return {
        "assets": [{"symbol": "USD", "decimals": 6}],
        "markets": markets,
        "parameters": {"root_interval_commands": 50_000},
    }


def opening() -> Iterator[Command]:
    """Accounts, a quarter of them sub-accounts, and what is on them."""
    for account in range(1, ACCOUNTS + 1):
        yield CreateAccount(account - 1 if account % 4 == 0 else 0)
    for account in range(1, ACCOUNTS + 1):
        yield Deposit(account, 1, DEPOSIT)


def batch(rng: Random, now_ns: int) -> Iterator[Command]:
    """One batch: marks move, orders come and go around them, some money moves."""
    draw = rng.randrange
    marks = [MARK + draw(-400, 400) for _ in range(MARKETS)]
    for market, mark in enumerate(marks, start=1):
        yield SetMark(market, mark)
    for _ in range(COMMANDS // BATCHES):
        kind, account, market = draw(100), 1 + draw(ACCOUNTS), 1 + draw(MARKETS)
        mark = marks[market - 1]
        side = Side.BUY if draw(2) else Side.SELL
        if kind < 55:
            life = _LIVES[draw(10)]
            yield Place(
                account,
                market,
                side,
                OrderKind.LIMIT,
                mark + (draw(-300, 20) if side == Side.BUY else draw(-20, 300)),
                1 + draw(50),
                life,
                _SELF_TRADES[draw(5)],
                client_order=1 + draw(6),
                expires_at=now_ns + draw(20) * BATCH_NS if life == TimeInForce.GTD else 0,
            )
        elif kind < 85:
            yield Cancel(account, 0, 1 + draw(6))
        elif kind < 93:
            yield Place(
                account, market, side, OrderKind.MARKET, 0, 1 + draw(80), TimeInForce.IOC, reduce_only=not draw(8)
            )
        elif kind < 97:
            yield Amend(account, 0, 1 + draw(6), 0, 1 + draw(40))
        elif kind < 99:
            yield MassCancel(account, market)
        else:
            yield Withdraw(account, 1, 1 + draw(DEPOSIT // 10))


_LIVES = (*[TimeInForce.GTC] * 6, *[TimeInForce.GTD] * 2, TimeInForce.IOC, TimeInForce.FOK)
_SELF_TRADES = tuple(SelfTrade)


def write(path: Path) -> dict[str, Any]:
    """Write the session; returns its root, digest and a hash of everything journaled."""
    rng, now = Random(20), [START_NS]
    snapshots = []
    with Venue.create(path, config(), durability="volatile", clock=lambda: now[0]) as venue:
        venue.submit(opening())
        for number in range(BATCHES):
            now[0] += BATCH_NS
            venue.submit(batch(rng, now[0]))
            if number in SNAPSHOT_BATCHES:
                venue.snapshot()
                snapshots.append(venue.seq)
    kernel = venue.session.kernel
    return {
        "seq": kernel.seq,
        "state_root": kernel.state_root().hex(),
        "full_state_root": kernel.full_state_root().hex(),
        "event_digest": kernel.event_digest().hex(),
        "journaled": journaled(path),
        "snapshots": snapshots,
        "subsystems": {name: root.hex() for name, root in kernel.subsystem_roots()},
    }


def journaled(path: Path) -> str:
    """A hash over the bodies of all blocks, however they are cut."""
    whole = hashlib.sha256()
    with JournalReader(path) as reader:
        for block in reader.blocks():
            whole.update(block.body)
    return whole.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(write(Path(sys.argv[1]))))
