"""A poller of HTTP addresses: one request an interval, with a timeout, retried with growing pauses."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec import Struct

from crossbook.observations.gateway import Health, Stream, parsed
from crossbook.observations.payloads import Parser, read_json
from crossbook.observations.quotes import extra


class HttpPoller(Struct, frozen=True):
    """Where to ask, how often, and how patiently.

    Attributes:
        url: answers a GET with a payload that `parse` reads.
        parse: the quotes of a payload.
        interval_seconds: from the end of one request to the next.
        timeout_seconds: of one attempt, from its connection to the end of its answer.
        attempts_max: how often one request is tried; a refusal (4xx other than 429) is not tried again.
        pause_seconds, pause_seconds_max: before the second attempt, doubled with each, with a random part of the first.
        payload_bytes_max: a longer answer is a failure.
    """

    url: str
    parse: Parser = read_json
    interval_seconds: float = 1.0
    timeout_seconds: float = 2.0
    attempts_max: int = 3
    pause_seconds: float = 0.1
    pause_seconds_max: float = 5.0
    payload_bytes_max: int = 1 << 20

    async def quotes(self, health: Health | None = None) -> Stream:
        """The quotes of one answer after another, without end. Raises InputError `extra_missing`."""
        httpx, tenacity = extra("httpx", "oracle"), extra("tenacity", "oracle")
        health = health or Health()
        async with httpx.AsyncClient(timeout=self.timeout_seconds, follow_redirects=True) as client:
            while True:
                try:
                    payload = await self._ask(client, httpx, tenacity)
                except (httpx.HTTPError, TimeoutError, ValueError) as error:
                    health.bad(f"{type(error).__name__}: {error}", source=self.url)
                else:
                    quotes = parsed(payload, self.parse, health, source=self.url)
                    if quotes:
                        yield quotes
                await asyncio.sleep(self.interval_seconds)

    async def _ask(self, client: Any, httpx: Any, tenacity: Any) -> bytes:
        """One request, retried. Raises httpx.HTTPError, TimeoutError, or ValueError for an answer without end."""

        def is_worth_another(error: BaseException) -> bool:
            if isinstance(error, httpx.HTTPStatusError):
                return bool(error.response.status_code >= 500 or error.response.status_code == 429)
            return isinstance(error, httpx.TransportError | TimeoutError)

        attempts = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(is_worth_another),
            stop=tenacity.stop_after_attempt(self.attempts_max),
            wait=tenacity.wait_exponential(multiplier=self.pause_seconds, max=self.pause_seconds_max)
            + tenacity.wait_random(0, self.pause_seconds),
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                return await self._fetch(client)
        raise AssertionError("the last attempt returns or raises")

    async def _fetch(self, client: Any) -> bytes:
        """One attempt, and no more of its answer than is wanted."""
        payload = bytearray()
        async with asyncio.timeout(self.timeout_seconds), client.stream("GET", self.url) as response:
            response.raise_for_status()
            async for chunk in response.aiter_bytes():
                payload += chunk
                if len(payload) > self.payload_bytes_max:
                    raise ValueError(f"the answer is longer than {self.payload_bytes_max} bytes")
        return bytes(payload)
