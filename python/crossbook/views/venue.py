"""What holds for all accounts: assets, markets, parameters, auctions, vaults."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from crossbook.commands import Grade, MarketMode, Origin, Side
from crossbook.events import Standing
from crossbook.views.tables import Record


class LevelsView(Struct, frozen=True):
    """The margin levels of a settlement asset: factors on requirement and maintenance, and the floor in whole units."""

    initial_rate: Decimal
    transfer_rate: Decimal
    buffer_rate: Decimal
    account_floor: Decimal


class LiquidationView(Struct, frozen=True):
    """When the pools of a settlement asset are called and liquidated, and how; see `SetLiquidation`."""

    first_call_rate: Decimal
    second_call_rate: Decimal
    take_over_rate: Decimal
    adjustment_rate: Decimal
    spread_rate: Decimal
    partial_rate: Decimal
    partial_notional: Decimal
    cooldown_ns: int
    fee_rate: Decimal


class CollateralView(Struct, frozen=True):
    """How an asset counts in the pools of another. `price` is in the settlement asset, None before the first."""

    settlement: str
    haircut_rate: Decimal
    account_cap: Decimal
    total_cap: Decimal
    price_decimals: int
    price: Decimal | None
    depeg_rate: Decimal


class GateView(Struct, frozen=True):
    """The withdrawals of an asset: closed, or limited to this much per interval (0: not limited)."""

    closed: bool
    interval_ns: int
    amount_max: Decimal


class InsuranceView(Struct, frozen=True):
    """An insurance fund, the limit on what it pays per interval (0: none), and what is usable now."""

    fund: Decimal
    loss_max: Decimal
    interval_ns: int
    usable: Decimal


class PortfolioView(Struct, frozen=True):
    """What portfolio pools of a settlement asset share."""

    maintenance_rate: Decimal
    funding_epochs: int


class AssetView(Record, frozen=True):
    """An asset and the venue's books in it: everything not on accounts, in whole units, and the rules of its pools.

    `insurance` is the fund of its cross pools, `limits` says what it may pay. `collateral` is None unless the asset
    counts in the pools of another.
    """

    asset: int
    symbol: str
    decimals: int
    net_deposits: Decimal
    fees: Decimal
    insurance: Decimal
    dust: Decimal
    levels: LevelsView
    liquidation: LiquidationView
    collateral: CollateralView | None
    gate: GateView
    limits: InsuranceView
    portfolio: PortfolioView


class TierView(Struct, frozen=True):
    """A margin tier: from this notional on, these rates."""

    lower_bound: Decimal
    initial_rate: Decimal
    maintenance_rate: Decimal


class FeeTierView(Struct, frozen=True):
    """The fee rates of one fee tier above the first."""

    maker_rate: Decimal
    taker_rate: Decimal


class ScalingView(Struct, frozen=True):
    """How a market's requirement grows with size and open interest; `size_rate` is per square root of a lot."""

    size_rate: Decimal
    open_interest_lower: Decimal
    open_interest_upper: Decimal


class CapsView(Struct, frozen=True):
    """How large a market, and one account's worst side in it, may become; 0 is no cap."""

    open_interest_max: Decimal
    concentration_rate: Decimal
    concentration_floor: Decimal


class FundingView(Struct, frozen=True):
    """A market's funding, in whole units of the settlement asset, exactly.

    `index`, `loss_long` and `loss_short` are per lot since the market opened; `clearing` is what has been settled,
    before rounding, and `fraction` what rounding has collected that is not yet a minor unit.
    """

    index: Decimal
    loss_long: Decimal
    loss_short: Decimal
    clearing: Decimal
    fraction: Decimal
    last_rate: Decimal


class ScenariosView(Struct, frozen=True):
    """A market in portfolio margin: its group (0: none), the price moves of its scenarios, its concentration charge."""

    group: int
    moves: tuple[Decimal, ...]
    concentration_threshold: Decimal
    concentration_rate: Decimal


class OracleView(Struct, frozen=True):
    """The price that was last accepted from outside, how far off it may be, and how good it is.

    `observed_at` is by the observer's clock, `updated_at` the stamped time of the command `seq`; ns since the epoch.
    """

    price: Decimal
    confidence: Decimal
    grade: Grade
    observed_at: int
    updated_at: int
    seq: int


class GradesView(Struct, frozen=True):
    """How good a market's oracle must be for new exposure and withdrawals, for the waterfall, for funding."""

    margin: Grade
    liquidation: Grade
    funding: Grade


class MarketView(Record, frozen=True):
    """A perpetual market: its units, limits, fees, prices and risk.

    `mark`, `last` and `oracle` are None until there is one.
    """

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
    mode: MarketMode
    stress: bool
    fee_tiers: tuple[FeeTierView, ...]
    scaling: ScalingView
    caps: CapsView
    funding: FundingView
    insurance: InsuranceView
    scenarios: ScenariosView
    oracle: OracleView | None
    grades: GradesView


class HolderView(Struct, frozen=True):
    """An account with a position in a market, and how the pool stands that the position is in.

    `size` is signed, long positive; `standing` is the one last announced.
    """

    account: int
    isolated: bool
    size: Decimal
    cost: Decimal
    unrealised: Decimal
    standing: Standing
    equity: Decimal
    requirement: Decimal
    maintenance: Decimal


class AuthorView(Struct, frozen=True):
    """A registered author of commands, and what it speaks as."""

    author: int
    origin: Origin
    name: str
    version: str


class ParametersView(Record, frozen=True):
    """The venue's parameters."""

    open_orders_max: int
    root_interval_commands: int
    root_interval_ns: int
    ruleset: int


class AuctionView(Struct, frozen=True):
    """An open auction. `side` is that of the position; `price` is what a lot costs now, `size` what is left."""

    auction: int
    account: int
    market: str
    side: Side
    size: Decimal
    discount_start_rate: Decimal
    discount_end_rate: Decimal
    opened_at: int
    ends_at: int
    price: Decimal


class VaultView(Struct, frozen=True):
    """An account that may take positions over, up to this notional."""

    account: int
    asset: str
    exposure_max: Decimal


class CorrelationView(Struct, frozen=True):
    """How two groups move together, and how much of one's loss may offset the other's."""

    group_a: int
    group_b: int
    correlation_rate: Decimal
    offset_cap_rate: Decimal


class GroupsView(Struct, frozen=True):
    """What holds within groups and between them: basis charges by group, stresses of the correlations, the pairs."""

    basis_rates: dict[int, Decimal]
    towards_one_rate: Decimal
    towards_zero_rate: Decimal
    correlations: tuple[CorrelationView, ...]
