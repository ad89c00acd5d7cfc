"""Every trade: both sides, what they paid, what they realised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from journal_tools.grammar import shown_time
from journal_tools.reports.reading import Reading

COLUMNS = (
    "seq",
    "time",
    "trade",
    "market",
    "price",
    "size",
    "notional",
    "asset",
    "taker_side",
    "maker",
    "taker",
    "maker_order",
    "taker_order",
    "maker_fee",
    "taker_fee",
    "maker_realised",
    "taker_realised",
)


def rows(reading: Reading) -> Iterator[dict[str, Any]]:
    """One row a trade; an account or a market narrows."""
    for step in reading.span():
        for event in step.events:
            if type(event).__name__ == "Traded":
                row = _row(reading, event)
                if row:
                    yield {"seq": step.seq, "time": shown_time(step.time_ns), **row}


def _row(reading: Reading, event: Any) -> dict[str, Any] | None:
    market = event.market
    if not (reading.wants_account(event.maker, event.taker) and reading.wants_market(market)):
        return None
    amounts = ("maker_fee", "taker_fee", "maker_realised", "taker_realised")
    return {
        "trade": event.trade,
        "market": reading.market(market),
        "price": reading.price(market, event.price),
        "size": reading.size(market, event.lots),
        "notional": reading.notional(market, event.price, event.lots),
        "asset": reading.unit(market).settlement.symbol,
        "taker_side": event.taker_side.name.lower(),
        "maker": event.maker,
        "taker": event.taker,
        "maker_order": event.maker_order,
        "taker_order": event.taker_order,
        **{name: reading.money(market, getattr(event, name)) for name in amounts},
    }
