"""The last rungs: a debt without positions is paid by collateral, by insurance, or by those who have won."""

from __future__ import annotations

from . import commands as c
from . import events as e
from .collateral import exchanged
from .health import check_in_deficit, check_in_need, check_ready, check_within_balance_limit, is_flat, named_pool
from .insurance import pay, usable
from .margin import open_interest
from .pools import add_cash, add_to_balance, balance, cross_pool, pool_of
from .refusals import Code, refuse_if
from .rules_funding import FUNDING_MAX, collect
from .state import RATE_ONE, State, ceil_div


def cover_loss(state: State, command: c.CoverLoss) -> None:
    """The insurance fund of a pool pays its debt, or as much as it may."""
    pool = named_pool(state, command.account, command.asset, command.market)
    debt = check_in_deficit(state, pool)
    refuse_if(command.amount < 0, Code.AmountNotPositive, command.amount)
    refuse_if(command.amount > debt, Code.AmountTooLarge, command.amount, debt)
    available = usable(state, pool)
    amount = command.amount or min(debt, available)
    refuse_if(amount < 1 or amount > available, Code.InsuranceExhausted, command.amount, available)
    check_within_balance_limit(balance(state, pool), amount)
    add_to_balance(state, pool, amount)
    fund = pay(state, pool, amount)
    state.emit(e.LOSS_COVERED, *pool, amount, fund)


def convert_collateral(state: State, command: c.ConvertCollateral) -> None:
    """The settlement asset's insurance buys collateral of an account that owes cash, at its value."""
    asset, account = state.assets[command.asset], state.accounts[command.account]
    refuse_if(asset.collateral is None, Code.NotCollateral)
    assert asset.collateral is not None
    settlement = asset.collateral.settlement
    pool = cross_pool(account, settlement)
    debt = -balance(state, pool)
    refuse_if(debt <= 0, Code.NoDebt, -debt)
    if not is_flat(state, pool):
        check_in_need(state, pool)
    worthless = command.amount < 1 or exchanged(asset.collateral, command.amount) < 1
    refuse_if(worthless, Code.AmountNotPositive, command.amount)
    held = account.cash.get(command.asset, 0)
    refuse_if(command.amount > held, Code.InsufficientBalance, command.amount, held)
    enough = exchanged(asset.collateral, command.amount - 1) >= debt
    refuse_if(enough, Code.AmountTooLarge, command.amount, debt)
    value, fund = exchanged(asset.collateral, command.amount), state.assets[settlement].insurance
    refuse_if(value > fund, Code.InsuranceExhausted, value, fund)
    add_cash(state, account, command.asset, -command.amount)
    asset.insurance += command.amount
    state.assets[settlement].insurance -= value
    add_to_balance(state, pool, value)
    state.emit(e.COLLATERAL_CONVERTED, command.account, command.asset, command.amount, settlement, value)


def socialise(state: State, command: c.Socialise) -> None:
    """Every position on a side of the market owes its part of a debt that no insurance can pay."""
    account, market = state.accounts[command.account], state.markets[command.market]
    check_ready(market)
    pool = pool_of(state, account, command.market)
    debt = check_in_deficit(state, pool)
    refuse_if(command.amount < 0, Code.AmountNotPositive, command.amount)
    refuse_if(command.amount > debt, Code.AmountTooLarge, command.amount, debt)
    available = usable(state, pool)
    refuse_if(available > 0, Code.InsuranceFirst, available)
    amount, interest = command.amount or debt, open_interest(state, command.market)
    shareable = interest * market.mark * market.tick_value
    refuse_if(interest == 0 or amount > shareable, Code.NobodyToShare, amount, shareable)
    per_lot = ceil_div(amount * RATE_ONE, interest)
    index = market.loss_index[command.side] + per_lot
    refuse_if(index * market.position_max > FUNDING_MAX * RATE_ONE, Code.FundingLimit)
    check_within_balance_limit(balance(state, pool), amount)
    add_to_balance(state, pool, amount)
    market.loss_index[command.side] = index
    market.clearing -= interest * per_lot
    collect(state, command.market, interest * per_lot - amount * RATE_ONE)
    named = (command.account, pool.asset, command.market)
    state.emit(e.LOSS_SOCIALISED, *named, command.side, amount, interest)
    gate = state.assets[pool.asset].gate
    gate.closed = True
    state.emit(e.WITHDRAWAL_GATE_SET, pool.asset, True, gate.interval_ns, gate.amount_max)
