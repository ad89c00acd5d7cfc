"""The strict reader of LMDB files agrees with liblmdb on real files, and never trusts a number."""

from __future__ import annotations

import os
import random
from pathlib import Path

import lmdb
import pytest

from crossbook.journal.lmdb_check import check_file
from crossbook.journal.lmdb_file import META_BYTES, LmdbFault, LmdbFile
from tests.journal.support import MIB, PAGE_BYTES


def grow(path: Path, seed: int, commits: int, value_bytes_max: int) -> lmdb.Environment:
    """An environment as a journal grows it, with readers that come and go and pin old pages."""
    rng = random.Random(seed)
    env = lmdb.open(str(path), map_size=64 * MIB)
    held: list[lmdb.Transaction] = []
    key = 0
    for _ in range(commits):
        with env.begin(write=True) as transaction:
            for _ in range(rng.choice([1, 1, 1, 4, 16])):
                key += rng.randint(1, 300)
                assert transaction.put(
                    key.to_bytes(8, "big"), rng.randbytes(rng.randint(1, value_bytes_max)), append=True
                )
        if rng.random() < 0.03:
            held.append(env.begin())
        elif held and rng.random() < 0.03:
            held.pop(0).abort()
    for reader in held:
        reader.abort()
    return env


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("value_bytes_max", [60, 700, 3_000, 20_000])
def test_it_reads_what_liblmdb_reads(tmp_path: Path, seed: int, value_bytes_max: int) -> None:
    env = grow(tmp_path, seed, 250 if value_bytes_max < 10_000 else 60, value_bytes_max)
    with env.begin() as transaction, LmdbFile(tmp_path / "data.mdb", map_bytes=64 * MIB) as file:
        check_file(file)
        expected = list(transaction.cursor())
        assert [(node.key, file.value(file.newest, node)) for node in file.nodes(file.newest)] == expected
        assert file.newest.txn == env.info()["last_txnid"]
        assert file.newest.main.entries == env.stat()["entries"]
        older = [node.key for node in file.nodes(file.older)]
        assert older == [key for key, _ in expected][: len(older)]
    env.close()


def test_every_commit_leaves_a_file_that_passes(tmp_path: Path) -> None:
    env = lmdb.open(str(tmp_path), map_size=64 * MIB)
    for number in range(400):
        with LmdbFile(tmp_path / "data.mdb") as file:
            check_file(file)
        with env.begin(write=True) as transaction:
            transaction.put(number.to_bytes(8, "big"), os.urandom(number * 37 % 6_000 + 1), append=True)
    env.close()


def test_it_seeks_like_a_cursor(tmp_path: Path) -> None:
    grow(tmp_path, 7, 300, 200).close()
    with LmdbFile(tmp_path / "data.mdb") as file:
        keys = [int.from_bytes(node.key, "big") for node in file.nodes(file.newest)]
        assert file.newest.main.depth > 1
        for at in range(0, len(keys), 7):
            for wanted in (keys[at], keys[at] + 1):
                found = next(file.nodes(file.newest, wanted.to_bytes(8, "big")))
                assert int.from_bytes(found.key, "big") == max(key for key in keys if key <= wanted)
        assert int.from_bytes(next(file.nodes(file.newest, bytes(8))).key, "big") == keys[0]


def test_random_bytes_end_in_a_fault_and_in_nothing_else(tmp_path: Path) -> None:
    """Pages overwritten with noise: the reader may refuse or, in a free page, not notice; it never fails otherwise."""
    grow(tmp_path, 11, 200, 900).close()
    data = tmp_path / "data.mdb"
    whole = data.read_bytes()
    rng = random.Random(12)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(0, len(whole) // PAGE_BYTES) * PAGE_BYTES + rng.choice(
                [0, 10, 12, 16, 18, rng.randrange(4_000)]
            )
            damaged[at : at + 8] = rng.choice(
                [rng.randbytes(8), bytes(8), b"\xff" * 8, rng.randint(0, 99).to_bytes(8, "little")]
            )
        data.write_bytes(damaged[: len(whole)])
        try:
            with LmdbFile(data) as file:
                check_file(file)
                for node in file.nodes(file.newest):
                    file.value(file.newest, node)
        except LmdbFault as fault:
            refused += bool(fault.message)
    assert refused > 100


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("empty", b"", "truncated"),
        ("text", b"x" * 10_000, "magic"),
        ("one meta page", None, "truncated"),
    ],
)
def test_what_is_not_lmdb_is_told_apart(tmp_path: Path, name: str, content: bytes | None, fault: str) -> None:
    if content is None:
        lmdb.open(str(tmp_path / "env")).close()
        content = (tmp_path / "env/data.mdb").read_bytes()[: PAGE_BYTES + META_BYTES - 1]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LmdbFault) as told:
        LmdbFile(tmp_path / name)
    assert told.value.fault == fault


def test_another_map_size_than_the_journals_is_told(tmp_path: Path) -> None:
    lmdb.open(str(tmp_path), map_size=2 * MIB).close()
    with pytest.raises(LmdbFault) as told:
        LmdbFile(tmp_path / "data.mdb", map_bytes=MIB)
    assert told.value.fault == "map_bytes"
