"""Real servers on this machine that answer by a script: well, wrongly, late, or not at all."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from crossbook.observations.quotes import Quote

PATIENCE_SECONDS = 20
"""A test that waits longer than this has failed."""


def payload(price: float) -> bytes:
    """One quote as JSON."""
    quote = {"feed": "BTC", "source": "alpha", "price": str(price), "observed_at": 5}
    return json.dumps(quote).encode()


class Script:
    """What a server answers, step by step, and what it was asked; the last step is repeated."""

    def __init__(self, *steps: Any) -> None:
        self.steps = steps
        self.asked = 0
        self.release = threading.Event()

    def next(self) -> Any:
        """The next step."""
        step = self.steps[min(self.asked, len(self.steps) - 1)]
        self.asked += 1
        return step


def status(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler, Script], None]:
    """A step: an answer without a body."""

    def answer(handler: BaseHTTPRequestHandler, _script: Script) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def silence(_handler: BaseHTTPRequestHandler, script: Script) -> None:
    """A step: no answer until the test is over."""
    script.release.wait(PATIENCE_SECONDS)


def drop(handler: BaseHTTPRequestHandler, _script: Script) -> None:
    """A step: the connection is closed without an answer."""
    handler.close_connection = True


def half(handler: BaseHTTPRequestHandler, _script: Script) -> None:
    """A step: the connection is closed in the middle of the answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"[")
    handler.close_connection = True


def trickle(handler: BaseHTTPRequestHandler, script: Script) -> None:
    """A step: one byte after another, each in time, and never an end."""
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    try:
        while not script.release.wait(0.02):
            handler.wfile.write(b" ")
    except OSError:
        return


@contextmanager
def http_server(script: Script) -> Iterator[str]:
    """A server that follows a script; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            step = script.next()
            if callable(step):
                step(self, script)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(step)))
            self.end_headers()
            self.wfile.write(step)

        def log_message(self, *_: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        script.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


@asynccontextmanager
async def websocket_server(
    talk: Callable[[ServerConnection, int], Any], *, port: int = 0
) -> AsyncIterator[tuple[str, int]]:
    """A server that talks; `talk` gets each connection and its number. Yields its address and its port."""
    count = 0

    async def handle(connection: ServerConnection) -> None:
        nonlocal count
        count += 1
        await talk(connection, count)

    async with serve(handle, "127.0.0.1", port) as server:
        bound = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{bound}/", bound


async def take(stream: Any, count: int) -> list[Sequence[Quote]]:
    """The first batches of a stream, which is closed then."""
    batches: list[Sequence[Quote]] = []
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(stream) as quotes:
        async for batch in quotes:
            batches.append(batch)
            if len(batches) == count:
                break
    return batches


def prices(batches: list[Sequence[Quote]]) -> list[str]:
    """The prices of batches, in order."""
    return [str(quote.price) for batch in batches for quote in batch]
