"""What a venue shows: frozen structs with exact Decimals, in whole units. They are copies.

Every scalar that is a sum comes with the terms it is the sum of: an account shows its pools, a pool its equity and its
requirement, a position its own share of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape
from typing import Any, Generic, TypeVar

from msgspec import Struct

from crossbook.commands import SelfTrade, Side, TimeInForce

V = TypeVar("V", bound=Struct)


class AssetView(Struct, frozen=True):
    """An asset and the venue's books in it: everything not on accounts, in whole units."""

    asset: int
    symbol: str
    decimals: int
    net_deposits: Decimal
    fees: Decimal
    insurance: Decimal
    dust: Decimal


class TierView(Struct, frozen=True):
    """A margin tier: from this notional on, these rates."""

    lower_bound: Decimal
    initial_rate: Decimal
    maintenance_rate: Decimal


class MarketView(Struct, frozen=True):
    """A perpetual market: its units, limits, fees and prices. `mark` and `last` are None until there is one."""

    market: int
    symbol: str
    settlement: str
    tick_size: Decimal
    lot_size: Decimal
    price_max: Decimal
    position_max: Decimal
    maker_rate: Decimal
    taker_rate: Decimal
    order_min_notional: Decimal
    order_max: Decimal
    price_band_rate: Decimal
    market_bound_rate: Decimal
    tiers: tuple[TierView, ...]
    mark: Decimal | None
    last: Decimal | None
    open_interest: Decimal


class ParametersView(Struct, frozen=True):
    """The venue's parameters."""

    open_orders_max: int
    root_interval_commands: int
    root_interval_ns: int
    ruleset: int


class LevelView(Struct, frozen=True):
    """A price level: the open size of all its orders and how many they are."""

    price: Decimal
    size: Decimal
    orders: int


class BookView(Struct, frozen=True):
    """The best levels of a book, best first on either side."""

    market: str
    bids: tuple[LevelView, ...]
    asks: tuple[LevelView, ...]

    @property
    def mid(self) -> Decimal | None:
        """The price halfway between best bid and best ask, None if a side is empty."""
        return (self.bids[0].price + self.asks[0].price) / 2 if self.bids and self.asks else None

    def _rows(self) -> list[list[Any]]:
        rows: list[list[Any]] = [["ask", level.price, level.size, level.orders] for level in reversed(self.asks)]
        return rows + [["bid", level.price, level.size, level.orders] for level in self.bids]

    def __repr__(self) -> str:
        return f"<Book {self.market}>\n" + text_table(["side", "price", "size", "orders"], self._rows())

    def _repr_html_(self) -> str:
        return html_table(["side", "price", "size", "orders"], self._rows(), caption=self.market)


class OrderView(Struct, frozen=True):
    """An open order. `size` is what is still open, `filled` what has traded; `expires_at` in ns, None unless GTD."""

    order: int
    account: int
    market: str
    side: Side
    price: Decimal
    size: Decimal
    filled: Decimal
    time_in_force: TimeInForce
    self_trade: SelfTrade
    post_only: bool
    reduce_only: bool
    client_order: int | None
    expires_at: int | None


class PositionView(Struct, frozen=True):
    """One market of an account: the position, its open orders, and their terms of the margin.

    `size` is signed, long positive. `cost` is what the open size cost, so `unrealised = size * mark - cost`.
    `worst_size` is `max(|size + buys|, |size - sells|)`; `requirement` is the initial margin at the worst side,
    `maintenance` at the position alone, both by the tiers (`docs/rules.md`, Margin).
    """

    market: str
    size: Decimal
    cost: Decimal
    buys: Decimal
    sells: Decimal
    mark: Decimal | None
    unrealised: Decimal
    worst_size: Decimal
    worst_notional: Decimal
    tier: int
    requirement: Decimal
    maintenance: Decimal

    @property
    def entry_price(self) -> Decimal | None:
        """The average price of the open size, `cost / size`, to twelve digits; None when flat."""
        return round(self.cost / self.size, 12).normalize() if self.size else None


class PoolView(Struct, frozen=True):
    """The margin pool of one settlement asset, with its terms.

    `equity = cash + unrealised`; `requirement` and `maintenance` are the sums over `positions`.
    """

    asset: str
    cash: Decimal
    unrealised: Decimal
    equity: Decimal
    requirement: Decimal
    maintenance: Decimal
    positions: tuple[PositionView, ...]

    @property
    def available(self) -> Decimal:
        """What new exposure may still require: equity less requirement, not below zero."""
        return max(self.equity - self.requirement, Decimal(0))

    def terms(self) -> list[tuple[str, Decimal, Decimal]]:
        """The margin as a list of (term, part of the equity, part of the requirement); the last row is the sum."""
        rows = [("cash", self.cash, Decimal(0))]
        rows += [(position.market, position.unrealised, position.requirement) for position in self.positions]
        return [*rows, ("sum", self.equity, self.requirement)]


class AccountView(Struct, frozen=True):
    """An account: its cash by asset and one margin pool per settlement asset. `master` is None for a master."""

    account: int
    master: int | None
    open_orders: int
    cash: dict[str, Decimal]
    pools: tuple[PoolView, ...]

    def pool(self, asset: str) -> PoolView:
        """The margin pool of one asset. Raises KeyError."""
        for pool in self.pools:
            if pool.asset == asset:
                return pool
        raise KeyError(asset)

    @property
    def positions(self) -> tuple[PositionView, ...]:
        """Every market with a position or open orders, over all pools."""
        return tuple(position for pool in self.pools for position in pool.positions)

    def __repr__(self) -> str:
        lines = [f"<Account {self.account}{f' of master {self.master}' if self.master else ''}>"]
        lines += [text_table([pool.asset, "equity", "requirement"], pool.terms()) for pool in self.pools]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "".join(
            html_table([pool.asset, "equity", "requirement"], pool.terms(), caption=f"account {self.account}")
            for pool in self.pools
        )


class Table(tuple[V, ...], Generic[V]):
    """A tuple of views that prints as a table, as text and in notebooks."""

    __slots__ = ()

    def _columns(self) -> list[str]:
        return list(self[0].__struct_fields__) if self else []

    def _rows(self) -> list[list[Any]]:
        return [[getattr(view, column) for column in self._columns()] for view in self]

    def __repr__(self) -> str:
        return text_table(self._columns(), self._rows()) if self else "(none)"

    def _repr_html_(self) -> str:
        return html_table(self._columns(), self._rows()) if self else "<em>none</em>"


def cell(value: Any) -> str:
    """One value as a table shows it: decimals in plain digits, enums by name, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (Side, TimeInForce, SelfTrade)):
        return value.name.lower()
    if isinstance(value, (tuple, list)):
        return str(len(value))
    return str(value)


def text_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A plain table: left-aligned first column, the others right-aligned."""
    cells = [list(columns), *[[cell(value) for value in row] for row in rows]]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    lines = []
    for row in cells:
        parts = [text.ljust(width) if not index else text.rjust(width)
                 for index, (text, width) in enumerate(zip(row, widths, strict=True))]  # fmt: skip
        lines.append("  ".join(parts).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def html_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, caption: str = "") -> str:
    """The same as an HTML table, escaped."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell(value))}</td>" for value in row) + "</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
