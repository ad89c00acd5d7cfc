"""`journal prove` and `journal check-proof`: a client and an auditor who have no journal, and a venue that cheats."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from pymerkle import InmemoryTree

from journal_tools.journal import Journal
from journal_tools.proofs.checkpoint import Checkpoint
from journal_tools.proofs.leaves import record_leaves
from tests.journal_tools.conftest import journal


class Signed(NamedTuple):
    """A key, and a checkpoint in the middle and at the end of a journal."""

    folder: Path
    key: str
    middle: Path
    end: Path
    middle_seq: int


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory, demo: Path) -> Signed:
    folder = tmp_path_factory.mktemp("signed")
    made = journal("prove", "keygen", "--name", "venue.example/demo", "-o", folder / "private")
    assert (made.code, (folder / "private").stat().st_mode & 0o777) == (0, 0o600)
    source = Journal.open(demo)
    middle = list(source.blocks())[20].last_seq
    key = folder / "private"
    assert journal("prove", "checkpoint", demo, "--key", key, "--at", middle, "-o", folder / "middle").code == 0
    said = journal("prove", "checkpoint", demo, "--key", key, "--after", folder / "middle", "-o", folder / "end")
    assert said.code == 0, said.err
    return Signed(folder, made.out.strip(), folder / "middle", folder / "end", middle)


def text(path: Path) -> Checkpoint:
    return Checkpoint.parse(path.read_text().rpartition("\n\n")[0] + "\n")


def check(signed: Signed, proof: Path, *more: object) -> tuple[int, str]:
    said = journal("check-proof", proof, "--checkpoint", signed.end, "--key", signed.key, *more, "--json")
    return said.code, said.json["session"] if said.code == 0 else said.json["error"]["code"]


def test_the_trees_of_a_journal_are_those_of_another_implementation(signed: Signed, demo: Path) -> None:
    records, blocks = InmemoryTree(algorithm="sha256"), InmemoryTree(algorithm="sha256")
    for block in Journal.open(demo).blocks():
        for leaf in record_leaves(block):
            records.append_entry(leaf)
        blocks.append_entry(block.raw)
    found = text(signed.end)
    assert (found.size, found.root) == (records.get_size(), records.get_root())
    assert found.blocks == (blocks.get_size(), blocks.get_root())
    assert text(signed.middle).root == records.get_root(signed.middle_seq)


def test_a_checkpoint_states_head_and_marks(signed: Signed, demo: Path) -> None:
    source = Journal.open(demo)
    last, found = source.last_block, text(signed.end)
    assert last is not None
    assert source.closing is not None
    assert (found.session, found.size, found.head) == (source.session_id, last.last_seq, last.hash)
    assert found.events is not None
    assert found.events.hash.hex() == source.closing["exec_mark"][16:80]


def test_how_records_are_cut_into_blocks_and_segments_does_not_matter(
    demo: Path, segments: Path, signed: Signed
) -> None:
    said = journal("prove", "checkpoint", segments, "--key", signed.folder / "private")
    assert said.out.split("\n")[1:3] == signed.end.read_text().split("\n")[1:3]


@pytest.mark.parametrize("tree", ["records", "blocks"])
def test_a_record_is_proved_and_checked_without_a_journal(
    tree: str, signed: Signed, demo: Path, tmp_path: Path
) -> None:
    source = Journal.open(demo)
    for seq in (1, 2, source.last_seq, *random.Random(1).sample(range(1, source.last_seq), 3)):
        path = tmp_path / f"{seq}"
        made = journal("prove", "record", demo, seq, "--checkpoint", signed.end, "--tree", tree, "-o", path)
        assert made.code == 0
        said = journal("check-proof", path, "--checkpoint", signed.end, "--key", signed.key, "--json")
        assert (said.code, said.json["holds"]) == (0, True)
        if tree == "records":
            assert said.json["seq"] == seq
            assert said.json["signature"] == "of venue.example/demo"
        else:
            assert said.json["first_seq"] <= seq <= said.json["last_seq"]


@pytest.mark.parametrize("tree", ["records", "blocks"])
def test_one_checkpoint_continues_another(tree: str, signed: Signed, demo: Path, tmp_path: Path) -> None:
    path = tmp_path / "proof"
    made = journal("prove", "consistency", demo, signed.middle, signed.end, "--tree", tree, "-o", path)
    assert made.code == 0, made.err
    assert check(signed, path, "--old", signed.middle)[0] == 0
    assert check(signed, path) == (2, "old_checkpoint_missing")
    assert check(signed, path, "--old", signed.end) == (1, "proof_size")


def test_what_was_changed_is_refused_by_name(signed: Signed, demo: Path, tmp_path: Path) -> None:
    path = tmp_path / "proof"
    assert journal("prove", "record", demo, 17, "--checkpoint", signed.end, "-o", path).code == 0
    whole = json.loads(path.read_text())
    other = json.loads(journal("prove", "record", demo, 18, "--checkpoint", signed.end).out)
    flipped = f"{int(whole['path'][2][0], 16) ^ 1:x}{whole['path'][2][1:]}"
    changes = {
        "tampered": ({"path": [*whole["path"][:2], flipped, *whole["path"][3:]]}, "proof_root"),
        "truncated": ({"path": whole["path"][:-1]}, "proof_length"),
        "swapped leaf": ({"leaf": other["leaf"]}, "proof_root"),
        "another place": ({"index": 17}, "proof_root"),
        "wrong size": ({"size": whole["size"] - 1}, "proof_size"),
        "of another tree": ({"tree": "blocks"}, "proof_size"),
        "no such place": ({"index": whole["size"]}, "proof_index"),
        "half a hash": ({"path": [whole["path"][0][:-2], *whole["path"][1:]]}, "proof_length"),
        "no hash": ({"path": ["xy", *whole["path"][1:]]}, "proof_malformed"),
        "no number": ({"index": True}, "proof_malformed"),
        "more": ({"more": 1}, "proof_malformed"),
        "newer": ({"version": 2}, "proof_malformed"),
        "of nothing": ({"kind": "proof"}, "proof_malformed"),
    }
    for name, (change, code) in changes.items():
        path.write_text(json.dumps(whole | change))
        assert check(signed, path) == (1, code), name
    for raw in ("", "[]", "{", path.read_text()[:100]):
        path.write_text(raw)
        assert check(signed, path) == (1, "proof_malformed")


def test_any_bit_of_a_checkpoint_counts(signed: Signed, demo: Path, tmp_path: Path) -> None:
    path = tmp_path / "proof"
    assert journal("prove", "record", demo, 17, "--checkpoint", signed.end, "-o", path).code == 0
    whole, drawn = signed.end.read_bytes(), random.Random(3)
    for _ in range(60):
        changed = bytearray(whole)
        changed[drawn.randrange(len(whole))] ^= 1 << drawn.randrange(8)
        (tmp_path / "end").write_bytes(changed)
        said = journal("check-proof", path, "--checkpoint", tmp_path / "end", "--key", signed.key)
        assert said.code == 1


def test_the_signature_is_left_out_only_by_who_says_so(signed: Signed, demo: Path, tmp_path: Path) -> None:
    path = tmp_path / "proof"
    assert journal("prove", "record", demo, 17, "--checkpoint", signed.end, "-o", path).code == 0
    assert "[key_missing]" in journal("check-proof", path, "--checkpoint", signed.end).err
    said = journal("check-proof", path, "--checkpoint", signed.end, "--unsigned", "--json")
    assert (said.code, said.json["signature"]) == (0, "not checked")


def test_a_rewritten_journal_is_caught_before_it_is_signed(
    signed: Signed, demo: Path, golden: Path, tmp_path: Path
) -> None:
    """A venue that rewrote its past cannot have the tool sign a checkpoint that breaks with the one before."""
    copy = tmp_path / "copy"
    shutil.copytree(golden, copy)
    said = journal("prove", "record", copy, 1, "--checkpoint", signed.end)
    assert said.code == 2
    said = journal("prove", "consistency", demo, signed.middle, signed.end)
    later = journal("prove", "checkpoint", copy, "--key", signed.folder / "private", "--after", signed.middle)
    assert later.code != 0
    assert later.out == ""


def test_questions_without_an_answer_have_a_hint(signed: Signed, demo: Path, tmp_path: Path) -> None:
    key = signed.folder / "private"
    inside = next(block.first_seq for block in Journal.open(demo).blocks() if block.count > 1)
    assert "[inside_block]\nhint: " in journal("prove", "checkpoint", demo, "--key", key, "--at", inside).err
    assert "[unknown_seq]\nhint: " in journal("prove", "record", demo, 10**9).err
    assert (
        "[not_covered]\nhint: "
        in journal("prove", "record", demo, signed.middle_seq + 1, "--checkpoint", signed.middle).err
    )
    assert "[not_later]\nhint: " in journal("prove", "consistency", demo, signed.end, signed.middle).err
    assert "[output_exists]\nhint: " in journal("prove", "keygen", "--name", "a", "-o", key).err
    (tmp_path / "key").write_text("no key")
    assert "[key_invalid]\nhint: " in journal("prove", "checkpoint", demo, "--key", tmp_path / "key").err
