"""Repairing a torn tail: dropping exactly what a crash left half written, and keeping the evidence.

    session/repairs/<sha256>.mdb    the segment's file as the crash left it, named by its hash, read-only
    session/repair.json             until the next writer has journaled the Repair command

The next record of the journal must be that command, so the repair is part of the history it repaired.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import lmdb
import msgspec

from . import guard
from .blocks import JOURNAL_FORMAT, PendingBlock
from .chain import Head
from .errors import JournalDamaged, RepairPending
from .lmdb_file import LmdbFile
from .manifests import REPAIR_FILE, RepairNote, sync_directory, write_manifest
from .opening import check_sealed_file, closing_finding, opening_head
from .packing import unpack_records
from .scan import Scan, scan_segment
from .segments import DATA_FILE, LMDB_LOCK_FILE, Segment, Survey, hash_file, survey

REPAIRS_DIRECTORY = "repairs"
REPAIR_TAG = 19
_BATCH_BLOCKS = 256


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair dropped: `blocks` blocks from `first_seq` on, kept in `side_file`, whose SHA-256 is `evidence`.

    `blocks` is 0 and `side_file` None if there was nothing to repair.
    """

    segment: int
    first_seq: int
    blocks: int
    evidence: str
    side_file: Path | None


def repair_command(note: RepairNote | RepairReport) -> tuple[int, int, int, str]:
    """The Repair command to journal, as its wire fields: tag, first_seq, blocks, evidence."""
    return REPAIR_TAG, note.first_seq, note.blocks, note.evidence


def check_repair_recorded(note: RepairNote, block: PendingBlock) -> None:
    """Requires that a block starts with the Repair command of a pending repair. Raises RepairPending, BlockRefused."""
    first = unpack_records(block.body, count=block.count, first_time_ns=block.first_time_ns)[0]
    if bytes(first.command) != msgspec.msgpack.encode(repair_command(note)):
        raise RepairPending(
            f"{note.blocks} torn block(s) from seq {note.first_seq} were dropped and this is not yet journaled",
            values={"first_seq": note.first_seq, "blocks": note.blocks, "evidence": note.evidence},
        )


def repair(path: str | os.PathLike[str]) -> RepairReport:
    """Drops the torn tail of a session's live segment, and nothing else.

    Raises JournalDamaged, with every byte left as it is, if anything but the tail is damaged; JournalLocked if the
    session has a writer; JournalNotFound, NotAJournal, NewerFormat.
    """
    session = Path(path)
    found = survey(session)
    owner = guard.Owner(session)
    try:
        found = survey(session)
        found.raise_first()
        for segment in found.segments:
            if segment.sealed:
                check_sealed_file(segment, found)
        last = found.segments[-1]
        if last.sealed:
            return RepairReport(last.number, 0, 0, "", None)
        scan = scan_segment(last, opening_head(last, found), map_bytes=found.manifest.segment_bytes)
        damage = closing_finding(last, found, scan)
        if damage is not None:
            raise damage.error()
        if not scan.findings:
            return RepairReport(last.number, 0, 0, "", None)
        if not scan.torn:
            raise scan.findings[0].error()
        return _drop_tail(session, found, last, scan)
    finally:
        owner.release()


def _drop_tail(session: Path, found: Survey, last: Segment, scan: Scan) -> RepairReport:
    """Builds the segment anew from the blocks that verify, keeps the old file, and swaps the two.

    A crash in between leaves either the old file, still torn, or the new one with the note already written.
    """
    _, evidence = hash_file(last.data)
    side_file = session / REPAIRS_DIRECTORY / f"{evidence}.mdb"
    side_file.parent.mkdir(exist_ok=True)
    shutil.copyfile(last.data, side_file)
    _sync_file(side_file)
    side_file.chmod(0o444)
    sync_directory(side_file.parent)
    start = opening_head(last, found)
    rebuilt = _rebuild(last, start, scan, map_bytes=found.manifest.segment_bytes)
    note = RepairNote(
        journal_format=JOURNAL_FORMAT,
        session=found.manifest.id,
        segment=last.number,
        first_seq=scan.torn_first_seq,
        blocks=scan.torn_blocks,
        evidence=evidence,
    )
    write_manifest(session / REPAIR_FILE, note)
    (last.path / LMDB_LOCK_FILE).unlink(missing_ok=True)
    (rebuilt / DATA_FILE).replace(last.data)
    sync_directory(last.path)
    shutil.rmtree(rebuilt)
    return RepairReport(last.number, note.first_seq, note.blocks, evidence, side_file)


def _rebuild(last: Segment, start: Head, scan: Scan, *, map_bytes: int) -> Path:
    """A fresh environment with the blocks before the torn ones, verified. Raises JournalDamaged if one is not there."""
    directory = last.path.with_suffix(".rebuilt.tmp")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    env = lmdb.open(str(directory), map_size=map_bytes, subdir=True, writemap=False, max_dbs=0)
    try:
        with LmdbFile(last.data, map_bytes=map_bytes) as file:
            meta = file.older if scan.torn_transaction else file.newest
            batch: list[tuple[bytes, bytes]] = []
            for node in file.nodes(meta):
                if int.from_bytes(node.key, "big") >= scan.torn_first_seq:
                    break
                batch.append((node.key, file.value(meta, node)))
                if len(batch) == _BATCH_BLOCKS:
                    _put_all(env, batch)
                    batch = []
            _put_all(env, batch)
    finally:
        env.close()
    check = scan_segment(replace(last, path=directory), start, map_bytes=map_bytes)
    if check.findings or check.head != scan.head:
        raise JournalDamaged(
            f"segment {last.number:06d}: the blocks before the torn tail could not be kept",
            values={"kept": check.blocks},
        )
    return directory


def _put_all(env: lmdb.Environment, batch: list[tuple[bytes, bytes]]) -> None:
    with env.begin(write=True) as transaction:
        for key, value in batch:
            if not transaction.put(key, value, append=True):
                raise JournalDamaged("the blocks to keep are not in order", values={"key": key.hex()})


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
