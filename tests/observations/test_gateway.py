"""The pump: streams in, one writer, and time that passes when nothing comes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from crossbook import Venue
from crossbook.commands import Grade
from crossbook.errors import InputError, VenueClosed
from crossbook.observations.gateway import Health, envelopes, pump, sampled
from crossbook.observations.http import HttpPoller
from crossbook.observations.quotes import FeedBook, Quote
from crossbook.observations.websocket import WebSocketListener
from crossbook.policies.oracle.feeds import Feed, Source, Thresholds
from crossbook.policies.oracle.gates import Gates
from tests.observations.servers import Script, http_server, payload, prices, take, websocket_server
from tests.policies.stage import BEGIN_NS, SECOND, config

FEED = Feed(7, (Source(1, "alpha"), Source(2, "beta")), 2, market=1, name="BTC",
            thresholds=Thresholds(minimum_sources=1))  # fmt: skip


class Clock:
    """A clock that is a step further whenever it is asked, a second unless told otherwise."""

    def __init__(self, step_ns: int = SECOND) -> None:
        self.now_ns = BEGIN_NS
        self.step_ns = step_ns

    def __call__(self) -> int:
        self.now_ns += self.step_ns
        return self.now_ns


def oracle(venue: Venue) -> tuple[float, Grade]:
    """The price of bitcoin on record and its grade."""
    found = venue.market("BTC-PERP").oracle
    return (float(found.price), found.grade) if found else (0.0, Grade.NONE)


def venue(path: Path, clock: Clock) -> Venue:
    """A venue with the default oracle policy."""
    return Venue.create(path, config(), durability="volatile", clock=clock, policies={"oracle": Gates((FEED,))})


async def said(*batches: Sequence[Quote]) -> AsyncIterator[Sequence[Quote]]:
    """A stream that brings these batches and ends."""
    for batch in batches:
        yield batch


def quote(price: str, observed_at: int, source: str = "alpha") -> Quote:
    """What a source says of BTC."""
    return Quote("BTC", source, price, observed_at)


def test_several_streams_go_into_one_venue(tmp_path: Path) -> None:
    clock = Clock(step_ns=0)
    with venue(tmp_path / "venue", clock) as made:
        first = [[quote("60000", clock.now_ns)], [quote("60002", clock.now_ns)]]
        second = [[quote("60004", clock.now_ns, "beta")]]
        assert asyncio.run(pump(made, [said(*first), said(*second)], FeedBook.of(made))) == 3
        assert oracle(made) == (60_003, Grade.GOOD)


def test_when_nothing_comes_prices_age(tmp_path: Path) -> None:
    clock = Clock()

    async def then_silence() -> AsyncIterator[Sequence[Quote]]:
        yield [quote("60000", clock.now_ns)]
        while oracle(made) != (60_000, Grade.NONE):
            await asyncio.sleep(0)

    with venue(tmp_path / "venue", clock) as made:
        asyncio.run(pump(made, [then_silence()], FeedBook.of(made), advance_seconds=0.001))
        assert oracle(made) == (60_000, Grade.NONE)


def test_a_quote_no_feed_can_hold_is_counted_and_the_others_go_on(tmp_path: Path) -> None:
    clock, health = Clock(), Health()
    with venue(tmp_path / "venue", clock) as made:
        batch = [quote("60000.001", clock.now_ns), quote("60000", clock.now_ns), Quote("SOL", 1, "1", 1)]
        assert asyncio.run(pump(made, [said(batch)], FeedBook.of(made), health=health)) == 1
    assert (health.failures, health.last_failure) == (2, "unknown_feed: there is no feed 'SOL'")


def test_a_stream_that_cannot_run_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)

    async def for_ever() -> AsyncIterator[Sequence[Quote]]:
        yield []
        await asyncio.Event().wait()

    clock = Clock()
    with venue(tmp_path / "venue", clock) as made:
        streams = [for_ever(), HttpPoller("http://127.0.0.1:1/").quotes()]
        with pytest.raises(InputError, match="extra_missing"):
            asyncio.run(pump(made, streams, FeedBook.of(made), advance_seconds=0.01))


def test_a_venue_that_is_closed_stops_the_pump(tmp_path: Path) -> None:
    clock = Clock()
    made = venue(tmp_path / "venue", clock)
    book = FeedBook.of(made)
    made.close()
    with pytest.raises(VenueClosed):
        asyncio.run(pump(made, [said([quote("1", 1)])], book))


def test_a_function_of_this_process_is_a_stream() -> None:
    answers = iter([[quote("1", 1)], OSError("no answer"), [quote("2", 2)]])

    def read() -> list[Quote]:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    health = Health()
    assert prices(asyncio.run(take(sampled(read, interval_seconds=0.0, health=health), 2))) == ["1", "2"]
    assert (health.batches, health.failures, health.last_failure) == (2, 1, "OSError: no answer")


def test_a_function_can_be_asked_once_without_a_loop(tmp_path: Path) -> None:
    clock = Clock()
    with venue(tmp_path / "venue", clock) as made:
        made.submit(envelopes([quote("60000.5", clock.now_ns)], FeedBook.of(made)))
        assert oracle(made) == (60_000.5, Grade.GOOD)
        with pytest.raises(InputError, match="price_too_fine"):
            envelopes([quote("60000.001", clock.now_ns)], FeedBook.of(made))


def test_from_real_servers_into_a_venue(tmp_path: Path) -> None:
    """One source polled, the other listened to; the poll fails on the way, the connection breaks, the price stands."""
    clock = Clock(step_ns=0)
    script = Script(b"<html>", payload(60_000).replace(b": 5", b": 1700000000000000000"))

    async def talk(connection: object, number: int) -> None:
        body = payload(60_002).replace(b"alpha", b"beta").replace(b": 5", b": 1700000000000000000")
        await connection.send(body)  # type: ignore[attr-defined]

    async def scenario(made: Venue, url: str) -> None:
        async with websocket_server(talk) as (socket_url, _):
            streams = [
                HttpPoller(url, interval_seconds=0.01).quotes(),
                WebSocketListener(socket_url, pause_seconds=0.01, pause_seconds_max=0.02).quotes(),
            ]
            task = asyncio.create_task(pump(made, streams, FeedBook.of(made)))
            async with asyncio.timeout(20):
                while oracle(made)[0] != 60_001:
                    await asyncio.sleep(0.005)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    with venue(tmp_path / "venue", clock) as made, http_server(script) as url:
        asyncio.run(scenario(made, url))
