"""Depth and spread by size band, sampled on stamped time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple

from journal_tools.grammar import shown_time
from journal_tools.reports.maker_concentration import rounded
from journal_tools.reports.reading import Reading

COLUMNS = (
    "time",
    "seq",
    "market",
    "band",
    "bid",
    "ask",
    "spread",
    "spread_rate",
    "bid_size",
    "ask_size",
    "bid_orders",
    "ask_orders",
)
LOTS: Final = (1, 10, 100, 1_000, 10_000)
"""The size bands if none are given, in lots."""
LEVELS_MAX: Final = 2**20
"""How many levels are looked at: all of them."""


def rows(reading: Reading) -> Iterator[dict[str, Any]]:
    """For every multiple of the sampling time, every market, and every band: what that size trades at.

    `bid` and `ask` are the worst prices that a sale and a purchase of the band's size reach; `spread_rate` is the
    spread as a part of the middle between the two. `bid_size` and `ask_size` are what is open at these prices or
    better. They are empty where the book is not that deep. The book at a time is the one after the last command stamped
    at or before it; a time by which nothing has happened since the one before is left out.
    """
    every = reading.options.every_ns
    begin_ns = reading.journal.record(reading.from_seq)[0].time_ns
    for stretch in reading.stretches(every):
        last = stretch.records[-1]
        sample_ns = -(-last.time_ns // every) * every
        over = last.time_ns == sample_ns if stretch.then_ns is None else stretch.then_ns > sample_ns
        if over and sample_ns >= begin_ns:
            for market in reading.view.markets():
                if reading.wants_market(market.market):
                    for row in _market(reading, market.market):
                        yield {"time": shown_time(sample_ns), "seq": last.seq, **row}


def _market(reading: Reading, market: int) -> Iterator[dict[str, Any]]:
    unit = reading.unit(market)
    book = reading.view.book(market, LEVELS_MAX)
    given = reading.options.sizes
    bands = [unit.size(unit.to_lots(size)) for size in given] if given else [unit.size(lots) for lots in LOTS]
    for band in bands:
        yield {"market": unit.symbol, "band": band, **_band(band, book.bids, book.asks)}


def _band(band: Decimal, bids: Sequence[Any], asks: Sequence[Any]) -> dict[str, Any]:
    """What a size trades at on either side, and between them."""
    sides = {"bid": _reach(band, bids), "ask": _reach(band, asks)}
    row: dict[str, Any] = {}
    for side, found in sides.items():
        if found is not None:
            row |= {side: found.price, f"{side}_size": found.size, f"{side}_orders": found.orders}
    if "bid" in row and "ask" in row:
        spread = (row["ask"] - row["bid"]).normalize()
        row |= {"spread": spread, "spread_rate": rounded(2 * Fraction(spread) / Fraction(row["ask"] + row["bid"]), 9)}
    return row


class _Reached(NamedTuple):
    price: Decimal
    size: Decimal
    orders: int


def _reach(band: Decimal, levels: Sequence[Any]) -> _Reached | None:
    """How far into a side a size reaches; None if it is not there."""
    size, orders = Decimal(0), 0
    for level in levels:
        size += level.size
        orders += level.orders
        if size >= band:
            return _Reached(level.price, size, orders)
    return None
