"""LOBSTER order flow as commands: every recorded message becomes what the trader behind it must have sent.

| message | command |
|---|---|
| add | `Place`, good till cancelled, with the exchange's reference number as client order id |
| partial cancel | `Amend` to the smaller size |
| delete | `Cancel` |
| execution | the aggressive order that caused it: an immediate-or-cancel `Place` at the recorded price |
| hidden execution | nothing; counted apart, because the resting side was never in the visible book |

A recorded book cannot be copied blindly, so there are two ways to go on when our queue disagrees with the record:
*in step* applies the recorded fill to the recorded order and counts it; *free-running* sends the aggressive order all
the same, lets our own fills stand, and refuses later messages about orders that are gone. `docs/real_order_flow.md`
says more, also about orders that the recording reveals late.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

from crossbook.commands import Amend, Cancel, OrderKind, Place, SelfTrade, Side, TimeInForce
from crossbook.events import Event, Rejected, Traded
from crossbook.importers.feed import Feed, Listing, import_venue, open_accounts
from crossbook.importers.lobster_format import PRICE_UNITS_PER_DOLLAR, TICK_UNITS, Kind, Message, Recording
from crossbook.importers.lobster_orders import OpenOrders
from crossbook.importers.lobster_report import Tally

MARKET: Final = 1
BIDDERS: Final = 1
"""The account of all recorded buy orders: recordings do not say who traded."""
OFFERERS: Final = 2
"""The account of all recorded sell orders."""
TAKERS: Final = 3
"""The account of all aggressive orders."""

CURRENCY: Final = "USD"
TICK_SIZE: Final = Decimal(TICK_UNITS) / PRICE_UNITS_PER_DOLLAR
PRICE_MAX: Final = Decimal(200_000)
"""In dollars: NASDAQ accepts no higher price, and stub quotes come close to it."""
CASH_MINOR: Final = 2**50
"""What each account starts with: more than an hour of flow can lose."""


class Mode(Enum):
    """What happens where price-time priority would not have chosen the recorded order."""

    STEP = "step"
    FREE = "free"


class QueueBy(Enum):
    """What gives a recorded order its place in the queue.

    LOBSTER shows an order when its level enters the recorded window, which may be long after it was sent. The
    exchange numbers orders as they come, so a number below one already seen marks an order that was there before:
    REFERENCE puts it before the younger ones, which are taken out and put back; ARRIVAL queues in the order of lines.
    """

    REFERENCE = "reference"
    ARRIVAL = "arrival"


class Execution(NamedTuple):
    """The token of an aggressive order; `known` if the recording says whom it should hit."""

    message: Message
    known: bool


class Shrink(NamedTuple):
    """The token of a cancel or amendment that a message asked for."""

    message: Message


Token = Execution | Shrink | Message


def lobster_venue(path: Path, recording: Recording, first: Message, *, durability: str) -> Feed[Token]:
    """A new venue with the recorded stock as its one market, marked at the price of the first message."""
    listing = Listing(
        symbol=recording.ticker,
        currency=CURRENCY,
        tick_size=TICK_SIZE,
        lot_size=Decimal(1),
        price_max=PRICE_MAX,
        mark=first.ticks * TICK_SIZE,
    )
    time_ns = recording.midnight_ns + first.time_ns
    feed: Feed[Token] = Feed(import_venue(path, [listing], time_ns=time_ns, durability=durability))
    open_accounts(feed, time_ns, TAKERS, cash_minor=CASH_MINOR)
    return feed


class LobsterImport:
    """Feeds recorded messages into a session, in step with the record or free-running, and keeps the tally."""

    def __init__(self, feed: Feed[Token], recording: Recording, *, mode: Mode, queue_by: QueueBy) -> None:
        self.feed: Final = feed
        self.orders: Final = OpenOrders()
        self.tally: Final = Tally()
        self._midnight_ns: Final = recording.midnight_ns
        self._mode: Final = mode
        self._queue_by: Final = queue_by
        self.added: Final[set[int]] = set()
        self._newest = 0

    def run(self, messages: Iterable[Message]) -> None:
        """Import all messages of a recording."""
        for message in messages:
            self.message(message)
        self.settle()

    def time(self, message: Message) -> int:
        """The stamped time of a message, ns since the epoch."""
        return self._midnight_ns + message.time_ns

    def message(self, message: Message) -> None:
        """Turn one message into commands."""
        self.tally.count(message)
        if message.kind == Kind.ADD:
            self._add(message)
        elif message.kind in (Kind.PARTIAL_CANCEL, Kind.DELETE):
            self._reduce(message)
        elif message.kind == Kind.EXECUTION:
            self._execute(message)

    def settle(self) -> None:
        """Submit what is queued and count what came of it."""
        for token, events in self.feed.flush():
            if isinstance(token, Execution):
                self._count_fills(token, events)
            elif isinstance(token, Shrink):
                self.tally.refused_gone += any(isinstance(event, Rejected) for event in events)
            else:
                self.tally.adds_traded += any(isinstance(event, Traded) for event in events)
            self.orders.apply(events)

    # adds ----------------------------------------------------------------------------------------------------------

    def _add(self, message: Message) -> None:
        self.added.add(message.order)
        late = message.order < self._newest
        self._newest = max(self._newest, message.order)
        self.place(message, message.order, message.size)
        if late:
            self.tally.revealed_late += 1
            if self._queue_by == QueueBy.REFERENCE:
                self._move_behind(message)

    def _move_behind(self, message: Message) -> None:
        """Take the orders that are younger than the one just placed out of its level, and put them back behind it."""
        self.settle()
        queue = self.feed.queue(MARKET, message.side, message.ticks)
        for resting in sorted(queue, key=lambda order: order.client_order):
            if resting.client_order > message.order:
                self.tally.moved_behind += 1
                self._cancel(message, resting.client_order)
                self.place(message, resting.client_order, resting.lots)

    def place(self, message: Message, reference: int, lots: int) -> None:
        """Send a resting order at the message's time, side and price."""
        self.place_at(message, side=message.side, ticks=message.ticks, reference=reference, lots=lots)

    def place_at(self, message: Message, *, side: Side, ticks: int, reference: int, lots: int) -> None:
        """Send a resting order at the message's time, wherever it belongs."""
        order = Place(
            account_of(side),
            MARKET,
            side,
            OrderKind.LIMIT,
            ticks,
            lots,
            TimeInForce.GTC,
            SelfTrade.NONE,
            client_order=reference,
        )
        self.feed.add(self.time(message), order, message)

    # cancels ---------------------------------------------------------------------------------------------------------

    def _reduce(self, message: Message) -> None:
        if message.order not in self.added:
            self.unknown(message)
        elif message.kind == Kind.DELETE:
            self._cancel(message, message.order)
        else:
            self.settle()
            self.shrink(message, message.order)

    def unknown(self, message: Message) -> None:
        """A message about an order that was sent before the recording began: there is nothing it could change."""
        if message.kind == Kind.EXECUTION:
            self.tally.executions_unknown += 1
        else:
            self.tally.cancels_unknown += 1

    def _cancel(self, message: Message, reference: int) -> None:
        account = account_of(message.side)
        self.feed.add(self.time(message), Cancel(account, 0, reference), Shrink(message))

    def shrink(self, message: Message, reference: int) -> None:
        """Take the message's size off an order: an amendment to less, or a cancel if nothing would be left."""
        order = self.orders.get(reference)
        if order is None or order.open <= message.size:
            self._cancel(message, reference)
            return
        account = account_of(message.side)
        amend = Amend(account, 0, reference, 0, order.total - message.size)
        self.feed.add(self.time(message), amend, Shrink(message))

    # executions ------------------------------------------------------------------------------------------------------

    def _execute(self, message: Message) -> None:
        if message.order not in self.added:
            self.unknown(message)
            return
        self.settle()
        self.tally.executions_known += 1
        if message.order not in self.orders:
            self.tally.executions_refused += 1
            return
        queue = self.feed.queue(MARKET, message.side, message.ticks)
        at_best = self.feed.best(MARKET, message.side) == message.ticks
        at_head = bool(queue) and queue[0].client_order == message.order
        self.tally.executions_open += 1
        self.tally.at_best_price += at_best
        self.tally.at_queue_head += at_head
        if self._mode == Mode.FREE or (at_best and at_head):
            self.aggress(message, known=True)
        else:
            self.tally.applied_as_recorded += 1
            self.shrink(message, message.order)

    def aggress(self, message: Message, *, known: bool) -> None:
        """Send the aggressive order behind a recorded execution; `known` if the recording shows whom it should hit."""
        self.feed.add(
            self.time(message),
            Place(
                TAKERS,
                MARKET,
                opposite(message.side),
                OrderKind.LIMIT,
                message.ticks,
                message.size,
                TimeInForce.IOC,
                SelfTrade.NONE,
            ),
            Execution(message, known),
        )

    def _count_fills(self, token: Execution, events: Iterable[Event]) -> None:
        """Compare the fills of an aggressive order with the recorded execution."""
        message = token.message
        fills = [
            (self.orders.reference(event.maker_order), event.price, event.lots)
            for event in events
            if isinstance(event, Traded)
        ]
        if not token.known:
            self.tally.sent_unknown += 1
            return
        self.tally.sent += 1
        self.tally.filled_first += bool(fills) and fills[0][0] == message.order
        self.tally.filled_among += any(reference == message.order for reference, _, _ in fills)
        self.tally.filled_exactly += fills == [(message.order, message.ticks, message.size)]


def account_of(side: Side) -> int:
    """The account that all recorded orders of a side belong to."""
    return BIDDERS if side == Side.BUY else OFFERERS


def opposite(side: Side) -> Side:
    """The side an aggressive order must take to hit this one."""
    return Side.SELL if side == Side.BUY else Side.BUY
