"""Personal data: a salted commitment in the journal, the value beside it, so that a copy can forget the value.

A journal never forgets, so what somebody may ask to have forgotten must not be in it. `commit` keeps a value in
`personal/<commitment>.json` beside the journal and journals a Note with the topic `personal` that holds only
`SHA-256(salt || value)`. The salt is secret and random: without the file nobody can try values out.
`journal redact` makes a copy without chosen files, and every hash of the copy is valid.
"""

from __future__ import annotations

import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from crossbook.commands import Note, Origin
from crossbook.errors import CrossbookError, InputError, Refused
from crossbook.journal.manifests import remove_durably, sync_directory, write_durably
from crossbook.policies.notes import note
from crossbook.venue import Venue

TOPIC: Final = "personal"
"""The topic of the notes that hold commitments."""
FOLDER: Final = "personal"
"""The folder beside the journal that holds the values."""
SALT_BYTES: Final = 32
FIELD_CHARACTERS_MAX: Final = 64


class PersonalDamaged(CrossbookError):
    """A file with a personal value that is not what its name commits to; `values["file"]` names it."""


class Commitment(Struct, frozen=True):
    """The body of a note: a field of the note's account, and `SHA-256(salt || value)` in hex."""

    field: str
    commitment: str


class Personal(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="crossbook personal"):
    """A personal value with its salt (32 bytes in hex); the value's bytes are its UTF-8."""

    account: int
    field: str
    salt: str
    value: str

    @property
    def commitment(self) -> str:
        """`SHA-256(salt || value)` in hex."""
        return sha256(bytes.fromhex(self.salt) + self.value.encode()).hexdigest()


def commit(
    venue: Venue, *, account: int, field: str, value: str, salt: bytes | None = None, origin: Origin | None = None
) -> Personal:
    """Keep a personal value of an account beside the journal, and journal the commitment to it.

    The value is on stable storage, readable by the owner of the venue alone, before the note is submitted; if the
    note is refused, the value is removed again.

    Args:
        venue: a venue that serves.
        account: whose value it is.
        field: what it is, such as `name`; stands in the journal in the clear, so it must not itself be personal.
        value: the personal value.
        salt: 32 secret random bytes, made anew if left out. Never use one twice.
        origin: who issues the note; by default the account's client.

    Raises:
        InputError: `personal_field`, `personal_value`, `personal_salt`, or `personal_exists` if this value was kept
            with this salt.
        Refused: the note was refused, such as for an account that there is not.
    """
    kept = _checked(account, field, value, secrets.token_bytes(SALT_BYTES) if salt is None else salt)
    venue.session.check_serving()
    path = _write(venue.path, kept)
    try:
        venue.submit(_note(kept), origin=origin).raise_if_rejected()
    except (Refused, InputError):
        # After any other error nobody knows whether the note is in the journal: the value stays.
        remove_durably(path)
        raise
    return kept


def values(path: str | os.PathLike[str]) -> tuple[Personal, ...]:
    """The personal values beside a journal, by account and field, each checked against its commitment.

    Raises:
        PersonalDamaged: a file is malformed, or its value is not what its name commits to.
    """
    found = [_read(file) for file in sorted((Path(path) / FOLDER).glob("*.json"))]
    return tuple(sorted(found, key=lambda kept: (kept.account, kept.field, kept.commitment)))


def _checked(account: int, field: str, value: str, salt: bytes) -> Personal:
    if not (field.isascii() and field.isidentifier() and len(field) <= FIELD_CHARACTERS_MAX):
        raise InputError(
            f"{field!r} is no name of a field",
            code="personal_field",
            values={"field": field},
            hint=f"give a word of at most {FIELD_CHARACTERS_MAX} letters, digits and underscores, such as legal_name",
        )
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InputError("a value is text in UTF-8", code="personal_value", hint="write bytes as hex or Base64")
    if len(salt) != SALT_BYTES:
        raise InputError(
            f"a salt has {SALT_BYTES} bytes, this one has {len(salt)}",
            code="personal_salt",
            values={"bytes": len(salt)},
            hint="leave it out: a random one is made",
        )
    return Personal(account, field, salt.hex(), value)


def _note(kept: Personal) -> Note:
    return note(TOPIC, Commitment(kept.field, kept.commitment), account=kept.account)


def _write(session: Path, kept: Personal) -> Path:
    folder = session / FOLDER
    if not folder.is_dir():
        folder.mkdir(mode=0o700)
        sync_directory(session)
    path = folder / f"{kept.commitment}.json"
    if path.exists():
        raise InputError(
            "this value was kept with this salt before",
            code="personal_exists",
            values={"commitment": kept.commitment},
            hint="use a new salt for each value; left out, it is made anew",
        )
    write_durably(path, msgspec.json.encode(kept) + b"\n")
    path.chmod(0o600)
    return path


def _read(file: Path) -> Personal:
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=Personal)
        matches = len(kept.salt) == 2 * SALT_BYTES and kept.commitment == file.stem
    except ValueError:
        matches = False
    if not matches:
        raise PersonalDamaged(
            f"{file} does not hold the value that its name commits to",
            code="personal_damaged",
            values={"file": str(file)},
            hint="it was changed; without the original file the value cannot be shown to be the committed one",
        )
    return kept
