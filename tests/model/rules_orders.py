"""Placing, amending and cancelling: the checks in their order, then the way into the book."""

from __future__ import annotations

from dataclasses import replace

from . import commands as c
from . import events as e
from .book import best_price, cancel, crosses, opposite, take_out
from .caps import check_caps
from .fill_check import closable
from .grades import check_margin_grade
from .margin import Exposure, exposure
from .matching import match, run_taker
from .permissions import check_cancel, check_permitted
from .pools import Pool, demanded, equity, exposures, is_portfolio, placing_level, pool_of, requirement_of
from .refusals import Code, Refused, refuse_if
from .state import BALANCE_MAX, RATE_ONE, Account, Market, Order, State, ceil_div


def place(state: State, command: c.Place) -> None:
    """Enters an order, matches it, and rests or cancels the remainder."""
    market = state.markets[command.market]
    account = state.accounts[command.account]
    check_form(state, command, market)
    check_readiness(state, command, account)
    order = order_of(state, command)
    price_given = command.price != 0
    check_new_exposure(state, order, total=order.lots, price_given=price_given)
    if command.time_in_force == c.FOK:
        fillable = fillable_lots(state, command)
        refuse_if(fillable < command.lots, Code.FillOrKillUnfilled, fillable, command.lots)
    accept(state, order)
    run_taker(state, order)


def check_form(state: State, command: c.Place, market: Market) -> None:
    """402 to 404: what is wrong with the order whatever the market and the account look like."""
    refuse_if(command.lots <= 0, Code.LotsNotPositive, command.lots)
    lowest = 0 if command.kind == c.MARKET else 1
    in_range = lowest <= command.price <= market.price_max
    refuse_if(not in_range, Code.PriceOutOfRange, command.price, market.price_max)
    immediate = command.time_in_force in (c.IOC, c.FOK)
    inconsistent = (
        (command.kind == c.MARKET and not immediate)
        or (command.post_only and (immediate or command.kind == c.MARKET))
        or (command.expires_at != 0 and command.time_in_force != c.GTD)
    )
    refuse_if(inconsistent, Code.TimeInForceInvalid)
    expired = command.time_in_force == c.GTD and command.expires_at <= state.time
    refuse_if(expired, Code.AlreadyExpired, command.expires_at, state.time)


def check_readiness(state: State, command: c.Place, account: Account) -> None:
    """405, 434, 420 to 422, 406, 407: the market trades, the account may, the id is free, there is room."""
    market = state.markets[command.market]
    refuse_if(not market.tiers, Code.MarketNotReady, 1)
    refuse_if(market.mark == 0, Code.MarketNotReady, 2)
    if not command.reduce_only:
        check_margin_grade(market)
    check_permitted(state, account, market, reduce_only=command.reduce_only, shrinks=False)
    for order in account.orders.values():
        taken = command.client_order != 0 and order.client_order == command.client_order
        refuse_if(taken, Code.DuplicateClientOrder, order.order)
    rests = command.time_in_force in (c.GTC, c.GTD)
    full = rests and len(account.orders) >= state.open_orders_max
    refuse_if(full, Code.OpenOrdersLimit, len(account.orders), state.open_orders_max)


def market_bound(market: Market, side: int) -> int:
    """The worst price a market order without a price of its own may trade at."""
    if side == c.BUY:
        return min(market.mark * (RATE_ONE + market.market_bound_rate) // RATE_ONE, market.price_max)
    return max(ceil_div(market.mark * (RATE_ONE - market.market_bound_rate), RATE_ONE), 1)


def order_of(state: State, command: c.Place) -> Order:
    """The order as it would be accepted; it has no id yet and is nowhere."""
    market = state.markets[command.market]
    return Order(
        order=0,
        account=command.account,
        market=command.market,
        side=command.side,
        price=command.price or market_bound(market, command.side),
        lots=command.lots,
        filled=0,
        time_in_force=command.time_in_force,
        self_trade=command.self_trade,
        post_only=command.post_only,
        reduce_only=command.reduce_only,
        client_order=command.client_order,
        expires_at=command.expires_at,
    )


def check_new_exposure(state: State, order: Order, *, total: int, price_given: bool) -> None:
    """302, then 408 to 414: an order as it would stand, `order.lots` open, `total` with what it filled already."""
    market = state.markets[order.market]
    account = state.accounts[order.account]
    fees = state.assets[market.settlement].fees
    refuse_if(fees > BALANCE_MAX, Code.SupplyLimit, order.lots, fees)
    refuse_if(total > market.order_max_lots, Code.OrderTooLarge, total, market.order_max_lots)
    notional = order.lots * order.price * market.tick_value
    too_small = not order.reduce_only and notional < market.order_min_notional
    refuse_if(too_small, Code.NotionalTooSmall, notional, market.order_min_notional)
    away = abs(order.price - market.mark) * RATE_ONE
    outside = price_given and market.price_band_rate > 0 and away > market.mark * market.price_band_rate
    refuse_if(outside, Code.PriceOutsideBand, order.price, market.mark)

    without = exposure_without(account, order)
    added = without if order.reduce_only else without.with_open(order.side, order.lots)
    worst = position_bound(added)
    refuse_if(not order.reduce_only and worst > market.position_max, Code.PositionLimit, worst, market.position_max)
    check_caps(state, account, market, before=exposure(account, order.market), after=added)
    useless = order.reduce_only and closable(without.lots, order.side) == 0
    refuse_if(useless, Code.WouldNotReduce, without.lots)
    opposite_price = best_price(market, opposite(order.side))
    would_cross = order.post_only and crosses(order.side, order.price, opposite_price)
    refuse_if(would_cross, Code.PostOnlyWouldCross, opposite_price or 0)
    if not order.reduce_only:
        check_margin(state, order, added)


def exposure_without(account: Account, order: Order) -> Exposure:
    """The account's exposure in the order's market, leaving out what that order itself has open (when amending)."""
    present = exposure(account, order.market)
    standing = account.orders.get(order.order)
    if standing is None or standing.reduce_only:
        return present
    return present.with_open(standing.side, -standing.lots)


def position_bound(added: Exposure) -> int:
    """The largest position that can come about, each side counted without the help of the other."""
    return max(max(added.lots, 0) + added.buys, max(-added.lots, 0) + added.sells)


def check_margin(state: State, order: Order, added: Exposure) -> None:
    """414: equity is at the placing level with the order, unless that does not raise the requirement as it stands."""
    account = state.accounts[order.account]
    pool = pool_of(state, account, order.market)
    shown = exposures(state, pool) | {order.market: added}
    required, worth = placing_level(state, pool, requirement_of(state, pool, shown)), equity(state, pool)
    raises = raised(state, pool, order.market, exposure(account, order.market), added)
    refuse_if(required > worth and raises, Code.MarginInsufficient, required, worth)


def raised(state: State, pool: Pool, market: int, before: Exposure, after: Exposure) -> bool:
    """Whether another exposure in one market raises the requirement: of that market, or of a whole portfolio."""
    others = exposures(state, pool) if is_portfolio(state, pool) else {}
    return demanded(state, pool, others | {market: after}) > demanded(state, pool, others | {market: before})


def fillable_lots(state: State, command: c.Place) -> int:
    """How much would trade, found by trying it on a copy of everything."""
    scratch = state.scratch_copy()
    order = order_of(scratch, command)
    accept(scratch, order)
    match(scratch, order)
    return order.filled


def accept(state: State, order: Order) -> None:
    """Gives the order its id and counts it among the account's open ones."""
    state.orders_accepted += 1
    order.order = state.orders_accepted
    state.accounts[order.account].orders[order.order] = order
    state.emit(
        e.ORDER_ACCEPTED,
        order.order,
        order.account,
        order.market,
        order.side,
        order.price,
        order.lots,
        order.client_order,
    )


def find(state: State, command: c.Amend | c.Cancel) -> Order:
    """416 and 417: the open order that is named by exactly one of its two ids."""
    ids = (command.order, command.client_order)
    refuse_if((ids[0] == 0) == (ids[1] == 0), Code.OrderReferenceInvalid)
    for order in state.accounts[command.account].orders.values():
        if ids[0] == order.order or (ids[1] != 0 and ids[1] == order.client_order):
            return order
    raise Refused(Code.UnknownOrder, *ids)


def amend(state: State, command: c.Amend) -> None:
    """Changes an order: in place when it only shrinks, else out of the book and in again as a taker."""
    order = find(state, command)
    market = state.markets[order.market]
    refuse_if(command.lots < 0, Code.LotsNotPositive, command.lots)
    in_range = 0 <= command.price <= market.price_max
    refuse_if(not in_range, Code.PriceOutOfRange, command.price, market.price_max)
    below = command.lots != 0 and command.lots <= order.filled
    refuse_if(below, Code.AmendBelowFilled, command.lots, order.filled)
    present_total = order.filled + order.lots
    price = command.price or order.price
    total = command.lots or present_total
    refuse_if((price, total) == (order.price, present_total), Code.AmendChangesNothing)

    shrinks = price == order.price and total < present_total
    account = state.accounts[order.account]
    if not (order.reduce_only or shrinks):
        check_margin_grade(market)
    check_permitted(state, account, market, reduce_only=order.reduce_only, shrinks=shrinks)
    if not shrinks:
        wanted = replace(order, price=price, lots=total - order.filled)
        check_new_exposure(state, wanted, total=total, price_given=True)
        take_out(state, order)
    order.price = price
    order.lots = total - order.filled
    state.emit(e.ORDER_AMENDED, order.order, order.account, order.market, price, total, order.lots, shrinks)
    if not shrinks:
        run_taker(state, order)


def cancel_one(state: State, command: c.Cancel) -> None:
    """Cancels one order at its owner's request."""
    order = find(state, command)
    check_cancel(state.markets[order.market])
    cancel(state, order, e.REQUESTED)


def cancel_all(state: State, command: c.MassCancel) -> None:
    """Cancels all orders of an account that match, in the order of their ids, but none in a halted market."""
    orders = [
        order
        for _, order in sorted(state.accounts[command.account].orders.items())
        if command.market in (0, order.market) and command.side in (0, order.side)
        if state.markets[order.market].mode != c.HALTED
    ]
    for order in orders:
        cancel(state, order, e.MASS_CANCEL)
    state.emit(e.MASS_CANCELLED, command.account, command.market, len(orders))
