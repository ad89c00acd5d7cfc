"""The durability modes by name, group commit, and a writer that meets a commit error."""

from __future__ import annotations

import errno
import json
from concurrent.futures import Future
from pathlib import Path

import lmdb
import pytest

from crossbook.journal import BlockReceipt, Durability, JournalReader, JournalWriter, PipelinedWriter, verify
from crossbook.journal import commit as commit_module
from crossbook.journal import writer as writer_module
from crossbook.journal.errors import (
    AppendRefused,
    BlockRefused,
    CommitFailed,
    DiskFull,
    JournalClosed,
    JournalHalted,
    MapFull,
)
from tests.journal.support import MIB, child, create, data_file, fill, mark, pending, read


def test_the_modes_have_names_that_show(tmp_path: Path) -> None:
    assert [mode.value for mode in Durability] == ["durable", "pipelined", "volatile"]
    with create(tmp_path / "s") as writer:
        assert writer.durability == "durable", "the default"
        assert "durable" in repr(writer)
    assert json.loads((tmp_path / "s/closing.json").read_text())["durability"] == "durable"
    with pytest.raises(ValueError, match="eventual"):
        create(tmp_path / "t", durability="eventual")


@pytest.mark.parametrize("mode", list(Durability))
def test_every_mode_writes_the_same_journal(tmp_path: Path, mode: Durability) -> None:
    with create(tmp_path / "reference") as writer:
        expected = fill(writer, 60, record_bytes=9_000)
    with create(tmp_path / "s", durability=mode) as writer:
        assert fill(writer, 60, record_bytes=9_000) == expected
    assert verify(tmp_path / "s").head_hash == expected[-1].block_hash.hex()


def test_a_durable_block_is_committed_when_append_returns(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        fill(writer, 1)
        assert writer.durable_seq == 3
        assert len(read(tmp_path / "s")) == 1


def test_a_pipelined_block_is_not_visible_before_sync(tmp_path: Path) -> None:
    with create(tmp_path / "s", durability="pipelined") as writer:
        receipts = fill(writer, 4)
        assert writer.next_seq == 13
        assert writer.durable_seq == 0
        assert read(tmp_path / "s") == []
        writer.sync()
        assert writer.durable_seq == 12
        assert [b.block_hash for b in read(tmp_path / "s")] == [r.block_hash for r in receipts]


def test_a_pipelined_writer_holds_back_only_so_much(tmp_path: Path) -> None:
    with create(tmp_path / "s", durability="pipelined", segment_bytes=64 * MIB) as writer:
        while writer.durable_seq == 0:
            fill(writer, 1, record_bytes=20_000)
            assert writer.next_seq < 1_000
        assert writer.durable_seq == writer.next_seq - 1


def test_a_crash_loses_unsynced_pipelined_blocks_and_no_others(tmp_path: Path) -> None:
    writer = create(tmp_path / "s", durability="pipelined")
    fill(writer, 4)
    writer.sync()
    fill(writer, 3, seed=1)
    writer.abandon()
    with JournalWriter.open(tmp_path / "s") as writer:
        assert writer.next_seq == 13
        fill(writer, 1, seed=2)
    assert verify(tmp_path / "s").ok


# --- group commit in a thread ---------------------------------------------------------------------------------------


def test_each_future_is_done_when_its_block_is_durable(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        with PipelinedWriter(writer) as pipeline:
            futures = [pipeline.append(pending(at_ns)) for at_ns in range(1_000, 201_000, 1_000)]
            first = futures[0].result(timeout=10)
            assert writer.durable_seq >= first.last_seq
            pipeline.flush()
            assert all(future.done() for future in futures)
        receipts = [future.result() for future in futures]
        assert [r.first_seq for r in receipts] == list(range(1, 601, 3)), "in the order of the appends"
        fill(writer, 1)
    assert verify(tmp_path / "s").blocks == 201


def test_what_arrives_during_an_fsync_shares_the_next_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[int] = []
    plain = writer_module.commit_blocks

    def counted(env: lmdb.Environment, blocks: list[tuple[bytes, bytes]]) -> None:
        groups.append(len(blocks))
        plain(env, blocks)

    monkeypatch.setattr(writer_module, "commit_blocks", counted)
    with create(tmp_path / "s") as writer, PipelinedWriter(writer) as pipeline:
        for at_ns in range(1_000, 501_000, 1_000):
            pipeline.append(pending(at_ns))
    assert sum(groups) == 500
    assert len(groups) < 500


def test_a_refused_block_fails_its_own_future_and_no_other(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer, PipelinedWriter(writer) as pipeline:
        good = pipeline.append(pending(5_000))
        good.result(timeout=10)
        futures = [pipeline.append(pending(at_ns)) for at_ns in (6_000, 7_000, 1_000, 8_000, 9_000)]
        with pytest.raises(BlockRefused):
            futures.pop(2).result(timeout=10)
        assert [future.result(timeout=10).first_seq for future in futures] == [4, 7, 10, 13]


def test_a_commit_error_fails_every_future_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(env: lmdb.Environment, blocks: object) -> None:
        raise commit_module.commit_error(
            OSError(errno.EIO, "Input/output error"), first_seq=4, data=data_file(tmp_path / "s")
        )

    with create(tmp_path / "s") as writer:
        pipeline = PipelinedWriter(writer)
        pipeline.append(pending(1_000)).result(timeout=10)
        monkeypatch.setattr(writer_module, "commit_blocks", broken)
        failed: list[Future[BlockReceipt]] = [pipeline.append(pending(2_000))]
        with pytest.raises(CommitFailed):
            failed[0].result(timeout=10)
        pipeline.flush()
        with pytest.raises(CommitFailed):
            pipeline.append(pending(3_000))
        pipeline.close()
    assert verify(tmp_path / "s").last_seq == 3


def test_a_closed_pipeline_says_so(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        pipeline = PipelinedWriter(writer)
        pipeline.close()
        pipeline.close()
        with pytest.raises(JournalClosed):
            pipeline.append(pending(1))


# --- commit errors --------------------------------------------------------------------------------------------------


def halted_by(writer: JournalWriter, kind: type[JournalHalted]) -> JournalHalted:
    """The writer must fail with that error, refuse everything after it with the same, and lose nothing."""
    acknowledged: list[BlockReceipt] = []

    def fill_up() -> None:
        for _ in range(10_000):
            acknowledged.extend(fill(writer, 1, record_bytes=20_000))

    with pytest.raises(kind) as first:
        fill_up()
    assert writer.halted is first.value
    for attempt in (lambda: fill(writer, 1), writer.sync, writer.rotate):
        with pytest.raises(kind) as again:
            attempt()
        assert again.value.code == first.value.code
    writer.close()
    assert not (writer.path / "closing.json").exists(), "a halted writer signs nothing off"
    held = {b.block_hash for b in JournalReader(writer.path).blocks()}
    assert all(receipt.block_hash in held for receipt in acknowledged)
    assert verify(writer.path).ok
    return first.value


def test_a_full_map_halts_and_loses_nothing(tmp_path: Path) -> None:
    error = halted_by(create(tmp_path / "s", segments_max=2), MapFull)
    assert error.code == "journal_map_full"
    assert "segments_max" in error.hint
    with JournalWriter.open(tmp_path / "s", segments_max=3) as writer:
        fill(writer, 1)
    assert verify(tmp_path / "s").ok


def test_an_io_error_halts_and_no_fsync_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    writer = create(tmp_path / "s")
    fill(writer, 3)

    def broken(env: lmdb.Environment, blocks: object) -> None:
        commits.append(1)
        raise commit_module.commit_error(
            OSError(errno.EIO, "Input/output error"), first_seq=10, data=data_file(tmp_path / "s")
        )

    monkeypatch.setattr(writer_module, "commit_blocks", broken)
    error = halted_by(writer, CommitFailed)
    assert (error.code, error.values["errno"]) == ("journal_commit_failed", errno.EIO)
    assert len(commits) == 1


def test_an_interrupted_append_halts_because_nobody_knows_how_far_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = writer_module.commit_blocks

    def interrupted(env: lmdb.Environment, blocks: list[tuple[bytes, bytes]]) -> None:
        plain(env, blocks)
        raise KeyboardInterrupt

    with create(tmp_path / "s") as writer:
        fill(writer, 1)
        monkeypatch.setattr(writer_module, "commit_blocks", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fill(writer, 1)
        monkeypatch.undo()
        with pytest.raises(CommitFailed):
            fill(writer, 1)
    with JournalWriter.open(tmp_path / "s") as writer:
        assert writer.next_seq == 7, "the block was committed, only its receipt was lost"


def test_an_append_that_lmdb_refuses_halts(tmp_path: Path) -> None:
    """Something else wrote a key behind ours into the segment: put(append=True) returns False, which is an error."""
    writer = create(tmp_path / "s")
    fill(writer, 1)
    live = writer._live
    with live.env.begin(write=True) as transaction:
        transaction.put((100).to_bytes(8, "big"), b"intruder")
    with pytest.raises(AppendRefused) as refused:
        fill(writer, 1)
    assert refused.value.code == "journal_append_refused"
    assert refused.value.values == {"first_seq": 4}
    writer.close()
    assert not verify(tmp_path / "s").ok


FILL_UP = """
import resource, sys
from pathlib import Path
from crossbook.journal.errors import JournalHalted
from tests.journal.support import create, fill
writer = create(Path(sys.argv[1]), segment_bytes=64 << 20, durability=sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, resource.RLIM_INFINITY))
try:
    while True:
        for receipt in fill(writer, 1, record_bytes=20_000):
            writer.sync()
            print(receipt.block_hash.hex(), flush=True)
except JournalHalted as error:
    print("halted", error.code, error.values["errno"], flush=True)
    try:
        fill(writer, 1)
    except JournalHalted as again:
        print("again", again.code, flush=True)
writer.close()
"""


@pytest.mark.parametrize("mode", ["durable", "pipelined", "volatile"])
def test_a_full_disk_halts_and_loses_nothing(tmp_path: Path, mode: str) -> None:
    """A file size limit stands in for the disk, so that this runs without privileges anywhere."""
    with child(FILL_UP, tmp_path / "s", mode) as process:
        assert process.stdout is not None
        lines = process.stdout.read().split("\n")[:-1]
    assert process.returncode == 0
    assert lines[-2:] in [
        [f"halted journal_disk_full {number}", "again journal_disk_full"] for number in (errno.EFBIG, errno.EIO)
    ]
    acknowledged = lines[:-2]
    held = [b.block_hash.hex() for b in read(tmp_path / "s")]
    assert held[: len(acknowledged)] == acknowledged
    assert len(acknowledged) > 30
    with JournalWriter.open(tmp_path / "s") as writer:
        fill(writer, 1)
    assert verify(tmp_path / "s").ok
    assert DiskFull.default_hint


def test_a_rotation_that_fails_halts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = create(tmp_path / "s")
    receipts = fill(writer, 3)

    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer_module, "create_segment", full)
    with pytest.raises(DiskFull):
        writer.rotate(exec_mark=mark(9))
    with pytest.raises(DiskFull):
        fill(writer, 1)
    writer.close()
    monkeypatch.undo()
    with JournalWriter.open(tmp_path / "s") as writer:
        assert writer.segment == 2
        assert writer.head_hash == receipts[-1].block_hash
        fill(writer, 1)
    assert verify(tmp_path / "s").ok
