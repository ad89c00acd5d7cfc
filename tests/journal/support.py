"""Journals for the scenarios: small, seeded, always the same bytes for the same seed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import crossbook
from crossbook.journal import (
    EXEC_MARK_GENESIS,
    Block,
    BlockReceipt,
    JournalReader,
    JournalWriter,
    PackedBlock,
    PendingBlock,
    Record,
    pack_records,
)

SESSION_ID = "5e551040" * 4
CREATED_NS = 1_700_000_000_000_000_000
MIB = 1 << 20
PAGE_BYTES = 4096


def command(text: bytes) -> bytes:
    """A command as the journal sees it: some canonical msgpack array. This one is RegisterAuthor with a long name."""
    return b"\x94\x12\x01\xa1v" + b"\xc5" + len(text).to_bytes(2, "big") + text


def block(*, record_bytes: int = 40, records: int = 3, at_ns: int = 0, seed: int = 0) -> PackedBlock:
    """One packed block of seeded records, the first at `at_ns`."""
    rng = random.Random(seed)
    made = list(
        pack_records(Record(at_ns + k, 0, 0, 0, 0, command(rng.randbytes(record_bytes))) for k in range(records))
    )
    assert len(made) == 1
    return made[0]


def mark(seq: int) -> bytes:
    """An exec mark; the journal does not look inside."""
    return seq.to_bytes(8, "little") + bytes(72)


def create(path: Path, **options: object) -> JournalWriter:
    options = {"segment_bytes": MIB, "session_id": SESSION_ID, "created_ns": CREATED_NS, **options}
    return JournalWriter.create(path, **options)  # type: ignore[arg-type]


def fill(
    writer: JournalWriter, blocks: int, *, record_bytes: int = 40, records: int = 3, seed: int = 0
) -> list[BlockReceipt]:
    """Appends that many blocks, each committed by itself."""
    receipts = []
    for number in range(blocks):
        packed = block(
            record_bytes=record_bytes, records=records, at_ns=writer.last_time_ns + 10, seed=seed * 10_000 + number
        )
        receipts += writer.append_many([packed.pending(mark(writer.next_seq - 1))])
    return receipts


def pending(at_ns: int, **options: int) -> PendingBlock:
    return block(at_ns=at_ns, **options).pending(EXEC_MARK_GENESIS)


def read(path: Path) -> list[Block]:
    return list(JournalReader(path).blocks())


def data_file(path: Path, segment: int = 1) -> Path:
    return path / "segments" / f"{segment:06d}" / "data.mdb"


@contextmanager
def flipped(path: Path, bit: int) -> Iterator[None]:
    """The file with one bit flipped, for the duration."""
    path.chmod(0o644)
    descriptor = os.open(path, os.O_RDWR)
    try:
        byte = os.pread(descriptor, 1, bit // 8)
        os.pwrite(descriptor, bytes([byte[0] ^ (1 << bit % 8)]), bit // 8)
        yield
        os.pwrite(descriptor, byte, bit // 8)
    finally:
        os.close(descriptor)


def environment() -> dict[str, str]:
    """The environment of a child process that must find this very package."""
    source = str(Path(crossbook.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([source, str(Path(__file__).parents[2])])}


def child(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process that runs a script, its output to be read line by line."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        env=environment(),
    )
