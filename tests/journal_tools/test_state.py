"""The state of the past: as of a seq, as seen at a time, and what changed in between."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from crossbook.replay import state_at
from journal_tools.grammar import shown_time
from journal_tools.journal import Journal
from tests.journal_tools.conftest import journal


def shown(said: list[dict[str, str]]) -> dict[str, str]:
    """The rows of a state by their fields."""
    return {row["field"]: row["value"] for row in said}


@pytest.mark.parametrize("at", [200, 5_950, 9_000])
def test_it_is_what_the_venue_says_it_was(demo: Path, at: int) -> None:
    said = journal("state", demo, "--account", 10, "--at", at, "--json").json
    expected = state_at(demo, seq=at)
    (pool,) = expected.account(10).pools
    assert said["state_root"] == expected.state_root.hex()
    assert Decimal(said["state"]["pools"][0]["equity"]) == pool.equity
    assert Decimal(said["state"]["cash"]["USDC"]) == expected.account(10).cash["USDC"]
    assert "tree" not in said["state"]["pools"][0]


@pytest.mark.parametrize(
    "subject",
    [["--account", "10"], ["--market", "BTC-PERP"], ["--asset", "USDC"], []],
    ids="".join,
)
def test_what_is_said_of_every_subject(demo: Path, subject: list[str], snapshot: SnapshotAssertion) -> None:
    assert journal("state", demo, *subject, "--at", 5_000).out == snapshot


def test_what_changed_between_two_moments(demo: Path, snapshot: SnapshotAssertion) -> None:
    said = journal("state", demo, "--account", 10, "--diff", 1_000, 5_000)
    assert said.out == snapshot
    rows = journal("state", demo, "--account", 10, "--diff", 1_000, 5_000, "--json").json["fields"]
    assert all(row["before"] != row["after"] for row in rows)
    assert journal("state", demo, "--account", 10, "--diff", 5_000, 5_000, "--json").json["fields"] == []


def test_what_was_seen_at_a_time_against_what_is_sequenced(demo: Path) -> None:
    """Commands of one submission have one time: whoever looked then saw all of them, or none."""
    source = Journal.open(demo)
    record, _ = source.record(5_000)
    said = journal(
        "state", demo, "--market", "BTC-PERP", "--at", 5_000, "--seen-at", f"{record.time_ns}ns", "--json"
    ).json
    assert (said["sequenced"]["seq"], said["seen"]["seq"]) == (5_000, source.seq_at(record.time_ns))
    assert said["seen"]["seq"] > 5_000
    differing = {row["field"] for row in said["fields"] if row["differs"]}
    assert {"oracle.seq", "oracle.observed_at"} <= differing
    assert "symbol" not in differing
    before = journal("state", demo, "--seen-at", f"{record.time_ns - 1}ns", "--json").json
    assert before["seq"] == source.seq_at(record.time_ns - 1) < 5_000


def test_what_was_observed_by_then_and_sequenced_later_is_shown_in_hindsight(demo: Path) -> None:
    said = journal("state", demo, "--market", "BTC-PERP", "--at", 5_000, "--json").json
    known, hindsight = said["state"]["oracle"], said["in_hindsight"]
    assert hindsight["seq"] > 5_000 >= known["seq"]
    assert shown_time(known["observed_at"]) < hindsight["observed_at"] <= said["time"] <= hindsight["sequenced_at"]


def test_a_venue_that_is_open_is_not_disturbed(live: Path) -> None:
    said = journal("state", live, "--account", 1, "--json")
    assert said.code == 0
    assert said.json["seq"] > 40
    assert journal("state", live, "--at", said.json["seq"], "--json").json["state_root"] == said.json["state_root"]


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (["--account", "92"], "unknown_account", "1 to 91"),
        (["--account", "10", "--at", "20"], "unknown_account", "no account yet"),
        (["--market", "GOLD"], "unknown_market", "BTC-PERP"),
        (["--asset", "GOLD"], "unknown_asset", "USDC"),
        (["--asset", "USDC", "--market", "BTC-PERP"], "subject_ambiguous", "give one"),
        (["--at", "99999999"], "unknown_seq", "1 to"),
        (["--at", "2.5"], "moment_invalid", "give a seq"),
        (["--seen-at", "17"], "time_missing", "--at takes seqs"),
        (["--diff", "1", "2", "--at", "3"], "moments_ambiguous", "leave out"),
    ],
)
def test_what_cannot_be_is_refused_with_a_hint(demo: Path, arguments: list[str], code: str, hint: str) -> None:
    said = journal("state", demo, *arguments)
    assert said.code == 2
    assert f"[{code}]" in said.err
    assert hint in said.err.split("hint: ")[1]
