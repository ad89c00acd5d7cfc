"""Journal figures: durable commits, group commit, cold verification. Prints one line each; `--json` for machines.

    python benches/journal.py [--directory DIR] [--seconds S] [--json]

The directory decides which disk is measured; a tmpfs measures no disk at all.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from crossbook.journal import (
    BODY_BYTES_MAX,
    EXEC_MARK_GENESIS,
    JournalReader,
    JournalWriter,
    PendingBlock,
    PipelinedWriter,
    verify,
)

MIB = 1 << 20
SMALL_BODY = 400


def pending(body_bytes: int, at_ns: int) -> PendingBlock:
    """A block as large as asked for; its body is not decoded by anything that is measured here."""
    return PendingBlock(os.urandom(body_bytes), max(1, body_bytes // 40), at_ns, at_ns, EXEC_MARK_GENESIS)


def blocks(body_bytes: int, count: int) -> list[PendingBlock]:
    """Blocks made beforehand, so that making them is not measured."""
    return [pending(body_bytes, at_ns) for at_ns in range(1, count + 1)]


def durable_commits(directory: Path, *, body_bytes: int, seconds: float) -> dict[str, float]:
    """One durable commit after the other: what a caller that waits for each receipt gets."""
    ready = blocks(body_bytes, 200)
    latencies_ns: list[int] = []
    with JournalWriter.create(directory) as writer:
        started = time.perf_counter_ns()
        while time.perf_counter_ns() - started < seconds * 1e9:
            at_ns = len(latencies_ns) + 1
            one = ready[at_ns % len(ready)]
            before = time.perf_counter_ns()
            writer.append_many([PendingBlock(one.body, one.count, at_ns, at_ns, one.exec_mark)])
            latencies_ns.append(time.perf_counter_ns() - before)
        elapsed_s = (time.perf_counter_ns() - started) / 1e9
    latencies_ns.sort()
    return {
        "commits_per_s": len(latencies_ns) / elapsed_s,
        "p50_us": statistics.median(latencies_ns) / 1e3,
        "p99_us": latencies_ns[len(latencies_ns) * 99 // 100] / 1e3,
        "max_us": latencies_ns[-1] / 1e3,
        "mib_per_s": len(latencies_ns) * (body_bytes + 200) / MIB / elapsed_s,
    }


def raw_fsync(directory: Path, *, seconds: float) -> dict[str, float]:
    """What the disk allows: a 64 KiB write and an fdatasync, again and again, without any journal."""
    directory.mkdir()
    page = os.urandom(65_536)
    descriptor = os.open(directory / "probe", os.O_WRONLY | os.O_CREAT)
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        os.write(descriptor, page)
        os.fdatasync(descriptor)
        count += 1
    elapsed_s = time.perf_counter() - started
    os.close(descriptor)
    return {"syncs_per_s": count / elapsed_s}


def group_commit(directory: Path, *, body_bytes: int, seconds: float) -> dict[str, float]:
    """Blocks appended without waiting; each future is done when its own fsync is."""
    ready = blocks(body_bytes, 200)
    with JournalWriter.create(directory) as writer, PipelinedWriter(writer) as pipeline:
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < seconds:
            count += 1
            one = ready[count % len(ready)]
            last = pipeline.append(PendingBlock(one.body, one.count, count, count, one.exec_mark))
        last.result()
        elapsed_s = time.perf_counter() - started
    return {"blocks_per_s": count / elapsed_s, "mib_per_s": count * (body_bytes + 200) / MIB / elapsed_s}


def drop_from_cache(path: Path) -> None:
    """Asks the operating system to forget the pages of every file, so that reading them is cold."""
    for file in path.rglob("data.mdb"):
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def reading(directory: Path, *, body_bytes: int, size_bytes: int) -> dict[str, float]:
    """Verification and plain reading of a session, both cold."""
    ready = blocks(body_bytes, 64)
    with JournalWriter.create(directory, durability="volatile") as writer:
        at_ns = 0
        while at_ns * (body_bytes + 200) < size_bytes:
            group = []
            for one in ready:
                at_ns += 1
                group.append(PendingBlock(one.body, one.count, at_ns, at_ns, one.exec_mark))
            writer.append_many(group)
    length = sum(file.stat().st_size for file in directory.rglob("data.mdb"))
    figures = {"mib": length / MIB, "blocks": float(at_ns)}
    for name, work in (
        ("verify", lambda: verify(directory).ok),
        ("read", lambda: all(JournalReader(directory).blocks())),
    ):
        drop_from_cache(directory)
        started = time.perf_counter()
        if not work():
            raise SystemExit(f"{name}: the session does not verify")
        figures[f"{name}_mib_per_s"] = length / MIB / (time.perf_counter() - started)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, default=None, help="where to write; a temporary directory by default")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each measurement runs")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    options = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="crossbook-bench-", dir=options.directory))
    try:
        figures = {
            "fdatasync of 64 KiB, no journal": raw_fsync(base / "raw", seconds=options.seconds / 3),
            "durable, 65,520-byte blocks": durable_commits(
                base / "large", body_bytes=BODY_BYTES_MAX, seconds=options.seconds
            ),
            "durable, 600-byte blocks": durable_commits(base / "small", body_bytes=SMALL_BODY, seconds=options.seconds),
            "group commit, 65,520-byte blocks": group_commit(
                base / "group-large", body_bytes=BODY_BYTES_MAX, seconds=options.seconds
            ),
            "group commit, 600-byte blocks": group_commit(
                base / "group-small", body_bytes=SMALL_BODY, seconds=options.seconds
            ),
            "cold, 65,520-byte blocks": reading(base / "cold-large", body_bytes=BODY_BYTES_MAX, size_bytes=256 * MIB),
            "cold, 600-byte blocks": reading(base / "cold-small", body_bytes=SMALL_BODY, size_bytes=32 * MIB),
        }
    finally:
        shutil.rmtree(base, ignore_errors=True)
    if options.json:
        json.dump(figures, sys.stdout, indent=2)
        return
    for name, values in figures.items():
        print(f"{name:34}", "  ".join(f"{key} {value:,.0f}" for key, value in values.items()))


if __name__ == "__main__":
    main()
