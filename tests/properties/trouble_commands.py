"""Trouble, and the steps against it, in a random session: marks that gap to an edge, and a policy that may be hostile.

Most steps are aimed at a pool that needs one and say what is just allowed, or just not; some are aimed at anybody.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.model import commands as c
from tests.model.collateral import exchanged
from tests.model.fill_check import closable
from tests.model.funding import side_of
from tests.model.health import buffer_rate, health_of, is_flat, settings_of, stake_of
from tests.model.insurance import fund_amount, usable
from tests.model.margin import position_of
from tests.model.pools import Pool, equity, is_locked, pool_of
from tests.model.rules_moves import price_now
from tests.model.rules_orders import market_bound
from tests.model.scan import pools_of
from tests.model.standing import BANKRUPT, LIQUIDATABLE, TAKE_OVER, standing_of
from tests.model.state import RATE_ONE, Account, Market, ceil_div
from tests.model.waterfall_shares import fillable_price, most_lots
from tests.model.waterfall_state import Auction

from .risk_commands import account_and_market
from .trouble_settings import one_amount_wrong, register, set_liquidation, set_portfolio_terms
from .venues import ACCOUNTS, ASSETS, COLLATERAL, MARKETS

if TYPE_CHECKING:
    from .sessions import Session

PERCENT = RATE_ONE // 100


# Trouble


def pools_in_trouble(session: Session, worst: int = LIQUIDATABLE) -> list[Pool]:
    """Every pool that stands at least so badly."""
    state = session.world.state
    return [
        pool
        for account in state.accounts.values()
        for pool in pools_of(state, account)
        if standing_of(health_of(state, pool), settings_of(state, pool)) >= worst
    ]


def gap(session: Session) -> c.Command:
    """A mark at which a pool that holds something is worth a certain share of its maintenance, or nearly."""
    rng, state = session.rng, session.world.state
    account, market = account_and_market(session)
    if rng.random() < 0.3:
        account, market = portfolio_position(session) or (account, market)
    lots = position_of(account, market.market).lots
    if lots == 0 or market.mark == 0:
        market = state.markets[rng.randint(1, MARKETS)]
        return c.SetMark(market.market, session.venue.shapes[market.market - 1].middle)
    health = health_of(state, pool_of(state, account, market.market))
    wanted = health.maintenance * rng.choice((-50, -5, 0, 3, 40, 66, 67, 99, 100, 105, 120, 200)) // 100
    ticks = (wanted - health.equity) // (lots * market.tick_value) + rng.choice((0, 0, 1, -1))
    near = max(market.mark // 3, min(market.mark * 2, market.mark + ticks))
    return c.SetMark(market.market, max(1, min(market.price_max, near)))


def portfolio_position(session: Session) -> tuple[Account, Market] | None:
    """A position with scenarios of an account that is margined as a portfolio."""
    state = session.world.state
    found = [
        (account, state.markets[market])
        for account in state.accounts.values()
        if account.margin_mode == c.PORTFOLIO
        for market, position in account.positions.items()
        if position.lots and not position.isolated and market in state.portfolio.moves
    ]
    return session.rng.choice(found) if found else None


def back_to_the_middle(session: Session) -> c.Command:
    """A market calms down, so that new positions can be opened."""
    market = session.rng.randint(1, MARKETS)
    return c.SetMark(market, session.venue.shapes[market - 1].middle)


def leverage(session: Session) -> c.Command:
    """An order about as large as the account can place, across the mark."""
    rng, state = session.rng, session.world.state
    account, market = account_and_market(session)
    side = rng.choice((c.BUY, c.SELL))
    worth = equity(state, pool_of(state, account, market.market))
    per_lot = max(1, market.mark * market.tick_value * rng.choice((2, 5, 10, 20)) // 100)
    lots = max(1, min(worth // per_lot, market.order_max_lots, market.position_max))
    away = max(1, market.mark * rng.choice((0, 1, 1, 3)) // 100)
    price = max(1, min(market.price_max, market.mark + (away if side == c.BUY else -away)))
    force = rng.choice((c.GTC, c.GTC, c.IOC))
    return c.Place(account.account, market.market, side, c.LIMIT, price, lots, force, 0, False, False, 0, 0)


# The policy


def target(session: Session, worst: int = LIQUIDATABLE, *, holding: bool = True) -> Pool:
    """A pool in trouble, one that holds lots or one that holds none; if there is none such, any."""
    rng, state = session.rng, session.world.state
    troubled = pools_in_trouble(session, worst)
    wanted = [pool for pool in troubled if is_flat(state, pool) != holding]
    if (wanted or troubled) and rng.random() < 0.95:
        return rng.choice(wanted or troubled)
    return rng.choice(list(pools_of(state, state.accounts[rng.randint(1, ACCOUNTS)])))


def position_in(session: Session, pool: Pool) -> tuple[Account, Market]:
    """A market of a pool, one with lots if there is one."""
    rng, state = session.rng, session.world.state
    account = state.accounts[pool.account]
    held = [market for market, one in account.positions.items() if one.lots and pool_of(state, account, market) == pool]
    if not held:
        settled = [market for market in range(1, MARKETS + 1) if state.markets[market].settlement == pool.asset]
        return account, state.markets[rng.choice(settled or [1])]
    return account, state.markets[rng.choice(held)]


def near(rng: random.Random, value: int) -> int:
    """The value, or one beside it."""
    return value + rng.choice((0, 0, 0, 1, -1))


def lock(session: Session) -> c.Command:
    """Locks a pool in trouble."""
    return c.Lock(*target(session))


def release(session: Session) -> c.Command:
    """Releases a pool that is locked, most often."""
    state = session.world.state
    locked = [
        pool for account in state.accounts.values() for pool in pools_of(state, account) if is_locked(state, pool)
    ]
    return c.Release(*(session.rng.choice(locked) if locked and session.rng.random() < 0.9 else target(session)))


def cancel_increasing(session: Session) -> c.Command:
    """Cancels what adds risk; now and then names a pool that is none."""
    pool = target(session)
    if session.rng.random() < 0.05:
        return c.CancelIncreasing(pool.account, pool.asset, session.rng.randint(0, MARKETS))
    return c.CancelIncreasing(*pool)


def liquidate(session: Session) -> c.Command:
    """A reduction of as much, and as far from the mark, as is just allowed."""
    rng, state = session.rng, session.world.state
    pool = target(session)
    account, market = position_in(session, pool)
    stake = stake_of(state, account, market)
    if stake.lots == 0 or rng.random() < 0.4:
        return c.Liquidate(account.account, market.market, rng.choice((0, 0, 1, -1)), rng.choice((0, 0, 0, -1)))
    settings, worse = settings_of(state, pool), -1 if stake.lots > 0 else 1
    most, limit = most_lots(stake, buffer_rate(state, pool), settings), fillable_price(stake, settings)
    lots, price = (
        rng.choice((0, 0, 1, near(rng, most), 2 * most)),
        rng.choice((0, 0, limit, limit + worse, market.mark)),
    )
    return c.Liquidate(account.account, market.market, lots, price)


def hedge(session: Session) -> c.Command:
    """An order against what a portfolio holds, in the same market or in another."""
    rng, state = session.rng, session.world.state
    portfolios = [pool for pool in pools_in_trouble(session) if state.accounts[pool.account].margin_mode == c.PORTFOLIO]
    if not portfolios and rng.random() < 0.8:
        return gap(session)
    pool = rng.choice(portfolios) if portfolios else target(session)
    account, market = position_in(session, pool)
    if rng.random() < 0.3:
        market = state.markets[rng.randint(1, MARKETS)]
    held = position_of(account, market.market).lots
    side = c.SELL if held > 0 or (held == 0 and rng.random() < 0.5) else c.BUY
    most = max(1, abs(held))
    lots = rng.choice((1, most, most, max(1, most // 2), most * 2))
    if rng.random() < 0.1:
        lots = rng.choice((0, -1, market.order_max_lots + rng.choice((0, 1))))
    bound = market_bound(market, side) if market.mark else 1
    price = rng.choice((0, market.mark, market.mark, near(rng, market.mark), near(rng, bound)))
    return c.Hedge(account.account, market.market, side, lots, price)


def open_auction(session: Session) -> c.Command:
    """An offer of a part of a position, in one of a few shapes."""
    rng = session.rng
    account, market = position_in(session, target(session))
    lots = abs(position_of(account, market.market).lots)
    start, end = sorted(rng.choice((0, PERCENT, 5 * PERCENT, 30 * PERCENT, RATE_ONE)) for _ in range(2))
    offered = rng.choice((lots, max(1, lots // 2), 1, lots + 1))
    duration = rng.choice((1, 10, 1_000, 30_000, 2**64 - 1, 0))
    command = c.OpenAuction(account.account, market.market, offered, start, end, duration)
    return one_amount_wrong(rng, command, often=0.1)


def bid(session: Session) -> c.Command:
    """A bid on an open auction, mostly of somebody who may, at its price or just beside it."""
    rng, state = session.rng, session.world.state
    auctions = list(state.waterfall.auctions.values())
    if not auctions:
        return c.Bid(rng.randint(1, ACCOUNTS), rng.randint(0, state.waterfall.auctions_opened + 1), 1, 0)
    troubled = pools_in_trouble(session)
    biddable = [one for one in auctions if is_biddable(session, one, troubled)]
    auction = rng.choice(biddable if biddable and rng.random() < 0.95 else auctions)
    master = state.accounts[auction.account].master
    registered = [one for one in sorted(state.waterfall.liquidators) if state.accounts[one].master != master]
    bidder = rng.choice(registered) if registered and rng.random() < 0.85 else rng.randint(1, ACCOUNTS)
    price = price_now(state, auction)
    lots = rng.choice((1, 2, auction.lots, auction.lots + 1, max(1, auction.lots // 2), 0))
    return c.Bid(bidder, auction.auction, lots, rng.choice((0, 0, near(rng, price), price)))


def is_biddable(session: Session, auction: Auction, troubled: list[Pool]) -> bool:
    """Whether the position is still there, in a pool in trouble."""
    state = session.world.state
    seller = state.accounts[auction.account]
    position = position_of(seller, auction.market)
    there = position.lots != 0 and side_of(position) == auction.side
    return there and pool_of(state, seller, auction.market) in troubled


def close_auction(session: Session) -> c.Command:
    """Ends an auction, mostly one that is there."""
    auctions = list(session.world.state.waterfall.auctions)
    return c.CloseAuction(session.rng.choice(auctions) if auctions else session.rng.randint(0, 5))


def take_over(session: Session) -> c.Command:
    """A vault takes all or a part of a position of a failing pool."""
    rng, state = session.rng, session.world.state
    account, market = position_in(session, target(session, TAKE_OVER))
    vaults = sorted(account for account, asset in state.waterfall.vaults if asset == market.settlement)
    vault = rng.choice(vaults) if vaults and rng.random() < 0.95 else rng.randint(1, ACCOUNTS)
    lots = abs(position_of(account, market.market).lots)
    return c.TakeOver(account.account, market.market, rng.choice((0, 0, 1, lots, lots + 1, -1)), vault)


def deleverage(session: Session) -> c.Command:
    """Closes a failing position against whoever is on the other side, in some order; now and then the list is wrong."""
    rng, state = session.rng, session.world.state
    account, market = position_in(session, target(session, TAKE_OVER))
    held = position_of(account, market.market).lots
    side = c.SELL if held < 0 else c.BUY
    others = [
        (other.account, closable(position_of(other, market.market).lots, side))
        for other in state.accounts.values()
        if closable(position_of(other, market.market).lots, side) > 0
    ]
    rng.shuffle(others)
    wanted = rng.choice((abs(held), abs(held), max(1, abs(held) // 2), 1, abs(held) + 1))
    shares, left = [], wanted
    for other, lots in others:
        given = min(lots, left, rng.choice((lots, lots, max(1, lots // 2))))
        if given > 0:
            shares.append(c.Share(other, given))
            left -= given
    lots = wanted - left
    if rng.random() < 0.25:
        shares = spoiled_shares(rng, shares, account.account)
        if rng.random() < 0.7:
            lots = sum(share.lots for share in shares)
    return c.Deleverage(account.account, market.market, max(-(2**63), min(2**63 - 1, lots)), tuple(shares))


def spoiled_shares(rng: random.Random, shares: list[c.Share], account: int) -> list[c.Share]:
    """A list of counterparties with something wrong."""
    someone = rng.randint(1, ACCOUNTS)
    wrong = (c.Share(account, 1), c.Share(someone, 0), c.Share(someone, -1), c.Share(someone, 1), c.Share(99, 1))
    at = rng.randint(0, len(shares))
    choices = (
        [*shares[:at], rng.choice(wrong), *shares[at:]],
        [*shares, *shares],
        shares[1:],
        [c.Share(share.account, share.lots + 1) for share in shares],
        [c.Share(someone, 1)] * 1_001,
        [c.Share(someone, 2**63 - 1)] * 2,
    )
    return list(rng.choice(choices))


def cover_loss(session: Session) -> c.Command:
    """The fund pays a debt, or a part of it."""
    rng, state = session.rng, session.world.state
    pool = target(session, BANKRUPT, holding=False)
    debt, available = -equity(state, pool), usable(state, pool)
    return c.CoverLoss(*pool, rng.choice((0, 0, near(rng, debt), near(rng, available), -1)))


def convert_collateral(session: Session) -> c.Command:
    """Sells collateral of an account that owes, around what covers the debt."""
    rng, state = session.rng, session.world.state
    owing = [account for account in state.accounts.values() if account.cash.get(1, 0) < 0]
    if owing and state.assets[1].insurance == 0 and rng.random() < 0.5:
        return fund_insurance(session)
    account = rng.choice(owing) if owing and rng.random() < 0.95 else state.accounts[rng.randint(1, ACCOUNTS)]
    asset = COLLATERAL if rng.random() < 0.95 else rng.randint(1, ASSETS)
    terms, held = state.assets[asset].collateral, account.cash.get(asset, 0)
    enough = held
    if terms is not None and (unit := exchanged(terms, 10**6)) > 0:
        enough = ceil_div(-account.cash.get(1, 0) * 10**6, unit)
    return c.ConvertCollateral(
        account.account, asset, rng.choice((near(rng, enough), near(rng, held), min(held, enough)))
    )


def socialise(session: Session) -> c.Command:
    """Those who won share a debt."""
    rng, state = session.rng, session.world.state
    pool = target(session, BANKRUPT, holding=False)
    _, market = position_in(session, pool)
    market_id = pool.market or market.market
    side = rng.choice((c.BUY, c.SELL))
    return c.Socialise(pool.account, market_id, side, rng.choice((0, 0, near(rng, -equity(state, pool)), 1, -1)))


def fund_insurance(session: Session) -> c.Command:
    """Fills a fund from fees or from an account."""
    rng, state = session.rng, session.world.state
    pool = target(session, BANKRUPT, holding=False)
    fees = state.assets[pool.asset].fees
    if rng.random() < 0.4:
        return c.FundInsurance(pool.asset, pool.market, 0, rng.choice((near(rng, fees), fees // 2)))
    donor = rng.randint(1, ACCOUNTS)
    cash = state.accounts[donor].cash.get(pool.asset, 0)
    return c.FundInsurance(
        pool.asset, rng.choice((pool.market, 0, 1, 3)), donor, rng.choice((cash // 2, cash // 9, near(rng, cash)))
    )


def set_insurance(session: Session) -> c.Command:
    """A limit on what a fund loses."""
    rng, state = session.rng, session.world.state
    pool = target(session, BANKRUPT, holding=False)
    loss_max = rng.choice((0, fund_amount(state, pool.asset, pool.market) // 2, 100 * session.venue.money, -1))
    interval = rng.choice((0, 0, 500, 5_000, 2**64 - 1))
    return c.SetInsurance(pool.asset, rng.choice((pool.market, pool.market, 0, 2)), loss_max, interval)


def settings_of_steps(session: Session) -> c.Command:
    """Something about the steps is set otherwise."""
    settings = (set_liquidation, set_insurance, set_insurance, register, register, *(set_portfolio_terms,) * 6)
    return session.rng.choice(settings)(session)


def clear_orders(session: Session) -> c.Command:
    """Somebody with many orders takes them out."""
    state = session.world.state
    account = max(state.accounts.values(), key=lambda account: len(account.orders))
    return c.MassCancel(account.account, 0, 0)


def doubt(session: Session) -> c.Command:
    """The price of a market in trouble is not good enough for steps; or, where it is not, it is again."""
    doubted = [market for market in session.world.state.markets.values() if market.oracle.grade < market.grades[1]]
    if doubted and session.rng.random() < 0.8:
        return c.SetGrades(doubted[0].market, c.NO_GRADE, c.NO_GRADE, c.NO_GRADE)
    _, market = position_in(session, target(session))
    if market.oracle.grade == c.GOOD:
        return c.SetOracle(market.market, market.mark or 1, 0, session.rng.randint(c.NO_GRADE, c.AGEING), session.time)
    return c.SetGrades(market.market, c.NO_GRADE, market.oracle.grade + 1, c.NO_GRADE)


def in_need_of(worst: int, step: Callable[[Session], c.Command]) -> Callable[[Session], c.Command]:
    """The step, or, where nobody stands so badly, most often something that leads there."""

    def chosen(session: Session) -> c.Command:
        state = session.world.state
        if any(not is_flat(state, pool) for pool in pools_in_trouble(session, worst)) or session.rng.random() < 0.2:
            return step(session)
        return session.rng.choice((gap, gap, leverage))(session)

    return chosen


def in_deficit(step: Callable[[Session], c.Command]) -> Callable[[Session], c.Command]:
    """The step, or, where there is no debt without positions, most often something that leads there."""

    def chosen(session: Session) -> c.Command:
        state = session.world.state
        bankrupt = pools_in_trouble(session, BANKRUPT)
        if any(is_flat(state, pool) for pool in bankrupt) or session.rng.random() < 0.2:
            return step(session)
        return session.rng.choice((take_over, take_over, deleverage) if bankrupt else (gap, leverage))(session)

    return chosen


def auction(session: Session) -> c.Command:
    """A bid, or first an auction; there are no more than a few at a time."""
    auctions = session.world.state.waterfall.auctions
    if len(auctions) > 4 and session.rng.random() < 0.5:
        return c.CloseAuction(min(auctions))
    return bid(session) if auctions and session.rng.random() < 0.7 else open_auction(session)


TROUBLE_CHOICES: tuple[list[Callable[[Session], c.Command]], list[int]] = (
    [
        gap,
        back_to_the_middle,
        leverage,
        in_need_of(LIQUIDATABLE, lock),
        release,
        in_need_of(LIQUIDATABLE, cancel_increasing),
        in_need_of(LIQUIDATABLE, liquidate),
        in_need_of(LIQUIDATABLE, hedge),
        in_need_of(LIQUIDATABLE, open_auction),
        in_need_of(LIQUIDATABLE, auction),
        close_auction,
        in_need_of(TAKE_OVER, take_over),
        in_need_of(TAKE_OVER, deleverage),
        in_deficit(cover_loss),
        convert_collateral,
        in_deficit(socialise),
        fund_insurance,
        settings_of_steps,
        clear_orders,
        doubt,
    ],
    [90, 30, 150, 14, 12, 12, 60, 40, 12, 60, 3, 30, 44, 40, 30, 36, 24, 70, 8, 12],
)
