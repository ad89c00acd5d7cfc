"""`journal show` and `journal stat`: one seq in full, and a whole journal at a glance."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from crossbook.replay import answered
from journal_tools.journal import Journal
from journal_tools.vocabulary import name_of
from tests.house.test_tidy import ROOT
from tests.journal_tools.conftest import journal

GOLDEN = "tests/golden/ruleset_1_trouble/session"


@pytest.fixture(autouse=True)
def from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("fmt", ["table", "json", "csv", "md"])
def test_one_seq_in_full(fmt: str, snapshot: SnapshotAssertion) -> None:
    said = journal("show", GOLDEN, 700, "--events", "--format", fmt)
    assert said.code == 0
    assert said.out == snapshot


def test_what_it_says_is_what_the_journal_holds(demo: Path) -> None:
    seq = next(record.seq for record in Journal.open(demo).records(6_000) if name_of(record.command) == "Place")
    shown = journal("show", demo, seq, "--events", "--json").json
    venue = answered(demo, seq)
    assert shown["fields"]["lots"] == venue.record.command.lots
    assert shown["time_ns"] == venue.time_ns
    assert shown["block"]["hash"] == venue.block.block_hash.hex()
    assert [event["event"] for event in shown["events"]] == [type(event).__name__ for event in venue.events]


def test_its_receipt_is_what_verify_looks_for(demo: Path) -> None:
    receipt = journal("show", demo, 6_000, "--json").json["receipt"]
    assert journal("verify", demo, "--anchor", receipt, "--json").json["anchors"] == 1


def test_causes_are_followed_back_and_forth(demo: Path) -> None:
    effect = next(record for record in Journal.open(demo).records() if record.cause)
    shown = journal("show", demo, effect.seq, "--events", "--json").json
    assert shown["causes"][0]["seq"] == effect.cause
    assert effect.seq in [other["seq"] for other in journal("show", demo, effect.cause, "--json").json["caused"]]
    assert shown["author"] == effect.author
    assert shown["author_name"]


def test_a_seq_that_is_not_there_is_refused() -> None:
    said = journal("show", GOLDEN, 10**6)
    assert said.code == 2
    assert said.err == "error: there is no seq 1000000 [unknown_seq]\nhint: the journal has seqs 1 to 4050\n"


@pytest.mark.parametrize("fmt", ["table", "json", "ndjson", "csv", "md"])
def test_a_journal_at_a_glance(fmt: str, snapshot: SnapshotAssertion) -> None:
    said = journal("stat", GOLDEN, "--format", fmt)
    assert said.code == 0
    assert said.out == snapshot


def test_its_commands_counted(trouble: Path, snapshot: SnapshotAssertion) -> None:
    counted = journal("stat", GOLDEN, "--full", "--json").json["command"]
    assert counted == Counter(name_of(record.command) for record in Journal.open(trouble).records())
    assert journal("stat", GOLDEN, "--full").out == snapshot


def test_the_same_market_in_segments_and_left_by_a_crash(demo: Path, segments: Path, crashed: Path) -> None:
    whole, parts, left = (journal("stat", path, "--json").json for path in (demo, segments, crashed))
    for name in ("commands", "blocks", "first_time", "last_time", "root"):
        assert whole[name] == parts[name] == left[name], name
    assert (parts["segments"], left["state"]) == (5, "not closed")


def test_an_empty_journal_is_one(tmp_path: Path) -> None:
    from crossbook.journal import JournalWriter

    JournalWriter.create(tmp_path / "empty").close()
    shown = journal("stat", tmp_path / "empty", "--json").json
    assert (shown["commands"], shown["head"], shown["state"]) == (0, None, "closed")
    assert journal("verify", tmp_path / "empty").code == 0
