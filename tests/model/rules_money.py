"""Deposits, withdrawals, transfers, draws, marks: money in, out and across, and the price it is measured at.

What settles first may still be refused: world.py runs these commands on a copy, so a refused one changes nothing.
"""

from __future__ import annotations

from . import commands as c
from . import events as e
from .grades import check_margin_grades
from .permissions import check_may_transfer, check_may_withdraw
from .pools import Pool, add_cash, cross_pool, equity, transfer_level
from .refusals import Code, refuse_if
from .rules_funding import Settlement, check_settled, settle_pool
from .state import BALANCE_MAX, Account, Gate, State

SUPPLY_MAX = 2**60


def deposit(state: State, command: c.Deposit) -> None:
    """Adds to cash; what is inside the venue stays within a bound that no sum can overflow."""
    asset = state.assets[command.asset]
    refuse_if(command.amount <= 0, Code.AmountNotPositive, command.amount)
    after = asset.net_deposits + command.amount
    refuse_if(after > SUPPLY_MAX, Code.SupplyLimit, command.amount, asset.net_deposits)
    check_room(state.accounts[command.account], asset=command.asset, amount=command.amount)
    if asset.collateral is not None:
        refuse_if(after > asset.collateral.total_cap, Code.CollateralCap, after, asset.collateral.total_cap)
    asset.net_deposits += command.amount
    balance = add_cash(state, state.accounts[command.account], command.asset, command.amount)
    state.emit(e.DEPOSITED, *command, balance)


def withdraw(state: State, command: c.Withdraw) -> None:
    """Takes from cash what the account can spare, the gate lets through and the venue holds."""
    refuse_if(command.amount <= 0, Code.AmountNotPositive, command.amount)
    account, asset = state.accounts[command.account], state.assets[command.asset]
    check_may_withdraw(state, account, pool_behind(state, account, command.asset), command.destination)
    check_gate(state, asset.gate, command.amount)
    balance = take_out(state, account, asset=command.asset, amount=command.amount)
    refuse_if(command.amount > asset.net_deposits, Code.SupplyLimit, command.amount, asset.net_deposits)
    asset.net_deposits -= command.amount
    count_at_gate(state, asset.gate, command.amount)
    state.emit(e.WITHDRAWN, command.account, command.asset, command.amount, balance)


def check_gate(state: State, gate: Gate, amount: int) -> None:
    """309: the gate is open, and this much is left of its present window."""
    refuse_if(gate.closed, Code.WithdrawalGate, amount)
    if gate.interval_ns > 0:
        counted = gate.withdrawn if gate.window == state.time // gate.interval_ns else 0
        left = max(0, gate.amount_max - counted)
        refuse_if(amount > left, Code.WithdrawalGate, amount, left)


def count_at_gate(state: State, gate: Gate, amount: int) -> None:
    """Remembers what left in the present window; a gate without windows counts none."""
    if gate.interval_ns == 0:
        return
    window = state.time // gate.interval_ns
    if gate.window != window:
        gate.window, gate.withdrawn = window, 0
    gate.withdrawn += amount


def transfer(state: State, command: c.Transfer) -> None:
    """Moves cash between two accounts of one master; the source must be able to spare it."""
    refuse_if(command.amount <= 0, Code.AmountNotPositive, command.amount)
    check_siblings(state, command.source, command.destination)
    balances = move_cash(state, command.source, command.destination, asset=command.asset, amount=command.amount)
    state.emit(e.TRANSFERRED, *command, *balances)


def set_allowance(state: State, command: c.SetAllowance) -> None:
    """Lets a sibling draw on an account, up to an amount."""
    refuse_if(command.amount < 0, Code.AmountNotPositive, command.amount)
    check_siblings(state, command.source, command.destination)
    allow(state, command.source, command.destination, asset=command.asset, amount=command.amount)
    state.emit(e.ALLOWANCE_SET, *command)


def allow(state: State, source: int, destination: int, *, asset: int, amount: int) -> None:
    """Sets what may still be drawn; an allowance of nothing is none."""
    allowances = state.accounts[source].allowances
    allowances[destination, asset] = amount
    if amount == 0:
        del allowances[destination, asset]


def draw(state: State, command: c.Draw) -> None:
    """Takes cash from a sibling, as far as it has allowed it; the allowance is used up by it."""
    refuse_if(command.amount <= 0, Code.AmountNotPositive, command.amount)
    check_siblings(state, command.source, command.account)
    allowed = state.accounts[command.source].allowances.get((command.account, command.asset), 0)
    refuse_if(command.amount > allowed, Code.AllowanceExceeded, command.amount, allowed)
    balances = move_cash(state, command.source, command.account, asset=command.asset, amount=command.amount)
    left = allowed - command.amount
    allow(state, command.source, command.account, asset=command.asset, amount=left)
    state.emit(e.DRAWN, command.source, command.account, command.asset, command.amount, *balances, left)


def check_siblings(state: State, source: int, destination: int) -> None:
    """305 and 306: two accounts of one master."""
    refuse_if(source == destination, Code.SameAccount)
    refuse_if(state.accounts[source].master != state.accounts[destination].master, Code.NotSameMaster)


def pool_behind(state: State, account: Account, asset: int) -> Pool:
    """The pool that a balance stands in: for collateral that of its settlement asset."""
    collateral = state.assets[asset].collateral
    return cross_pool(account, collateral.settlement if collateral else asset)


def move_cash(state: State, source: int, destination: int, *, asset: int, amount: int) -> tuple[int, int]:
    """310, 303, 434, 304, 302: moves cash that the source may and can spare; returns both balances."""
    giver, taker = state.accounts[source], state.accounts[destination]
    check_may_transfer(state, giver, pool_behind(state, giver, asset))
    source_balance = take_out(state, giver, asset=asset, amount=amount)
    check_room(taker, asset=asset, amount=amount)
    return source_balance, add_cash(state, taker, asset, amount)


def take_out(state: State, account: Account, *, asset: int, amount: int) -> int:
    """303, 434, 304 and 302 of the settlement: settles the pool, then takes what it can spare; returns the balance."""
    pool = pool_behind(state, account, asset)
    settlement = settle_pool(state, pool)
    check_covered(account, asset=asset, amount=amount)
    check_margin_grades(state, pool)
    return take_spare(state, settlement, pool, asset=asset, amount=amount)


def check_covered(account: Account, *, asset: int, amount: int) -> None:
    """303: the balance covers an amount; profit that is not realised is not paid out."""
    cash = account.cash.get(asset, 0)
    refuse_if(amount > cash, Code.InsufficientBalance, amount, cash)


def take_spare(state: State, settlement: Settlement, pool: Pool, *, asset: int, amount: int) -> int:
    """304 and 302 of the settlement: takes cash of a pool that stays at the transfer level; returns the balance."""
    account = state.accounts[pool.account]
    left = add_cash(state, account, asset, -amount)
    check_transfer_level(state, pool)
    check_settled(settlement)
    return left


def check_transfer_level(state: State, pool: Pool) -> None:
    """304: the pool, as it stands now, could let money go."""
    worth, level = equity(state, pool), transfer_level(state, pool)
    refuse_if(worth < level, Code.WithdrawalMargin, worth, level)


def check_room(account: Account, *, asset: int, amount: int) -> None:
    """302: a balance that is added to stays within its bound."""
    cash = account.cash.get(asset, 0)
    refuse_if(cash + amount > BALANCE_MAX, Code.SupplyLimit, amount, cash)


def set_mark(state: State, command: c.SetMark) -> None:
    """Sets the price at which a market's positions are measured."""
    market = state.markets[command.market]
    refuse_if(not 1 <= command.price <= market.price_max, Code.PriceOutOfRange, command.price, market.price_max)
    previous, market.mark = market.mark, command.price
    state.emit(e.MARK_SET, command.market, command.price, previous)
