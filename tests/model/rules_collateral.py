"""Which assets are collateral, and what they are worth."""

from __future__ import annotations

from . import commands as c
from . import events as e
from .refusals import Code, refuse_if
from .rules_schedules import check_fields
from .state import RATE_ONE, Collateral, State

VALUE_MAX = 2**58
SETTLES_A_MARKET, SETTLEMENT_IS_COLLATERAL, HAS_COLLATERAL, COUNTS_ELSEWHERE = 1, 2, 3, 4


def set_collateral(state: State, command: c.SetCollateral) -> None:
    """Makes an asset count towards the pools of another, or changes how; it has no price until one is set."""
    valid = (
        command.settlement != command.asset,
        0 <= command.haircut_rate <= RATE_ONE,
        command.account_cap >= 0,
        command.total_cap >= 0,
        command.price_decimals <= 18,
    )
    check_fields(Code.CollateralInvalid, valid)
    check_conflict(state, command)
    state.assets[command.asset].collateral = Collateral(*command[1:])
    state.emit(e.COLLATERAL_SET, *command)


def check_conflict(state: State, command: c.SetCollateral) -> None:
    """224: money is settled in one kind of asset and backed by another, in one step."""
    present = state.assets[command.asset].collateral
    settles = any(market.settlement == command.asset for market in state.markets.values())
    refuse_if(settles, Code.CollateralConflict, SETTLES_A_MARKET)
    refuse_if(is_collateral(state, command.settlement), Code.CollateralConflict, SETTLEMENT_IS_COLLATERAL)
    others = [asset.collateral for asset in state.assets.values() if asset.collateral is not None]
    backed = any(other.settlement == command.asset for other in others)
    refuse_if(backed, Code.CollateralConflict, HAS_COLLATERAL)
    elsewhere = present is not None and present.settlement != command.settlement
    refuse_if(elsewhere, Code.CollateralConflict, COUNTS_ELSEWHERE)


def is_collateral(state: State, asset: int) -> bool:
    """Whether an asset counts towards the pools of another."""
    return state.assets[asset].collateral is not None


def set_collateral_price(state: State, command: c.SetCollateralPrice) -> None:
    """Sets what collateral is worth, and how far its peg is believed."""
    terms = state.assets[command.asset].collateral
    refuse_if(terms is None, Code.NotCollateral)
    assert terms is not None
    affordable = terms.account_cap * command.price <= VALUE_MAX * 10**terms.price_decimals
    valid = (command.price >= 0 and affordable, 0 <= command.depeg_rate <= RATE_ONE)
    check_fields(Code.CollateralPriceInvalid, valid)
    previous, terms.price, terms.depeg_rate = terms.price, command.price, command.depeg_rate
    state.emit(e.COLLATERAL_PRICE_SET, *command, previous)
