"""The tables of an export: typed columns, and with every row the way back to its block.

Commands and events have a table for each type, with the fields they have in the journal: ids, ticks, lots, minor units
and ns as integers, enumerations by name, lists as JSON. `trades`, `orders`, `balances` and `positions` are in whole
units, as exact decimals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journal_tools import replaying
from journal_tools.output import arrow
from journal_tools.vocabulary import Shape, commands, events

Types = dict[str, Any]
"""The columns of a table, by name."""


def tables() -> dict[str, Types]:
    """The columns of every table there can be, by its name: `commands/Place`, `events/Traded`, `trades`."""
    found: dict[str, Types] = {}
    for shape in commands().values():
        found[f"commands/{shape.name}"] = _journaled() | _fields(
            shape, replaying.enumerations(shape.name, of="commands")
        )
    for shape in events().values():
        found[f"events/{shape.name}"] = _happened() | _fields(shape, replaying.enumerations(shape.name, of="events"))
    return found | _whole_units()


def _way_back() -> Types:
    """Which command it comes from, and the block that commits to it: its first seq and its hash."""
    pa = arrow()
    return {"seq": pa.uint64(), "time": pa.timestamp("ns", tz="UTC"), "block": pa.uint64(), "block_hash": pa.string()}


def _journaled() -> Types:
    pa = arrow()
    return {
        **_way_back(),
        "command": pa.string(),
        "origin": pa.string(),
        "author": pa.uint16(),
        "cause": pa.uint64(),
        "nonce": pa.uint64(),
        "refusal": pa.string(),
    }


def _happened() -> Types:
    return {**_way_back(), "event": arrow().string(), "event_index": arrow().uint32()}


def _fields(shape: Shape, enumerations: Mapping[str, Mapping[int, str]]) -> Types:
    """The fields of a command or an event; one that has the name of a column before gets a stroke."""
    pa = arrow()
    kinds = {"u8": pa.uint8(), "u16": pa.uint16(), "u32": pa.uint32(), "u64": pa.uint64(), "i64": pa.int64()}
    kinds["bool"] = pa.bool_()
    taken = {*_journaled(), *_happened()}
    return {
        field_column(name, taken): pa.string() if name in enumerations else kinds.get(kind, pa.string())
        for name, kind in shape.fields
    }


def field_column(name: str, taken: set[str] | frozenset[str]) -> str:
    """The column a field is in: `Rejected.command` and its like do not hide what every row has."""
    return f"{name}_" if name in taken else name


def _whole_units() -> dict[str, Types]:
    pa = arrow()
    price = size = pa.decimal128(38, 12)
    money = pa.decimal128(38, 18)
    time = pa.timestamp("ns", tz="UTC")
    sides = {f"{side}_{what}": money for side in ("maker", "taker") for what in ("fee", "realised")}
    trades = {"trade": pa.uint64(), "market": pa.string(), "price": price, "size": size, "notional": money}
    trades |= {"asset": pa.string(), "taker_side": pa.string(), "maker": pa.uint32(), "taker": pa.uint32()}
    orders = {"order": pa.uint64(), "account": pa.uint32(), "market": pa.string(), "side": pa.string()}
    orders |= {"kind": pa.string(), "price": price, "size": size, "filled": size, "notional": money, "fees": money}
    orders |= {"outcome": pa.string(), "ended_seq": pa.uint64(), "ended": time}
    balances = {"account": pa.uint32(), "asset": pa.string(), "pool": pa.string()}
    balances |= dict.fromkeys(("balance", "unrealised", "owed", "equity", "requirement", "maintenance"), money)
    positions = {"account": pa.uint32(), "market": pa.string(), "size": size, "cost": money, "mark": price}
    return {
        "trades": {**_way_back(), **trades, "maker_order": pa.uint64(), "taker_order": pa.uint64(), **sides},
        "orders": {**_way_back(), **orders},
        "balances": {**_way_back(), **balances},
        "positions": {**_way_back(), **positions, "unrealised": money},
    }
