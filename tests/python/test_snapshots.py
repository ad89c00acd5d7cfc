"""Snapshots: accepted only if everything about them agrees; anything else is reported and passed over."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import pytest
import structlog
from tests.python.worlds import Clock, make_venue, session_commands

from crossbook import Venue, snapshots
from crossbook.errors import SnapshotDamaged
from crossbook.replay import replay


def session_with_snapshots(path: Path) -> list[Path]:
    with make_venue(path) as venue:
        written = []
        for part in range(3):
            venue.submit(session_commands(200, seed=part))
            written.append(venue.snapshot())
        venue.submit(session_commands(100, seed=9))
    return written


def test_a_snapshot_restores_the_very_state(tmp_path: Path) -> None:
    with make_venue(tmp_path / "venue") as venue:
        venue.submit(session_commands(300))
        loaded = snapshots.load(venue.snapshot())
        assert (loaded.header.seq, loaded.header.state_root) == (venue.seq, venue.state_root)
        assert loaded.header.block_hash == venue.head_hash
        assert loaded.kernel.event_digest() == venue.event_digest
        assert loaded.kernel.exec_mark() == venue.session.kernel.exec_mark()


def test_replay_from_every_snapshot_is_replay_from_genesis(tmp_path: Path) -> None:
    written = session_with_snapshots(tmp_path / "venue")
    whole = replay(tmp_path / "venue")
    for path in written:
        part = replay(tmp_path / "venue", start=int(path.stem))
        assert part.started_at == int(path.stem)
        assert (part.seq, part.state_root, part.event_digest) == (whole.seq, whole.state_root, whole.event_digest)


def test_opening_starts_at_the_newest_snapshot(tmp_path: Path) -> None:
    newest = session_with_snapshots(tmp_path / "venue")[-1]
    assert replay(tmp_path / "venue", start="snapshot").started_at == int(newest.stem)
    root = replay(tmp_path / "venue").state_root
    with Venue.open(tmp_path / "venue") as venue:
        assert venue.state_root == root


@pytest.mark.parametrize("at", ["magic", "format", "seq", "block_hash", "state_root", "length", "state", "digest"])
def test_a_flipped_bit_anywhere_is_reported_and_an_older_snapshot_used(tmp_path: Path, at: str) -> None:
    older, newest = session_with_snapshots(tmp_path / "venue")[-2:]
    data = bytearray(newest.read_bytes())
    offsets = {"magic": 3, "format": 8, "seq": 16, "block_hash": 30, "state_root": 60, "length": 88}
    data[offsets.get(at) or {"state": len(data) // 2, "digest": len(data) - 1}[at]] ^= 4
    newest.write_bytes(data)
    with pytest.raises(SnapshotDamaged) as caught:
        snapshots.load(newest)
    assert caught.value.code == "snapshot_damaged"
    assert caught.value.values["path"] == str(newest)
    assert caught.value.hint
    whole = replay(tmp_path / "venue")
    with structlog.testing.capture_logs() as logs:
        part = replay(tmp_path / "venue", start="snapshot")
    assert part.started_at == int(older.stem)
    assert part.state_root == whole.state_root
    (warning,) = logs
    assert (warning["log_level"], warning["event"], warning["path"]) == ("warning", "snapshot skipped", str(newest))


def test_truncated_at_any_length_it_is_never_accepted(tmp_path: Path) -> None:
    newest = session_with_snapshots(tmp_path / "venue")[-1]
    data = newest.read_bytes()
    for length in [*range(140), *range(140, len(data), 97), len(data) - 1]:
        newest.write_bytes(data[:length])
        with pytest.raises(SnapshotDamaged):
            snapshots.load(newest)


def test_a_forged_state_with_a_good_digest_is_still_caught(tmp_path: Path) -> None:
    """Whoever can write files can also hash: the root and the block hash tie a snapshot to the journal."""
    first, second = (session_with_snapshots(tmp_path / name)[-1] for name in ("one", "two"))
    assert first.name == second.name
    foreign = tmp_path / "one" / "snapshots" / second.name
    foreign.write_bytes(second.read_bytes())
    with structlog.testing.capture_logs() as logs:
        part = replay(tmp_path / "one", start="snapshot")
    assert part.started_at < int(second.stem)
    assert logs[0]["fault"] == "other_journal"


def test_with_no_usable_snapshot_genesis_is_used(tmp_path: Path) -> None:
    for path in session_with_snapshots(tmp_path / "venue"):
        path.write_bytes(b"not a snapshot")
    with structlog.testing.capture_logs() as logs:
        assert replay(tmp_path / "venue", start="snapshot").started_at == 0
    assert [entry["fault"] for entry in logs] == ["not_a_snapshot"] * 3


def test_a_venue_writes_snapshots_at_its_interval_and_on_close(tmp_path: Path) -> None:
    with make_venue(tmp_path / "venue", snapshot_interval=100) as venue:
        for command in session_commands(250):
            venue.submit(command)
    seqs = [int(path.stem) for path in reversed(snapshots.paths(tmp_path / "venue"))]
    last = replay(tmp_path / "venue").seq
    assert seqs[-1] == last
    assert all(later - earlier >= 100 for earlier, later in pairwise(seqs[:-1]))
    assert len(seqs) == 3
    assert not list((tmp_path / "venue" / "snapshots").glob("*.partial"))
    with Venue.open(tmp_path / "venue", clock=Clock(), snapshot_interval=100):
        pass
    assert len(snapshots.paths(tmp_path / "venue")) == 3, "nothing ran, so nothing was written"


@pytest.mark.parametrize(("offset", "value"), [(8, 0), (12, 7)], ids=["format 0", "reserved field in use"])
def test_a_header_of_no_known_format_is_refused_though_its_hash_is_right(
    tmp_path: Path, offset: int, value: int
) -> None:
    newest = session_with_snapshots(tmp_path / "venue")[-1]
    data = bytearray(newest.read_bytes()[:-32])
    data[offset] = value
    newest.write_bytes(bytes(data) + hashlib.sha256(data).digest())
    with pytest.raises(SnapshotDamaged) as caught:
        snapshots.load(newest)
    assert caught.value.values["fault"] == "unknown_format"
