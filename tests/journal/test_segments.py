"""Segments: rotation before the map is full, seals, and every way of putting segments together wrongly."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import lmdb
import pytest

from crossbook.journal import JournalReader, JournalWriter, verify
from crossbook.journal.errors import (
    ForeignFile,
    JournalDamaged,
    NewerFormat,
    NotAJournal,
    WrongSegment,
)
from crossbook.journal.manifests import SegmentFooter, SessionManifest, read_manifest, write_manifest
from crossbook.journal.segments import hash_file
from tests.journal.support import MIB, create, data_file, fill, mark, read


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Three sealed segments and a live one."""
    with create(tmp_path / "s") as writer:
        fill(writer, 42, record_bytes=20_000)
        assert writer.segment == 4
    return tmp_path / "s"


def test_a_segment_is_sealed_before_its_map_is_full(session: Path) -> None:
    segments = JournalReader(session).segments()
    assert [s.sealed for s in segments] == [True, True, True, False]
    for before, after in pairwise(segments):
        assert before.last_seq is not None
        assert after.first_seq == before.last_seq + 1
        assert data_file(session, before.number).stat().st_size <= MIB
    assert verify(session).ok


def test_a_footer_says_how_its_segment_ends(session: Path) -> None:
    footer, _ = read_manifest(session / "segments/000001/footer.json", SegmentFooter)
    blocks = [b for b in read(session) if b.segment == 1]
    assert (footer.first_seq, footer.last_seq, footer.blocks) == (1, blocks[-1].last_seq, len(blocks))
    assert footer.first_hash == blocks[0].block_hash.hex()
    assert footer.head_hash == blocks[-1].block_hash.hex()
    assert (footer.data_bytes, footer.data_sha256) == hash_file(data_file(session, 1))
    assert bytes.fromhex(footer.exec_mark) == mark(footer.last_seq), "the next block's mark is the final one"


def test_sealed_files_may_not_be_written(session: Path) -> None:
    for name in ("data.mdb", "opening.json", "footer.json"):
        assert (session / "segments/000002" / name).stat().st_mode & 0o222 == 0
    assert not (session / "segments/000002/lock.mdb").exists()


def test_a_rotation_on_request_seals_with_the_mark_it_is_given(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        writer.rotate()
        assert writer.segment == 1, "an empty segment is not sealed"
        fill(writer, 2)
        writer.rotate(exec_mark=mark(6))
        assert writer.segment == 2
        fill(writer, 2)
    footer, _ = read_manifest(tmp_path / "s/segments/000001/footer.json", SegmentFooter)
    assert bytes.fromhex(footer.exec_mark) == mark(6)
    assert verify(tmp_path / "s").blocks == 4


def test_a_stop_between_sealing_and_the_next_segment_is_made_good(session: Path) -> None:
    with JournalWriter.open(session) as writer:
        writer.rotate()
        writer.abandon()
    shutil.rmtree(session / "segments/000005")
    with JournalWriter.open(session) as writer:
        assert writer.segment == 5
        fill(writer, 1)
    assert verify(session).ok


def test_a_segment_left_half_made_is_cleared_away(session: Path) -> None:
    (session / "segments/000005.tmp").mkdir()
    (session / "segments/000005.tmp/data.mdb").write_bytes(b"half")
    assert verify(session).ok
    JournalWriter.open(session).close()
    assert not (session / "segments/000005.tmp").exists()


def test_a_journal_may_be_limited_to_its_live_segment_when_opening(session: Path) -> None:
    data_file(session, 1).chmod(0o644)
    with data_file(session, 1).open("r+b") as file:
        file.seek(3 * 4096 + 500)
        file.write(b"\xff")
    with pytest.raises(JournalDamaged) as damaged:
        JournalWriter.open(session)
    assert damaged.value.values["segment"] == 1
    JournalWriter.open(session, check_sealed=False).close()


# --- segments put together wrongly ----------------------------------------------------------------------------------


def refused_by_all(session: Path, kind: type[JournalDamaged]) -> JournalDamaged:
    """The writer and the reader refuse with the same error, verification lists it; nothing is changed."""
    with pytest.raises(kind) as by_writer:
        JournalWriter.open(session)
    with pytest.raises(kind) as by_reader:
        list(JournalReader(session).blocks())
    assert by_writer.value.code == by_reader.value.code
    assert not verify(session).ok
    assert by_writer.value.hint
    return by_writer.value


def test_a_missing_segment_in_the_middle_is_named(session: Path) -> None:
    shutil.rmtree(session / "segments/000002")
    error = refused_by_all(session, WrongSegment)
    assert error.code == "journal_wrong_segment"
    assert error.values["segment"] == 2


def test_a_missing_last_segment_is_named_after_a_clean_close(session: Path) -> None:
    shutil.rmtree(session / "segments/000004")
    assert refused_by_all(session, WrongSegment).values["segment"] == 4


def test_a_missing_data_file_is_named(session: Path) -> None:
    data_file(session, 3).unlink()
    assert refused_by_all(session, WrongSegment).values["segment"] == 3


def test_swapped_segments_are_named(session: Path) -> None:
    segments = session / "segments"
    (segments / "000001").rename(segments / "x")
    (segments / "000002").rename(segments / "000001")
    (segments / "x").rename(segments / "000002")
    assert refused_by_all(session, WrongSegment).values["segment"] == 1


def test_a_segment_of_another_session_is_named(session: Path, tmp_path: Path) -> None:
    with create(tmp_path / "other", session_id="f" * 32) as writer:
        fill(writer, 42, record_bytes=20_000)
    shutil.rmtree(session / "segments/000002")
    shutil.copytree(tmp_path / "other/segments/000002", session / "segments/000002")
    error = refused_by_all(session, WrongSegment)
    assert error.values["segment"] == 2
    assert "f" * 32 in str(error)


def test_data_of_another_session_under_the_right_manifests_is_refused(session: Path, tmp_path: Path) -> None:
    with create(tmp_path / "other", session_id="f" * 32) as writer:
        fill(writer, 42, record_bytes=20_000)
    data_file(session, 2).unlink()
    shutil.copy(data_file(tmp_path / "other", 2), data_file(session, 2))
    assert refused_by_all(session, JournalDamaged).values["finding"] == "block_previous_hash"


def test_a_foreign_lmdb_file_in_a_segment_is_refused_untouched(session: Path) -> None:
    live = data_file(session, 4)
    live.unlink()
    (live.parent / "lock.mdb").unlink()
    with lmdb.open(str(live.parent), map_size=10 * MIB) as foreign, foreign.begin(write=True) as transaction:
        transaction.put(b"somebody", b"else's data")
    before = live.read_bytes()
    (session / "closing.json").unlink()
    assert refused_by_all(session, ForeignFile).code == "journal_foreign_file"
    assert live.read_bytes() == before


def test_a_foreign_lmdb_directory_is_no_session(tmp_path: Path) -> None:
    lmdb.open(str(tmp_path / "env")).close()
    for opened in (JournalWriter.open, JournalReader, verify):
        with pytest.raises(NotAJournal, match="another program"):
            opened(tmp_path / "env")


def test_a_file_that_is_not_lmdb_at_all_is_refused(session: Path) -> None:
    data_file(session, 4).write_bytes(b"not a database" * 1000)
    error = refused_by_all(session, JournalDamaged)
    assert error.values["finding"] == "lmdb_magic"


def test_a_foreign_file_among_the_segments_is_named(session: Path) -> None:
    (session / "segments/readme.txt").write_text("hello")
    assert "readme.txt" in str(refused_by_all(session, ForeignFile))


# --- formats --------------------------------------------------------------------------------------------------------


def test_a_journal_of_a_newer_format_has_its_own_error(session: Path) -> None:
    manifest, _ = read_manifest(session / "session.json", SessionManifest)
    write_manifest(
        session / "session.json", SessionManifest(2, manifest.id, manifest.created_ns, manifest.segment_bytes)
    )
    for opened in (JournalWriter.open, JournalReader, verify):
        with pytest.raises(NewerFormat) as newer:
            opened(session)
        assert newer.value.code == "journal_format_newer"
        assert (newer.value.values["format"], newer.value.values["supported"]) == (2, 1)
        assert "newer crossbook" in newer.value.hint


def test_a_block_of_a_newer_format_has_the_same_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with create(tmp_path / "s") as writer:
        fill(writer, 2)
        with monkeypatch.context() as future:
            future.setattr("crossbook.journal.chain.JOURNAL_FORMAT", 7)
            fill(writer, 1)
    for read_all in (lambda: list(JournalReader(tmp_path / "s").blocks()), lambda: JournalWriter.open(tmp_path / "s")):
        with pytest.raises(NewerFormat) as newer:
            read_all()
        assert newer.value.values["format"] == 7


def test_a_session_file_that_is_not_ours_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "session.json").write_text('{"name": "my editor session"}')
    with pytest.raises(NotAJournal):
        JournalReader(tmp_path)
