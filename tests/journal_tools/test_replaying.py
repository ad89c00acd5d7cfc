"""Re-execution from the tools' own reading of the journal comes to what the venue came to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossbook.journal import JournalWriter
from crossbook.replay import answered as venue_answered
from crossbook.replay import replay
from crossbook.replay import state_at as venue_state_at
from journal_tools import replaying
from journal_tools.errors import Finding, ToolError
from journal_tools.grammar import Moment
from journal_tools.journal import Journal
from journal_tools.vocabulary import name_of
from tests.journal_tools.conftest import GOLDEN, Tamper


def test_every_mark_of_the_market_is_reproduced(demo: Path) -> None:
    marks, kernel = replaying.reproduce(demo)
    venue = replay(demo)
    assert (kernel.event_digest(), kernel.state_root()) == (venue.event_digest, venue.state_root)
    assert marks == len(list(Journal.open(demo).blocks())) + 1, "one per block, and the one in closing.json"


def test_marks_in_footers_are_compared_too(segments: Path, demo: Path) -> None:
    sealed = len(Journal.open(segments).segments) - 1
    assert replaying.reproduce(segments).marks == replaying.reproduce(demo).marks + sealed


@pytest.mark.parametrize("name", ["ruleset_1", "ruleset_1_trouble"])
def test_golden_journals_come_to_their_roots(name: str) -> None:
    expected = json.loads((GOLDEN / name / "expected.json").read_text())
    kernel = replaying.reproduce(GOLDEN / name / "session").kernel
    assert (kernel.seq, kernel.state_root().hex()) == (expected["seq"], expected["state_root"])


@pytest.mark.parametrize("seq", [1, 2, 700, 6_845, 6_846, 9_000])
def test_the_past_is_what_the_venue_says_it_was(demo: Path, seq: int) -> None:
    expected = venue_state_at(demo, seq=seq)
    assert replaying.state_at(demo, Moment(seq, None)).state_root == expected.state_root
    assert list(replaying.answered(demo, seq).events) == venue_answered(demo, seq).events


def test_a_time_means_the_last_command_stamped_by_then(demo: Path) -> None:
    journal = Journal.open(demo)
    records = {record.seq: record.time_ns for record in journal.records()}
    for seq in (1, 500, 6_845, journal.last_seq):
        last = max(other for other, time_ns in records.items() if time_ns <= records[seq])
        assert journal.seq_at(records[seq]) == last
        assert replaying.state_at(demo, Moment(None, records[seq])).seq == last
    assert journal.seq_at(records[1] - 1) == 0
    assert journal.seq_at(2**62) == journal.last_seq


def test_events_of_a_range_are_those_of_its_seqs(demo: Path) -> None:
    found = dict(replaying.events(demo, 3_000, 3_100))
    assert list(found) == list(range(3_000, 3_101))
    assert all(event.seq == seq for seq, events in found.items() for event in events)
    assert found[3_050] == venue_answered(demo, 3_050).events


def test_a_command_that_was_changed_is_found_before_the_next_block(demo: Path, tmp_path: Path) -> None:
    """An insider can recompute every hash, but not what the venue had committed to before."""
    journal = Journal.open(demo)
    changed = tmp_path / "changed"
    writer = JournalWriter.create(changed, durability="volatile")
    target = next(record.seq for record in journal.records(4_000) if name_of(record.command) == "Place")
    for block in journal.blocks():
        body = block.body
        if block.first_seq <= target <= block.last_seq:
            parts = block.record_bytes()
            part = parts[target - block.first_seq]
            parts[target - block.first_seq] = part[:-1] + bytes([part[-1] ^ 1])
            body = b"".join(parts)
        writer.append(
            body,
            count=block.count,
            first_time_ns=block.first_time_ns,
            last_time_ns=block.last_time_ns,
            exec_mark=block.exec_mark,
        )
    writer.close()
    with pytest.raises(Finding) as caught:
        replaying.reproduce(changed)
    assert caught.value.code == "replay_divergence"
    assert target <= caught.value.values["block"]


def test_a_damaged_snapshot_is_passed_over(demo: Path, tampered: Tamper, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tampered(demo)
    (snapshot,) = (copy / "snapshots").glob("*.snap")
    snapshot.write_bytes(snapshot.read_bytes()[:-1])
    assert replaying.state_at(copy, Moment(None, None)).state_root == venue_state_at(demo).state_root
    assert "note: the snapshot" in capsys.readouterr().err


def test_a_seq_that_is_not_there_is_refused(demo: Path) -> None:
    with pytest.raises(ToolError) as caught:
        replaying.kernel_at(demo, 10**6)
    assert caught.value.code == "unknown_seq"
