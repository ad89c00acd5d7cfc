"""The check at the fill: how many lots of a trade an order, and then the market, accepts."""

from __future__ import annotations

from . import commands as c
from . import events as e
from .funding import owed
from .margin import Exposure, exposure, open_interest, position_of
from .pools import balance, equity, exposures, is_locked, is_portfolio, maintenance_of, pool_of, requirement_of
from .settlement import fees_of, signed
from .state import BALANCE_MAX, Order, State


def accepted(state: State, order: Order, *, maker: Order, taker: Order, lots: int) -> tuple[int, int]:
    """How many of the lots one side accepts, and the reason if none."""
    account = state.accounts[order.account]
    with_itself = maker.account == taker.account
    closing = 0 if with_itself else closable(position_of(account, order.market).lots, order.side)
    if order.reduce_only:
        lots = min(lots, closing)
        if lots == 0:
            return 0, e.REDUCE_ONLY
    if beyond_balance_limit(state, order):
        return 0, e.MARGIN
    if may_only_close(state, order):
        lots = min(lots, closing)
        if lots == 0:
            return 0, e.MARGIN
    within = lots <= closing
    if within and reduces_risk(state, order, lots=lots, price=maker.price):
        return lots, 0
    portfolio = is_portfolio(state, pool_of(state, account, order.market))
    if portfolio and not with_itself and reduces_risk(state, order, lots=lots, price=maker.price):
        return lots, 0
    fees = fees_of(state, maker, taker, lots=lots)
    if can_carry(state, order, lots=lots, price=maker.price, fee=fees.maker if order is maker else fees.taker):
        return lots, 0
    if portfolio or within or closing == 0:
        return 0, e.MARGIN
    return (closing, 0) if reduces_risk(state, order, lots=closing, price=maker.price) else (0, e.MARGIN)


def closable(position: int, side: int) -> int:
    """How many lots on this side bring the position to zero; none if it is flat or on that side already."""
    return max(-position if side == c.BUY else position, 0)


def beyond_balance_limit(state: State, order: Order) -> bool:
    """Whether the pool's balance is beyond its limit, or would be once the position has settled what it owes."""
    account, market = state.accounts[order.account], state.markets[order.market]
    held = balance(state, pool_of(state, account, order.market))
    settled = held - sum(owed(market, position_of(account, order.market)))
    return max(abs(held), abs(settled)) > BALANCE_MAX


def may_only_close(state: State, order: Order) -> bool:
    """Whether the account is restricted: by permission, by a lock on the pool, or by stress it is not isolated from.

    A hedge of the waterfall is exempt from the first two: it may have to open a position.
    """
    account, market = state.accounts[order.account], state.markets[order.market]
    stressed = market.stress and not position_of(account, order.market).isolated
    held_back = account.reduce_only or is_locked(state, pool_of(state, account, order.market))
    return (held_back and not order.hedge) or stressed


def reduces_risk(state: State, order: Order, *, lots: int, price: int) -> bool:
    """Whether a fill costs no more against the mark, before its fee, than the maintenance it frees, and no debt."""
    pool = pool_of(state, state.accounts[order.account], order.market)
    shown = exposures(state, pool)
    before = maintenance_of(state, pool, shown)
    after = maintenance_of(state, pool, shown | {order.market: exposure_after(state, order, lots)})
    gain = gained(state, order, lots=lots, price=price)
    affordable = gain >= 0 or equity(state, pool) + gain >= 0
    return after <= before and gain + before - after >= 0 and affordable


def gained(state: State, order: Order, *, lots: int, price: int) -> int:
    """What a fill at a price brings against the mark, before its fee."""
    market = state.markets[order.market]
    return (market.mark - price) * signed(order.side, lots) * market.tick_value


def exposure_after(state: State, order: Order, lots: int) -> Exposure:
    """What the account shows in the market after a fill of its order."""
    before = exposure(state.accounts[order.account], order.market)
    used = 0 if order.reduce_only else lots
    return before.with_open(order.side, -used)._replace(lots=before.lots + signed(order.side, lots))


def can_carry(state: State, order: Order, *, lots: int, price: int, fee: int) -> bool:
    """Whether the pool still covers its initial requirement after this fill."""
    pool = pool_of(state, state.accounts[order.account], order.market)
    after = exposures(state, pool) | {order.market: exposure_after(state, order, lots)}
    equity_after = equity(state, pool) + gained(state, order, lots=lots, price=price) - fee
    return equity_after >= requirement_of(state, pool, after)


def accepted_by_market(state: State, *, maker: Order, taker: Order, lots: int) -> int:
    """How many of the lots the cap on open interest lets through; what does not raise open interest always passes."""
    market = state.markets[maker.market]
    change = interest_change(state, maker=maker, taker=taker, lots=lots)
    if market.open_interest_max == 0 or change <= 0:
        return lots
    excess = open_interest(state, market.market) + change - market.open_interest_max
    return lots - max(0, min(excess, change))


def interest_change(state: State, *, maker: Order, taker: Order, lots: int) -> int:
    """By how much a trade changes the open interest; a trade of an account with itself does not."""
    if maker.account == taker.account:
        return 0
    change = 0
    for order in (maker, taker):
        before = position_of(state.accounts[order.account], order.market).lots
        change += max(before + signed(order.side, lots), 0) - max(before, 0)
    return change
