"""A journal executed by a build, to be looked at after any block, and command by command within one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Literal, NamedTuple

from journal_tools.differences.builds import Build, Stand
from journal_tools.errors import ToolError
from journal_tools.journal import Block, Journal

Pace = Literal["block", "command"]
"""How often an execution looks where it stands."""


class Step(NamedTuple):
    """One command executed: where the kernel stands after it, and its events as bytes."""

    seq: int
    stand: Stand
    events: bytes


class Execution:
    """A build that moves along a journal. Marks recorded in the journal are not compared.

    Attributes:
        at: the last seq executed, whatever the kernel says of itself.
        trail: a digest of where the kernel stood each time it was looked at, after every block or every command: a
            difference that passes again is still seen afterwards.
        executed: how many commands were executed, over all probes.
    """

    def __init__(self, journal: Journal, build: Build, *, pace: Pace = "block") -> None:
        self.journal = journal
        self.build = build
        self.executed = 0
        self._go = {"block": self._by_block, "command": self._by_command}[pace]
        self.start(b"")

    def start(self, snapshot: bytes) -> None:
        """Stand where a snapshot stands; without one, at genesis. Raises ToolError `snapshot_refused`."""
        self.stand = self._load("load", snapshot)
        self.at, self.trail = self.stand.seq, b""
        self._kept = self.at, self.stand, self.trail

    def probe(self, seq: int) -> bytes:
        """The trail after a seq, the last of a block, from where the execution was last kept."""
        self.back()
        self._go(seq)
        return self.trail

    def keep(self) -> None:
        """Later probes begin here."""
        self._kept = self.at, self.stand, self.trail
        self._ask("keep")

    def back(self) -> None:
        """Stand where the execution was last kept."""
        if self.at != self._kept[0]:
            self._load("back")
            self.at, self.stand, self.trail = self._kept

    def _by_block(self, seq: int) -> None:
        for block in self._blocks(seq):
            self._step(block.body, block.first_seq, block.first_time_ns, block.count)
            if self.stand.error:
                return

    def _by_command(self, seq: int) -> None:
        for _ in self.steps(seq):
            pass

    def events(self, seq: int) -> Iterator[bytes]:
        """Go on to a seq, and give the events of each block."""
        for block in self._blocks(seq):
            if block.last_seq <= seq:
                yield self._step(block.body, block.first_seq, block.first_time_ns, block.count)
            else:
                yield b"".join(step.events for step in self.steps(seq))

    def steps(self, seq: int) -> Iterator[Step]:
        """Go on to a seq, command by command."""
        for block in self._blocks(seq):
            for offset, record in enumerate(block.record_bytes()):
                at = block.first_seq + offset
                if at > seq:
                    return
                if at > self.at:
                    events = self._step(record, at, block.first_time_ns, 1)
                    yield Step(at, self.stand, events)
                    if self.stand.error:
                        return

    def subsystems(self) -> dict[str, str]:
        """The digest of each subsystem."""
        return dict(json.loads(self._ask("subsystems")[1] or b"[]"))

    def snapshot(self) -> bytes:
        """The state as bytes; none if the kernel stands nowhere any more."""
        return self._ask("snapshot")[1]

    def _blocks(self, seq: int) -> Iterator[Block]:
        if seq > self.at:
            yield from self.journal.blocks(self.at + 1, seq)

    def _step(self, body: bytes, first_seq: int, base_time_ns: int, count: int) -> bytes:
        self.stand, events = self._ask(
            "apply", body, first_seq=first_seq, base_time_ns=base_time_ns, count=count, limit=None
        )
        self.executed += count
        self.at = first_seq + count - 1
        stood = self.stand.mark + self.stand.root + self.stand.error.encode()
        self.trail = sha256(self.trail + stood).digest()
        return events

    def _load(self, op: str, snapshot: bytes = b"") -> Stand:
        stand, _ = self._ask(op, snapshot)
        if stand.error:
            raise ToolError(
                f"{self.build.name} does not take a snapshot: {stand.error}",
                code="snapshot_refused",
                hint="look at an earlier part of the journal: its state is not what this build can hold",
            )
        return stand

    def _ask(self, op: str, data: bytes = b"", **request: int | None) -> tuple[Stand, bytes]:
        return self.build.ask(op, data, **request)
