"""What verification came to: findings, figures, and what it did not look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from journal_tools.errors import ToolError

FINDINGS_MAX: Final = 100
"""More findings than this are counted and not kept: a file that is all noise need not be listed block by block."""


class Unchecked(NamedTuple):
    """Something that verification did not look at, and what would."""

    code: str
    what: str


@dataclass(slots=True)
class Verdict:
    """What was found. `last_seq` and `head` (hex) are of the last block that is whole with everything before it."""

    path: Path
    session: str = ""
    parent: str = ""
    closed: bool = False
    segments: int = 0
    blocks: int = 0
    records: int = 0
    data_bytes: int = 0
    last_seq: int = 0
    head: str = ""
    first_time_ns: int = 0
    last_time_ns: int = 0
    marks: int = 0
    marks_reproduced: int | None = None
    anchors: int = 0
    torn_tail: bool = False
    findings: list[ToolError] = field(default_factory=list)
    findings_left_out: int = 0
    unchecked: list[Unchecked] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def add(self, finding: ToolError) -> None:
        """Note a finding, unless there are too many."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(finding)
        else:
            self.findings_left_out += 1

    def skip(self, code: str, what: str) -> None:
        """Note what was not looked at."""
        self.unchecked.append(Unchecked(code, what))

    def rows(self) -> list[dict[str, Any]]:
        """The findings as rows."""
        return [
            {
                "code": finding.code,
                "segment": finding.values.get("segment"),
                "seq": finding.values.get("seq"),
                "file": finding.values.get("file"),
                "message": finding.message,
                "hint": finding.hint,
            }
            for finding in self.findings
        ]

    def document(self) -> dict[str, Any]:
        """All of it, as JSON holds it."""
        return {
            "ok": self.ok,
            "path": str(self.path),
            "session": self.session,
            "parent": self.parent or None,
            "closed": self.closed,
            "segments": self.segments,
            "blocks": self.blocks,
            "records": self.records,
            "data_bytes": self.data_bytes,
            "last_seq": self.last_seq,
            "head": self.head,
            "first_time_ns": self.first_time_ns,
            "last_time_ns": self.last_time_ns,
            "marks": self.marks,
            "marks_reproduced": self.marks_reproduced,
            "anchors": self.anchors,
            "torn_tail": self.torn_tail,
            "findings": self.rows(),
            "findings_left_out": self.findings_left_out,
            "not_checked": [unchecked._asdict() for unchecked in self.unchecked],
        }
