"""Settling what positions owe, and the command by which they come to owe it."""

from __future__ import annotations

from typing import NamedTuple

from . import commands as c
from . import events as e
from .funding import owed, remember, unrounded
from .grades import check_funding_grade
from .margin import position_of
from .pools import Pool, add_to_balance, balance, markets_of, owed_by, pool_of
from .refusals import Code, refuse_if
from .state import BALANCE_MAX, RATE_ONE, Account, State

FUNDING_RATE_MAX = RATE_ONE // 10
FUNDING_MAX = 2**60


class Settlement(NamedTuple):
    """What settling took from a balance, and what it was before."""

    taken: int
    before: int


def settle_position(state: State, account: Account, market_id: int) -> None:
    """Takes what a position owes from its pool's balance; nothing happens to one that owes nothing at all."""
    market, position = state.markets[market_id], account.positions.get(market_id)
    if position is None or position.lots == 0:
        return
    exact, dues = unrounded(market, position), owed(market, position)
    if exact == (0, 0):
        return
    market.clearing += sum(exact)
    collect(state, market_id, sum(dues) * RATE_ONE - sum(exact))
    remember(market, position, state.seq)
    left = add_to_balance(state, pool_of(state, account, market_id), -sum(dues))
    if dues != (0, 0):
        state.emit(e.FUNDING_PAID, account.account, market_id, *dues, left)


def collect(state: State, market_id: int, fraction: int) -> None:
    """Books what rounding took, in parts of 1 / RATE_ONE; whole units are dust."""
    market = state.markets[market_id]
    whole, market.fraction = divmod(market.fraction + fraction, RATE_ONE)
    state.assets[market.settlement].dust += whole


def settle_pool(state: State, pool: Pool) -> Settlement:
    """Settles every position of a pool, by market."""
    settlement = Settlement(owed_by(state, pool), balance(state, pool))
    for market in markets_of(state, pool):
        settle_position(state, state.accounts[pool.account], market.market)
    return settlement


def settle_one(state: State, account: Account, market_id: int) -> Settlement:
    """Settles one position."""
    owes = sum(owed(state.markets[market_id], position_of(account, market_id)))
    settlement = Settlement(owes, balance(state, pool_of(state, account, market_id)))
    settle_position(state, account, market_id)
    return settlement


def check_settled(*settlements: Settlement) -> None:
    """302: what a settlement took leaves the balance within its limit."""
    for taken, before in settlements:
        refuse_if(taken != 0 and abs(before - taken) > BALANCE_MAX, Code.SupplyLimit, taken, before)


def settle_funding(state: State, command: c.SettleFunding) -> None:
    """One epoch: at a positive rate longs owe and shorts are owed, per lot and in parts of 1 / RATE_ONE."""
    market = state.markets[command.market]
    check_funding_grade(market)
    refuse_if(not 1 <= command.price <= market.price_max, Code.PriceOutOfRange, command.price, market.price_max)
    refuse_if(abs(command.rate) > FUNDING_RATE_MAX, Code.FundingInvalid, command.rate)
    index = market.index + command.price * market.tick_value * command.rate
    refuse_if(abs(index) * market.position_max > FUNDING_MAX * RATE_ONE, Code.FundingLimit)
    market.index = index
    market.funding_rate = command.rate
    state.emit(e.FUNDING_SETTLED, *command, *divmod(index, RATE_ONE))
