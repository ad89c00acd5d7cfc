"""The small files of a session: one line of JSON, whose last member is the SHA-256 of everything before it."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from journal_tools.errors import Finding, ToolError

JOURNAL_FORMAT: Final = 1


def small_file(path: Path, kind: str) -> dict[str, Any]:
    """The members of a small file.

    Raises:
        ToolError: `file_missing`, `newer_format`.
        Finding: `file_digest` it does not match its digest; `file_kind` it is another file.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ToolError(f"{path} is missing", code="file_missing", path=str(path), hint="is this a session?") from None
    content, _, digest = raw.rpartition(b',"sha256":"')
    if digest != sha256(content).hexdigest().encode() + b'"}\n':
        raise Finding(
            f"{path.name} does not match the digest it ends with",
            code="file_digest",
            hint="it was changed, or cut short; compare it with a copy",
            path=str(path),
        )
    members: dict[str, Any] = json.loads(raw)
    if members.get("kind") != f"crossbook {kind}":
        raise Finding(
            f"{path.name} is a {members.get('kind')}, not a crossbook {kind}", code="file_kind", path=str(path)
        )
    written = members.get("journal_format")
    if not isinstance(written, int) or written > JOURNAL_FORMAT:
        raise ToolError(
            f"{path.name} is of format {written}, this tool knows {JOURNAL_FORMAT}",
            code="newer_format",
            hint="use a newer version of the tools",
            path=str(path),
        )
    return members


def optional_file(path: Path, kind: str) -> dict[str, Any] | None:
    """The members of a small file, None if there is none."""
    return small_file(path, kind) if path.exists() else None
