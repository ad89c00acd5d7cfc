"""The HTTP poller against a server that fails in every way: it goes on, and counts."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from crossbook.errors import InputError
from crossbook.observations.gateway import Health
from crossbook.observations.http import HttpPoller
from crossbook.observations.quotes import Quote
from tests.observations.servers import Script, drop, half, http_server, payload, prices, silence, status, take, trickle

QUICK = {"interval_seconds": 0.0, "timeout_seconds": 0.25, "pause_seconds": 0.001}


def polled(script: Script, count: int, **settings: Any) -> tuple[list[str], Health]:
    """The prices of the first batches, and how the stream was doing."""
    health = Health()
    with http_server(script) as url:
        batches = asyncio.run(take(HttpPoller(url, **(QUICK | settings)).quotes(health), count))
    return prices(batches), health


def test_every_answer_is_a_batch() -> None:
    several = b"[" + b",".join([payload(60_001), payload(60_002)]) + b"]"
    assert polled(Script(payload(60_000.25), several), 2) == (
        ["60000.25", "60001", "60002"],
        Health(batches=2),
    )


@pytest.mark.parametrize(
    "fault", [status(500), status(503), status(429), silence, drop, half, trickle],
    ids=["500", "503", "429", "silence", "drop", "half", "trickle"],
)  # fmt: skip
def test_what_passes_is_tried_again(fault: Any) -> None:
    script = Script(fault, fault, payload(1))
    assert polled(script, 1) == (["1"], Health(batches=1))
    assert script.asked == 3, "twice in vain, within one request"


def test_after_the_last_attempt_it_is_a_failure_and_the_next_request_goes_out() -> None:
    script = Script(status(500), status(500), status(500), payload(1))
    found, health = polled(script, 1)
    assert (found, health.batches, health.failures, health.failures_in_a_row) == (["1"], 1, 1, 0)
    assert "500" in health.last_failure


def test_a_refusal_is_not_tried_again() -> None:
    script = Script(status(404), payload(1))
    _, health = polled(script, 1)
    assert (script.asked, health.failures) == (2, 1)


@pytest.mark.parametrize(
    "garbage", [b"<html>", b"", b"{}", b'{"feed": 7}', b'[{"feed": 7, "source": 1, "price": "x", "observed_at": 1}]']
)
def test_garbage_is_a_failure_and_no_quote(garbage: bytes) -> None:
    found, health = polled(Script(garbage, payload(1)), 1)
    assert (found, health.batches, health.failures) == (["1"], 1, 1)
    assert health.last_failure.startswith("payload is unreadable")


def test_an_answer_without_end_is_cut() -> None:
    found, health = polled(Script(b" " * 5_000, payload(1)), 1, payload_bytes_max=4_000)
    assert (found, health.last_failure) == (["1"], "ValueError: the answer is longer than 4000 bytes")


def test_an_address_that_moved_is_followed() -> None:
    script = Script(status(302, Location="/there"), payload(1))
    assert polled(script, 1)[0] == ["1"]


def test_where_nobody_listens_it_goes_on_trying() -> None:
    async def until_it_failed_twice() -> Health:
        health = Health()
        task = asyncio.create_task(take(HttpPoller("http://127.0.0.1:1/", **QUICK).quotes(health), 1))
        while health.failures < 2:
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return health

    health = asyncio.run(until_it_failed_twice())
    assert health.last_failure.startswith("ConnectError")


def test_a_venue_s_own_format_is_read_by_a_function() -> None:
    def parse(body: bytes) -> list[Quote]:
        name, price = body.decode().split()
        return [Quote(name, 1, price, 5)]

    assert polled(Script(b"one", b"BTC 60000.5"), 1, parse=parse)[0] == ["60000.5"]


@pytest.mark.parametrize("missing", ["httpx", "tenacity"])
def test_without_the_extra_it_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match=r"pip install 'crossbook\[oracle\]'"):
        asyncio.run(take(HttpPoller("http://127.0.0.1:1/").quotes(), 1))
