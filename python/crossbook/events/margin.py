"""The events of `docs/rules_margin.md`: fees, caps, collateral, permissions, margin modes, funding, scenarios."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

from crossbook.commands.base import MarginMode, MarketMode, Scope


class FeeTiersSet(Struct, frozen=True, gc=False, array_like=True, tag=25):
    """A market has `count` fee tiers above tier 0."""

    seq: int
    market: int
    count: int


class AccountFeesSet(Struct, frozen=True, gc=False, array_like=True, tag=26):
    """An account pays the fees of this tier, less this rebate as a maker (parts per 10^9)."""

    seq: int
    account: int
    tier: int
    maker_rebate_rate: int


class MarketModeSet(Struct, frozen=True, gc=False, array_like=True, tag=27):
    """What a market takes has changed."""

    seq: int
    market: int
    mode: MarketMode
    previous: MarketMode


class ScalingSet(Struct, frozen=True, gc=False, array_like=True, tag=28):
    """A market's requirement scales like this with size (parts per 10^9) and open interest (lots)."""

    seq: int
    market: int
    size_rate: int
    open_interest_lower: int
    open_interest_upper: int


class CapsSet(Struct, frozen=True, gc=False, array_like=True, tag=29):
    """A market's caps are now these (lots, and parts per 10^9 of the open interest)."""

    seq: int
    market: int
    open_interest_max: int
    concentration_rate: int
    concentration_floor: int


class ExposureCapSet(Struct, frozen=True, gc=False, array_like=True, tag=30):
    """An exposure cap is now this, in minor units (0: none); account 0 stands for all accounts."""

    seq: int
    account: int
    scope: Scope
    id: int
    notional_max: int


class LevelsSet(Struct, frozen=True, gc=False, array_like=True, tag=31):
    """The margin levels of a settlement asset are now these (parts per 10^9; the floor in minor units)."""

    seq: int
    asset: int
    initial_rate: int
    transfer_rate: int
    buffer_rate: int
    account_floor: int


class CollateralSet(Struct, frozen=True, gc=False, array_like=True, tag=32):
    """An asset counts as collateral in the pools of another, on these terms; its price starts at 0."""

    seq: int
    asset: int
    settlement: int
    haircut_rate: int
    account_cap: int
    total_cap: int
    price_decimals: int


class CollateralPriceSet(Struct, frozen=True, gc=False, array_like=True, tag=33):
    """A collateral asset has a new price, and keeps its peg to this part (parts per 10^9)."""

    seq: int
    asset: int
    price: int
    depeg_rate: int
    previous: int


class PermissionsSet(Struct, frozen=True, gc=False, array_like=True, tag=34):
    """What an account may do was replaced; `markets` and `destinations` are how many its lists name."""

    seq: int
    account: int
    reduce_only: bool
    no_withdraw: bool
    no_transfer: bool
    markets: int
    destinations: int


class WithdrawalGateSet(Struct, frozen=True, gc=False, array_like=True, tag=35):
    """The withdrawals of an asset are closed or open, and limited to this much per interval."""

    seq: int
    asset: int
    closed: bool
    interval_ns: int
    amount_max: int


class AllowanceSet(Struct, frozen=True, gc=False, array_like=True, tag=36):
    """`destination` may draw up to `amount` minor units from `source`."""

    seq: int
    source: int
    destination: int
    asset: int
    amount: int


class Drawn(Struct, frozen=True, gc=False, array_like=True, tag=37):
    """An account drew from its sibling; `allowance` is what is left of it."""

    seq: int
    source: int
    destination: int
    asset: int
    amount: int
    source_balance: int
    destination_balance: int
    allowance: int


class MarginModeSet(Struct, frozen=True, gc=False, array_like=True, tag=38):
    """The cross pools of an account are margined in this mode."""

    seq: int
    account: int
    mode: MarginMode


class PositionModeSet(Struct, frozen=True, gc=False, array_like=True, tag=39):
    """A position stands on its own, or in the cross pool again.

    `amount` moved with it, `margin` backs it now, `balance` is the cash of the cross pool, all in minor units.
    """

    seq: int
    account: int
    market: int
    isolated: bool
    amount: int
    margin: int
    balance: int


class MarginAdjusted(Struct, frozen=True, gc=False, array_like=True, tag=40):
    """`amount` minor units moved from cash to the margin of an isolated position, or back if negative."""

    seq: int
    account: int
    market: int
    amount: int
    margin: int
    balance: int


class LeverageSet(Struct, frozen=True, gc=False, array_like=True, tag=41):
    """An account's own initial rate in a market (parts per 10^9, 0: none)."""

    seq: int
    account: int
    market: int
    initial_rate: int


class StressSet(Struct, frozen=True, gc=False, array_like=True, tag=42):
    """A market is under stress or no longer; `positions` were isolated by it."""

    seq: int
    market: int
    active: bool
    positions: int


class FundingSettled(Struct, frozen=True, gc=False, array_like=True, tag=43):
    """A market's funding index moved by `price * tick_value * rate` to `whole + fraction / 10^9` minor units a lot."""

    seq: int
    market: int
    price: int
    rate: int
    index_whole: int
    index_fraction: int


class FundingPaid(Struct, frozen=True, gc=False, array_like=True, tag=44):
    """A position settled the funding and the shared losses it owed, from the balance of its pool (minor units)."""

    seq: int
    account: int
    market: int
    funding: int
    loss: int
    balance: int


class GroupSet(Struct, frozen=True, gc=False, array_like=True, tag=45):
    """A market belongs to this group (0: none), and has no scenarios."""

    seq: int
    market: int
    group: int


class BasisSet(Struct, frozen=True, gc=False, array_like=True, tag=46):
    """What a group charges for longs against shorts (parts per 10^9)."""

    seq: int
    group: int
    basis_rate: int


class ScenariosSet(Struct, frozen=True, gc=False, array_like=True, tag=47):
    """A market has `count` scenarios."""

    seq: int
    market: int
    count: int


class ConcentrationSet(Struct, frozen=True, gc=False, array_like=True, tag=48):
    """What portfolio margin charges on a market's notional over a threshold (minor units; parts per 10^9)."""

    seq: int
    market: int
    threshold: int
    rate: int


class CorrelationsSet(Struct, frozen=True, gc=False, array_like=True, tag=49):
    """The correlations of `count` pairs of groups were set, and how far stress moves them."""

    seq: int
    towards_one_rate: int
    towards_zero_rate: int
    count: int


class PortfolioSet(Struct, frozen=True, gc=False, array_like=True, tag=50):
    """What the portfolio pools of a settlement asset share."""

    seq: int
    asset: int
    maintenance_rate: int
    funding_epochs: int


MarginEvent: TypeAlias = (
    FeeTiersSet
    | AccountFeesSet
    | MarketModeSet
    | ScalingSet
    | CapsSet
    | ExposureCapSet
    | LevelsSet
    | CollateralSet
    | CollateralPriceSet
    | PermissionsSet
    | WithdrawalGateSet
    | AllowanceSet
    | Drawn
    | MarginModeSet
    | PositionModeSet
    | MarginAdjusted
    | LeverageSet
    | StressSet
    | FundingSettled
    | FundingPaid
    | GroupSet
    | BasisSet
    | ScenariosSet
    | ConcentrationSet
    | CorrelationsSet
    | PortfolioSet
)
"""Any event of `docs/rules_margin.md`."""

TYPES: Final[tuple[type[MarginEvent], ...]] = (
    FeeTiersSet,
    AccountFeesSet,
    MarketModeSet,
    ScalingSet,
    CapsSet,
    ExposureCapSet,
    LevelsSet,
    CollateralSet,
    CollateralPriceSet,
    PermissionsSet,
    WithdrawalGateSet,
    AllowanceSet,
    Drawn,
    MarginModeSet,
    PositionModeSet,
    MarginAdjusted,
    LeverageSet,
    StressSet,
    FundingSettled,
    FundingPaid,
    GroupSet,
    BasisSet,
    ScenariosSet,
    ConcentrationSet,
    CorrelationsSet,
    PortfolioSet,
)
"""These event types in the order of their tags."""
