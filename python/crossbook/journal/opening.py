"""What must be true of a session before a writer may continue it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from .chain import Head
from .errors import JournalNotFound, TornTail
from .manifests import CLOSING_FILE, REPAIR_FILE, RepairNote, read_manifest
from .scan import Scan, scan_segment
from .segments import Finding, Segment, Survey, finish_seal, hash_file, remove_unfinished, survey


@dataclass(frozen=True, slots=True)
class Opening:
    """A verified session: its last segment (live or sealed), the chain's head, a repair still to be recorded."""

    survey: Survey
    last: Segment
    head: Head
    first_hash: bytes
    repair: RepairNote | None


def verify_for_writing(session: Path, *, check_sealed: bool) -> Opening:
    """Verifies a session that this process owns. Raises JournalDamaged, TornTail, NewerFormat."""
    found = survey(session)
    found.raise_first()
    remove_unfinished(session)
    for segment in found.segments:
        if segment.sealed:
            finish_seal(segment)
            if check_sealed:
                check_sealed_file(segment, found)
    last = found.segments[-1]
    repair = pending_repair(session)
    if last.footer is not None:
        return Opening(found, last, sealed_head(last), b"", repair)
    scan = verify_live(last, found)
    return Opening(found, last, scan.head, scan.first_hash, repair)


def verify_live(segment: Segment, found: Survey) -> Scan:
    """Verifies the live segment, and every bit of its file if it was closed cleanly. Raises as above."""
    scan = scan_segment(segment, opening_head(segment, found), map_bytes=found.manifest.segment_bytes)
    finding = closing_finding(segment, found, scan)
    if finding is not None:
        raise finding.error()
    if scan.torn:
        raise torn_tail(segment, scan)
    if scan.findings:
        raise scan.findings[0].error()
    return scan


def closing_finding(segment: Segment, found: Survey, scan: Scan) -> Finding | None:
    """What a cleanly closed file has against itself. After a clean close nothing can be torn, so this is damage."""
    closing = found.closing
    if closing is None or closing.segment != segment.number:
        return None
    data_bytes, data_sha256 = hash_file(segment.data)
    if not (segment.path.parent.parent / CLOSING_FILE).exists():
        return None  # a writer opened the session while it was looked at
    if (data_bytes, data_sha256) != (closing.data_bytes, closing.data_sha256):
        if scan.findings:
            return scan.findings[0]
        message = (
            f"data.mdb ({data_bytes} bytes) is not the file that was closed ({closing.data_bytes} bytes); every block "
            "verifies, so a byte between them changed or the file is an older one"
        )
        last_seq = closing.next_seq - 1
        return Finding("data_sha256", message, segment.number, None, segment.opening.first_seq, last_seq)
    if not scan.findings and (scan.head.next_seq, scan.head.head_hash.hex()) != (closing.next_seq, closing.head_hash):
        return Finding("closing", "closing.json names another head than the segment's", segment.number)
    return None


def torn_tail(segment: Segment, scan: Scan) -> TornTail:
    """The error that refuses a torn tail and points to the repair."""
    return TornTail(
        f"segment {segment.number:06d}: the last {scan.torn_blocks} block(s), from seq {scan.torn_first_seq} on, "
        f"do not verify: {scan.findings[0].message}",
        values={
            "segment": segment.number,
            "first_seq": scan.torn_first_seq,
            "blocks": scan.torn_blocks,
            "block": scan.blocks + 1,
        },
    )


def opening_head(segment: Segment, found: Survey) -> Head:
    """The head that the first block of a segment continues."""
    if segment.number == 1:
        return Head.genesis(found.session_bytes)
    before = found.segments[segment.number - 2]
    return replace(sealed_head(before), blocks=0)


def sealed_head(segment: Segment) -> Head:
    """The head at the end of a sealed segment, as its footer states it."""
    footer = segment.footer
    assert footer is not None
    return Head(footer.last_seq + 1, bytes.fromhex(footer.head_hash), footer.last_time_ns, footer.epoch, footer.blocks)


def check_sealed_file(segment: Segment, found: Survey) -> None:
    """Compares a sealed file with its footer; if they differ, reads it to name the block. Raises JournalDamaged."""
    footer = segment.footer
    assert footer is not None
    if hash_file(segment.data) != (footer.data_bytes, footer.data_sha256):
        scan = scan_segment(segment, opening_head(segment, found), map_bytes=found.manifest.segment_bytes)
        raise sealed_findings(segment, scan)[0].error()


def sealed_findings(segment: Segment, scan: Scan) -> list[Finding]:
    """What is wrong with a sealed segment that was scanned: in its blocks, against its footer, between its blocks."""
    footer = segment.footer
    assert footer is not None
    findings = list(scan.findings)
    stated = (footer.last_seq + 1, footer.head_hash, footer.blocks, footer.last_time_ns, footer.first_hash)
    head = scan.head
    if not findings and stated != (
        head.next_seq,
        head.head_hash.hex(),
        scan.blocks,
        head.last_time_ns,
        scan.first_hash.hex(),
    ):
        message = f"the footer does not fit the blocks: they end at seq {head.next_seq - 1}, it says {footer.last_seq}"
        findings.append(Finding("footer", message, segment.number, None, head.next_seq, footer.last_seq))
    if not findings and hash_file(segment.data) != (footer.data_bytes, footer.data_sha256):
        message = "data.mdb is not the file that was sealed; every block verifies, so a byte between them changed"
        findings.append(Finding("data_sha256", message, segment.number, None, footer.first_seq, footer.last_seq))
    return findings


def pending_repair(session: Path) -> RepairNote | None:
    """The repair that the next block must record, if there is one."""
    try:
        note, _ = read_manifest(session / REPAIR_FILE, RepairNote)
    except JournalNotFound:
        return None
    return note
