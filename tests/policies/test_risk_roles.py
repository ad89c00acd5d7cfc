"""Breakers, margin, insurance, fees and stress together: one journal however it comes about, and after it was left."""

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
    OrderKind,
    Origin,
    Place,
    SetMark,
    SetOracle,
    Side,
    TimeInForce,
)
from crossbook.events import AccountFeesSet, CorrelationsSet, InsuranceFunded, MarketModeSet, ScenariosSet, TiersSet
from crossbook.policies.breakers.guards import Guards
from crossbook.policies.breakers.settings import DepthGuard, InsuranceGuard
from crossbook.policies.fees.maker_share import MakerShare
from crossbook.policies.fees.volume_tiers import VolumeTiers
from crossbook.policies.insurance.target import TargetSize
from crossbook.policies.margin.volatility import VolatilityMargin
from crossbook.policies.rerun import rerun
from crossbook.policies.stress.shocks import Shocks
from crossbook.replay import replay
from crossbook.scenarios import Underlying, portfolio_commands
from crossbook.session import Envelope
from tests.policies.scenes import MILLION
from tests.policies.stage import BEGIN_NS, BTC, ETH, SECOND, USDC, config

DAY = 86_400
States = dict[str, bytes]
"""What policies remember, by slot."""
POLICIES: dict[str, Any] = {
    "breakers": Guards(
        depth=DepthGuard(notional_min=1, sample_ns=600 * SECOND),
        insurance=InsuranceGuard(loss_max=1),
    ),
    "margin": VolatilityMargin(samples_min=12, update_ns=6 * 3_600 * SECOND),
    "insurance": TargetSize(),
    "fees": VolumeTiers(volumes=(10_000, 100_000)),
    "fees.rebates": MakerShare(),
    "stress": Shocks(interval_ns=6 * 3_600 * SECOND),
}


def session(seed: int) -> list[Envelope]:
    """Three days of two markets that jump about, an oracle that is lost now and then, and ten accounts that trade."""
    rng = random.Random(seed)
    setup = portfolio_commands([Underlying(1, "0.6", {BTC: 120_000}), Underlying(2, "0.6", {ETH: 60_000})])
    items = [envelope(1, command, Origin.OPERATOR) for command in setup]
    for account in range(1, 11):
        items += [envelope(2, CreateAccount()), envelope(2, Deposit(account, USDC, 50_000 * MILLION), Origin.OPERATOR)]
    mark = {BTC: 120_000, ETH: 60_000}
    for seconds in sorted(rng.randint(10, 3 * DAY) for _ in range(250)):
        shared = rng.randint(-40, 41)
        for market, before in mark.items():
            mark[market] = before * (1_000 + shared + rng.randint(-9, 9)) // 1_000
            grade = rng.choice((Grade.GOOD, Grade.GOOD, Grade.GOOD, Grade.NONE))
            items.append(envelope(seconds, SetOracle(market, mark[market], 0, grade, 0), Origin.ORACLE))
            items.append(envelope(seconds, SetMark(market, mark[market]), Origin.ORACLE))
            items += [envelope(seconds + 1, order) for order in orders(rng, market, mark[market])]
    return sorted(items, key=lambda item: item.time_ns or 0)


def orders(rng: random.Random, market: int, price: int) -> list[Command]:
    """One account rests an order and another takes it."""
    maker, taker = rng.sample(range(1, 11), 2)
    lots, side = rng.randint(10, 300), rng.choice((Side.BUY, Side.SELL))
    against = Side.SELL if side == Side.BUY else Side.BUY
    return [
        Place(maker, market, side, OrderKind.LIMIT, price, lots),
        Place(taker, market, against, OrderKind.LIMIT, price, lots, time_in_force=TimeInForce.IOC),
    ]


def envelope(seconds: int, command: Command, origin: Origin = Origin.CLIENT) -> Envelope:
    return Envelope(command, origin, time_ns=BEGIN_NS + seconds * SECOND)


def begin(path: Path) -> Venue:
    settings = config(maker_rate="0.0001", taker_rate="0.0005")
    venue = Venue.create(path, settings, durability="volatile", clock=lambda: BEGIN_NS, check_invariants=True)
    venue.policies.engage_all(POLICIES, time_ns=BEGIN_NS + 1)
    return venue


def finish(venue: Venue) -> Any:
    """Let the last day pass, and say what the journal then is."""
    venue.policies.advance(BEGIN_NS + 4 * DAY * SECOND)
    kernel = venue.session.kernel
    return kernel.seq, kernel.state_root(), kernel.event_digest()


def states(venue: Venue) -> States:
    return {one.slot: msgspec.msgpack.encode(venue.policies.state(one.slot)) for one in venue.policies.engaged()}


def whole(path: Path, seed: int) -> Any:
    with begin(path) as venue:
        venue.submit(session(seed))
        return finish(venue)


def test_every_policy_has_something_to_do_and_a_replay_needs_none(tmp_path: Path) -> None:
    with begin(tmp_path / "venue") as venue:
        venue.submit(session(1))
        finish(venue)
        happened = {type(event) for receipt in venue.policies.drain() for event in receipt.events}
    assert happened >= {
        AccountFeesSet, CorrelationsSet, InsuranceFunded, MarketModeSet, ScenariosSet, TiersSet
    }  # fmt: skip
    assert replay(tmp_path / "venue").seq
    assert rerun(tmp_path / "venue", POLICIES).unchecked == ()


def test_the_same_commands_make_the_same_journal_however_they_are_cut(tmp_path: Path) -> None:
    with begin(tmp_path / "cut") as venue:
        rng, rest = random.Random(5), session(2)
        while rest:
            count = rng.randint(1, 40)
            venue.submit(rest[:count])
            rest = rest[count:]
        assert finish(venue) == whole(tmp_path / "whole", 2)


def left(venue: Venue) -> States:
    """In the middle of an instant, as when the process is gone."""
    before = states(venue)
    venue.session.close()
    return before


def closed(venue: Venue) -> States:
    """Properly, which closes the instant."""
    venue.policies.settle()
    before = states(venue)
    venue.close()
    return before


def at_a_snapshot(venue: Venue) -> States:
    """Right after a snapshot."""
    venue.snapshot()
    return left(venue)


@pytest.mark.parametrize("leave", [left, closed, at_a_snapshot])
def test_what_they_remember_is_the_same_after_the_venue_was_left(
    tmp_path: Path, leave: Callable[[Venue], States]
) -> None:
    items = session(3)
    venue = begin(tmp_path / "venue")
    cut = next(index for index in range(700, 800) if items[index].time_ns != items[index - 1].time_ns)
    venue.submit(items[:cut])
    before = leave(venue)
    with Venue.open(tmp_path / "venue", durability="volatile", clock=lambda: BEGIN_NS, policies=POLICIES) as venue:
        assert states(venue) == before
        venue.submit(items[cut:])
        end = finish(venue)
    if leave is left:
        assert end == whole(tmp_path / "whole", 3)
