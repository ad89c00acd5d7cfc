"""Mark and funding on a venue that is closed and opened again between any of their steps: one journal, one memory."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crossbook import Venue
from crossbook.commands import (
    Command,
    CreateAccount,
    Deposit,
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
from crossbook.policies.mark.median import MedianMark, PerpFeed
from crossbook.policies.memory import SUFFIX
from crossbook.replay import replay
from crossbook.session import Envelope
from tests.policies.floor import ORACLE
from tests.policies.stage import BEGIN_NS, BTC, SECOND, USDC, config

FEED = PerpFeed(market=BTC, feed=7, decimals=1, sources=((1, 1), (2, 2)))
EPOCHS: dict[str, Any] = {"policy": "epochs", "interval_ms": 60_000, "sample_ms": 1_000, "retry_ms": 20_000}
TWAP: dict[str, Any] = {"policy": "twap", "interval_ms": 60_000, "retry_ms": 20_000, "covered_ms_min": 1}
BANDS: dict[str, dict[str, Any]] = {
    "epochs": {"mark": MedianMark(feeds=(FEED,)), "funding": EPOCHS},
    "twap": {"mark": "oracle", "funding": TWAP},
    "book": {"mark": "book", "funding.one": EPOCHS | {"markets": [1]}, "funding.two": TWAP | {"markets": [2]}},
}
ACCOUNT = 1


def moments(seed: int) -> list[list[Envelope]]:
    """Seven minutes of oracles that move and fail, quotes, trades and observations, at random times; one list each."""
    rng = random.Random(seed)
    begin: list[Command] = [CreateAccount(), CreateAccount(), Deposit(1, USDC, 10**13), Deposit(2, USDC, 10**13)]
    told = [[Envelope(command, time_ns=BEGIN_NS + SECOND) for command in begin]]
    price, time_ns = ORACLE, BEGIN_NS + SECOND
    while time_ns < BEGIN_NS + 420 * SECOND:
        time_ns += rng.choice((SECOND // 7, SECOND, 3 * SECOND, 20 * SECOND))
        price += rng.randint(-300, 300)
        grade = rng.choice((Grade.GOOD, Grade.GOOD, Grade.GOOD, Grade.STALE))
        bid = price + rng.randint(-200, 100)
        command = rng.choice(
            (
                (SetOracle(BTC, price, 0, grade, time_ns), Origin.ORACLE),
                (Observe(7, rng.randint(1, 2), price * 5, 0, time_ns), Origin.ORACLE),
                (quote(1, Side.BUY, bid, 500), Origin.CLIENT),
                (quote(1, Side.SELL, bid + 20, 500), Origin.CLIENT),
                (quote(2, rng.choice(list(Side)), price, 3), Origin.CLIENT),
                (MassCancel(1, BTC, 0), Origin.CLIENT),
            )
        )
        told.append([Envelope(command[0], command[1], time_ns=time_ns)])
    return told


def quote(account: int, side: Side, price: int, lots: int) -> Place:
    return Place(account, BTC, side, OrderKind.LIMIT, price, lots, TimeInForce.GTC, SelfTrade.NONE)


SNAPSHOTS = 5
"""Commands between two snapshots, each with what the policies remember."""


def play(path: Path, seed: int, band: dict[str, Any], between: Callable[[Venue, int], Venue]) -> Any:
    """A session; `between` is given the venue after each moment. Returns its digests and what its policies remember."""
    venue = Venue.create(path, config(), durability="volatile", clock=lambda: BEGIN_NS, snapshot_interval=SNAPSHOTS)
    venue.policies.engage_all(band, time_ns=BEGIN_NS + 1)
    for index, moment in enumerate(moments(seed)):
        venue.submit(moment)
        venue = between(venue, index)
    venue.policies.advance(BEGIN_NS + 480 * SECOND)
    found = [(one.slot, one.turns, msgspec.json.encode(venue.policies.state(one.slot))) for one in venue.policies]
    digests = venue.state_root, venue.event_digest, venue.seq
    venue.session.close()
    assert replay(path).state_root == digests[0]
    return digests, found


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_session_that_is_opened_again_and_again_is_the_same_session(tmp_path: Path, band: str, seed: int) -> None:
    """Left without closing after every ninth moment, as by a process that died."""

    def never(venue: Venue, _index: int) -> Venue:
        return venue

    def often(venue: Venue, index: int) -> Venue:
        if index % 9:
            return venue
        venue.session.close()
        return Venue.open(
            tmp_path / "often",
            durability="volatile",
            clock=lambda: BEGIN_NS,
            policies=objects,
            snapshot_interval=SNAPSHOTS,
        )

    objects = {slot: policy for slot, policy in BANDS[band].items() if isinstance(policy, MedianMark)}
    expected = play(tmp_path / "never", seed, BANDS[band], never)
    assert expected[0][2] > 60
    assert play(tmp_path / "often", seed, BANDS[band], often) == expected
    assert list((tmp_path / "often").rglob(f"*{SUFFIX}")) != []
