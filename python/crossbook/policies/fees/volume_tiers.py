"""The default fees: tiers by what an account and its siblings traded in the last days."""

from __future__ import annotations

from typing import ClassVar, Final

from msgspec import Struct

from crossbook.events import Event
from crossbook.policies.bounds import check
from crossbook.policies.contract import Reaction, Turn
from crossbook.policies.fees.book import (
    LISTENS,
    FeeBook,
    answer,
    changes,
    is_complete,
    next_pending,
    open_day,
    take,
    tier,
    whole,
)

TIERS_MAX: Final = 16
"""The fee tiers a market may have above the first."""


class VolumeTiers(Struct, frozen=True):
    """Puts accounts into fee tiers at the turn of every day, by the volume of the `days` days before it.

    Nobody goes down before all of these days were seen: a policy that is engaged late does not know what was before.

    Attributes:
        volumes: tier n from this volume on, maker and taker together, in whole units of the settlement asset.
        days: how many full days count.
        upgrade_at_once: whether a tier is also reached within the day, today's volume included.
        exempt: the masters that are left as they are.
    """

    role: ClassVar[str] = "fees"
    name: ClassVar[str] = "volume_tiers"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = LISTENS
    State: ClassVar[type[Struct]] = FeeBook

    volumes: tuple[int, ...] = (5_000_000, 25_000_000, 100_000_000, 500_000_000)
    days: int = 14
    upgrade_at_once: bool = False
    exempt: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check(self, days=(1, 1_000))
        if list(self.volumes) != sorted(self.volumes) or len(self.volumes) > TIERS_MAX:
            raise ValueError(f"volumes do not fall, and are at most {TIERS_MAX}")

    def react(self, state: FeeBook, turn: Turn) -> Reaction[FeeBook]:
        """Counts what was traded, and sets the tiers that changed."""
        open_day(state, turn, days=self.days)
        may_fall = is_complete(state, days=self.days)
        tiers: dict[int, int] = {}
        for master in next_pending(state, turn):
            reached, present = self._reached(state, turn, master), tier(state, master)
            tiers[master] = reached if may_fall else max(reached, present)
        traded, joined = take(state, turn)
        for master in traded if self.upgrade_at_once else []:
            tiers.setdefault(master, max(self._reached(state, turn, master), tier(state, master)))
        for master in joined:
            tiers.setdefault(master, tier(state, master))
        kept = {master: wanted for master, wanted in tiers.items() if master not in self.exempt}
        return answer(state, turn, changes(state, kept, "tier"))

    def _reached(self, state: FeeBook, turn: Turn, master: int) -> int:
        """The tier of the volume that is counted."""
        volume = sum(whole(state, turn.view, master))
        return sum(volume >= threshold for threshold in self.volumes)
