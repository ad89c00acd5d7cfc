"""Settling what positions owe, and the command by which they come to owe it."""

from __future__ import annotations

from . import commands as c
from . import events as e
from .funding import owed, remember, unrounded
from .pools import Pool, add_to_balance, markets_of, pool_of
from .refusals import Code, refuse_if
from .state import BALANCE_MAX, RATE_ONE, Account, State

FUNDING_RATE_MAX = RATE_ONE // 10
FUNDING_MAX = 2**60


def settle_position(state: State, account: Account, market_id: int) -> None:
    """Takes what a position owes from its pool's balance; nothing happens to one that has no lots."""
    market, position = state.markets[market_id], account.positions.get(market_id)
    if position is None or position.lots == 0:
        return
    exact, dues = unrounded(market, position), owed(market, position)
    market.clearing += sum(exact)
    collect(state, market_id, sum(dues) * RATE_ONE - sum(exact))
    remember(market, position)
    balance = add_to_balance(state, pool_of(state, account, market_id), -sum(dues))
    if dues != (0, 0):
        state.emit(e.FUNDING_PAID, account.account, market_id, *dues, balance)


def collect(state: State, market_id: int, fraction: int) -> None:
    """Books what rounding took, in parts of 1 / RATE_ONE; whole units are dust."""
    market = state.markets[market_id]
    whole, market.fraction = divmod(market.fraction + fraction, RATE_ONE)
    state.assets[market.settlement].dust += whole


def settle_pool(state: State, pool: Pool) -> None:
    """Settles every position of a pool, by market."""
    for market in markets_of(state, pool):
        settle_position(state, state.accounts[pool.account], market.market)


def check_settled(amount: int, balance: int) -> None:
    """302: what a settlement takes leaves the balance within its limit; given what it took, and the balance before."""
    refuse_if(amount != 0 and abs(balance - amount) > BALANCE_MAX, Code.SupplyLimit, amount, balance)


def settle_funding(state: State, command: c.SettleFunding) -> None:
    """One epoch: at a positive rate longs owe and shorts are owed, per lot and in parts of 1 / RATE_ONE."""
    market = state.markets[command.market]
    refuse_if(not 1 <= command.price <= market.price_max, Code.PriceOutOfRange, command.price, market.price_max)
    refuse_if(abs(command.rate) > FUNDING_RATE_MAX, Code.FundingInvalid, command.rate)
    index = market.index + command.price * market.tick_value * command.rate
    refuse_if(abs(index) * market.position_max > FUNDING_MAX * RATE_ONE, Code.FundingLimit)
    market.index = index
    market.funding_rate = command.rate
    state.emit(e.FUNDING_SETTLED, *command, *divmod(index, RATE_ONE))
