"""The session when something goes wrong: durable before visible, and after a failed commit nothing at all."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tests.python.worlds import Clock, config, make_venue

from crossbook import Venue
from crossbook._kernel import Kernel, KernelError
from crossbook.commands import Deposit, Origin, Tick
from crossbook.config import load
from crossbook.errors import InputError, VenueHalted
from crossbook.events import Deposited, Repaired
from crossbook.journal import BlockReceipt, JournalReader, JournalWriter, repair, verify
from crossbook.journal.errors import BlockRefused, DiskFull, MapFull, TornTail
from crossbook.session import Envelope, Session


class FailingWriter:
    """A journal writer whose disk fills up at a chosen append; everything else is the real one's."""

    def __init__(self, writer: JournalWriter, *, fails_at: int) -> None:
        self._writer = writer
        self.appends_left = fails_at

    def append(self, body: bytes, **header: object) -> BlockReceipt:
        if not self.appends_left:
            raise DiskFull("the disk is full", values={"path": str(self._writer.path)})
        self.appends_left -= 1
        return self._writer.append(body, **header)

    def __getattr__(self, name: str) -> object:
        return getattr(self._writer, name)


def test_a_failed_commit_halts_the_venue_and_shows_nothing_of_the_command(tmp_path: Path) -> None:
    venue = make_venue(tmp_path / "venue")
    digest, seq = venue.event_digest, venue.seq
    venue.session._writer = FailingWriter(venue.session._writer, fails_at=0)
    with pytest.raises(DiskFull) as first:
        venue.deposit(account=1, asset="USDC", amount=1)
    assert first.value.code == "journal_disk_full"
    assert venue.halted
    assert (venue.seq, venue.event_digest) == (seq, digest), "what was not committed was not executed"
    for use in (venue.tick, venue.snapshot, venue.checkpoint, lambda: venue.receipt(1)):
        with pytest.raises(VenueHalted) as halted:
            use()
        assert halted.value.values["cause"] == "journal_disk_full"
    assert "halted" in repr(venue)
    venue.close()
    with Venue.open(tmp_path / "venue") as again:
        assert (again.seq, again.event_digest) == (seq, digest)


def test_blocks_committed_before_the_failure_are_kept(tmp_path: Path) -> None:
    venue = make_venue(tmp_path / "venue")
    seq = venue.seq
    venue.session._writer = FailingWriter(venue.session._writer, fails_at=1)
    with pytest.raises(DiskFull):
        venue.submit([Deposit(1, 1, 1)] * 9_000)
    committed = venue.seq
    venue.close()
    assert seq < committed < seq + 9_000
    with Venue.open(tmp_path / "venue") as again:
        assert again.seq == committed


class FaultyKernel:
    """A kernel that meets a bug at its next block and is poisoned from then on; before that it is the real one."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._poisoned = False

    def apply(self, body: bytes, **block: object) -> bytes:
        self._poisoned = True
        raise KernelError("an invariant is broken")

    def __getattr__(self, name: str) -> object:
        if self._poisoned:
            raise KernelError("the kernel is poisoned by an earlier failure")
        return getattr(self._kernel, name)


def test_a_kernel_fault_halts_the_session_and_still_gives_the_journal_back(tmp_path: Path) -> None:
    writer = JournalWriter.create(tmp_path / "venue", durability="volatile")
    session = Session(writer, FaultyKernel(Kernel()), path=tmp_path / "venue", clock=Clock())
    for _ in range(2):
        with pytest.raises(VenueHalted) as halted:
            session.submit([Tick()])
    assert halted.value.values["cause"] == "KernelError"
    assert "seq -1" in repr(session)
    session.close()
    with Venue.open(tmp_path / "venue") as venue:
        assert venue.receipt(1).ok, "the command was journaled before the kernel saw it, so it is executed now"


def test_an_interrupt_between_commit_and_execution_halts_before_the_two_can_part(tmp_path: Path) -> None:
    venue = make_venue(tmp_path / "venue")
    real, seq = venue.session._writer, venue.seq

    class InterruptedWriter(FailingWriter):
        def append(self, body: bytes, **header: object) -> BlockReceipt:
            self._writer.append(body, **header)
            raise KeyboardInterrupt

    venue.session._writer = InterruptedWriter(real, fails_at=9)
    with pytest.raises(KeyboardInterrupt):
        venue.deposit(account=1, asset="USDC", amount=1)
    with pytest.raises(VenueHalted) as halted:
        venue.tick()
    assert halted.value.values["cause"] == "KeyboardInterrupt"
    venue.close()
    with Venue.open(tmp_path / "venue") as again:
        assert again.receipt(seq + 1).one(Deposited).amount == 1_000_000
        assert again.tick().ok


def test_a_refused_block_halts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **header: object) -> BlockReceipt:
        raise BlockRefused("not today")

    with make_venue(tmp_path / "venue") as venue:
        with monkeypatch.context() as patched:
            patched.setattr(JournalWriter, "append", refuse)
            with pytest.raises(BlockRefused):
                venue.tick()
        assert venue.tick().ok


def test_input_that_cannot_be_journaled_changes_nothing(tmp_path: Path) -> None:
    with make_venue(tmp_path / "venue") as venue:
        seq, head = venue.seq, venue.head_hash
        for wrong in ([Tick(), Deposit(1, 1, 2**63)], [], [Tick(), "tick"], [Tick(), Envelope(Tick(), time_ns=1)]):
            with pytest.raises(InputError):
                venue.submit(wrong)
        assert (venue.seq, venue.head_hash, venue.halted) == (seq, head, False)


def test_a_full_map_halts_and_loses_nothing(tmp_path: Path) -> None:
    writer = JournalWriter.create(tmp_path / "venue", durability="volatile", segment_bytes=1 << 20, segments_max=1)
    session = Session(writer, Kernel(), path=tmp_path / "venue", clock=Clock())
    session.submit([Envelope(command, origin=Origin.OPERATOR) for command in load(config()).commands()])
    acknowledged = session.kernel.seq

    def fill() -> None:
        nonlocal acknowledged
        while True:
            acknowledged = session.submit([Deposit(1, 1, 1)] * 3_000).last_seq

    with pytest.raises(MapFull) as caught:
        fill()
    assert caught.value.code == "journal_map_full"
    assert caught.value.hint
    with pytest.raises(VenueHalted):
        session.submit([Tick()])
    session.close()
    assert verify(tmp_path / "venue").ok
    with JournalReader(tmp_path / "venue") as reader:
        assert reader.head().next_seq == acknowledged + 1


def test_a_full_disk_halts_and_loses_nothing(tmp_path: Path) -> None:
    """The file size limit of a process stands for the disk: the system refuses the write in the same place."""
    program = """
        import resource, signal, sys
        from crossbook import Venue
        from crossbook.commands import Deposit
        from crossbook.errors import CrossbookError, VenueHalted
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        venue = Venue.create(sys.argv[1], sys.argv[2])
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        acknowledged = venue.seq
        try:
            while True:
                acknowledged = venue.submit([Deposit(1, 1, 1)] * 3_000).last_seq
        except CrossbookError as error:
            print(error.code, acknowledged, bool(error.hint), file=sys.stderr)
        try:
            venue.tick()
        except VenueHalted as error:
            print(error.code, file=sys.stderr)
    """
    (tmp_path / "venue.toml").write_text('assets = [{ symbol = "USDC", decimals = 6 }]')
    arguments = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "venue"), str(tmp_path / "venue.toml")]
    answer = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=60).stderr.split()
    assert (answer[0], answer[2], answer[3]) == ("journal_disk_full", "True", "venue_halted")
    with Venue.open(tmp_path / "venue", durability="volatile") as venue:
        assert venue.seq >= int(answer[1]) > 2
        assert venue.tick().ok


def test_a_torn_tail_is_refused_then_repaired_on_request_and_recorded(tmp_path: Path) -> None:
    path = tmp_path / "venue"
    venue = make_venue(path)
    venue.tick()
    whole = venue.seq
    venue.session._writer.abandon()
    data = path / "segments/000001/data.mdb"
    content = bytearray(data.read_bytes())
    last = content.rindex(whole.to_bytes(8, "little") + venue.time_ns.to_bytes(8, "little")) - 16
    assert content[last : last + 8] == b"XBBLOCK1"
    content[last + 201] ^= 0xFF
    data.write_bytes(content)
    with pytest.raises(TornTail) as torn:
        Venue.open(path)
    assert torn.value.values["first_seq"] == whole
    assert "crossbook repair" in torn.value.hint
    assert repair(path).blocks == 1
    with Venue.open(path) as again:
        recorded = again.receipt(whole).one(Repaired)
        assert (recorded.first_seq, recorded.blocks) == (whole, 1)
        assert again.tick().ok
    assert verify(path).ok
