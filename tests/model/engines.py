"""One face for the model and for the kernel, so that a scenario can be played to either."""

from __future__ import annotations

from typing import Any, Protocol

from crossbook._kernel import Kernel
from tests.model.commands import Record
from tests.model.events import Event
from tests.model.wire import decode, decode_events, encode_block
from tests.model.world import World

Row = list[Any]


class Engine(Protocol):
    """What a scenario needs of a venue."""

    def apply(self, record: Record) -> list[Event]:
        """Executes one record."""

    def assets(self) -> list[Row]:
        """One row per asset."""

    def markets(self) -> list[Row]:
        """One row per market."""

    def account(self, account: int) -> Row:
        """One account."""

    def orders(self, account: int) -> list[Row]:
        """The open orders of an account."""

    def queue(self, market: int, side: int, price: int) -> list[Row]:
        """The orders of one level in priority."""

    def holders(self, market: int) -> list[Row] | None:
        """One row per account that has lots in a market."""

    def authors(self) -> list[Row]:
        """One row per author."""


class ModelEngine:
    """The reference model; everything in it is checked after each record."""

    def __init__(self) -> None:
        self.world = World()

    def apply(self, record: Record) -> list[Event]:
        events = self.world.apply(record)
        self.world.check()
        return events

    def assets(self) -> list[Row]:
        return self.world.assets()

    def markets(self) -> list[Row]:
        return self.world.markets()

    def account(self, account: int) -> Row:
        row = self.world.account(account)
        assert row is not None
        return row

    def orders(self, account: int) -> list[Row]:
        return self.world.orders(account)

    def queue(self, market: int, side: int, price: int) -> list[Row]:
        return self.world.queue(market, side, price)

    def holders(self, market: int) -> list[Row] | None:
        return self.world.holders(market)

    def authors(self) -> list[Row]:
        return self.world.authors()


class KernelEngine:
    """The kernel; each record is a block of its own."""

    def __init__(self) -> None:
        self.kernel = Kernel(check_invariants=True)

    def apply(self, record: Record) -> list[Event]:
        body = encode_block([record], record.time)
        first_seq = self.kernel.seq + 1
        return decode_events(self.kernel.apply(body, first_seq=first_seq, base_time_ns=record.time, count=1))

    def assets(self) -> list[Row]:
        return list(decode(self.kernel.assets()))

    def markets(self) -> list[Row]:
        return list(decode(self.kernel.markets()))

    def account(self, account: int) -> Row:
        return list(decode(self.kernel.account(account)))

    def orders(self, account: int) -> list[Row]:
        return list(decode(self.kernel.orders(account)))

    def queue(self, market: int, side: int, price: int) -> list[Row]:
        return list(decode(self.kernel.queue(market, side, price)))

    def holders(self, market: int) -> list[Row] | None:
        rows: list[Row] | None = decode(self.kernel.holders(market))
        return rows

    def authors(self) -> list[Row]:
        return list(decode(self.kernel.authors()))
