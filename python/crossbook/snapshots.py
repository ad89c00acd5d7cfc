"""Snapshot files: a kernel's canonical state beside the journal, so that a replay need not start at genesis.

    PATH/snapshots/<seq, 20 digits>.snap, little-endian:

      0  magic       8  b"XBSNAP01"
      8  format      4  1
     12  reserved    4  0
     16  seq         8  the last seq executed; always the last of a block
     24  block_hash 32  the hash of the block that ends there: it ties the state to this journal, all of it
     56  state_root 32  the root of the state
     88  length      8  bytes of the state
     96  state          the kernel's canonical snapshot
      …  digest     32  SHA-256 of everything before

A snapshot is only a shortcut: one that is damaged, of another journal, or not reproduced bit by bit by the kernel that
loads it is reported and passed over for an older one, and at last for genesis.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import structlog
from msgspec import Struct

from crossbook._kernel import Kernel, SnapshotError
from crossbook.errors import SnapshotDamaged

SNAPSHOT_FORMAT: Final = 1
DIRECTORY: Final = "snapshots"
SUFFIX: Final = ".snap"

_MAGIC: Final = b"XBSNAP01"
_HEADER: Final = struct.Struct("<8sIIQ32s32sQ")
_DIGEST_BYTES: Final = 32
_log = structlog.get_logger("crossbook")


class SnapshotHeader(Struct, frozen=True):
    """What a snapshot file says about itself."""

    seq: int
    block_hash: bytes
    state_root: bytes
    length: int


class Snapshot(Struct, frozen=True):
    """A snapshot that was accepted, with the kernel it restored."""

    path: Path
    header: SnapshotHeader
    kernel: Kernel


def snapshot_path(journal: Path, seq: int) -> Path:
    """Where the snapshot of a seq is kept."""
    return journal / DIRECTORY / f"{seq:020d}{SUFFIX}"


def write(journal: Path, kernel: Kernel, *, block_hash: bytes) -> Path:
    """Write the present state, atomically: to a file of another name, to disk, then renamed.

    Args:
        journal: the directory of the venue.
        kernel: the state; it stands at the end of a block.
        block_hash: the hash of that block.
    """
    state = kernel.snapshot()
    header = _HEADER.pack(_MAGIC, SNAPSHOT_FORMAT, 0, kernel.seq, block_hash, kernel.state_root(), len(state))
    return write_file(snapshot_path(journal, kernel.seq), header + state + sha256(header + state).digest())


def write_file(target: Path, data: bytes) -> Path:
    """Write a file of the snapshots, atomically, and put it on stable storage."""
    target.parent.mkdir(exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(target)
    _sync_directory(target.parent)
    return target


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load(path: Path, *, check_invariants: bool = False) -> Snapshot:
    """Read a snapshot and restore its kernel.

    Raises:
        SnapshotDamaged: hash, root or canonical form do not agree; `values["fault"]` says which.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _damaged(path, "unreadable", error=str(error)) from None
    if len(data) < _HEADER.size + _DIGEST_BYTES or data[:8] != _MAGIC:
        raise _damaged(path, "not_a_snapshot", bytes=len(data))
    _, version, reserved, seq, block_hash, state_root, length = _HEADER.unpack_from(data)
    if version > SNAPSHOT_FORMAT:
        raise _damaged(path, "newer_format", format=version, supported=SNAPSHOT_FORMAT)
    if sha256(data[:-_DIGEST_BYTES]).digest() != data[-_DIGEST_BYTES:]:
        raise _damaged(path, "digest")
    if version < SNAPSHOT_FORMAT or reserved != 0:
        raise _damaged(path, "unknown_format", format=version, reserved=reserved)
    state = data[_HEADER.size : -_DIGEST_BYTES]
    if len(state) != length:
        raise _damaged(path, "length", expected=length, found=len(state))
    try:
        kernel = Kernel.from_snapshot(state, check_invariants=check_invariants)
    except SnapshotError as error:
        raise _damaged(path, "state", error=str(error)) from None
    if kernel.seq != seq:
        raise _damaged(path, "seq", expected=seq, found=kernel.seq)
    if kernel.state_root() != state_root:
        raise _damaged(path, "state_root", expected=state_root.hex(), found=kernel.state_root().hex())
    if kernel.snapshot() != state:
        raise _damaged(path, "not_canonical")
    return Snapshot(path, SnapshotHeader(seq, block_hash, state_root, length), kernel)


def _damaged(path: Path, fault: str, **values: Any) -> SnapshotDamaged:
    return SnapshotDamaged(
        f"the snapshot {path.name} cannot be used: {fault.replace('_', ' ')}",
        code="snapshot_damaged",
        values={"path": str(path), "fault": fault} | values,
        hint="delete it: everything in it can be rebuilt from the journal",
    )


def paths(journal: Path, *, seq_max: int | None = None) -> list[Path]:
    """The snapshot files of a journal, newest first, none later than `seq_max`."""
    found = [path for path in (journal / DIRECTORY).glob(f"*{SUFFIX}") if path.stem.isdigit()]
    wanted = [path for path in found if seq_max is None or int(path.stem) <= seq_max]
    return sorted(wanted, key=lambda path: int(path.stem), reverse=True)


def usable(
    journal: Path,
    *,
    block_hash_at: Callable[[int], bytes | None],
    seq_max: int | None = None,
    check_invariants: bool = False,
) -> Iterator[Snapshot]:
    """The snapshots of a journal that can be trusted, newest first; each of the others is reported with a warning.

    Args:
        journal: the directory of the venue.
        block_hash_at: the hash of the block that ends at a seq, None if none does.
        seq_max: none later than this.
        check_invariants: passed on to the kernels.
    """
    for path in paths(journal, seq_max=seq_max):
        try:
            snapshot = load(path, check_invariants=check_invariants)
            expected = block_hash_at(snapshot.header.seq)
            if expected != snapshot.header.block_hash:
                found = snapshot.header.block_hash.hex()
                raise _damaged(path, "other_journal", expected=expected.hex() if expected else None, found=found)
        except SnapshotDamaged as error:
            _log.warning("snapshot skipped", **error.values)
            continue
        yield snapshot
