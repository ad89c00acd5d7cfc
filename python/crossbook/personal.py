"""Personal data beside the journal: the journal holds a salted commitment, the value lies in a file that can be erased.

    personal/<commitment>.json      {"kind":"crossbook personal value","salt":"<64 hex>","value":"…"} and a newline
    the record                      Note{account, topic "personal", body {"commitment":"<64 hex>","field":"…"}}
    commitment                      SHA-256(salt, 32 random bytes || value in UTF-8)

Nobody can guess a value from its commitment without the salt, so a journal whose files were erased says nothing of
them, and every hash of it still holds. docs/journal_proofs.md describes the convention; `journal redact` erases.
"""

from __future__ import annotations

import json
import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

from msgspec import Struct

from crossbook.commands import Note
from crossbook.errors import InputError
from crossbook.policies.notes import note
from crossbook.venue import Venue

TOPIC: Final = "personal"
DIRECTORY: Final = "personal"
KIND: Final = "crossbook personal value"
SALT_BYTES: Final = 32
VALUE_BYTES_MAX: Final = 1 << 20


class Commitment(Struct, frozen=True):
    """The body of a note: the hash of a salted value in hex, and what the value is, such as `"email"`."""

    commitment: str
    field: str


def commit(venue: Venue, *, account: int, field: str, value: str) -> str:
    """Put a value beside the journal and its commitment into it; returns the commitment in hex.

    The file is on disk before the command is journaled: a commitment without its value means that it was erased.

    Raises:
        InputError: `personal_field`, `personal_value` the field is empty, the value is too long.
    """
    if not field:
        raise InputError("a personal value has a field", code="personal_field", hint="name it: email, name, address")
    raw = value.encode()
    if len(raw) > VALUE_BYTES_MAX:
        raise InputError(
            f"the value has {len(raw)} bytes",
            code="personal_value",
            values={"bytes": len(raw), "max": VALUE_BYTES_MAX},
            hint="keep documents elsewhere, and commit to their hash",
        )
    salt = secrets.token_bytes(SALT_BYTES)
    commitment = sha256(salt + raw).hexdigest()
    _write(venue.path / DIRECTORY, commitment, salt, value)
    venue.submit(personal_note(account, commitment, field))
    return commitment


def personal_note(account: int, commitment: str, field: str) -> Note:
    """The command that puts a commitment on record."""
    return note(TOPIC, Commitment(commitment, field), account=account)


def reveal(path: Path, commitment: str) -> str | None:
    """The value of a commitment, None if it was erased or is not the one that was committed to."""
    try:
        members = json.loads((path / DIRECTORY / f"{commitment}.json").read_bytes())
        value: str = members["value"]
        found = sha256(bytes.fromhex(members["salt"]) + value.encode()).hexdigest()
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return value if found == commitment else None


def _write(directory: Path, commitment: str, salt: bytes, value: str) -> None:
    """Write a value so that it survives a power failure, for its owner's eyes only."""
    directory.mkdir(mode=0o700, exist_ok=True)
    members = {"kind": KIND, "salt": salt.hex(), "value": value}
    content = json.dumps(members, separators=(",", ":"), ensure_ascii=False) + "\n"
    path = directory / f"{commitment}.json"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "wb") as stream:
        stream.write(content.encode())
        stream.flush()
        os.fsync(stream.fileno())
    folder = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
