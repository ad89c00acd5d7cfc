"""Deposits, withdrawals, transfers, marks: money in, out and across, and the price it is measured at."""

from __future__ import annotations

from . import commands as c
from . import events as e
from .margin import equity, notional_held, requirement
from .refusals import Code, refuse_if
from .state import BALANCE_MAX, Account, State, ceil_div

SUPPLY_MAX = 2**60


def deposit(state: State, command: c.Deposit) -> None:
    """Adds to cash; what is inside the venue stays within a bound that no sum can overflow."""
    asset = state.assets[command.asset]
    refuse_if(command.amount <= 0, Code.AmountNotPositive, command.amount)
    too_much = asset.net_deposits + command.amount > SUPPLY_MAX
    refuse_if(too_much, Code.SupplyLimit, command.amount, asset.net_deposits)
    check_room(state.accounts[command.account], asset=command.asset, amount=command.amount)
    asset.net_deposits += command.amount
    balance = add_cash(state.accounts[command.account], command.asset, command.amount)
    state.emit(e.DEPOSITED, *command, balance)


def withdraw(state: State, command: c.Withdraw) -> None:
    """Takes from cash what the account can spare and the venue holds."""
    refuse_if(command.amount <= 0, Code.AmountNotPositive, command.amount)
    account = state.accounts[command.account]
    check_spare(state, account, asset=command.asset, amount=command.amount)
    held = state.assets[command.asset].net_deposits
    refuse_if(command.amount > held, Code.SupplyLimit, command.amount, held)
    state.assets[command.asset].net_deposits -= command.amount
    balance = add_cash(account, command.asset, -command.amount)
    state.emit(e.WITHDRAWN, *command, balance)


def transfer(state: State, command: c.Transfer) -> None:
    """Moves cash between two accounts of one master; the source must be able to spare it."""
    refuse_if(command.amount <= 0, Code.AmountNotPositive, command.amount)
    refuse_if(command.source == command.destination, Code.SameAccount)
    source, destination = state.accounts[command.source], state.accounts[command.destination]
    refuse_if(source.master != destination.master, Code.NotSameMaster)
    check_spare(state, source, asset=command.asset, amount=command.amount)
    check_room(destination, asset=command.asset, amount=command.amount)
    source_balance = add_cash(source, command.asset, -command.amount)
    destination_balance = add_cash(destination, command.asset, command.amount)
    state.emit(e.TRANSFERRED, *command, source_balance, destination_balance)


def check_spare(state: State, account: Account, *, asset: int, amount: int) -> None:
    """303 and 304: profit not realised is not paid out; what stays covers the requirement and 10 % of the notional."""
    cash = account.cash.get(asset, 0)
    refuse_if(amount > cash, Code.InsufficientBalance, amount, cash)
    equity_after = equity(state, account, asset) - amount
    required = max(requirement(state, account, asset), ceil_div(notional_held(state, account, asset), 10))
    refuse_if(equity_after < required, Code.WithdrawalMargin, equity_after, required)


def check_room(account: Account, *, asset: int, amount: int) -> None:
    """302: a balance that is added to stays within its bound."""
    cash = account.cash.get(asset, 0)
    refuse_if(cash + amount > BALANCE_MAX, Code.SupplyLimit, amount, cash)


def add_cash(account: Account, asset: int, amount: int) -> int:
    """Changes a balance and returns it."""
    account.cash[asset] = account.cash.get(asset, 0) + amount
    return account.cash[asset]


def set_mark(state: State, command: c.SetMark) -> None:
    """Sets the price at which a market's positions are measured."""
    market = state.markets[command.market]
    refuse_if(not 1 <= command.price <= market.price_max, Code.PriceOutOfRange, command.price, market.price_max)
    previous, market.mark = market.mark, command.price
    state.emit(e.MARK_SET, command.market, command.price, previous)
