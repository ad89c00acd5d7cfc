"""The WebSocket listener against a server that goes away: it comes back, and counts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from crossbook.errors import InputError
from crossbook.observations.gateway import Health
from crossbook.observations.websocket import WebSocketListener
from tests.observations.servers import payload, prices, take, websocket_server

QUICK = {"pause_seconds": 0.001, "pause_seconds_max": 0.01, "open_seconds": 5.0, "silence_seconds": 5.0}
Talk = Callable[[ServerConnection, int], Any]


def heard(talk: Talk, count: int, **settings: Any) -> tuple[list[str], Health]:
    """The prices of the first batches, and how the stream was doing."""
    health = Health()

    async def listen() -> list[str]:
        async with websocket_server(talk) as (url, _):
            return prices(await take(WebSocketListener(url, **(QUICK | settings)).quotes(health), count))

    return asyncio.run(listen()), health


def test_every_message_is_a_batch_as_text_or_bytes() -> None:
    async def talk(connection: ServerConnection, _number: int) -> None:
        await connection.send(payload(60_000.5).decode())
        await connection.send(payload(60_001))
        await connection.wait_closed()

    assert heard(talk, 2) == (["60000.5", "60001"], Health(batches=2))


def test_it_says_what_it_wants_after_each_connection() -> None:
    asked: list[tuple[int, str]] = []

    async def talk(connection: ServerConnection, number: int) -> None:
        asked.extend([(number, str(await connection.recv())), (number, str(await connection.recv()))])
        await connection.send(payload(number))

    assert heard(talk, 2, subscribe=("btc", "eth"))[0] == ["1", "2"]
    assert asked == [(1, "btc"), (1, "eth"), (2, "btc"), (2, "eth")]


@pytest.mark.parametrize("code", [1000, 1011])
def test_a_connection_that_is_closed_is_opened_again(code: int) -> None:
    async def talk(connection: ServerConnection, number: int) -> None:
        await connection.send(payload(number))
        await connection.close(code)

    found, health = heard(talk, 3)
    assert (found, health.batches, health.reconnects, health.failures) == (["1", "2", "3"], 3, 2, 2)


def test_a_connection_that_breaks_is_opened_again() -> None:
    async def talk(connection: ServerConnection, number: int) -> None:
        await connection.send(payload(number))
        if number == 1:
            connection.transport.abort()
        await connection.wait_closed()

    found, health = heard(talk, 2)
    assert (found[-1], health.reconnects) == ("2", 1)


def test_a_connection_that_falls_silent_is_given_up() -> None:
    async def talk(connection: ServerConnection, number: int) -> None:
        if number > 1:
            await connection.send(payload(number))
        await connection.wait_closed()

    found, health = heard(talk, 1, silence_seconds=0.05)
    assert (found, health.reconnects, health.failures) == (["2"], 1, 1)
    assert health.last_failure.startswith("TimeoutError")


def test_garbage_is_a_failure_and_the_connection_stays() -> None:
    async def talk(connection: ServerConnection, number: int) -> None:
        await connection.send("<html>")
        await connection.send(payload(number))
        await connection.wait_closed()

    found, health = heard(talk, 1)
    assert (found, health.failures, health.reconnects) == (["1"], 1, 0)
    assert health.last_failure.startswith("payload is unreadable")


def test_a_message_that_is_too_long_closes_the_connection() -> None:
    async def talk(connection: ServerConnection, number: int) -> None:
        await connection.send(b" " * 5_000 if number == 1 else payload(number))
        await connection.wait_closed()

    found, health = heard(talk, 1, message_bytes_max=4_000)
    assert (found, health.reconnects) == (["2"], 1)


def test_it_waits_for_a_server_that_is_not_there_yet() -> None:
    async def talk(connection: ServerConnection, number: int) -> None:
        await connection.send(payload(number))
        await connection.wait_closed()

    async def scenario() -> tuple[list[str], Health]:
        health = Health()
        async with websocket_server(talk) as (url, port):
            pass
        listening = asyncio.create_task(take(WebSocketListener(url, **QUICK).quotes(health), 1))
        while health.failures < 2:
            await asyncio.sleep(0.001)
        async with websocket_server(talk, port=port):
            return prices(await listening), health

    found, health = asyncio.run(scenario())
    assert (found, health.failures_in_a_row, health.reconnects) == (["1"], 0, 0)


@pytest.mark.parametrize("missing", ["websockets.asyncio.client", "tenacity"])
def test_without_the_extra_it_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match=r"pip install 'crossbook\[oracle\]'"):
        asyncio.run(take(WebSocketListener("ws://127.0.0.1:1/").quotes(), 1))
