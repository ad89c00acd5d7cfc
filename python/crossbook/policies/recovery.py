"""Recovery: the policies of a journal, as they were when it was left, by running them again beside it.

The loop is given the outside commands as they stand in the journal; what the policies propose is not journaled again
but compared, command by command, with what stands there. So a policy's state is what it was, an instant that was cut
short is finished, and a policy that does not propose again what it once proposed is found out: it looked at something
that was not in its turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar, Final

import structlog
from msgspec import Struct

from crossbook._kernel import Kernel
from crossbook.commands import Command, Note, Origin, RegisterAuthor, Repair
from crossbook.errors import InputError, PolicyDivergence
from crossbook.events import Event, Noted
from crossbook.journal import JournalReader
from crossbook.policies import catalogue, memory, notes
from crossbook.policies.contract import Policy, Reaction, Turn
from crossbook.policies.guard import RECORDED, Limits
from crossbook.policies.loop import Loop, Sequencer
from crossbook.receipt import Receipt
from crossbook.session import Envelope
from crossbook.snapshots import Snapshot
from crossbook.wire import Record, decode_body, encode_record

_log = structlog.get_logger("crossbook")

ENGAGEMENT_RECORDS_MAX: Final = 4
"""An engagement is journaled as at most: the one before is taken off, the loop registers, the policy does, the note."""


class Recorded(Struct, frozen=True):
    """One record of a journal as an envelope, with its seq and the first seq of its block."""

    seq: int
    block: int
    item: Envelope


class Tape(Struct):
    """The records of a journal in order, with a look ahead."""

    records: Iterator[Recorded]
    ahead: deque[Recorded]

    @classmethod
    def of(cls, reader: JournalReader, *, after: int = 0) -> Tape:
        """The tape of a journal, of what comes after a seq that ends a block."""
        return cls(_records(reader, after), deque())

    def peek(self, offset: int = 0) -> Recorded | None:
        """The record `offset` places ahead, None past the end."""
        while len(self.ahead) <= offset:
            found = next(self.records, None)
            if found is None:
                return None
            self.ahead.append(found)
        return self.ahead[offset]

    def take(self) -> Recorded:
        """The next record, which `peek` has shown."""
        return self.ahead.popleft()


def _records(reader: JournalReader, after: int) -> Iterator[Recorded]:
    for block in reader.blocks(from_seq=after + 1):
        for offset, record in enumerate(decode_body(block.body, block.count)):
            time_ns = block.base_time_ns + record.dt
            item = Envelope(record.command, record.origin, record.author, record.cause, record.nonce, time_ns)
            yield Recorded(block.first_seq + offset, block.first_seq, item)


def _nothing() -> None:
    """Nobody waits for the end of the tape."""


class TapeSequencer:
    """Commands go past the tape, each compared with the one that stands there; past its end they go on to `beyond`.

    `trusted` are the authors whose records are taken as they stand, because their policy is not run again; `inside`
    are those of the loop and its policies: what others write about faults is only words. `at_end` is called when the
    last record has been taken.
    """

    def __init__(self, tape: Tape, beyond: Sequencer | None, kernel: Kernel) -> None:
        self.tape: Final = tape
        self.trusted: Final[set[int]] = set()
        self.inside: AbstractSet[int] = frozenset()
        self.matched = 0
        self.at_end: Callable[[], None] = _nothing
        self._kernel = kernel
        self._beyond = beyond
        self._went_on = False

    @property
    def kernel(self) -> Kernel:
        """The kernel that executed the tape so far; past its end the one that goes on."""
        if self._beyond is not None and (self._went_on or self._kernel.seq == self._beyond.kernel.seq):
            return self._beyond.kernel
        return self._kernel

    @property
    def event_digest(self) -> bytes:
        """The digest of the events of the tape."""
        return self._kernel.event_digest()

    def execute(self, items: Sequence[Envelope]) -> Receipt:
        """Compare commands with the tape and execute what stands there; past its end they are new."""
        first = self._kernel.seq + 1
        answers: list[bytes] = []
        for index, item in enumerate(items):
            recorded = self._past_repairs(item)
            if recorded is None:
                return self._go_on(items[index:], first, answers)
            if not _same(item, recorded.item):
                raise _differs(recorded.seq, item, recorded.item)
            self.tape.take()
            if self.tape.peek() is None:
                self.at_end()
            answers.append(self._apply(recorded.item))
            self.matched += 1
        return self._receipt(first, answers)

    def _past_repairs(self, item: Envelope) -> Recorded | None:
        """The next record. A repair may stand between any two of an instant: it is recorded before it is finished."""
        while (recorded := self.tape.peek()) is not None and isinstance(recorded.item.command, Repair):
            if isinstance(item.command, Repair):
                break
            self.tape.take()
            self._apply(recorded.item)
            self.matched += 1
        return recorded

    def _apply(self, item: Envelope) -> bytes:
        origin = item.origin if item.origin is not None else Origin.CLIENT
        record = encode_record(Record(0, origin, item.author, item.cause, item.nonce, item.command))
        return self._kernel.apply(record, first_seq=self._kernel.seq + 1, base_time_ns=item.time_ns or 0, count=1)

    def _go_on(self, items: Sequence[Envelope], first: int, answers: Sequence[bytes]) -> Receipt:
        if self._beyond is None:
            raise EndOfTape
        self._went_on = True
        receipt = self._beyond.execute(items)
        if not answers:
            return receipt
        return Receipt(
            seq=first,
            last_seq=receipt.last_seq,
            time_ns=receipt.time_ns,
            blocks=receipt.blocks,
            durability=receipt.durability,
            raw_events=[*answers, *receipt.raw_events],
        )

    def _receipt(self, first: int, answers: Sequence[bytes]) -> Receipt:
        return Receipt(
            seq=first,
            last_seq=self._kernel.seq,
            time_ns=self._kernel.time_ns,
            blocks=(),
            durability="recorded",
            raw_events=answers,
        )

    def halt(self, error: BaseException) -> None:
        """Whoever goes on beyond the tape stops."""
        if self._beyond is not None and not isinstance(error, PolicyDivergence):
            self._beyond.halt(error)

    def recorded_fault(self, slot: str, turn: int | None) -> notes.Fault | None:
        """The fault that stands next on the tape, if the loop says it and it is about this turn."""
        following = self.tape.peek()
        if following is None or following.item.author not in self.inside:
            return None
        fault = body_of(following.item.command, notes.FAULT, notes.Fault)
        return fault if fault is not None and fault.slot == slot and turn in (None, fault.turn) else None

    def recorded_turn(self, author: int) -> list[Envelope] | None:
        """What a policy that is not run again proposed in the turn that stands next on the tape."""
        following = self.tape.peek()
        if author not in self.trusted:
            return None
        if following is None or following.item.author != author:
            return []
        items: list[Envelope] = []
        offset = 0
        while (one := self.tape.peek(offset)) is not None and (one.block, one.item.author) == (following.block, author):
            items.append(one.item)
            offset += 1
        return items

    def recorded_engagement(self, slot: str) -> notes.Engaged | None:
        """The engagement in this slot that stands next on the tape."""
        found = engagement_ahead(self.tape)
        return found if found is not None and found.slot == slot else None


class EndOfTape(Exception):
    """The journal ended before the instant did, and nobody goes on with it."""


def _same(proposed: Envelope, recorded: Envelope) -> bool:
    return (
        proposed.command == recorded.command
        and proposed.author == recorded.author
        and proposed.cause == recorded.cause
        and proposed.time_ns == recorded.time_ns
    )


def _differs(seq: int, proposed: Envelope, recorded: Envelope) -> PolicyDivergence:
    return PolicyDivergence(
        f"run again, author {proposed.author} proposes {_shown(proposed)} where seq {seq} has {_shown(recorded)}",
        code="policy_divergence",
        values={"seq": seq, "author": recorded.author, "proposed": _shown(proposed), "recorded": _shown(recorded)},
        hint="a policy looked at something outside its turn, or its source is another; open with policies={slot: ...}"
        " to engage one anew",
    )


def _shown(item: Envelope) -> str:
    return f"{item.command!r} at {item.time_ns} by author {item.author} for seq {item.cause}"


def body_of(command: Command, topic: str, kind: type[notes.B]) -> notes.B | None:
    """The body of a note that is still a command."""
    if not isinstance(command, Note):
        return None
    return notes.read(Noted(0, command.account, Origin.POLICY, 0, command.topic, command.body), topic, kind)


def engagement_ahead(tape: Tape) -> notes.Engaged | None:
    """The engagement whose submission begins at the next record of a tape."""
    first = tape.peek()
    for offset in range(ENGAGEMENT_RECORDS_MAX):
        one = tape.peek(offset)
        if one is None or first is None or one.block != first.block:
            return None
        if not (isinstance(one.item.command, RegisterAuthor) or _about(one, notes.DISENGAGED)):
            return body_of(one.item.command, notes.ENGAGED, notes.Engaged)
    return None


def _about(recorded: Recorded, topic: str) -> bool:
    return isinstance(recorded.item.command, Note) and recorded.item.command.topic == topic


class Recovery:
    """One recovery: a tape, a loop, and what the owner wants to be otherwise."""

    def __init__(
        self,
        reader: JournalReader,
        *,
        beyond: Sequencer | None,
        sources: Mapping[str, Policy | None],
        limits: Limits | None,
        begin: Iterable[Snapshot] = (),
    ) -> None:
        """`begin` are snapshots to begin at, best first: at the first whose policies are still the same, or at genesis.

        `beyond` takes what comes after the journal, and `sources` are the owner's policies by slot.
        """
        self.missing: Final[dict[str, InputError]] = {}
        self._sources: Final = sources
        kernel, remembered = self._beginning(begin)
        self._tape: Final = Tape.of(reader, after=kernel.seq)
        self.sequencer: Final = TapeSequencer(self._tape, beyond, kernel)
        self.loop: Final = Loop(self.sequencer, limits=RECORDED)
        self._limits: Final = limits or Limits()
        self.sequencer.at_end = self._come_to_the_end
        self.sequencer.inside = self.loop.authors
        if remembered is not None:
            remembered.put_back(self.loop)

    def _beginning(self, begin: Iterable[Snapshot]) -> tuple[Kernel, memory.Remembered | None]:
        for snapshot in begin:
            remembered = memory.load(snapshot, self._unchanged)
            if remembered is not None:
                return snapshot.kernel, remembered
        return Kernel(), None

    def _unchanged(self, engaged: notes.Engaged) -> Policy | None:
        if engaged.slot in self._sources and self._sources[engaged.slot] is None:
            return None
        return memory.unchanged(engaged, self._sources.get(engaged.slot))

    def _come_to_the_end(self) -> None:
        """What comes now is not on record: the limits hold."""
        self.loop.limits = self._limits

    def run(self) -> Loop:
        """Run the policies past the whole tape.

        Raises:
            PolicyDivergence: a policy does not propose what stands there.
            InputError: a policy that still plays is not installed, and none was given for its slot.
        """
        while (recorded := self._tape.peek()) is not None:
            try:
                self._step(recorded)
            except EndOfTape:
                break
        self._come_to_the_end()
        for slot, error in self.missing.items():
            if slot in self.loop.engagements and type(self.loop.engagements[slot].policy) is StandIn:
                raise error
        self.loop.drain()
        return self.loop

    def _step(self, recorded: Recorded) -> None:
        item = recorded.item
        if isinstance(item.command, Repair):
            self.sequencer.execute([item])  # it comes before anything else once a journal is opened again
        elif not self._inside(item):
            self.loop.submit([item])
        elif (engaged := engagement_ahead(self._tape)) is not None and engaged.reason == "asked":
            self._engage(engaged, item.time_ns or 0)
        elif (gone := body_of(item.command, notes.DISENGAGED, notes.Disengaged)) is not None and gone.reason == "asked":
            self.loop.disengage(gone.slot, time_ns=item.time_ns or 0)
        else:
            self._finish(recorded)

    def _finish(self, recorded: Recorded) -> None:
        """Policies acted here: their instant closes."""
        self.loop.close_at(recorded.item.time_ns or 0)
        if self._tape.peek() is recorded:
            raise PolicyDivergence(
                f"run again, nobody proposes what seq {recorded.seq} has: {_shown(recorded.item)}",
                code="policy_divergence",
                values={"seq": recorded.seq, "author": recorded.item.author, "recorded": _shown(recorded.item)},
                hint="a policy looked at something outside its turn, or its source is another; open with"
                " policies={slot: ...} to engage one anew",
            )

    def _inside(self, item: Envelope) -> bool:
        """Whether a record is of the loop or of a policy it engaged; the loop names itself when it first engages."""
        if isinstance(item.command, RegisterAuthor) and item.command.name == notes.LOOP_NAME and not item.author:
            return not self.loop.author and engagement_ahead(self._tape) is not None
        return item.author != 0 and item.author in self.loop.authors

    def _engage(self, engaged: notes.Engaged, time_ns: int) -> None:
        policy, runs = self._policy(engaged)
        found = self.loop.engage(engaged.slot, policy, time_ns=time_ns)
        if not runs:
            self.sequencer.trusted.add(found.author)

    def _policy(self, engaged: notes.Engaged) -> tuple[Policy, bool]:
        """The policy that plays in a slot again, and whether it is run: not if the owner puts another in its place."""
        given = self._sources.get(engaged.slot)
        if given is not None and is_same(given, engaged):
            return given, True
        if engaged.slot in self._sources:
            return StandIn(), False
        try:
            kind = catalogue.find(engaged.slot.partition(".")[0], engaged.name)
            policy = catalogue.configured(kind, engaged.config)
        except InputError as error:
            self.missing[engaged.slot] = error
            return StandIn(), False
        if catalogue.source_digest(policy) != engaged.source:
            _log.warning("policy source differs", slot=engaged.slot, recorded=engaged.source)
        return policy, True


def is_same(policy: Policy, engaged: notes.Engaged) -> bool:
    """Whether a policy is the one that was engaged: by name, version, and configuration."""
    return (policy.name, policy.version, catalogue.configuration(policy)) == (
        engaged.name,
        engaged.version,
        engaged.config,
    )


class _Nothing(Struct):
    """What a stand-in remembers."""


class StandIn(Struct, frozen=True):
    """In the place of a policy that is not run again: its records are taken from the tape, and past it it is silent."""

    role: ClassVar[str] = ""
    name: ClassVar[str] = "stand-in"
    version: ClassVar[str] = "0"
    listens: ClassVar[frozenset[type[Event]]] = frozenset()
    State: ClassVar[type[Struct]] = _Nothing

    def react(self, state: _Nothing, _turn: Turn) -> Reaction[_Nothing]:
        """Nothing, until somebody takes its place."""
        return Reaction(state)
