"""A million commands: one state root and one event digest, wherever a replay starts and however it is cut."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crossbook.journal import verify
from crossbook.replay import Start, replay

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def write(path: Path, hash_seed: str) -> dict[str, Any]:
    arguments = [sys.executable, "-m", "tests.flow.big_session", str(path)]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run(arguments, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("million") / "session"


@pytest.fixture(scope="module")
def session(directory: Path) -> dict[str, Any]:
    """The session as a process with one hash seed wrote it."""
    return write(directory, "1")


def outcome(run: Any) -> tuple[int, str, str]:
    return run.seq, run.state_root.hex(), run.event_digest.hex()


def expected(session: dict[str, Any]) -> tuple[int, str, str]:
    return session["seq"], session["state_root"], session["event_digest"]


def test_it_is_a_session_of_a_million(session: dict[str, Any], directory: Path) -> None:
    assert session["seq"] >= 1_000_000
    assert session["full_state_root"] == session["state_root"]
    report = verify(directory)
    assert (report.ok, report.last_seq) == (True, session["seq"])


def test_another_hash_seed_writes_the_same_session(session: dict[str, Any], tmp_path: Path) -> None:
    assert write(tmp_path / "session", "4242") == session


def test_from_genesis(session: dict[str, Any], directory: Path) -> None:
    run = replay(directory)
    assert outcome(run) == expected(session)
    assert run.marks == run.blocks


@pytest.mark.parametrize("which", [0, 1])
def test_from_each_snapshot(session: dict[str, Any], directory: Path, which: int) -> None:
    start: Start = session["snapshots"][which]
    run = replay(directory, start=start)
    assert run.started_at == start
    assert outcome(run) == expected(session)


@pytest.mark.parametrize("block_records", [1, 97, 5_000])
def test_with_other_block_sizes(session: dict[str, Any], directory: Path, block_records: int) -> None:
    assert outcome(replay(directory, block_records=block_records)) == expected(session)


def test_stopping_on_the_way_and_going_on_from_there_is_the_same(session: dict[str, Any], directory: Path) -> None:
    at_snapshot = session["snapshots"][0]
    stopped, resumed = replay(directory, seq=at_snapshot), replay(directory, start=at_snapshot, seq=at_snapshot)
    assert stopped.stopped == "seq"
    assert outcome(stopped) == outcome(resumed)
