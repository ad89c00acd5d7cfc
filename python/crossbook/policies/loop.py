"""The venue loop: what comes from outside, and after it the policies, in one order on stamped time.

An *instant* is one stamped time. It opens with the first outside command stamped so, takes more of them, and closes
when a later one comes, when the venue is told to advance, or at once where the clock does the stamping. When it closes,
the policies take turns: in the order of their roles, round after round, each one that listens to something that
happened or whose time has come, until nobody has anything left. What one proposes is journaled together, under its own
name, at the same stamped time, and is an event for all others.

Between two instants of the outside lie those that policies asked for: a policy that wants to be woken at a time gets
its turn at exactly that time, before anything later comes in. So the journal depends on the outside commands and their
times alone: however they were handed over, and whenever the process was stopped in between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, Protocol

import structlog
from msgspec import Struct

from crossbook._kernel import Kernel
from crossbook.commands import Command, MarketMode, Note, Origin, RegisterAuthor, SetMarketMode
from crossbook.errors import InputError
from crossbook.events import Event, Rejected
from crossbook.policies import catalogue, notes
from crossbook.policies.contract import Policy, Turn
from crossbook.policies.guard import Limits, PolicyFault, take_turn
from crossbook.policies.roles import OnFault, Role, in_order, role_of
from crossbook.policies.view import PolicyView
from crossbook.receipt import Receipt, joined
from crossbook.session import Envelope

LOOP_VERSION: Final = "1"
"""The version of the rules on this page; another may order the same turns otherwise."""

SECOND_NS: Final = 1_000_000_000
"""Nanoseconds."""

ANSWERS_MAX: Final = 100_000
"""How many receipts of policies are kept for a caller who does not ask for them."""

_log = structlog.get_logger("crossbook")


class Sequencer(Protocol):
    """Where commands go: into a journal and a kernel, or past a recorded journal that already has them."""

    @property
    def kernel(self) -> Kernel:
        """The kernel that executed everything so far."""
        ...

    def execute(self, items: Sequence[Envelope]) -> Receipt:
        """Journal and execute commands; each brings its time. Raises InputError before anything is done."""
        ...

    def halt(self, error: BaseException) -> None:
        """Take no more commands: the loop was broken off."""
        ...

    def recorded_fault(self, slot: str, turn: int | None) -> notes.Fault | None:
        """The fault that the journal already has for this turn (None: for the next), if it has one."""
        ...

    def recorded_turn(self, author: int) -> list[Envelope] | None:
        """What the journal has of the next turn of a policy that is not run again; None for all that are."""
        ...

    def recorded_engagement(self, slot: str) -> notes.Engaged | None:
        """What the journal says of the engagement that is about to happen, if it has it."""
        ...


class Unrecorded:
    """What a sequencer says of its record whose commands are all new: nothing, and every policy is run."""

    def recorded_fault(self, _slot: str, _turn: int | None) -> notes.Fault | None:
        """Nothing is recorded."""
        return None

    def recorded_turn(self, _author: int) -> list[Envelope] | None:
        """Every policy is run."""
        return None

    def recorded_engagement(self, _slot: str) -> notes.Engaged | None:
        """Nothing is recorded."""
        return None


@dataclass(slots=True)
class Engagement:
    """A policy in its slot: who it is, what it remembers, what it has not seen yet, when it wants to be woken."""

    slot: str
    role: Role
    policy: Policy
    engaged: notes.Engaged
    state: Struct
    wake_ns: int | None
    woken: bool = True
    turns: int = 0
    inbox: list[Event] = field(default_factory=list)
    instant_turns: int = 0
    instant_proposals: int = 0
    instant_refusals: int = 0
    instant_text_bytes: int = 0
    second: int = 0
    wakings: int = 0

    @property
    def author(self) -> int:
        """The author id its commands carry."""
        return self.engaged.author


class Loop:
    """The policies of a venue and their turns. One loop belongs to one sequencer; it starts no threads."""

    def __init__(self, sequencer: Sequencer, *, limits: Limits | None = None) -> None:
        self.sequencer = sequencer
        self.limits = limits or Limits()
        self.author = 0
        self.authors: Final[set[int]] = set()
        self.open_ns: int | None = None
        self.closed_ns = 0
        self.engagements: dict[str, Engagement] = {}
        self.faults: Final[list[notes.Fault]] = []
        self._answers: deque[Receipt] = deque(maxlen=ANSWERS_MAX)
        self._view: Final = PolicyView(lambda: self.sequencer.kernel)

    # --- from outside -----------------------------------------------------------------------------------------------

    def submit(self, items: Sequence[Envelope]) -> Receipt:
        """Journal and execute outside commands that bring their times, in order; the last instant stays open.

        Raises:
            InputError: `instant_closed`, for a time whose policies had their turns already; `time_backwards`.
        """
        self.check_time(items[0].time_ns or 0)
        receipts = []
        for time_ns, group in groupby(items, key=lambda item: item.time_ns or 0):
            self.reach(time_ns)
            receipts.append(self._execute(list(group)))
            self.open_ns = time_ns
        return joined(receipts)

    def check_time(self, time_ns: int) -> None:
        """Refuse a time that has passed. Raises InputError `instant_closed`, `time_backwards`."""
        if time_ns <= self.closed_ns and self.engagements:
            raise InputError(
                "the policies have already acted on this time",
                code="instant_closed",
                values={"time_ns": time_ns, "closed_ns": self.closed_ns},
                hint="give commands in the order of their times; all of one time before the venue advances past it",
            )
        if self.open_ns is not None and time_ns < self.open_ns:
            raise InputError(
                "time may not go backwards",
                code="time_backwards",
                values={"time_ns": time_ns, "last_time_ns": self.open_ns},
                hint="give commands in the order of their times",
            )

    def next_ns(self, now_ns: int) -> int:
        """The time an outside command is stamped with when the clock says `now_ns`: after every instant that closed."""
        return max(now_ns, self.open_ns or 0, self.closed_ns + 1 if self.engagements else 0)

    def reach(self, time_ns: int) -> None:
        """Let everything happen that comes before `time_ns`: the open instant closes, then each waking in its turn."""
        if self.open_ns is not None and self.open_ns < time_ns:
            self.settle()
        while (wake := self.wake_ns) is not None and wake < time_ns:
            self._close(wake)

    def advance(self, time_ns: int) -> None:
        """Let stamped time pass to `time_ns`, its own wakings included; nothing earlier can come in afterwards."""
        self.reach(time_ns)
        self.settle()
        if self.wake_ns == time_ns:
            self._close(time_ns)
        self.closed_ns = max(self.closed_ns, time_ns)

    def settle(self) -> None:
        """Close the open instant, if there is one: the policies take their turns."""
        if self.open_ns is not None:
            self._close(self.open_ns)

    @property
    def wake_ns(self) -> int | None:
        """When the next policy wants to be woken, None if none does."""
        return min((one.wake_ns for one in self.engagements.values() if one.wake_ns is not None), default=None)

    def drain(self) -> tuple[Receipt, ...]:
        """The receipts of what policies and the loop did since this was last asked, in order; the last ANSWERS_MAX."""
        answers = tuple(self._answers)
        self._answers.clear()
        return answers

    # --- who plays --------------------------------------------------------------------------------------------------

    def engage(self, slot: str, policy: Policy, *, time_ns: int) -> Engagement:
        """Put a policy into a slot from this stamped time on, on record; whoever was in it is taken off."""
        self._open(time_ns)
        return self._put_on(slot, policy, "asked", time_ns)

    def disengage(self, slot: str, *, time_ns: int) -> None:
        """Take the policy off a slot from this stamped time on, on record."""
        self._open(time_ns)
        gone = self.engagements.pop(slot)
        self._do([notes.note(notes.DISENGAGED, notes.Disengaged(slot, gone.author, "asked"))], time_ns)

    def _open(self, time_ns: int) -> None:
        """An instant begins, or goes on, by what the owner asks for. Raises InputError as `check_time`."""
        self.check_time(time_ns)
        self.reach(time_ns)
        self.open_ns = time_ns

    def _put_on(self, slot: str, policy: Policy, reason: str, time_ns: int) -> Engagement:
        """Journal, in one submission, that a policy has its author id and its slot."""
        said = self.sequencer.recorded_engagement(slot)
        author = known = len(self._view.authors())
        items: list[Envelope] = []
        if self.author:
            author = self.author
        else:
            author = known = known + 1
            loop = RegisterAuthor(Origin.POLICY, notes.LOOP_NAME, LOOP_VERSION)
            items.append(Envelope(loop, Origin.OPERATOR, time_ns=time_ns))
        gone = self.engagements.get(slot)
        if gone is not None:
            replaced = notes.note(notes.DISENGAGED, notes.Disengaged(slot, gone.author, "replaced"))
            items.append(Envelope(replaced, Origin.POLICY, author, time_ns=time_ns))
        said = said or notes.Engaged(
            slot=slot,
            author=known + 1,
            name=policy.name,
            version=policy.version,
            source=catalogue.source_digest(policy),
            config=catalogue.configuration(policy),
            reason=reason,
        )
        named = RegisterAuthor(Origin.POLICY, f"{role_of(slot).name}.{said.name}", said.version)
        items.append(Envelope(named, Origin.OPERATOR, author, time_ns=time_ns))
        items.append(Envelope(notes.note(notes.ENGAGED, said), Origin.POLICY, author, time_ns=time_ns))
        engaged = Engagement(slot, role_of(slot), policy, said, policy.State(), None)
        receipt = self._execute(items).raise_if_rejected()
        self._answers.append(receipt)
        self.author = author
        self.authors.update((author, engaged.author))
        self.engagements[slot] = engaged
        self.engagements = {name: self.engagements[name] for name in in_order(self.engagements)}
        return engaged

    def _own(self, command: Command, time_ns: int) -> Envelope:
        """What the loop says or does itself, under its own name."""
        return Envelope(command, Origin.POLICY, self.author, time_ns=time_ns)

    def _do(self, commands: Iterable[Command], time_ns: int) -> None:
        items = [self._own(command, time_ns) for command in commands]
        if items:
            self._answers.append(self._execute(items))

    # --- turns ------------------------------------------------------------------------------------------------------

    def _execute(self, items: Sequence[Envelope]) -> Receipt:
        receipt = self.sequencer.execute(items)
        for engaged in self.engagements.values():
            listens = engaged.policy.listens
            engaged.inbox.extend(event for event in receipt.events if type(event) in listens)
        return receipt

    def close_at(self, time_ns: int) -> None:
        """Let everything before `time_ns` happen, and then the policies take their turns, whoever asked for it."""
        self.reach(time_ns)
        self._close(time_ns)

    def _close(self, time_ns: int) -> None:
        """The policies take turns at this time until nobody has anything left to look at.

        What breaks this off, such as a full disk or an interrupt, leaves policies between two turns: the venue halts,
        and a recovery from its journal takes the turns that are missing.
        """
        for engaged in self.engagements.values():
            engaged.instant_turns = engaged.instant_proposals = engaged.instant_refusals = 0
            engaged.instant_text_bytes = 0
        acted = True
        try:
            while acted:
                acted = False
                for slot in list(self.engagements):
                    acted |= self._turn(slot, time_ns)
        except BaseException as error:
            self.sequencer.halt(error)
            raise
        self.open_ns = None
        self.closed_ns = max(self.closed_ns, time_ns)

    def _turn(self, slot: str, time_ns: int) -> bool:
        """One policy's turn, if it has something to look at; returns whether it had."""
        engaged = self.engagements.get(slot)
        if engaged is None:
            return False
        recorded = self.sequencer.recorded_turn(engaged.author)
        if recorded is not None:
            return self._as_recorded(engaged, recorded, time_ns)
        due = engaged.woken or (engaged.wake_ns is not None and engaged.wake_ns <= time_ns)
        if not due and not engaged.inbox:
            return False
        events, engaged.inbox = tuple(engaged.inbox), []
        turn = Turn(time_ns, self.sequencer.kernel.seq, events, self._view, due, engaged.author)
        try:
            self._react(engaged, turn)
        except PolicyFault as fault:
            self._contain(engaged, fault, time_ns)
        return True

    def _as_recorded(self, engaged: Engagement, items: Sequence[Envelope], time_ns: int) -> bool:
        """The turn of a policy that is not run again: what the journal has of it."""
        if items and items[0].time_ns == time_ns:
            self._execute(items)
            return True
        fault = self.sequencer.recorded_fault(engaged.slot, None)
        if fault is not None:
            engaged.turns = fault.turn
            self._contain(engaged, PolicyFault(fault.fault, fault.detail), time_ns, fault.action)
        return fault is not None

    def _react(self, engaged: Engagement, turn: Turn) -> None:
        """Let a policy react, and journal what it proposes. Raises PolicyFault; then nothing of it was done."""
        engaged.turns += 1
        engaged.instant_turns += 1
        recorded = self.sequencer.recorded_fault(engaged.slot, engaged.turns)
        if recorded is not None:
            raise PolicyFault(recorded.fault, recorded.detail)
        if engaged.instant_turns > self.limits.turns_max:
            raise PolicyFault("flood", f"more than {self.limits.turns_max} turns in one instant")
        if turn.woken:
            self._count_waking(engaged, turn.time_ns)
        reaction = take_turn(engaged.policy, engaged.state, turn, role=engaged.role, limits=self.limits)
        engaged.instant_proposals += len(reaction.proposals)
        if engaged.instant_proposals > self.limits.proposals_max:
            raise PolicyFault("flood", f"more than {self.limits.proposals_max} proposals in one instant")
        engaged.instant_text_bytes += sum(_text_bytes(proposal.command) for proposal in reaction.proposals)
        if engaged.instant_text_bytes > self.limits.text_bytes_max:
            raise PolicyFault("flood", f"more than {self.limits.text_bytes_max} bytes of notes in one instant")
        latest = turn.events[-1].seq if turn.events else 0
        items = [
            Envelope(proposal.command, Origin.POLICY, engaged.author, proposal.cause or latest, time_ns=turn.time_ns)
            for proposal in reaction.proposals
        ]
        if items:
            self._propose(engaged, items)
        engaged.state, engaged.wake_ns, engaged.woken = reaction.state, reaction.wake_ns, False

    def _count_waking(self, engaged: Engagement, time_ns: int) -> None:
        second = time_ns // SECOND_NS
        engaged.wakings = engaged.wakings + 1 if second == engaged.second else 1
        engaged.second = second
        if engaged.wakings > self.limits.wakings_max:
            raise PolicyFault("flood", f"more than {self.limits.wakings_max} wakings in one second")

    def _propose(self, engaged: Engagement, items: Sequence[Envelope]) -> None:
        try:
            receipt = self._execute(items)
        except InputError as error:
            raise PolicyFault("garbage", f"{error.code}: {error.message}") from error
        except RecursionError as error:
            raise PolicyFault("garbage", "a command holds itself") from error
        self._answers.append(receipt)
        recorded = self.sequencer.recorded_fault(engaged.slot, engaged.turns)
        if recorded is not None:
            raise PolicyFault(recorded.fault, recorded.detail)
        engaged.instant_refusals += sum(type(event) is Rejected for event in receipt.events)
        if engaged.instant_refusals > self.limits.refusals_max:
            raise PolicyFault("refused", f"more than {self.limits.refusals_max} refusals in one instant")

    # --- when a policy fails ----------------------------------------------------------------------------------------

    def _contain(self, engaged: Engagement, fault: PolicyFault, time_ns: int, action: str | None = None) -> None:
        """Take a policy off that failed, and do what its role says: the default takes over, or markets halt."""
        role, slot = engaged.role, engaged.slot
        is_default = role.default is None or engaged.policy.name == role.default
        action = action or (role.on_fault.value if is_default else "fallback")
        del self.engagements[slot]
        body = notes.Fault(slot, engaged.author, engaged.turns, fault.fault, fault.detail, action)
        self.faults.append(body)
        self._do([notes.note(notes.FAULT, body)], time_ns)
        _log.error(
            "policy taken off",
            slot=slot,
            policy=f"{role.name}.{engaged.policy.name}",
            fault=fault.fault,
            detail=fault.detail,
            action=action,
            hint=_ADVICE[action],
        )
        if action == "fallback":
            default = catalogue.build(slot, role.default or "")
            self._put_on(slot, catalogue.heir(default, engaged.policy), "fallback", time_ns)
        elif action == OnFault.HALT.value:
            halted = MarketMode.HALTED
            self._do((SetMarketMode(row.market, halted) for row in self._view.markets() if row.mode != halted), time_ns)


def _text_bytes(command: Command) -> int:
    """How much a note says; a body that is no text is left to the journal to refuse."""
    return (
        len(command.body.encode("utf-8", "replace")) if isinstance(command, Note) and type(command.body) is str else 0
    )


_ADVICE: Final = {
    "fallback": "the default policy of the role took over; mend yours and engage it again",
    "halt": "every market is halted; engage a policy for the role, then set the markets to continuous again",
    "vacate": "the role is empty; engage a policy for it when it is mended",
}
