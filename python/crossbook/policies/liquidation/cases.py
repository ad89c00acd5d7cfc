"""What a liquidation policy remembers: one case per pool in trouble, and who was called."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

NEVER: Final = (1 << 63) - 1
"""A due time that does not come."""


class Case(Struct, kw_only=True):
    """A pool that is below its maintenance, locked, or in debt, until it is neither.

    Attributes:
        account: whose pool.
        asset: what it settles in.
        market: 0 for the cross pool of the asset, else the market of the isolated pool.
        since_ns: the stamped time at which it was first seen so.
        since: the seq that made it so, as far as the policy knows.
        cause: the seq of the latest thing that happened to it.
        due_ns: when to look at it again, whatever happens; `NEVER` if only what happens matters.
        failing_ns: since when it stands below the take-over level or in debt, 0 if it does not.
        instant_ns: the instant that `steps`, `last`, `shape` and `barred` are about.
        steps: steps taken in this instant.
        last: the rung of the latest of them.
        shape: how the pool looked before it.
        barred: rungs that changed nothing in this instant, and are not tried in it again.
        counts: steps by rung, since the pool came into trouble or was last auctioned off.
        taken: by rung, the stamped time of its last step.
        loser: market and side (1 long, 2 short) of the position that has lost most, 0 and 0 if none was seen.
        shared: markets whose other side shared in its debt already.
        waiting: what it was last stated to wait for.
    """

    account: int
    asset: int
    market: int
    since_ns: int
    since: int
    cause: int
    due_ns: int
    failing_ns: int = 0
    instant_ns: int = 0
    steps: int = 0
    last: str = ""
    shape: list[int] = field(default_factory=list)
    barred: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    loser: tuple[int, int] = (0, 0)
    shared: list[int] = field(default_factory=list)
    waiting: str = ""

    @property
    def pool(self) -> tuple[int, int, int]:
        """The pool as commands name it: account, asset, market."""
        return self.account, self.asset, self.market

    def open_instant(self, time_ns: int, shape: list[int], *, lasting_ns: int) -> None:
        """Begin to look at it at this time; a rung whose step left the pool as it was is barred for the instant.

        What follows within `lasting_ns` still counts as the same instant.
        """
        if time_ns >= self.instant_ns + lasting_ns:
            self.instant_ns, self.steps, self.last, self.barred = time_ns, 0, "", []
        elif self.last and self.shape == shape and self.last not in self.barred:
            self.barred.append(self.last)


class Call(Struct):
    """A margin call that was made: its level (1 first, 2 second), when, and when it may be repeated."""

    level: int
    time_ns: int


class Cases(Struct, kw_only=True):
    """The state of a liquidation policy.

    `cases` and `calls` are by pool, named `account/asset/market`. `looked` says that the venue has been searched for
    pools that were in trouble before the policy was engaged. `proposed` counts proposals in the instant `instant_ns`.
    """

    cases: dict[str, Case] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    looked: bool = False
    instant_ns: int = 0
    proposed: int = 0

    def open(self, pool: tuple[int, int, int], *, time_ns: int, cause: int) -> Case:
        """The case of a pool, to be looked at now because of what happened at the seq `cause`."""
        key = key_of(pool)
        case = self.cases.get(key)
        if case is None:
            account, asset, market = pool
            case = Case(
                account=account, asset=asset, market=market, since_ns=time_ns, since=cause, cause=cause, due_ns=time_ns
            )
            self.cases[key] = case
        if case.due_ns == NEVER:
            case.since_ns, case.since = time_ns, cause
        case.cause, case.due_ns = cause or case.cause, min(case.due_ns, time_ns)
        return case

    def close(self, case: Case) -> None:
        """Forget a case."""
        self.cases.pop(key_of(case.pool), None)


def key_of(pool: tuple[int, int, int]) -> str:
    """What a pool is filed under."""
    return "/".join(map(str, pool))
