"""Books and open orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import Struct

from crossbook.commands import SelfTrade, Side, TimeInForce
from crossbook.views.tables import html_table, text_table


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
