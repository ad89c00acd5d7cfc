"""`journal bisect`, called as from a shell: builds in other processes, replicas, marks, scripts."""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion

from crossbook import _kernel
from crossbook.journal import JournalWriter
from journal_tools.journal import Journal
from journal_tools.snapshots import Entity, differences, entities
from journal_tools.snapshots.shape import PARTS
from journal_tools.vocabulary import name_of
from tests.house.test_tidy import ROOT
from tests.journal_tools.conftest import GOLDEN, Tamper, journal
from tests.journal_tools.faulty import Fault
from tests.journal_tools.replicas import copied, edited

TROUBLE = GOLDEN / "ruleset_1_trouble" / "session"
DIGESTS = (ROOT / "docs" / "digests.md").read_text()


@pytest.fixture(autouse=True)
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the golden journal of trouble in it, so that what is printed does not depend on the machine."""
    shutil.copytree(TROUBLE, tmp_path / "session")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def faulty_python(path: Path, fault: Fault) -> Path:
    """A program that serves a kernel which computes a field wrongly; it stands where another Python would."""
    path.write_text(
        f"#!{sys.executable}\n"
        f"import os, sys\n"
        f"sys.path[:0] = {[str(ROOT), str(ROOT / 'python'), str(ROOT / 'journal_tools' / 'src')]!r}\n"
        f"from journal_tools.differences.kernel_process import serve\n"
        f"from journal_tools.snapshots import Entity\n"
        f"from tests.journal_tools.faulty import Fault, FaultyMaker\n"
        f"target = os.fdopen(os.dup(1), 'wb')\n"
        f"os.dup2(2, 1)\n"
        f"serve(FaultyMaker({fault!r}, goes_on=True), sys.stdin.buffer, target)\n"
    )
    path.chmod(0o755)
    return path


TRADED = Fault(2_345, Entity("accounts", "account 4"), "balances[asset 1].taker_volume", 169_194, 169_195)


@pytest.mark.parametrize("fmt", ["table", "json", "csv"])
def test_a_build_that_differs_is_named_to_the_field(fmt: str, bench: Path, snapshot: SnapshotAssertion) -> None:
    faulty_python(bench / "python", TRADED)
    said = journal("bisect", "session", "--build", "python", "--format", fmt)
    assert said.code == 1
    assert said.out == snapshot


def test_builds_that_agree(bench: Path, snapshot: SnapshotAssertion) -> None:
    """The extension's file, and a wheel that holds it: each in a process of its own."""
    extension = Path(_kernel.__file__)
    (bench / extension.name).symlink_to(extension)
    with zipfile.ZipFile("crossbook.whl", "w") as wheel:
        wheel.write(extension, f"crossbook/{extension.name}")
    said = journal("bisect", "session", "--build", extension.name, "--every", "command")
    assert (said.code, said.out.splitlines()[-1]) == (0, "same         where both stood, up to seq 4050")
    said = journal("bisect", "session", "--build", "crossbook.whl")
    assert said.code == 0
    assert said.out == snapshot


@pytest.mark.parametrize("named", ["nowhere", "session/session.json"])
def test_what_is_no_build_is_refused(named: str) -> None:
    said = journal("bisect", "session", "--build", named)
    assert said.code == 2
    assert "[build_unusable]\nhint: " in said.err


def test_a_journal_is_what_this_build_makes_of_it() -> None:
    said = journal("bisect", "session")
    assert (said.code, said.out.splitlines()[-1]) == (0, "same         all 28 exec marks")


def test_a_replica_is_the_other() -> None:
    said = journal("bisect", "session", TROUBLE)
    assert (said.code, said.out.splitlines()[-1]) == (0, "same         every block, as far as it was recorded")


def test_a_record_that_was_edited(bench: Path, snapshot: SnapshotAssertion) -> None:
    """With every hash of the copy made anew."""
    seq = next(record.seq for record in Journal.open(TROUBLE).records(1_234) if name_of(record.command) == "Place")
    edited(TROUBLE, bench / "copy", seq, 6, 77)
    said = journal("bisect", "session", "copy")
    assert said.code == 1
    assert said.out == snapshot


def marked_otherwise(target: Path, first_seq: int) -> Path:
    """A replica whose marks have another event digest from a block on, as a build that differs would have left it."""
    marks = {}
    for block in Journal.open(TROUBLE).blocks(first_seq):
        marks[block.first_seq] = block.exec_mark[:8] + bytes([block.exec_mark[8] ^ 1]) + block.exec_mark[9:]
    return copied(TROUBLE, target, {}, marks)


def test_a_replica_with_other_marks(bench: Path, snapshot: SnapshotAssertion) -> None:
    marked_otherwise(bench / "replica", 1_951)
    said = journal("bisect", "session", "replica")
    assert said.code == 1
    assert said.out == snapshot


def test_marks_this_build_does_not_reproduce(bench: Path, snapshot: SnapshotAssertion) -> None:
    marked_otherwise(bench / "replica", 1_951)
    said = journal("bisect", "replica")
    assert said.code == 1
    assert said.out == snapshot


def test_replicas_are_executed_by_the_builds_that_made_them(bench: Path) -> None:
    marked_otherwise(bench / "replica", 2_401)
    faulty_python(bench / "python", TRADED)
    said = journal("bisect", "session", "replica", "--build", "python", "--json")
    assert (said.code, said.json["seq"]) == (1, TRADED.seq)
    assert [row["field"] for row in said.json["differences"]] == [TRADED.field]


def test_journals_that_are_cut_otherwise_are_skipped(bench: Path) -> None:
    with JournalWriter.create(bench / "cut", durability="volatile") as writer:
        for block in Journal.open(TROUBLE).blocks():
            for record, body in zip(block.records(), block.record_bytes(), strict=True):
                row = msgspec.msgpack.decode(body)
                writer.append(
                    msgspec.msgpack.encode([0, *row[1:]]),
                    count=1,
                    first_time_ns=record.time_ns,
                    last_time_ns=record.time_ns,
                    exec_mark=block.exec_mark,
                )
    said = journal("bisect", "session", "cut")
    assert said.code == 125
    assert "[cuts_differ]\nhint: `journal diff`" in said.err


SCRIPT = """#!/bin/sh
[ "$1" -ge 1300 ] && [ "$1" -lt 1310 ] && exit 125
grep -q '"trades_made": 0' "$2" && exit 0
[ "$JOURNAL_SEQ" -lt {bad} ]
"""


@pytest.mark.parametrize("fmt", ["table", "json"])
def test_a_script_judges(fmt: str, bench: Path, snapshot: SnapshotAssertion) -> None:
    script = bench / "judge"
    script.write_text(SCRIPT.format(bad=1_777))
    script.chmod(0o755)
    said = journal("bisect", "run", "./judge", "session", "--format", fmt)
    assert said.code == 1
    assert said.out == snapshot


def test_a_script_that_skips_where_it_matters(bench: Path) -> None:
    script = bench / "judge"
    script.write_text(SCRIPT.format(bad=1_305))
    script.chmod(0o755)
    said = journal("bisect", "run", "./judge", "session")
    assert said.code == 125
    assert "the first bad seq is one of 1300 to 1310" in said.err


@pytest.mark.parametrize(("ends", "code", "word"), [("0", 0, ""), ("1", 2, "good_is_bad"), ("200", 2, "script_broken")])
def test_a_script_that_says_one_thing(ends: str, code: int, word: str, bench: Path) -> None:
    script = bench / "judge"
    script.write_text(f"#!/bin/sh\nexit {ends}\n")
    script.chmod(0o755)
    said = journal("bisect", "run", "./judge", "session")
    assert said.code == code
    assert word in said.err


def test_the_fields_of_the_tools_are_those_of_the_page() -> None:
    """Every field is named by the words docs/digests.md has for it."""
    words = " ".join(DIGESTS.replace("_", " ").replace("-", " ").split())
    for part, declared in PARTS.items():
        for field in declared.split(", "):
            if " list of " in field or part in ("events", "root_mark"):
                continue
            last = field.split(" ")[0].rpartition(".")[2].replace("_", " ")
            plural = {"order": "orders", "move": "moves", "loss index of shorts": "longs, of shorts"}.get(last, last)
            assert last in words or plural in words, f"{part}: {last}"


def test_what_is_only_in_one_state_differs_in_every_field(tampered: Tamper) -> None:
    snapshot = _kernel.Kernel().snapshot()
    state = entities(snapshot)
    other = {**state, Entity("orders", "order 1"): {"order": 1, "price": 5}}
    assert [(found.field, found.a, found.b) for found in differences(state, other)] == [
        ("order", None, 1),
        ("price", None, 5),
    ]
