"""The model's answers to the questions the kernel's views answer, in the same shapes."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from . import commands as c
from . import margin, pools
from .collateral import collateral_value
from .funding import owed
from .insurance import fund_amount, usable
from .margin import position_of
from .portfolio_state import Concentration, PortfolioRates
from .rules_moves import ends_at, price_now
from .standing import Liquidation
from .state import Account, Asset, Market, Order, State
from .waterfall_state import Insurance

Row = list[Any]


def assets(state: State) -> list[Row]:
    """What each asset is and holds; how its pools are margined and liquidated; how it backs others; its gate."""
    return [asset_row(state, asset) for asset in state.assets.values()]


def asset_row(state: State, asset: Asset) -> Row:
    """One asset, its rules by the command that sets them."""
    backs, gate = asset.collateral, asset.gate
    portfolio = state.portfolio.rates.get(asset.asset, PortfolioRates())
    return [
        asset.asset,
        asset.symbol,
        asset.decimals,
        asset.net_deposits,
        asset.fees,
        asset.insurance,
        asset.dust,
        list(asset.levels),
        list(state.waterfall.liquidation.get(asset.asset, Liquidation())),
        None if backs is None else list(astuple(backs)),
        [gate.closed, gate.interval_ns, gate.amount_max],
        insurance_row(state, asset.asset, 0),
        list(portfolio),
    ]


def insurance_row(state: State, asset: int, market: int) -> Row:
    """`[fund, loss_max, interval_ns, usable]`."""
    limit = state.waterfall.insurance.get((asset, market), Insurance())
    left = usable(state, pools.Pool(0, asset, market))
    return [fund_amount(state, asset, market), limit.loss_max, limit.interval_ns, left]


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
            *market_risk(state, market),
        ]
        for market in state.markets.values()
    ]


def market_risk(state: State, market: Market) -> Row:
    """What is set about a market's risk, and where its funding stands; numbers beyond 64 bits as digits."""
    indices = (market.index, market.loss_index[c.BUY], market.loss_index[c.SELL], market.clearing, market.fraction)
    return [
        [list(tier) for tier in market.fee_tiers],
        market.mode,
        market.stress,
        [market.size_rate, market.open_interest_lower, market.open_interest_upper],
        [market.open_interest_max, market.concentration_rate, market.concentration_floor],
        [*(str(index) for index in indices), market.funding_rate],
        insurance_row(state, market.settlement, market.market),
        scenarios_row(state, market),
        list(market.oracle),
        list(market.grades),
    ]


def scenarios_row(state: State, market: Market) -> Row:
    """`[group, moves, concentration_threshold, concentration_rate]`."""
    concentration = state.portfolio.concentrations.get(market.market, Concentration())
    return [market.group, list(state.portfolio.moves.get(market.market, ())), *concentration]


def groups(state: State) -> Row:
    """`[bases, towards_one_rate, towards_zero_rate, correlations]`; a group without a basis charge is not listed."""
    matrices = state.portfolio.matrices
    pairs = [[*groups, *pair] for groups, pair in sorted(matrices.pairs.items())]
    bases = [[group, rate] for group, rate in sorted(state.portfolio.basis_rates.items()) if rate != 0]
    return [bases, matrices.towards_one_rate, matrices.towards_zero_rate, pairs]


def auctions(state: State) -> list[Row]:
    """The open auctions by number, each with its present price."""
    return [
        [
            auction.auction,
            auction.account,
            auction.market,
            auction.side,
            auction.lots,
            auction.discount_start_rate,
            auction.discount_end_rate,
            auction.opened_at,
            ends_at(auction),
            price_now(state, auction),
        ]
        for _, auction in sorted(state.waterfall.auctions.items())
    ]


def backstop(state: State) -> Row:
    """`[vaults, liquidators]`: `[account, asset, exposure_max]` rows, and accounts."""
    vaults = [[*vault, exposure_max] for vault, exposure_max in sorted(state.waterfall.vaults.items())]
    return [vaults, sorted(state.waterfall.liquidators)]


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
    """What an account holds, pool by pool and market by market, and what it may do."""
    found = state.accounts.get(account_id)
    if found is None:
        return None
    settling = [asset for asset in state.assets if state.assets[asset].collateral is None]
    isolated = [market for market in state.markets.values() if position_of(found, market.market).isolated]
    shown = [pools.cross_pool(found, asset) for asset in settling]
    shown += [pools.pool_of(state, found, market.market) for market in isolated]
    positions = [row for market in state.markets.values() if (row := position_row(state, found, market)) is not None]
    permissions = [found.reduce_only, found.no_withdraw, found.no_transfer]
    return [
        found.account,
        found.master,
        len(found.orders),
        [balance_row(found, asset) for asset in state.assets],
        [pool_row(state, pool) for pool in shown],
        positions,
        [found.margin_mode, found.fee_tier, found.maker_rebate_rate],
        [*permissions, list(found.markets), list(found.destinations)],
        [
            [scope, which, most]
            for (owner, scope, which), most in sorted(state.exposure_caps.items())
            if owner == account_id and most
        ],
        [[*to, amount] for to, amount in sorted(found.allowances.items()) if amount],
        sorted(found.agents),
    ]


def authors(state: State) -> list[Row]:
    """Who may sign commands: `[author, origin, name, version]`."""
    return [[number, *author] for number, author in enumerate(state.authors, start=1)]


def holders(state: State, market_id: int) -> list[Row] | None:
    """Who has lots in a market, by account."""
    market = state.markets.get(market_id)
    if market is None:
        return None
    found = [account for _, account in sorted(state.accounts.items()) if position_of(account, market_id).lots != 0]
    return [holder_row(state, account, market) for account in found]


def holder_row(state: State, found: Account, market: Market) -> Row:
    """A position, and the health of the pool that it stands in."""
    position, pool = position_of(found, market.market), pools.pool_of(state, found, market.market)
    return [
        found.account,
        position.isolated,
        position.lots,
        position.cost,
        margin.unrealised(market, position),
        state.waterfall.standings.get(pool, 0),
        pools.equity(state, pool),
        pools.requirement(state, pool),
        pools.maintenance(state, pool),
    ]


def balance_row(found: Account, asset: int) -> Row:
    """`[asset, cash, maker_volume, taker_volume]`."""
    as_maker, as_taker = found.volumes.get(asset, (0, 0))
    return [asset, found.cash.get(asset, 0), str(as_maker), str(as_taker)]


def pool_row(state: State, pool: pools.Pool) -> Row:
    """The pool's name, its equity by parts and whole, what it must have, and what the waterfall remembers of it."""
    found = state.accounts[pool.account]
    return [
        pool.asset,
        pool.market,
        pools.balance(state, pool),
        pools.unrealised_of(state, pool),
        pools.owed_by(state, pool),
        0 if pool.market else collateral_value(state, found, pool.asset),
        pools.equity(state, pool),
        pools.requirement(state, pool),
        pools.maintenance(state, pool),
        state.waterfall.standings.get(pool, 0),
        pools.is_locked(state, pool),
        state.waterfall.cooldowns.get(pool, 0),
    ]


def position_row(state: State, found: Account, market: Market) -> Row | None:
    """One market in which the account holds, offers or has set something, with the terms of its margin."""
    exposure = margin.exposure(found, market.market)
    position = position_of(found, market.market)
    if exposure == (0, 0, 0) and not (position.isolated or position.initial_rate):
        return None
    worst = exposure.worst()
    notional = worst * market.mark * market.tick_value
    reached = [tier for tier in market.tiers if tier.lower_bound <= notional]
    funding, loss = owed(market, position)
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
        max(1, len(reached)),
        margin.initial_margin(state, found, market, worst) if worst else 0,
        margin.maintenance_margin(market, position.lots) if position.lots else 0,
        position.isolated,
        funding,
        loss,
        position.initial_rate,
    ]
