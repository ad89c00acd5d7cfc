"""Files that the user asked for: written where he said, and only where nothing was."""

from __future__ import annotations

import os
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


def exists(path: Path) -> ToolError:
    """The refusal to write over something."""
    return ToolError(f"{path} is there already", code="output_exists", hint="give the name of something new")
