"""The policies of a venue, as its owner handles them: engage, disengage, let time pass, see what they did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from crossbook._kernel import Kernel
from crossbook.commands import Command, RegisterAuthor
from crossbook.errors import InputError, NotFound
from crossbook.policies import catalogue, memory, notes
from crossbook.policies.contract import Policy
from crossbook.policies.guard import Limits
from crossbook.policies.loop import Engagement, Loop, Unrecorded
from crossbook.policies.roles import in_order
from crossbook.receipt import Receipt
from crossbook.session import Envelope, Provenance, Session, pack

Sources = Mapping[str, Policy | str | Mapping[str, Any]]
"""Policies by slot: an object, a name of the catalogue, or a table with `policy` and its configuration."""


class EngagedPolicy(Struct, frozen=True):
    """A policy that plays in a slot, and the author id its commands carry."""

    slot: str
    policy: Policy
    author: int
    turns: int
    wake_ns: int | None


class Submits(Protocol):
    """What executes commands in order: a session, or something that does the same without a journal."""

    @property
    def kernel(self) -> Kernel:
        """The kernel that executed everything so far."""
        ...

    def submit(self, items: Sequence[Envelope]) -> Receipt:
        """Execute commands; see `Session.submit`."""
        ...

    def halt(self, error: BaseException) -> None:
        """Take no more commands: the loop was broken off."""
        ...


class LiveSequencer(Unrecorded):
    """Commands go into the journal of a session and its kernel."""

    def __init__(self, session: Submits) -> None:
        self._session = session

    @property
    def kernel(self) -> Kernel:
        """The session's kernel."""
        return self._session.kernel

    def execute(self, items: Sequence[Envelope]) -> Receipt:
        """Journal and execute; see `Session.submit`."""
        return self._session.submit(items)

    def halt(self, error: BaseException) -> None:
        """Halt the session."""
        self._session.halt(error)


class VenuePolicies:
    """What `Venue.policies` is. Without an engaged policy it does nothing, and commands go straight to the session."""

    def __init__(self, session: Session, loop: Loop) -> None:
        self._session = session
        self._loop = loop

    @classmethod
    def none(cls, session: Session, limits: Limits | None = None) -> VenuePolicies:
        """The policies of a venue that has engaged none yet."""
        return cls(session, Loop(LiveSequencer(session), limits=limits))

    def __iter__(self) -> Iterator[EngagedPolicy]:
        return iter(self.engaged())

    def __len__(self) -> int:
        return len(self._loop.engagements)

    def __contains__(self, slot: object) -> bool:
        return slot in self._loop.engagements

    def __getitem__(self, slot: str) -> Policy:
        return self._engagement(slot).policy

    def engaged(self) -> tuple[EngagedPolicy, ...]:
        """Who plays where, in the order of their turns."""
        ones = self._loop.engagements.values()
        return tuple(EngagedPolicy(one.slot, one.policy, one.author, one.turns, one.wake_ns) for one in ones)

    def state(self, slot: str) -> Struct:
        """What the policy in a slot remembers, to read. Raises NotFound `no_policy`."""
        return self._engagement(slot).state

    def _engagement(self, slot: str) -> Engagement:
        try:
            return self._loop.engagements[slot]
        except KeyError:
            raise NotFound(
                f"no policy plays {slot!r}",
                code="no_policy",
                values={"slot": slot, "engaged": list(self._loop.engagements)},
                hint=f"engaged are: {', '.join(self._loop.engagements) or 'none'}",
            ) from None

    # --- who plays --------------------------------------------------------------------------------------------------

    def engage(
        self, slot: str, source: Policy | str | Mapping[str, Any], *, time_ns: int | None = None
    ) -> EngagedPolicy:
        """Put a policy into a slot, on record with its name, version, source digest and configuration.

        Args:
            slot: its role, or `role.label` where several play one role.
            source: a policy, a name of the catalogue, or a table with `policy` (the name) and its configuration.
            time_ns: the stamped time; by default the clock's, and its first turn comes at once.

        Raises:
            InputError: `unknown_role`, `unknown_policy`, `not_a_policy`, `policy_config`, `instant_closed`.
        """
        policy = catalogue.build(slot, source)
        self._session.check_serving()
        self._loop.engage(slot, policy, time_ns=self._stamp(time_ns))
        if time_ns is None:
            self._loop.settle()
        return next(one for one in self.engaged() if one.slot == slot)

    def engage_all(self, sources: Sources, *, time_ns: int | None = None) -> None:
        """Engage several policies at one time, in the order of their roles."""
        policies = {slot: catalogue.build(slot, source) for slot, source in sources.items()}
        if not policies:
            return
        stamp = self._stamp(time_ns)
        for slot in in_order(policies):
            self._loop.engage(slot, policies[slot], time_ns=stamp)
        if time_ns is None:
            self._loop.settle()

    def disengage(self, slot: str, *, time_ns: int | None = None) -> None:
        """Take the policy off a slot, on record. Raises NotFound `no_policy`."""
        self._engagement(slot)
        self._session.check_serving()
        self._loop.disengage(slot, time_ns=self._stamp(time_ns))
        if time_ns is None:
            self._loop.settle()

    # --- time -------------------------------------------------------------------------------------------------------

    def advance(self, time_ns: int | None = None) -> None:
        """Let stamped time pass, by default to the clock's: what policies wanted to be woken for happens.

        Raises:
            InputError: `instant_closed`, `time_backwards`, for a time that has passed.
        """
        self._session.check_serving()
        stamp = self._stamp(time_ns)
        self._loop.check_time(stamp)
        self._loop.advance(stamp)

    def settle(self) -> None:
        """Let the policies act on what came in so far: the instant closes, and takes no more commands."""
        self._session.check_serving()
        self._loop.settle()

    def drain(self) -> tuple[Receipt, ...]:
        """The receipts of what the policies and the loop did since this was last asked, in order."""
        return self._loop.drain()

    @property
    def wake_ns(self) -> int | None:
        """When the next policy wants to be woken (ns since the epoch), None if none does."""
        return self._loop.wake_ns

    def remember(self) -> None:
        """Keep what the policies remember beside the snapshot of the present, for the next opening."""
        if self._loop.engagements:
            session = self._session
            memory.write(self._loop, session.path, seq=session.kernel.seq, block_hash=session.head_hash)

    # --- commands ---------------------------------------------------------------------------------------------------

    def submit(self, items: Iterable[Command | Envelope], default: Provenance) -> Receipt:
        """Outside commands, and the turns they give rise to; see `Session.submit` and `crossbook.policies.loop`.

        Commands that bring no time are stamped by the clock, and the policies act on them before this returns. Those
        that bring one leave their instant open for more, until a later time comes.
        """
        items = list(items)
        self._check_outside(items, default)
        if not self._loop.engagements:
            return self._session.submit(items, default)
        self._session.check_serving()
        now = self._loop.next_ns(self._session.now())
        envelopes = [item if isinstance(item, Envelope) else Envelope(item, *default) for item in items]
        by_clock = any(item.time_ns is None for item in envelopes)
        stamped = [item if item.time_ns is not None else _at(item, now) for item in envelopes]
        if not pack(stamped, now_ns=now, last_time_ns=self._session.kernel.time_ns):
            raise InputError("there is nothing to submit", code="nothing_to_submit", hint="submit at least one command")
        receipt = self._loop.submit(stamped)
        if by_clock:
            self._loop.settle()
        return receipt

    def _check_outside(self, items: Iterable[Command | Envelope], default: Provenance) -> None:
        """Refuse what a recovery would take for the doing of a policy. Raises InputError `inside_author`."""
        for item in items:
            command, author = (item.command, item.author) if isinstance(item, Envelope) else (item, default.author)
            named = isinstance(command, RegisterAuthor) and command.name == notes.LOOP_NAME
            if named or author in self._loop.authors:
                raise InputError(
                    "this author is the loop or one of its policies",
                    code="inside_author",
                    values={"author": notes.LOOP_NAME if named else author},
                    hint="register an author of your own with RegisterAuthor, or give 0",
                )

    def earliest_ns(self) -> int | None:
        """The earliest time a command can have that lets no waking happen before it; None where the clock's does."""
        return self._loop.next_ns(self._session.kernel.time_ns) if self._loop.engagements else None

    def _stamp(self, time_ns: int | None) -> int:
        return self._loop.next_ns(self._session.now()) if time_ns is None else time_ns


def _at(item: Envelope, time_ns: int) -> Envelope:
    return Envelope(item.command, item.origin, item.author, item.cause, item.nonce, time_ns)
