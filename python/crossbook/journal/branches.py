"""Branches: journals of their own that commit to a parent's head and to what is changed in it.

A branch is complete: it holds every command it executed, from the first. Its session file names the parent session, the
last block that was read of it and the hash of change.json, and the genesis hash covers the session file. So no block of
a branch continues its parent or any other journal, and what a branch assumed cannot be changed afterwards.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from .errors import JournalDamaged, JournalNotFound
from .manifests import (
    CHANGE_BYTES_MAX,
    CHANGE_FILE,
    BranchChange,
    BranchOf,
    SessionManifest,
    encode_manifest,
    read_manifest,
)


class NewBranch(Struct, frozen=True):
    """What a branch is made of: the parent's session id, its last seq and block hash that were read, the change."""

    parent: str
    parent_seq: int
    parent_hash: bytes
    change: BranchChange

    def change_file(self) -> bytes:
        """The bytes of change.json. Raises ValueError if they are too many."""
        raw = encode_manifest(self.change)
        if len(raw) > CHANGE_BYTES_MAX:
            raise ValueError(f"a change of {len(raw)} bytes is larger than the {CHANGE_BYTES_MAX} a reader reads")
        return raw

    def of(self) -> BranchOf:
        """What the session file says."""
        return BranchOf(self.parent, self.parent_seq, self.parent_hash.hex(), sha256(self.change_file()).hexdigest())


def read_change(session: Path, manifest: SessionManifest) -> BranchChange | None:
    """The change of a branch, None if the session is none. Raises JournalDamaged, NotAJournal, NewerFormat."""
    branch = manifest.branch
    path = session / CHANGE_FILE
    if branch is None:
        return None
    try:
        change, raw = read_manifest(path, BranchChange, bytes_max=CHANGE_BYTES_MAX)
    except JournalNotFound as error:
        raise JournalDamaged(f"{path} is missing: the session is a branch", values={"file": str(path)}) from error
    if sha256(raw).hexdigest() != branch.change:
        raise JournalDamaged(f"{path} is not the file that session.json names", values={"file": str(path)})
    return change
