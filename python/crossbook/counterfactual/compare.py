"""Two sessions side by side: where they part, who was liquidated, who was spared, who paid, and how much.

What is measured is defined in `crossbook.outcomes`. Amounts are minor units of the settlement asset.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import astuple

from crossbook.commands import Origin
from crossbook.counterfactual.walk import Happened, Walk
from crossbook.events import AuthorRegistered, Event, Noted
from crossbook.journal import BranchOf
from crossbook.outcomes import AccountOutcome, AssetOutcome, Outcome
from crossbook.replay import Progress

MEASURES: Final = (
    "liquidated_notional",
    "insurance_paid",
    "insurance_left",
    "adl_notional",
    "adl_forgone",
    "socialised",
    "negative_equity",
    "bad_debt",
    "funding",
    "fees",
    "liquidation_fees",
    "margin_used",
    "broken_notional",
)
"""What is compared of each settlement asset."""

Relation = Literal["same", "branch", "parent", "siblings", "strangers"]


class Moment(Struct, frozen=True):
    """An event of one session, with its seq and stamped time, and the command it followed from."""

    seq: int
    time_ns: int
    command: str
    event: str
    fields: dict[str, Any]


class Divergence(Struct, frozen=True):
    """The first event that differs, who plays and under which seqs apart; None where a session had already ended."""

    a: Moment | None
    b: Moment | None


class Party(Struct, frozen=True):
    """One of the two sessions."""

    path: Path
    session: str
    branch: BranchOf | None
    seq: int
    time_ns: int
    state_root: bytes
    outcome: Outcome


class AccountDifference(Struct, frozen=True):
    """An account that ended otherwise, in one settlement asset; each pair is (in A, in B), minor units.

    `equity` is what its pools are worth at the end; the others are those of `crossbook.outcomes.AccountOutcome`.
    """

    account: int
    asset: int
    equity: tuple[int, int]
    forced: tuple[int, int]
    deleveraged: tuple[int, int]
    forgone: tuple[int, int]
    funding: tuple[int, int]
    loss: tuple[int, int]
    fees: tuple[int, int]


class Comparison(Struct, frozen=True):
    """What B has otherwise than A; accounts are ids in order.

    `liquidated` are those only B liquidated, `spared` those only A did; `broken` and `mended` say the same of hedges,
    `deleveraged` and `undisturbed` of winners whose positions were closed. `measures` are by asset and name (in A,
    in B). `time_to_solvency_ns` is None where pools are below their maintenance at the end.
    """

    relation: Relation
    a: Party
    b: Party
    same_events: bool
    divergence: Divergence | None
    liquidated: list[int]
    spared: list[int]
    deleveraged: list[int]
    undisturbed: list[int]
    broken: list[int]
    mended: list[int]
    rank_inversions: tuple[int, int]
    time_to_solvency_ns: tuple[int | None, int | None]
    symbols: dict[int, tuple[str, int]]
    measures: dict[int, dict[str, tuple[int, int]]]
    accounts: list[AccountDifference]


def compare(a: str | os.PathLike[str], b: str | os.PathLike[str], *, progress: Progress | None = None) -> Comparison:
    """Execute two journals again, side by side, and say what B has otherwise than A.

    Args:
        a: the directory of a session.
        b: that of another, as a rule a branch of it.
        progress: called with the seq of A just executed and its last.

    Raises JournalError if one of them cannot be read, ReplayDivergence if it is not what its exec marks say.
    """
    walks = Walk(Path(a), progress), Walk(Path(b))
    divergence = _diverge(*walks)
    ends = [walk.finish() for walk in walks]
    one, other = (_party(walk, outcome) for walk, outcome in zip(walks, ends, strict=True))
    return Comparison(
        relation=_relation(one, other),
        a=one,
        b=other,
        same_events=walks[0].kernel.event_digest() == walks[1].kernel.event_digest(),
        divergence=divergence,
        liquidated=_only(ends[1].liquidated, ends[0].liquidated),
        spared=_only(ends[0].liquidated, ends[1].liquidated),
        deleveraged=_only(ends[1].deleveraged, ends[0].deleveraged),
        undisturbed=_only(ends[0].deleveraged, ends[1].deleveraged),
        broken=_only(ends[1].broken, ends[0].broken),
        mended=_only(ends[0].broken, ends[1].broken),
        rank_inversions=(ends[0].rank_inversions, ends[1].rank_inversions),
        time_to_solvency_ns=(ends[0].time_to_solvency_ns, ends[1].time_to_solvency_ns),
        symbols={row.asset: (row.symbol, row.decimals) for walk in walks for row in walk.view.assets()},
        measures=_measures(*ends),
        accounts=_accounts(walks, ends),
    )


def _only(here: list[int], there: list[int]) -> list[int]:
    return sorted({*here} - {*there})


def _party(walk: Walk, outcome: Outcome) -> Party:
    return Party(
        path=walk.path,
        session=walk.session,
        branch=walk.branch,
        seq=walk.kernel.seq,
        time_ns=walk.kernel.time_ns,
        state_root=walk.kernel.state_root(),
        outcome=outcome,
    )


def _relation(a: Party, b: Party) -> Relation:
    parents = [party.branch.parent if party.branch is not None else None for party in (a, b)]
    if a.session == b.session:
        return "same"
    if parents[1] == a.session:
        return "branch"
    if parents[0] == b.session:
        return "parent"
    return "siblings" if parents[0] == parents[1] is not None else "strangers"


# --- where they part --------------------------------------------------------------------------------------------------


def _diverge(a: Walk, b: Walk) -> Divergence | None:
    """Walk both to their ends; returns the first pair of events that differs."""
    steps = a.steps(), b.steps()
    told = _told(steps[0]), _told(steps[1])
    found: Divergence | None = None
    for one, other in zip_longest(*told):
        if one is None or other is None or not _same(one[1], other[1]):
            found = Divergence(_moment(one), _moment(other))
            break
    for _ in chain(told[0], told[1]):
        pass
    return found


def _told(steps: Iterator[Happened]) -> Iterator[tuple[Happened, Event]]:
    """The events that say what became of markets and accounts: not who plays, and not what policies remark."""
    for happened in steps:
        for event in happened.events:
            if not isinstance(event, AuthorRegistered) and not _remark(event):
                yield happened, event


def _remark(event: Event) -> bool:
    return isinstance(event, Noted) and event.origin == Origin.POLICY


def _same(one: Event, other: Event) -> bool:
    """Equal but for the seq: where one session has more remarks than the other, seqs move and nothing else does."""
    return type(one) is type(other) and astuple(one)[1:] == astuple(other)[1:]


def _moment(at: tuple[Happened, Event] | None) -> Moment | None:
    if at is None:
        return None
    happened, event = at
    fields = {name: getattr(event, name) for name in event.__struct_fields__ if name != "seq"}
    return Moment(happened.seq, happened.time_ns, type(happened.command).__name__, type(event).__name__, fields)


# --- what it came to --------------------------------------------------------------------------------------------------


def _measures(a: Outcome, b: Outcome) -> dict[int, dict[str, tuple[int, int]]]:
    nothing = AssetOutcome()
    return {
        asset: {
            name: (getattr(a.assets.get(asset, nothing), name), getattr(b.assets.get(asset, nothing), name))
            for name in MEASURES
        }
        for asset in sorted({*a.assets, *b.assets})
    }


def _accounts(walks: tuple[Walk, Walk], ends: list[Outcome]) -> list[AccountDifference]:
    equities = [_equities(walk) for walk in walks]
    parts = [
        {(account, asset): part for asset, of in end.assets.items() for account, part in of.accounts.items()}
        for end in ends
    ]
    nothing, found = AccountOutcome(), []
    for account, asset in sorted({*equities[0], *equities[1], *parts[0], *parts[1]}):
        key = account, asset
        one, other = (part.get(key, nothing) for part in parts)
        difference = AccountDifference(
            account,
            asset,
            (equities[0].get(key, 0), equities[1].get(key, 0)),
            **{name: (getattr(one, name), getattr(other, name)) for name in AccountOutcome.__struct_fields__},
        )
        if any(pair[0] != pair[1] for pair in astuple(difference)[2:]):
            found.append(difference)
    return found


def _equities(walk: Walk) -> dict[tuple[int, int], int]:
    """What the pools of each account are worth at the end, by account and settlement asset."""
    worth: dict[tuple[int, int], int] = {}
    for account in range(1, walk.view.account_count() + 1):
        row = walk.view.account(account)
        for pool in row.pools if row is not None else []:
            key = account, pool.asset
            worth[key] = worth.get(key, 0) + pool.equity
    return worth
