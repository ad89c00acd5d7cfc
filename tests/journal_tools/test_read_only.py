"""Nothing is ever written to a session: not a byte, not a lock, not a time stamp."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from tests.journal_tools.conftest import Tamper, journal

CALLS = [
    ["verify"],
    ["verify", "--replay", "--closed"],
    ["stat", "--full"],
    ["log", "--account", "17"],
    ["log", "--account", "17", "--events"],
    ["show", "6000", "--events"],
    ["state", "--account", "10", "--diff", "1000", "5000"],
    ["state", "--market", "BTC-PERP", "--at", "5000"],
    ["book", "BTC-PERP", "--orders"],
    ["order", "3161"],
    ["blame", "--all"],
    ["grep", "account(10).equity < 9110"],
    ["grep", "account(10).cash", "--reverse"],
    ["report", "orders"],
    ["bisect"],
]


def everything(session: Path) -> dict[str, tuple[int, str]]:
    """Each file and folder of a session: when it was changed, and what is in it."""
    return {
        str(path.relative_to(session)): (
            path.stat().st_mtime_ns,
            sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in [session, *sorted(session.rglob("*"))]
    }


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
@pytest.mark.parametrize("kind", ["demo", "segments", "crashed"])
def test_a_session_is_left_as_it_was(
    call: list[str], kind: str, tampered: Tamper, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    copy = tampered(request.getfixturevalue(kind))
    for lock in copy.rglob("lock.mdb"):
        lock.unlink()  # what comes into being by looking would be seen
    before = everything(copy)
    name, *options = call
    said = journal(name, copy, *options)
    assert said.code == (1 if kind == "crashed" and "--closed" in call else 0)
    assert everything(copy) == before


def test_an_index_is_written_where_it_was_asked_for(demo: Path, tampered: Tamper, tmp_path: Path) -> None:
    copy = tampered(demo)
    before = everything(copy)
    assert journal("log", copy, "--account", 17, "--index", tmp_path / "kept").code == 0
    assert everything(copy) == before
    assert [path.suffix for path in (tmp_path / "kept").iterdir()] == [".index"]
