"""Replay: one journal, one result, whatever the start, the block sizes or the hash seed; and time travel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from tests.python.worlds import START_NS, Clock, config, make_venue, market, session_commands

from crossbook import Venue
from crossbook._kernel import Kernel
from crossbook.commands import Deposit, Origin
from crossbook.config import load
from crossbook.errors import InputError, NotFound, ReplayDivergence
from crossbook.journal import JournalWriter
from crossbook.replay import ExecMark, replay, state_at
from crossbook.session import Envelope, Session, pack


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two markets, 20,000 commands in blocks from one record to full, opened twice, with two snapshots."""
    path = tmp_path_factory.mktemp("replay") / "venue"
    commands = list(session_commands(20_000, markets=2, accounts=16))
    with make_venue(path, market(), market("ETH-PERP"), check_invariants=False) as venue:
        for start, size in ((0, 9_000), (9_000, 37), (9_037, 1), (9_038, 500)):
            venue.submit(commands[start : start + size])
        venue.snapshot()
    with Venue.open(path, durability="volatile", clock=Clock(START_NS + 10**12)) as venue:
        venue.submit(commands[9_538:15_000])
        venue.snapshot()
        for command in commands[15_000:15_100]:
            venue.submit(command)
        venue.submit(commands[15_100:])
    return path


def test_every_exec_mark_is_reproduced_from_genesis(journal: Path) -> None:
    whole = replay(journal)
    assert whole.started_at == 0
    assert whole.marks == whole.blocks > 110
    assert whole.marked_seq == whole.seq - 1, "the closing checkpoint commits to everything before it"
    assert (whole.commands, whole.stopped) == (whole.seq, "end")
    assert whole.kernel.full_state_root() == whole.state_root


@pytest.mark.parametrize("block_records", [1, 7, 1_000, 10**6])
def test_block_sizes_change_nothing(journal: Path, block_records: int) -> None:
    whole, cut = replay(journal), replay(journal, block_records=block_records)
    assert (cut.seq, cut.state_root, cut.event_digest) == (whole.seq, whole.state_root, whole.event_digest)
    assert cut.kernel.exec_mark() == whole.kernel.exec_mark()
    assert cut.blocks != whole.blocks
    assert cut.marks >= 2


def test_nor_does_the_hash_seed(journal: Path) -> None:
    program = (
        "import sys; from crossbook.replay import replay; whole = replay(sys.argv[1]); "
        "print(whole.state_root.hex(), whole.event_digest.hex())"
    )
    answers = set()
    for seed in ("0", "1", "4242"):
        run = subprocess.run(
            [sys.executable, "-c", program, str(journal)],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        answers.add(run.stdout)
    whole = replay(journal)
    assert answers == {f"{whole.state_root.hex()} {whole.event_digest.hex()}\n"}


def test_it_stops_after_any_seq_and_goes_on_to_the_same_end(journal: Path) -> None:
    for seq in (0, 1, 2, 500, 9_050, 9_100):
        part = replay(journal, seq=seq)
        assert (part.seq, part.stopped) == (seq, "seq")
    assert state_at(journal, seq=9_050).state_root == replay(journal, seq=9_050, block_records=11).state_root
    assert replay(journal, seq=replay(journal).seq).stopped == "end"


def test_it_stops_before_the_first_command_after_a_time(tmp_path: Path) -> None:
    with make_venue(tmp_path / "venue", accounts=1) as venue:
        times = [venue.time_ns + step for step in (10, 20, 20, 30)]
        first = venue.submit([Envelope(Deposit(1, 1, 1), time_ns=time, origin=Origin.OPERATOR) for time in times]).seq
    for time, seq in ((times[0] - 1, first - 1), (times[0], first), (times[1], first + 2), (times[3] - 1, first + 2)):
        for start in ("genesis", "snapshot"):
            part = replay(tmp_path / "venue", time_ns=time, start=start)
            assert (part.seq, part.stopped) == (seq, "time")
    assert state_at(tmp_path / "venue", time_ns=0).seq == 0
    assert state_at(tmp_path / "venue", time_ns=2**63).account(1).cash["USDC"] > 10_000


def test_the_past_is_shown_as_it_was(tmp_path: Path) -> None:
    with make_venue(tmp_path / "venue") as venue:
        venue.place(account=1, market="BTC-PERP", side="sell", price=64_001, size="0.1")
        then = (venue.seq, venue.account(1), venue.book("BTC-PERP"), venue.orders(1), venue.state_root)
        venue.place(account=2, market="BTC-PERP", side="buy", price=64_001, size="0.1")
        venue.set_mark(market="BTC-PERP", price=70_000)
    view = state_at(tmp_path / "venue", seq=then[0])
    assert (view.seq, view.account(1), view.book("BTC-PERP"), view.orders(1), view.state_root) == then


def test_progress_ends_at_the_goal(journal: Path) -> None:
    seen: list[tuple[int, int]] = []
    whole = replay(journal, progress=lambda done, goal: seen.append((done, goal)))
    assert seen[-1] == (whole.seq, whole.seq)
    assert len(seen) == whole.blocks


def test_what_is_not_there_is_named(journal: Path) -> None:
    last = replay(journal).seq
    with pytest.raises(NotFound) as seq:
        replay(journal, seq=last + 1)
    assert (seq.value.code, seq.value.values) == ("unknown_seq", {"seq": last + 1, "last_seq": last})
    with pytest.raises(NotFound) as snapshot:
        replay(journal, start=17)
    assert snapshot.value.code == "unknown_snapshot"
    assert len(snapshot.value.values["snapshots"]) == 2
    with pytest.raises(InputError):
        replay(journal, block_records=0)


@pytest.mark.parametrize(("name", "offset"), [("event_digest", 8), ("state_root", 48), ("event_seq", 0)])
def test_a_mark_that_is_not_reproduced_ends_the_replay_and_is_named(tmp_path: Path, name: str, offset: int) -> None:
    """A journal whose hashes are all in order, written by a kernel that came to something else."""
    writer, kernel = JournalWriter.create(tmp_path / "venue", durability="volatile"), Kernel()
    setup = [Envelope(command, origin=Origin.OPERATOR) for command in load(config()).commands()]
    session = Session(writer, kernel, path=tmp_path / "venue", clock=Clock())
    session.submit(setup)
    session.submit(session_commands(200))
    marked = kernel.seq
    mark = bytearray(kernel.exec_mark())
    mark[offset] ^= 1
    (block,) = pack([Deposit(1, 1, 5)], now_ns=kernel.time_ns, last_time_ns=kernel.time_ns)
    lying = writer.append(block.body, count=1, first_time_ns=block.first_time_ns, last_time_ns=block.last_time_ns,
                          exec_mark=bytes(mark))  # fmt: skip
    writer.close()
    with pytest.raises(ReplayDivergence) as caught:
        replay(tmp_path / "venue")
    recorded = ExecMark.parse(bytes(mark))
    assert caught.value.code == "replay_divergence"
    assert caught.value.values["mark"] == name
    assert caught.value.values["block"] == lying.first_seq == marked + 1
    assert caught.value.values["seq"] == {"state_root": recorded.root_seq}.get(name, recorded.event_seq)
    assert caught.value.values["recorded"] != caught.value.values["found"]
    assert caught.value.hint
    with pytest.raises(ReplayDivergence):
        Venue.open(tmp_path / "venue")
    assert replay(tmp_path / "venue", seq=marked).seq == marked


def test_a_block_the_kernel_cannot_execute_is_named(tmp_path: Path) -> None:
    with JournalWriter.create(tmp_path / "venue", durability="volatile") as writer:
        body = msgspec.msgpack.encode([0, 0, 0, 0, 0, [99]])
        writer.append(body, count=1, first_time_ns=1, last_time_ns=1, exec_mark=Kernel().exec_mark())
    with pytest.raises(ReplayDivergence) as caught:
        replay(tmp_path / "venue")
    assert caught.value.code == "block_not_executable"
    assert caught.value.values["block"] == 1


def test_a_replay_can_be_read_like_a_venue(journal: Path) -> None:
    view = replay(journal, start="snapshot").view
    assert {asset.symbol for asset in view.assets()} == {"USDC"}
    assert view.account_count() == 18
    assert json.dumps([str(pool.equity) for pool in view.account(1).pools])
