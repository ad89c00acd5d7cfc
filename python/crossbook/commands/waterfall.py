"""The commands of `docs/rules_waterfall.md`: liquidation settings, vaults, insurance, the waterfall."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

from crossbook.commands.base import I64, U16, U32, U64, Origin, Side


class Allocation(Struct, frozen=True, gc=False, array_like=True):
    """One counterparty of a deleveraging, and how many lots of its position are closed."""

    account: U32
    lots: I64


class SetLiquidation(Struct, frozen=True, gc=False, array_like=True, tag=46):
    """Set when pools of a settlement asset are called, liquidated and taken over, and how. Operator or policy.

    The calls and `take_over_rate` are parts per 10^9 of maintenance (a call of 0: none). `adjustment_rate` and
    `spread_rate` set how far from the mark a reduction may trade, `partial_rate` and `partial_notional` (minor units)
    how much of a large position is reduced at a time, `cooldown_ns` how long until the next time, `fee_rate` what of
    the filled value goes to the insurance fund.
    """

    asset: U16
    first_call_rate: I64
    second_call_rate: I64
    take_over_rate: I64
    adjustment_rate: I64
    spread_rate: I64
    partial_rate: I64
    partial_notional: I64
    cooldown_ns: U64
    fee_rate: I64


class SetVault(Struct, frozen=True, gc=False, array_like=True, tag=47):
    """Make an account a vault that may take positions over, up to `exposure_max` minor units (0: no vault).

    Operator only.
    """

    account: U32
    asset: U16
    exposure_max: I64


class SetLiquidator(Struct, frozen=True, gc=False, array_like=True, tag=48):
    """Register an account as a bidder in auctions, or end that. Operator only."""

    account: U32
    registered: bool


class SetInsurance(Struct, frozen=True, gc=False, array_like=True, tag=49):
    """Limit what an insurance fund pays to `loss_max` minor units per `interval_ns` (0: no limit).

    `market` 0 is the fund of the asset's cross pools, another the fund of that market's isolated pools. Operator or
    policy.
    """

    asset: U16
    market: U16
    loss_max: I64
    interval_ns: U64


class FundInsurance(Struct, frozen=True, gc=False, array_like=True, tag=50):
    """Pay `amount` minor units into an insurance fund, from an account or (0) from the asset's fees.

    Operator or policy.
    """

    asset: U16
    market: U16
    account: U32
    amount: I64


class Lock(Struct, frozen=True, gc=False, array_like=True, tag=51):
    """Lock a pool that is below its maintenance to reducing. Policy or operator."""

    account: U32
    asset: U16
    market: U16


class Release(Struct, frozen=True, gc=False, array_like=True, tag=52):
    """Unlock a pool that has recovered. Policy or operator."""

    account: U32
    asset: U16
    market: U16


class CancelIncreasing(Struct, frozen=True, gc=False, array_like=True, tag=53):
    """Cancel the orders of a pool in need that could increase its risk. Policy or operator."""

    account: U32
    asset: U16
    market: U16


class Liquidate(Struct, frozen=True, gc=False, array_like=True, tag=54):
    """Reduce a position of a pool in need, by a bounded order in the book. Policy or operator.

    `lots` 0: as many as allowed; `price` 0: the fillable price, else ticks not worse than it.
    """

    account: U32
    market: U16
    lots: I64
    price: I64


class Hedge(Struct, frozen=True, gc=False, array_like=True, tag=55):
    """Trade for a portfolio pool in need so that its risk falls. Policy or operator.

    `price` in ticks, 0: the default bound of a market order.
    """

    account: U32
    market: U16
    side: Side
    lots: I64
    price: I64


class OpenAuction(Struct, frozen=True, gc=False, array_like=True, tag=56):
    """Offer a part of a position in need to registered liquidators. Policy or operator.

    The discount to the mark runs from `discount_start_rate` to `discount_end_rate` (parts per 10^9) in `duration_ns`.
    """

    account: U32
    market: U16
    lots: I64
    discount_start_rate: I64
    discount_end_rate: I64
    duration_ns: U64


class Bid(Struct, frozen=True, gc=False, array_like=True, tag=57):
    """Take lots of an auction at its present price, if that is not worse than `price` (ticks, 0: any).

    Client, policy or operator.
    """

    account: U32
    auction: U64
    lots: I64
    price: I64


class CloseAuction(Struct, frozen=True, gc=False, array_like=True, tag=58):
    """End an auction. Policy or operator."""

    auction: U64


class TakeOver(Struct, frozen=True, gc=False, array_like=True, tag=59):
    """Move `lots` (0: all) of a failing pool's position to a vault at their bankruptcy value. Policy or operator."""

    account: U32
    market: U16
    lots: I64
    vault: U32


class CoverLoss(Struct, frozen=True, gc=False, array_like=True, tag=60):
    """Pay a pool's deficit from its insurance fund: `amount` minor units, 0 for all that is usable.

    Policy or operator.
    """

    account: U32
    asset: U16
    market: U16
    amount: I64


class ConvertCollateral(Struct, frozen=True, gc=False, array_like=True, tag=61):
    """Sell `amount` minor units of an account's collateral to the insurance fund, to pay its debt.

    Policy or operator.
    """

    account: U32
    asset: U16
    amount: I64


class Deleverage(Struct, frozen=True, gc=False, array_like=True, tag=62):
    """Close `lots` of a failing pool's position against the named counterparties. Policy or operator."""

    account: U32
    market: U16
    lots: I64
    counterparties: tuple[Allocation, ...]


class Socialise(Struct, frozen=True, gc=False, array_like=True, tag=63):
    """Share a deficit among the positions on one side of a market: `amount` minor units, 0 for all of it.

    Policy or operator.
    """

    account: U32
    market: U16
    side: Side
    amount: I64


WaterfallCommand: TypeAlias = (
    SetLiquidation
    | SetVault
    | SetLiquidator
    | SetInsurance
    | FundInsurance
    | Lock
    | Release
    | CancelIncreasing
    | Liquidate
    | Hedge
    | OpenAuction
    | Bid
    | CloseAuction
    | TakeOver
    | CoverLoss
    | ConvertCollateral
    | Deleverage
    | Socialise
)
"""Any command of `docs/rules_waterfall.md`."""

_CLIENT, _, _POLICY, _OPERATOR = Origin

ORIGINS: Final[tuple[tuple[type[WaterfallCommand], tuple[Origin, ...]], ...]] = (
    (SetLiquidation, (_POLICY, _OPERATOR)),
    (SetVault, (_OPERATOR,)),
    (SetLiquidator, (_OPERATOR,)),
    (SetInsurance, (_POLICY, _OPERATOR)),
    (FundInsurance, (_POLICY, _OPERATOR)),
    (Lock, (_POLICY, _OPERATOR)),
    (Release, (_POLICY, _OPERATOR)),
    (CancelIncreasing, (_POLICY, _OPERATOR)),
    (Liquidate, (_POLICY, _OPERATOR)),
    (Hedge, (_POLICY, _OPERATOR)),
    (OpenAuction, (_POLICY, _OPERATOR)),
    (Bid, (_CLIENT, _POLICY, _OPERATOR)),
    (CloseAuction, (_POLICY, _OPERATOR)),
    (TakeOver, (_POLICY, _OPERATOR)),
    (CoverLoss, (_POLICY, _OPERATOR)),
    (ConvertCollateral, (_POLICY, _OPERATOR)),
    (Deleverage, (_POLICY, _OPERATOR)),
    (Socialise, (_POLICY, _OPERATOR)),
)
"""The origins that may issue each of these commands, least privileged first, in the order of their tags."""
