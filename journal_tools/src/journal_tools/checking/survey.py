"""The small files of a session, each read for itself: what one says of another is compared later."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from journal_tools.checking.verdict import Verdict
from journal_tools.errors import Finding, ToolError
from journal_tools.journal.files import small_file
from journal_tools.journal.session import file_sha256

IN_A_SEGMENT: Final = {"opening.json", "data.mdb", "lock.mdb", "footer.json"}
DURABILITIES: Final = {"durable", "pipelined", "volatile"}


class SegmentFiles(NamedTuple):
    """A segment's small files; None where one is missing or damaged, which was noted."""

    number: int
    directory: Path
    opening: dict[str, Any] | None
    footer: dict[str, Any] | None
    sealed: bool

    @property
    def data(self) -> Path:
        """Its data file."""
        return self.directory / "data.mdb"


class Survey(NamedTuple):
    """All small files of a session."""

    session_file: bytes
    session: dict[str, Any]
    closing: dict[str, Any] | None
    segments: list[SegmentFiles]


def survey(path: Path, verdict: Verdict) -> Survey | None:
    """Read every small file, and note what is wrong with each. None if there is no session.json to believe.

    Raises:
        ToolError: `not_a_session`, `newer_format`.
    """
    if not (path / "session.json").exists():
        hint = "give the directory that holds session.json"
        raise ToolError(f"{path} is no session", code="not_a_session", hint=hint, path=str(path))
    session = _read(path / "session.json", "session", verdict, path)
    if session is None:
        return None
    _check_change(path, session, verdict)
    closing = _optional(path / "closing.json", "closing", verdict, path)
    if closing is not None and closing["durability"] not in DURABILITIES:
        verdict.add(found("closing", f"closing.json names durability {closing['durability']}", "closing.json"))
    repair = _optional(path / "repair.json", "repair", verdict, path)
    if repair is not None:
        verdict.skip("repair", "repair.json is there: a repair was begun, and its record is not yet in the journal")
    _check_evidence(path, verdict)
    return Survey((path / "session.json").read_bytes(), session, closing, _segments(path, verdict))


def _segments(path: Path, verdict: Verdict) -> list[SegmentFiles]:
    root = path / "segments"
    names = sorted(entry.name for entry in root.iterdir()) if root.is_dir() else []
    numbers = sorted(int(name) for name in names if _is_segment(name))
    foreign = [
        f"segments/{name}" for name in names if not (name.isdecimal() and len(name) == 6) and name[-4:] != ".tmp"
    ]
    for missing in sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers)):
        verdict.add(
            found("segment_missing", f"segment {missing} is missing", f"segments/{missing:06d}", segment=missing)
        )
    if not numbers:
        verdict.add(found("segment_missing", "there is no segment at all", "segments", segment=1))
    segments = []
    for number in numbers:
        directory = root / f"{number:06d}"
        opening = _read(directory / "opening.json", "opening", verdict, path, segment=number)
        sealed = (directory / "footer.json").exists()
        footer = _optional(directory / "footer.json", "footer", verdict, path, segment=number)
        segments.append(SegmentFiles(number, directory, opening, footer, sealed))
        foreign += [
            f"segments/{number:06d}/{entry.name}"
            for entry in sorted(directory.iterdir())
            if entry.name not in IN_A_SEGMENT and not entry.name.endswith(".tmp")
        ]
    if foreign:
        verdict.skip("foreign_files", f"files that are none of the format's: {', '.join(foreign)}")
    return segments


def _is_segment(name: str) -> bool:
    return name.isdecimal() and len(name) == 6


def _check_change(path: Path, session: dict[str, Any], verdict: Verdict) -> None:
    """A branch commits to what it changes of its parent by the hash of a file."""
    if "change" not in session:
        return
    verdict.parent = session["parent"]
    try:
        raw = (path / "change.json").read_bytes()
    except FileNotFoundError:
        verdict.add(found("file_missing", "change.json is missing: the session is a branch", "change.json"))
        return
    if sha256(raw).hexdigest() != session["change"]:
        verdict.add(found("change", "change.json is not the file that session.json names", "change.json"))
        return
    _read(path / "change.json", "change", verdict, path)
    verdict.skip(
        "parent", f"the parent, session {session['parent']}: it is only named (`journal diff` compares the two)"
    )


def _check_evidence(path: Path, verdict: Verdict) -> None:
    """Files that a repair replaced are named by their hash."""
    for file in sorted((path / "repairs").glob("*.mdb")):
        if file_sha256(file) != file.stem:
            verdict.add(found("repair_evidence", "it is not the file its name says", f"repairs/{file.name}"))


def _read(path: Path, kind: str, verdict: Verdict, root: Path, *, segment: int | None = None) -> dict[str, Any] | None:
    name = str(path.relative_to(root))
    try:
        return small_file(path, kind)
    except ToolError as error:
        if error.code == "newer_format":
            raise
        message = f"{name}: {error.message}" if error.code != "file_missing" else f"{name} is missing"
        verdict.add(found(error.code, message, name, segment=segment))
        return None


def _optional(
    path: Path, kind: str, verdict: Verdict, root: Path, *, segment: int | None = None
) -> dict[str, Any] | None:
    return _read(path, kind, verdict, root, segment=segment) if path.exists() else None


def found(code: str, message: str, file: str, *, segment: int | None = None, seq: int | None = None) -> Finding:
    """A finding about a file."""
    hint = "it was changed, lost or cut short; compare it with a copy"
    return Finding(message, code=code, hint=hint, file=file, segment=segment, seq=seq)
