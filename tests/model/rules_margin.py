"""How positions and accounts are margined: isolated or cross, by how much leverage, in which mode.

These commands check what they lead to: world.py runs them on a copy, so a refused one changes nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from . import commands as c
from . import events as e
from .margin import NO_EXPOSURE, exposure, unrealised
from .pools import (
    Pool,
    add_cash,
    balance,
    cross_pool,
    demanded,
    equity,
    exposures,
    forget,
    is_exposed,
    maintenance_of,
    placing_level,
    pool_of,
    requirement,
    settled_balance,
)
from .refusals import Code, refuse_if
from .rules_funding import check_settled, settle_one, settle_pool, settle_position
from .rules_money import check_transfer_level
from .settlement import drop_blank
from .state import BALANCE_MAX, RATE_ONE, Account, Market, Position, State


def pools_of_position(state: State, account: Account, market: Market) -> tuple[Pool, Pool]:
    """The cross pool that a position can stand in, and the isolated pool."""
    return cross_pool(account, market.settlement), Pool(account.account, market.settlement, market.market)


def check_placing_level(state: State, pool: Pool) -> None:
    """414: the pool, as it stands now, could place an order."""
    required, worth = placing_level(state, pool, requirement(state, pool)), equity(state, pool)
    refuse_if(worth < required, Code.MarginInsufficient, required, worth)


class Change(NamedTuple):
    """What a balance is changed by besides settling, what it was before, and what it is then."""

    amount: int
    before: int
    after: int


def change_of(state: State, pool: Pool, amount: int) -> Change:
    """The change of a pool's balance, looked at before anything is settled."""
    return Change(amount, balance(state, pool), settled_balance(state, pool) + amount)


def check_changes(*changes: Change) -> None:
    """302: each balance, settled and changed, is within its limit."""
    for change in changes:
        refuse_if(abs(change.after) > BALANCE_MAX, Code.SupplyLimit, change.amount, change.before)


def set_position_mode(state: State, command: c.SetPositionMode) -> None:
    """Isolates a position, or returns it to the cross pool."""
    account, market = state.accounts[command.account], state.markets[command.market]
    position = account.positions.setdefault(market.market, Position())
    refuse_if(position.isolated == command.isolated, Code.ModeUnchanged)
    if command.isolated:
        moved = isolate(state, account, market, amount=command.amount)
    else:
        moved = -return_to_cross(state, account, market, amount=command.amount)
    told = (command.isolated, moved, position.margin, account.cash.get(market.settlement, 0))
    state.emit(e.POSITION_MODE_SET, command.account, command.market, *told)
    drop_blank(account, market.market)


def isolate(state: State, account: Account, market: Market, *, amount: int) -> int:
    """Backs a position with cash of its own; what is left behind must be able to spare it."""
    cross, isolated = pools_of_position(state, account, market)
    refuse_if(amount < 0, Code.AmountNotPositive, amount)
    settled = settled_balance(state, cross)
    refuse_if(amount > settled, Code.InsufficientBalance, amount, settled)
    changes = change_of(state, cross, -amount), change_of(state, isolated, amount)
    settle_position(state, account, market.market)
    if amount > 0:
        settle_pool(state, cross)
    shift(state, account, market, amount)
    account.positions[market.market].isolated = True
    check_placing_level(state, isolated)
    if amount > 0 or is_exposed(state, isolated):
        check_transfer_level(state, cross)
    check_changes(*changes)
    return amount


def return_to_cross(state: State, account: Account, market: Market, *, amount: int) -> int:
    """Puts a position and its margin back into the cross pool, which then must be able to let money go."""
    cross, isolated = pools_of_position(state, account, market)
    refuse_if(amount != 0, Code.AmountNotPositive, amount)
    refuse_if(market.stress and is_exposed(state, isolated), Code.StressIsolated, market.market)
    settle_pool(state, isolated)
    margin = balance(state, isolated)
    check_changes(change_of(state, isolated, -margin), change_of(state, cross, margin))
    if margin != 0:
        settle_pool(state, cross)
    add_cash(state, account, market.settlement, margin)
    position = account.positions[market.market]
    position.isolated, position.margin, position.margin_changed = False, 0, 0
    forget(state, isolated)
    check_transfer_level(state, cross)
    return margin


def shift(state: State, account: Account, market: Market, amount: int) -> None:
    """Moves an amount from cash to the margin of a position, or back if negative."""
    if amount != 0:
        add_cash(state, account, market.settlement, -amount)
    position = account.positions[market.market]
    position.margin += amount
    position.margin_changed = state.seq


def adjust_margin(state: State, command: c.AdjustMargin) -> None:
    """Moves cash to the margin of an isolated position, or back; either pool must be able to spare it."""
    account, market, amount = state.accounts[command.account], state.markets[command.market], command.amount
    position = account.positions.get(market.market, Position())
    refuse_if(not position.isolated, Code.NotIsolated)
    refuse_if(amount == 0, Code.AmountNotPositive, amount)
    cross, isolated = pools_of_position(state, account, market)
    changes = change_of(state, cross, -amount), change_of(state, isolated, amount)
    settle_pool(state, isolated)
    settle_pool(state, cross)
    giver = cross if amount > 0 else isolated
    refuse_if(abs(amount) > balance(state, giver), Code.InsufficientBalance, abs(amount), balance(state, giver))
    shift(state, account, market, amount)
    check_transfer_level(state, giver)
    check_changes(*changes)
    told = (position.margin, account.cash.get(market.settlement, 0))
    state.emit(e.MARGIN_ADJUSTED, *command, *told)


def set_leverage(state: State, command: c.SetLeverage) -> None:
    """Sets the initial rate that a position must meet at least; a pool that needs more by it must have it."""
    refuse_if(not 0 <= command.initial_rate <= RATE_ONE, Code.LeverageInvalid, command.initial_rate)
    account = state.accounts[command.account]
    position = account.positions.setdefault(command.market, Position())
    refuse_if(position.initial_rate == command.initial_rate, Code.ModeUnchanged)
    pool = pool_of(state, account, command.market)
    before = demanded(state, pool, exposures(state, pool))
    position.initial_rate = command.initial_rate
    if demanded(state, pool, exposures(state, pool)) > before:
        check_placing_level(state, pool)
    drop_blank(account, command.market)
    state.emit(e.LEVERAGE_SET, *command)


def set_margin_mode(state: State, command: c.SetMarginMode) -> None:
    """Switches an account's cross pools to another way of margining; each that is exposed must be able to place."""
    account = state.accounts[command.account]
    refuse_if(account.margin_mode == command.mode, Code.ModeUnchanged)
    account.margin_mode = command.mode
    for asset in sorted(state.assets):
        if is_exposed(state, cross_pool(account, asset)):
            check_placing_level(state, cross_pool(account, asset))
    state.emit(e.MARGIN_MODE_SET, *command)


def set_stress(state: State, command: c.SetStress) -> None:
    """Isolates every exposed position of a market from its cross pool; ending stress returns none of them."""
    market = state.markets[command.market]
    refuse_if(market.stress == command.active, Code.ModeUnchanged)
    isolated = 0
    for _, account in sorted(state.accounts.items()):
        exposed = exposure(account, market.market) != NO_EXPOSURE
        if command.active and exposed and not account.positions.get(market.market, Position()).isolated:
            isolate_by_stress(state, account, market)
            isolated += 1
    market.stress = command.active
    state.emit(e.STRESS_SET, *command, isolated)


def isolate_by_stress(state: State, account: Account, market: Market) -> None:
    """Gives a position what it has lost, and what it needs to stand on its own if the rest keeps its maintenance."""
    cross, isolated = pools_of_position(state, account, market)
    position = account.positions.setdefault(market.market, Position())
    check_settled(settle_one(state, account, market.market))
    rest = {other: shown for other, shown in exposures(state, cross).items() if other != market.market}
    profit = unrealised(market, position)
    left = equity(state, cross) - profit
    spare = max(left - maintenance_of(state, cross, rest), min(left, -profit))
    needed = demanded(state, isolated, {market.market: exposure(account, market.market)}) - profit
    moved = max(0, min(needed, spare, balance(state, cross) + BALANCE_MAX))
    shift(state, account, market, moved)
    position.isolated = True
    told = (True, moved, position.margin, account.cash.get(market.settlement, 0))
    state.emit(e.POSITION_MODE_SET, account.account, market.market, *told)
