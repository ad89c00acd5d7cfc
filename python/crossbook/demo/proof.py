"""What the demo proves: the journal, executed again without a policy, comes to the same state however it is read.

From genesis, from a snapshot, and cut into other blocks. And the policies, run again beside it, propose what they did.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from crossbook._kernel import count_events
from crossbook.demo.market import ASSET
from crossbook.journal import JournalReader
from crossbook.journal.blocks import HEADER_BYTES
from crossbook.policies.liquidation.cases import Cases
from crossbook.policies.rerun import Rerun, rerun
from crossbook.replay import Replayed, replay
from crossbook.state import StateView
from crossbook.views import AccountView

RECUT_RECORDS: Final = 1_000


class Conservation(NamedTuple):
    """Both sides of the sum that must hold after every command, in whole units of the settlement asset.

    `funding` is what markets are clearing: paid by those who have settled, and not yet taken by those who have not.
    """

    cash: Decimal
    cost: Decimal
    fees: Decimal
    insurance: Decimal
    dust: Decimal
    funding: Decimal
    net_deposits: Decimal

    @property
    def holds(self) -> bool:
        """Whether what the accounts and the venue have is what was paid in."""
        held = self.cash - self.cost + self.fees + self.insurance + self.dust + self.funding
        return held == self.net_deposits


class JournalFacts(NamedTuple):
    """What the journal is on disk; `size_bytes` are those of its blocks, headers included."""

    commands: int
    blocks: int
    segments: int
    size_bytes: int


class Proof(NamedTuple):
    """Executions of one journal: the live one's root and digest, three replays, and its policies run again.

    `recut` is the journal in blocks of `RECUT_RECORDS`. `events` counts them all.
    """

    state_root: bytes
    event_digest: bytes
    genesis: Replayed
    snapshot: Replayed
    recut: Replayed
    policies: Rerun
    events: int

    @property
    def replays(self) -> tuple[tuple[str, Replayed], ...]:
        """The replays, each with what it is."""
        return (
            ("replayed from genesis", self.genesis),
            ("replayed from snapshot", self.snapshot),
            ("replayed in other blocks", self.recut),
        )

    @property
    def equal(self) -> bool:
        """Whether all came to one state and one stream of events, and the policies to every command of theirs."""
        live = (self.state_root, self.event_digest)
        same = all((run.state_root, run.event_digest) == live for _, run in self.replays)
        return same and self.policies.commands == self.policies.seq == self.genesis.seq


def prove(path: Path, live: StateView, snapshot_seq: int) -> Proof:
    """Replay a closed journal three times, and run its policies again.

    Raises:
        ReplayDivergence: an exec mark was not reproduced.
        PolicyDivergence: a policy did not propose what it had proposed.
    """
    events = 0

    def count(data: bytes) -> None:
        nonlocal events
        events += count_events(data)

    return Proof(
        state_root=live.state_root,
        event_digest=live.event_digest,
        genesis=replay(path, on_events=count),
        snapshot=replay(path, start=snapshot_seq),
        recut=replay(path, block_records=RECUT_RECORDS),
        policies=rerun(path),
        events=events,
    )


def journal_facts(path: Path) -> JournalFacts:
    """Read the journal once through, verifying every hash and link on the way."""
    commands = blocks = size = 0
    with JournalReader(path) as reader:
        segments = len(reader.segments())
        for block in reader.blocks():
            commands, blocks, size = block.last_seq, blocks + 1, size + HEADER_BYTES + len(block.body)
    return JournalFacts(commands, blocks, segments, size)


def accounts(view: StateView) -> list[AccountView]:
    """Every account of a state."""
    return [view.account(account) for account in range(1, view.account_count() + 1)]


def conservation(view: StateView, everyone: list[AccountView]) -> Conservation:
    """Add up every account and the venue's own books."""
    asset = next(asset for asset in view.assets() if asset.symbol == ASSET)
    pools = [account.pool(ASSET) for account in everyone if ASSET in account.cash or account.positions]
    return Conservation(
        cash=sum((pool.balance for pool in pools), Decimal(0)),
        cost=sum((position.cost for pool in pools for position in pool.positions), Decimal(0)),
        fees=asset.fees,
        insurance=asset.insurance,
        dust=asset.dust,
        funding=sum((market.funding.clearing + market.funding.fraction for market in view.markets()), Decimal(0)),
        net_deposits=asset.net_deposits,
    )


class Debt(NamedTuple):
    """An account that is left below zero, in whole units, and why nothing could be done about it."""

    account: int
    equity: Decimal
    reason: str


def debts(everyone: list[AccountView], remembered: Struct) -> list[Debt]:
    """Who is left below zero; the reason is what the liquidation policy waits for, by what it remembers."""
    cases = remembered.cases.values() if isinstance(remembered, Cases) else ()
    found = []
    for account in everyone:
        equity = min((pool.equity for pool in account.pools), default=Decimal(0))
        if equity < 0:
            waiting = [case.waiting for case in cases if case.account == account.account]
            found.append(Debt(account.account, equity, "; ".join(waiting) or "no mark has shown it yet"))
    return found


class Strain(NamedTuple):
    """How accounts stand at one moment: how many are short of what, and one of them to look at."""

    below_requirement: int
    below_maintenance: int
    below_zero: int
    example: AccountView


def strain(everyone: list[AccountView]) -> Strain:
    """Compare every account's equity with what it requires."""
    pools = [account.pool(ASSET) for account in everyone if account.positions]
    return Strain(
        below_requirement=sum(pool.equity < pool.requirement for pool in pools),
        below_maintenance=sum(pool.equity < pool.maintenance for pool in pools),
        below_zero=sum(pool.equity < 0 for pool in pools),
        example=_example(everyone),
    )


def _example(everyone: list[AccountView]) -> AccountView:
    """The largest account with several positions that may only reduce now; without one, simply the largest."""

    def rank(account: AccountView) -> tuple[bool, bool, Decimal, int]:
        pool = account.pool(ASSET)
        strained = Decimal(0) < pool.equity < pool.requirement
        several = sum(position.size != 0 for position in account.positions) > 1
        return strained, several, pool.requirement, -account.account

    return max((account for account in everyone if account.pools), key=rank)
