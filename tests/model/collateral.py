"""Assets that count towards the pools of another."""

from __future__ import annotations

from .state import RATE_ONE, Account, Asset, State


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
    counted = min(max(balance, 0), terms.account_cap)
    weight = (RATE_ONE - terms.haircut_rate) * terms.depeg_rate // RATE_ONE
    return counted * terms.price // 10**terms.price_decimals * weight // RATE_ONE
