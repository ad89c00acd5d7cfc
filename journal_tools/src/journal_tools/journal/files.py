"""The small files of a session: one line of JSON, whose last member is the SHA-256 of everything before it."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from journal_tools.errors import Finding, ToolError

JOURNAL_FORMAT: Final = 1
_FORMAT: Final = {"kind": "text", "journal_format": "number"}
_BRANCH: Final = {"parent": "id", "parent_seq": "number", "parent_hash": "hash", "change": "hash"}
MEMBERS: Final[dict[str, dict[str, str]]] = {
    "session": {**_FORMAT, "id": "id", "created_ns": "number", "segment_bytes": "number"},
    "opening": {
        **_FORMAT,
        "session": "id",
        "segment": "number",
        "first_seq": "number",
        "previous_hash": "hash",
        "previous_footer": "hash or nothing",
    },
    "footer": {
        **_FORMAT,
        "session": "id",
        "segment": "number",
        "first_seq": "number",
        "last_seq": "number",
        "blocks": "number",
        "first_hash": "hash",
        "head_hash": "hash",
        "last_time_ns": "number",
        "epoch": "number",
        "exec_mark": "mark or nothing",
        "data_bytes": "number",
        "data_sha256": "hash",
        "previous_footer": "hash or nothing",
    },
    "closing": {
        **_FORMAT,
        "session": "id",
        "segment": "number",
        "next_seq": "number",
        "blocks": "number",
        "head_hash": "hash",
        "durability": "text",
        "exec_mark": "mark or nothing",
        "data_bytes": "number",
        "data_sha256": "hash",
    },
    "repair": {
        **_FORMAT,
        "session": "id",
        "segment": "number",
        "first_seq": "number",
        "blocks": "number",
        "evidence": "hash",
    },
}
"""The members of each small file in their order, and what each is; a branch's session.json has four more."""
_SHAPES: Final = {
    "text": re.compile(r"\w[\w ]*", re.ASCII),
    "id": re.compile(r"[0-9a-f]{32}"),
    "hash": re.compile(r"[0-9a-f]{64}"),
    "hash or nothing": re.compile(r"(?:[0-9a-f]{64})?"),
    "mark or nothing": re.compile(r"(?:[0-9a-f]{160})?"),
}


def small_file(path: Path, kind: str) -> dict[str, Any]:
    """The members of a small file.

    Raises:
        ToolError: `file_missing`, `newer_format`.
        Finding: `file_digest` it does not match its digest; `file_kind` it is another file; `file_members` a member is
            missing, too many or impossible; `file_spelling` it says what it says in other bytes than it should.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ToolError(f"{path} is missing", code="file_missing", path=str(path), hint="is this a session?") from None
    content, _, digest = raw.rpartition(b',"sha256":"')
    if digest != sha256(content).hexdigest().encode() + b'"}\n':
        raise _finding(path, "file_digest", "does not match the digest it ends with")
    try:
        members: dict[str, Any] = json.loads(raw)
    except ValueError:
        raise _finding(path, "file_members", "is no JSON") from None
    if members.get("kind") != f"crossbook {kind}":
        raise _finding(path, "file_kind", f"is a {members.get('kind')}, not a crossbook {kind}")
    written = members.get("journal_format")
    if not isinstance(written, int) or written > JOURNAL_FORMAT:
        raise ToolError(
            f"{path.name} is of format {written}, this tool knows {JOURNAL_FORMAT}",
            code="newer_format",
            hint="use a newer version of the tools",
            path=str(path),
        )
    if kind in MEMBERS:
        _check_members(path, kind, members, raw)
    return members


def _check_members(path: Path, kind: str, members: dict[str, Any], raw: bytes) -> None:
    expected = MEMBERS[kind] | (_BRANCH if kind == "session" and "parent" in members else {})
    for name, shape in expected.items():
        if not _fits(members.get(name), shape):
            raise _finding(path, "file_members", f"has {members.get(name)!r} as its {name}, which is no {shape}")
    if list(members) != [*expected, "sha256"] or json.dumps(members, separators=(",", ":")).encode() + b"\n" != raw:
        raise _finding(path, "file_spelling", "is not spelled as its content must be")


def _fits(value: Any, shape: str) -> bool:
    if shape == "number":
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64
    return isinstance(value, str) and _SHAPES[shape].fullmatch(value) is not None


def _finding(path: Path, code: str, what: str) -> Finding:
    hint = "it was changed, or cut short; compare it with a copy"
    return Finding(f"{path.name} {what}", code=code, hint=hint, path=str(path))


def optional_file(path: Path, kind: str) -> dict[str, Any] | None:
    """The members of a small file, None if there is none."""
    return small_file(path, kind) if path.exists() else None
