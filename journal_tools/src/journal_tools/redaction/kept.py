"""Personal values: commitments in notes of the journal, and the salted values that lie beside it.

A Note with the topic `personal` has the JSON body `{"field": …, "commitment": SHA-256(salt || value) in hex}`;
`personal/<commitment>.json` holds `{"kind": "crossbook personal", "account", "field", "salt", "value"}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from journal_tools.journal import Journal
from journal_tools.vocabulary import fields_of, name_of

TOPIC: Final = "personal"
FOLDER: Final = "personal"
KIND: Final = "crossbook personal"
_MEMBERS: Final = {"kind": str, "account": int, "field": str, "salt": str, "value": str}
_SALT: Final = re.compile(r"[0-9a-f]{64}")
_COMMITMENT: Final = re.compile(r"[0-9a-f]{64}")


class Fate(StrEnum):
    """What becomes of a personal field in a copy."""

    KEPT = "kept"
    ERASED = "erased"
    ABSENT = "absent"
    """The journal commits to a value that is not there: it was erased before, or never kept."""
    MISMATCH = "mismatch"
    """There is a file, and it is not what the journal commits to: left out of the copy, and a finding."""
    UNRECORDED = "unrecorded"
    """A value that no note commits to, as a crash before the note leaves it: left out of the copy."""


class Committed(NamedTuple):
    """A commitment in the journal: the seq of its note, the account and the field."""

    seq: int
    account: int
    field: str
    commitment: str


class Personal(NamedTuple):
    """A personal field and what becomes of it; seq and account are None where no note says them."""

    seq: int | None
    account: int | None
    field: str
    commitment: str
    fate: Fate
    file: Path | None
    """The file that holds the value, None if there is none."""


Chosen = Callable[[Committed], bool]


def commitments(journal: Journal) -> Iterator[Committed]:
    """Every commitment in a journal, in order; a note on the topic that says something else is none."""
    for record in journal.records():
        if name_of(record.command) != "Note":
            continue
        fields = fields_of(record.command)
        if fields["topic"] != TOPIC:
            continue
        body = _json(fields["body"])
        match body:
            case {"field": str(field), "commitment": str(commitment)} if _COMMITMENT.fullmatch(commitment):
                yield Committed(record.seq, fields["account"], field, commitment)


def judged(journal: Journal, chosen: Chosen) -> list[Personal]:
    """Every personal field of a session and what becomes of it, in the order of the journal."""
    files = {path.stem: path for path in sorted((journal.path / FOLDER).glob("*.json"))}
    noted = list(commitments(journal))
    fitting = {found for found in noted if found.commitment in files and fits(files[found.commitment], found)}
    held = {found.commitment for found in fitting}
    # Anybody can note anybody's commitment: a value is erased with a note that it fits, or if it fits none.
    erased = {
        found.commitment for found in noted if chosen(found) and (found in fitting or found.commitment not in held)
    }
    rows = []
    for found in noted:
        file = files.get(found.commitment)
        if file is None or (found.commitment in held and found not in fitting):
            rows.append(Personal(*found, Fate.ABSENT, None))
        elif found.commitment in erased:
            rows.append(Personal(*found, Fate.ERASED, file))
        else:
            rows.append(Personal(*found, Fate.KEPT if found in fitting else Fate.MISMATCH, file))
    unrecorded = sorted(files.keys() - {found.commitment for found in noted})
    return rows + [Personal(None, None, "", name, Fate.UNRECORDED, files[name]) for name in unrecorded]


def fits(file: Path, found: Committed) -> bool:
    """Whether a file holds the value that a note commits to, for this account and field."""
    members = _json(file.read_bytes(), object_pairs_hook=_once)
    if not isinstance(members, dict) or {name: type(value) for name, value in members.items()} != _MEMBERS:
        return False
    if members["kind"] != KIND or not _SALT.fullmatch(members["salt"]):
        return False
    try:
        opened = sha256(bytes.fromhex(members["salt"]) + members["value"].encode()).hexdigest()
    except UnicodeEncodeError:
        return False
    return (members["account"], members["field"], opened) == (found.account, found.field, found.commitment)


def _json(text: str | bytes, **how: Any) -> Any:
    try:
        return json.loads(text, **how)
    except (ValueError, RecursionError):
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose members have different names: nothing can hide behind a name that comes again."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member comes again")
    return members
