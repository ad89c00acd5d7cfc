"""Starting a session: its first files, in an order that leaves a whole session or none."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

from . import guard
from .blocks import JOURNAL_FORMAT
from .branches import NewBranch
from .chain import genesis_hash
from .errors import JournalExists, OpenFailed
from .manifests import (
    CHANGE_FILE,
    SESSION_FILE,
    SegmentOpening,
    SessionManifest,
    encode_manifest,
    sync_directory,
    write_durably,
)
from .segments import SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, create_segment


def session_manifest(
    segment_bytes: int, session_id: str | None, created_ns: int | None, branch: NewBranch | None
) -> SessionManifest:
    """The session file of a new session. Raises ValueError."""
    if not SEGMENT_BYTES_MIN <= segment_bytes <= SEGMENT_BYTES_MAX or segment_bytes % 65_536:
        limits = f"{SEGMENT_BYTES_MIN} to {SEGMENT_BYTES_MAX}"
        raise ValueError(f"segment_bytes is a multiple of 65,536 from {limits}, not {segment_bytes}")
    identity = session_id if session_id is not None else secrets.token_hex(16)
    if len(identity) != 32 or set(identity) - set("0123456789abcdef"):
        raise ValueError(f"session_id is 32 lower-case hex digits, not {identity!r}")
    of = branch.of() if branch is not None else None
    return SessionManifest(
        journal_format=JOURNAL_FORMAT,
        id=identity,
        created_ns=created_ns if created_ns is not None else time.time_ns(),
        segment_bytes=segment_bytes,
        parent=of.parent if of else None,
        parent_seq=of.parent_seq if of else None,
        parent_hash=of.parent_hash if of else None,
        change=of.change if of else None,
    )


def make_directory(directory: Path) -> None:
    """Makes the directory of a new session. Raises JournalExists, or OpenFailed if the system does not let us."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise JournalExists(f"{directory} is a file", values={"path": str(directory)}) from None
    except OSError as error:
        raise OpenFailed(
            f"{directory} cannot be made: {error.strerror}",
            values={"path": str(directory), "error": str(error)},
            hint="check the path and its permissions",
        ) from error
    require_empty(directory)


def require_empty(directory: Path) -> None:
    """Raises JournalExists unless a session may be created here."""
    if {entry.name for entry in directory.iterdir()} - {guard.OWNER_FILE}:
        raise JournalExists(f"{directory} is not empty", values={"path": str(directory)})


def lay_out(directory: Path, manifest: SessionManifest, branch: NewBranch | None) -> None:
    """Writes an empty session; the session file comes last, so half a session is none."""
    require_empty(directory)
    raw = encode_manifest(manifest)
    opening = SegmentOpening(
        journal_format=JOURNAL_FORMAT,
        session=manifest.id,
        segment=1,
        first_seq=1,
        previous_hash=genesis_hash(raw).hex(),
        previous_footer="",
    )
    create_segment(directory, opening, map_bytes=manifest.segment_bytes)
    if branch is not None:
        write_durably(directory / CHANGE_FILE, branch.change_file())
    write_durably(directory / SESSION_FILE, raw)
    sync_directory(directory.absolute().parent)
