"""Reading a kernel: its msgpack views as typed structs with exact Decimals.

Venue, replay and time travel read through the same class, so what is shown of the past is computed exactly as what is
shown of the present.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from crossbook._kernel import Kernel
from crossbook.commands import SelfTrade, Side, TimeInForce
from crossbook.errors import InputError, NotFound
from crossbook.quantities import AssetUnit, MarketUnit, Number, from_rate
from crossbook.views import (
    AccountView,
    AssetView,
    BookView,
    LevelView,
    MarketView,
    OrderView,
    ParametersView,
    PoolView,
    PositionView,
    Table,
    TierView,
)

M = TypeVar("M", bound=IntEnum)


class _AssetRow(Struct, frozen=True, array_like=True):
    asset: int
    symbol: str
    decimals: int
    net_deposits: int
    fees: int
    insurance: int
    dust: int


class _TierRow(Struct, frozen=True, array_like=True):
    lower_bound: int
    initial_rate: int
    maintenance_rate: int


class _MarketRow(Struct, frozen=True, array_like=True):
    market: int
    symbol: str
    settlement: int
    tick_size_e12: int
    lot_size_e12: int
    tick_value: int
    price_max: int
    position_max: int
    maker_rate: int
    taker_rate: int
    order_min_notional: int
    order_max_lots: int
    price_band_rate: int
    market_bound_rate: int
    tiers: list[_TierRow]
    mark: int
    last: int
    open_interest: int


class _ParametersRow(Struct, frozen=True, array_like=True):
    open_orders_max: int
    root_interval_commands: int
    root_interval_ns: int
    ruleset: int


class _OrderRow(Struct, frozen=True, array_like=True):
    order: int
    account: int
    market: int
    side: Side
    price: int
    lots: int
    filled: int
    time_in_force: TimeInForce
    self_trade: SelfTrade
    post_only: bool
    reduce_only: bool
    client_order: int
    expires_at: int


class _PoolRow(Struct, frozen=True, array_like=True):
    asset: int
    cash: int
    unrealised: int
    equity: int
    requirement: int
    maintenance: int


class _PositionRow(Struct, frozen=True, array_like=True):
    market: int
    lots: int
    cost: int
    buys: int
    sells: int
    mark: int
    unrealised: int
    worst_lots: int
    worst_notional: int
    tier: int
    requirement: int
    maintenance: int


class _AccountRow(Struct, frozen=True, array_like=True):
    account: int
    master: int
    open_orders: int
    cash: list[tuple[int, int]]
    pools: list[_PoolRow]
    positions: list[_PositionRow]


_LevelRow = tuple[int, int, int]

_ASSETS: Final = msgspec.msgpack.Decoder(list[_AssetRow])
_MARKETS: Final = msgspec.msgpack.Decoder(list[_MarketRow])
_PARAMETERS: Final = msgspec.msgpack.Decoder(_ParametersRow)
_ACCOUNT: Final = msgspec.msgpack.Decoder(_AccountRow | None)
_ORDER: Final = msgspec.msgpack.Decoder(_OrderRow | None)
_ORDERS: Final = msgspec.msgpack.Decoder(list[_OrderRow] | None)
_BOOK: Final = msgspec.msgpack.Decoder(tuple[list[_LevelRow], list[_LevelRow]] | None)


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
        row = _PARAMETERS.decode(self._kernel.parameters())
        return ParametersView(row.open_orders_max, row.root_interval_commands, row.root_interval_ns, row.ruleset)

    # --- units ------------------------------------------------------------------------------------------------------

    def asset_unit(self, asset: int | str) -> AssetUnit:
        """The unit of an asset, by id or symbol. Raises NotFound `unknown_asset`."""
        if asset not in self._assets:
            for row in _ASSETS.decode(self._kernel.assets()):
                unit = AssetUnit(row.asset, row.symbol, row.decimals)
                self._assets[row.asset] = self._assets[row.symbol] = unit
        try:
            return self._assets[asset]
        except KeyError:
            raise _unknown("asset", asset, [key for key in self._assets if isinstance(key, str)]) from None

    def market_unit(self, market: int | str) -> MarketUnit:
        """The unit of a market, by id or symbol. Raises NotFound `unknown_market`."""
        if market not in self._markets:
            for row in _MARKETS.decode(self._kernel.markets()):
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
        views = []
        for row in _ASSETS.decode(self._kernel.assets()):
            money = self.asset_unit(row.asset).to_decimal
            views.append(
                AssetView(
                    row.asset,
                    row.symbol,
                    row.decimals,
                    net_deposits=money(row.net_deposits),
                    fees=money(row.fees),
                    insurance=money(row.insurance),
                    dust=money(row.dust),
                )
            )
        return Table(views)

    def markets(self) -> Table[MarketView]:
        """Every market, as a table of MarketView."""
        return Table(self._market_view(row) for row in _MARKETS.decode(self._kernel.markets()))

    def market(self, market: int | str) -> MarketView:
        """One market, by id or symbol. Raises NotFound `unknown_market`."""
        unit = self.market_unit(market)
        return self._market_view(_MARKETS.decode(self._kernel.markets())[unit.market - 1])

    def _market_view(self, row: _MarketRow) -> MarketView:
        unit = self.market_unit(row.market)
        return MarketView(
            market=row.market,
            symbol=row.symbol,
            settlement=unit.settlement.symbol,
            tick_size=unit.tick_size,
            lot_size=unit.lot_size,
            price_max=unit.price(row.price_max),
            position_max=unit.size(row.position_max),
            maker_rate=from_rate(row.maker_rate),
            taker_rate=from_rate(row.taker_rate),
            order_min_notional=unit.money(row.order_min_notional),
            order_max=unit.size(row.order_max_lots),
            price_band_rate=from_rate(row.price_band_rate),
            market_bound_rate=from_rate(row.market_bound_rate),
            tiers=tuple(
                TierView(unit.money(tier.lower_bound), from_rate(tier.initial_rate), from_rate(tier.maintenance_rate))
                for tier in row.tiers
            ),
            mark=unit.price(row.mark) if row.mark else None,
            last=unit.price(row.last) if row.last else None,
            open_interest=unit.size(row.open_interest),
        )

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
        bids, asks = _BOOK.decode(self._kernel.book(unit.market, depth)) or ([], [])
        return BookView(unit.symbol, _levels(unit, bids), _levels(unit, asks))

    def queue(self, market: int | str, side: Side | str, price: Number) -> Table[OrderView]:
        """The orders of one price level in priority, as a table of OrderView."""
        unit = self.market_unit(market)
        data = self._kernel.queue(unit.market, to_side(side), unit.to_ticks(price))
        return Table(self._order_view(row) for row in _ORDERS.decode(data) or [])

    def order(self, order: int) -> OrderView:
        """One open order. Raises NotFound `unknown_order`."""
        row = _ORDER.decode(self._kernel.order(order)) if _is_id(order, 64, field="order") else None
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
        return Table(self._order_view(row) for row in _ORDERS.decode(self._kernel.orders(account, which)) or [])

    def _order_view(self, row: _OrderRow) -> OrderView:
        unit = self.market_unit(row.market)
        return OrderView(
            order=row.order,
            account=row.account,
            market=unit.symbol,
            side=row.side,
            price=unit.price(row.price),
            size=unit.size(row.lots),
            filled=unit.size(row.filled),
            time_in_force=row.time_in_force,
            self_trade=row.self_trade,
            post_only=row.post_only,
            reduce_only=row.reduce_only,
            client_order=row.client_order or None,
            expires_at=row.expires_at or None,
        )

    # --- accounts ---------------------------------------------------------------------------------------------------

    def account_count(self) -> int:
        """How many accounts there are; their ids are 1 up to this."""
        return self._kernel.account_count()

    def account(self, account: int) -> AccountView:
        """An account with its margin pools and every term of them. Raises NotFound `unknown_account`."""
        row = _ACCOUNT.decode(self._kernel.account(account)) if _is_id(account, 32, field="account") else None
        if row is None:
            raise NotFound(
                f"there is no account {account}",
                code="unknown_account",
                values={"account": account, "accounts": self.account_count()},
                hint="accounts are created by CreateAccount, from 1 up",
            )
        settled: dict[int, list[PositionView]] = {pool.asset: [] for pool in row.pools}
        for position in row.positions:
            unit = self.market_unit(position.market)
            settled.setdefault(unit.settlement.asset, []).append(_position_view(unit, position))
        return AccountView(
            account=row.account,
            master=row.master if row.master not in (0, row.account) else None,
            open_orders=row.open_orders,
            cash={self.asset_unit(asset).symbol: self.asset_unit(asset).to_decimal(cash) for asset, cash in row.cash},
            pools=tuple(self._pool_view(pool, settled[pool.asset]) for pool in row.pools),
        )

    def _pool_view(self, row: _PoolRow, positions: list[PositionView]) -> PoolView:
        unit = self.asset_unit(row.asset)
        return PoolView(
            asset=unit.symbol,
            cash=unit.to_decimal(row.cash),
            unrealised=unit.to_decimal(row.unrealised),
            equity=unit.to_decimal(row.equity),
            requirement=unit.to_decimal(row.requirement),
            maintenance=unit.to_decimal(row.maintenance),
            positions=tuple(positions),
        )

    def positions(self, account: int) -> Table[PositionView]:
        """Every market an account has a position or open orders in, as a table of PositionView."""
        return Table(self.account(account).positions)


def _position_view(unit: MarketUnit, row: _PositionRow) -> PositionView:
    return PositionView(
        market=unit.symbol,
        size=unit.size(row.lots),
        cost=unit.money(row.cost),
        buys=unit.size(row.buys),
        sells=unit.size(row.sells),
        mark=unit.price(row.mark) if row.mark else None,
        unrealised=unit.money(row.unrealised),
        worst_size=unit.size(row.worst_lots),
        worst_notional=unit.money(row.worst_notional),
        tier=row.tier,
        requirement=unit.money(row.requirement),
        maintenance=unit.money(row.maintenance),
    )


def _levels(unit: MarketUnit, rows: list[_LevelRow]) -> tuple[LevelView, ...]:
    return tuple(LevelView(unit.price(price), unit.size(lots), orders) for price, lots, orders in rows)


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
