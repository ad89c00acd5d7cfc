"""From the levels a vault wants to the commands that make the book show them, and no more than these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from crossbook.commands import Amend, Cancel, Command, OrderKind, Place, SelfTrade, Side
from crossbook.policies.liquidity.curves import Levels
from crossbook.policies.view import PolicyView
from crossbook.rows import MarketRow, OrderRow

OUTSIDE_LEVELS = 20
"""How deep the book is searched for the best order of somebody else."""


def cut(levels: Levels, *, room: int, market: MarketRow, bound: Callable[[int], int]) -> Levels:
    """What the vault may quote of one side: within its room (lots), at prices `bound` allows, each price once."""
    found: dict[int, int] = {}
    for price, lots in levels:
        price = bound(price)
        lots = min(lots, room)
        if lots > 0 and 1 <= price <= market.price_max:
            found[price] = found.get(price, 0) + lots
            room -= lots
    kept = ((price, min(lots, market.order_max_lots)) for price, lots in found.items())
    return [(price, lots) for price, lots in kept if price * lots * market.tick_value >= market.order_min_notional]


def outside(view: PolicyView, market: int, own: Sequence[OrderRow]) -> tuple[int, int]:
    """The best bid and the best ask of others in ticks, 0 where there is none."""
    mine: dict[int, int] = {}
    for order in own:
        mine[order.price] = mine.get(order.price, 0) + order.lots
    best = [
        next((price for price, lots, _orders in levels if lots > mine.get(price, 0)), 0)
        for levels in view.book(market, OUTSIDE_LEVELS)
    ]
    return best[0], best[1]


def bounded(
    levels: tuple[Levels, Levels], *, rooms: tuple[int, int], market: MarketRow, best: tuple[int, int]
) -> dict[Side, Levels]:
    """Bids and asks, each cut to its room and kept from crossing the best ask and bid of others."""
    best_bid, best_ask = best
    below = best_ask - 1 if best_ask else market.price_max
    return {
        Side.BUY: cut(levels[0], room=rooms[0], market=market, bound=lambda price: min(price, below)),
        Side.SELL: cut(levels[1], room=rooms[1], market=market, bound=lambda price: max(price, best_bid + 1)),
    }


def changes(own: Sequence[OrderRow], wanted: dict[Side, Levels], *, account: int, market: int) -> Iterator[Command]:
    """Cancels, then amends, then new orders: an order at a wanted price stays, and keeps its place if it can."""
    open_levels = {side: dict(levels) for side, levels in wanted.items()}
    amends: list[Command] = []
    for order in own:
        lots = open_levels[order.side].pop(order.price, 0)
        if not lots:
            yield Cancel(account, order.order)
        elif lots != order.lots:
            amends.append(Amend(account, order.order, 0, 0, order.filled + lots))
    yield from amends
    for side in (Side.BUY, Side.SELL):
        for price, lots in wanted[side]:
            if price in open_levels[side]:
                yield Place(
                    account,
                    market,
                    side,
                    OrderKind.LIMIT,
                    price,
                    lots,
                    self_trade=SelfTrade.CANCEL_OLDEST,
                    post_only=True,
                )
