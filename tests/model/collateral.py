"""Assets that count towards the pools of another."""

from __future__ import annotations

from .state import RATE_ONE, Account, Asset, Collateral, State


def collateral_value(state: State, account: Account, settlement: int) -> int:
    """What an account's collateral adds to its cross pool of a settlement asset."""
    return sum(
        value_of(asset, account.cash.get(asset.asset, 0))
        for asset in state.assets.values()
        if asset.collateral is not None and asset.collateral.settlement == settlement
    )


def value_of(asset: Asset, balance: int) -> int:
    """What a balance of collateral is worth in its settlement asset, every step rounded down."""
    terms = asset.collateral
    assert terms is not None
    return exchanged(terms, min(max(balance, 0), terms.account_cap))


def exchanged(terms: Collateral, amount: int) -> int:
    """What an amount of collateral is worth, whatever the cap."""
    weight = (RATE_ONE - terms.haircut_rate) * terms.depeg_rate // RATE_ONE
    return amount * terms.price // 10**terms.price_decimals * weight // RATE_ONE


def is_convertible(state: State, account: Account, settlement: int) -> bool:
    """Whether the account has collateral for a settlement asset that is worth anything."""
    return any(
        asset.collateral is not None
        and asset.collateral.settlement == settlement
        and exchanged(asset.collateral, max(0, account.cash.get(asset.asset, 0))) >= 1
        for asset in state.assets.values()
    )
