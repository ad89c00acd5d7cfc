"""A kernel that nobody journals: commands in, events out, gone when it is no longer needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crossbook import rows
from crossbook._kernel import Kernel
from crossbook.commands import Command, Origin, SetMark
from crossbook.errors import Refused
from crossbook.events import Event, Rejected, StandingChanged
from crossbook.session import Provenance, pack
from crossbook.state import StateView
from crossbook.wire import decode_events

_OPERATOR: Final = Provenance(Origin.OPERATOR, 0, 0, 0, None)


class Scratch(StateView):
    """A venue on scratch paper, asked by its operator. Time stands still."""

    def __init__(self) -> None:
        super().__init__(Kernel())

    def do(self, *commands: Command) -> tuple[Event, ...]:
        """Executes commands that must be accepted. Raises Refused."""
        events: list[Event] = []
        for block in pack(commands, now_ns=0, last_time_ns=0, default=_OPERATOR):
            data = self._kernel.apply(block.body, first_seq=self.seq + 1, base_time_ns=0, count=block.count)
            events += decode_events(data)
        for event in events:
            if isinstance(event, Rejected):
                raise Refused(
                    f"the scratch venue refused: {event.explain()}",
                    code="refused",
                    values={"reject": event.code, "a": event.a, "b": event.b},
                    hint="a study sets up only what the rules allow",
                )
        return tuple(events)

    def mark(self, marks: Sequence[int]) -> list[StandingChanged]:
        """Sets the marks of all markets, in the order of their ids, and says whose standing changed on the way."""
        events = self.do(*(SetMark(market, price) for market, price in enumerate(marks, start=1)))
        return [event for event in events if isinstance(event, StandingChanged)]

    def row(self, account: int) -> rows.AccountRow:
        """An account as the kernel shows it, in minor units."""
        row: rows.AccountRow | None = rows.ACCOUNT.decode(self._kernel.account(account))
        assert row is not None
        return row
