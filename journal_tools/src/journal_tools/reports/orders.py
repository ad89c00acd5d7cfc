"""Order records in the field set of RTS 24: every event of every order, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from journal_tools.grammar import shown_time
from journal_tools.reports.reading import Reading, Step
from journal_tools.reports.rts24 import FIELDS
from journal_tools.vocabulary import fields_of, name_of

COLUMNS = (*(field.column for field in FIELDS), "seq", "refusal")
_OPERATOR: Final = 3
_POLICY: Final = 2
_VALIDITY: Final = {1: "GTCV", 2: "IOCV", 3: "FOKV", 4: "GTSV"}
_CAME: Final = frozenset({"REQUESTED", "MASS_CANCEL"})
_EXPI: Final = frozenset({"EXPIRED", "IMMEDIATE_OR_CANCEL"})


@dataclass(slots=True)
class _Order:
    """An open order as the record keeps it: sizes in lots, price in ticks."""

    order: int
    account: int
    market: int
    side: int
    price: int
    initial: int
    remaining: int
    kind: str
    validity: str
    expires_at: int
    post_only: bool
    prevents: bool
    author: int
    received_ns: int
    priority_ns: int


class _Records:
    """The open orders, and what an event makes of them. Memory is that of the open orders and of the masters."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.open: dict[int, _Order] = {}
        self.masters: dict[int, int] = {}
        self.modes: dict[int, str] = {}
        self.number = 0

    def take(self, step: Step) -> Iterator[tuple[_Order, dict[str, Any]]]:
        """The records of one command: orders with what has happened to each."""
        for event in step.events:
            handler = getattr(self, f"_{type(event).__name__}", None)
            if handler is not None:
                for order, happened in handler(event, step) or ():
                    self.number += 1
                    yield order, {"sequence_number": self.number, **happened}

    # --- what happens -----------------------------------------------------------------------------------------------

    def _AccountCreated(self, event: Any, _step: Step) -> None:  # noqa: N802 -- handlers are called as their events
        self.masters[event.account] = event.master

    def _MarketModeSet(self, event: Any, _step: Step) -> None:  # noqa: N802
        self.modes[event.market] = event.mode.name.lower()

    def _OrderAccepted(self, event: Any, step: Step) -> Iterator[tuple[_Order, dict[str, Any]]]:  # noqa: N802
        order = _placed(step, event.account, event.market, int(event.side), event.price, event.lots, event.order)
        self.open[event.order] = order
        yield order, {"event": "NEWO"}

    def _Rejected(self, event: Any, step: Step) -> Iterator[tuple[_Order, dict[str, Any]]]:  # noqa: N802
        if name_of([event.command]) != "Place" or name_of(step.record.command) != "Place":
            return
        from journal_tools.vocabulary import rejects

        asked = fields_of(step.record.command)
        if not self.reading.has_market(asked["market"]):
            return
        order = _placed(step, asked["account"], asked["market"], asked["side"], asked["price"], asked["lots"], order=0)
        yield order, {"event": "REMO", "order_status": "INAC", "refusal": rejects().get(event.code, str(event.code))}

    def _Traded(self, event: Any, _step: Step) -> Iterator[tuple[_Order, dict[str, Any]]]:  # noqa: N802
        for number, way in ((event.maker_order, "PASV"), (event.taker_order, "AGRE")):
            order = self.open[number]
            order.remaining -= event.lots
            yield (
                order,
                {
                    "event": "PARF" if order.remaining else "FILL",
                    "passive_or_aggressive": way,
                    "transaction_price": self.reading.price(event.market, event.price),
                    "traded_quantity": self.reading.size(event.market, event.lots),
                    "transaction_id": event.trade,
                    **self._gone_if_empty(order),
                },
            )

    def _SelfTradePrevented(self, event: Any, _step: Step) -> Iterator[tuple[_Order, dict[str, Any]]]:  # noqa: N802
        for number in (event.maker_order, event.taker_order):
            order = self.open[number]
            order.remaining -= event.lots
            yield order, {"event": "REMA"}

    def _OrderAmended(self, event: Any, step: Step) -> Iterator[tuple[_Order, dict[str, Any]]]:  # noqa: N802
        order = self.open[event.order]
        order.price, order.remaining = event.price, event.remaining
        if not event.kept_priority:
            order.priority_ns = step.time_ns
        yield order, {"event": "REMH" if step.record.origin == _OPERATOR else "REME"}

    def _OrderCancelled(self, event: Any, step: Step) -> Iterator[tuple[_Order, dict[str, Any]]]:  # noqa: N802
        order = self.open.pop(event.order)
        reason = event.reason.name
        asked = reason in _CAME and step.record.origin != _OPERATOR
        order.remaining = 0
        yield order, {"event": "CAME" if asked else "EXPI" if reason in _EXPI else "CAMO", "order_status": "INAC"}

    def _gone_if_empty(self, order: _Order) -> dict[str, Any]:
        if order.remaining:
            return {}
        del self.open[order.order]
        return {"order_status": "INAC"}


def _placed(step: Step, account: int, market: int, side: int, price: int, lots: int, order: int) -> _Order:
    """An order as the command that placed it says; one of the venue's own is immediate or cancel."""
    record = step.record
    name = name_of(record.command)
    asked = fields_of(record.command) if name == "Place" else {}
    return _Order(
        order=order,
        account=account,
        market=market,
        side=side,
        price=price,
        initial=lots,
        remaining=lots,
        kind=("limit" if asked["kind"] == 1 else "market") if asked else
             {"Liquidate": "liquidation", "Hedge": "hedge"}.get(name, name.lower()),
        validity=_VALIDITY.get(asked.get("time_in_force", 2), ""),
        expires_at=asked.get("expires_at", 0),
        post_only=asked.get("post_only", False),
        prevents=asked.get("self_trade", 1) != 0,
        author=record.author if record.origin == _POLICY else 0,
        received_ns=step.time_ns,
        priority_ns=step.time_ns,
    )  # fmt: skip


def rows(reading: Reading) -> Iterator[dict[str, Any]]:
    """One row for each event of an order; a refused order has one row, with the refusal in the last column.

    `seq` leads back to the journal. Fields that mean nothing here are empty; docs/journal_reports.md says which.
    """
    records = _Records(reading)
    for step in reading.history():
        for order, happened in records.take(step):
            if reading.spans(step.seq) and reading.wants_account(order.account) and reading.wants_market(order.market):
                yield {**_row(records, order, step), **happened}


def _row(records: _Records, order: _Order, step: Step) -> dict[str, Any]:
    reading = records.reading
    unit = reading.unit(order.market)
    remaining = unit.size(order.remaining)
    return {
        "submitting_entity": records.masters.get(order.account, order.account),
        "client": order.account,
        "investment_decision": order.author or None,
        "date_time": shown_time(step.time_ns),
        "validity_period": order.validity,
        "validity_date_time": shown_time(order.expires_at) if order.expires_at else None,
        "priority_time": shown_time(order.priority_ns),
        "order_book": unit.symbol,
        "date_of_receipt": shown_time(order.received_ns)[:10],
        "order_id": order.order or None,
        "order_type": order.kind,
        "order_type_class": "LMTO",
        "limit_price": unit.price(order.price) if order.price else None,
        "price_currency": unit.settlement.symbol,
        "price_notation": "MONE",
        "side": "BUYI" if order.side == 1 else "SELL",
        "order_status": "ACTI",
        "quantity_notation": "UNIT",
        "initial_quantity": unit.size(order.initial),
        "remaining_quantity": remaining,
        "displayed_quantity": remaining,
        "passive_only": order.post_only,
        "self_execution_prevention": order.prevents,
        "trading_phase": records.modes.get(order.market, "continuous"),
        "seq": step.seq,
    }
