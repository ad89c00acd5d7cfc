"""Verifying a whole session: every manifest, every file, every block, and everything that is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .errors import JournalDamaged
from .manifests import BranchOf, RepairNote
from .opening import closing_finding, opening_head, pending_repair, sealed_findings
from .scan import scan_segment
from .segments import Finding, Segment, Survey, survey


@dataclass(slots=True)
class VerifyReport:
    """What verification found. `exit_code` is 0 if nothing is wrong, 1 if there are findings.

    `head_hash` and `last_seq` are those of the last block that verifies with everything before it. `branch` says what
    the session is a branch of, None if it is none.
    """

    path: Path
    session: str
    branch: BranchOf | None = None
    segments: int = 0
    blocks: int = 0
    last_seq: int = 0
    head_hash: str = ""
    closed: bool = False
    torn_tail: bool = False
    repair: RepairNote | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def exit_code(self) -> int:
        """0 if nothing is wrong, 1 if there are findings."""
        return 0 if self.ok else 1


def verify(
    path: str | os.PathLike[str],
    *,
    anchor: tuple[int, bytes] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> VerifyReport:
    """Verifies a session; a writer may be at work. Opens nothing for writing, changes nothing.

    Args:
        path: the session's directory.
        anchor: `(last_seq, block_hash)` of a receipt kept elsewhere. The journal must hold that block: without an
            anchor nobody can tell a journal from an earlier copy of itself.
        progress: called with (segments verified, segments in all).

    Raises JournalNotFound, NotAJournal, NewerFormat; every other fault is a finding.
    """
    session = Path(path)
    found = survey(session)
    report = VerifyReport(
        session,
        found.manifest.id,
        branch=found.manifest.branch,
        segments=len(found.segments),
        closed=found.closing is not None,
    )
    report.findings.extend(found.findings)
    anchored = anchor is None
    for done, segment in enumerate(found.segments):
        if progress is not None:
            progress(done, len(found.segments))
        anchored = _verify_segment(segment, found, report, anchor) or anchored
    if progress is not None:
        progress(len(found.segments), len(found.segments))
    try:
        report.repair = pending_repair(session)
    except JournalDamaged as error:
        report.findings.append(Finding("manifest", error.message))
    if not anchored and anchor is not None:
        message = f"no block ends at seq {anchor[0]} with hash {anchor[1].hex()}"
        report.findings.append(Finding("anchor", message, last_seq=anchor[0]))
    return report


def _verify_segment(segment: Segment, found: Survey, report: VerifyReport, anchor: tuple[int, bytes] | None) -> bool:
    """Adds a segment's findings to the report. Returns whether it holds the anchor."""
    start = opening_head(segment, found)
    hashes: list[tuple[int, bytes]] = []
    scan = scan_segment(
        segment,
        start,
        map_bytes=found.manifest.segment_bytes,
        watch=hashes.append if anchor is not None else None,
    )
    if segment.sealed:
        findings = sealed_findings(segment, scan)
    else:
        closing = closing_finding(segment, found, scan)
        findings = list(scan.findings)
        if closing is not None and closing not in findings:
            findings.append(closing)
        report.torn_tail = scan.torn and closing is None
    if not report.findings:
        report.last_seq, report.head_hash = scan.head.next_seq - 1, scan.head.head_hash.hex()
    report.blocks += scan.blocks
    report.findings.extend(findings)
    return anchor in hashes
