"""One LMDB transaction, and what its failures mean."""

from __future__ import annotations

import errno
from collections.abc import Sequence

import lmdb

from .errors import AppendRefused, CommitFailed, DiskFull, JournalHalted, MapFull

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


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
        raise commit_error(error, first_seq=int.from_bytes(blocks[0][0], "big")) from error


def commit_error(error: lmdb.Error | OSError, *, first_seq: int) -> JournalHalted:
    """The journal's name for an error of LMDB or of the operating system."""
    number = error.errno if isinstance(error, OSError) else getattr(error, "code", None)
    values = {"first_seq": first_seq, "errno": number, "error": str(error)}
    if isinstance(error, lmdb.MapFullError):
        return MapFull(f"the segment's map is full at seq {first_seq}; the block is not in the journal", values=values)
    if number in _DISK_FULL:
        return DiskFull(f"the disk is full at seq {first_seq}; the block is not acknowledged", values=values)
    return CommitFailed(f"the commit of seq {first_seq} failed: {error}", values=values)
