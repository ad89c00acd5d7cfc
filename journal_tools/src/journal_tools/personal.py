"""Personal values beside a journal: which commitments are on record, which values are left, and whether they fit.

docs/journal_proofs.md, *Personal data*: a Note of topic `personal` holds SHA-256(salt || value), and the salted value
lies in `personal/<commitment>.json` until it is erased.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from journal_tools.errors import Finding
from journal_tools.journal import Journal
from journal_tools.vocabulary import fields_of, name_of

TOPIC: Final = "personal"
DIRECTORY: Final = "personal"
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Commitment(NamedTuple):
    """A commitment on record: the seq of its note, whose it is, what it is, and the hash in hex."""

    seq: int
    account: int
    field: str
    commitment: str


def commitments(journal: Journal) -> Iterator[Commitment]:
    """Every commitment on record, in order. Blocks without the word are passed over unread."""
    for block in journal.blocks():
        if TOPIC.encode() not in block.body:
            continue
        for record in block.records():
            if name_of(record.command) != "Note":
                continue
            fields = fields_of(record.command)
            found = _body(fields["body"]) if fields["topic"] == TOPIC else None
            if found is not None:
                yield Commitment(record.seq, fields["account"], found[1], found[0])


def standing(path: Path, commitment: str) -> str:
    """What became of a value: `kept`, `erased`, or `wrong` if the file is not what was committed to."""
    try:
        members = json.loads((path / DIRECTORY / f"{commitment}.json").read_bytes())
        salted = bytes.fromhex(members["salt"]) + members["value"].encode()
    except FileNotFoundError:
        return "erased"
    except (ValueError, KeyError, TypeError, AttributeError):
        return "wrong"
    return "kept" if sha256(salted).hexdigest() == commitment else "wrong"


def findings(path: Path) -> tuple[list[Finding], list[int]]:
    """What a verification says of personal values: those that do not fit, and the seqs of those that were erased."""
    if not (path / DIRECTORY).is_dir():
        return [], []
    wrong, erased = [], []
    for item in commitments(Journal.open(path)):
        found = standing(path, item.commitment)
        if found == "erased":
            erased.append(item.seq)
        if found == "wrong":
            wrong.append(
                Finding(
                    f"the personal value of seq {item.seq} is not what was committed to",
                    code="personal_value",
                    hint="it was changed; what the journal commits to stands, the value does not",
                    seq=item.seq,
                    file=f"{DIRECTORY}/{item.commitment}.json",
                )
            )
    return wrong, erased


def _body(text: str) -> tuple[str, str] | None:
    """Commitment and field of a note's body; None if it is something else, since anybody may write notes."""
    try:
        members = json.loads(text)
        commitment, field = members["commitment"], members["field"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(commitment, str) or not isinstance(field, str) or not _HASH.fullmatch(commitment):
        return None
    return commitment, field
