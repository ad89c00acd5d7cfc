"""The road of one command, without conversions: stamp, encode, journal, execute, answer.

A session owns one journal writer and one kernel. Order is everything here: a block is committed at the chosen
durability first, executed second, and only then do its events leave. When a commit fails or the kernel faults, the
session halts for good; nothing is retried and nothing is repaired silently.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog
from msgspec import Struct

from crossbook._kernel import BlockError, Kernel, KernelError
from crossbook.commands import DEFAULT_ORIGIN, Command, Origin
from crossbook.errors import InputError, VenueClosed, VenueHalted
from crossbook.journal import BODY_BYTES_MAX, BlockReceipt, JournalWriter
from crossbook.journal.errors import BlockRefused, JournalHalted
from crossbook.receipt import Receipt
from crossbook.wire import Record, check_records, check_strings, encode_record

Clock = Callable[[], int]
"""Returns nanoseconds since the Unix epoch."""

_log = structlog.get_logger("crossbook")


class Envelope(Struct, frozen=True, gc=False):
    """A command with what the journal records about it; what is None takes the default of `submit`.

    `time_ns` is the stamped time (ns since the epoch): given for recorded or simulated sessions, None for the clock.
    """

    command: Command
    origin: Origin | None = None
    author: int = 0
    cause: int = 0
    nonce: int = 0
    time_ns: int | None = None


class Provenance(NamedTuple):
    """What the journal records about bare commands; the fields are those of `Envelope`."""

    origin: Origin | None = None
    author: int = 0
    cause: int = 0
    nonce: int = 0
    time_ns: int | None = None


UNNAMED: Final = Provenance()
_DEFAULT_ORIGIN: Final = dict(DEFAULT_ORIGIN)


class PackedBlock(Struct, frozen=True):
    """A block body ready to be journaled."""

    body: bytes
    count: int
    first_time_ns: int
    last_time_ns: int


def pack(
    items: Iterable[Command | Envelope], *, now_ns: int, last_time_ns: int, default: Provenance = UNNAMED
) -> list[PackedBlock]:
    """Stamp, encode and check commands, and cut them into block bodies.

    Args:
        items: the commands in order, bare or in envelopes.
        now_ns: the time of those that bring none.
        last_time_ns: no command may be earlier than this.
        default: what is recorded about a bare command.

    Raises:
        InputError: `not_a_command`, `time_backwards`, and those of `crossbook.wire`. Nothing was journaled.
    """
    blocks: list[PackedBlock] = []
    records: list[Record] = []
    parts: list[bytes] = []
    size, base, last = 0, 0, last_time_ns
    for item in items:
        command, origin, author, cause, nonce, time_ns = (
            _unpack(item) if isinstance(item, Envelope) else (item, *default)
        )
        stamp = now_ns if time_ns is None else time_ns
        if stamp < last:
            raise _time_backwards(stamp, last)
        default_origin = _DEFAULT_ORIGIN.get(type(command))
        if default_origin is None:
            raise not_a_command(command)
        origin = default_origin if origin is None else origin
        if not records:
            base = stamp
        record = Record(stamp - base, origin, author, cause, nonce, command)
        data = encode_record(record)
        if size + len(data) > BODY_BYTES_MAX:
            _check_record_fits(data, command)
            blocks.append(_close_block(parts, records, base, last))
            records, parts, size, base = [], [], 0, stamp
            record = Record(0, origin, author, cause, nonce, command)
            data = encode_record(record)  # dt is 0 now: never longer than before
        records.append(record)
        parts.append(data)
        size += len(data)
        last = stamp
    if records:
        blocks.append(_close_block(parts, records, base, last))
    return blocks


def _unpack(envelope: Envelope) -> tuple[Command, Origin | None, int, int, int, int | None]:
    return (
        envelope.command,
        envelope.origin,
        envelope.author,
        envelope.cause,
        envelope.nonce,
        envelope.time_ns,
    )


def not_a_command(given: object) -> InputError:
    """The error for something that is neither a command nor an envelope."""
    return InputError(
        f"{type(given).__name__} is not a command",
        code="not_a_command",
        values={"type": type(given).__name__},
        hint="submit takes the structs of crossbook.commands, or an Envelope around one",
    )


def _check_record_fits(data: bytes, command: Command) -> None:
    if len(data) > BODY_BYTES_MAX:
        check_strings(command)
        raise InputError(
            f"a {type(command).__name__} of {len(data)} bytes fits into no block",
            code="record_too_large",
            values={"command": type(command).__name__, "bytes": len(data), "bytes_max": BODY_BYTES_MAX},
            hint="no command of the vocabulary needs that much: look at its lists",
        )


def _close_block(parts: Sequence[bytes], records: Sequence[Record], base: int, last: int) -> PackedBlock:
    body = b"".join(parts)
    check_records(body, records, base_time_ns=base, not_before_ns=base)
    return PackedBlock(body, len(records), base, last)


def _time_backwards(stamp: int, last: int) -> InputError:
    return InputError(
        "time may not go backwards",
        code="time_backwards",
        values={"time_ns": stamp, "last_time_ns": last},
        hint="give commands in the order of their times, none earlier than the journal's last",
    )


class Session:
    """One journal writer and one kernel that has executed exactly what the journal holds.

    Not for use from several threads at once. `crossbook.Venue` puts conversions, builders and views around it.
    """

    def __init__(self, writer: JournalWriter, kernel: Kernel, *, path: Path, clock: Clock = time.time_ns) -> None:
        if writer.next_seq != kernel.seq + 1:
            raise ValueError(f"the kernel is at seq {kernel.seq}, the journal at {writer.next_seq - 1}")
        self._writer = writer
        self.kernel: Final = kernel
        self.path: Final = path
        self._clock = clock
        self._halted: BaseException | None = None
        self._closed = False
        self._checkpoint_seq = 0

    @property
    def durability(self) -> str:
        """The named durability each block is committed at before its events leave."""
        return str(self._writer.durability)

    @property
    def head_hash(self) -> bytes:
        """The hash of the last block; it commits to the whole journal."""
        return self._writer.head_hash

    @property
    def halted(self) -> bool:
        """Whether a failed commit or a kernel fault stopped this session."""
        return self._halted is not None

    @property
    def closed(self) -> bool:
        """Whether `close()` was called."""
        return self._closed

    def submit(self, items: Iterable[Command | Envelope], default: Provenance = UNNAMED) -> Receipt:
        """Journal and execute commands, in order; they are stamped with one time unless they bring their own.

        A refused command is an event in the receipt, not an exception.

        Raises:
            InputError: a value that cannot be journaled; nothing was.
            VenueHalted, VenueClosed: the session does not serve any more, or the kernel just faulted.
            JournalHalted: the commit failed (disk full, map full); the session halts. Blocks of this submission that
                were committed before it, if any, are in the journal.
        """
        self.check_serving()
        last = self.kernel.time_ns
        packed = pack(items, now_ns=self.now(), last_time_ns=last, default=default)
        if not packed:
            raise InputError("there is nothing to submit", code="nothing_to_submit", hint="submit at least one command")
        seq = self.kernel.seq + 1
        receipts: list[BlockReceipt] = []
        events: list[bytes] = []
        for block in packed:
            receipt, answer = self._commit_and_execute(block)
            receipts.append(receipt)
            events.append(answer)
        return Receipt(
            seq=seq,
            last_seq=self.kernel.seq,
            time_ns=self.kernel.time_ns,
            blocks=receipts,
            durability=self.durability,
            raw_events=events,
        )

    def now(self) -> int:
        """The time the next command would be stamped with: the clock's, not before the last one's."""
        return max(self._clock(), self.kernel.time_ns)

    def _commit_and_execute(self, block: PackedBlock) -> tuple[BlockReceipt, bytes]:
        """Durable before visible: journal the block, then execute it."""
        if self._writer.next_seq != self.kernel.seq + 1:
            self._halt(KernelError("the kernel executed something that is not in the journal"))
            self.check_serving()
        try:
            receipt = self._writer.append(
                block.body,
                count=block.count,
                first_time_ns=block.first_time_ns,
                last_time_ns=block.last_time_ns,
                exec_mark=self.kernel.exec_mark(),
            )
            answer = self.kernel.apply(
                block.body, first_seq=receipt.first_seq, base_time_ns=block.first_time_ns, count=block.count
            )
        except (KernelError, BlockError, OSError) as error:
            self._halt(error)
            self.check_serving()
            raise
        except BlockRefused:
            raise  # nothing was written, so nothing is out of step
        except BaseException as error:
            # A failed commit, or an interrupt between commit and execution: the journal may be ahead of the kernel.
            self._halt(error)
            raise
        return receipt, answer

    def halt(self, error: BaseException) -> None:
        """Serve nothing any more, because of this error; harmless after a halt or when closed."""
        if self._halted is None and not self._closed:
            self._halt(error)

    def _halt(self, error: BaseException) -> None:
        self._halted = error
        _log.error("venue halted", path=str(self.path), seq=self.kernel_seq(), error=str(error) or repr(error))

    def kernel_seq(self) -> int:
        """The last executed seq, -1 if the kernel is poisoned and does not say."""
        try:
            return self.kernel.seq
        except KernelError:
            return -1

    def check_serving(self) -> None:
        """Raise VenueHalted or VenueClosed if this session does not serve any more."""
        if self._halted is not None:
            raise VenueHalted(
                f"the venue halted: {getattr(self._halted, 'message', '') or repr(self._halted)}",
                code="venue_halted",
                values={"path": str(self.path), "cause": getattr(self._halted, "code", type(self._halted).__name__)},
                hint="close it, remove the cause, and open it again: it replays what was acknowledged",
            ) from self._halted
        if self._closed:
            raise VenueClosed(
                "the venue is closed",
                code="venue_closed",
                values={"path": str(self.path)},
                hint="open it again with Venue.open",
            )

    @property
    def needs_checkpoint(self) -> bool:
        """Whether anything was executed that no checkpoint has committed to, and no re-execution confirmed."""
        return self.kernel.seq > self._checkpoint_seq

    def mark_checkpointed(self) -> None:
        """Say that everything so far is committed to: a checkpoint was just taken, or the journal re-executed."""
        self._checkpoint_seq = self.kernel.seq

    def sync(self) -> None:
        """Put every block on stable storage: what a pipelined journal still holds in memory."""
        self.check_serving()
        try:
            self._writer.sync()
        except (JournalHalted, OSError) as error:
            self._halt(error)
            raise

    def close(self) -> None:
        """Give the journal back. Closing twice, or after a halt, is harmless."""
        if not self._closed:
            self._closed = True
            self._writer.close(exec_mark=self._closing_mark())

    def _closing_mark(self) -> bytes:
        """What the journal's closing note commits to; nothing if the kernel cannot be trusted any more."""
        try:
            return b"" if self.halted else self.kernel.exec_mark()
        except KernelError:
            return b""

    def __repr__(self) -> str:
        state: Any = "halted" if self.halted else "closed" if self._closed else "serving"
        return f"<Session {self.path} {state}, seq {self.kernel_seq()}, {self.durability}>"
