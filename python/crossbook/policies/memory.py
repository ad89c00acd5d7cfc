"""What policies remember, kept beside a snapshot, so that a recovery need not begin at genesis.

    PATH/snapshots/<seq, 20 digits>.policies: SHA-256 of the rest, then msgpack of `Memory`

It is a shortcut like the snapshot it stands beside, tied to the same block, and is passed over when it is damaged, or
when a policy is not the one that remembers: then the recovery begins earlier, at last at genesis.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from msgspec import Struct

from crossbook import snapshots
from crossbook.errors import InputError
from crossbook.events import Event
from crossbook.policies import catalogue, notes
from crossbook.policies.contract import Policy
from crossbook.policies.loop import Engagement, Loop
from crossbook.policies.roles import role_of
from crossbook.snapshots import Snapshot

SUFFIX: Final = ".policies"
_DIGEST_BYTES: Final = 32
_EVENTS: Final = msgspec.msgpack.Decoder(list[Event])
_log = structlog.get_logger("crossbook")


class EngagementMemory(Struct, frozen=True):
    """One engagement: the note that began it, its state and unseen events as msgpack, its waking and its turns."""

    engaged: notes.Engaged
    state: bytes
    inbox: bytes
    wake_ns: int | None
    woken: bool
    turns: int
    second: int = 0
    wakings: int = 0


class Memory(Struct, frozen=True):
    """A loop between two commands: at which block, its author id, all authors of the inside, its instants."""

    block_hash: bytes
    author: int
    authors: tuple[int, ...]
    open_ns: int | None
    closed_ns: int
    engagements: tuple[EngagementMemory, ...]
    faults: tuple[notes.Fault, ...]


def path_of(journal: Path, seq: int) -> Path:
    """Where the memory that belongs to the snapshot of a seq is kept."""
    return snapshots.snapshot_path(journal, seq).with_suffix(SUFFIX)


def write(loop: Loop, journal: Path, *, seq: int, block_hash: bytes) -> Path | None:
    """Keep what the policies remember, beside the snapshot of the same seq.

    A state that does not come back as it was is not kept, with a warning: a recovery then begins earlier.
    """
    try:
        engagements = tuple(_remembered(one) for one in loop.engagements.values())
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        _log.warning("memory of policies not kept", path=str(path_of(journal, seq)), reason=str(error))
        return None
    memory = Memory(
        block_hash=block_hash,
        author=loop.author,
        authors=tuple(sorted(loop.authors)),
        open_ns=loop.open_ns,
        closed_ns=loop.closed_ns,
        engagements=engagements,
        faults=tuple(loop.faults),
    )
    data = msgspec.msgpack.encode(memory)
    return snapshots.write_file(path_of(journal, seq), sha256(data).digest() + data)


def _remembered(one: Engagement) -> EngagementMemory:
    encode = msgspec.msgpack.encode
    state = encode(one.state)
    if msgspec.msgpack.decode(state, type=one.policy.State) != one.state:
        raise ValueError(f"the state of {one.slot} is another when it is read back")
    return EngagementMemory(
        one.engaged, state, encode(one.inbox), one.wake_ns, one.woken, one.turns, one.second, one.wakings
    )


class Remembered(Struct, frozen=True):
    """A memory whose policies are all still what they were."""

    memory: Memory
    policies: tuple[Policy, ...]
    states: tuple[Any, ...]

    def put_back(self, loop: Loop) -> None:
        """Put a loop that has not begun back to where it was."""
        memory = self.memory
        loop.author, loop.open_ns, loop.closed_ns = memory.author, memory.open_ns, memory.closed_ns
        loop.authors.update(memory.authors)
        loop.faults.extend(memory.faults)
        for one, policy, state in zip(memory.engagements, self.policies, self.states, strict=True):
            loop.engagements[one.engaged.slot] = _engagement(one, policy, state)


def load(snapshot: Snapshot, policy_for: Callable[[notes.Engaged], Policy | None]) -> Remembered | None:
    """What policies remembered at a snapshot, None if nobody knows, or one of them is not the same any more.

    Args:
        snapshot: a usable snapshot.
        policy_for: the policy that was engaged so, None if it is not the same any more.
    """
    memory = _read(snapshot.path.with_suffix(SUFFIX), snapshot.header.block_hash)
    if memory is None:
        return None
    policies: list[Policy] = []
    for one in memory.engagements:
        policy = policy_for(one.engaged)
        if policy is None:
            return None
        policies.append(policy)
    try:
        states = tuple(
            msgspec.msgpack.decode(one.state, type=policy.State)
            for one, policy in zip(memory.engagements, policies, strict=True)
        )
    except msgspec.DecodeError as error:
        _log.warning("memory of policies skipped", path=str(snapshot.path.with_suffix(SUFFIX)), fault=str(error))
        return None
    return Remembered(memory, tuple(policies), states)


def _engagement(one: EngagementMemory, policy: Policy, state: Any) -> Engagement:
    slot = one.engaged.slot
    engaged = Engagement(slot, role_of(slot), policy, one.engaged, state, one.wake_ns, one.woken, one.turns)
    engaged.inbox = _EVENTS.decode(one.inbox)
    engaged.second, engaged.wakings = one.second, one.wakings
    return engaged


def _read(path: Path, block_hash: bytes) -> Memory | None:
    """The memory in a file, None (and a warning) if it cannot be used."""
    if not path.exists():
        return None
    data = path.read_bytes()
    fault = "digest"
    if sha256(data[_DIGEST_BYTES:]).digest() == data[:_DIGEST_BYTES]:
        try:
            memory = msgspec.msgpack.decode(data[_DIGEST_BYTES:], type=Memory)
        except msgspec.DecodeError:
            fault = "format"
        else:
            if memory.block_hash == block_hash:
                return memory
            fault = "other_journal"
    _log.warning("memory of policies skipped", path=str(path), fault=fault)
    return None


def unchanged(engaged: notes.Engaged, given: Policy | None) -> Policy | None:
    """The policy that was engaged so, if it is to be had and its source is what it was."""
    try:
        policy = given or catalogue.configured(
            catalogue.find(engaged.slot.partition(".")[0], engaged.name), engaged.config
        )
    except InputError:
        return None
    same = (policy.name, policy.version, catalogue.configuration(policy), catalogue.source_digest(policy))
    return policy if same == (engaged.name, engaged.version, engaged.config, engaged.source) else None
