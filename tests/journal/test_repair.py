"""A torn tail: refused, repaired only when asked, exactly, with the evidence kept and the repair on record."""

from __future__ import annotations

from hashlib import sha256
from importlib import import_module
from pathlib import Path

import msgspec
import pytest

from crossbook.journal import (
    JournalReader,
    JournalWriter,
    PendingBlock,
    Record,
    pack_records,
    repair,
    repair_command,
    unpack_records,
    verify,
)
from crossbook.journal.errors import JournalDamaged, RepairPending, TornTail
from crossbook.journal.lmdb_file import LmdbFile
from tests.journal.support import PAGE_BYTES, create, data_file, fill, mark, pending, read


def crashed(path: Path, blocks: int = 6, record_bytes: int = 3_000) -> Path:
    """A session whose writer vanished; nothing is torn yet."""
    writer = create(path)
    fill(writer, blocks, record_bytes=record_bytes)
    writer.abandon()
    return path


def overwrite(file: Path, offset: int, data: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(offset)
        opened.write(data)


def tear(session: Path, block: int, *, keep_bytes: int = 4_000) -> None:
    """Leaves only the first bytes of a block (counted from 1) as written; the pages behind never reached the disk."""
    with LmdbFile(data_file(session)) as file:
        node = list(file.nodes(file.newest))[block - 1]
        at = node.overflow_page * PAGE_BYTES + 16
    overwrite(data_file(session), at + keep_bytes, bytes(node.value_bytes - keep_bytes))


def contents(path: Path) -> dict[str, str]:
    """Every file below a directory by its hash; LMDB's own lock file says nothing about the journal."""
    files = (p for p in path.rglob("*") if p.is_file() and p.name not in ("lock.mdb", "owner.lock"))
    return {str(p.relative_to(path)): sha256(p.read_bytes()).hexdigest() for p in files}


def repair_block(writer: JournalWriter, at_ns: int) -> PendingBlock:
    """The block that records the pending repair."""
    assert writer.pending_repair is not None
    command = msgspec.msgpack.encode(repair_command(writer.pending_repair))
    (packed,) = pack_records([Record(at_ns, 3, 0, 0, 0, command)])
    return packed.pending(mark(writer.next_seq - 1))


def test_a_torn_tail_is_refused_and_the_repair_named(tmp_path: Path) -> None:
    session = crashed(tmp_path / "s")
    tear(session, 6)
    before = contents(session)
    with pytest.raises(TornTail) as torn:
        JournalWriter.open(session)
    assert torn.value.code == "journal_torn_tail"
    assert "crossbook repair" in torn.value.hint
    assert torn.value.values == {"segment": 1, "first_seq": 16, "blocks": 1, "block": 6}
    report = verify(session)
    assert report.torn_tail
    assert report.exit_code == 1
    assert (report.last_seq, report.blocks) == (15, 5)
    assert contents(session) == before, "looking changes nothing"


def test_a_reader_gives_what_verifies_and_then_says_what_does_not(tmp_path: Path) -> None:
    session = crashed(tmp_path / "s")
    tear(session, 6)
    blocks = JournalReader(session).blocks()
    with pytest.raises(JournalDamaged) as damaged:
        list(blocks)
    assert damaged.value.values["first_seq"] == 16
    assert [block.last_seq for block in JournalReader(session).blocks(to_seq=14)] == [3, 6, 9, 12, 15]


def test_a_repair_drops_exactly_the_tail_and_is_the_next_record(tmp_path: Path) -> None:
    session = crashed(tmp_path / "s")
    kept = read(session)[:5]
    tear(session, 6)
    evidence = sha256(data_file(session).read_bytes()).hexdigest()

    report = repair(session)
    assert (report.segment, report.first_seq, report.blocks, report.evidence) == (1, 16, 1, evidence)
    assert report.side_file is not None
    assert report.side_file.name == f"{evidence}.mdb"
    assert sha256(report.side_file.read_bytes()).hexdigest() == evidence
    assert read(session) == kept

    with JournalWriter.open(session) as writer:
        assert writer.pending_repair is not None
        assert repair_command(writer.pending_repair) == (19, 16, 1, evidence)
        with pytest.raises(RepairPending) as waiting:
            writer.append_many([pending(10**6)])
        assert waiting.value.values == {"first_seq": 16, "blocks": 1, "evidence": evidence}
        assert writer.next_seq == 16
        writer.append_many([repair_block(writer, 10**6)])
        assert writer.pending_repair is None
        fill(writer, 2)
    blocks = read(session)
    assert blocks[:5] == kept
    (record,) = unpack_records(blocks[5].body, count=1, first_time_ns=blocks[5].base_time_ns)
    assert msgspec.msgpack.decode(record.command) == [19, 16, 1, evidence]
    assert verify(session).ok


def test_a_repair_stays_pending_until_it_is_recorded(tmp_path: Path) -> None:
    session = crashed(tmp_path / "s")
    tear(session, 6)
    repair(session)
    with JournalWriter.open(session):
        pass
    assert verify(session).repair is not None
    with JournalWriter.open(session) as writer:
        writer.append_many([repair_block(writer, 10**6)])
    assert verify(session).repair is None
    with JournalWriter.open(session) as writer:
        assert writer.pending_repair is None


def test_several_torn_blocks_are_one_tail(tmp_path: Path) -> None:
    session = crashed(tmp_path / "s")
    for block in (4, 5, 6):
        tear(session, block)
    with pytest.raises(TornTail) as torn:
        JournalWriter.open(session)
    assert (torn.value.values["first_seq"], torn.value.values["blocks"]) == (10, 3)
    assert repair(session).blocks == 3
    assert [b.last_seq for b in read(session)] == [3, 6, 9]


def test_a_file_cut_short_in_its_last_block_is_a_torn_tail(tmp_path: Path) -> None:
    session = crashed(tmp_path / "s")
    with LmdbFile(data_file(session)) as file:
        page = list(file.nodes(file.newest))[-1].overflow_page
        last = file.newest.last_page
    assert page + 2 == last, "the last block's three pages end the file"
    with data_file(session).open("r+b") as file_to_cut:
        file_to_cut.truncate((page + 1) * PAGE_BYTES + 100)
    assert repair(session).first_seq == 16
    assert [b.last_seq for b in read(session)] == [3, 6, 9, 12, 15]


def test_a_tree_page_of_the_last_transaction_that_was_never_written_is_a_torn_tail(tmp_path: Path) -> None:
    session = crashed(tmp_path / "s")
    with LmdbFile(data_file(session)) as file:
        assert file.newest.main.depth == 1
        root = file.newest.main.root
    overwrite(data_file(session), root * PAGE_BYTES, bytes(PAGE_BYTES))
    report = repair(session)
    assert (report.first_seq, report.blocks) == (16, 1)
    assert [b.last_seq for b in read(session)] == [3, 6, 9, 12, 15]


def test_the_only_block_of_a_session_may_be_torn(tmp_path: Path) -> None:
    session = crashed(tmp_path / "s", blocks=1)
    tear(session, 1)
    assert repair(session).first_seq == 1
    with JournalWriter.open(session) as writer:
        writer.append_many([repair_block(writer, 50)])
    assert verify(session).last_seq == 1


def test_an_interrupted_repair_is_simply_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = crashed(tmp_path / "s")
    tear(session, 6)

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("crossbook.journal.repair"), "write_manifest", stop)
    with pytest.raises(KeyboardInterrupt):
        repair(session)
    monkeypatch.undo()
    with pytest.raises(TornTail):
        JournalWriter.open(session)
    assert repair(session).blocks == 1
    assert verify(session).findings == []


# --- what is not a torn tail is never repaired ----------------------------------------------------------------------


def refused_untouched(session: Path) -> JournalDamaged:
    """Neither opening nor repairing accepts the journal, and neither changes a byte of it."""
    before = contents(session)
    errors = []
    for attempt in (JournalWriter.open, repair):
        with pytest.raises(JournalDamaged) as refused:
            attempt(session)
        assert not isinstance(refused.value, TornTail)
        errors.append(refused.value)
    assert contents(session) == before
    assert errors[0].values == errors[1].values
    return errors[0]


def test_a_damaged_block_with_whole_ones_behind_it_is_no_tail(tmp_path: Path) -> None:
    session = crashed(tmp_path / "s")
    tear(session, 4)
    error = refused_untouched(session)
    assert error.values == {"finding": "block_body_hash", "segment": 1, "block": 4, "first_seq": 10, "last_seq": 12}


def test_after_a_clean_close_nothing_can_be_torn(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        fill(writer, 6, record_bytes=3_000)
    tear(tmp_path / "s", 6)
    assert refused_untouched(tmp_path / "s").values["first_seq"] == 16


def test_a_whole_block_that_does_not_continue_the_chain_is_no_tail(tmp_path: Path) -> None:
    """Somebody replaced the last block by a block of another session: whole in itself, but not ours."""
    session, other = crashed(tmp_path / "s"), crashed(tmp_path / "other")
    writer = create(tmp_path / "third", session_id="a" * 32)
    fill(writer, 6, record_bytes=3_000)
    writer.abandon()
    with LmdbFile(data_file(tmp_path / "third")) as file:
        foreign = file.value(file.newest, list(file.nodes(file.newest))[-1])
    with LmdbFile(data_file(session)) as file:
        at = list(file.nodes(file.newest))[-1].overflow_page * PAGE_BYTES + 16
    overwrite(data_file(session), at, foreign)
    assert refused_untouched(session).values["finding"] == "block_previous_hash"
    assert verify(other).ok


def test_damage_to_a_sealed_segment_is_not_repaired_along_with_a_tail(tmp_path: Path) -> None:
    writer = create(tmp_path / "s")
    fill(writer, 30, record_bytes=20_000)
    assert writer.segment == 3
    writer.abandon()
    sealed = data_file(tmp_path / "s", 1)
    sealed.chmod(0o644)
    overwrite(sealed, 10 * PAGE_BYTES + 99, b"\x55\xaa")
    assert refused_untouched(tmp_path / "s").values["segment"] == 1


def test_a_healthy_journal_is_left_alone(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        fill(writer, 3)
    for session in (tmp_path / "s", crashed(tmp_path / "t")):
        before = contents(session)
        report = repair(session)
        assert (report.blocks, report.side_file) == (0, None)
        assert contents(session) == before
