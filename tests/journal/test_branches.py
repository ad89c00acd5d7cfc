"""Branches: a journal that commits to a parent's head and to a change, and can pass for nothing else."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from crossbook.journal import (
    BranchChange,
    BranchOf,
    JournalReader,
    JournalWriter,
    NewBranch,
    PatchedField,
    genesis_hash,
    verify,
)
from crossbook.journal.errors import JournalDamaged, NewerFormat, NotAJournal
from tests.journal.support import create, fill, read
from tests.journal.test_format_document import read_with_the_documented_reader

PARENT = "0a1b2c3d" * 4
CHANGE = BranchChange(policies={"liquidation": {"policy": "dutch"}}, patches=[PatchedField(7, "lots", 12)])


def branch(path: Path, *, change: BranchChange = CHANGE, parent_seq: int = 41) -> Path:
    """A branch with three blocks, of the same id, time and sizes as the sessions of `create`."""
    new = NewBranch(PARENT, parent_seq, b"\x17" * 32, change)
    with create(path, branch=new) as writer:
        fill(writer, 3)
    return path


def test_a_branch_says_what_it_is_a_branch_of(tmp_path: Path) -> None:
    path = branch(tmp_path / "b")
    change_file = (path / "change.json").read_bytes()
    of = BranchOf(PARENT, 41, "17" * 32, sha256(change_file).hexdigest())
    with JournalReader(path) as reader:
        assert reader.branch == of
        assert reader.change() == CHANGE
    report = verify(path)
    assert (report.ok, report.branch) == (True, of)
    assert change_file.startswith(
        b'{"kind":"crossbook change","journal_format":1,"policies":{"liquidation":{"policy":"dutch"}},"sets":{},'
        b'"drops":[],"inserts":[],"patches":[{"seq":7,"field":"lots","value":12}],"sha256":"'
    )


def test_a_session_that_is_no_branch_has_the_bytes_it_always_had(tmp_path: Path) -> None:
    create(tmp_path / "s").close()
    content = (
        b'{"kind":"crossbook session","journal_format":1,"id":"5e5510405e5510405e5510405e551040"'
        b',"created_ns":1700000000000000000,"segment_bytes":1048576'
    )
    whole = content + b',"sha256":"' + sha256(content).hexdigest().encode() + b'"}\n'
    assert (tmp_path / "s" / "session.json").read_bytes() == whole
    assert not (tmp_path / "s" / "change.json").exists()
    assert verify(tmp_path / "s").branch is None


def test_the_genesis_of_a_branch_commits_to_the_parent_and_to_the_change(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        fill(writer, 3)
    sessions = [
        tmp_path / "s",
        branch(tmp_path / "b"),
        branch(tmp_path / "earlier", parent_seq=40),
        branch(tmp_path / "other", change=BranchChange()),
    ]
    geneses = {genesis_hash((path / "session.json").read_bytes()) for path in sessions}
    firsts = {read(path)[0].block_hash for path in sessions}
    assert (len(geneses), len(firsts)) == (4, 4)


def test_a_branch_does_not_open_under_the_name_of_its_parent(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        fill(writer, 3)
    path = branch(tmp_path / "b")
    (path / "session.json").write_bytes((tmp_path / "s" / "session.json").read_bytes())
    assert [finding.code for finding in verify(path).findings] == ["segment_order"]
    with pytest.raises(JournalDamaged):
        JournalWriter.open(path)
    with pytest.raises(JournalDamaged):
        read(path)


def swap(path: Path) -> None:
    other = branch(path.with_name("other"), change=BranchChange(drops=[(7, 9)]))
    (path / "change.json").write_bytes((other / "change.json").read_bytes())


def flip(path: Path) -> None:
    raw = (path / "change.json").read_bytes()
    (path / "change.json").write_bytes(raw.replace(b"dutch", b"butch"))


@pytest.mark.parametrize(
    "tamper", [swap, flip, lambda path: (path / "change.json").unlink()], ids=["swap", "flip", "lose"]
)
def test_another_change_is_damage(tmp_path: Path, tamper: object) -> None:
    path = branch(tmp_path / "b")
    assert read_with_the_documented_reader(path).returncode == 0
    tamper(path)  # type: ignore[operator]
    report = verify(path)
    assert (report.exit_code, report.findings[0].code) == (1, "change")
    with pytest.raises(JournalDamaged):
        JournalWriter.open(path)
    with pytest.raises(JournalDamaged), JournalReader(path) as reader:
        list(reader.blocks())
    told = read_with_the_documented_reader(path)
    assert (told.returncode, "without the change it was made with" in told.stderr) == (1, True)


@pytest.mark.parametrize("name", ["session.json", "change.json"])
def test_no_byte_of_what_a_branch_is_changes_unseen(tmp_path: Path, name: str) -> None:
    path = branch(tmp_path / "b")
    raw = (path / name).read_bytes()
    for at in range(len(raw)):
        (path / name).write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        try:
            assert verify(path).findings[0].code == "change"
        except (JournalDamaged, NotAJournal, NewerFormat):
            assert name == "session.json"
    (path / name).write_bytes(raw)
    assert verify(path).ok


def test_the_documented_reader_says_that_it_reads_a_branch(tmp_path: Path) -> None:
    told = read_with_the_documented_reader(branch(tmp_path / "b"))
    assert told.stderr == f"a branch of session {PARENT} up to seq 41\n"
    assert len(told.stdout.splitlines()) == 9


def test_half_a_branch_is_refused(tmp_path: Path) -> None:
    path = branch(tmp_path / "b")
    content = (path / "session.json").read_bytes().rpartition(b',"sha256":"')[0].rpartition(b',"change":"')[0]
    (path / "session.json").write_bytes(content + b',"sha256":"' + sha256(content).hexdigest().encode() + b'"}\n')
    with pytest.raises(JournalDamaged, match="a branch has parent, parent_seq"):
        JournalReader(path)


def test_a_branch_is_continued_like_any_session(tmp_path: Path) -> None:
    path = branch(tmp_path / "b")
    with JournalWriter.open(path) as writer:
        assert writer.manifest.branch is not None
        fill(writer, 2, seed=1)
    assert (verify(path).ok, verify(path).blocks) == (True, 5)
