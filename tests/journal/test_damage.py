"""Every single-bit flip and every truncation: detected, named by segment and seq, and never a crash of the process.

A closed session is covered to the last bit. After a crash there is no closing.json, and the file holds bytes that carry
nothing (free pages, slack): a flip there may go unnoticed, and then every byte of every block is proven to be the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crossbook.journal import Block, Finding, JournalReader, JournalWriter, verify
from crossbook.journal.errors import JournalError
from crossbook.journal.lmdb_file import META_BYTES, LmdbFile
from crossbook.journal.manifests import (
    SegmentFooter,
    SegmentOpening,
    SessionClosing,
    SessionManifest,
    decode_manifest,
)
from tests.journal.support import PAGE_BYTES, create, data_file, fill, flipped, read

SAMPLE = 400
KINDS: dict[str, type] = {
    "session.json": SessionManifest,
    "closing.json": SessionClosing,
    "opening.json": SegmentOpening,
    "footer.json": SegmentFooter,
}


def close_it(writer: JournalWriter) -> None:
    writer.close()


def crash_it(writer: JournalWriter) -> None:
    writer.abandon()


def seal_it(writer: JournalWriter) -> None:
    writer.rotate()
    writer.abandon()


ENDINGS = pytest.mark.parametrize("end", [close_it, crash_it, seal_it])


def session_of(path: Path, end: Callable[[JournalWriter], None], *, record_bytes: int = 100) -> Path:
    writer = create(path)
    fill(writer, 6, record_bytes=record_bytes)
    if end is seal_it:
        fill(writer, 1)
    end(writer)
    return path


def findings(session: Path) -> list[Finding]:
    """What verification says, where a session file that cannot be read at all counts as one finding."""
    try:
        return verify(session).findings
    except JournalError as error:
        return [Finding(error.code, error.message)]


def assert_named(found: list[Finding], bit: int) -> None:
    assert found, f"bit {bit} was accepted silently"
    assert found[0].segment == 1
    assert found[0].first_seq is not None
    assert found[0].message


def assert_refused(session: Path, bit: int) -> None:
    """The writer refuses too; the reader may go on only if every block it gives is what it was."""
    with pytest.raises(JournalError):
        JournalWriter.open(session)
    assert bit >= 0


def sampled(data: Path, seed: int, count: int = SAMPLE) -> list[int]:
    return random.Random(seed).sample(range(data.stat().st_size * 8), count)


def meta_bits() -> Iterator[int]:
    for page in (0, 1):
        yield from range(page * PAGE_BYTES * 8, (page * PAGE_BYTES + META_BYTES) * 8)


# --- closed cleanly, and sealed: every bit --------------------------------------------------------------------------


@pytest.mark.parametrize("end", [close_it, seal_it])
def test_any_flip_in_a_closed_or_sealed_file_is_detected(tmp_path: Path, end: Callable[[JournalWriter], None]) -> None:
    session = session_of(tmp_path / "s", end)
    data = data_file(session)
    for bit in [*meta_bits(), *sampled(data, seed=1)]:
        with flipped(data, bit):
            assert_named(findings(session), bit)
    assert findings(session) == []


@pytest.mark.parametrize("end", [close_it, seal_it])
def test_the_writer_refuses_what_verification_finds(tmp_path: Path, end: Callable[[JournalWriter], None]) -> None:
    session = session_of(tmp_path / "s", end)
    data = data_file(session)
    for bit in sampled(data, seed=2, count=60):
        with flipped(data, bit):
            assert_refused(session, bit)
    JournalWriter.open(session).close()


# --- after a crash: every bit that carries content ------------------------------------------------------------------


@pytest.mark.parametrize("record_bytes", [20, 400, 6_000])
def test_a_flip_after_a_crash_is_detected_or_changes_nothing(tmp_path: Path, record_bytes: int) -> None:
    session = session_of(tmp_path / "s", crash_it, record_bytes=record_bytes)
    data = data_file(session)
    blocks = read(session)
    detected = 0
    for bit in [*meta_bits(), *sampled(data, seed=record_bytes)]:
        with flipped(data, bit):
            found = findings(session)
            if found:
                assert_named(found, bit)
                detected += 1
            else:
                assert read(session) == blocks, f"bit {bit} changed a block unseen"
    assert detected > SAMPLE // 3


def test_every_bit_of_a_block_is_covered_after_a_crash(tmp_path: Path) -> None:
    """Exhaustive: the header and the body of the newest block, which no later hash protects."""
    session = session_of(tmp_path / "s", crash_it, record_bytes=1_000)
    data = data_file(session)
    with LmdbFile(data) as file:
        node = list(file.nodes(file.newest))[-1]
    start = (node.overflow_page * PAGE_BYTES + 16) * 8
    header, body = range(start, start + 200 * 8), range(start + 200 * 8, start + node.value_bytes * 8, 31)
    for bit in [*header, *body]:
        with flipped(data, bit):
            found = findings(session)
            assert_named(found, bit)
            assert (found[0].block, found[0].first_seq) == (6, 16)


def test_a_flip_names_the_block_it_is_in(tmp_path: Path) -> None:
    session = session_of(tmp_path / "s", close_it, record_bytes=1_000)
    data = data_file(session)
    with LmdbFile(data) as file:
        nodes = list(file.nodes(file.newest))
    rng = random.Random(3)
    for ordinal, node in enumerate(nodes, start=1):
        start = node.overflow_page * PAGE_BYTES + 16
        for _ in range(10):
            with flipped(data, rng.randrange(start * 8, (start + node.value_bytes) * 8)):
                (found,) = findings(session)
                assert (found.segment, found.block) == (1, ordinal)
                assert (found.first_seq, found.last_seq) == (ordinal * 3 - 2, ordinal * 3) or ordinal == 6
                with pytest.raises(JournalError) as by_reader:
                    read(session)
                assert by_reader.value.values["first_seq"] == ordinal * 3 - 2


def test_the_last_commit_cannot_be_rolled_back_by_a_flipped_transaction_number(tmp_path: Path) -> None:
    """Without the check of both trees, one bit would make liblmdb take the older meta page and drop a block."""
    session = session_of(tmp_path / "s", crash_it)
    data = data_file(session)
    with LmdbFile(data) as file:
        slots = (file.newest.slot, file.older.slot)
    for slot in slots:
        txn_at = slot * PAGE_BYTES + META_BYTES - 8
        for bit in range(txn_at * 8, (txn_at + 8) * 8):
            with flipped(data, bit):
                assert_named(findings(session), bit)
                assert_refused(session, bit)


def test_flips_in_a_tree_of_several_levels(tmp_path: Path) -> None:
    """Many small blocks: branch pages, a free list, splits."""
    writer = create(tmp_path / "s", durability="volatile")
    fill(writer, 600, record_bytes=10, records=1)
    writer.abandon()
    data = data_file(tmp_path / "s")
    blocks = read(tmp_path / "s")
    with LmdbFile(data) as file:
        assert file.newest.main.depth == 2
        pages = [file.newest.main.root, file.newest.free.root, *file.older.main[-1:], 0, 1]
    rng = random.Random(4)
    bits = [(page * PAGE_BYTES + rng.randrange(200)) * 8 + rng.randrange(8) for page in pages for _ in range(12)]
    for bit in bits:
        with flipped(data, bit):
            found = findings(tmp_path / "s")
            if not found:
                assert read(tmp_path / "s") == blocks
            else:
                assert_named(found, bit)


# --- the small files ------------------------------------------------------------------------------------------------


def test_any_flip_in_a_small_file_is_detected(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        fill(writer, 2)
        writer.rotate()
        fill(writer, 1)
    small = sorted((tmp_path / "s").rglob("*.json"))
    assert [p.name for p in small] == ["closing.json", "footer.json", "opening.json", "opening.json", "session.json"]
    for path in small:
        whole = path.read_bytes()
        kind = KINDS[path.name]
        for bit in range(len(whole) * 8):
            damaged = bytearray(whole)
            damaged[bit // 8] ^= 1 << bit % 8
            with pytest.raises(JournalError):
                decode_manifest(bytes(damaged), kind, path)
        for bit in range(0, len(whole) * 8, 11):
            with flipped(path, bit):
                found = findings(tmp_path / "s")
                assert found, f"bit {bit} of {path.name} was accepted silently"
                assert path.name == "session.json" or (found[0].segment and found[0].first_seq)
    assert findings(tmp_path / "s") == []


# --- truncations ----------------------------------------------------------------------------------------------------


def truncations(length: int) -> list[int]:
    rng = random.Random(5)
    return sorted({*range(0, length, PAGE_BYTES), *rng.sample(range(length), 60), length - 1})


@ENDINGS
def test_any_truncation_is_detected(tmp_path: Path, end: Callable[[JournalWriter], None]) -> None:
    session = session_of(tmp_path / "s", end, record_bytes=3_000)
    data = data_file(session)
    data.chmod(0o644)
    whole = data.read_bytes()
    for length in truncations(len(whole)):
        data.write_bytes(whole[:length])
        assert_named(findings(session), length)
        assert_refused(session, length)
        assert blocks_or_error(session) is not None
    data.write_bytes(whole)
    assert findings(session) == []


def test_a_truncated_small_file_is_detected(tmp_path: Path) -> None:
    session = session_of(tmp_path / "s", close_it)
    for path in sorted(session.rglob("*.json")):
        whole = path.read_bytes()
        for length in range(0, len(whole), 5):
            path.write_bytes(whole[:length])
            assert findings(session)
        path.write_bytes(whole)
    assert findings(session) == []


def blocks_or_error(session: Path) -> list[Block] | JournalError:
    try:
        return read(session)
    except JournalError as error:
        return error


# --- an older copy --------------------------------------------------------------------------------------------------


def test_an_older_copy_of_the_file_is_detected_after_a_clean_close(tmp_path: Path) -> None:
    writer = create(tmp_path / "s")
    fill(writer, 3)
    older = data_file(tmp_path / "s").read_bytes()
    fill(writer, 3)
    writer.close()
    data_file(tmp_path / "s").write_bytes(older)
    assert_named(findings(tmp_path / "s"), 0)
    with pytest.raises(JournalError, match="closed at 19"):
        list(JournalReader(tmp_path / "s").blocks())


def test_an_older_copy_is_detected_by_a_receipt_kept_elsewhere(tmp_path: Path) -> None:
    writer = create(tmp_path / "s")
    fill(writer, 3)
    older = data_file(tmp_path / "s").read_bytes()
    receipt = fill(writer, 3)[-1]
    writer.abandon()
    anchor = (receipt.last_seq, receipt.block_hash)
    assert verify(tmp_path / "s", anchor=anchor).ok
    data_file(tmp_path / "s").write_bytes(older)
    assert verify(tmp_path / "s").ok, "by itself it is a whole journal"
    (finding,) = verify(tmp_path / "s", anchor=anchor).findings
    assert finding.code == "anchor"
