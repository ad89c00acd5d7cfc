"""kill -9 at random moments: what was acknowledged is in the journal, the chain verifies, the venue goes on.

A child opens a durable venue, submits batches of random sizes, and after each receipt writes one line: the last seq and
the block hash. The parent kills it after a random time and holds the journal against the lines it saw.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from tests.python.worlds import make_venue

from crossbook import Venue
from crossbook.journal import JournalReader, verify
from crossbook.replay import replay

KILLS = 50
SEGMENT_BYTES = 1 << 20

CHILD = textwrap.dedent(
    """
    import random, sys
    from crossbook import Venue
    from crossbook.commands import Cancel, OrderKind, Place, Side
    rng = random.Random(int(sys.argv[2]))
    with Venue.open(sys.argv[1], snapshot_interval=2_000) as venue:
        print("open", venue.seq, flush=True)
        while True:
            batch = [
                Place(rng.randint(1, 4), 1, Side(rng.randint(1, 2)), OrderKind.LIMIT, 128_000 + rng.randint(-9, 9), 1)
                if rng.random() < 0.7 else Cancel(rng.randint(1, 4), rng.randint(1, 5_000))
                for _ in range(rng.choice((1, 1, 3, 50, 4_000)))
            ]
            receipt = venue.submit(batch)
            print(receipt.last_seq, receipt.block_hash.hex(), flush=True)
    """
)


def run_and_kill(path: Path, *, seed: int, after_s: float) -> tuple[int, list[tuple[int, bytes]]]:
    """The seq the child opened at, and every receipt it was seen to acknowledge before it was killed."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), str(seed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    opened = child.stdout.readline().split()
    assert opened[:1] == [b"open"], child.stderr and child.stderr.read().decode()
    time.sleep(after_s)
    child.send_signal(signal.SIGKILL)
    out, err = child.communicate()
    assert child.returncode == -signal.SIGKILL, err.decode()
    lines = [line.split() for line in out.splitlines(keepends=True) if line.endswith(b"\n")]
    return int(opened[1]), [(int(seq), bytes.fromhex(block_hash.decode())) for seq, block_hash in lines]


def test_nothing_acknowledged_is_lost_in_fifty_kills(tmp_path: Path) -> None:
    path, rng = tmp_path / "venue", random.Random(20)
    make_venue(path, accounts=4, durability="durable", check_invariants=False, segment_bytes=SEGMENT_BYTES).close()
    acknowledged: dict[int, bytes] = {}
    for kill in range(KILLS):
        opened_at, receipts = run_and_kill(path, seed=kill, after_s=rng.uniform(0.0, 0.12))
        assert opened_at >= max(acknowledged, default=0), "the venue reopened behind what it had acknowledged"
        acknowledged |= dict(receipts)
        report = verify(path)
        assert report.ok, report.findings
        assert report.last_seq >= max(acknowledged, default=0)
    with JournalReader(path) as reader:
        in_journal = {block.last_seq: block.block_hash for block in reader.blocks()}
    assert len(acknowledged) > KILLS
    assert acknowledged.items() <= in_journal.items()
    with Venue.open(path) as venue:
        assert venue.tick().ok
        root, digest = venue.state_root, venue.event_digest
        assert replay(path, seq=venue.seq).state_root == root
        assert replay(path, seq=venue.seq).event_digest == digest


@pytest.mark.parametrize("durability", ["pipelined", "volatile"])
def test_weaker_durabilities_lose_at_most_a_tail_when_the_process_dies(tmp_path: Path, durability: str) -> None:
    path = tmp_path / "venue"
    make_venue(path, accounts=4, durability="durable", check_invariants=False).close()
    before = verify(path).last_seq
    child = CHILD.replace("snapshot_interval=2_000", f"durability={durability!r}")
    process = subprocess.Popen([sys.executable, "-c", child, str(path), "1"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.2)
    process.kill()
    process.communicate()
    report = verify(path)
    assert report.ok, report.findings
    assert report.last_seq >= before
    with Venue.open(path, durability=durability) as venue:
        assert venue.tick().ok
