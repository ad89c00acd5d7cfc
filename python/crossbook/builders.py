"""Builders: methods that take whole units, convert them exactly, and submit one command.

Each takes `origin`, `author`, `cause`, `nonce` and `time_ns` like `Venue.submit` and returns its `Receipt`. A market or
an asset is given by symbol or by id; a price, a size or an amount as `Decimal`, `int` or `str` in whole units. What
cannot be converted exactly is an `InputError`; what the kernel refuses is a `Rejected` in the receipt.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict, Unpack

from crossbook import commands
from crossbook.commands import Command, OrderKind, Origin, SelfTrade, Side, TimeInForce
from crossbook.quantities import Number, exact, to_rate
from crossbook.state import StateView, choice, to_side

if TYPE_CHECKING:
    from crossbook.receipt import Receipt


class ProvenanceKeywords(TypedDict, total=False):
    """The keywords that say where a command comes from; see `Venue.submit`."""

    origin: Origin | None
    author: int
    cause: int
    nonce: int
    time_ns: int | None


class Builders(StateView):
    """The commands of a venue as methods."""

    def _submit_one(self, command: Command, provenance: ProvenanceKeywords) -> Receipt:
        raise NotImplementedError

    # --- orders -----------------------------------------------------------------------------------------------------

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
    ) -> Receipt:
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
    ) -> Receipt:
        """Change an open order's price, or its size (the new total, filled part included); None keeps it.

        The market gives the units of price and size. Only a smaller size at the same price keeps priority.
        """
        unit = self.market_unit(market)
        ticks = 0 if price is None else unit.to_ticks(price)
        lots = 0 if size is None else unit.to_lots(size)
        return self._submit_one(commands.Amend(account, order, client_order, ticks, lots), provenance)

    def cancel(
        self, *, account: int, order: int = 0, client_order: int = 0, **provenance: Unpack[ProvenanceKeywords]
    ) -> Receipt:
        """Cancel an open order, named by exactly one of `order` and `client_order`."""
        return self._submit_one(commands.Cancel(account, order, client_order), provenance)

    def mass_cancel(
        self,
        *,
        account: int,
        market: str | int | None = None,
        side: Side | str | None = None,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> Receipt:
        """Cancel an account's open orders: all, or those of one market or one side."""
        which = 0 if market is None else self.market_unit(market).market
        return self._submit_one(commands.MassCancel(account, which, 0 if side is None else to_side(side)), provenance)

    # --- accounts and money -----------------------------------------------------------------------------------------

    def create_account(self, *, parent: int = 0, **provenance: Unpack[ProvenanceKeywords]) -> Receipt:
        """Open a master account, or a sub-account of `parent`; `receipt.account` is its id."""
        return self._submit_one(commands.CreateAccount(parent), provenance)

    def deposit(
        self, *, account: int, asset: str | int, amount: Number, **provenance: Unpack[ProvenanceKeywords]
    ) -> Receipt:
        """Credit an amount from outside, in whole units of the asset."""
        unit = self.asset_unit(asset)
        return self._submit_one(commands.Deposit(account, unit.asset, unit.to_minor(amount)), provenance)

    def withdraw(
        self, *, account: int, asset: str | int, amount: Number, **provenance: Unpack[ProvenanceKeywords]
    ) -> Receipt:
        """Pay an amount out, if the margin left behind allows it."""
        unit = self.asset_unit(asset)
        return self._submit_one(commands.Withdraw(account, unit.asset, unit.to_minor(amount)), provenance)

    def transfer(
        self,
        *,
        source: int,
        destination: int,
        asset: str | int,
        amount: Number,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> Receipt:
        """Move an amount between two accounts of one master."""
        unit = self.asset_unit(asset)
        command = commands.Transfer(source, destination, unit.asset, unit.to_minor(amount))
        return self._submit_one(command, provenance)

    # --- the venue's own --------------------------------------------------------------------------------------------

    def set_mark(self, *, market: str | int, price: Number, **provenance: Unpack[ProvenanceKeywords]) -> Receipt:
        """Set the mark price of a market."""
        unit = self.market_unit(market)
        return self._submit_one(commands.SetMark(unit.market, unit.to_ticks(price)), provenance)

    def set_fees(
        self, *, market: str | int, maker_rate: Number, taker_rate: Number, **provenance: Unpack[ProvenanceKeywords]
    ) -> Receipt:
        """Set the fee rates of a market as fractions: `"0.0005"` is five basis points, a negative one is a rebate."""
        command = commands.SetFees(
            self.market_unit(market).market,
            to_rate(maker_rate, field="maker_rate"),
            to_rate(taker_rate, field="taker_rate"),
        )
        return self._submit_one(command, provenance)

    def set_tiers(
        self,
        *,
        market: str | int,
        tiers: Iterable[tuple[Number, Number, Number]],
        **provenance: Unpack[ProvenanceKeywords],
    ) -> Receipt:
        """Replace the margin tiers of a market.

        Args:
            market: symbol or id.
            tiers: rows of lower bound (notional in whole units), initial rate, maintenance rate.
            provenance: see `Venue.submit`.
        """
        unit = self.market_unit(market)
        rows = []
        for bound, initial, maintenance in tiers:
            lower = exact(bound, field="lower_bound")
            minor = unit.settlement.to_minor(lower, field="lower_bound") if lower else 0
            initial_rate = to_rate(initial, field="initial_rate")
            rows.append(commands.Tier(minor, initial_rate, to_rate(maintenance, field="maintenance_rate")))
        return self._submit_one(commands.SetTiers(unit.market, tuple(rows)), provenance)

    def register_author(
        self, *, acts_as: Origin | str, name: str, version: str, **provenance: Unpack[ProvenanceKeywords]
    ) -> Receipt:
        """Name an author of commands, its origin and its version; the event carries its id."""
        command = commands.RegisterAuthor(choice(Origin, acts_as, field="acts_as"), name, version)
        return self._submit_one(command, provenance)

    def tick(self, **provenance: Unpack[ProvenanceKeywords]) -> Receipt:
        """Let time pass: orders that are due expire."""
        return self._submit_one(commands.Tick(), provenance)
