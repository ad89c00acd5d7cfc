"""Seeded random sessions, written while the model runs them, so that most commands mean something where they stand.

The bias is deliberate: most orders are accepted and trade, accounts run short of margin, positions flip, one account
meets itself, and a share of everything is spoiled.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.model import commands as c
from tests.model.common_checks import FOR_AN_ACCOUNT, ORIGINS
from tests.model.events import Event
from tests.model.pools import cross_pool, equity, requirement
from tests.model.rules_admin import ASSETS_MAX
from tests.model.state import Order, State
from tests.model.world import World

from .hostile import extreme, extreme_tiers, spoiled
from .oracle_commands import ORACLE_CHOICES, speaker
from .risk_commands import RISK_CHOICES, settle_funding
from .venues import ACCOUNTS, ASSETS, FAMILIES, LARGE, MARKETS, SMALL, Venue, limits, opening_commands, tiers

START = 1_700_000_000_000_000_000
GOOD_ORIGIN: dict[type, tuple[int, ...]] = {
    c.SetMark: (c.ORACLE, c.POLICY, c.OPERATOR),
    c.Place: (c.CLIENT, c.POLICY, c.OPERATOR),
    c.Amend: (c.CLIENT, c.POLICY, c.OPERATOR),
    c.Cancel: (c.CLIENT, c.POLICY, c.OPERATOR),
    c.MassCancel: (c.CLIENT, c.POLICY),
    c.Withdraw: (c.CLIENT, c.OPERATOR),
    c.Transfer: (c.CLIENT, c.OPERATOR),
    c.CreateAccount: (c.CLIENT, c.OPERATOR),
    c.Tick: (c.CLIENT, c.ORACLE, c.POLICY, c.OPERATOR),
    c.Checkpoint: (c.POLICY, c.OPERATOR),
    **{kind: tuple(sorted(ORIGINS[kind])) for kind in (*c.MARGIN_TAGS, *c.ORACLE_TAGS)},
}


class Session:
    """A venue under a stream of random commands; everything follows from the random source it is given."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.world = World()
        self.choices = CHOICES
        self.time = START
        self.next_nonce = 1
        self.venue: Venue = rng.choice((SMALL, SMALL, SMALL, LARGE))
        self.opening = list(opening_commands(rng, self.venue))
        self.opening.reverse()
        self.burst = rng.choice((0, 0, 260))
        self.drives_funding = self.venue is LARGE and rng.random() < 0.5

    def step(self) -> tuple[c.Record, list[Event]]:
        """Writes the next record, runs it on the model, and returns both."""
        record = self.next_record()
        return record, self.world.apply(record)

    def next_record(self) -> c.Record:
        """The next record, which nobody has run yet."""
        return self.record(self.command()) if not self.opening else self.opening_record()

    def command(self) -> c.Command:
        """The next command: the opening first, then whatever the dice say."""
        choose, weights = self.choices
        if self.drives_funding and self.rng.random() < 0.08:
            return settle_funding(self)
        command = self.rng.choices(choose, weights)[0](self)
        return spoiled(self.rng, command) if self.rng.random() < 0.04 else command

    def opening_record(self) -> c.Record:
        """The next record of the opening, by the operator and with nothing wrong."""
        return c.Record(self.time, c.OPERATOR, 0, 0, 0, self.opening.pop())

    def record(self, command: c.Command) -> c.Record:
        """Stamps a command; a few carry a wrong origin, an unknown author or a cause that lies ahead."""
        rng = self.rng
        if rng.random() < 0.7:
            self.time += rng.choice((0, 1, 10, 1_000)) if rng.random() < 0.98 else 50_000
        origin = rng.choice(GOOD_ORIGIN.get(type(command), (c.OPERATOR,)))
        author = cause = 0
        if rng.random() < 0.1:
            author, cause = rng.choice((0, 1)), rng.randint(0, self.world.state.seq)
        if origin == c.POLICY and isinstance(command, FOR_AN_ACCOUNT):
            origin, author = speaker(self, command.account)
        if rng.random() < 0.015:
            origin = rng.randint(0, 3)
            author = rng.choice((0, 0, 1, 2, 3, 65_535))
            cause = self.world.state.seq + rng.choice((0, 1, 2**64 - 1 - self.world.state.seq))
        return c.Record(self.time, origin, author, cause, self.nonce(command), command)

    def nonce(self, command: c.Command) -> int:
        """Mostly none, else mostly the next, else one that was used or forgotten."""
        rng = self.rng
        account = getattr(command, "account", 0)
        if self.burst and account == 1:
            self.burst -= 1
        elif rng.random() > 0.12:
            return 0
        if not account and rng.random() < 0.7:
            return 0
        self.next_nonce += rng.choice((1, 1, 2))
        if rng.random() < 0.25:
            return rng.choice((max(1, self.next_nonce - rng.randint(1, 300)), 1, 2**64 - 1 - rng.randint(0, 3)))
        return self.next_nonce


def any_account(session: Session) -> int:
    """An account, account 1 more often than others when a burst of nonces is wanted."""
    if session.burst and session.rng.random() < 0.4:
        return 1
    return session.rng.randint(1, ACCOUNTS)


def any_order(session: Session) -> Order | None:
    """An open order, if there is one."""
    state = session.world.state
    for _ in range(3):
        account = state.accounts.get(session.rng.randint(1, ACCOUNTS))
        if account is not None and account.orders:
            return session.rng.choice(list(account.orders.values()))
    return None


def price_near(session: Session, market: int, side: int) -> int:
    """A price around the mark, on the aggressive side of it about half of the time."""
    mark = session.world.state.markets[market].mark or session.venue.shapes[market - 1].middle
    width = max(mark // 100, 2)
    away = session.rng.randint(-width, width)
    return max(1, mark + (away if side == c.BUY else -away) // session.rng.choice((1, 1, 2, 4)))


def sized(session: Session, market: int, units: int) -> int:
    """So many units of size in lots, not quite round where lots are small."""
    unit = session.venue.shapes[market - 1].unit
    return units * unit + (session.rng.randint(-1, 1) if unit > 1 else 0)


def place(session: Session) -> c.Command:
    """A new order; reduce-only ones and flips look at the position first."""
    rng = session.rng
    account, market, side = any_account(session), rng.randint(1, MARKETS), rng.choice((c.BUY, c.SELL))
    kind = c.MARKET if rng.random() < 0.12 else c.LIMIT
    force = rng.choices((c.GTC, c.IOC, c.FOK, c.GTD), (60, 18, 5, 17))[0]
    lots = sized(session, market, rng.choice((1, 2, 3, 5, 8, 8, 13, rng.randint(1, 60) if force == c.IOC else 2)))
    reduce_only = rng.random() < 0.12
    held = session.world.state.accounts[account].positions.get(market)
    if held is not None and rng.random() < (0.9 if reduce_only else 0.25):
        side = c.SELL if held.lots > 0 else c.BUY
        beyond = rng.randint(-3, 8) * rng.choice((1, session.venue.shapes[market - 1].unit))
        near = abs(held.lots) * rng.choice((1, 1, 2)) + beyond
        lots = max(1, near) if rng.random() < 0.7 else lots
    if rng.random() < 0.03:
        lots = sized(session, market, rng.randint(30, 60))
    price = price_near(session, market, side)
    if force == c.FOK and rng.random() < 0.6:
        lots = sized(session, market, rng.randint(1, 4))
        price += (price // 50 + 1) * (1 if side == c.BUY else -1)
    if kind == c.MARKET:
        price = price if rng.random() < 0.3 else 0
        force = rng.choice((c.IOC, c.IOC, c.FOK)) if rng.random() < 0.97 else force
    post_only = kind == c.LIMIT and rng.random() < (0.15 if force in (c.GTC, c.GTD) else 0.02)
    expires_at = (
        session.time + rng.choice((1, 500, 3_000, 20_000, 20_000, 100_000)) - rng.choice((0, 0, 0, 0, 1))
        if force == c.GTD
        else 0
    )
    client_order = rng.randint(1, 9) if rng.random() < 0.4 else 0
    self_trade = rng.choices(range(5), (40, 15, 15, 15, 15))[0]
    flags = (force, self_trade, post_only, reduce_only, client_order, expires_at)
    return c.Place(account, market, side, kind, price, lots, *flags)


def reference(session: Session, order: Order) -> tuple[int, int]:
    """An order's id or its client order id; sometimes both or neither, which is wrong."""
    if session.rng.random() < 0.05:
        return session.rng.choice(((0, 0), (order.order, order.client_order or 7), (order.order + 1, 0), (0, 8)))
    if order.client_order and session.rng.random() < 0.5:
        return 0, order.client_order
    return order.order, 0


def amend(session: Session) -> c.Command:
    """All ways to change an order: smaller, larger, elsewhere, both, not at all, below what is filled."""
    order = any_order(session)
    if order is None:
        return place(session)
    rng = session.rng
    total = order.filled + order.lots
    smaller, larger = rng.randint(0, total), total + sized(session, order.market, rng.randint(1, 30))
    lots = rng.choice((0, 0, total, total - 1, total + 1, larger, smaller, order.filled))
    price = rng.choice((0, 0, order.price, order.price + 1, max(0, order.price - 1)))
    if rng.random() < 0.3:
        price = price_near(session, order.market, order.side)
    return c.Amend(order.account, *reference(session, order), price, lots)


def cancel(session: Session) -> c.Command:
    """Cancels an open order, now and then somebody else's."""
    order = any_order(session)
    if order is None:
        return c.Cancel(any_account(session), session.rng.randint(0, 20), 0)
    account = any_account(session) if session.rng.random() < 0.05 else order.account
    return c.Cancel(account, *reference(session, order))


def mass_cancel(session: Session) -> c.Command:
    """Cancels what an account has open, in one market or all, on one side or both."""
    return c.MassCancel(any_account(session), session.rng.randint(0, MARKETS), session.rng.randint(0, 2))


def set_mark(session: Session) -> c.Command:
    """A small step that pulls back to the middle, or a crash or a spike."""
    market = session.rng.randint(1, MARKETS)
    middle = session.venue.shapes[market - 1].middle
    mark = session.world.state.markets[market].mark or middle
    if session.rng.random() < 0.05:
        return c.SetMark(market, max(1, middle * session.rng.randint(80, 125) // 100))
    step = session.rng.randint(-max(1, mark // 60), max(1, mark // 60))
    return c.SetMark(market, max(1, mark + step + (middle - mark) // 8))


def spare(state: State, account_id: int, asset: int) -> int:
    """About what an account can take out."""
    account = state.accounts[account_id]
    pool = cross_pool(account, asset)
    return min(account.cash.get(asset, 0), equity(state, pool) - requirement(state, pool))


def amount_near(session: Session, account: int, asset: int) -> int:
    """An amount around what the account can spare, so that both rules of a withdrawal are met from both sides."""
    rng = session.rng
    state = session.world.state
    cash = state.accounts[account].cash.get(asset, 0)
    edge = spare(state, account, asset) + rng.randint(-2, 2)
    return rng.choice((edge, edge, cash, cash + 1, cash // 3, rng.randint(0, 900) * session.venue.money))


def deposit(session: Session) -> c.Command:
    """Money for an account, more often for one that is poor."""
    rng = session.rng
    state, asset = session.world.state, rng.randint(1, ASSETS)
    accounts = rng.sample(range(1, ACCOUNTS + 1), 2)
    poorer = min(accounts, key=lambda account: equity(state, cross_pool(state.accounts[account], asset)))
    units = rng.choice((0, 1, 300, 2_000, 15_000, 40_000))
    return c.Deposit(poorer, asset, 2**60 if rng.random() < 0.1 else units * session.venue.money)


def withdraw(session: Session) -> c.Command:
    """Takes money out, up to the edge."""
    account, asset = any_account(session), session.rng.randint(1, ASSETS)
    return c.Withdraw(account, asset, amount_near(session, account, asset), session.rng.choice((0, 7, 9)))


def transfer(session: Session) -> c.Command:
    """Moves money, mostly within a family of accounts."""
    family = session.rng.choice((*FAMILIES, tuple(range(1, ACCOUNTS + 1))))
    source, destination, asset = session.rng.choice(family), session.rng.choice(family), session.rng.randint(1, ASSETS)
    return c.Transfer(source, destination, asset, amount_near(session, source, asset))


def administer(session: Session) -> c.Command:
    """The operator changes something while the market runs."""
    rng = session.rng
    market = rng.randint(1, MARKETS)
    return rng.choice(
        (
            c.SetTiers(market, tiers(rng, session.venue)),
            c.SetTiers(market, extreme_tiers(rng)),
            c.SetFees(market, *rng.choice(((0, 0), (-100_000, 500_000), (250_000, 250_000), (1, -2)))),
            limits(rng, session.venue, market),
            invalid_limits(rng, market),
            c.SetParameters(rng.choice((0, 4, 12, 30, 10**6 + 1)), rng.choice((0, 1, 64)), rng.choice((0, 500))),
            c.CreateAccount(rng.choice((0, 1, 2, 5))),
            c.RegisterAuthor(rng.randint(0, 3), rng.choice(("fund", "")), "2"),
            c.Checkpoint(),
            c.Repair(rng.randint(0, 2**64 - 1), rng.randint(0, 3), "ab12"),
            c.ActivateRuleset(rng.choice((1, 1, 2))),
            *(new_listing(session) for _ in range(4)),
        )
    )


def invalid_limits(rng: random.Random, market: int) -> c.Command:
    """Limits with one field out of range."""
    fields = [0, 50, 50_000_000, 50_000_000]
    fields[rng.randint(0, 3)] = rng.choice((-1, extreme(rng, "i64")))
    return c.SetLimits(market, *fields)


def new_listing(session: Session) -> c.Command:
    """An asset or a market that mostly cannot be added, each time for another reason."""
    rng, seq = session.rng, session.world.state.seq
    if rng.random() < (0.8 if len(session.world.state.assets) == ASSETS_MAX else 0.45):
        symbol = rng.choice(("USD", "", "GB P", f"A{seq}", f"A{seq}", f"A{seq}"))
        return c.AddAsset(symbol, rng.choice((0, 8, 18, 19, 255)))
    fields: list[Any] = [f"N{seq}", rng.randint(1, ASSETS), 10**12, 10**12, 10**6, 10**3]
    choices = (
        (0, ("", "no good", "M1-PERP", "x" * 25)),
        (2, (0, 10**18 + 1, 2**64 - 1)),
        (2, (1, 10**18)),
        (4, (0, -1, 2**31, 2**63 - 1)),
        (5, (0, -1, -(2**63))),
        (5, (2**39, 2**58, 2**63 - 1)),
        (5, (1, 2, 10**6)),
    )
    spoil, values = rng.choice(choices)
    fields[spoil] = rng.choice(values)
    return c.AddMarket(*fields)


CHOICES: tuple[list[Callable[[Session], c.Command]], list[int]] = (
    [
        *(place, amend, cancel, mass_cancel, set_mark, deposit, withdraw, transfer, lambda _: c.Tick(), administer),
        *RISK_CHOICES[0],
        *ORACLE_CHOICES[0],
    ],
    [560, 120, 70, 8, 90, 25, 42, 30, 12, 90, *RISK_CHOICES[1], *ORACLE_CHOICES[1]],
)
