"""In an ordinary session there is nothing to find; what is remembered comes back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from crossbook import Venue
from crossbook.commands import Side
from crossbook.demo.market import Crash
from crossbook.demo.session import DemoConfig, Run
from crossbook.events import Noted
from crossbook.importers.lobster import LobsterImport, Mode, QueueBy, lobster_venue
from crossbook.importers.lobster_format import read_messages, recording
from crossbook.policies.surveillance.topics import FINDING
from tests.flow.shared import shared
from tests.policies.surveillance.floor import ANN, BEN, Floor

HOUR = "AAPL_2012-06-21_34200000_37800000_message_50.csv.xz"


def told(venue: Venue) -> list[str]:
    """The bodies of all findings."""
    events = (event for receipt in venue.policies.drain() for event in receipt.events)
    return [event.body for event in events if isinstance(event, Noted) and event.topic == FINDING]


def test_nothing_is_found_among_the_agents_of_the_demo(tmp_path: Path) -> None:
    """Half an hour of makers, takers, hedgers and gamblers, a crash among it; limits a hundredth of the usual."""
    run = Run(tmp_path / "venue", DemoConfig(crash=Crash(start=360, rounds=20)), durability="volatile")
    watch = {
        "policy": "watch",
        "round_trips": {"notional_min": 1_000_000_000},
        "layering": {"notional_min": 100_000_000},
        "concentration": {"interest_notional_min": 100_000_000_000, "volume_notional_min": 100_000_000_000},
    }
    run.venue.policies.engage("surveillance", watch)
    run.play()
    assert run.tally.orders > 50_000
    assert told(run.venue) == []


@pytest.mark.slow
def test_nothing_is_found_in_a_real_hour(tmp_path: Path) -> None:
    found = recording([shared("lobster", HOUR)])
    messages = list(read_messages(found.messages))
    feed = lobster_venue(tmp_path / "venue", found, messages[0], durability="volatile")
    with feed.venue as venue:
        venue.policies.engage("surveillance", "watch", time_ns=venue.session.kernel.time_ns)
        LobsterImport(feed, found, mode=Mode.FREE, queue_by=QueueBy.REFERENCE).run(messages)
        assert venue.session.kernel.seq > 80_000
        assert venue.policies.engaged()[0].turns > 80_000
        assert told(venue) == []


def test_what_the_watch_remembers_comes_back_when_the_venue_is_opened_again(tmp_path: Path) -> None:
    floor = Floor(tmp_path / "venue")
    floor.trade(1, ANN, BEN, 1_000)
    floor.rest(2, ANN, Side.BUY, 119_000, 10, 5)
    floor.trade(120, BEN, ANN, 1_000)
    kept, path = floor.venue.policies.state("surveillance"), floor.venue.path
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(kept), type=type(kept)) == kept
    floor.venue.snapshot()
    floor.venue.close()
    with Venue.open(path, clock=lambda: floor.now_ns) as venue:
        assert venue.policies.state("surveillance") == kept
