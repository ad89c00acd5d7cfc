"""Segments: one LMDB environment each, in the session's directory, sealed with a footer when the next one starts.

session/
session.json                  SessionManifest; the genesis hash commits to its bytes
change.json                   only in a branch: BranchChange; the session file commits to its bytes
owner.lock                    held by the writer (flock), says its pid; no content
closing.json                  only after a clean close
segments/000001/data.mdb      blocks by first seq
segments/000001/lock.mdb      LMDB's reader table, only while the segment is live; no content
segments/000001/opening.json  SegmentOpening
segments/000001/footer.json   SegmentFooter, once sealed; then every file here is read-only
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import lmdb

from .blocks import JOURNAL_FORMAT
from .branches import read_change
from .chain import Head, genesis_hash
from .errors import (
    ForeignFile,
    JournalDamaged,
    JournalNotFound,
    NotAJournal,
    WrongSegment,
)
from .manifests import (
    CLOSING_FILE,
    FOOTER_FILE,
    OPENING_FILE,
    SESSION_FILE,
    SegmentFooter,
    SegmentOpening,
    SessionClosing,
    SessionManifest,
    read_manifest,
    sync_directory,
    write_manifest,
)

SEGMENTS_DIRECTORY = "segments"
DATA_FILE = "data.mdb"
LMDB_LOCK_FILE = "lock.mdb"
SEGMENT_BYTES_DEFAULT = 64 << 20
SEGMENT_BYTES_MIN = 1 << 20
SEGMENT_BYTES_MAX = 1 << 40
# Kept free in a map for what a commit writes besides its blocks: tree pages, the free list, pages a reader holds.
RESERVE_BYTES = 256 << 10
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment as its two manifests describe it; `footer` is None while it is live."""

    number: int
    path: Path
    opening: SegmentOpening
    footer: SegmentFooter | None
    footer_sha256: str

    @property
    def sealed(self) -> bool:
        """Whether the segment has a footer."""
        return self.footer is not None

    @property
    def data(self) -> Path:
        """The LMDB data file."""
        return self.path / DATA_FILE


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. Segment, block (counted from 1 in the segment) and seqs are None where unknown."""

    code: str
    message: str
    segment: int | None = None
    block: int | None = None
    first_seq: int | None = None
    last_seq: int | None = None
    page: int | None = None

    def __str__(self) -> str:
        place = [f"segment {self.segment:06d}"] if self.segment is not None else []
        if self.block is not None:
            place.append(f"block {self.block}")
        if self.page is not None:
            place.append(f"page {self.page}")
        if self.first_seq is not None:
            place.append(f"seq {self.first_seq}..{'' if self.last_seq is None else self.last_seq}")
        return f"{', '.join(place) or 'session'}: {self.message} [{self.code}]"

    def error(self) -> JournalDamaged:
        """The finding as an exception, of the kind that its code stands for."""
        names = ("segment", "block", "first_seq", "last_seq", "page")
        values = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return FINDING_ERRORS.get(self.code, JournalDamaged)(str(self), values={"finding": self.code, **values})


FINDING_ERRORS: dict[str, type[JournalDamaged]] = {
    "segment_order": WrongSegment,
    "segment_session": WrongSegment,
    "segment_missing": WrongSegment,
    "foreign_file": ForeignFile,
    "lmdb_map_bytes": ForeignFile,
}


@dataclass(slots=True)
class Survey:
    """What the manifests of a session say: its segments in order, and what is wrong with them."""

    manifest: SessionManifest
    session_bytes: bytes
    segments: list[Segment] = field(default_factory=list)
    closing: SessionClosing | None = None
    findings: list[Finding] = field(default_factory=list)

    def raise_first(self) -> None:
        """Raises the first finding, if there is one, as JournalDamaged."""
        if self.findings:
            raise self.findings[0].error()


def segment_path(session: Path, number: int) -> Path:
    """The directory of a segment."""
    return session / SEGMENTS_DIRECTORY / f"{number:06d}"


def read_session(session: Path) -> tuple[SessionManifest, bytes]:
    """The session file and its bytes. Raises JournalNotFound, NotAJournal, NewerFormat, JournalDamaged."""
    try:
        return read_manifest(session / SESSION_FILE, SessionManifest)
    except JournalNotFound:
        if (session / DATA_FILE).exists():
            raise NotAJournal(
                f"{session} is an LMDB environment of another program", values={"path": str(session)}
            ) from None
        raise


def survey(session: Path) -> Survey:
    """Reads every manifest and checks that they follow each other. Reads no data file.

    Raises JournalNotFound, NotAJournal, NewerFormat, JournalDamaged if the session file itself cannot be trusted.
    """
    manifest, raw = read_session(session)
    found = Survey(manifest, raw)
    # First, because a live journal only grows: what was closed before the segments are listed is among them.
    _read_closing(session, found)
    expected_hash, expected_seq, previous_footer = genesis_hash(raw).hex(), 1, ""
    for number in _segment_numbers(session, found):
        try:
            segment = _read_segment(session, number, manifest.id)
        except JournalNotFound as error:
            found.findings.append(
                Finding("segment_missing", f"{error.message}: the segment is missing", number, first_seq=expected_seq)
            )
            break
        except WrongSegment as error:
            found.findings.append(Finding("segment_session", error.message, number, first_seq=expected_seq))
            break
        except (JournalDamaged, NotAJournal) as error:
            found.findings.append(Finding("manifest", error.message, number, first_seq=expected_seq))
            break
        opening = segment.opening
        if (opening.first_seq, opening.previous_hash, opening.previous_footer) != (
            expected_seq,
            expected_hash,
            previous_footer,
        ):
            message = f"the segment does not continue the one before: it starts at seq {opening.first_seq}"
            found.findings.append(Finding("segment_order", message, number, first_seq=expected_seq))
            break
        found.segments.append(segment)
        if segment.footer is not None:
            expected_hash, expected_seq = segment.footer.head_hash, segment.footer.last_seq + 1
            previous_footer = segment.footer_sha256
    _check_seals(found)
    _check_closing(found)
    if found.segments:
        found.findings = [_placed(finding, found.segments[-1]) for finding in found.findings]
    _check_change(session, found)
    return found


def _check_change(session: Path, found: Survey) -> None:
    """A branch without the change it was made with is damaged, whatever its blocks say."""
    try:
        read_change(session, found.manifest)
    except (JournalDamaged, NotAJournal) as error:
        found.findings.insert(0, Finding("change", error.message))


def _placed(finding: Finding, last: Segment) -> Finding:
    """closing.json is about the last segment: a finding without a segment of its own is named by that one."""
    if finding.segment is not None:
        return finding
    return replace(finding, segment=last.number, first_seq=last.opening.first_seq)


def _segment_numbers(session: Path, found: Survey) -> range:
    numbers = []
    directory = session / SEGMENTS_DIRECTORY
    for name in sorted(entry.name for entry in directory.iterdir()) if directory.is_dir() else []:
        if name.isdigit() and len(name) == 6:
            numbers.append(int(name))
        elif not name.endswith(".tmp"):
            found.findings.append(Finding("foreign_file", f"{directory / name} does not belong to a journal"))
    if not numbers:
        found.findings.append(Finding("segment_missing", "the session has no segment", 1, first_seq=1))
    return range(1, max(numbers, default=0) + 1)


def _read_segment(session: Path, number: int, session_id: str) -> Segment:
    path = segment_path(session, number)
    opening, _ = read_manifest(path / OPENING_FILE, SegmentOpening)
    footer, footer_sha256 = None, ""
    if (path / FOOTER_FILE).exists():
        footer, raw = read_manifest(path / FOOTER_FILE, SegmentFooter)
        footer_sha256 = sha256(raw).hexdigest()
    for what in (opening, footer):
        if what is not None and (what.session != session_id or what.segment != number):
            raise WrongSegment(
                f"{path} belongs to session {what.session}, segment {what.segment}",
                values={"segment": number, "session": what.session, "expected": session_id},
            )
    if footer is not None and (footer.first_seq, footer.previous_footer) != (
        opening.first_seq,
        opening.previous_footer,
    ):
        raise JournalDamaged(f"{path}: opening and footer disagree", values={"segment": number})
    if not (path / DATA_FILE).is_file():
        raise JournalNotFound(f"there is no {path / DATA_FILE}", values={"segment": number})
    return Segment(number, path, opening, footer, footer_sha256)


def _check_seals(found: Survey) -> None:
    for segment in found.segments[:-1]:
        if not segment.sealed:
            message = "a segment follows, but this one has no footer"
            found.findings.append(
                Finding("footer_missing", message, segment.number, first_seq=segment.opening.first_seq)
            )


def _read_closing(session: Path, found: Survey) -> None:
    try:
        found.closing, _ = read_manifest(session / CLOSING_FILE, SessionClosing)
    except JournalNotFound:
        return
    except (JournalDamaged, NotAJournal) as error:
        found.findings.append(Finding("manifest", error.message))


def _check_closing(found: Survey) -> None:
    if found.closing is None:
        return
    last = found.segments[-1].number if found.segments else 0
    if found.closing.session != found.manifest.id:
        found.findings.append(Finding("closing", "closing.json belongs to another session"))
    elif found.closing.segment > last and not found.findings:
        message = f"the session was closed in segment {found.closing.segment}, which is missing"
        found.findings.append(Finding("segment_missing", message, found.closing.segment))


# --- transitions ----------------------------------------------------------------------------------------------------


def create_segment(session: Path, opening: SegmentOpening, *, map_bytes: int) -> Path:
    """Makes a live segment. It appears under its name only when it is whole. Raises OSError, lmdb.Error."""
    path = segment_path(session, opening.segment)
    temporary = path.with_suffix(".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    lmdb.open(str(temporary), map_size=map_bytes, subdir=True, writemap=False, max_dbs=0).close()
    descriptor = os.open(temporary / DATA_FILE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    write_manifest(temporary / OPENING_FILE, opening)
    temporary.rename(path)
    sync_directory(path.parent)
    return path


def seal_segment(segment: Segment, head: Head, *, first_hash: bytes, exec_mark: bytes) -> Segment:
    """Writes the footer of a live segment whose environment is closed, and makes its files read-only.

    Raises OSError.
    """
    opening = segment.opening
    data_bytes, data_sha256 = hash_file(segment.data)
    footer = SegmentFooter(
        journal_format=JOURNAL_FORMAT,
        session=opening.session,
        segment=opening.segment,
        first_seq=opening.first_seq,
        last_seq=head.next_seq - 1,
        blocks=head.blocks,
        first_hash=first_hash.hex(),
        head_hash=head.head_hash.hex(),
        last_time_ns=head.last_time_ns,
        epoch=head.epoch,
        exec_mark=exec_mark.hex(),
        data_bytes=data_bytes,
        data_sha256=data_sha256,
        previous_footer=opening.previous_footer,
    )
    raw = write_manifest(segment.path / FOOTER_FILE, footer)
    finish_seal(segment)
    return Segment(segment.number, segment.path, opening, footer, sha256(raw).hexdigest())


def finish_seal(segment: Segment) -> None:
    """Drops LMDB's lock file and takes the right to write from the files. Safe to repeat after a crash."""
    (segment.path / LMDB_LOCK_FILE).unlink(missing_ok=True)
    for name in (DATA_FILE, OPENING_FILE, FOOTER_FILE):
        (segment.path / name).chmod(0o444)


def remove_unfinished(session: Path) -> None:
    """Removes segments that a crash left half made. They never held a block."""
    for path in (session / SEGMENTS_DIRECTORY).glob("*.tmp"):
        shutil.rmtree(path)


def hash_file(path: Path) -> tuple[int, str]:
    """Length and SHA-256 of a file."""
    digest, length = sha256(), 0
    buffer = memoryview(bytearray(_READ_BYTES))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
            length += count
    return length, digest.hexdigest()
