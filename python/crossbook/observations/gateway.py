"""Observations as they come in: streams of quotes, and the pump that puts them into a venue.

A stream is an asynchronous iterator of batches of quotes that came in together; it ends, or is closed, but does not
fail: what goes wrong outside is counted in its `Health`, and the oracle policy sees that nothing comes any more. The
pump is the one writer: it stamps by the venue's clock, and lets stamped time pass when nothing comes, so that prices
age.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

import structlog
from msgspec import Struct

from crossbook.errors import InputError
from crossbook.observations.payloads import Parser
from crossbook.observations.quotes import FeedBook, Quote
from crossbook.session import Envelope
from crossbook.venue import Venue

Stream: TypeAlias = AsyncIterator[Sequence[Quote]]

_log = structlog.get_logger("crossbook")
_QUEUE_BATCHES: Final = 1_000


class Health(Struct):
    """How a stream is doing: batches that came in, what failed, in a row and in all, and the last failure in words."""

    batches: int = 0
    failures: int = 0
    failures_in_a_row: int = 0
    reconnects: int = 0
    last_failure: str = ""

    def good(self) -> None:
        """A batch came in."""
        self.batches += 1
        self.failures_in_a_row = 0

    def bad(self, what: str, *, source: str) -> None:
        """Something failed; the first of a row is worth a warning."""
        self.failures += 1
        self.failures_in_a_row += 1
        self.last_failure = what
        if self.failures_in_a_row == 1:
            _log.warning("observations fail", source=source, failure=what)


def parsed(payload: bytes, parse: Parser, health: Health, *, source: str) -> Sequence[Quote]:
    """The quotes of a payload; one that cannot be read is a failure, and holds none."""
    try:
        quotes = list(parse(payload))
    except ValueError as error:
        health.bad(f"payload is unreadable: {error}", source=source)
        return []
    health.good()
    return quotes


def envelopes(quotes: Iterable[Quote], book: FeedBook, *, health: Health | None = None) -> list[Envelope]:
    """The commands of quotes that came in now; one that no feed can hold is counted, and the others go on.

    Raises InputError for it where nobody counts.
    """
    made = []
    for quote in quotes:
        try:
            made.append(book.envelope(quote))
        except InputError as error:
            if health is None:
                raise
            health.bad(f"{error.code}: {error.message}", source=str(quote.feed))
    return made


async def sampled(
    read: Callable[[], Iterable[Quote]], *, interval_seconds: float = 1.0, health: Health | None = None
) -> Stream:
    """What a function of this process answers, again and again; an exception of its is a failure of the stream."""
    health = health or Health()
    while True:
        try:
            quotes = list(read())
        except Exception as error:  # noqa: BLE001 - whatever a foreign function raises, the stream goes on
            health.bad(f"{type(error).__name__}: {error}", source=getattr(read, "__name__", "function"))
        else:
            health.good()
            yield quotes
        await asyncio.sleep(interval_seconds)


async def pump(
    venue: Venue,
    streams: Iterable[Stream],
    book: FeedBook,
    *,
    advance_seconds: float = 1.0,
    health: Health | None = None,
) -> int:
    """Submit what the streams bring until all have ended; returns how many observations were journaled.

    One task per stream fills a queue, and this coroutine alone speaks to the venue. When nothing came for
    `advance_seconds` the policies are told what time it is. Cancel it to stop.

    Raises:
        VenueHalted, VenueClosed: the venue does not serve any more.
        InputError: `extra_missing`, a stream cannot run here.
    """
    queue: asyncio.Queue[Sequence[Quote]] = asyncio.Queue(_QUEUE_BATCHES)
    counted = health or Health()
    tasks = [asyncio.create_task(_fill(stream, queue)) for stream in streams]
    journaled = 0
    try:
        while not queue.empty() or not all(task.done() for task in tasks):
            batch: Sequence[Quote] = ()
            with suppress(TimeoutError):
                batch = await asyncio.wait_for(queue.get(), advance_seconds)
            commands = envelopes(batch, book, health=counted)
            if commands:
                venue.submit(commands)
                journaled += len(commands)
            else:
                venue.policies.advance()
            for task in tasks:
                if task.done():
                    task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return journaled


async def _fill(stream: Stream, queue: asyncio.Queue[Sequence[Quote]]) -> None:
    async for batch in stream:
        await queue.put(batch)
    # Wakes the pump, so that it sees at once that this stream has ended.
    await queue.put(())
