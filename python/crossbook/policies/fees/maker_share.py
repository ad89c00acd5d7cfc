"""Rebates by an account's share of what all makers traded; they go together with tiers, in a slot of their own."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from crossbook.commands import RATE_ONE
from crossbook.events import Event
from crossbook.policies.bounds import AMOUNT, PART, check
from crossbook.policies.contract import Reaction, Turn
from crossbook.policies.fees.book import (
    LISTENS,
    FeeBook,
    Rates,
    answer,
    changes,
    next_pending,
    open_day,
    take,
    whole,
)


class Rebate(Struct, frozen=True):
    """From `share_rate` of the maker volume on, makers get `rebate_rate` of their notional (parts per 10^9)."""

    share_rate: int
    rebate_rate: int

    def __post_init__(self) -> None:
        check(self, share_rate=PART, rebate_rate=(0, RATE_ONE // 10))


class MakerShare(Struct, frozen=True):
    """Sets maker rebates at the turn of every day, by the maker volume of the `days` days before it.

    Attributes:
        rebates: by rising share; the last whose share is reached holds.
        days: how many full days count.
        volume_min: nobody gets a rebate for less maker volume than this, in whole units of the settlement asset.
    """

    role: ClassVar[str] = "fees"
    name: ClassVar[str] = "maker_share"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = LISTENS
    State: ClassVar[type[Struct]] = FeeBook

    rebates: tuple[Rebate, ...] = (Rebate(5_000_000, 10_000), Rebate(15_000_000, 20_000), Rebate(30_000_000, 30_000))
    days: int = 14
    volume_min: int = 0

    def __post_init__(self) -> None:
        check(self, days=(1, 1_000), volume_min=AMOUNT)

    def react(self, state: FeeBook, turn: Turn) -> Reaction[FeeBook]:
        """Counts what makers traded, and sets the rebates that changed."""
        open_day(state, turn, days=self.days)
        pending = next_pending(state, turn)
        accounts = {account for volumes in state.volumes.values() for account in volumes.totals} if pending else set()
        total = sum(whole(state, turn.view, account)[0] for account in sorted(accounts))
        wanted = {master: self._rebate(whole(state, turn.view, master)[0], total) for master in pending}
        _, joined = take(state, turn)
        for master in joined:
            wanted.setdefault(master, state.rates.get(master, Rates()).rebate_rate)
        return answer(state, turn, changes(state, wanted, "rebate_rate"))

    def _rebate(self, made: int, total: int) -> int:
        """What a share of the makers' volume is worth."""
        if not made or made < self.volume_min:
            return 0
        share_rate = made * RATE_ONE // total
        return max((rebate.rebate_rate for rebate in self.rebates if rebate.share_rate <= share_rate), default=0)
