"""The commands of accounts, margin, funding and fees in a random session: mostly sensible, often at an edge.

What restricts is mostly taken back soon, so that a session never comes to rest.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.model import commands as c
from tests.model.margin import notional_of, open_interest, position_of
from tests.model.pools import balance, cross_pool, equity, pool_of, settled_balance, transfer_level
from tests.model.state import RATE_ONE, Account, Market

from .hostile import extreme
from .venues import ACCOUNTS, ASSETS, COLLATERAL, FAMILIES, MARKETS

if TYPE_CHECKING:
    from .sessions import Session

GOOD_FEE_TIERS = (
    (),
    ((-20_000, 400_000), (-100_000, 300_000)),
    ((100_000, 200_000),),
    ((0, 50_000_000), (-30_000_000, 40_000_000), (-40_000_000, 40_000_000)),
)
BAD_FEE_TIERS = (((0, 0),) * 17, ((-200_000, 100_000),), ((0, 0), (0, 10**8 + 1)), ((5, 5), (-(2**63), 2**63 - 1)))


def account_and_market(session: Session) -> tuple[Account, Market]:
    """An account and a market, most often one in which it holds something."""
    rng, state = session.rng, session.world.state
    account = state.accounts[rng.randint(1, ACCOUNTS)]
    held = [market for market in account.positions if market <= MARKETS]
    market = rng.choice(held) if held and rng.random() < 0.8 else rng.randint(1, MARKETS)
    return account, state.markets[market]


def any_market(session: Session) -> Market:
    """One of the markets of the opening."""
    return session.world.state.markets[session.rng.randint(1, MARKETS)]


def one_field_wrong(rng: random.Random, command: c.Command, first: int, *, often: float = 0.15) -> c.Command:
    """Now and then the command with one of its numbers from `first` on out of range."""
    if rng.random() > often:
        return command
    index = rng.randint(first, len(command) - 1)
    make: Any = type(command)
    wrong = rng.choice((-1, RATE_ONE + 1, 10 * RATE_ONE + 1, extreme(rng, "i64")))
    if isinstance(command[index], bool):
        return command
    if command._fields[index] == "price_decimals":
        wrong = rng.choice((19, 255))
    bad: c.Command = make(*command[:index], wrong, *command[index + 1 :])
    return bad


def set_fee_tiers(session: Session) -> c.Command:
    """Tiers of fees, one set in four impossible."""
    rng = session.rng
    rows = rng.choice(GOOD_FEE_TIERS if rng.random() < 0.75 else BAD_FEE_TIERS)
    return c.SetFeeTiers(rng.randint(1, MARKETS), tuple(c.FeeTier(*row) for row in rows))


def set_account_fees(session: Session) -> c.Command:
    """A tier, and a rebate that may eat all of what the taker pays."""
    rng = session.rng
    rebate = rng.choice((0, 10_000, 30_000_000, 10**8, 10**8 + 1, -1))
    return c.SetAccountFees(rng.randint(1, ACCOUNTS), rng.choice((0, 1, 2, 3, 16, 17)), rebate)


def set_market_mode(session: Session) -> c.Command:
    """A restriction, or its end where there is one."""
    rng = session.rng
    restricted = [market for market in session.world.state.markets.values() if market.mode != c.CONTINUOUS]
    if restricted and rng.random() < 0.8:
        return c.SetMarketMode(rng.choice(restricted).market, c.CONTINUOUS)
    return c.SetMarketMode(rng.randint(1, MARKETS), rng.choice((1, 2, 3, 4)))


def set_scaling(session: Session) -> c.Command:
    """Rates that rise with size or with open interest, or with neither."""
    rng, market = session.rng, any_market(session)
    unit = session.venue.shapes[market.market - 1].unit
    size_rate = rng.choice((0, 0, 1_000_000, 20_000_000, RATE_ONE)) // (1 if unit == 1 else 2**10)
    lower = rng.choice((0, 20, 60)) * unit
    width = rng.choice((0, 0, 1, 100, 400)) * unit
    return one_field_wrong(rng, c.SetScaling(market.market, size_rate, lower, lower + width), 1)


def set_caps(session: Session) -> c.Command:
    """Caps around what there is, most often none."""
    rng, market = session.rng, any_market(session)
    unit, interest = session.venue.shapes[market.market - 1].unit, open_interest(session.world.state, market.market)
    near = interest + rng.randint(1, 3) * unit
    most = rng.choice((0, interest, near, near, near, near, interest + 40 * unit, max(0, interest - 5 * unit)))
    share, floor = rng.choice((0, 0, 100_000_000, 500_000_000)), rng.choice((0, 5, 20)) * unit
    return one_field_wrong(rng, c.SetCaps(market.market, most, share, floor), 1)


def set_exposure_cap(session: Session) -> c.Command:
    """A cap around an account's notional, or the end of one."""
    rng, (account, market) = session.rng, account_and_market(session)
    caps = session.world.state.exposure_caps
    if caps and rng.random() < 0.6:
        return c.SetExposureCap(*rng.choice(sorted(caps)), 0)
    scope = rng.randint(1, 3)
    number = {c.BY_MARKET: market.market, c.BY_GROUP: market.group, c.BY_ASSET: market.settlement}[scope]
    lots = position_of(account, market.market).lots + rng.randint(0, 20) * session.venue.shapes[market.market - 1].unit
    who = rng.choice((0, account.account))
    number = number if rng.random() < 0.9 else rng.choice((0, 99, 65_535))
    return c.SetExposureCap(who, scope, number, rng.choice((notional_of(market, lots), 0, -1)))


def set_levels(session: Session) -> c.Command:
    """Levels above the requirement, and a floor."""
    rng = session.rng
    rates = (rng.choice((RATE_ONE, 1_100_000_000, 10 * RATE_ONE)), rng.choice((RATE_ONE, 1_500_000_000)))
    buffer, floor = rng.choice((0, 100_000_000, RATE_ONE)), rng.choice((0, 0, 50, 700)) * session.venue.money
    return one_field_wrong(rng, c.SetLevels(rng.randint(1, ASSETS), *rates, buffer, floor), 1)


def set_collateral(session: Session) -> c.Command:
    """Terms of the collateral, or an asset that cannot be it."""
    rng = session.rng
    asset, settlement = (COLLATERAL, 1) if rng.random() < 0.6 else (rng.randint(1, 6), rng.randint(1, 6))
    money = session.venue.money
    caps = (rng.choice((0, 500, 20_000, 10**6)) * money, rng.choice((0, 50_000, 10**6, 10**6)) * money)
    terms = (rng.choice((0, 100_000_000, RATE_ONE)), *caps, rng.choice((0, 2, 18)))
    return one_field_wrong(rng, c.SetCollateral(asset, settlement, *terms), 2)


def set_collateral_price(session: Session) -> c.Command:
    """A price, now and then with a broken peg; or for something that is no collateral."""
    rng = session.rng
    asset = COLLATERAL if rng.random() < 0.9 else rng.randint(1, 6)
    terms = session.world.state.assets[COLLATERAL].collateral
    scale = 10 ** (terms.price_decimals if terms else 2)
    price = min(scale * rng.choice((0, 1, 3, 30)) // rng.choice((1, 2, 7)), 2**63 - 1)
    depeg = rng.choice((RATE_ONE, RATE_ONE, 950_000_000, 500_000_000, 0))
    return one_field_wrong(rng, c.SetCollateralPrice(asset, price, depeg), 1)


def set_permissions(session: Session) -> c.Command:
    """Restrictions of an account, most often their end."""
    rng = session.rng
    account = rng.randint(1, ACCOUNTS)
    if rng.random() < 0.5:
        return c.SetPermissions(account, False, False, False, (), ())
    flags = (rng.random() < 0.3, rng.random() < 0.3, rng.random() < 0.3)
    lists: tuple[tuple[int, ...], ...] = ((), (1,), (1, 3), (2, 3))
    bad: tuple[tuple[int, ...], ...] = ((2, 2), (3, 1), tuple(range(1, 18)), (1, 60_000), (0, 1))
    markets = rng.choice(lists if rng.random() < 0.8 else bad)
    destinations = rng.choice(((), (7,), (7, 9), (7, 9), (2**64 - 1,), (9, 7)))
    return c.SetPermissions(account, *flags, markets, destinations)


def set_withdrawal_gate(session: Session) -> c.Command:
    """A gate that is closed, narrow or open."""
    rng, asset = session.rng, session.rng.randint(1, ASSETS)
    if session.world.state.assets[asset].gate.closed and rng.random() < 0.7:
        return c.SetWithdrawalGate(asset, False, 0, 0)
    most = rng.choice((0, 200, 2_000, -1)) * session.venue.money
    return c.SetWithdrawalGate(asset, rng.random() < 0.25, rng.choice((0, 0, 1, 5_000, 2**64 - 1)), most)


def siblings(session: Session) -> tuple[int, int]:
    """Two accounts, mostly of one master."""
    rng = session.rng
    family = rng.choice((*FAMILIES, tuple(range(1, ACCOUNTS + 1))))
    return rng.choice(family), rng.choice(family)


def set_allowance(session: Session) -> c.Command:
    """What a sibling may draw."""
    rng = session.rng
    amount = rng.choice((0, 100, 3_000, 50_000, -1)) * session.venue.money
    return c.SetAllowance(*siblings(session), rng.randint(1, ASSETS), amount)


def draw(session: Session) -> c.Command:
    """A draw up to what is allowed, or up to what the source has."""
    rng, state = session.rng, session.world.state
    given = [(source, *key) for source in state.accounts for key in sorted(state.accounts[source].allowances)]
    if given and rng.random() < 0.9:
        source, account, asset = rng.choice(given)
        allowed = state.accounts[source].allowances[account, asset]
        cash = state.accounts[source].cash.get(asset, 0)
        amount = rng.choice((allowed, allowed + 1, allowed // 3, min(allowed, cash), min(allowed, cash + 1), 0))
        return c.Draw(account, source, asset, amount)
    account, source = siblings(session)
    return c.Draw(account, source, rng.randint(1, ASSETS), session.venue.money)


def set_margin_mode(session: Session) -> c.Command:
    """The other mode, most often."""
    rng = session.rng
    return c.SetMarginMode(rng.randint(1, ACCOUNTS), rng.choice((c.STANDARD, c.PORTFOLIO)))


def spare_of(session: Session, account: Account, market: Market, *, isolated: bool) -> int:
    """About what the cross pool, or the isolated pool of a market, could spare."""
    state = session.world.state
    pool = pool_of(state, account, market.market) if isolated else cross_pool(account, market.settlement)
    return min(settled_balance(state, pool), equity(state, pool) - transfer_level(state, pool))


def set_position_mode(session: Session) -> c.Command:
    """The other mode of a position, with about the margin that it needs or the account can spare."""
    rng, (account, market) = session.rng, account_and_market(session)
    isolated = position_of(account, market.market).isolated == (rng.random() < 0.06)
    if not isolated:
        return c.SetPositionMode(account.account, market.market, False, 0 if rng.random() < 0.9 else 5)
    spare = spare_of(session, account, market, isolated=False)
    some = rng.randint(0, 3_000) * session.venue.money
    amount = rng.choice((0, spare, spare + 1, spare // 2, spare // 3, some, some, -1))
    return c.SetPositionMode(account.account, market.market, True, amount)


def adjust_margin(session: Session) -> c.Command:
    """More or less margin for a position that is isolated, mostly."""
    rng, state = session.rng, session.world.state
    isolated = [
        (account, market)
        for account in state.accounts.values()
        for market, position in account.positions.items()
        if position.isolated and market <= MARKETS
    ]
    if not isolated or rng.random() < 0.1:
        account, market = account_and_market(session)
    else:
        account, number = rng.choice(isolated)
        market = state.markets[number]
    cash = spare_of(session, account, market, isolated=False)
    margin = spare_of(session, account, market, isolated=True)
    held = balance(state, pool_of(state, account, market.market))
    step = rng.randint(1, 900) * session.venue.money
    amount = rng.choice((cash, cash + 1, cash // 3, step, -step, -margin, -margin - 1, -margin // 2, -held - 1, 0))
    return c.AdjustMargin(account.account, market.market, amount)


def set_leverage(session: Session) -> c.Command:
    """Leverage of 1 to 50, none, or none that there is."""
    rng, (account, market) = session.rng, account_and_market(session)
    rate = rng.choice((0, 20_000_000, 200_000_000, 500_000_000, RATE_ONE, RATE_ONE + 1, -1))
    return c.SetLeverage(account.account, market.market, rate)


def set_stress(session: Session) -> c.Command:
    """Stress, or its end where there is any."""
    stressed = [market for market in session.world.state.markets.values() if market.stress]
    if stressed and session.rng.random() < 0.85:
        return c.SetStress(stressed[0].market, False)
    return c.SetStress(session.rng.randint(1, MARKETS), session.rng.random() < 0.8)


def settle_funding(session: Session) -> c.Command:
    """An epoch at a modest rate; some sessions drive the index of the third market to its limit."""
    rng = session.rng
    if session.drives_funding and rng.random() < 0.9:
        price = session.world.state.markets[MARKETS].price_max
        return c.SettleFunding(MARKETS, price, RATE_ONE // 10)
    market = any_market(session)
    middle = session.venue.shapes[market.market - 1].middle
    price = max(1, market.mark + rng.randint(-middle // 50, middle // 50))
    if rng.random() < 0.06:
        price = rng.choice((0, market.price_max, market.price_max + 1))
    rate = rng.choice((1, -1)) * rng.choice((0, 1, 77_777, 1_000_000, 5_000_000, 12_345_678))
    if rng.random() < 0.06:
        rate = rng.choice((1, -1)) * (RATE_ONE // 10 + 1)
    return c.SettleFunding(market.market, price, rate)


def now_and_then(session: Session) -> bool:
    """One time in three."""
    return session.rng.random() < 1 / 3


def relieve(session: Session) -> c.Command:
    """Takes back one thing that holds trading up, if anything does."""
    state = session.world.state
    back: list[c.Command] = []
    for market in state.markets.values():
        if market.mode != c.CONTINUOUS:
            back += [c.SetMarketMode(market.market, c.CONTINUOUS)] * 3
        if market.stress:
            back.append(c.SetStress(market.market, False))
        if market.concentration_rate or (market.open_interest_max and now_and_then(session)):
            back.append(c.SetCaps(market.market, 0, 0, 0))
        if market.oracle.grade < max(market.grades):
            back.append(c.SetGrades(market.market, c.NO_GRADE, c.NO_GRADE, c.NO_GRADE))
            back.append(c.SetOracle(market.market, market.mark or 1, 1, c.GOOD, session.time))
    back += [c.SetExposureCap(*key, 0) for key in sorted(state.exposure_caps)]
    for account in state.accounts.values():
        if account.reduce_only or account.markets:
            back.append(c.SetPermissions(account.account, False, account.no_withdraw, account.no_transfer, (), ()))
    return session.rng.choice(back) if back else settle_funding(session)


RISK_CHOICES: tuple[list[Callable[[Session], c.Command]], list[int]] = (
    [
        set_fee_tiers,
        set_account_fees,
        set_market_mode,
        set_scaling,
        set_caps,
        set_exposure_cap,
        set_levels,
        set_collateral,
        set_collateral_price,
        set_permissions,
        set_withdrawal_gate,
        set_allowance,
        draw,
        set_margin_mode,
        set_position_mode,
        adjust_margin,
        set_leverage,
        set_stress,
        settle_funding,
        relieve,
    ],
    [8, 10, 6, 8, 16, 10, 8, 10, 12, 14, 10, 12, 16, 6, 36, 34, 14, 10, 30, 50],
)
