"""The rows a kernel writes about its state, msgpack arrays in this order (`rust/kernel/src/view/`).

Integers are in ticks, lots, minor units, parts per 10^9 and nanoseconds; what may need more than 64 bits is digits.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from crossbook.commands import Grade, MarginMode, MarketMode, Origin, Scope, SelfTrade, Side, TimeInForce
from crossbook.events import Standing
from crossbook.views import TermKind


class LevelsRow(Struct, frozen=True, array_like=True):
    """The margin levels of an asset."""

    initial_rate: int
    transfer_rate: int
    buffer_rate: int
    account_floor: int


class LiquidationRow(Struct, frozen=True, array_like=True):
    """The liquidation settings of an asset."""

    first_call_rate: int
    second_call_rate: int
    take_over_rate: int
    adjustment_rate: int
    spread_rate: int
    partial_rate: int
    partial_notional: int
    cooldown_ns: int
    fee_rate: int


class CollateralRow(Struct, frozen=True, array_like=True):
    """How an asset counts in the pools of another."""

    settlement: int
    haircut_rate: int
    account_cap: int
    total_cap: int
    price_decimals: int
    price: int
    depeg_rate: int


class GateRow(Struct, frozen=True, array_like=True):
    """The withdrawals of an asset."""

    closed: bool
    interval_ns: int
    amount_max: int


class InsuranceRow(Struct, frozen=True, array_like=True):
    """An insurance fund."""

    fund: int
    loss_max: int
    interval_ns: int
    usable: int


class PortfolioRow(Struct, frozen=True, array_like=True):
    """What the portfolio pools of an asset share."""

    maintenance_rate: int
    funding_epochs: int


class AssetRow(Struct, frozen=True, array_like=True):
    """One asset."""

    asset: int
    symbol: str
    decimals: int
    net_deposits: int
    fees: int
    insurance: int
    dust: int
    levels: LevelsRow
    liquidation: LiquidationRow
    collateral: CollateralRow | None
    gate: GateRow
    limits: InsuranceRow
    portfolio: PortfolioRow


class TierRow(Struct, frozen=True, array_like=True):
    """One margin tier."""

    lower_bound: int
    initial_rate: int
    maintenance_rate: int


class FundingRow(Struct, frozen=True, array_like=True):
    """The funding of a market."""

    index: str
    loss_long: str
    loss_short: str
    clearing: str
    fraction: str
    last_rate: int


class OracleRow(Struct, frozen=True, array_like=True):
    """The price that was last accepted from outside, all 0 at first; `updated_at` and `seq` are the command's."""

    price: int
    confidence: int
    grade: Grade
    observed_at: int
    updated_at: int
    seq: int


class GradesRow(Struct, frozen=True, array_like=True):
    """How good a market's oracle must be, by action."""

    margin: Grade
    liquidation: Grade
    funding: Grade


class MarketRow(Struct, frozen=True, array_like=True):
    """One market."""

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
    tiers: list[TierRow]
    mark: int
    last: int
    open_interest: int
    fee_tiers: list[tuple[int, int]]
    mode: MarketMode
    stress: bool
    scaling: tuple[int, int, int]
    caps: tuple[int, int, int]
    funding: FundingRow
    insurance: InsuranceRow
    scenarios: tuple[int, list[int], int, int]
    oracle: OracleRow
    grades: GradesRow


class ParametersRow(Struct, frozen=True, array_like=True):
    """The venue's parameters."""

    open_orders_max: int
    root_interval_commands: int
    root_interval_ns: int
    ruleset: int


class OrderRow(Struct, frozen=True, array_like=True):
    """One open order."""

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


class PoolRow(Struct, frozen=True, array_like=True):
    """One pool; market 0 is the cross pool of the asset."""

    asset: int
    market: int
    balance: int
    unrealised: int
    owed: int
    collateral: int
    equity: int
    requirement: int
    maintenance: int
    standing: Standing
    locked: bool
    resumes_at: int


class PositionRow(Struct, frozen=True, array_like=True):
    """One market of an account."""

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
    isolated: bool
    funding: int
    loss: int
    own_rate: int


class PermissionsRow(Struct, frozen=True, array_like=True):
    """What an account may do."""

    reduce_only: bool
    no_withdraw: bool
    no_transfer: bool
    markets: list[int]
    destinations: list[int]


class AccountRow(Struct, frozen=True, array_like=True):
    """One account; balances are `[asset, cash, maker_volume, taker_volume]`."""

    account: int
    master: int
    open_orders: int
    balances: list[tuple[int, int, str, str]]
    pools: list[PoolRow]
    positions: list[PositionRow]
    profile: tuple[MarginMode, int, int]
    permissions: PermissionsRow
    caps: list[tuple[Scope, int, int]]
    allowances: list[tuple[int, int, int]]
    agents: list[int]


class AuthorRow(Struct, frozen=True, array_like=True):
    """One registered author."""

    author: int
    origin: Origin
    name: str
    version: str


class HolderRow(Struct, frozen=True, array_like=True, gc=False):
    """One account that has lots in a market; the last four are of the pool that the position is in."""

    account: int
    isolated: bool
    lots: int
    cost: int
    unrealised: int
    standing: Standing
    equity: int
    requirement: int
    maintenance: int


class TermRow(Struct, frozen=True, array_like=True):
    """One term of a pool."""

    kind: TermKind
    entity: int
    amount: int
    seqs: list[int]


SumRow = tuple[int, list[TermRow]]


class PoolTermsRow(Struct, frozen=True, array_like=True):
    """One pool with its terms; the levels are placing, recovered, transfer."""

    asset: int
    market: int
    standing: Standing
    locked: bool
    resumes_at: int
    equity: SumRow
    requirement: SumRow
    maintenance: SumRow
    levels: tuple[int, int, int]
    losses: list[tuple[int, int, int, int]]


class ExplanationRow(Struct, frozen=True, array_like=True):
    """All pools of an account with their terms."""

    account: int
    mode: MarginMode
    pools: list[PoolTermsRow]


class AuctionRow(Struct, frozen=True, array_like=True):
    """One open auction."""

    auction: int
    account: int
    market: int
    side: Side
    lots: int
    discount_start_rate: int
    discount_end_rate: int
    opened_at: int
    ends_at: int
    price: int


PriceRow = tuple[int, int, int, int, str | None]
"""A liquidation price: pool (asset and market), market, tick, exact price in ticks as digits `"a/b"`."""

GroupsRow = tuple[list[tuple[int, int]], int, int, list[tuple[int, int, int, int]]]
"""Basis charges by group, stress rates, correlations."""

LevelRow = tuple[int, int, int]

AUTHORS: Final = msgspec.msgpack.Decoder(list[AuthorRow])
ASSETS: Final = msgspec.msgpack.Decoder(list[AssetRow])
MARKETS: Final = msgspec.msgpack.Decoder(list[MarketRow])
PARAMETERS: Final = msgspec.msgpack.Decoder(ParametersRow)
AUCTIONS: Final = msgspec.msgpack.Decoder(list[AuctionRow])
GROUPS: Final = msgspec.msgpack.Decoder(GroupsRow)
BACKSTOP: Final = msgspec.msgpack.Decoder(tuple[list[tuple[int, int, int]], list[int]])
ACCOUNT: Final = msgspec.msgpack.Decoder(AccountRow | None)
HOLDERS: Final = msgspec.msgpack.Decoder(list[HolderRow] | None)
EXPLANATION: Final = msgspec.msgpack.Decoder(ExplanationRow | None)
LIQUIDATION_PRICES: Final = msgspec.msgpack.Decoder(list[PriceRow] | None)
ORDER: Final = msgspec.msgpack.Decoder(OrderRow | None)
ORDERS: Final = msgspec.msgpack.Decoder(list[OrderRow] | None)
BOOK: Final = msgspec.msgpack.Decoder(tuple[list[LevelRow], list[LevelRow]] | None)
