"""A session that nobody journals: a kernel, policies in their loop, and what comes of it, measured as it goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crossbook._kernel import Kernel
from crossbook.commands import Command, Deleverage, Origin
from crossbook.errors import Refused
from crossbook.events import Event, Rejected
from crossbook.outcomes import Outcome, Outcomes
from crossbook.policies import catalogue
from crossbook.policies.contract import Policy
from crossbook.policies.guard import Limits
from crossbook.policies.loop import Loop, Unrecorded
from crossbook.policies.view import PolicyView
from crossbook.receipt import Receipt
from crossbook.session import Envelope, pack
from crossbook.wire import decode_events


class MemorySequencer(Unrecorded):
    """Commands go into a kernel, and every event into the measures."""

    def __init__(self) -> None:
        self.kernel: Final = Kernel()
        self.view: Final = PolicyView(lambda: self.kernel)
        self.outcomes: Final = Outcomes()

    def execute(self, items: Sequence[Envelope]) -> Receipt:
        """Execute commands of one time; ranks are looked at right before a deleveraging, so that one goes alone."""
        alone = any(isinstance(item.command, Deleverage) for item in items)
        first, raw = self.kernel.seq + 1, []
        for group in [[item] for item in items] if alone else [items]:
            if alone:
                self.outcomes.before(group[0].command, self.view)
            for block in pack(group, now_ns=self.kernel.time_ns, last_time_ns=self.kernel.time_ns):
                answer = self.kernel.apply(
                    block.body, first_seq=self.kernel.seq + 1, base_time_ns=block.first_time_ns, count=block.count
                )
                raw.append(answer)
                self.outcomes.after(decode_events(answer), time_ns=block.last_time_ns)
        return Receipt(
            seq=first,
            last_seq=self.kernel.seq,
            time_ns=self.kernel.time_ns,
            blocks=(),
            durability="volatile",
            raw_events=raw,
        )

    def halt(self, _error: BaseException) -> None:
        """Nothing is kept, so nothing can be out of step."""


class Rehearsal:
    """A venue in memory, with policies; times are stamped by whoever asks (ns)."""

    def __init__(self) -> None:
        self._sequencer: Final = MemorySequencer()
        self._loop: Final = Loop(self._sequencer, limits=Limits(proposals_max=100_000))

    @property
    def view(self) -> PolicyView:
        """The present, to read."""
        return self._sequencer.view

    def do(self, time_ns: int, commands: Sequence[Command], *, must: bool = False) -> tuple[Event, ...]:
        """Outside commands, as the operator's. Raises Refused for a refusal, if they `must` be accepted."""
        receipt = self._loop.submit([Envelope(command, Origin.OPERATOR, time_ns=time_ns) for command in commands])
        refused = [event for event in receipt.events if isinstance(event, Rejected)] if must else []
        if refused:
            raise Refused(
                f"the rehearsal refused: {refused[0].explain()}",
                code="refused",
                values={"reject": refused[0].code, "a": refused[0].a, "b": refused[0].b},
                hint="a study sets up only what the rules allow",
            )
        return receipt.events

    def engage(self, slot: str, policy: Policy, time_ns: int) -> int:
        """Put a policy into a slot; returns the author id it speaks under."""
        return self._loop.engage(slot, catalogue.build(slot, policy), time_ns=time_ns).author

    def advance(self, time_ns: int) -> None:
        """Let stamped time pass, and the policies act."""
        self._loop.advance(time_ns)
        self._loop.drain()

    def engaged(self, slot: str) -> bool:
        """Whether a slot's policy is still there: a fault takes it off."""
        return slot in self._loop.engagements

    def finish(self) -> Outcome:
        """What came of it; money is added up once more."""
        self._sequencer.kernel.check_invariants()
        return self._sequencer.outcomes.finish(self.view)
