"""The copy of a session: what is part of the journal, and the personal values that stay."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from journal_tools.errors import ToolError
from journal_tools.journal import Journal

PIECE_BYTES: Final = 1 << 20
_BESIDE: Final = ("change.json", "closing.json", "repair.json")
_IN_SEGMENT: Final = ("opening.json", "data.mdb", "footer.json")


def copy(journal: Journal, target: Path, personal: Iterable[Path]) -> None:
    """Copy a session and some of its personal values into a new directory.

    session.json comes last: what a failure leaves behind is no session.

    Raises:
        ToolError: `output_exists`, `output_inside` the session.
    """
    source = journal.path.resolve()
    if source == target.resolve() or source in target.resolve().parents:
        raise ToolError(
            f"{target} is inside the session",
            code="output_inside",
            hint="nothing is ever written into a session; give a place beside it",
        )
    try:
        target.mkdir(parents=True)
    except FileExistsError:
        raise ToolError(
            f"{target} is there already", code="output_exists", hint="give the name of something new"
        ) from None
    for file in _parts(journal):
        _copy_file(journal.path / file, target / file, mode=0o644)
    for path in personal:
        _copy_file(path, target / path.relative_to(journal.path), mode=0o600)
    _copy_file(journal.path / "session.json", target / "session.json", mode=0o644)


def _parts(journal: Journal) -> Iterator[Path]:
    """The files of a journal but session.json, as docs/journal_format.md lists them, where they are."""
    yield from (Path(name) for name in _BESIDE if (journal.path / name).exists())
    for segment in journal.segments:
        directory = segment.directory.relative_to(journal.path)
        yield from (directory / name for name in _IN_SEGMENT if (segment.directory / name).exists())
    yield from (path.relative_to(journal.path) for path in sorted((journal.path / "repairs").glob("*.mdb")))


def _copy_file(source: Path, target: Path, *, mode: int) -> None:
    target.parent.mkdir(exist_ok=True, parents=True, mode=0o755 if mode & 0o004 else 0o700)
    file = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with source.open("rb") as reading, os.fdopen(file, "wb") as writing:
        while piece := reading.read(PIECE_BYTES):
            writing.write(piece)
