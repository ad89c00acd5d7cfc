"""The recorded orders that are open in our book, followed by the events of the venue, never by the recording."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crossbook.events import Event, OrderAccepted, OrderAmended, OrderCancelled, Traded


@dataclass(slots=True)
class OpenOrder:
    """One open order: `reference` is the exchange's number for it, `price` in ticks, sizes in lots.

    `total` includes what is filled, as amendments count it.
    """

    order: int
    reference: int
    account: int
    price: int
    total: int
    open: int


class OpenOrders:
    """Open orders by the venue's id and by the exchange's reference number. Orders without a number are left out."""

    def __init__(self) -> None:
        self._by_order: dict[int, OpenOrder] = {}
        self._by_reference: dict[int, OpenOrder] = {}

    def __contains__(self, reference: int) -> bool:
        return reference in self._by_reference

    def get(self, reference: int) -> OpenOrder | None:
        """The open order with this number, None if there is none."""
        return self._by_reference.get(reference)

    def reference(self, order: int) -> int:
        """The exchange's number of an open order, 0 if it has none."""
        found = self._by_order.get(order)
        return found.reference if found else 0

    def apply(self, events: Iterable[Event]) -> None:
        """Follow the events of one command."""
        for event in events:
            if isinstance(event, OrderAccepted):
                if event.client_order:
                    self._open(event)
            elif isinstance(event, Traded):
                self._fill(event.maker_order, event.lots)
                self._fill(event.taker_order, event.lots)
            elif isinstance(event, OrderCancelled):
                self._close(event.order)
            elif isinstance(event, OrderAmended) and (found := self._by_order.get(event.order)):
                found.price, found.total, found.open = event.price, event.lots, event.remaining

    def _open(self, event: OrderAccepted) -> None:
        order = OpenOrder(event.order, event.client_order, event.account, event.price, event.lots, event.lots)
        self._by_order[order.order] = order
        self._by_reference[order.reference] = order

    def _fill(self, order: int, lots: int) -> None:
        found = self._by_order.get(order)
        if found:
            found.open -= lots
            if not found.open:
                self._close(order)

    def _close(self, order: int) -> None:
        found = self._by_order.pop(order, None)
        if found and self._by_reference.get(found.reference) is found:
            del self._by_reference[found.reference]
