"""The resting orders: which come first, and how they leave."""

from __future__ import annotations

from . import commands as c
from . import events as e
from .state import Market, Order, State


def opposite(side: int) -> int:
    """The side an order trades against."""
    return c.SELL if side == c.BUY else c.BUY


def best_price(market: Market, side: int) -> int | None:
    """The highest bid or the lowest ask; None when nothing rests on that side."""
    prices = [price for queue_side, price in market.queues if queue_side == side]
    if not prices:
        return None
    return max(prices) if side == c.BUY else min(prices)


def crosses(side: int, price: int, resting: int | None) -> bool:
    """Whether an order at `price` would trade against the best opposite price."""
    if resting is None:
        return False
    return price >= resting if side == c.BUY else price <= resting


def best_maker(market: Market, taker: Order) -> Order | None:
    """The order that trades next with the taker: first of the queue at the best price, if that is within its limit."""
    side = opposite(taker.side)
    price = best_price(market, side)
    if price is None or not crosses(taker.side, taker.price, price):
        return None
    return market.queues[side, price][0]


def rest(state: State, order: Order) -> None:
    """Puts an order at the tail of its level."""
    queues = state.markets[order.market].queues
    queues.setdefault((order.side, order.price), []).append(order)
    state.emit(e.ORDER_RESTED, order.order, order.lots)


def take_out(state: State, order: Order) -> None:
    """Takes an order out of its queue, if it is in one; an empty queue disappears."""
    queues = state.markets[order.market].queues
    queue = queues.get((order.side, order.price), [])
    queue[:] = [other for other in queue if other.order != order.order]
    if not queue:
        queues.pop((order.side, order.price), None)


def reduce(state: State, order: Order, lots: int) -> None:
    """Takes lots off an order; one with nothing left is no longer open."""
    order.lots -= lots
    if order.lots == 0:
        take_out(state, order)
        del state.accounts[order.account].orders[order.order]


def cancel(state: State, order: Order, reason: int) -> None:
    """Cancels what is left of an order, resting or matching."""
    state.emit(e.ORDER_CANCELLED, order.order, order.account, order.market, order.lots, reason)
    reduce(state, order, order.lots)


def expire(state: State) -> None:
    """Cancels every resting order whose time has come, in the order of (expires_at, order id)."""
    due = [
        order
        for account in state.accounts.values()
        for order in account.orders.values()
        if order.time_in_force == c.GTD and order.expires_at <= state.time
    ]
    for order in sorted(due, key=lambda order: (order.expires_at, order.order)):
        cancel(state, order, e.EXPIRED)
