"""Whose volume it is, and what everybody pays: sub-accounts count to their master, and pay like it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from crossbook import events
from crossbook.commands import SetAccountFees
from crossbook.events import AccountCreated, AccountFeesSet, Event
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.fees.volumes import DAY_NS, Volumes, count, forget
from crossbook.policies.view import PolicyView

LISTENS: Final[frozenset[type[Event]]] = frozenset({events.Traded, AccountCreated, AccountFeesSet})
CHANGES_MAX: Final = 1_000
"""How many masters are looked at in one turn; the rest follows a nanosecond later."""


class Rates(Struct, frozen=True):
    """What an account pays: its fee tier, and its rebate as a maker (parts per 10^9)."""

    tier: int = 0
    rebate_rate: int = 0


class FeeBook(Struct):
    """What a policy of fees remembers.

    Attributes:
        since_day: the first day that was counted from its beginning, `time / DAY_NS`.
        day: the present day.
        volumes: of masters, by settlement asset.
        masters: of sub-accounts.
        families: the sub-accounts of a master.
        rates: what accounts pay, where that is not tier 0 without a rebate.
        pending: the masters that are still to be looked at, in order.
    """

    begun: bool = False
    since_day: int = 0
    day: int = 0
    volumes: dict[int, Volumes] = field(default_factory=dict)
    masters: dict[int, int] = field(default_factory=dict)
    families: dict[int, list[int]] = field(default_factory=dict)
    rates: dict[int, Rates] = field(default_factory=dict)
    pending: list[int] = field(default_factory=list)


def open_day(book: FeeBook, turn: Turn, *, days: int) -> None:
    """Begin the book, or a new day of it: what is older than `days` days is forgotten, and everybody is looked at."""
    today = turn.time_ns // DAY_NS
    if not book.begun:
        book.begun, book.day, book.since_day = True, today, today + 1
        for account in range(1, turn.view.account_count() + 1):
            _enter(book, turn.view, account)
    if today <= book.day:
        return
    concerned = {master(book, account) for account in book.rates}
    for volumes in book.volumes.values():
        concerned.update(volumes.totals)
        forget(volumes, first_day=today - days)
    book.day, book.pending = today, sorted(concerned)


def take(book: FeeBook, turn: Turn) -> tuple[list[int], list[int]]:
    """Take in what happened; returns the masters that traded and those that got a sub-account, in the order of ids."""
    traded: set[int] = set()
    joined: set[int] = set()
    rows = {row.market: row for row in turn.view.markets()}
    for event in turn.events:
        if isinstance(event, events.Traded):
            row = rows[event.market]
            maker, taker = master(book, event.maker), master(book, event.taker)
            volumes = book.volumes.setdefault(row.settlement, Volumes())
            notional = event.lots * event.price * row.tick_value
            count(volumes, book.day, maker=maker, taker=taker, notional=notional)
            traded |= {maker, taker}
        elif isinstance(event, AccountCreated):
            if event.master != event.account and event.account not in book.masters:
                _join(book, event.account, event.master)
                joined.add(event.master)
        elif isinstance(event, AccountFeesSet):
            book.rates[event.account] = Rates(event.tier, event.maker_rebate_rate)
    return sorted(traded), sorted(joined)


def is_complete(book: FeeBook, *, days: int) -> bool:
    """Whether the days that are counted were all seen from their beginning."""
    return book.day >= book.since_day + days


def master(book: FeeBook, account: int) -> int:
    """Whose account it is; a master is its own."""
    return book.masters.get(account, account)


def tier(book: FeeBook, account: int) -> int:
    """The fee tier of an account."""
    return book.rates.get(account, Rates()).tier


def whole(book: FeeBook, view: PolicyView, account: int) -> tuple[int, int]:
    """What a master and its sub-accounts made and took, in whole units of the settlement assets, summed over these."""
    made = took = 0
    decimals = {row.asset: row.decimals for row in view.assets()}
    for asset, volumes in book.volumes.items():
        total = volumes.totals.get(account)
        if total is not None:
            made += total.maker // 10 ** decimals[asset]
            took += total.taker // 10 ** decimals[asset]
    return made, took


def changes(book: FeeBook, wanted: Mapping[int, int], name: str) -> tuple[Proposal, ...]:
    """What brings masters and their sub-accounts to the wanted value of the rate called `name`, where it differs."""
    proposals = []
    for family, value in wanted.items():
        for account in [family, *book.families.get(family, [])]:
            present = book.rates.get(account, Rates())
            rates = replace(present, **{name: value})
            if rates != present:
                proposals.append(Proposal(SetAccountFees(account, rates.tier, rates.rebate_rate)))
    return tuple(proposals)


def next_pending(book: FeeBook, turn: Turn) -> list[int]:
    """The masters whose turn it is, after a new day began: some at each waking, none when events alone came in."""
    if not turn.woken:
        return []
    now, book.pending = book.pending[:CHANGES_MAX], book.pending[CHANGES_MAX:]
    return now


def answer(book: FeeBook, turn: Turn, proposals: tuple[Proposal, ...]) -> Reaction[FeeBook]:
    """The reaction of a turn, which wakes at the next day, or at once if masters are still pending."""
    wake_ns = turn.time_ns + 1 if book.pending else (book.day + 1) * DAY_NS
    return Reaction(book, proposals, wake_ns)


def _enter(book: FeeBook, view: PolicyView, account: int) -> None:
    """An account that was there before."""
    row = view.account(account)
    assert row is not None
    if row.master != account:
        _join(book, account, row.master)
    _, tier, rebate_rate = row.profile
    if tier or rebate_rate:
        book.rates[account] = Rates(tier, rebate_rate)


def _join(book: FeeBook, account: int, parent: int) -> None:
    book.masters[account] = parent
    book.families.setdefault(parent, []).append(account)
