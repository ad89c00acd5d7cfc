"""The rows of every table of an export, segment by segment, by one re-execution from genesis."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from journal_tools import replaying, walking
from journal_tools.exporting.columns import field_column
from journal_tools.journal import Block, Journal, Record
from journal_tools.reports.reading import Step, paired
from journal_tools.vocabulary import ORIGINS, commands, name_of, rejects

Row = Mapping[str, Any]


class Part(NamedTuple):
    """What of a segment is exported: its seqs, and the hashes of the first and the last block."""

    segment: int
    first_seq: int
    last_seq: int
    first_block_hash: str
    last_block_hash: str


def parts(journal: Journal, to_seq: int) -> list[Part]:
    """The segments up to a seq."""
    found = []
    for at, segment in enumerate(journal.segments):
        if segment.first_seq > to_seq:
            break
        following = journal.segments[at + 1].first_seq if at + 1 < len(journal.segments) else to_seq + 1
        last_seq = min(following - 1, to_seq)
        first, last = (journal.record(seq)[1] for seq in (segment.first_seq, last_seq))
        found.append(Part(segment.number, segment.first_seq, last_seq, first.hash.hex(), last.hash.hex()))
    return found


class Content:
    """One reading of a journal for export. Memory is that of the open orders."""

    def __init__(self, journal: Journal, to_seq: int) -> None:
        """Raises ToolError `extra_missing`."""
        self._walk = walking.Walk(journal)
        self._view = self._walk.view
        self._to_seq = to_seq
        self._open: dict[int, dict[str, Any]] = {}

    def rows(self) -> Iterator[tuple[int, str, Row]]:
        """Segment, table and row, in order; a segment ends with its balances and positions."""
        block: Block | None = None
        way: dict[str, Any] = {}
        for stretch in self._walk.stretches(1, self._to_seq):
            block = stretch.block
            back = {"block": block.first_seq, "block_hash": block.hash.hex()}
            for step in paired(stretch):
                way = {"seq": step.seq, "time": step.time_ns, **back}
                for table, row in self._step(step, way):
                    yield block.segment, table, row
            if stretch.ends_segment:
                for table, row in self._standing(way):
                    yield block.segment, table, row
        for row in self._open.values():
            yield block.segment if block else 1, "orders", self._ended(row, "open", None)

    def _step(self, step: Step, way: dict[str, Any]) -> Iterator[tuple[str, Row]]:
        refusal = next(
            (rejects().get(e.code, str(e.code)) for e in step.events if type(e).__name__ == "Rejected"), None
        )
        yield f"commands/{name_of(step.record.command)}", way | _command(step.record, refusal)
        for index, event in enumerate(step.events):
            name = type(event).__name__
            fields = {field: getattr(event, field) for field in event.__struct_fields__ if field != "seq"}
            yield (
                f"events/{name}",
                way | {"event": name, "event_index": index} | _columns(fields, _names(name, "events")),
            )
            if name == "Traded":
                yield "trades", way | self._trade(event)
            yield from self._follow(name, event, step, way)

    # --- in whole units ---------------------------------------------------------------------------------------------

    def _trade(self, event: Any) -> dict[str, Any]:
        unit = self._view.market_unit(event.market)
        amounts = ("maker_fee", "taker_fee", "maker_realised", "taker_realised")
        return {
            "trade": event.trade,
            "market": unit.symbol,
            "price": unit.price(event.price),
            "size": unit.size(event.lots),
            "notional": unit.money(event.price * event.lots * unit.tick_value),
            "asset": unit.settlement.symbol,
            "taker_side": event.taker_side.name.lower(),
            **{name: getattr(event, name) for name in ("maker", "taker", "maker_order", "taker_order")},
            **{name: unit.money(getattr(event, name)) for name in amounts},
        }

    def _follow(self, name: str, event: Any, step: Step, way: dict[str, Any]) -> Iterator[tuple[str, Row]]:
        """Keep the open orders; an order that is gone is a row."""
        if name == "OrderAccepted":
            kind = _kind(step.record)
            common = {"order": event.order, "account": event.account, "side": event.side.name.lower(), "kind": kind}
            sums = {"lots": event.lots, "filled": 0, "value": 0, "paid": 0}
            self._open[event.order] = {**way, **common, "id": event.market, "price": event.price, **sums}
        elif name == "Traded":
            for side in ("maker", "taker"):
                order = self._open[getattr(event, f"{side}_order")]
                order["filled"] += event.lots
                order["value"] += event.lots * event.price
                order["paid"] += getattr(event, f"{side}_fee")
                if order["filled"] == order["lots"]:
                    yield "orders", self._ended(self._open.pop(order["order"]), "filled", way)
        elif name == "SelfTradePrevented":
            for number in (event.maker_order, event.taker_order):
                self._open[number]["lots"] -= event.lots
        elif name == "OrderAmended":
            order = self._open[event.order]
            order["price"], order["lots"] = event.price, order["filled"] + event.remaining
        elif name == "OrderCancelled":
            yield "orders", self._ended(self._open.pop(event.order), event.reason.name.lower(), way)

    def _ended(self, order: dict[str, Any], outcome: str, way: dict[str, Any] | None) -> Row:
        unit = self._view.market_unit(order["id"])
        kept = ("seq", "time", "block", "block_hash", "order", "account", "side", "kind")
        return {
            **{name: order[name] for name in kept},
            "market": unit.symbol,
            "price": unit.price(order["price"]),
            "size": unit.size(order["lots"]),
            "filled": unit.size(order["filled"]),
            "notional": unit.money(order["value"] * unit.tick_value),
            "fees": unit.money(order["paid"]),
            "outcome": outcome,
            "ended_seq": way["seq"] if way else None,
            "ended": way["time"] if way else None,
        }

    def _standing(self, way: dict[str, Any]) -> Iterator[tuple[str, Row]]:
        """Balances and positions as they stand, those of every account."""
        for number in range(1, self._view.account_count() + 1):
            account = self._view.account(number)
            for pool in account.pools:
                names = ("balance", "unrealised", "owed", "equity", "requirement", "maintenance")
                amounts = {name: getattr(pool, name) for name in names}
                yield (
                    "balances",
                    {**way, "account": number, "asset": pool.asset, "pool": pool.market or "cross", **amounts},
                )
            for position in account.positions:
                if position.size:
                    held = {name: getattr(position, name) for name in ("market", "size", "cost", "mark", "unrealised")}
                    yield "positions", {**way, "account": number, **held}


def _command(record: Record, refusal: str | None) -> dict[str, Any]:
    name = name_of(record.command)
    shape = commands().get(record.command[0])
    names = [field for field, _ in shape.fields] if shape else []
    fields = dict(zip(names, record.command[1:], strict=False))
    common = {"command": name, "origin": ORIGINS[record.origin], "author": record.author, "cause": record.cause}
    return common | {"nonce": record.nonce, "refusal": refusal} | _columns(fields, _names(name, "commands"))


_TAKEN = frozenset(
    {
        "seq",
        "time",
        "block",
        "block_hash",
        "command",
        "origin",
        "author",
        "cause",
        "nonce",
        "refusal",
        "event",
        "event_index",
    }
)


def _columns(fields: dict[str, Any], names: Mapping[str, Mapping[int, str]]) -> dict[str, Any]:
    """Fields as columns hold them: enumerations by name, lists as JSON."""
    return {
        field_column(field, _TAKEN): names[field].get(value, str(int(value)))
        if field in names
        else json.dumps(value, separators=(",", ":"))
        if isinstance(value, (list, tuple))
        else value
        for field, value in fields.items()
    }


@cache
def _names(name: str, of: Literal["commands", "events"]) -> Mapping[str, Mapping[int, str]]:
    return replaying.enumerations(name, of=of)


def _kind(record: Record) -> str:
    """What sort of order a command sends: `limit`, `market`, or what the venue sends for an account in need."""
    name = name_of(record.command)
    return {1: "limit", 2: "market"}[record.command[4]] if name == "Place" else name.lower()
