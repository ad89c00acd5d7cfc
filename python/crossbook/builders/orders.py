"""Builders of orders."""

from __future__ import annotations

from typing import Unpack

from crossbook import commands
from crossbook.builders.base import Builder, ProvenanceKeywords, R
from crossbook.commands import OrderKind, SelfTrade, Side, TimeInForce
from crossbook.quantities import Number
from crossbook.state import choice, to_side


class OrderBuilders(Builder[R]):
    """Place, amend, cancel."""

    def place(
        self,
        *,
        account: int,
        market: str | int,
        side: Side | str,
        size: Number,
        price: Number | None = None,
        kind: OrderKind | str | None = None,
        time_in_force: TimeInForce | str | None = None,
        self_trade: SelfTrade | str = SelfTrade.CANCEL_NEWEST,
        post_only: bool = False,
        reduce_only: bool = False,
        client_order: int = 0,
        expires_at: int = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Place an order.

        Args:
            account: the account that trades.
            market: symbol or id.
            side: `"buy"` or `"sell"`.
            size: in units of the underlying, a whole number of lots.
            price: the limit, a whole number of ticks; for a market order its protection bound.
            kind: `"limit"` or `"market"`; by default a limit order if there is a price, else a market order.
            time_in_force: `"gtc"`, `"ioc"`, `"fok"` or `"gtd"`; by default `gtd` with `expires_at`, `ioc` for a market
                order, else `gtc`.
            self_trade: what happens when it would trade with its own master account.
            post_only: refuse the order if it would trade at once.
            reduce_only: never let it increase the position.
            client_order: an id of the client's, unique among the account's open orders; 0: none.
            expires_at: the stamped time (ns since the epoch) at which the order expires.
            provenance: see `Venue.submit`.

        Raises:
            InputError: `price_off_tick`, `size_off_lot`, `float_refused`, `not_positive`, `overflow`, `unknown_choice`.
            NotFound: `unknown_market`.
        """
        unit = self.market_unit(market)
        default_kind = OrderKind.MARKET if price is None else OrderKind.LIMIT
        order_kind = choice(OrderKind, kind or default_kind, field="kind")
        if time_in_force is None:
            taking = TimeInForce.IOC if order_kind is OrderKind.MARKET else TimeInForce.GTC
            time_in_force = TimeInForce.GTD if expires_at else taking
        command = commands.Place(
            account=account,
            market=unit.market,
            side=to_side(side),
            kind=order_kind,
            price=0 if price is None else unit.to_ticks(price),
            lots=unit.to_lots(size),
            time_in_force=choice(TimeInForce, time_in_force, field="time_in_force"),
            self_trade=choice(SelfTrade, self_trade, field="self_trade"),
            post_only=post_only,
            reduce_only=reduce_only,
            client_order=client_order,
            expires_at=expires_at,
        )
        return self._submit_one(command, provenance)

    def amend(
        self,
        *,
        account: int,
        market: str | int,
        order: int = 0,
        client_order: int = 0,
        price: Number | None = None,
        size: Number | None = None,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Change an open order's price, or its size (the new total, filled part included); None keeps it.

        The market gives the units of price and size. Only a smaller size at the same price keeps priority.
        """
        unit = self.market_unit(market)
        ticks = 0 if price is None else unit.to_ticks(price)
        lots = 0 if size is None else unit.to_lots(size)
        return self._submit_one(commands.Amend(account, order, client_order, ticks, lots), provenance)

    def cancel(
        self, *, account: int, order: int = 0, client_order: int = 0, **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Cancel an open order, named by exactly one of `order` and `client_order`."""
        return self._submit_one(commands.Cancel(account, order, client_order), provenance)

    def mass_cancel(
        self,
        *,
        account: int,
        market: str | int | None = None,
        side: Side | str | None = None,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Cancel an account's open orders: all, or those of one market or one side."""
        which = 0 if market is None else self.market_unit(market).market
        return self._submit_one(commands.MassCancel(account, which, 0 if side is None else to_side(side)), provenance)
