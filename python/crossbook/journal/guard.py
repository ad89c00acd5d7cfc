"""One session, one writer: a file lock against other processes, a registry against this one, a check against forks.

Also the one place that opens LMDB environments for reading. Two environments on one file in one process would share
one set of POSIX locks, and closing either drops the reader locks of both; so a process has one environment per file:
the writer's if there is a writer, else one that all readers of the moment share.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb

from .errors import JournalLocked

if TYPE_CHECKING:
    from .reader import JournalReader  # noqa: F401  (named in the docstrings)

OWNER_FILE = "owner.lock"
READERS_MAX = 126
READER_WAIT_S = 10.0

_FileId = tuple[int, int]
_state = threading.Condition()
_owned: dict[_FileId, int] = {}
_envs: dict[_FileId, lmdb.Environment] = {}
_readers: dict[_FileId, int] = {}
_writer_files: set[_FileId] = set()


def _file_id(path: Path) -> _FileId:
    status = path.stat()
    return status.st_dev, status.st_ino


class Owner:
    """The right to write to one session, from construction to `release()`. Raises JournalLocked."""

    def __init__(self, session: Path) -> None:
        self._pid = os.getpid()
        self._id = _file_id(session)
        with _state:
            if _owned.get(self._id) == self._pid:
                raise _locked(session, self._pid, "this process")
            self._descriptor = os.open(session / OWNER_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                pid = _read_pid(self._descriptor)
                os.close(self._descriptor)
                raise _locked(session, pid, "another process") from error
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, b"%d\n" % self._pid, 0)
            _owned[self._id] = self._pid
            _descriptors.add(self._descriptor)

    def is_this_process(self) -> bool:
        """Whether this is still the process that took the session, not a fork of it."""
        return os.getpid() == self._pid

    def release(self) -> None:
        """Gives the right back. In a forked child it does nothing: the right is the parent's."""
        if not self.is_this_process() or self._descriptor < 0:
            return
        with _state:
            _owned.pop(self._id, None)
            _descriptors.discard(self._descriptor)
            # Unlock before closing: a child forked a moment ago may still share the descriptor, and with it the lock.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = -1


_descriptors: set[int] = set()


def _locked(session: Path, pid: int, who: str) -> JournalLocked:
    return JournalLocked(
        f"{session} is open for writing in {who} (pid {pid or 'unknown'})",
        values={"path": str(session), "pid": pid},
    )


def _read_pid(descriptor: int) -> int:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else 0


def _after_fork_in_child() -> None:
    # The child inherits the file descriptor and, with it, a share of the lock: let go, or the session would stay
    # locked after the parent is gone. Environments of the parent are left alone: liblmdb forbids touching them here.
    global _state  # noqa: PLW0603  (a lock held at the fork would stay locked in the child)
    _state = threading.Condition()
    for descriptor in _descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    for registry in (_descriptors, _owned, _envs, _readers, _writer_files):
        registry.clear()


os.register_at_fork(after_in_child=_after_fork_in_child)


# --- environments ---------------------------------------------------------------------------------------------------


def open_for_writing(segment: Path, *, map_bytes: int, sync: bool) -> lmdb.Environment:
    """The one environment of a live segment, for its writer. The file must have been checked before.

    Raises lmdb.Error, JournalLocked (a reader of this process does not finish its batch).
    """
    directory = str(segment)
    data = segment / "data.mdb"
    with _state:
        if data.exists():
            identity = _file_id(data)
            if not _state.wait_for(lambda: _readers.get(identity, 0) == 0, timeout=READER_WAIT_S):
                raise _locked(segment, os.getpid(), "a reader of this process")
        env = lmdb.open(
            directory,
            map_size=map_bytes,
            subdir=True,
            readonly=False,
            writemap=False,
            metasync=sync,
            sync=sync,
            readahead=True,
            max_readers=READERS_MAX,
            max_dbs=0,
        )
        identity = _file_id(data)
        _envs[identity] = env
        _writer_files.add(identity)
        return env


def close_for_writing(env: lmdb.Environment) -> None:
    """Closes the writer's environment once the readers of this process are through with their batches."""
    with _state:
        identity = next((key for key, known in _envs.items() if known is env), None)
        if identity is not None:
            _state.wait_for(lambda: _readers.get(identity, 0) == 0, timeout=READER_WAIT_S)
            _envs.pop(identity, None)
            _writer_files.discard(identity)
        env.close()


@contextlib.contextmanager
def pinned(segment: Path, *, map_bytes: int) -> Iterator[None]:
    """Holds a reader slot of a live segment, so that the pages of the present snapshot are not used again.

    The caller reads them with `LmdbFile`; liblmdb itself follows no pointer of the file here. Short: one batch.
    Without permission to write the lock file the slot is done without: the strict reader notices recycled pages.
    """
    data = segment / "data.mdb"
    with _state:
        identity = _file_id(data)
        env = _envs.get(identity)
        if env is None:
            env = _open_for_reading(segment, map_bytes)
            if env is not None:
                _envs[identity] = env
        _readers[identity] = _readers.get(identity, 0) + 1
    try:
        with _reader_slot(env):
            yield
    finally:
        with _state:
            _readers[identity] -= 1
            if not _readers[identity]:
                del _readers[identity]
                if env is not None and identity not in _writer_files:
                    _envs.pop(identity, None)
                    env.close()
            _state.notify_all()


@contextlib.contextmanager
def _reader_slot(env: lmdb.Environment | None) -> Iterator[None]:
    try:
        transaction = env.begin() if env is not None else None
    except lmdb.ReadersFullError:
        transaction = None
    try:
        yield
    finally:
        if transaction is not None:
            transaction.abort()


def _open_for_reading(segment: Path, map_bytes: int) -> lmdb.Environment | None:
    try:
        return lmdb.open(
            str(segment),
            map_size=map_bytes,
            subdir=True,
            readonly=True,
            readahead=True,
            max_readers=READERS_MAX,
            max_dbs=0,
        )
    except (lmdb.ReadonlyError, lmdb.Error):
        return None
