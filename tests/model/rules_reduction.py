"""The first rungs of the ladder: locking a pool, cancelling what adds risk, reducing and hedging by bounded orders."""

from __future__ import annotations

from . import commands as c
from . import events as e
from .book import cancel
from .fill_check import closable
from .health import (
    TIME_MAX,
    buffer_rate,
    check_cooldown,
    check_holds,
    check_in_need,
    check_mode,
    check_ready,
    health_of,
    named_pool,
    settings_of,
    stake_of,
)
from .insurance import add_to_fund, fund_amount
from .margin import exposure
from .matching import run_taker
from .pools import (
    Pool,
    add_to_balance,
    equity,
    exposures,
    is_locked,
    is_portfolio,
    maintenance_of,
    markets_of,
    pool_of,
    recovered_level,
)
from .refusals import Code, refuse_if
from .rules_orders import accept, market_bound, position_bound
from .settlement import fee, rates_of, signed
from .standing import Health
from .state import BALANCE_MAX, RATE_ONE, Market, Order, State, ceil_div
from .waterfall_shares import fillable_price, most_lots

REDUCE, HEDGE = 1, 2
REDUCING_MODES = (c.CONTINUOUS, c.REDUCE_ONLY_MODE)


def lock(state: State, command: c.Lock) -> None:
    """Locks a pool below its maintenance to reducing."""
    pool = named_pool(state, *command)
    health = health_of(state, pool)
    refuse_if(health.equity >= health.maintenance, Code.PoolHealthy, *health)
    refuse_if(is_locked(state, pool), Code.LockUnchanged)
    state.accounts[pool.account].locked.add((pool.asset, pool.market))
    state.emit(e.POOL_LOCKED, *pool, *health)


def release(state: State, command: c.Release) -> None:
    """Releases a locked pool that has recovered."""
    pool = named_pool(state, *command)
    refuse_if(not is_locked(state, pool), Code.LockUnchanged)
    health, level = health_of(state, pool), recovered_level(state, pool)
    refuse_if(health.equity < level, Code.NotRecovered, health.equity, level)
    state.accounts[pool.account].locked.remove((pool.asset, pool.market))
    state.emit(e.POOL_RELEASED, *pool, *health)


def cancel_increasing(state: State, command: c.CancelIncreasing) -> None:
    """Cancels the orders of a pool in need, but for those that can at most close its positions."""
    pool = named_pool(state, *command)
    check_in_need(state, pool)
    account = state.accounts[pool.account]
    markets = {market.market for market in markets_of(state, pool)}
    closing_left = {market: abs(exposure(account, market).lots) for market in markets}
    count = 0
    for _, order in sorted(account.orders.items()):
        if order.market not in markets or order.reduce_only:
            continue
        against = closable(exposure(account, order.market).lots, order.side) > 0
        if against and order.lots <= closing_left[order.market]:
            closing_left[order.market] -= order.lots
        else:
            cancel(state, order, e.WATERFALL)
            count += 1
    state.emit(e.INCREASING_CANCELLED, *pool, count)


def liquidate(state: State, command: c.Liquidate) -> None:
    """Reduces a position by an order of the venue that may trade down to the fillable price."""
    account, market = state.accounts[command.account], state.markets[command.market]
    check_mode(market, REDUCING_MODES)
    check_ready(market)
    pool = pool_of(state, account, command.market)
    health = check_in_need(state, pool)
    stake = stake_of(state, account, market)
    check_holds(stake.lots)
    check_cooldown(state, pool)
    refuse_if(command.lots < 0, Code.LotsNotPositive, command.lots)
    settings = settings_of(state, pool)
    most = most_lots(stake, buffer_rate(state, pool), settings)
    refuse_if(command.lots > most, Code.LotsTooMany, command.lots, most)
    side = c.SELL if stake.lots > 0 else c.BUY
    limit = fillable_price(stake, settings)
    check_bounded(market, side, command.price, limit)
    order = step_order(command, side=side, lots=command.lots or most, price=command.price or limit, reduce_only=True)
    check_room(order.lots, state.assets[pool.asset].fees)
    check_room(order.lots, fund_amount(state, pool.asset, pool.market))
    filled_value = run_step(state, pool, order, kind=REDUCE, health=health)
    fee_paid = min(ceil_div(filled_value * settings.fee_rate, RATE_ONE), max(0, equity(state, pool)))
    add_to_balance(state, pool, -fee_paid)
    add_to_fund(state, pool.asset, pool.market, fee_paid)
    end_step(state, pool, order, kind=REDUCE, value=filled_value, fee_paid=fee_paid)


def hedge(state: State, command: c.Hedge) -> None:
    """Makes a portfolio safer by an order of the venue in any of its markets."""
    account, market = state.accounts[command.account], state.markets[command.market]
    check_mode(market, REDUCING_MODES)
    check_ready(market)
    pool = pool_of(state, account, command.market)
    refuse_if(not is_portfolio(state, pool), Code.NotPortfolio)
    health = check_in_need(state, pool)
    check_cooldown(state, pool)
    refuse_if(command.lots < 1, Code.LotsNotPositive, command.lots)
    refuse_if(command.lots > market.order_max_lots, Code.LotsTooMany, command.lots, market.order_max_lots)
    bound = position_bound(exposure(account, command.market).with_open(command.side, command.lots))
    refuse_if(bound > market.position_max, Code.PositionLimit, bound, market.position_max)
    limit = market_bound(market, command.side)
    check_bounded(market, command.side, command.price, limit)
    price = command.price or limit
    check_safer(state, pool, command, price=price, health=health)
    check_room(command.lots, state.assets[pool.asset].fees)
    order = step_order(command, side=command.side, lots=command.lots, price=price, reduce_only=False)
    order.hedge = True
    filled_value = run_step(state, pool, order, kind=HEDGE, health=health)
    end_step(state, pool, order, kind=HEDGE, value=filled_value, fee_paid=0)


def check_bounded(market: Market, side: int, price: int, limit: int) -> None:
    """401 and 508: a price that is given is one, and not worse than the limit."""
    refuse_if(not 0 <= price <= market.price_max, Code.PriceOutOfRange, price, market.price_max)
    beyond = price > limit if side == c.BUY else price < limit
    refuse_if(price != 0 and beyond, Code.PriceBeyondFillable, price, limit)


def check_room(lots: int, held: int) -> None:
    """302: what the venue has earned, or set aside, is within the balance limit."""
    refuse_if(held > BALANCE_MAX, Code.SupplyLimit, lots, held)


def check_safer(state: State, pool: Pool, command: c.Hedge, *, price: int, health: Health) -> None:
    """510: filled wholly at its price, fee paid, the hedge is worth it, and what it costs does not lead into debt."""
    account, market = state.accounts[command.account], state.markets[command.market]
    worse = price > market.mark if command.side == c.BUY else price < market.mark
    cost = abs(price - market.mark) * command.lots * market.tick_value if worse else 0
    fee_paid = max(0, fee(command.lots * price * market.tick_value, rates_of(market, account)[1]))
    held = exposure(account, command.market)
    hedged = held._replace(lots=held.lots + signed(command.side, command.lots))
    maintenance = maintenance_of(state, pool, exposures(state, pool) | {command.market: hedged})
    worth = health.equity - cost - fee_paid
    before, after = health.equity - health.maintenance, worth - maintenance
    refuse_if(after <= before or (cost > 0 and worth < 0), Code.RiskNotReduced, after, before)


def step_order(command: c.Liquidate | c.Hedge, *, side: int, lots: int, price: int, reduce_only: bool) -> Order:
    """The order of a step; it has no id yet and is nowhere."""
    return Order(
        order=0,
        account=command.account,
        market=command.market,
        side=side,
        price=price,
        lots=lots,
        filled=0,
        time_in_force=c.IOC,
        self_trade=c.CANCEL_OLDEST,
        post_only=False,
        reduce_only=reduce_only,
        client_order=0,
        expires_at=0,
    )


def run_step(state: State, pool: Pool, order: Order, *, kind: int, health: Health) -> int:
    """Announces the step and sends its order; returns the value that was filled."""
    market = state.markets[order.market]
    started = (pool.account, order.market, kind, order.side, order.lots, order.price, market.mark)
    state.emit(e.LIQUIDATION_STARTED, *started, *health)
    accept(state, order)
    run_taker(state, order)
    fills = [event for event in state.events if event[0] == e.TRADED and event[8] == order.order]
    return sum(price * lots * market.tick_value for _, _, _, _, price, lots, *_ in fills)


def end_step(state: State, pool: Pool, order: Order, *, kind: int, value: int, fee_paid: int) -> None:
    """Starts the pool's cooldown, and tells what came of the step."""
    state.waterfall.cooldowns[pool] = min(state.time + settings_of(state, pool).cooldown_ns, TIME_MAX)
    ended = (pool.account, order.market, kind, order.order, order.filled, value, fee_paid)
    state.emit(e.LIQUIDATION_ENDED, *ended, *health_of(state, pool))
