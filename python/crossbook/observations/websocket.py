"""A listener to a WebSocket: what it is told, and how it comes back when the connection is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

from msgspec import Struct

from crossbook.observations.gateway import Health, Stream, parsed
from crossbook.observations.payloads import Parser, read_json
from crossbook.observations.quotes import extra

_DOUBLINGS_MAX = 30


class WebSocketListener(Struct, frozen=True):
    """Where to listen, what to say first, and how patiently to come back.

    Attributes:
        url: `ws://` or `wss://`.
        parse: the quotes of a message.
        subscribe: messages sent after each connection, in order.
        open_seconds: for a connection to be opened.
        silence_seconds: a connection that brings nothing for so long is given up, however alive it seems.
        pause_seconds, pause_seconds_max: before coming back, doubled with each failure in a row, with a random part of
            the first.
        message_bytes_max: a longer message closes the connection.
    """

    url: str
    parse: Parser = read_json
    subscribe: tuple[str, ...] = ()
    open_seconds: float = 5.0
    silence_seconds: float = 30.0
    pause_seconds: float = 0.1
    pause_seconds_max: float = 30.0
    message_bytes_max: int = 1 << 20

    async def quotes(self, health: Health | None = None) -> Stream:
        """The quotes of one message after another, without end. Raises InputError `extra_missing`."""
        client = extra("websockets.asyncio.client", "oracle")
        errors, tenacity = extra("websockets.exceptions", "oracle"), extra("tenacity", "oracle")
        health = health or Health()
        lost = (OSError, TimeoutError, errors.WebSocketException)
        is_first = True
        while True:
            async with AsyncExitStack() as stack:
                connection = await self._connect(client, tenacity, lost, health, stack)
                health.reconnects += not is_first
                is_first = False
                try:
                    async for payload in self._messages(connection):
                        quotes = parsed(payload, self.parse, health, source=self.url)
                        if quotes:
                            yield quotes
                except lost as error:
                    health.bad(f"{type(error).__name__}: {error}", source=self.url)
            # A server that takes connections and drops them is asked less and less often, like one that takes none.
            doubled = self.pause_seconds * 2 ** min(health.failures_in_a_row, _DOUBLINGS_MAX)
            await asyncio.sleep(min(doubled, self.pause_seconds_max))

    async def _connect(
        self, client: Any, tenacity: Any, lost: tuple[type[Exception], ...], health: Health, stack: AsyncExitStack
    ) -> Any:
        """A connection, tried until there is one."""
        attempts = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(lost),
            wait=tenacity.wait_exponential(multiplier=self.pause_seconds, max=self.pause_seconds_max)
            + tenacity.wait_random(0, self.pause_seconds),
            before_sleep=lambda state: health.bad(repr(state.outcome.exception()), source=self.url),
        )
        async for attempt in attempts:
            with attempt:
                connecting = client.connect(self.url, open_timeout=self.open_seconds, max_size=self.message_bytes_max)
                return await stack.enter_async_context(connecting)
        raise AssertionError("tried until there is one")

    async def _messages(self, connection: Any) -> AsyncIterator[bytes]:
        """What comes in, as long as something does. Raises what says that the connection is lost."""
        for message in self.subscribe:
            await connection.send(message)
        while True:
            async with asyncio.timeout(self.silence_seconds):
                payload = await connection.recv(decode=False)
            yield payload
