"""More than a thousand seeded mutations of journals: every one is found, and called what it is.

Only a receipt can tell a journal from an earlier copy of itself, or from one that was made anew as a whole: there, the
verifier has one. What a seed draws is counted, so that no kind of mutation can get lost.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from journal_tools.checking import Anchor, Verdict, verify
from journal_tools.errors import ToolError
from journal_tools.journal import Journal
from tests.journal_tools import mutations as m
from tests.journal_tools.conftest import segmented

SEED = 20_260_101
CAMPAIGN = {
    "byte in a data file": 450,
    "byte after a crash": 150,
    "byte in a small file": 165,
    "data file cut short": 60,
    "data file cut short after a crash": 20,
    "small file cut short": 11,
    "file taken away": 14,
    "closing.json taken away": 1,
    "segment taken away": 5,
    "data file of another segment": 20,
    "segment replayed whole": 12,
    "earlier copy": 2,
    "blocks swapped": 40,
    "block dropped": 22,
    "block replayed": 5,
    "block replayed and renumbered": 5,
    "record edited": 66,
    "record edited, file hash left": 27,
    "chain made anew": 40,
    "member of a small file": 89,
    "small file of another kind": 11,
    "member too many": 11,
    "member left out": 11,
}
"""How many mutations of each kind there are."""
DRAWN: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    """Each kind of mutation that a test makes, it makes as often as the table says."""
    DRAWN.clear()
    yield
    assert {kind: CAMPAIGN[kind] for kind in DRAWN} == dict(DRAWN)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, trouble: Path) -> Path:
    """The golden journal of trouble in five segments; mutations are made in it and taken back."""
    return segmented(trouble, tmp_path_factory.mktemp("mutations") / "small", every=6)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory, trouble: Path) -> Path:
    """The same as a crash left it."""
    return segmented(trouble, tmp_path_factory.mktemp("mutations") / "left", every=100, closed=False)


@pytest.fixture
def copy(tmp_path: Path, small: Path) -> Iterator[Any]:
    """Copies the small session as often as it is called."""
    made: list[Path] = []

    def copy_of(session: Path = small) -> Path:
        made.append(tmp_path / str(len(made)))
        shutil.copytree(session, made[-1])
        return made[-1]

    return copy_of


def head_of(session: Path) -> Anchor:
    """A receipt of the last command."""
    last = Journal.open(session).last_block
    assert last is not None
    return Anchor(last.last_seq, last.hash)


def codes(verdict: Verdict) -> set[str]:
    return {finding.code for finding in verdict.findings}


def expect(kind: str, verdict: Verdict, expected: str, *, seq: int | None = None, segment: int | None = None) -> None:
    """The mutation is found, under its name and in its place."""
    DRAWN[kind] += 1
    assert_named(kind, verdict, expected, seq=seq, segment=segment)


def assert_named(
    kind: str, verdict: Verdict, expected: str, *, seq: int | None = None, segment: int | None = None
) -> None:
    named = [finding for finding in verdict.findings if finding.code == expected]
    assert named, f"{kind}: expected {expected}, found {[f.message for f in verdict.findings]}"
    if seq is not None:
        assert seq in [finding.values["seq"] for finding in named], (kind, seq, [f.message for f in named])
    if segment is not None:
        assert segment in [finding.values["segment"] for finding in named], (kind, segment)


def test_nothing_is_found_where_nothing_was_changed(small: Path, left: Path) -> None:
    assert not verify(small, anchors=[head_of(small)], must_be_closed=True).findings
    assert not verify(left, anchors=[head_of(left)]).findings


# --- what a disk does -------------------------------------------------------------------------------------------------


def test_a_byte_anywhere_in_a_data_file(small: Path) -> None:
    random = Random(SEED)
    for directory in m.segment_paths(small):
        data = directory / "data.mdb"
        raw, places = data.read_bytes(), m.places(data)
        number = int(directory.name)
        for _ in range(90):
            at, mask = random.randrange(len(raw)), random.randrange(1, 256)
            place = m.place_of(places, at)
            with m.changed(data, m.flipped(raw, at, mask)):
                verdict = verify(small)
            expect("byte in a data file", verdict, "file_hash", segment=number)
            if place.what in ("header", "body"):
                assert_named("byte in a block", verdict, f"block_{place.what}", seq=place.seq, segment=number)


def test_a_byte_of_a_block_that_no_file_hash_covers(left: Path) -> None:
    random = Random(SEED + 1)
    (data,) = (left / "segments").glob("*/data.mdb")
    raw = data.read_bytes()
    blocks = [place for place in m.places(data) if place.what != "meta"]
    for _ in range(150):
        place = random.choice(blocks)
        at, mask = random.randrange(place.begin, place.end), random.randrange(1, 256)
        with m.changed(data, m.flipped(raw, at, mask)):
            verdict = verify(left)
        expect("byte after a crash", verdict, f"block_{place.what}", seq=place.seq)


def test_a_byte_of_a_small_file(small: Path) -> None:
    random = Random(SEED + 2)
    for path in sorted(small.rglob("*.json")):
        raw = path.read_bytes()
        for _ in range(15):
            at, mask = random.randrange(len(raw)), random.randrange(1, 256)
            with m.changed(path, m.flipped(raw, at, mask)):
                verdict = verify(small)
            expect("byte in a small file", verdict, "file_digest")
            assert str(path.relative_to(small)) in [finding.values["file"] for finding in verdict.findings]


def test_a_file_that_was_cut_short(small: Path, left: Path) -> None:
    random = Random(SEED + 3)
    for directory in m.segment_paths(small):
        data = directory / "data.mdb"
        raw = data.read_bytes()
        for _ in range(12):
            with m.changed(data, raw[: random.randrange(len(raw))]):
                expect("data file cut short", verify(small), "file_hash", segment=int(directory.name))
    (data,) = (left / "segments").glob("*/data.mdb")
    raw = data.read_bytes()
    for _ in range(20):
        with m.changed(data, raw[: random.randrange(len(raw))]):
            expect("data file cut short after a crash", verify(left), "truncated")
    for path in sorted(small.rglob("*.json")):
        raw = path.read_bytes()
        with m.changed(path, raw[: random.randrange(len(raw))]):
            expect("small file cut short", verify(small), "file_digest")


# --- what a thief does ------------------------------------------------------------------------------------------------


def test_a_file_that_was_taken_away(small: Path, copy: Any) -> None:
    for path in sorted((small / "segments").rglob("*")):
        if path.suffix in (".json", ".mdb") and path.name != "lock.mdb":
            with m.changed(path, None):
                expected = "footer" if path.name == "footer.json" else "file_missing"
                expect("file taken away", verify(small), expected, segment=int(path.parent.name))
    with m.changed(small / "closing.json", None):
        expect("closing.json taken away", verify(small, must_be_closed=True), "not_closed")
    for at, directory in enumerate(m.segment_paths(small), 1):
        robbed = copy()
        shutil.rmtree(robbed / "segments" / directory.name)
        is_last = at == len(m.segment_paths(small))
        expect("segment taken away", verify(robbed), "closing" if is_last else "segment_missing")


def test_a_segment_in_the_place_of_another(small: Path, copy: Any) -> None:
    random = Random(SEED + 4)
    directories = m.segment_paths(small)
    for _ in range(20):
        source, target = random.sample(directories, 2)
        with m.changed(target / "data.mdb", (source / "data.mdb").read_bytes()):
            verdict = verify(small)
        expect("data file of another segment", verdict, "file_hash", segment=int(target.name))
        later = source.name > target.name
        assert_named("segment replayed", verdict, "chain_gap" if later else "chain_repeat", segment=int(target.name))
    for source, target in ((a, b) for a in directories[:-1] for b in directories[:-1] if a != b):
        replayed = copy()
        shutil.rmtree(replayed / "segments" / target.name)
        shutil.copytree(source, replayed / "segments" / target.name)
        expect("segment replayed whole", verify(replayed), "opening", segment=int(target.name))


def test_an_earlier_copy_of_the_session(small: Path, copy: Any) -> None:
    """Whole in every byte, and too short: only a receipt tells."""
    receipt = head_of(small)
    parts = [m.entries(directory / "data.mdb") for directory in m.segment_paths(small)]
    for kept in range(2, len(parts[-1])):
        earlier = copy()
        m.reseal(earlier, [*parts[:-1], parts[-1][:kept]], chain=False)
        assert not verify(earlier).findings
        expect("earlier copy", verify(earlier, anchors=[receipt]), "anchor", seq=receipt.seq)
    earlier = copy()
    shutil.rmtree(m.segment_paths(earlier)[-1])
    (earlier / "closing.json").unlink()
    (m.segment_paths(earlier)[-1] / "footer.json").unlink()
    assert not verify(earlier).findings
    expect("earlier copy", verify(earlier, anchors=[receipt]), "anchor", seq=receipt.seq)


# --- what an insider does ---------------------------------------------------------------------------------------------


def every_block(small: Path) -> list[tuple[int, list[m.Entry]]]:
    """Each segment with its blocks."""
    return [(int(path.name), m.entries(path / "data.mdb")) for path in m.segment_paths(small)]


def with_segment(small: Path, copy: Any, number: int, blocks: list[m.Entry]) -> Path:
    """A copy in which one segment has these blocks, every file hash right and every footer rewritten."""
    made: Path = copy()
    parts = [blocks if at == number else part for at, part in every_block(small)]
    m.reseal(made, parts, chain=False)
    return made


def test_two_blocks_that_changed_places(small: Path, copy: Any) -> None:
    random = Random(SEED + 5)
    for number, blocks in every_block(small):
        for _ in range(8):
            a, b = sorted(random.sample(range(len(blocks)), 2))
            swapped = list(blocks)
            swapped[a], swapped[b] = (blocks[a][0], blocks[b][1]), (blocks[b][0], blocks[a][1])
            verdict = verify(with_segment(small, copy, number, swapped))
            expect("blocks swapped", verdict, "block_header", seq=blocks[a][0], segment=number)


def test_a_block_that_is_gone(small: Path, copy: Any) -> None:
    for number, blocks in every_block(small):
        for at in range(len(blocks) - 1):
            verdict = verify(with_segment(small, copy, number, blocks[:at] + blocks[at + 1 :]))
            expect("block dropped", verdict, "chain_gap", seq=blocks[at + 1][0], segment=number)


def test_a_block_that_is_there_again(small: Path, copy: Any) -> None:
    """The bytes of an old block under the key that the next one would have."""
    for number, blocks in every_block(small):
        again = blocks[0][1]
        end = m.HEADER.unpack(blocks[-1][1][: m.HEADER_BYTES])
        key = end[3] + end[2]
        verdict = verify(with_segment(small, copy, number, [*blocks, (key, again)]))
        expect("block replayed", verdict, "block_header", seq=key)
        renumbered = m.block(again, first_seq=key)
        verdict = verify(with_segment(small, copy, number, [*blocks, (key, renumbered)]))
        expect("block replayed and renumbered", verdict, "chain_link", seq=key)


def changed_record(random: Random, value: bytes) -> bytes:
    """A block with one byte of its body changed."""
    body = value[m.HEADER_BYTES :]
    return m.block(value, body=m.flipped(body, random.randrange(len(body)), random.randrange(1, 256)))


def test_a_record_edited_with_the_hash_of_its_block(small: Path, copy: Any) -> None:
    """The block is whole and the file hashes are right: but the next block continues another one."""
    random = Random(SEED + 6)
    for number, blocks in every_block(small):
        for at in list(range(len(blocks) - 1)) * 3:
            made = list(blocks)
            made[at] = (blocks[at][0], changed_record(random, blocks[at][1]))
            verdict = verify(with_segment(small, copy, number, made))
            expect("record edited", verdict, "chain_link", seq=blocks[at + 1][0], segment=number)


def test_a_record_edited_in_a_file_whose_hash_was_not_recomputed(small: Path) -> None:
    random = Random(SEED + 7)
    for directory in m.segment_paths(small):
        data = directory / "data.mdb"
        raw = data.read_bytes()
        for key, value in m.entries(data):
            made = changed_record(random, value)
            with m.changed(data, raw.replace(value, made)):
                expect("record edited, file hash left", verify(small), "file_hash", segment=int(directory.name))
            assert m.first_seq(made) == key


def test_a_record_edited_with_everything_after_it_made_anew(small: Path, copy: Any) -> None:
    """Every hash, footer and link is right: only a receipt tells, whichever it is of what came after."""
    random = Random(SEED + 8)
    parts = [blocks for _, blocks in every_block(small)]
    for _ in range(40):
        made = [list(part) for part in parts]
        part = random.randrange(len(parts))
        at = random.randrange(len(parts[part]))
        key, value = parts[part][at]
        made[part][at] = (key, changed_record(random, value))
        session = copy()
        m.reseal(session, made, chain=True)
        assert codes(verify(session)) <= {"records", "record_times"}, "what is no record is found as such"
        receipts = [Anchor(other, m.block_hash(raw)) for blocks in parts for other, raw in blocks if other >= key]
        receipt = random.choice(receipts)
        expect("chain made anew", verify(session, anchors=[receipt]), "anchor", seq=receipt.seq)


SMALL_FILE_CODES = {
    ("session", "id"): "opening",
    ("session", "created_ns"): "opening",
    ("session", "segment_bytes"): "lmdb_map",
    ("footer", "data_bytes"): "file_hash",
    ("footer", "data_sha256"): "file_hash",
    ("closing", "data_bytes"): "file_hash",
    ("closing", "data_sha256"): "file_hash",
}


def other(value: Any, random: Random) -> Any:
    """Another value of the same shape."""
    if isinstance(value, int):
        return value + random.randrange(1, 1_000)
    if not value:
        return "0" * 64
    return "".join("0" if digit == "f" else f"{int(digit, 16) + 1:x}" for digit in value)


def test_a_member_of_a_small_file_with_its_digest_recomputed(small: Path) -> None:
    random = Random(SEED + 9)
    for path in sorted(small.rglob("*.json")):
        members = json.loads(path.read_bytes())
        for member in set(members) - {"kind", "journal_format", "sha256", "durability"}:
            with m.changed(path, m.edited(path, **{member: other(members[member], random)})):
                expected = SMALL_FILE_CODES.get((path.stem, member), path.stem)
                expect("member of a small file", verify(small), expected)
        with m.changed(path, m.edited(path, kind="crossbook nothing")):
            expect("small file of another kind", verify(small), "file_kind")
        with m.changed(path, m.signed(members | {"more": 1})):
            expect("member too many", verify(small), "file_spelling")
        less = {name: value for name, value in members.items() if name != list(members)[3]}
        with m.changed(path, m.signed(less)):
            expect("member left out", verify(small), "file_members")
        with m.changed(path, m.edited(path, journal_format=2)), pytest.raises(ToolError) as caught:
            verify(small)
        assert caught.value.code == "newer_format"
    with m.changed(small / "closing.json", m.edited(small / "closing.json", durability="eternal")):
        expect("member of a small file", verify(small), "closing")


def test_the_campaign_is_as_large_as_it_says() -> None:
    assert sum(CAMPAIGN.values()) >= 1_000
