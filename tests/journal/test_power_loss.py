"""A power failure in the middle of a commit, played on the file: any of the commit's sectors may have reached the disk.

The file is kept after every commit. Between two commits LMDB first writes pages, waits for the disk, and then writes
one meta page. So a durable writer can leave the old file with any of the new sectors in it, all of them without the new
meta page, or the new file. A volatile writer does not wait, and may leave the new meta page without its pages.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from crossbook.journal import Block, JournalWriter, repair, verify
from crossbook.journal.errors import JournalDamaged, TornTail
from tests.journal.support import PAGE_BYTES, create, data_file, fill, read

SECTOR_BYTES = 512
META_BYTES = 2 * PAGE_BYTES
SIZES = (20, 300, 1_500, 6_000)


def history(session: Path, commits: int) -> tuple[list[bytes], list[Block]]:
    """The file after each commit, from none to all, and the blocks in the end. The session is left as by a crash."""
    writer = create(session)
    files = [data_file(session).read_bytes()]
    for number in range(commits):
        fill(writer, 1, record_bytes=SIZES[number % len(SIZES)], seed=number)
        files.append(data_file(session).read_bytes())
    writer.abandon()
    return files, read(session)


def changed_sectors(before: bytes, after: bytes) -> list[int]:
    padded = before.ljust(len(after), b"\0")
    return [
        at
        for at in range(META_BYTES, len(after), SECTOR_BYTES)
        if padded[at : at + SECTOR_BYTES] != after[at : at + SECTOR_BYTES]
    ]


def torn(before: bytes, after: bytes, rng: random.Random, *, meta: bool) -> bytes:
    """The file with a random choice of the new sectors, and with the old or the new meta pages."""
    length = rng.choice([len(before), len(after), rng.randrange(len(before), len(after) + 1)])
    file = bytearray(before.ljust(length, b"\0"))
    share = rng.choice([0.1, 0.5, 0.9, 1.0])
    for at in changed_sectors(before, after):
        if rng.random() < share and at + SECTOR_BYTES <= length:
            file[at : at + SECTOR_BYTES] = after[at : at + SECTOR_BYTES]
    if meta:
        file[:META_BYTES] = after[:META_BYTES]
    return bytes(file)


def test_a_durable_commit_cut_off_anywhere_leaves_what_was_acknowledged(tmp_path: Path) -> None:
    session, rng = tmp_path / "s", random.Random(1)
    files, blocks = history(session, 40)
    for number in range(40):
        for _ in range(6):
            data_file(session).write_bytes(torn(files[number], files[number + 1], rng, meta=False))
            report = verify(session)
            assert report.findings == []
            assert report.blocks == number, "exactly the acknowledged blocks"
    assert [block.last_seq for block in blocks] == [3 * number for number in range(1, 41)]


def test_a_writer_continues_after_a_durable_commit_was_cut_off(tmp_path: Path) -> None:
    rng = random.Random(2)
    for number in range(12):
        session = tmp_path / f"s{number}"
        files, blocks = history(session, 12)
        data_file(session).write_bytes(torn(files[number], files[number + 1 if number < 12 else 12], rng, meta=False))
        with JournalWriter.open(session) as writer:
            assert writer.next_seq == 3 * number + 1
            fill(writer, 6, record_bytes=2_000, seed=77)
        assert read(session)[:number] == blocks[:number]
        assert verify(session).ok


def test_a_volatile_commit_cut_off_is_whole_torn_or_refused_but_never_wrong(tmp_path: Path) -> None:
    session, rng = tmp_path / "s", random.Random(3)
    files, blocks = history(session, 24)
    outcomes = {"whole": 0, "torn": 0, "refused": 0}
    for number in range(24):
        for _ in range(5):
            data_file(session).write_bytes(torn(files[number], files[number + 1], rng, meta=True))
            report = verify(session)
            if report.ok:
                assert read(session) == blocks[: number + 1]
                outcomes["whole"] += 1
            elif report.torn_tail:
                with pytest.raises(TornTail):
                    JournalWriter.open(session)
                assert repair(session).first_seq == 3 * number + 1
                assert read(session) == blocks[:number]
                (session / "repair.json").unlink()
                outcomes["torn"] += 1
            else:
                with pytest.raises(JournalDamaged):
                    JournalWriter.open(session)
                outcomes["refused"] += 1
    assert min(outcomes["whole"], outcomes["torn"]) > 10
