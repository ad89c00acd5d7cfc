"""What happened to one account: its standings, the steps of the waterfall on its pools, and what was remarked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from journal_tools import replaying
from journal_tools.journal import Journal

LIQUIDATABLE: Final = 3
"""The standing from which a pool is liquidated; those after it are worse."""
NAMED: Final = ("PoolLocked", "PoolReleased", "IncreasingCancelled", "LossCovered", "LossSocialised")
"""Steps whose events name the pool by asset and market."""
OF_POSITION: Final = ("LiquidationStarted", "LiquidationEnded", "AuctionOpened", "AuctionClosed")
"""Steps whose events name the market of the position."""


class Pool(NamedTuple):
    """An account's pool: its asset, and the market it is isolated in, 0 for the cross pool."""

    asset: int
    market: int


class Step(NamedTuple):
    """An event of a step of the waterfall, and the pool it was taken on."""

    pool: Pool
    event: Any

    @property
    def seq(self) -> int:
        """Where it was taken."""
        return int(self.event.seq)


@dataclass
class Episode:
    """A liquidation from where the pool fell below its maintenance to where it was let go.

    `pushed` is the standing that was announced when it fell, None if it never was; `ended` is `released`, `recovered`
    or `open`.
    """

    pool: Pool
    pushed: Any
    steps: list[Step] = field(default_factory=list)
    ended: str = "open"

    @property
    def seqs(self) -> list[int]:
        """The seqs of its steps."""
        return sorted({step.seq for step in self.steps})

    @property
    def first_seq(self) -> int:
        """Where it begins."""
        return int(self.pushed.seq) if self.pushed is not None else self.seqs[0]

    @property
    def last_seq(self) -> int:
        """Its last step."""
        return self.seqs[-1]


class Timeline:
    """One pass over a journal for one account.

    Attributes:
        episodes: its liquidations, in the order in which they begin.
        remarks: notes of policies about it, with their topics.
        engaged: by author what policies are on record as, when they were engaged.
        worst: by pool the worst standing it ever had.
    """

    def __init__(self, journal: Journal, account: int) -> None:
        self.account: Final = account
        self.episodes: list[Episode] = []
        self.remarks: list[Any] = []
        self.engaged: dict[int, dict[str, Any]] = {}
        self.worst: dict[Pool, Any] = {}
        self._isolated: set[int] = set()
        self._open: dict[Pool, Episode] = {}
        self._locked: set[Pool] = set()
        playback = replaying.Playback(journal)
        self._settles: dict[int, int] = {}
        for _, events in playback.blocks(journal.last_seq):
            for event in events:
                self._take(type(event).__name__, event)
        self.episodes.sort(key=lambda episode: episode.first_seq)

    def _take(self, name: str, event: Any) -> None:
        if name == "Noted":
            self._note(event)
        elif name == "MarketAdded":
            self._settles[event.market] = event.settlement
        elif name == "PositionModeSet" and event.account == self.account:
            (self._isolated.add if event.isolated else self._isolated.discard)(event.market)
        elif name == "StandingChanged" and event.account == self.account:
            self._stand(Pool(event.asset, event.market), event)
        else:
            pool = self._pool(name, event)
            if pool is not None:
                self._step(pool, name, event)

    def _pool(self, name: str, event: Any) -> Pool | None:
        """The pool of this account that an event is a step on, None if it is none."""
        owner = event.source if name == "PositionMoved" else getattr(event, "account", None)
        if owner != self.account:
            return None
        if name in NAMED:
            return Pool(event.asset, event.market)
        if name == "CollateralConverted":
            return Pool(event.settlement, 0)
        if name in OF_POSITION or name == "PositionMoved":
            return Pool(self._settles[event.market], event.market if event.market in self._isolated else 0)
        return None

    def _stand(self, pool: Pool, event: Any) -> None:
        if pool not in self.worst or event.standing > self.worst[pool].standing:
            self.worst[pool] = event
        if event.standing >= LIQUIDATABLE:
            self._open.setdefault(pool, Episode(pool, event))
        elif pool not in self._locked and pool in self._open:
            self._close(pool, "recovered")

    def _step(self, pool: Pool, name: str, event: Any) -> None:
        if name in ("PoolReleased", "AuctionClosed") and pool not in self._open:
            return
        episode = self._open.setdefault(pool, Episode(pool, None))
        if not episode.steps:
            self.episodes.append(episode)
        episode.steps.append(Step(pool, event))
        if name == "PoolLocked":
            self._locked.add(pool)
        elif name == "PoolReleased":
            self._close(pool, "released")

    def _close(self, pool: Pool, ended: str) -> None:
        self._open.pop(pool).ended = ended
        self._locked.discard(pool)

    def _note(self, event: Any) -> None:
        body = _body(event)
        if event.topic == "policy.engaged" and body is not None:
            self.engaged[body.get("author", 0)] = body
        elif body is not None and body.get("account") == self.account and event.author:
            self.remarks.append(event)


def _body(event: Any) -> dict[str, Any] | None:
    try:
        found = json.loads(event.body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
