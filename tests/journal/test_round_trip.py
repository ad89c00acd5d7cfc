"""What goes into a journal comes out of it: same bytes, same order, same hashes."""

from __future__ import annotations

import threading
from hashlib import sha256
from pathlib import Path

import pytest

from crossbook.journal import (
    BLOCK_BYTES_MAX,
    BODY_BYTES_MAX,
    JournalReader,
    JournalWriter,
    PendingBlock,
    VerifyReport,
    verify,
)
from crossbook.journal.errors import BlockRefused, JournalClosed, JournalExists, JournalNotFound
from tests.journal.support import block, create, fill, mark, pending, read


def test_a_block_is_read_back_as_it_was_appended(tmp_path: Path) -> None:
    packed = block(at_ns=100)
    with create(tmp_path / "s") as writer:
        receipt = writer.append(packed.body, count=3, first_time_ns=100, last_time_ns=102, exec_mark=mark(0))
    (found,) = read(tmp_path / "s")
    assert (receipt.first_seq, receipt.last_seq, receipt.segment) == (1, 3, 1)
    assert (found.body, found.first_seq, found.last_seq, found.base_time_ns) == (packed.body, 1, 3, 100)
    assert found.block_hash == receipt.block_hash
    assert found.header.body_hash == sha256(packed.body).digest()
    assert found.header.exec_mark == mark(0)


def test_each_block_names_the_hash_of_the_block_before(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        genesis = writer.head_hash
        receipts = fill(writer, 5)
    blocks = read(tmp_path / "s")
    assert [b.header.previous_hash for b in blocks] == [genesis, *(r.block_hash for r in receipts[:-1])]


def test_the_genesis_hash_commits_to_the_session(tmp_path: Path) -> None:
    first = create(tmp_path / "a", session_id="0" * 32)
    second = create(tmp_path / "b", session_id="1" * 32)
    same = create(tmp_path / "c", session_id="0" * 32)
    assert first.head_hash != second.head_hash
    assert first.head_hash == same.head_hash
    for writer in (first, second, same):
        writer.close()


def test_a_session_continues_where_it_was_closed(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        fill(writer, 4)
        head, next_seq, time_ns = writer.head_hash, writer.next_seq, writer.last_time_ns
    with JournalWriter.open(tmp_path / "s") as writer:
        assert (writer.head_hash, writer.next_seq, writer.last_time_ns) == (head, next_seq, time_ns)
        assert writer.epoch == 2
        fill(writer, 4, seed=1)
    assert [b.header.epoch for b in read(tmp_path / "s")] == [1] * 4 + [2] * 4
    assert verify(tmp_path / "s").ok


def test_several_blocks_in_one_transaction_equal_the_same_blocks_one_by_one(tmp_path: Path) -> None:
    blocks = [pending(at_ns) for at_ns in (10, 20, 30)]
    with create(tmp_path / "a") as writer:
        together = writer.append_many(blocks)
    with create(tmp_path / "b") as writer:
        single = [writer.append_many([one])[0] for one in blocks]
    assert together == single


def test_reading_may_start_at_any_seq(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        fill(writer, 20)
        reader = JournalReader(tmp_path / "s")
        for seq in range(1, 61):
            first = next(reader.blocks(seq))
            assert first.first_seq <= seq <= first.last_seq
        assert [b.first_seq for b in reader.blocks(7, 13)] == [7, 10, 13]
        assert list(reader.blocks(61)) == []


def test_a_reader_sees_what_the_writer_has_committed(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        reader = JournalReader(tmp_path / "s")
        assert reader.head().head_hash == writer.head_hash
        for _ in range(10):
            fill(writer, 3)
            assert reader.head().head_hash == writer.head_hash
            assert reader.head().next_seq == writer.next_seq


def test_a_reader_follows_the_writer_from_segment_to_segment(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        fill(writer, 3)
        blocks = JournalReader(tmp_path / "s").blocks()
        assert next(blocks).first_seq == 1
        fill(writer, 40, record_bytes=20_000)
        assert writer.segment > 2
        assert [b.last_seq for b in blocks][-1] == writer.next_seq - 1


def test_readers_in_other_threads_keep_up_with_the_writer(tmp_path: Path) -> None:
    heads: list[int] = []
    stop = threading.Event()

    def follow() -> None:
        while not stop.is_set():
            heads.append(sum(b.count for b in JournalReader(tmp_path / "s").blocks()))

    with create(tmp_path / "s", durability="volatile") as writer:
        threads = [threading.Thread(target=follow) for _ in range(2)]
        for thread in threads:
            thread.start()
        fill(writer, 300, record_bytes=3_000)
        stop.set()
        for thread in threads:
            thread.join()
    assert heads
    assert max(heads) <= writer.next_seq - 1
    assert verify(tmp_path / "s").ok


def test_a_session_may_be_verified_while_it_is_written(tmp_path: Path) -> None:
    reports: list[VerifyReport] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            reports.append(verify(tmp_path / "s"))

    with create(tmp_path / "s", durability="volatile") as writer:
        thread = threading.Thread(target=watch)
        thread.start()
        fill(writer, 400, record_bytes=2_000)
        stop.set()
        thread.join()
    assert [finding for report in reports for finding in report.findings] == []
    assert reports[-1].last_seq > 0


def test_the_largest_block_wastes_no_page(tmp_path: Path) -> None:
    body = bytes(BODY_BYTES_MAX)
    assert BLOCK_BYTES_MAX + 16 == 16 * 4096
    with create(tmp_path / "s") as writer:
        writer.append(body, count=1, first_time_ns=1, last_time_ns=1, exec_mark=mark(0))
    assert read(tmp_path / "s")[0].body == body


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (PendingBlock(b"", 1, 1, 1, mark(0)), "0"),
        (PendingBlock(b"x" * (BODY_BYTES_MAX + 1), 1, 1, 1, mark(0)), "65321"),
        (PendingBlock(b"x", 0, 1, 1, mark(0)), "at least one record"),
        (PendingBlock(b"x", 1, 2, 1, mark(0)), "earlier than its base time"),
        (PendingBlock(b"x", 1, -1, 1, mark(0)), "earlier than its base time"),
        (PendingBlock(b"x", 1, 1, 1, b"short"), "80 bytes"),
    ],
)
def test_a_block_that_could_not_be_read_back_is_refused(tmp_path: Path, refused: PendingBlock, why: str) -> None:
    with create(tmp_path / "s") as writer:
        with pytest.raises(BlockRefused, match=why):
            writer.append_many([refused])
        assert writer.next_seq == 1
        fill(writer, 1)


def test_time_never_goes_back(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        writer.append_many([pending(1_000)])
        with pytest.raises(BlockRefused) as refused:
            writer.append_many([pending(2_000), pending(500)])
        assert refused.value.values == {"first_time_ns": 500, "last_time_ns": 2_002}
        assert writer.next_seq == 4


def test_a_session_is_only_created_in_an_empty_place(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(JournalExists):
        create(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["notes.txt"]
    create(tmp_path / "s").close()
    with pytest.raises(JournalExists):
        create(tmp_path / "s")


def test_no_session_is_no_session(tmp_path: Path) -> None:
    for opened in (JournalWriter.open, JournalReader, verify):
        with pytest.raises(JournalNotFound) as error:
            opened(tmp_path / "nothing")
        assert "session.json" in error.value.hint


def test_a_closed_writer_or_reader_says_so(tmp_path: Path) -> None:
    writer = create(tmp_path / "s")
    writer.close()
    writer.close()
    with pytest.raises(JournalClosed):
        fill(writer, 1)
    reader = JournalReader(tmp_path / "s")
    reader.close()
    with pytest.raises(JournalClosed):
        reader.head()


@pytest.mark.parametrize("option", [{"segment_bytes": 1000}, {"segment_bytes": (1 << 20) + 1}, {"session_id": "x"}])
def test_bad_options_are_refused_before_anything_is_written(tmp_path: Path, option: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"segment_bytes|session_id"):
        create(tmp_path / "s", **option)
    assert not (tmp_path / "s").exists()
