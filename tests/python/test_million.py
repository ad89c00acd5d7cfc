"""A session of a million commands: one state root and one event digest, whichever way it is replayed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from tests.python.worlds import make_venue, market, session_commands

from crossbook import snapshots
from crossbook.replay import Replayed, replay

COMMANDS = 1_000_000
CHUNK = 50_000
SNAPSHOT_EVERY = 250_000

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("million") / "venue"
    commands = session_commands(COMMANDS, markets=3, accounts=200)
    markets = (market(), market("ETH-PERP"), market("SOL-PERP"))
    with make_venue(path, *markets, accounts=0, check_invariants=False, snapshot_interval=SNAPSHOT_EVERY) as venue:
        while chunk := list(islice(commands, CHUNK)):
            venue.submit(chunk)
    yield path
    for file in path.rglob("data.mdb"):
        file.unlink()


@pytest.fixture(scope="module")
def whole(journal: Path) -> Replayed:
    return replay(journal)


def test_from_genesis_every_mark_is_reproduced(whole: Replayed) -> None:
    assert whole.commands > COMMANDS
    assert whole.marks == whole.blocks
    assert whole.marked_seq == whole.seq - 1
    assert whole.kernel.full_state_root() == whole.state_root
    whole.kernel.check_invariants()


def test_from_each_snapshot(journal: Path, whole: Replayed) -> None:
    seqs = [int(path.stem) for path in snapshots.paths(journal)]
    assert len(seqs) >= 4
    for seq in seqs:
        part = replay(journal, start=seq)
        assert (part.started_at, part.state_root, part.event_digest) == (seq, whole.state_root, whole.event_digest)


@pytest.mark.parametrize("block_records", [100, 10_000])
def test_with_other_block_sizes(journal: Path, whole: Replayed, block_records: int) -> None:
    cut = replay(journal, block_records=block_records)
    assert (cut.seq, cut.state_root, cut.event_digest) == (whole.seq, whole.state_root, whole.event_digest)
    assert cut.blocks != whole.blocks


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_under_other_hash_seeds(journal: Path, whole: Replayed, hash_seed: str) -> None:
    program = (
        "import sys; from crossbook.replay import replay; whole = replay(sys.argv[1]); "
        "print(whole.state_root.hex(), whole.event_digest.hex())"
    )
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", program, str(journal)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    assert answer == f"{whole.state_root.hex()} {whole.event_digest.hex()}\n"
