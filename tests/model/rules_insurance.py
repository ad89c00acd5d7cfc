"""Who may take over, what insures, and how a fund is filled."""

from __future__ import annotations

from . import commands as c
from . import events as e
from .health import check_fund
from .insurance import add_to_fund, fund_amount
from .permissions import check_may_transfer
from .refusals import Code, refuse_if
from .rules_funding import settle_pool
from .rules_money import check_covered, pool_behind, take_spare
from .standing import Liquidation
from .state import BALANCE_MAX, RATE_ONE, State
from .waterfall_state import Insurance

MULTIPLE_MAX = 10 * RATE_ONE
ADJUSTMENT_MAX = 100 * RATE_ONE
FEE_RATE_MAX = RATE_ONE // 10


def set_liquidation(state: State, command: c.SetLiquidation) -> None:
    """Replaces by what the pools of an asset are called, reduced and taken over."""
    settings = Liquidation(*command[1:])
    called = [rate == 0 or RATE_ONE <= rate <= MULTIPLE_MAX for rate in settings[:2]]
    in_range = [
        called[0],
        called[1] and settings.second_call_rate <= settings.first_call_rate,
        0 <= settings.take_over_rate <= RATE_ONE,
        0 <= settings.adjustment_rate <= ADJUSTMENT_MAX,
        0 <= settings.spread_rate <= RATE_ONE,
        0 <= settings.partial_rate <= RATE_ONE,
        settings.partial_notional >= 0,
        True,  # any cooldown
        0 <= settings.fee_rate <= FEE_RATE_MAX,
    ]
    for position, valid in enumerate(in_range, start=1):
        refuse_if(not valid, Code.LiquidationInvalid, position)
    state.waterfall.liquidation[command.asset] = settings
    state.emit(e.LIQUIDATION_SET, *command)


def set_vault(state: State, command: c.SetVault) -> None:
    """Makes an account a vault of an asset up to an exposure, or no longer one."""
    refuse_if(command.exposure_max < 0, Code.VaultInvalid, command.exposure_max)
    state.waterfall.vaults.pop((command.account, command.asset), None)
    if command.exposure_max > 0:
        state.waterfall.vaults[command.account, command.asset] = command.exposure_max
    state.emit(e.VAULT_SET, *command)


def set_liquidator(state: State, command: c.SetLiquidator) -> None:
    """Registers a bidder, or takes it off the register."""
    registered = command.account in state.waterfall.liquidators
    refuse_if(registered == command.registered, Code.ModeUnchanged)
    if command.registered:
        state.waterfall.liquidators.add(command.account)
    else:
        state.waterfall.liquidators.remove(command.account)
    state.emit(e.LIQUIDATOR_SET, *command)


def set_insurance(state: State, command: c.SetInsurance) -> None:
    """Bounds the losses of a fund; what it has paid in the present window stays counted if the window is the same."""
    check_fund(state, command.asset, command.market)
    refuse_if(command.loss_max < 0, Code.InsuranceInvalid, command.loss_max)
    insurance = state.waterfall.insurance.setdefault((command.asset, command.market), Insurance())
    if insurance.interval_ns != command.interval_ns:
        insurance.window = insurance.paid = 0
    insurance.loss_max, insurance.interval_ns = command.loss_max, command.interval_ns
    state.emit(e.INSURANCE_SET, *command)


def fund_insurance(state: State, command: c.FundInsurance) -> None:
    """Moves earned fees, or money of an account, into a fund."""
    check_fund(state, command.asset, command.market)
    refuse_if(command.amount < 1, Code.AmountNotPositive, command.amount)
    if command.account == 0:
        fees = state.assets[command.asset].fees
        refuse_if(command.amount > fees, Code.InsufficientBalance, command.amount, fees)
    else:
        account = state.accounts[command.account]
        pool = pool_behind(state, account, command.asset)
        check_may_transfer(state, account, pool)
        settlement = settle_pool(state, pool)
        check_covered(account, asset=command.asset, amount=command.amount)
        take_spare(state, settlement, pool, asset=command.asset, amount=command.amount)
    present = fund_amount(state, command.asset, command.market)
    refuse_if(present + command.amount > BALANCE_MAX, Code.SupplyLimit, command.amount, present)
    if command.account == 0:
        state.assets[command.asset].fees -= command.amount
    fund = add_to_fund(state, command.asset, command.market, command.amount)
    state.emit(e.INSURANCE_FUNDED, *command, fund)
