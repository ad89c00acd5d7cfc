"""Walking through a journal command by command: what happened, what it came to, what it ended in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from crossbook._kernel import BlockError, Kernel
from crossbook.commands import Command
from crossbook.events import Event
from crossbook.journal import Block, BranchOf, JournalReader
from crossbook.outcomes import Outcome, Outcomes
from crossbook.policies.view import PolicyView
from crossbook.replay import Progress, check_mark, not_executable
from crossbook.wire import decode_body, decode_events, encode_record


class Happened(Struct, frozen=True):
    """A command and its events."""

    seq: int
    time_ns: int
    command: Command
    events: list[Event]


class Walk:
    """One journal, executed once from its first command; `outcome` and `view` are there when the steps are through."""

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        """Raises JournalError if there is no journal to read."""
        with JournalReader(path) as reader:
            self.session: Final = reader.manifest.id
            self.branch: Final[BranchOf | None] = reader.branch
            self.last_seq: Final = reader.head().next_seq - 1
        self.path: Final = path
        self.kernel: Final = Kernel()
        self.view: Final = PolicyView(lambda: self.kernel)
        self._outcomes = Outcomes()
        self._progress = progress

    def steps(self) -> Iterator[Happened]:
        """Every command in order with its events. Raises JournalError, ReplayDivergence."""
        with JournalReader(self.path) as reader:
            for block in reader.blocks(to_seq=self.last_seq) if self.last_seq else iter(()):
                yield from self._block(block)
                if self._progress is not None:
                    self._progress(self.kernel.seq, self.last_seq)

    def _block(self, block: Block) -> Iterator[Happened]:
        check_mark(self.kernel, block)
        for record in decode_body(block.body, block.count):
            time_ns = block.base_time_ns + record.dt
            self._outcomes.before(record.command, self.view)
            body = encode_record(replace(record, dt=0))
            try:
                answer = self.kernel.apply(body, first_seq=self.kernel.seq + 1, base_time_ns=time_ns, count=1)
            except BlockError as error:
                raise not_executable(block.first_seq, error) from error
            events = decode_events(answer)
            self._outcomes.after(events, time_ns=time_ns)
            yield Happened(self.kernel.seq, time_ns, record.command, events)

    def finish(self) -> Outcome:
        """What the session came to, once every step was taken."""
        return self._outcomes.finish(self.view)
