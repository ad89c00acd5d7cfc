"""One LMDB transaction, and what its failures mean."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Sequence
from pathlib import Path

import lmdb

from .errors import AppendRefused, CommitFailed, DiskFull, JournalHalted, MapFull

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# What a commit writes besides its blocks: tree pages and the free list.
_OVERHEAD_BYTES = 65_536


def commit_blocks(env: lmdb.Environment, blocks: Sequence[tuple[bytes, bytes]]) -> None:
    """Appends (key, value) pairs in one transaction; on disk when it returns, unless the environment does not sync.

    Raises JournalHalted or one of its kinds. Nothing is tried again: after a failed fsync nobody knows what the disk
    holds, and a second one that succeeds proves nothing about the first.
    """
    try:
        with env.begin(write=True) as transaction:
            for key, value in blocks:
                if not transaction.put(key, value, append=True):
                    seq = int.from_bytes(key, "big")
                    raise AppendRefused(
                        f"LMDB refused to append seq {seq}: it is not behind the last key", values={"first_seq": seq}
                    )
    except (lmdb.Error, OSError) as error:
        first_seq = int.from_bytes(blocks[0][0], "big")
        needed = _OVERHEAD_BYTES + sum(len(value) for _, value in blocks)
        raise commit_error(error, first_seq=first_seq, data=Path(env.path()) / "data.mdb", needed=needed) from error


def commit_error(error: Exception, *, first_seq: int, data: Path, needed: int = _OVERHEAD_BYTES) -> JournalHalted:
    """The journal's name for an error of LMDB, of the operating system, or of a step of the journal's own.

    Args:
        error: what was raised.
        first_seq: the first seq that is not acknowledged.
        data: the file that was written to.
        needed: about how many bytes were to be written.
    """
    number = error.errno if isinstance(error, OSError) else getattr(error, "code", None)
    values = {"first_seq": first_seq, "errno": number, "error": str(error)}
    if isinstance(error, lmdb.MapFullError):
        return MapFull(f"the segment's map is full at seq {first_seq}; the block is not in the journal", values=values)
    # LMDB reports a write that the disk took only in part as EIO, so an EIO without room left means a full disk.
    room = room_left(data)
    if number in _DISK_FULL or (number == errno.EIO and room < needed):
        return DiskFull(
            f"the disk is full at seq {first_seq}; the block is not acknowledged",
            values={**values, "free_bytes": room, "needed_bytes": needed},
        )
    return CommitFailed(f"the commit of seq {first_seq} failed: {error}", values=values)


def room_left(data: Path) -> int:
    """How many bytes a file may still grow: by its disk, and by the file size limit of this process."""
    status = os.statvfs(data.parent)
    free = (status.f_bfree if os.geteuid() == 0 else status.f_bavail) * status.f_frsize
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if limit == resource.RLIM_INFINITY or not data.exists():
        return free
    return max(0, min(free, limit - data.stat().st_size))
