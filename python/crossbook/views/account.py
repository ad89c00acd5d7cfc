"""Accounts: balances, pools, positions, and what they may do."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from crossbook.commands import MarginMode, Scope
from crossbook.events import Standing
from crossbook.views.tables import html_table, text_table
from crossbook.views.terms import PoolTerms, no_pool


class PositionView(Struct, frozen=True):
    """One market of an account: the position, its open orders, and what they ask for by the standard rules.

    `size` is signed, long positive. `cost` is what the open size cost, so `unrealised = size * mark - cost`; `funding`
    and `loss` are what it owes and has not settled. `worst_size` is `max(|size + buys|, |size - sells|)`;
    `requirement` is the initial margin at the worst side, `maintenance` at the position alone (`docs/rules_margin.md`);
    what a portfolio pool is asked for is in the pool's terms. `own_rate` is the account's own initial rate, 0 for none.
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
    isolated: bool
    funding: Decimal
    loss: Decimal
    own_rate: Decimal

    @property
    def entry_price(self) -> Decimal | None:
        """The average price of the open size, `cost / size`, to twelve digits; None when flat."""
        return round(self.cost / self.size, 12).normalize() if self.size else None


class PoolView(Struct, frozen=True):
    """A margin pool: the cross pool of a settlement asset, or with `market` that of one isolated position.

    `equity = balance + unrealised - owed + collateral`; the balance is cash, or the margin of the isolated position.
    `standing` is the one last announced: what came after the last mark is in the equity, and in it at the next mark.
    `tree` has every term. `resumes_at` is when the pool may be reduced again (ns since the epoch, None: now).
    """

    asset: str
    market: str | None
    balance: Decimal
    unrealised: Decimal
    owed: Decimal
    collateral: Decimal
    equity: Decimal
    requirement: Decimal
    maintenance: Decimal
    standing: Standing
    locked: bool
    resumes_at: int | None
    positions: tuple[PositionView, ...]
    tree: PoolTerms

    @property
    def available(self) -> Decimal:
        """What new exposure may still require: equity less requirement, not below zero."""
        return max(self.equity - self.requirement, Decimal(0))

    def terms(self) -> list[tuple[str, Decimal, Decimal]]:
        """The margin as a list of (term, part of the equity, part of the requirement); the last row is the sum.

        The terms of one market stand in one row under its name, all others in a row of their own.
        """
        rows: dict[str, tuple[Decimal, Decimal]] = {}
        markets = {position.market for position in self.positions}
        none = (Decimal(0), Decimal(0))
        for term in self.tree.equity:
            name = term.entity if term.entity in markets and term.kind.name != "MARGIN" else term.kind.name.lower()
            name = f"{name} {term.entity}" if name == "collateral" else name
            equity, required = rows.get(name, none)
            rows[name] = (equity + term.amount, required)
        for term in self.tree.requirement:
            name = term.entity if term.entity in markets else f"{term.kind.name.lower()} {term.entity}"
            equity, required = rows.get(name, none)
            rows[name] = (equity, required + term.amount)
        parts = [(name, equity, required) for name, (equity, required) in rows.items()]
        return [*parts, ("sum", self.tree.equity.amount, self.tree.requirement.amount)]

    def __repr__(self) -> str:
        return text_table([self.tree.title(), "equity", "requirement"], self.terms())


class VolumeView(Struct, frozen=True):
    """The notional an account has ever filled in markets that settle in an asset."""

    asset: str
    maker: Decimal
    taker: Decimal


class PermissionsView(Struct, frozen=True):
    """What an account may do; an empty list permits all."""

    reduce_only: bool
    no_withdraw: bool
    no_transfer: bool
    markets: tuple[str, ...]
    destinations: tuple[int, ...]


class ExposureCapView(Struct, frozen=True):
    """The largest worst-side notional over a market, group or asset that the account has of its own."""

    scope: Scope
    entity: str
    notional_max: Decimal


class AllowanceView(Struct, frozen=True):
    """What a sibling may draw from this account."""

    destination: int
    asset: str
    amount: Decimal


class AccountView(Struct, frozen=True):
    """An account: its cash by asset, its margin pools, what it pays and may do, and which authors may act for it.

    `master` is None for a master.
    """

    account: int
    master: int | None
    open_orders: int
    cash: dict[str, Decimal]
    pools: tuple[PoolView, ...]
    mode: MarginMode
    fee_tier: int
    maker_rebate_rate: Decimal
    volumes: tuple[VolumeView, ...]
    permissions: PermissionsView
    exposure_caps: tuple[ExposureCapView, ...]
    allowances: tuple[AllowanceView, ...]
    agents: tuple[int, ...]

    def pool(self, asset: str, market: str | None = None) -> PoolView:
        """The cross pool of an asset, or with `market` the isolated pool of a market. Raises NotFound."""
        for pool in self.pools:
            if (pool.asset, pool.market) == (asset, market):
                return pool
        raise no_pool(self.account, asset, market)

    @property
    def positions(self) -> tuple[PositionView, ...]:
        """Every market with a position or open orders, over all pools."""
        return tuple(position for pool in self.pools for position in pool.positions)

    def __repr__(self) -> str:
        lines = [f"<Account {self.account}{f' of master {self.master}' if self.master else ''}>"]
        return "\n".join([*lines, *map(repr, self.pools)])

    def _repr_html_(self) -> str:
        return "".join(
            html_table([pool.tree.title(), "equity", "requirement"], pool.terms(), caption=f"account {self.account}")
            for pool in self.pools
        )
