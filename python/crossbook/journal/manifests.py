"""The small files of a session: one line of JSON each, signed off by its own SHA-256.

    session.json                    what the session is; the chain's genesis hash commits to it
    change.json                     only in a branch: what it changes of its parent; session.json commits to it
    closing.json                    written at a clean close, removed when a writer opens
    repair.json                     a repair that the next writer must journal
    segments/NNNNNN/opening.json    where the segment starts in the chain
    segments/NNNNNN/footer.json     where it ends; its presence seals the segment

The last member, `sha256`, is the digest of every byte before `,"sha256":`. A file that is not byte for byte what this
module would write for its content is refused, so no bit of it can change unseen.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from .blocks import JOURNAL_FORMAT
from .errors import JournalDamaged, JournalNotFound, NewerFormat, NotAJournal

SESSION_FILE = "session.json"
CHANGE_FILE = "change.json"
CLOSING_FILE = "closing.json"
REPAIR_FILE = "repair.json"
OPENING_FILE = "opening.json"
FOOTER_FILE = "footer.json"
MANIFEST_BYTES_MAX = 4096
CHANGE_BYTES_MAX = 64 << 20
_DIGEST = b',"sha256":"'


class BranchOf(msgspec.Struct, frozen=True):
    """What a branch is a branch of: the id of its parent session, the last seq and block hash that were read of it.

    `change` is the SHA-256 (hex) of the file change.json, which says in what the branch differs.
    """

    parent: str
    parent_seq: int
    parent_hash: str
    change: str


class SessionManifest(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
    tag="crossbook session",
):
    """What a session is. `created_ns` is in nanoseconds since the Unix epoch; `id` is 32 hex digits.

    A branch has the last four members as well (see BranchOf), any other session none of them.
    """

    journal_format: int
    id: str
    created_ns: int
    segment_bytes: int
    parent: str | None = None
    parent_seq: int | None = None
    parent_hash: str | None = None
    change: str | None = None

    def __post_init__(self) -> None:
        members = (self.parent, self.parent_seq, self.parent_hash, self.change)
        if None in members and any(member is not None for member in members):
            raise ValueError("a branch has parent, parent_seq, parent_hash and change; any other session has none")

    @property
    def branch(self) -> BranchOf | None:
        """What this session is a branch of, None if it is none."""
        parent, parent_seq, parent_hash, change = self.parent, self.parent_seq, self.parent_hash, self.change
        if parent is None or parent_seq is None or parent_hash is None or change is None:
            return None
        return BranchOf(parent, parent_seq, parent_hash, change)


class InsertedCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that the parent does not have, executed right after the parent's `seq` at the stamped time `time_ns`.

    `command` holds the name of its type as `type` and its fields; `origin` is a name, for example `"client"`.
    """

    seq: int
    time_ns: int
    origin: str
    author: int
    nonce: int
    command: dict[str, Any]


class PatchedField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field of the parent's command `seq` that has another value."""

    seq: int
    field: str
    value: Any


class BranchChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="crossbook change"):
    """In what a branch differs from its parent; the content of change.json.

    `policies` by slot: a table with `policy` (its name) and its configuration, None where nobody plays. `sets` are
    values of the configuration by their path. `drops` are ranges of seqs, both ends included.
    """

    journal_format: int = JOURNAL_FORMAT
    policies: dict[str, dict[str, Any] | None] = {}
    sets: dict[str, Any] = {}
    drops: list[tuple[int, int]] = []
    inserts: list[InsertedCommand] = []
    patches: list[PatchedField] = []


class SegmentOpening(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="crossbook opening"
):
    """Where a segment starts. Hashes are hex; `previous_footer` is that of the footer file before, "" if none."""

    journal_format: int
    session: str
    segment: int
    first_seq: int
    previous_hash: str
    previous_footer: str


class SegmentFooter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="crossbook footer"):
    """How a sealed segment ends. `exec_mark` is the state after its last record, "" if it was not known."""

    journal_format: int
    session: str
    segment: int
    first_seq: int
    last_seq: int
    blocks: int
    first_hash: str
    head_hash: str
    last_time_ns: int
    epoch: int
    exec_mark: str
    data_bytes: int
    data_sha256: str
    previous_footer: str


class SessionClosing(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="crossbook closing"
):
    """What a cleanly closed session ends with; covers every byte of the live segment's file."""

    journal_format: int
    session: str
    segment: int
    next_seq: int
    blocks: int
    head_hash: str
    durability: str
    exec_mark: str
    data_bytes: int
    data_sha256: str


class RepairNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="crossbook repair"):
    """A torn tail that was dropped: the fields of the Repair command to journal, and where the bytes are kept."""

    journal_format: int
    session: str
    segment: int
    first_seq: int
    blocks: int
    evidence: str


M = TypeVar("M", SessionManifest, SegmentOpening, SegmentFooter, SessionClosing, RepairNote, BranchChange)


def encode_manifest(manifest: M) -> bytes:
    """The one spelling of a manifest."""
    content = msgspec.json.encode(manifest)[:-1]
    return content + _DIGEST + sha256(content).hexdigest().encode() + b'"}\n'


def decode_manifest(raw: bytes, kind: type[M], where: Path) -> M:
    """Reads a manifest back. Raises NotAJournal, NewerFormat or JournalDamaged; `where` is named in the message."""
    content, found, _ = raw.rpartition(_DIGEST)
    values = {"file": str(where)}
    if not found or b'"kind":"crossbook ' not in raw:
        raise NotAJournal(f"{where} is not a file of a crossbook journal", values=values)
    digest = content + _DIGEST + sha256(content).hexdigest().encode() + b'"}\n'
    if digest != raw:
        raise JournalDamaged(f"{where} does not match its own digest", values=values)
    try:
        head = msgspec.json.decode(content + b"}", type=dict)
        if isinstance(head.get("journal_format"), int) and head["journal_format"] > JOURNAL_FORMAT:
            raise NewerFormat(
                f"{where} has journal format {head['journal_format']}; this version reads up to {JOURNAL_FORMAT}",
                values={**values, "format": head["journal_format"], "supported": JOURNAL_FORMAT},
            )
        manifest = msgspec.json.decode(content + b"}", type=kind)
    except msgspec.DecodeError as error:
        raise JournalDamaged(f"{where} is malformed: {error}", values=values) from error
    if encode_manifest(manifest) != raw:
        raise JournalDamaged(f"{where} is not in its one spelling", values=values)
    return manifest


def read_manifest(path: Path, kind: type[M], *, bytes_max: int = MANIFEST_BYTES_MAX) -> tuple[M, bytes]:
    """Reads a manifest file; returns it with its bytes. Raises as decode_manifest, and JournalNotFound."""
    try:
        with path.open("rb") as file:
            raw = file.read(bytes_max + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise JournalNotFound(f"there is no {path}", values={"file": str(path)}) from error
    if len(raw) > bytes_max:
        raise NotAJournal(f"{path} is not a file of a crossbook journal", values={"file": str(path)})
    return decode_manifest(raw, kind, path), raw


def write_manifest(path: Path, manifest: M) -> bytes:
    """Writes a manifest so that after a crash there is all of it or none. Returns its bytes."""
    raw = encode_manifest(manifest)
    write_durably(path, raw)
    return raw


def write_durably(path: Path, raw: bytes) -> None:
    """Writes a file so that after a crash there is all of it or none, under this name."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_directory(path.parent)


def remove_durably(path: Path) -> None:
    """Removes a file, if it is there, so that it stays removed after a crash."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Makes the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
