"""How a session begins, is found again after a stop, and what is kept beside its journal."""

from __future__ import annotations

from pathlib import Path

import msgspec
import structlog

from crossbook import config, snapshots
from crossbook._kernel import Kernel
from crossbook.commands import Origin, Repair
from crossbook.errors import InputError, NotFound
from crossbook.journal import BlockReceipt, JournalWriter
from crossbook.journal.segments import SEGMENT_BYTES_DEFAULT
from crossbook.receipt import Receipt
from crossbook.replay import answered, replay
from crossbook.session import Clock, Envelope, Session

_log = structlog.get_logger("crossbook")
_MSGPACK = msgspec.msgpack.Encoder()


def create(
    path: Path,
    source: config.VenueConfig,
    *,
    durability: str,
    clock: Clock,
    check_invariants: bool,
    segment_bytes: int | None,
) -> Session:
    """Start a journal and make the configuration its first commands; see `Venue.create`."""
    check_durability(durability)
    commands = source.commands()
    writer = JournalWriter.create(path, durability=durability, segment_bytes=segment_bytes or SEGMENT_BYTES_DEFAULT)
    try:
        session = Session(writer, Kernel(check_invariants=check_invariants), path=path, clock=clock)
        session.submit([Envelope(command, origin=Origin.OPERATOR) for command in commands]).raise_if_rejected()
    except BaseException:
        writer.close()
        raise
    return session


def open_session(path: Path, *, durability: str, clock: Clock, check_invariants: bool) -> Session:
    """Verify a journal, re-execute it from the newest usable snapshot, and continue it; see `Venue.open`."""
    check_durability(durability)
    writer = JournalWriter.open(path, durability=durability)
    try:
        replayed = replay(path, start="snapshot", check_invariants=check_invariants)
        session = Session(writer, replayed.kernel, path=path, clock=clock)
        session.mark_checkpointed()
        _record_repair(session, writer)
    except BaseException:
        writer.close()
        raise
    return session


def _record_repair(session: Session, writer: JournalWriter) -> None:
    """A repaired journal goes on with the record of its repair, before anything else.

    It is stamped with the last time of the journal, not the clock's: policies may want to be woken before that.
    """
    note = writer.pending_repair
    if note is not None:
        _log.warning("repair recorded", path=str(session.path), first_seq=note.first_seq, blocks=note.blocks)
        record = Repair(note.first_seq, note.blocks, note.evidence)
        session.submit([Envelope(record, origin=Origin.OPERATOR, time_ns=session.kernel.time_ns or None)])


def check_durability(durability: str) -> None:
    """Refuse a durability nobody knows. Raises InputError `unknown_choice`."""
    known = ("durable", "pipelined", "volatile")
    if durability not in known:
        raise InputError(
            f"durability is {durability!r}",
            code="unknown_choice",
            values={"field": "durability", "value": durability},
            hint=f"one of: {', '.join(known)}",
        )


def write_snapshot(session: Session) -> Path:
    """Write a snapshot of the present state; the journal is put on stable storage first, so it is never behind."""
    session.sync()
    return snapshots.write(session.path, session.kernel, block_hash=session.head_hash)


def receipt_of(session: Session, seq: int) -> Receipt:
    """The answer to a command of the past: its block executed again on the state before it."""
    session.sync()
    if not 1 <= seq <= session.kernel.seq:
        raise NotFound(
            f"nothing was executed under seq {seq}",
            code="unknown_seq",
            values={"seq": seq, "last_seq": session.kernel.seq},
            hint=f"give a seq from 1 to {session.kernel.seq}",
        )
    found = answered(session.path, seq)
    block = found.block
    return Receipt(
        seq=seq,
        last_seq=seq,
        time_ns=found.time_ns,
        blocks=[BlockReceipt(block.first_seq, block.last_seq, block.segment, block.block_hash)],
        durability=session.durability,
        raw_events=[b"".join(_MSGPACK.encode(event) for event in found.events)],
    )
