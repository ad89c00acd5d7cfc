"""The model's answers to the questions the kernel's views answer, in the same shapes."""

from __future__ import annotations

from typing import Any

from . import commands as c
from . import margin, pools
from .state import Account, Market, Order, Position, State

Row = list[Any]


def assets(state: State) -> list[Row]:
    """`[asset, symbol, decimals, net_deposits, fees, insurance, dust]` per asset."""
    return [
        [asset.asset, asset.symbol, asset.decimals, asset.net_deposits, asset.fees, asset.insurance, asset.dust]
        for asset in state.assets.values()
    ]


def markets(state: State) -> list[Row]:
    """Everything set about a market, then mark, last price and open interest."""
    return [
        [
            market.market,
            market.symbol,
            market.settlement,
            market.tick_size_e12,
            market.lot_size_e12,
            market.tick_value,
            market.price_max,
            market.position_max,
            market.maker_rate,
            market.taker_rate,
            market.order_min_notional,
            market.order_max_lots,
            market.price_band_rate,
            market.market_bound_rate,
            [list(tier) for tier in market.tiers],
            market.mark,
            market.last,
            margin.open_interest(state, market.market),
        ]
        for market in state.markets.values()
    ]


def parameters(state: State) -> Row:
    """`[open_orders_max, root_interval_commands, root_interval_ns, ruleset]`."""
    return [state.open_orders_max, state.root_interval_commands, state.root_interval_ns, state.ruleset]


def order_row(order: Order) -> Row:
    """One open order."""
    return [
        order.order,
        order.account,
        order.market,
        order.side,
        order.price,
        order.lots,
        order.filled,
        order.time_in_force,
        order.self_trade,
        order.post_only,
        order.reduce_only,
        order.client_order,
        order.expires_at,
    ]


def orders(state: State, account: int, market: int) -> list[Row]:
    """The open orders of an account by id."""
    if account not in state.accounts:
        return []
    found = sorted(state.accounts[account].orders.items())
    return [order_row(order) for _, order in found if market in (0, order.market)]


def queue(state: State, market: int, *, side: int, price: int) -> list[Row]:
    """The orders of one level in priority."""
    if market not in state.markets:
        return []
    return [order_row(order) for order in state.markets[market].queues.get((side, price), [])]


def levels_of(market: Market, side: int) -> list[Row]:
    """`[price, lots, orders]` per level, best first."""
    prices = sorted((price for queue_side, price in market.queues if queue_side == side), reverse=side == c.BUY)
    found = [(price, market.queues[side, price]) for price in prices]
    return [[price, sum(order.lots for order in resting), len(resting)] for price, resting in found]


def book(state: State, market: int, levels: int) -> list[list[Row]] | None:
    """The first levels of bids and of asks."""
    if market not in state.markets:
        return None
    return [levels_of(state.markets[market], side)[:levels] for side in (c.BUY, c.SELL)]


def account(state: State, account_id: int) -> Row | None:
    """`[account, master, open_orders, balances, pools, positions]`; see `pool_row` and `position_row`."""
    found = state.accounts.get(account_id)
    if found is None:
        return None
    balances = [[asset, cash] for asset, cash in sorted(found.cash.items())]
    rows = [pool_row(state, pools.cross_pool(found, asset)) for asset in state.assets]
    positions = [row for market in state.markets.values() if (row := position_row(state, found, market)) is not None]
    return [found.account, found.master, len(found.orders), balances, rows, positions]


def pool_row(state: State, pool: pools.Pool) -> Row:
    """`[asset, cash, unrealised, equity, requirement, maintenance]`."""
    required, maintained = pools.requirement(state, pool), pools.maintenance(state, pool)
    worth, unrealised = pools.equity(state, pool), pools.unrealised_of(state, pool)
    return [pool.asset, pools.balance(state, pool), unrealised, worth, required, maintained]


def position_row(state: State, found: Account, market: Market) -> Row | None:
    """One market in which the account holds or offers something, with the terms of its margin."""
    exposure = margin.exposure(found, market.market)
    if exposure == (0, 0, 0):
        return None
    position = found.positions.get(market.market, Position())
    worst = exposure.worst()
    notional = worst * market.mark * market.tick_value
    reached = [tier for tier in market.tiers if tier.lower_bound <= notional]
    return [
        market.market,
        position.lots,
        position.cost,
        exposure.buys,
        exposure.sells,
        market.mark,
        margin.unrealised(market, position),
        worst,
        notional,
        len(reached),
        margin.initial_margin(state, found, market, worst),
        margin.maintenance_margin(market, position.lots),
    ]
