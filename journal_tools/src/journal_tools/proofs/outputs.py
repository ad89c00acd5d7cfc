"""Files that the user asked for: written where he said, and only where nothing was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import click

from journal_tools.errors import ToolError


def write_new(path: Path, content: bytes, *, secret: bool = False) -> None:
    """A new file, for its owner's eyes only if it is secret. Raises ToolError `output_exists`."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600 if secret else 0o644)
    except FileExistsError:
        raise exists(path) from None
    with os.fdopen(file, "wb") as stream:
        stream.write(content)


def new_directory(path: Path) -> Path:
    """A new directory. Raises ToolError `output_exists`."""
    try:
        path.mkdir(parents=True)
    except FileExistsError:
        raise exists(path) from None
    return path


def put(path: Path | None, text: str) -> None:
    """A text to a new file, or to stdout if none was named."""
    if path is None:
        click.echo(text, nl=False)
    else:
        write_new(path, text.encode())


def copy_session(source: Path, target: Path, beside: Iterable[str]) -> None:
    """Copy a session bit for bit into a new directory, and of what lies beside it only what is named.

    Raises:
        ToolError: `output_exists`.
    """
    own = ["session.json", "change.json", "closing.json", "repair.json"]
    own += [str(path.relative_to(source)) for path in sorted((source / "repairs").glob("*.mdb"))]
    segments = sorted((source / "segments").rglob("*"))
    own += [str(path.relative_to(source)) for path in segments if path.suffix == ".json" or path.name == "data.mdb"]
    new_directory(target)
    (target / "personal").mkdir(mode=0o700)
    for name in (*own, *beside):
        if (source / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)


def exists(path: Path) -> ToolError:
    """The refusal to write over something."""
    return ToolError(f"{path} is there already", code="output_exists", hint="give the name of something new")
