"""What the demo proves: the journal, executed again from genesis and from a snapshot, comes to the same state."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from crossbook._kernel import count_events
from crossbook.demo.market import ASSET
from crossbook.journal import JournalReader
from crossbook.journal.blocks import HEADER_BYTES
from crossbook.replay import Replayed, replay
from crossbook.state import StateView
from crossbook.views import AccountView


class Conservation(NamedTuple):
    """Both sides of the sum that must hold after every command, in whole units of the settlement asset."""

    cash: Decimal
    cost: Decimal
    fees: Decimal
    insurance: Decimal
    dust: Decimal
    net_deposits: Decimal

    @property
    def holds(self) -> bool:
        """Whether what the accounts and the venue have is what was paid in."""
        return self.cash - self.cost + self.fees + self.insurance + self.dust == self.net_deposits


class JournalFacts(NamedTuple):
    """What the journal is on disk; `size_bytes` are those of its blocks, headers included."""

    commands: int
    blocks: int
    segments: int
    size_bytes: int


class Proof(NamedTuple):
    """Three executions of one journal: the live one's root and digest, and two replays. `events` counts them all."""

    state_root: bytes
    event_digest: bytes
    genesis: Replayed
    snapshot: Replayed
    events: int

    @property
    def equal(self) -> bool:
        """Whether all three came to one state and one stream of events."""
        live = (self.state_root, self.event_digest)
        return all((run.state_root, run.event_digest) == live for run in (self.genesis, self.snapshot))


def prove(path: Path, live: StateView, snapshot_seq: int) -> Proof:
    """Replay a closed journal twice.

    Raises:
        ReplayDivergence: an exec mark was not reproduced.
    """
    events = 0

    def count(data: bytes) -> None:
        nonlocal events
        events += count_events(data)

    genesis = replay(path, on_events=count)
    return Proof(live.state_root, live.event_digest, genesis, replay(path, start=snapshot_seq), events)


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
        net_deposits=asset.net_deposits,
    )


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

    return max(everyone, key=rank)
