"""The life of an order, from its events: accepted, rested, changed, traded, refused a change, gone, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from journal_tools import replaying
from journal_tools.errors import ToolError
from journal_tools.journal import Journal, Record
from journal_tools.vocabulary import fields_of, name_of

REASONS: Final = {
    1: "on request",
    2: "it was not to wait, and nothing more was to be had at its price",
    3: "on request, with others of its account (mass cancel)",
    4: "its time was over",
    5: "a fill would have left its account without the margin it needs",
    6: "it met an order of the same master account",
    7: "it may only reduce a position, and there was nothing left to reduce",
    8: "a fill would have raised the open interest over the cap of the market",
    9: "the venue cancelled it because its pool was in need (waterfall)",
}
"""Why an order was cancelled, by `OrderCancelled.reason`."""
_CHANGES: Final = ("Amend", "Cancel")


@dataclass
class Step:
    """One thing that happened to an order. Prices in ticks, sizes in lots, money in minor units."""

    seq: int
    what: str
    left: int
    price: int | None = None
    lots: int | None = None
    other: int | None = None
    role: str | None = None
    fee: int | None = None
    realised: int | None = None
    why: str | None = None
    look: int | None = None
    position: int | None = None
    ahead: Decimal | None = None


@dataclass
class Life:
    """An order: who placed what, and what came of it. `left` is what is open, `ended` how it ended, "" before that."""

    order: int
    account: int
    market: int
    side: int
    client_order: int
    seq: int
    price: int
    lots: int
    left: int
    steps: list[Step] = field(default_factory=list)
    resting: bool = False
    ended: str = ""

    @property
    def trades(self) -> list[Step]:
        """Its trades."""
        return [step for step in self.steps if step.what == "traded"]

    @property
    def filled(self) -> int:
        """How many lots of it traded."""
        return sum(step.lots or 0 for step in self.trades)

    def take(self, events: Sequence[Any]) -> None:
        """The events of one command, after its acceptance or with it."""
        for event in events:
            name = type(event).__name__
            if name in _TAKEN and self._is_about(event):
                _TAKEN[name](self, event)
        if self.left == 0 and not self.ended:
            self.ended = "filled"

    def _is_about(self, event: Any) -> bool:
        ids = (getattr(event, name, None) for name in ("order", "maker_order", "taker_order"))
        return self.order in ids

    def accepted(self, event: Any) -> None:
        """It passed every check."""
        self.steps.append(Step(event.seq, "accepted", self.left, price=event.price, lots=event.lots))

    def rested(self, event: Any) -> None:
        """It joined the tail of its level."""
        self.resting = True
        self.steps.append(Step(event.seq, "rested", self.left, price=self.price, look=event.seq))

    def traded(self, event: Any) -> None:
        """It traded; of one that rested, its place in the queue is that before the command."""
        is_maker = event.maker_order == self.order
        self.left -= event.lots
        step = Step(event.seq, "traded", self.left, price=event.price, lots=event.lots)
        step.role, step.other = ("maker", event.taker) if is_maker else ("taker", event.maker)
        step.fee = event.maker_fee if is_maker else event.taker_fee
        step.realised = event.maker_realised if is_maker else event.taker_realised
        step.look = event.seq - 1 if is_maker else None
        self.steps.append(step)

    def amended(self, event: Any) -> None:
        """It has another price or size."""
        self.price, self.lots, self.left = event.price, event.lots, event.remaining
        why = "it keeps its place in the queue" if event.kept_priority else "it left the queue and comes in again"
        self.resting = bool(event.kept_priority)
        look = event.seq if event.kept_priority else None
        step = Step(event.seq, "amended", self.left, price=event.price, lots=event.lots, why=why, look=look)
        self.steps.append(step)

    def decremented(self, event: Any) -> None:
        """It met a sibling, and both got smaller instead of trading."""
        self.left -= event.lots
        why = "it met an order of the same master account; both got smaller instead of trading"
        self.steps.append(Step(event.seq, "decremented", self.left, lots=event.lots, why=why))

    def cancelled(self, event: Any) -> None:
        """It left the venue."""
        why = REASONS[int(event.reason)]
        self.ended = f"cancelled: {why}"
        self.left = 0
        self.steps.append(Step(event.seq, "cancelled", 0, lots=event.lots, why=why))

    def liquidation_ended(self, event: Any) -> None:
        """The step of the waterfall that sent it is over."""
        why = "the step of the waterfall that sent it is over; the fee is for the insurance fund"
        self.steps.append(Step(event.seq, "liquidation", self.left, lots=event.filled, fee=event.fee, why=why))


_TAKEN: Final[dict[str, Any]] = {
    "OrderAccepted": Life.accepted,
    "OrderRested": Life.rested,
    "Traded": Life.traded,
    "OrderAmended": Life.amended,
    "SelfTradePrevented": Life.decremented,
    "OrderCancelled": Life.cancelled,
    "LiquidationEnded": Life.liquidation_ended,
}


def born(event: Any) -> Life:
    """The life that begins with an OrderAccepted."""
    terms = (event.order, event.account, event.market, int(event.side), event.client_order)
    return Life(*terms, seq=event.seq, price=event.price, lots=event.lots, left=event.lots)


def live(journal: Journal, order: int, to_seq: int, *, from_seq: int = 1) -> Life:
    """The life of an order up to a seq: it is over when nothing is left. Raises ToolError `unknown_order`."""
    life: Life | None = None
    newest = 0
    found: Iterator[tuple[int, list[Any]]] = replaying.Playback(journal, after=from_seq - 1).blocks(to_seq)
    for seq, events in found:
        for event in events:
            if life is None and type(event).__name__ == "OrderAccepted":
                newest = event.order
                life = born(event) if event.order == order else None
        if life is not None:
            life.take(events)
            life.steps += _refused(journal, life, seq, events)
            if life.ended:
                break
    if life is None:
        raise ToolError(
            f"there is no order {order} up to seq {to_seq}",
            code="unknown_order",
            hint=f"order ids go from 1 to {newest}; an order that was refused has none, see --client-order",
            order=order,
        )
    return life


def _refused(journal: Journal, life: Life, seq: int, events: Sequence[Any]) -> Iterator[Step]:
    """What its account asked for in vain: an amend or a cancel of this order."""
    for event in events:
        if type(event).__name__ != "Rejected" or event.account != life.account:
            continue
        record, _ = journal.record(seq)
        said = fields_of(record.command)
        named = said.get("order") == life.order or (life.client_order and said.get("client_order") == life.client_order)
        if name_of(record.command) in _CHANGES and named:
            yield Step(seq, f"{name_of(record.command).lower()} refused", life.left, why=event.explain())


def look(journal: Journal, life: Life) -> None:
    """Find the place of an order in its queue wherever its steps want it: how many orders and lots are before it."""
    wanted = sorted({step.look for step in life.steps if step.look is not None})
    if not wanted:
        return
    playback = replaying.Playback(journal, after=wanted[0])
    places: dict[int, tuple[int, Decimal]] = {}
    for seq in wanted:
        view = replaying.view_of(playback.move(seq))
        row = next((row for row in view.orders(life.account, life.market) if row.order == life.order), None)
        queue = view.queue(life.market, row.side, row.price) if row else []
        at = next((at for at, other in enumerate(queue) if other.order == life.order), None)
        if at is not None:
            places[seq] = at + 1, sum((other.size for other in queue[:at]), start=Decimal(0))
    for step in life.steps:
        if step.look in places:
            step.position, step.ahead = places[step.look]


def placed_by(journal: Journal, account: int, client_order: int, to_seq: int) -> list[Record]:
    """The commands that placed an order of an account under a client order id, refused ones included."""
    return [
        record
        for record in journal.records(1, to_seq)
        if name_of(record.command) == "Place"
        and (said := fields_of(record.command))["account"] == account
        and said["client_order"] == client_order
    ]
