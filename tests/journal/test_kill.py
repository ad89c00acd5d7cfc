"""A durable writer killed with SIGKILL at a random moment: every acknowledged receipt is in the journal."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from crossbook.journal import JournalReader, JournalWriter, verify
from tests.journal.support import child, fill

KILLS = int(os.environ.get("CROSSBOOK_JOURNAL_KILLS", "10"))

RUN = """
import random, sys
from pathlib import Path
from crossbook.journal import JournalWriter
from tests.journal.support import create, fill
path, seed = Path(sys.argv[1]), int(sys.argv[2])
writer = JournalWriter.open(path, durability=sys.argv[3]) if path.exists() else create(path, durability=sys.argv[3])
rng = random.Random(seed)
print("ready", flush=True)
while True:
    receipts = fill(writer, 1, record_bytes=rng.choice([20, 500, 20_000]), seed=seed)
    writer.sync()
    for receipt in receipts:
        sys.stdout.write(f"{receipt.last_seq} {receipt.block_hash.hex()}\\n")
    sys.stdout.flush()
"""


@pytest.mark.parametrize("mode", ["durable", "pipelined", "volatile"])
def test_every_acknowledged_receipt_survives(tmp_path: Path, mode: str) -> None:
    rng = random.Random(mode)
    session = tmp_path / "s"
    acknowledged: dict[int, str] = {}
    for attempt in range(KILLS if mode == "durable" else 3):
        with child(RUN, session, attempt, mode) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(rng.uniform(0.0, 0.15))
            process.send_signal(signal.SIGKILL)
            lines = process.stdout.read().split("\n")[:-1]
        acknowledged |= {int(seq): block_hash for seq, block_hash in (line.split() for line in lines)}
        assert verify(session).findings == []
        held = {b.last_seq: b.block_hash.hex() for b in JournalReader(session).blocks()}
        assert {seq: held.get(seq) for seq in acknowledged} == acknowledged
    assert acknowledged
    with JournalWriter.open(session) as writer:
        assert writer.epoch >= 2
        fill(writer, 3, seed=999)
    assert verify(session).ok
