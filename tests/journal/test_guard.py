"""One session, one writer: in this process, in another, and after a fork."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from crossbook.journal import JournalReader, JournalWriter, repair, verify
from crossbook.journal.errors import JournalLocked, UsedAfterFork
from tests.journal.support import child, create, fill, pending, read

HOLD = """
import sys
from tests.journal.support import create, fill
writer = create(__import__("pathlib").Path(sys.argv[1]))
fill(writer, 3)
print("open", flush=True)
sys.stdin.readline()
writer.close()
"""


def test_a_second_writer_in_this_process_is_refused(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        with pytest.raises(JournalLocked) as locked:
            JournalWriter.open(tmp_path / "s")
        assert locked.value.values["pid"] == os.getpid()
        assert "this process" in str(locked.value)
        fill(writer, 2)
    JournalWriter.open(tmp_path / "s").close()


def test_the_same_session_under_another_name_is_the_same_session(tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(tmp_path / "s")
    with create(tmp_path / "s"), pytest.raises(JournalLocked):
        JournalWriter.open(tmp_path / "alias")


def test_a_second_writer_in_another_process_is_refused_by_pid(tmp_path: Path) -> None:
    with child(HOLD, tmp_path / "s") as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(JournalLocked) as locked:
            JournalWriter.open(tmp_path / "s")
        assert locked.value.values["pid"] == other.pid
        assert str(other.pid) in str(locked.value)
        with pytest.raises(JournalLocked):
            repair(tmp_path / "s")
        assert sum(b.count for b in read(tmp_path / "s")) == 9, "reading goes on"
        other.stdin.write("\n")
    with JournalWriter.open(tmp_path / "s") as writer:
        assert writer.next_seq == 10


def test_a_killed_writer_leaves_no_lock_behind(tmp_path: Path) -> None:
    with child(HOLD, tmp_path / "s") as other:
        assert other.stdout is not None
        other.stdout.readline()
        other.send_signal(signal.SIGKILL)
    with JournalWriter.open(tmp_path / "s") as writer:
        assert writer.next_seq == 10


def in_a_fork(work: object) -> str:
    """Runs a function in a forked child and returns what it returned, or the name of what it raised."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer = str(work())  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001  (the child must not run on into pytest)
            answer = type(error).__name__
        os.write(write_end, answer.encode())
        os._exit(0)
    os.close(write_end)
    answer = os.read(read_end, 4096).decode()
    os.close(read_end)
    _, status = os.waitpid(pid, 0)
    assert status == 0
    return answer


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_may_not_use_the_writer_and_may_read(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        fill(writer, 3)
        assert in_a_fork(lambda: writer.append_many([pending(10_000)])) == "UsedAfterFork"
        assert in_a_fork(writer.sync) == "UsedAfterFork"
        assert in_a_fork(writer.rotate) == "UsedAfterFork"
        assert in_a_fork(writer.close) == "None", "closing there does nothing: the session is the parent's"
        assert in_a_fork(lambda: JournalWriter.open(tmp_path / "s")) == "JournalLocked"
        assert in_a_fork(lambda: sum(b.count for b in JournalReader(tmp_path / "s").blocks())) == "9"
        fill(writer, 2, seed=1)
    assert verify(tmp_path / "s").last_seq == 15
    assert UsedAfterFork.default_hint


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_that_lives_on_does_not_keep_the_lock(tmp_path: Path) -> None:
    writer = create(tmp_path / "s")
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    try:
        writer.close()
        JournalWriter.open(tmp_path / "s").close()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_two_sessions_in_one_process_do_not_meet(tmp_path: Path) -> None:
    with create(tmp_path / "a") as first, create(tmp_path / "b") as second:
        fill(first, 3)
        fill(second, 5)
        assert (first.next_seq, second.next_seq) == (10, 16)


def test_a_read_only_reader_in_another_process_holds_the_writer_up_in_nothing(tmp_path: Path) -> None:
    script = """
import sys
from crossbook.journal import JournalReader
for line in sys.stdin:
    print(sum(b.count for b in JournalReader(sys.argv[1]).blocks()), flush=True)
"""
    with create(tmp_path / "s") as writer, child(script, tmp_path / "s") as other:
        assert other.stdin is not None
        assert other.stdout is not None
        for _ in range(20):
            fill(writer, 5, record_bytes=4_000)
            other.stdin.write("\n")
            other.stdin.flush()
            assert other.stdout.readline() == f"{writer.next_seq - 1}\n"
        other.stdin.close()
