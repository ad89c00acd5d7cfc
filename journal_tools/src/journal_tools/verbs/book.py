"""`journal book`: an order book as of a seq or a time, by levels or order by order."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from journal_tools import replaying
from journal_tools.grammar import moment, path_argument, shown_time, verb
from journal_tools.journal import Journal
from journal_tools.output import emit
from journal_tools.past.units import Units

LEVEL_COLUMNS: Final = ("side", "price", "size", "orders", "depth")
ORDER_COLUMNS: Final = (
    "side",
    "price",
    "position",
    "ahead",
    "order",
    "account",
    "size",
    "filled",
    "time_in_force",
    "reduce_only",
    "post_only",
    "client_order",
    "expires_at",
)


@verb("book", short_help="An order book as of a seq or a time.")
@path_argument
@click.argument("market")
@click.option("--at", metavar="SEQ|TIME", help="After a seq, or after the last command stamped by a time.")
@click.option("--depth", type=click.IntRange(min=1), default=10, show_default=True, help="Levels on either side.")
@click.option("--orders", is_flag=True, help="Each order, with its place in the queue and the size ahead of it.")
def command(*, path: Path, market: str, at: str | None, depth: int, orders: bool, fmt: str) -> None:
    """The best levels, asks above bids. `depth` sums the size from the best price on.

    With --orders `position` is the place in the queue of the level, from 1, and `ahead` the size before it there.
    """
    journal = Journal.open(path)
    kernel = replaying.kernel_at(journal, replaying.seq_of(journal, moment(at)))
    unit = Units(kernel).market(market)
    state = replaying.view_of(kernel)
    book = state.book(unit.market, depth)
    about = {
        "market": unit.symbol,
        "seq": state.seq,
        "time": shown_time(state.time_ns),
        "mark": state.market(unit.market).mark,
        "oracle": state.market(unit.market).oracle,
    }
    if orders:
        emit(_orders(state, unit.market, book), ORDER_COLUMNS, fmt, name="orders", about=about)
    else:
        emit(
            [*reversed(_levels("ask", book.asks)), *_levels("bid", book.bids)],
            LEVEL_COLUMNS,
            fmt,
            name="levels",
            about=about,
        )


def _levels(side: str, levels: Any) -> list[dict[str, Any]]:
    """The levels of one side, best first."""
    rows: list[dict[str, Any]] = []
    depth = Decimal(0)
    for level in levels:
        depth += level.size
        rows.append({"side": side, "price": level.price, "size": level.size, "orders": level.orders, "depth": depth})
    return rows


def _orders(state: Any, market: int, book: Any) -> Iterator[dict[str, Any]]:
    """Every order of the levels, in the order of the levels and in priority."""
    sides = (("ask", "sell", reversed(book.asks)), ("bid", "buy", book.bids))
    for name, side, levels in sides:
        for level in levels:
            ahead = Decimal(0)
            for position, order in enumerate(state.queue(market, side, level.price), 1):
                yield {
                    "side": name,
                    "price": level.price,
                    "position": position,
                    "ahead": ahead,
                    **{field: getattr(order, field) for field in ORDER_COLUMNS[4:12]},
                    "expires_at": shown_time(order.expires_at) if order.expires_at else None,
                }
                ahead += order.size
