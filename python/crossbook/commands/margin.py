"""The commands of `docs/rules_margin.md`: fees, caps, collateral, permissions, margin modes, funding, scenarios."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

from crossbook.commands.base import I64, U8, U16, U32, U64, MarginMode, MarketMode, Origin, Scope


class FeeTier(Struct, frozen=True, gc=False, array_like=True):
    """The fee rates of one fee tier (parts per 10^9; negative is a rebate)."""

    maker_rate: I64
    taker_rate: I64


class Correlation(Struct, frozen=True, gc=False, array_like=True):
    """How two groups move together, and how much of one's loss may offset the other's (parts per 10^9)."""

    group_a: U16
    group_b: U16
    correlation_rate: I64
    offset_cap_rate: I64


class SetFeeTiers(Struct, frozen=True, gc=False, array_like=True, tag=21):
    """Set the fee tiers of a market from tier 1 up; tier 0 is SetFees. Operator or policy."""

    market: U16
    tiers: tuple[FeeTier, ...]


class SetAccountFees(Struct, frozen=True, gc=False, array_like=True, tag=22):
    """Put an account into a fee tier, with an extra maker rebate (parts per 10^9). Operator or policy."""

    account: U32
    tier: U8
    maker_rebate_rate: I64


class SetMarketMode(Struct, frozen=True, gc=False, array_like=True, tag=23):
    """Set what a market takes. Operator or policy."""

    market: U16
    mode: MarketMode


class SetScaling(Struct, frozen=True, gc=False, array_like=True, tag=24):
    """Scale a market's requirement with size and with open interest. Operator or policy.

    `size_rate` is the rate per square root of a lot, in parts per 10^9 (0: off). Between `open_interest_lower` and
    `open_interest_upper` lots the rate rises from the first tier's initial rate to one (equal bounds: off).
    """

    market: U16
    size_rate: I64
    open_interest_lower: I64
    open_interest_upper: I64


class SetCaps(Struct, frozen=True, gc=False, array_like=True, tag=25):
    """Cap a market's open interest and one account's share of it. Operator or policy.

    `open_interest_max` in lots (0: none). An account's worst side may not exceed the larger of `concentration_floor`
    lots and `concentration_rate` (parts per 10^9, 0: off) of the open interest.
    """

    market: U16
    open_interest_max: I64
    concentration_rate: I64
    concentration_floor: I64


class SetExposureCap(Struct, frozen=True, gc=False, array_like=True, tag=26):
    """Cap the worst-side notional of an account (0: of all accounts) over a market, group or asset.

    `id` is that of the market, group or asset that `scope` says; `notional_max` in minor units, 0 takes the cap away.
    Operator or policy.
    """

    account: U32
    scope: Scope
    id: U16
    notional_max: I64


class SetLevels(Struct, frozen=True, gc=False, array_like=True, tag=27):
    """Set the margin levels of a settlement asset. Operator or policy.

    `initial_rate` and `transfer_rate` multiply the requirement for placing and for taking money out, `buffer_rate` is
    what a recovered pool has over its maintenance (parts per 10^9); `account_floor` is the least requirement of a pool
    with positions, in minor units.
    """

    asset: U16
    initial_rate: I64
    transfer_rate: I64
    buffer_rate: I64
    account_floor: I64


class SetCollateral(Struct, frozen=True, gc=False, array_like=True, tag=28):
    """Make an asset count as collateral in the pools of a settlement asset. Operator only.

    `haircut_rate` in parts per 10^9; `account_cap` and `total_cap` in minor units of the asset; the collateral price is
    minor units of the settlement asset per 10^`price_decimals` minor units of the asset.
    """

    asset: U16
    settlement: U16
    haircut_rate: I64
    account_cap: I64
    total_cap: I64
    price_decimals: U8


class SetCollateralPrice(Struct, frozen=True, gc=False, array_like=True, tag=29):
    """Set the price of a collateral asset and how far it keeps its peg (parts per 10^9). Oracle, policy or operator."""

    asset: U16
    price: I64
    depeg_rate: I64


class SetPermissions(Struct, frozen=True, gc=False, array_like=True, tag=30):
    """Replace what an account may do. Operator only.

    `markets` are those it may take risk in, `destinations` those it may withdraw to; an empty list permits all. Lists
    rise strictly and have at most 16 entries.
    """

    account: U32
    reduce_only: bool
    no_withdraw: bool
    no_transfer: bool
    markets: tuple[U16, ...]
    destinations: tuple[U64, ...]


class SetWithdrawalGate(Struct, frozen=True, gc=False, array_like=True, tag=31):
    """Close or open the withdrawals of an asset, or limit them to `amount_max` minor units per `interval_ns`.

    An interval of 0 limits nothing. Operator or policy.
    """

    asset: U16
    closed: bool
    interval_ns: U64
    amount_max: I64


class SetAllowance(Struct, frozen=True, gc=False, array_like=True, tag=32):
    """Let `destination` draw up to `amount` minor units from its sibling `source`. Client or operator."""

    source: U32
    destination: U32
    asset: U16
    amount: I64


class Draw(Struct, frozen=True, gc=False, array_like=True, tag=33):
    """Take `amount` minor units from `source`, within its allowance. Client, policy or operator."""

    account: U32
    source: U32
    asset: U16
    amount: I64


class SetMarginMode(Struct, frozen=True, gc=False, array_like=True, tag=34):
    """Choose how the cross pools of an account are margined. Client or operator."""

    account: U32
    mode: MarginMode


class SetPositionMode(Struct, frozen=True, gc=False, array_like=True, tag=35):
    """Isolate the position of an account in a market with `amount` minor units of margin, or join it to the cross pool.

    Client or operator.
    """

    account: U32
    market: U16
    isolated: bool
    amount: I64


class AdjustMargin(Struct, frozen=True, gc=False, array_like=True, tag=36):
    """Move `amount` minor units from cash to the margin of an isolated position, or back if negative.

    Client, policy or operator.
    """

    account: U32
    market: U16
    amount: I64


class SetLeverage(Struct, frozen=True, gc=False, array_like=True, tag=37):
    """Choose an initial rate of one's own for a market (parts per 10^9, 0: none); the stricter rate holds.

    Client or operator.
    """

    account: U32
    market: U16
    initial_rate: I64


class SetStress(Struct, frozen=True, gc=False, array_like=True, tag=38):
    """Put a market under stress, which isolates every position in it, or end the stress. Operator or policy."""

    market: U16
    active: bool


class SettleFunding(Struct, frozen=True, gc=False, array_like=True, tag=39):
    """Add a funding payment of `price` (ticks) times `rate` (parts per 10^9) to a market's index.

    Longs pay shorts if the rate is positive. Operator or policy.
    """

    market: U16
    price: I64
    rate: I64


class SetGroup(Struct, frozen=True, gc=False, array_like=True, tag=40):
    """Put a market into a group of markets on one underlying (0: none), which clears its scenarios.

    Operator or policy.
    """

    market: U16
    group: U16


class SetBasis(Struct, frozen=True, gc=False, array_like=True, tag=41):
    """Set what a group charges for longs against shorts (parts per 10^9). Operator or policy."""

    group: U16
    basis_rate: I64


class SetScenarios(Struct, frozen=True, gc=False, array_like=True, tag=42):
    """Set how many ticks a market's price moves in each scenario; none clears them. Operator or policy."""

    market: U16
    moves: tuple[I64, ...]


class SetConcentration(Struct, frozen=True, gc=False, array_like=True, tag=43):
    """Charge `rate` (parts per 10^9) of the notional over `threshold` minor units in portfolio margin.

    Operator or policy.
    """

    market: U16
    threshold: I64
    rate: I64


class SetCorrelations(Struct, frozen=True, gc=False, array_like=True, tag=44):
    """Replace the correlations of the groups, and how far stress moves them towards one and zero.

    Operator or policy.
    """

    towards_one_rate: I64
    towards_zero_rate: I64
    pairs: tuple[Correlation, ...]


class SetPortfolio(Struct, frozen=True, gc=False, array_like=True, tag=45):
    """Set what portfolio pools of a settlement asset share. Operator or policy.

    `maintenance_rate` is maintenance as a part of the requirement's terms, in parts per 10^9; `funding_epochs` how many
    payments of the last funding rate are provided for.
    """

    asset: U16
    maintenance_rate: I64
    funding_epochs: U32


MarginCommand: TypeAlias = (
    SetFeeTiers
    | SetAccountFees
    | SetMarketMode
    | SetScaling
    | SetCaps
    | SetExposureCap
    | SetLevels
    | SetCollateral
    | SetCollateralPrice
    | SetPermissions
    | SetWithdrawalGate
    | SetAllowance
    | Draw
    | SetMarginMode
    | SetPositionMode
    | AdjustMargin
    | SetLeverage
    | SetStress
    | SettleFunding
    | SetGroup
    | SetBasis
    | SetScenarios
    | SetConcentration
    | SetCorrelations
    | SetPortfolio
)
"""Any command of `docs/rules_margin.md`."""

_CLIENT, _ORACLE, _POLICY, _OPERATOR = Origin

ORIGINS: Final[tuple[tuple[type[MarginCommand], tuple[Origin, ...]], ...]] = (
    (SetFeeTiers, (_POLICY, _OPERATOR)),
    (SetAccountFees, (_POLICY, _OPERATOR)),
    (SetMarketMode, (_POLICY, _OPERATOR)),
    (SetScaling, (_POLICY, _OPERATOR)),
    (SetCaps, (_POLICY, _OPERATOR)),
    (SetExposureCap, (_POLICY, _OPERATOR)),
    (SetLevels, (_POLICY, _OPERATOR)),
    (SetCollateral, (_OPERATOR,)),
    (SetCollateralPrice, (_ORACLE, _POLICY, _OPERATOR)),
    (SetPermissions, (_OPERATOR,)),
    (SetWithdrawalGate, (_POLICY, _OPERATOR)),
    (SetAllowance, (_CLIENT, _OPERATOR)),
    (Draw, (_CLIENT, _POLICY, _OPERATOR)),
    (SetMarginMode, (_CLIENT, _OPERATOR)),
    (SetPositionMode, (_CLIENT, _OPERATOR)),
    (AdjustMargin, (_CLIENT, _POLICY, _OPERATOR)),
    (SetLeverage, (_CLIENT, _OPERATOR)),
    (SetStress, (_POLICY, _OPERATOR)),
    (SettleFunding, (_POLICY, _OPERATOR)),
    (SetGroup, (_POLICY, _OPERATOR)),
    (SetBasis, (_POLICY, _OPERATOR)),
    (SetScenarios, (_POLICY, _OPERATOR)),
    (SetConcentration, (_POLICY, _OPERATOR)),
    (SetCorrelations, (_POLICY, _OPERATOR)),
    (SetPortfolio, (_POLICY, _OPERATOR)),
)
"""The origins that may issue each of these commands, least privileged first, in the order of their tags."""
