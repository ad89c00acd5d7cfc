"""Reading recorded files, plain or compressed."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import TextIO


def open_text(path: Path) -> TextIO:
    """A text file of ASCII lines; `.xz` is uncompressed on the way."""
    return lzma.open(path, "rt", encoding="ascii") if path.suffix == ".xz" else path.open(encoding="ascii")


def read_bytes(path: Path) -> bytes:
    """A whole file; `.xz` is uncompressed on the way."""
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
