"""`journal verify`, called as from a shell: what it says, what it finds, and what it says it did not look at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path
from random import Random

import click
import msgspec
import pytest
import rich
from syrupy.assertion import SnapshotAssertion

import journal_tools
from crossbook import Venue
from crossbook.demo.market import venue_config
from crossbook.journal import JournalWriter, repair
from crossbook.journal.branches import NewBranch
from crossbook.journal.manifests import BranchChange
from journal_tools.checking import verify
from journal_tools.journal import Journal
from tests.house.test_tidy import ROOT
from tests.journal_tools import mutations as m
from tests.journal_tools.conftest import Tamper, journal

GOLDEN = "tests/golden/ruleset_1_trouble/session"


@pytest.fixture(autouse=True)
def from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("fmt", ["table", "json", "ndjson", "csv", "md"])
def test_a_golden_journal_is_verified(fmt: str, snapshot: SnapshotAssertion) -> None:
    said = journal("verify", GOLDEN, "--format", fmt)
    assert said.code == 0
    assert said.out == snapshot


def test_every_mark_of_a_golden_journal_is_reproduced(snapshot: SnapshotAssertion) -> None:
    said = journal("verify", GOLDEN, "--replay")
    assert said.code == 0
    assert said.out == snapshot


@pytest.mark.parametrize("fmt", ["table", "json", "csv"])
def test_a_finding_says_what_is_wrong_and_where(
    fmt: str, trouble: Path, tampered: Tamper, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tampered(trouble)
    data = copy / "segments" / "000001" / "data.mdb"
    place = next(place for place in m.places(data) if place.what == "body" and place.seq > 1_000)
    data.write_bytes(m.flipped(data.read_bytes(), place.begin + 7, 1))
    monkeypatch.chdir(copy.parent)
    said = journal("verify", copy.name, "--format", fmt)
    assert said.code == 1
    assert said.out == snapshot


def test_a_receipt_is_looked_for(trouble: Path) -> None:
    _, block = Journal.open(trouble).record(1_234)
    kept = f"1234:{block.hash.hex()}"
    assert journal("verify", GOLDEN, "--anchor", kept, "--json").json["anchors"] == 1
    lost = journal("verify", GOLDEN, "--anchor", kept, "--anchor", f"1234:{'ab' * 32}", "--json")
    assert (lost.code, [finding["code"] for finding in lost.json["findings"]]) == (1, ["anchor"])


@pytest.mark.parametrize("text", ["12", "x:00", "12:zz", "12:" + "ab" * 31])
def test_a_receipt_that_is_none_is_refused(text: str) -> None:
    said = journal("verify", GOLDEN, "--anchor", text)
    assert (said.code, said.out) == (2, "")
    assert "[anchor_invalid]\nhint: " in said.err


def test_a_path_without_a_session_is_refused(tmp_path: Path) -> None:
    said = journal("verify", tmp_path)
    assert said.code == 2
    assert "[not_a_session]\nhint: give the directory that holds session.json" in said.err


def test_a_session_nobody_closed_is_whole_but_says_so(crashed: Path) -> None:
    said = journal("verify", crashed, "--json")
    assert said.code == 0
    assert "tail" in [skipped["code"] for skipped in said.json["not_checked"]]
    strict = journal("verify", crashed, "--closed", "--json")
    assert (strict.code, [finding["code"] for finding in strict.json["findings"]]) == (1, ["not_closed"])


def test_a_torn_tail_is_told_from_damage(crashed: Path, tampered: Tamper) -> None:
    copy = tampered(crashed)
    data = copy / "segments" / "000001" / "data.mdb"
    raw = data.read_bytes()
    last = max((place for place in m.places(data) if place.what == "body"), key=lambda place: place.seq)
    data.write_bytes(m.flipped(raw, last.begin, 1))
    torn = journal("verify", copy)
    assert torn.code == 1
    assert "hint: this is what a power failure may leave" in torn.out
    first = min((place for place in m.places(data) if place.what == "body"), key=lambda place: place.seq)
    data.write_bytes(m.flipped(raw, first.begin, 1))
    assert not journal("verify", copy, "--json").json["torn_tail"]


def test_a_repair_is_followed_from_the_tear_to_its_record(crashed: Path, tampered: Tamper) -> None:
    copy = tampered(crashed)
    data = copy / "segments" / "000001" / "data.mdb"
    last = max((place for place in m.places(data) if place.what == "body"), key=lambda place: place.seq)
    data.write_bytes(m.flipped(data.read_bytes(), last.begin, 1))
    repair(copy)
    said = journal("verify", copy, "--json")
    assert (said.code, said.json["last_seq"]) == (0, last.seq - 1)
    assert "repair" in [skipped["code"] for skipped in said.json["not_checked"]]
    with Venue.open(copy, clock=lambda: 0):  # at the time of the last command
        pass
    said = journal("verify", copy, "--replay", "--json")
    assert said.code == 0
    assert "repair" not in [skipped["code"] for skipped in said.json["not_checked"]]
    assert journal("log", copy, "--type", "Repair", "--json").json["commands"][0]["fields"]["first_seq"] == last.seq


def test_hashes_alone_are_said_to_be_hashes_alone() -> None:
    said = journal("verify", GOLDEN, "--chain", "--json")
    assert {"records", "anchor", "execution"} <= {skipped["code"] for skipped in said.json["not_checked"]}


def test_a_mark_that_nothing_vouches_for_is_found_by_execution(trouble: Path, tampered: Tamper) -> None:
    copy = tampered(trouble)
    closing = copy / "closing.json"
    mark = json.loads(closing.read_bytes())["exec_mark"]
    closing.write_bytes(m.edited(closing, exec_mark=mark[:-1] + ("0" if mark[-1] != "0" else "1")))
    assert journal("verify", copy).code == 0
    said = journal("verify", copy, "--replay", "--json")
    assert (said.code, [finding["code"] for finding in said.json["findings"]]) == (1, ["replay_divergence"])


def test_after_a_crash_a_flip_is_found_or_changes_nothing(crashed: Path, tampered: Tamper) -> None:
    """Free pages and slack carry nothing; all else does, the transaction numbers of the meta pages above all."""
    copy = tampered(crashed)
    data = copy / "segments" / "000001" / "data.mdb"
    raw = data.read_bytes()
    blocks = list(Journal.open(copy).blocks())
    random = Random(3)
    bits = [random.randrange(len(raw) * 8) for _ in range(150)]
    bits += [page * 4096 * 8 + random.randrange(m.META_BYTES * 8) for page in (0, 1) for _ in range(100)]
    unseen = 0
    for bit in bits:
        with m.changed(data, m.flipped(raw, bit // 8, 1 << bit % 8)):
            if verify(copy).ok:
                unseen += 1
                assert list(Journal.open(copy).blocks()) == blocks
    assert 0 < unseen < len(bits) / 2


def test_a_branch_is_one_only_with_its_change(tmp_path: Path) -> None:
    change = BranchChange(drops=[(3, 4)])
    path = tmp_path / "branch"
    JournalWriter.create(path, branch=NewBranch("ab" * 16, 7, bytes(32), change)).close()
    said = journal("verify", path, "--json")
    assert (said.code, said.json["parent"]) == (0, "ab" * 16)
    assert "parent" in [skipped["code"] for skipped in said.json["not_checked"]]
    (path / "change.json").write_bytes(m.edited(path / "change.json", drops=[[3, 5]]))
    assert [finding["code"] for finding in journal("verify", path, "--json").json["findings"]] == ["change"]
    (path / "change.json").unlink()
    assert [finding["code"] for finding in journal("verify", path, "--json").json["findings"]] == ["file_missing"]


def test_the_evidence_of_a_repair_is_what_its_name_says(trouble: Path, tampered: Tamper) -> None:
    copy = tampered(trouble)
    (copy / "repairs").mkdir()
    (copy / "repairs" / f"{sha256(b'torn').hexdigest()}.mdb").write_bytes(b"torn")
    assert journal("verify", copy).code == 0
    (copy / "repairs" / f"{'ab' * 32}.mdb").write_bytes(b"torn")
    assert [finding["code"] for finding in journal("verify", copy, "--json").json["findings"]] == ["repair_evidence"]


TICK = b"\x96\x00\x03\x00\x00\x00\x91\x10"


def append(writer: JournalWriter, seq: int) -> None:
    writer.append(TICK, count=1, first_time_ns=seq, last_time_ns=seq, exec_mark=bytes(80))


def test_a_live_journal_is_verified_in_another_process(tmp_path: Path) -> None:
    with JournalWriter.create(tmp_path / "live", durability="volatile", segment_bytes=1 << 20) as writer:
        for seq in range(1, 801):
            append(writer, seq)
            if seq % 400 == 0:
                said = called("verify", tmp_path / "live", "--json")
                assert said.returncode == 0, said.stdout
                assert f'"last_seq": {seq}' in said.stdout


def test_a_journal_is_whole_at_every_moment_that_it_is_written_to(tmp_path: Path) -> None:
    """The writer uses pages again as fast as it can; the reader has no lock, and is never wrong."""
    path, stop = tmp_path / "live", threading.Event()
    with JournalWriter.create(path, durability="volatile", segment_bytes=64 << 20) as writer:
        append(writer, 1)

        def write() -> None:
            while not stop.is_set() and writer.next_seq < 30_000:
                append(writer, writer.next_seq)

        thread = threading.Thread(target=write)
        thread.start()
        try:
            seen = [verify(path) for _ in range(30)]
        finally:
            stop.set()
            thread.join()
    assert [finding.message for verdict in seen for finding in verdict.findings] == []
    lasts = [verdict.last_seq for verdict in seen]
    assert lasts == sorted(lasts)
    assert lasts[0] < lasts[-1]


def test_a_session_may_be_opened_closed_and_rotated_while_it_is_verified(tmp_path: Path) -> None:
    path, stop = tmp_path / "busy", threading.Event()
    JournalWriter.create(path, durability="volatile", segment_bytes=1 << 20).close()

    def work() -> None:
        while not stop.is_set():
            with JournalWriter.open(path, durability="volatile") as writer:
                for _ in range(5):
                    append(writer, writer.next_seq)
                writer.rotate()
                append(writer, writer.next_seq)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        seen = [verify(path) for _ in range(20)]
    finally:
        stop.set()
        thread.join()
    assert [finding.message for verdict in seen for finding in verdict.findings] == []


def test_a_venue_is_not_disturbed_by_being_verified(tmp_path: Path) -> None:
    """Nothing is locked, nothing is left behind, and the venue goes on."""
    path = tmp_path / "venue"
    with Venue.create(path, venue_config()) as venue:
        before = sorted(entry.name for entry in path.rglob("*"))
        assert journal("verify", path, "--json").json["last_seq"] == venue.seq
        assert sorted(entry.name for entry in path.rglob("*")) == before
        venue.create_account()
        assert journal("verify", path, "--replay", "--json").json["last_seq"] == venue.seq


# --- a machine without the venue --------------------------------------------------------------------------------------


def called(*arguments: object, hidden: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """`journal` in a process of its own, in which some modules cannot be imported."""
    code = (
        f"import sys\nsys.modules.update(dict.fromkeys({hidden!r}))\nfrom journal_tools.__main__ import main\nmain()\n"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False, cwd=ROOT)


@pytest.mark.parametrize("verb", [["verify"], ["stat"], ["log", "--to", "40"], ["show", "40"]])
def test_it_works_where_there_is_neither_the_venue_nor_lmdb(verb: list[str], tmp_path: Path) -> None:
    """Isolated, without site packages: three libraries and the tools are all there is to import."""
    for package in (msgspec, click, rich, journal_tools):
        folder = Path(package.__file__).parent
        (tmp_path / folder.name).symlink_to(folder)
    for name in ("pygments", "markdown_it", "mdurl"):
        found = Path(rich.__file__).parent.parent / name
        if found.exists():
            (tmp_path / name).symlink_to(found)
    name, *options = verb
    position, options = ([options[0]], options[1:]) if name == "show" else ([], options)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from journal_tools.__main__ import main\n"
        "try: main()\n"
        "finally: print(sorted({'crossbook', 'lmdb', 'structlog'} & set(sys.modules)), file=sys.stderr)\n"
    )
    command = [sys.executable, "-I", "-S", "-c", code, name, GOLDEN, *position, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert done.stdout


def test_re_execution_says_what_it_needs() -> None:
    said = called("verify", GOLDEN, "--replay", hidden=("crossbook",))
    assert said.returncode == 2
    assert "hint: pip install 'crossbook-journal-tools[replay]'" in said.stderr
