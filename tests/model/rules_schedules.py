"""What is set per market, asset and account besides the first page: fees, scaling, caps, levels, permissions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import commands as c
from . import events as e
from .refusals import Code, Refused, refuse_if
from .rules_admin import FEE_RATE_MAX
from .state import RATE_ONE, Levels, State

FEE_TIERS_MAX = 16
LIST_MAX = 16
FLOOR_MAX = 2**58


def check_fields(code: Code, valid: Iterable[bool]) -> None:
    """Refuses with the position, from 1, of the first field that is out of range."""
    for position, in_range in enumerate(valid, start=1):
        refuse_if(not in_range, code, position)


def set_fee_tiers(state: State, command: c.SetFeeTiers) -> None:
    """Replaces the fee tiers; no two tiers of which one pays the other may cost the venue money."""
    market = state.markets[command.market]
    refuse_if(len(command.tiers) > FEE_TIERS_MAX, Code.FeeTiersInvalid)
    every = [c.FeeTier(market.maker_rate, market.taker_rate), *command.tiers]
    lowest_maker, lowest_taker = (min(rates) for rates in zip(*every, strict=True))
    for number, (maker, taker) in enumerate(command.tiers, start=1):
        beyond = abs(maker) > FEE_RATE_MAX or abs(taker) > FEE_RATE_MAX
        costs = maker + lowest_taker < 0 or taker + lowest_maker < 0
        refuse_if(beyond or costs, Code.FeeTiersInvalid, number)
    market.fee_tiers = command.tiers
    state.emit(e.FEE_TIERS_SET, command.market, len(command.tiers))


def set_account_fees(state: State, command: c.SetAccountFees) -> None:
    """Replaces an account's tier and its rebate as a maker."""
    valid = (command.tier <= FEE_TIERS_MAX, 0 <= command.maker_rebate_rate <= FEE_RATE_MAX)
    check_fields(Code.AccountFeesInvalid, valid)
    account = state.accounts[command.account]
    account.fee_tier, account.maker_rebate_rate = command.tier, command.maker_rebate_rate
    state.emit(e.ACCOUNT_FEES_SET, *command)


def set_market_mode(state: State, command: c.SetMarketMode) -> None:
    """Switches what a market takes; what rests in it stays."""
    market = state.markets[command.market]
    refuse_if(market.mode == command.mode, Code.ModeUnchanged)
    previous, market.mode = market.mode, command.mode
    state.emit(e.MARKET_MODE_SET, command.market, command.mode, previous)


def set_scaling(state: State, command: c.SetScaling) -> None:
    """Replaces by what the initial rate rises."""
    valid = (
        0 <= command.size_rate <= RATE_ONE,
        command.open_interest_lower >= 0,
        command.open_interest_upper >= command.open_interest_lower,
    )
    check_fields(Code.ScalingInvalid, valid)
    market = state.markets[command.market]
    market.size_rate = command.size_rate
    market.open_interest_lower = command.open_interest_lower
    market.open_interest_upper = command.open_interest_upper
    state.emit(e.SCALING_SET, *command)


def set_caps(state: State, command: c.SetCaps) -> None:
    """Replaces the bounds of a market's open interest and of one account's share of it."""
    valid = (
        command.open_interest_max >= 0,
        0 <= command.concentration_rate <= RATE_ONE,
        command.concentration_floor >= 0,
    )
    check_fields(Code.CapsInvalid, valid)
    market = state.markets[command.market]
    market.open_interest_max = command.open_interest_max
    market.concentration_rate = command.concentration_rate
    market.concentration_floor = command.concentration_floor
    state.emit(e.CAPS_SET, *command)


def set_exposure_cap(state: State, command: c.SetExposureCap) -> None:
    """Bounds notional; a cap of nothing is none."""
    refuse_if(command.notional_max < 0, Code.ExposureCapInvalid, command.notional_max)
    key = (command.account, command.scope, command.id)
    state.exposure_caps[key] = command.notional_max
    if command.notional_max == 0:
        del state.exposure_caps[key]
    state.emit(e.EXPOSURE_CAP_SET, *command)


def set_levels(state: State, command: c.SetLevels) -> None:
    """Replaces the factors between requirement and levels."""
    valid = (
        RATE_ONE <= command.initial_rate <= 10 * RATE_ONE,
        RATE_ONE <= command.transfer_rate <= 10 * RATE_ONE,
        0 <= command.buffer_rate <= 10 * RATE_ONE,
        0 <= command.account_floor <= FLOOR_MAX,
    )
    check_fields(Code.LevelsInvalid, valid)
    state.assets[command.asset].levels = Levels(*command[1:])
    state.emit(e.LEVELS_SET, *command)


def check_list(position: int, entries: Sequence[int]) -> None:
    """226: at most sixteen entries, strictly increasing."""
    refuse_if(len(entries) > LIST_MAX, Code.PermissionsInvalid, position)
    for number in range(1, len(entries)):
        if entries[number] <= entries[number - 1]:
            raise Refused(Code.PermissionsInvalid, position, number + 1)


def set_permissions(state: State, command: c.SetPermissions) -> None:
    """Replaces what an account may do."""
    check_list(4, command.markets)
    check_list(5, command.destinations)
    for market in command.markets:
        refuse_if(market not in state.markets, Code.UnknownMarket, market)
    account = state.accounts[command.account]
    account.reduce_only = command.reduce_only
    account.no_withdraw = command.no_withdraw
    account.no_transfer = command.no_transfer
    account.markets = tuple(command.markets)
    account.destinations = tuple(command.destinations)
    flags = (command.reduce_only, command.no_withdraw, command.no_transfer)
    counts = (len(command.markets), len(command.destinations))
    state.emit(e.PERMISSIONS_SET, command.account, *flags, *counts)


def set_withdrawal_gate(state: State, command: c.SetWithdrawalGate) -> None:
    """Opens, closes or narrows the gate; what was counted in the present window stays counted."""
    check_fields(Code.GateInvalid, (True, True, command.amount_max >= 0))
    gate = state.assets[command.asset].gate
    gate.closed, gate.interval_ns, gate.amount_max = command.closed, command.interval_ns, command.amount_max
    state.emit(e.WITHDRAWAL_GATE_SET, *command)
