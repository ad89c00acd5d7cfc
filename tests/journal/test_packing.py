"""Records into blocks, and the same records into other blocks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossbook.journal import (
    BLOCK_BYTES_MAX,
    BODY_BYTES_MAX,
    Block,
    PackedBlock,
    Record,
    pack_records,
    resplit,
    unpack_records,
)
from crossbook.journal.errors import BlockRefused
from tests.journal.support import command, create, mark, read

records_of = st.lists(
    st.tuples(st.integers(0, 10**12), st.integers(0, 3), st.integers(0, 2**32), st.binary(max_size=80)), min_size=1
)


def made(drawn: list[tuple[int, int, int, bytes]]) -> list[Record]:
    now, records = 0, []
    for step, origin, cause, text in drawn:
        now += step
        records.append(Record(now, origin, 0, cause, 0, command(text)))
    return records


def unpacked(blocks: list[PackedBlock]) -> list[Record]:
    return [
        record._replace(command=bytes(record.command))
        for block in blocks
        for record in unpack_records(block.body, count=block.count, first_time_ns=block.first_time_ns)
    ]


@given(records_of, st.integers(400, 3_000), st.integers(1, 9))
def test_packing_keeps_every_record_and_both_limits(
    drawn: list[tuple[int, int, int, bytes]], bytes_max: int, records_max: int
) -> None:
    records = made(drawn)
    blocks = list(pack_records(records, bytes_max=bytes_max, records_max=records_max, first_seq=1))
    assert unpacked(blocks) == records
    assert all(len(block.body) + 200 <= bytes_max and block.count <= records_max for block in blocks)
    assert [block.first_seq for block in blocks] == [1 + sum(b.count for b in blocks[:k]) for k in range(len(blocks))]


@given(records_of, st.integers(1, 5), st.integers(1, 50))
def test_cutting_a_journal_differently_keeps_every_record_and_seq(
    drawn: list[tuple[int, int, int, bytes]], before: int, after: int
) -> None:
    records = made(drawn)
    journal = [as_read(block) for block in pack_records(records, records_max=before, first_seq=1)]
    again = list(resplit(journal, records_max=after))
    assert unpacked(again) == records
    assert again[-1].first_seq + again[-1].count - 1 == len(records)


def as_read(packed: PackedBlock) -> Block:
    from crossbook.journal.chain import Head

    head = Head(packed.first_seq, bytes(32), 0, 0, 0)
    header, _, after = head.seal(packed.pending(mark(0)), epoch=1)
    return Block(header, packed.body, 1, after.head_hash)


def test_a_block_is_filled_up_to_its_limit() -> None:
    records = [Record(5, 0, 0, 0, 0, command(bytes(100)))] * 2_000
    blocks = list(pack_records(records))
    assert all(len(block.body) > BODY_BYTES_MAX - 200 for block in blocks[:-1])
    assert all(len(block.body) + 200 <= BLOCK_BYTES_MAX for block in blocks)


def test_a_session_of_small_blocks_is_cut_into_large_ones(tmp_path: Path) -> None:
    records = [Record(k, 0, 0, 0, k, command(b"%d" % k)) for k in range(1_000)]
    with create(tmp_path / "s") as writer:
        for packed in pack_records(records, records_max=7):
            writer.append_many([packed.pending(mark(0))])
    assert len(read(tmp_path / "s")) == 143
    (one,) = resplit(read(tmp_path / "s"))
    assert (one.first_seq, one.count) == (1, 1_000)
    assert unpacked([one]) == records


def test_a_record_that_no_block_can_hold_is_refused() -> None:
    with pytest.raises(BlockRefused) as refused:
        list(pack_records([Record(1, 0, 0, 0, 0, b"\xc6\x00\x01\x00\x00" + bytes(65_536))]))
    assert refused.value.values["bytes_max"] == BODY_BYTES_MAX


def test_times_that_go_back_are_refused() -> None:
    with pytest.raises(BlockRefused):
        list(pack_records([Record(2, 0, 0, 0, 0, command(b"")), Record(1, 0, 0, 0, 0, command(b""))]))


def test_a_body_that_is_not_its_records_is_refused() -> None:
    (packed,) = pack_records([Record(2, 0, 0, 0, 0, command(b""))])
    for body, count in ((packed.body, 2), (packed.body + b"\x01", 1), (packed.body[:-1], 1)):
        with pytest.raises(BlockRefused):
            unpack_records(body, count=count, first_time_ns=0)
