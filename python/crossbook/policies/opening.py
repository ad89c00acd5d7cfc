"""The policies of a venue that is opened again: recovered from its journal, then changed as its owner wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossbook import rows, snapshots
from crossbook._kernel import Kernel
from crossbook.errors import ReplayDivergence
from crossbook.journal import JournalReader
from crossbook.policies import catalogue, notes
from crossbook.policies.contract import Policy
from crossbook.policies.guard import Limits
from crossbook.policies.installed import LiveSequencer, VenuePolicies
from crossbook.policies.loop import Loop
from crossbook.policies.recovery import Recovery, StandIn
from crossbook.replay import block_hash_at
from crossbook.session import Session

Changes = Mapping[str, Policy | str | Mapping[str, Any] | None]
"""What shall play in a slot: as in `Sources`, or None for nobody. Slots that are not named stay as they are."""


def has_policies(kernel: Kernel) -> bool:
    """Whether policies were ever engaged in a venue."""
    return any(row.name == notes.LOOP_NAME for row in rows.AUTHORS.decode(kernel.authors()))


def recovered(session: Session, changes: Changes, limits: Limits | None) -> VenuePolicies:
    """The policies of an opened session: those of its journal run again beside it, then the changes.

    Raises:
        PolicyDivergence: a policy does not propose again what the journal has of it.
        InputError: `unknown_policy`, a policy of the journal is not installed and was not given either.
        ReplayDivergence: the commands of the journal, one by one, are not the state the session has.
    """
    sources = {slot: None if source is None else catalogue.build(slot, source) for slot, source in changes.items()}
    policies = VenuePolicies.none(session, limits)
    if has_policies(session.kernel):
        policies = VenuePolicies(session, _recover(session, sources, limits))
    for slot, policy in sources.items():
        playing = next((one.policy for one in policies.engaged() if one.slot == slot), None)
        if policy is None and playing is not None:
            policies.disengage(slot)
        elif policy is not None and not _plays(policy, playing):
            policies.engage(slot, policy)
    return policies


def _plays(policy: Policy, playing: Policy | None) -> bool:
    if playing is None or type(playing) is StandIn:
        return False
    configs = [catalogue.configuration(one) for one in (policy, playing)]
    return (policy.name, policy.version) == (playing.name, playing.version) and configs[0] == configs[1]


def _recover(session: Session, sources: Mapping[str, Policy | None], limits: Limits | None) -> Loop:
    session.sync()
    seq, digest = session.kernel.seq, session.kernel.event_digest()
    live = LiveSequencer(session)
    with JournalReader(session.path) as reader:
        begin = snapshots.usable(session.path, block_hash_at=lambda at: block_hash_at(reader, at), seq_max=seq)
        recovery = Recovery(reader, beyond=live, sources=sources, limits=limits, begin=begin)
        loop = recovery.run()
    if recovery.sequencer.event_digest != digest:
        raise ReplayDivergence(
            f"the journal's commands, executed one by one, have other events up to seq {seq} than its blocks",
            code="replay_divergence",
            values={"seq": seq},
            hint="verify the journal with `crossbook replay PATH`",
        )
    loop.sequencer = live
    return loop
