"""`journal doctor`: the golden journals come to their roots here, and a difference is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from journal_tools.verbs.doctor import examined
from tests.journal_tools.conftest import GOLDEN, journal

BUNDLED = Path(__file__).resolve().parents[2] / "journal_tools" / "src" / "journal_tools" / "golden"


def test_this_machine_reproduces_every_golden_journal(snapshot: SnapshotAssertion) -> None:
    said = journal("doctor")
    assert said.code == 0
    assert said.out == snapshot


def test_it_says_what_it_ran_on() -> None:
    assert set(journal("doctor", "--json").json) == {"crossbook", "python", "machine", "journals"}


def test_the_bundled_journals_are_the_golden_ones() -> None:
    """All of them, byte for byte: what the project keeps is what an auditor gets."""
    kept = {path.relative_to(GOLDEN): path for path in GOLDEN.glob("ruleset_*/**/*") if path.is_file()}
    bundled = {path.relative_to(BUNDLED): path for path in BUNDLED.rglob("*") if path.is_file()}
    assert {name for name in kept if kept[name].name not in ("lock.mdb", "owner.lock")} == set(bundled)
    assert [name for name in bundled if bundled[name].read_bytes() != kept[name].read_bytes()] == []


@pytest.mark.parametrize("what", ["state_root", "event_digest", "orders"])
def test_a_root_that_is_not_reproduced_is_named(what: str, tmp_path: Path) -> None:
    copy = tmp_path / "ruleset_1"
    shutil.copytree(BUNDLED / "ruleset_1", copy)
    expected = json.loads((copy / "expected.json").read_text())
    (expected if what in expected else expected["subsystems"])[what] = "00" * 32
    (copy / "expected.json").write_text(json.dumps(expected))
    row = examined(copy)
    assert (row["reproduced"], row["differs"]) == (False, what)


def test_a_golden_journal_that_is_damaged_is_not_executed(tmp_path: Path) -> None:
    copy = tmp_path / "ruleset_1"
    shutil.copytree(BUNDLED / "ruleset_1", copy)
    (copy / "session" / "closing.json").write_bytes(b"{}")
    row = examined(copy)
    assert not row["reproduced"]
    assert "closing.json does not match the digest" in row["differs"]
