"""Recorded data from outside the project; a test that needs it is skipped, saying so, where it is absent."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def shared(*parts: str) -> Path:
    """The path of a shared file, or a skip."""
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {path.relative_to(DATA.parents[1])} beside the project, which this machine does not have")
    return path
