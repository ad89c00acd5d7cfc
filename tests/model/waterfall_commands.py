"""The vocabulary going in, of docs/rules_waterfall.md: one NamedTuple per command, fields in the order of the page."""

from __future__ import annotations

from typing import NamedTuple


class Share(NamedTuple):
    """How many lots one counterparty of a deleveraging closes."""

    account: int
    lots: int


class SetLiquidation(NamedTuple):
    """Replaces the levels and rates by which the pools of an asset are liquidated."""

    asset: int
    first_call_rate: int
    second_call_rate: int
    take_over_rate: int
    adjustment_rate: int
    spread_rate: int
    partial_rate: int
    partial_notional: int
    cooldown_ns: int
    fee_rate: int


class SetVault(NamedTuple):
    """Makes an account a backstop vault of an asset, or no longer."""

    account: int
    asset: int
    exposure_max: int


class SetLiquidator(NamedTuple):
    """Registers an account as a bidder, or no longer."""

    account: int
    registered: bool


class SetInsurance(NamedTuple):
    """Bounds what an insurance fund pays per interval."""

    asset: int
    market: int
    loss_max: int
    interval_ns: int


class FundInsurance(NamedTuple):
    """Moves earned fees, or the cash of an account, into an insurance fund."""

    asset: int
    market: int
    account: int
    amount: int


class Lock(NamedTuple):
    """Locks a pool to reducing."""

    account: int
    asset: int
    market: int


class Release(NamedTuple):
    """Releases a locked pool that has recovered."""

    account: int
    asset: int
    market: int


class CancelIncreasing(NamedTuple):
    """Cancels the open orders of a pool that add risk."""

    account: int
    asset: int
    market: int


class Liquidate(NamedTuple):
    """Reduces a position by an order of the venue, within bounds."""

    account: int
    market: int
    lots: int
    price: int


class Hedge(NamedTuple):
    """Makes a portfolio pool safer by an order of the venue."""

    account: int
    market: int
    side: int
    lots: int
    price: int


class OpenAuction(NamedTuple):
    """Offers a part of a position at a discount that grows."""

    account: int
    market: int
    lots: int
    discount_start_rate: int
    discount_end_rate: int
    duration_ns: int


class Bid(NamedTuple):
    """Takes lots of an auction at its price."""

    account: int
    auction: int
    lots: int
    price: int


class CloseAuction(NamedTuple):
    """Ends an auction."""

    auction: int


class TakeOver(NamedTuple):
    """Moves a part of a position to a vault."""

    account: int
    market: int
    lots: int
    vault: int


class CoverLoss(NamedTuple):
    """Pays a deficit from the insurance fund."""

    account: int
    asset: int
    market: int
    amount: int


class ConvertCollateral(NamedTuple):
    """Sells collateral to the insurance fund."""

    account: int
    asset: int
    amount: int


class Deleverage(NamedTuple):
    """Closes a part of a position against positions of the other side."""

    account: int
    market: int
    lots: int
    counterparties: tuple[Share, ...]


class Socialise(NamedTuple):
    """Shares a deficit among the positions of one side."""

    account: int
    market: int
    side: int
    amount: int


WaterfallCommand = (
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

WATERFALL_TAGS: dict[type, int] = {
    SetLiquidation: 46,
    SetVault: 47,
    SetLiquidator: 48,
    SetInsurance: 49,
    FundInsurance: 50,
    Lock: 51,
    Release: 52,
    CancelIncreasing: 53,
    Liquidate: 54,
    Hedge: 55,
    OpenAuction: 56,
    Bid: 57,
    CloseAuction: 58,
    TakeOver: 59,
    CoverLoss: 60,
    ConvertCollateral: 61,
    Deleverage: 62,
    Socialise: 63,
}
