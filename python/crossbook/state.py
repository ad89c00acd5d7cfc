"""Reading a kernel: its rows as typed views with exact Decimals.

Venue, replay and time travel read through the same class, so what is shown of the past is computed exactly as what is
shown of the present.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

from crossbook import rows, shapes
from crossbook._kernel import Kernel
from crossbook.commands import Side
from crossbook.errors import InputError, NotFound
from crossbook.quantities import AssetUnit, MarketUnit, Number, from_rate
from crossbook.views import (
    AccountView,
    AssetView,
    AuctionView,
    AuthorView,
    BookView,
    CorrelationView,
    Explanation,
    GroupsView,
    HolderView,
    LevelView,
    MarketView,
    OrderView,
    ParametersView,
    PositionView,
    Table,
    VaultView,
)

M = TypeVar("M", bound=IntEnum)


class StateView:
    """Read-only views of one kernel. Units of assets and markets are cached: they never change once added."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._assets: dict[int | str, AssetUnit] = {}
        self._markets: dict[int | str, MarketUnit] = {}

    # --- the whole --------------------------------------------------------------------------------------------------

    @property
    def seq(self) -> int:
        """The last executed seq."""
        return self._kernel.seq

    @property
    def time_ns(self) -> int:
        """The stamped time of the last executed command, ns since the epoch."""
        return self._kernel.time_ns

    @property
    def state_root(self) -> bytes:
        """The 32-byte root of the present state."""
        return self._kernel.state_root()

    @property
    def event_digest(self) -> bytes:
        """The 32-byte digest of every event so far."""
        return self._kernel.event_digest()

    def subsystem_roots(self) -> dict[str, bytes]:
        """The root of each subsystem, by name."""
        return dict(self._kernel.subsystem_roots())

    def parameters(self) -> ParametersView:
        """The venue's parameters."""
        row = rows.PARAMETERS.decode(self._kernel.parameters())
        return ParametersView(row.open_orders_max, row.root_interval_commands, row.root_interval_ns, row.ruleset)

    def authors(self) -> Table[AuthorView]:
        """Every registered author of commands, as a table of AuthorView."""
        found = rows.AUTHORS.decode(self._kernel.authors())
        return Table(AuthorView(row.author, row.origin, row.name, row.version) for row in found)

    # --- units ------------------------------------------------------------------------------------------------------

    def asset_unit(self, asset: int | str) -> AssetUnit:
        """The unit of an asset, by id or symbol. Raises NotFound `unknown_asset`."""
        if asset not in self._assets:
            for row in rows.ASSETS.decode(self._kernel.assets()):
                unit = AssetUnit(row.asset, row.symbol, row.decimals)
                self._assets[row.asset] = self._assets[row.symbol] = unit
        try:
            return self._assets[asset]
        except KeyError:
            raise _unknown("asset", asset, [key for key in self._assets if isinstance(key, str)]) from None

    def market_unit(self, market: int | str) -> MarketUnit:
        """The unit of a market, by id or symbol. Raises NotFound `unknown_market`."""
        if market not in self._markets:
            for row in rows.MARKETS.decode(self._kernel.markets()):
                unit = MarketUnit(
                    market=row.market,
                    symbol=row.symbol,
                    settlement=self.asset_unit(row.settlement),
                    tick_size_e12=row.tick_size_e12,
                    lot_size_e12=row.lot_size_e12,
                    tick_value=row.tick_value,
                    price_max=row.price_max,
                    position_max=row.position_max,
                )
                self._markets[row.market] = self._markets[row.symbol] = unit
        try:
            return self._markets[market]
        except KeyError:
            raise _unknown("market", market, [key for key in self._markets if isinstance(key, str)]) from None

    # --- assets and markets -----------------------------------------------------------------------------------------

    def assets(self) -> Table[AssetView]:
        """Every asset, as a table of AssetView."""
        return Table(shapes.asset_view(row, self) for row in rows.ASSETS.decode(self._kernel.assets()))

    def asset(self, asset: int | str) -> AssetView:
        """One asset, by id or symbol. Raises NotFound `unknown_asset`."""
        unit = self.asset_unit(asset)
        return shapes.asset_view(rows.ASSETS.decode(self._kernel.assets())[unit.asset - 1], self)

    def markets(self) -> Table[MarketView]:
        """Every market, as a table of MarketView."""
        return Table(self._market_view(row) for row in rows.MARKETS.decode(self._kernel.markets()))

    def market(self, market: int | str) -> MarketView:
        """One market, by id or symbol. Raises NotFound `unknown_market`."""
        unit = self.market_unit(market)
        return self._market_view(rows.MARKETS.decode(self._kernel.markets())[unit.market - 1])

    def _market_view(self, row: rows.MarketRow) -> MarketView:
        return shapes.market_view(row, self.market_unit(row.market))

    def groups(self) -> GroupsView:
        """What holds within groups of markets and between them."""
        bases, towards_one, towards_zero, pairs = rows.GROUPS.decode(self._kernel.groups())
        return GroupsView(
            basis_rates={group: from_rate(rate) for group, rate in bases},
            towards_one_rate=from_rate(towards_one),
            towards_zero_rate=from_rate(towards_zero),
            correlations=tuple(CorrelationView(a, b, from_rate(rho), from_rate(cap)) for a, b, rho, cap in pairs),
        )

    def holders(self, market: int | str) -> Table[HolderView]:
        """The accounts with a position in a market, as a table of HolderView. Raises NotFound `unknown_market`."""
        unit = self.market_unit(market)
        found = rows.HOLDERS.decode(self._kernel.holders(unit.market)) or []
        return Table(shapes.holder_view(row, unit) for row in found)

    # --- the backstop -----------------------------------------------------------------------------------------------

    def auctions(self) -> Table[AuctionView]:
        """The open auctions by number, as a table of AuctionView."""
        return Table(self._auction_view(row) for row in rows.AUCTIONS.decode(self._kernel.auctions()))

    def _auction_view(self, row: rows.AuctionRow) -> AuctionView:
        unit = self.market_unit(row.market)
        return AuctionView(
            auction=row.auction,
            account=row.account,
            market=unit.symbol,
            side=row.side,
            size=unit.size(row.lots),
            discount_start_rate=from_rate(row.discount_start_rate),
            discount_end_rate=from_rate(row.discount_end_rate),
            opened_at=row.opened_at,
            ends_at=row.ends_at,
            price=unit.price(row.price),
        )

    def vaults(self) -> Table[VaultView]:
        """The accounts that may take positions over, as a table of VaultView."""
        vaults, _ = rows.BACKSTOP.decode(self._kernel.backstop())
        units = [(account, self.asset_unit(asset), most) for account, asset, most in vaults]
        return Table(VaultView(account, unit.symbol, unit.to_decimal(most)) for account, unit, most in units)

    def liquidators(self) -> tuple[int, ...]:
        """The accounts that may bid in auctions."""
        return tuple(rows.BACKSTOP.decode(self._kernel.backstop())[1])

    # --- books and orders -------------------------------------------------------------------------------------------

    def book(self, market: int | str, depth: int = 10) -> BookView:
        """The best `depth` levels of either side. Raises NotFound `unknown_market`, InputError `not_positive`."""
        unit = self.market_unit(market)
        if not _is_id(depth, 32, field="depth"):
            raise InputError(
                f"depth is {depth}",
                code="not_positive",
                values={"field": "depth", "value": depth},
                hint="give 1 or more",
            )
        bids, asks = rows.BOOK.decode(self._kernel.book(unit.market, depth)) or ([], [])
        return BookView(unit.symbol, _levels(unit, bids), _levels(unit, asks))

    def queue(self, market: int | str, side: Side | str, price: Number) -> Table[OrderView]:
        """The orders of one price level in priority, as a table of OrderView."""
        unit = self.market_unit(market)
        data = self._kernel.queue(unit.market, to_side(side), unit.to_ticks(price))
        return Table(self._order_view(row) for row in rows.ORDERS.decode(data) or [])

    def order(self, order: int) -> OrderView:
        """One open order. Raises NotFound `unknown_order`."""
        row = rows.ORDER.decode(self._kernel.order(order)) if _is_id(order, 64, field="order") else None
        if row is None:
            raise NotFound(
                f"there is no open order {order}",
                code="unknown_order",
                values={"order": order},
                hint="it may have been filled, cancelled or expired; orders(account) lists the open ones",
            )
        return self._order_view(row)

    def orders(self, account: int, market: int | str | None = None) -> Table[OrderView]:
        """The open orders of an account by id, in one market or all, as a table of OrderView."""
        which = 0 if market is None else self.market_unit(market).market
        if not _is_id(account, 32, field="account"):
            return Table()
        return Table(self._order_view(row) for row in rows.ORDERS.decode(self._kernel.orders(account, which)) or [])

    def _order_view(self, row: rows.OrderRow) -> OrderView:
        return shapes.order_view(row, self.market_unit(row.market))

    # --- accounts ---------------------------------------------------------------------------------------------------

    def account_count(self) -> int:
        """How many accounts there are; their ids are 1 up to this."""
        return self._kernel.account_count()

    def account(self, account: int) -> AccountView:
        """An account with its margin pools and every term of them. Raises NotFound `unknown_account`."""
        row = rows.ACCOUNT.decode(self._kernel.account(account)) if _is_id(account, 32, field="account") else None
        if row is None:
            raise self._unknown_account(account)
        return shapes.account_view(row, self._explained(account), self)

    def explain(self, account: int) -> Explanation:
        """The term tree of an account: every number of its pools, term by term, and its liquidation prices.

        Each term names the seqs of the commands it comes from. Raises NotFound `unknown_account`.
        """
        if not _is_id(account, 32, field="account"):
            raise self._unknown_account(account)
        row = self._explained(account)
        prices = rows.LIQUIDATION_PRICES.decode(self._kernel.liquidation_prices(account)) or []
        return shapes.explanation(row, prices, self)

    def _explained(self, account: int) -> rows.ExplanationRow:
        row: rows.ExplanationRow | None = rows.EXPLANATION.decode(self._kernel.explain(account))
        if row is None:
            raise self._unknown_account(account)
        return row

    def _unknown_account(self, account: int) -> NotFound:
        accounts = self.account_count()
        known = f"there are 1 to {accounts}" if accounts else "there is none yet"
        return NotFound(
            f"there is no account {account}",
            code="unknown_account",
            values={"account": account, "accounts": accounts, "seq": self.seq},
            hint=f"after seq {self.seq} {known}; CreateAccount makes them",
        )

    def positions(self, account: int) -> Table[PositionView]:
        """Every market an account has a position or open orders in, as a table of PositionView."""
        return Table(self.account(account).positions)


def _levels(unit: MarketUnit, levels: list[rows.LevelRow]) -> tuple[LevelView, ...]:
    return tuple(LevelView(unit.price(price), unit.size(lots), orders) for price, lots, orders in levels)


def _is_id(value: int, bits: int, *, field: str) -> bool:
    """Whether a number can be an id of that many bits. Raises InputError `id_type` if it is not a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(
            f"{field} is of type {type(value).__name__}",
            code="id_type",
            values={"field": field, "value": value},
            hint="ids are whole numbers from 1 up",
        )
    return 0 < value < 1 << bits


def to_side(side: Side | str) -> Side:
    """A side, from `Side` or from `"buy"` and `"sell"`. Raises InputError `unknown_choice`."""
    return choice(Side, side, field="side")


def choice(kind: type[M], value: M | str, *, field: str) -> M:
    """A member of an enumeration, given as itself or by name in any case. Raises InputError `unknown_choice`."""
    if isinstance(value, kind):
        return value
    if isinstance(value, str) and value.upper() in kind.__members__:
        return kind[value.upper()]
    names = ", ".join(name.lower() for name in kind.__members__)
    raise InputError(
        f"{field} is {value!r}",
        code="unknown_choice",
        values={"field": field, "value": value},
        hint=f"one of: {names}",
    )


def _unknown(what: str, given: object, known: list[str]) -> NotFound:
    return NotFound(
        f"there is no {what} {given!r}",
        code=f"unknown_{what}",
        values={what: given},
        hint=f"this venue has: {', '.join(known)}" if known else f"this venue has no {what} yet",
    )
