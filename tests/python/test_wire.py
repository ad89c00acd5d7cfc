"""The wire: what Python journals is canonical, and the kernel can execute all of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.python.worlds import config, session_commands

from crossbook._kernel import BlockError, Kernel
from crossbook.commands import COMMAND_TYPES, AddAsset, Amend, Cancel, Deposit, Origin, Place, SetTiers, Tick, Tier
from crossbook.config import load
from crossbook.errors import InputError
from crossbook.events import Deposited
from crossbook.journal import BODY_BYTES_MAX
from crossbook.session import Envelope, pack
from crossbook.wire import Record, check_records, count_events, decode_body, decode_events, encode_record

LAST = 2**64 - 1
INTERESTING = [0, 1, 23, 127, 128, 255, 256, 65_535, 65_536, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, LAST]


def test_a_record_is_the_shortest_msgpack_of_its_fields() -> None:
    record = Record(0, Origin.CLIENT, 0, 0, 0, Cancel(5, 200))
    assert encode_record(record).hex() == "9600000000" + "00" + "940e05ccc800"
    assert encode_record(Record(300, Origin.OPERATOR, 1, 70_000, LAST, Tick())).hex() == (
        "96cd012c0301ce00011170cfffffffffffffffff9110"
    )


@pytest.mark.parametrize("value", [*INTERESTING, -1, -32, -33, -128, -129, -32_768, -32_769, -(2**31) - 1, -(2**63)])
def test_the_kernel_accepts_the_encoding_of_every_integer_width(value: int) -> None:
    record = Record(
        0, Origin.OPERATOR, 0, 0, 0, Deposit(1, 1, value) if -(2**63) <= value < 2**63 else Cancel(1, value)
    )
    Kernel().apply(encode_record(record), first_seq=1, base_time_ns=1, count=1)


def values_for(field: str) -> st.SearchStrategy[Any]:
    small = st.sampled_from([1, 2, 3, 4])
    wild = st.one_of(small, st.sampled_from(INTERESTING), st.integers(-(2**65), 2**65), st.booleans(), st.none())
    if field in {"symbol", "name", "version", "evidence"}:
        return st.one_of(st.text(max_size=70), st.just("\ud800"), wild)
    if field in {"topic", "body"}:
        lengths = st.sampled_from([0, 1, 31, 32, 255, 256, 8_192, 16_384, 16_385, 70_000])
        return st.one_of(st.builds("é".__mul__, lengths), st.builds("x".__mul__, lengths), st.just("\ud800"), wild)
    if field == "tiers":
        tier = st.builds(Tier, wild, wild, wild)
        return st.lists(tier, max_size=20).map(tuple)
    if field in {"post_only", "reduce_only", "granted"}:
        return st.one_of(st.booleans(), wild)
    return wild


@st.composite
def wild_commands(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(COMMAND_TYPES))
    return kind(*(draw(values_for(field)) for field in kind.__struct_fields__))


@settings(max_examples=400, deadline=None)
@given(st.lists(wild_commands(), min_size=1, max_size=4), st.sampled_from(INTERESTING))
def test_what_passes_the_gate_can_be_executed_and_what_does_not_is_an_input_error(
    commands: list[Any], id_: int
) -> None:
    items = [Envelope(command, author=id_ if id_ < 9 else 0, cause=id_, nonce=id_) for command in commands]
    try:
        packed = pack(items, now_ns=7, last_time_ns=0)
    except InputError:
        return
    kernel = Kernel()
    for block in packed:
        kernel.apply(block.body, first_seq=kernel.seq + 1, base_time_ns=block.first_time_ns, count=block.count)


def test_the_kernel_refuses_what_is_not_canonical() -> None:
    canonical = encode_record(Record(0, Origin.CLIENT, 0, 0, 0, Tick()))
    for wrong in (
        canonical[:-1],
        canonical + b"\x00",
        b"\x96\xcc\x00" + canonical[2:],
        canonical.replace(b"\x91", b"\xdc\x00\x01"),
    ):
        kernel = Kernel()
        with pytest.raises(BlockError):
            kernel.apply(wrong, first_seq=1, base_time_ns=1, count=1)
        assert kernel.seq == 0


@pytest.mark.parametrize(
    ("command", "code", "values"),
    [
        (Deposit(1, 1, 2**63), "value_out_of_range", {"command": "Deposit", "field": "amount", "value": 2**63}),
        (Deposit(1, 1, 2**70), "value_out_of_range", {"command": "Deposit"}),
        (Deposit(1, 70_000, 1), "value_out_of_range", {"field": "asset", "value": 70_000}),
        (Deposit(-1, 1, 1), "value_out_of_range", {"field": "account", "value": -1}),
        (Deposit(1, 1, 1.5), "float_refused", {"field": "amount", "value": 1.5}),
        (Deposit(1, 1, "5"), "value_type", {"field": "amount", "value": "5"}),
        (Deposit(1, 1, True), "value_type", {"field": "amount"}),
        (Deposit(1, 1, object()), "value_type", {"command": "Deposit"}),
        (Place(1, 1, 3, 1, 1, 1), "value_out_of_range", {"field": "side", "value": 3}),
        (AddAsset("é" * 33, 6), "string_too_long", {"field": "symbol", "bytes": 66}),
    ],
)
def test_a_field_that_cannot_be_journaled_is_named(command, code, values) -> None:
    with pytest.raises(InputError) as caught:
        pack([Tick(), command], now_ns=1, last_time_ns=0)
    assert caught.value.code == code
    assert values.items() <= caught.value.values.items()
    assert caught.value.hint


def test_a_record_no_block_can_hold_is_refused() -> None:
    tiers = tuple(Tier(2**62, 2**62, 2**62) for _ in range(3_000))
    with pytest.raises(InputError) as caught:
        pack([SetTiers(1, tiers)], now_ns=1, last_time_ns=0)
    assert caught.value.code == "record_too_large"


def test_what_is_no_command_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        pack([(12, 1)], now_ns=1, last_time_ns=0)
    assert caught.value.code == "not_a_command"
    with pytest.raises(InputError) as event:
        pack([Envelope(Deposited(1, 2, 3, 4, 5), origin=Origin.CLIENT)], now_ns=1, last_time_ns=0)
    assert event.value.code == "not_a_command", "an event has a tag too, and would pass for a Withdraw"


def test_long_submissions_are_cut_into_full_blocks_with_their_own_base_times() -> None:
    items = [Envelope(Amend(1, seq, 0, 1, 1), time_ns=1_000 + seq) for seq in range(1, 9_001)]
    packed = pack(items, now_ns=0, last_time_ns=0)
    assert sum(block.count for block in packed) == 9_000
    assert all(len(block.body) <= BODY_BYTES_MAX for block in packed)
    assert all(len(block.body) > BODY_BYTES_MAX - 40 for block in packed[:-1])
    times = [block.first_time_ns + record.dt for block in packed for record in decode_body(block.body, block.count)]
    assert times == [item.time_ns for item in items]
    assert [block.last_time_ns for block in packed] == [
        times[sum(b.count for b in packed[: i + 1]) - 1] for i in range(len(packed))
    ]


def test_events_are_counted_and_decoded_like_any_msgpack_reader_does() -> None:
    kernel = Kernel()
    setup = [Envelope(command, origin=Origin.OPERATOR) for command in load(config()).commands()]
    packed = pack([*setup, *session_commands(400)], now_ns=1, last_time_ns=0)
    raw = b"".join(
        kernel.apply(block.body, first_seq=kernel.seq + 1, base_time_ns=block.first_time_ns, count=block.count)
        for block in packed
    )
    events = decode_events(raw)
    assert len(events) == count_events(raw) > 400
    assert b"".join(msgspec.msgpack.encode(event) for event in events) == raw
    assert decode_events(b"") == []
    assert count_events(msgspec.msgpack.encode(list(range(20))) * 3) == 3, "an event that outgrows the short header"


def test_a_long_list_of_tiers_is_journaled_and_refused_by_the_kernel() -> None:
    (block,) = pack([SetTiers(1, (Tier(2**40, 1, 1),) * 3_000)], now_ns=1, last_time_ns=0)
    (event,) = decode_events(Kernel().apply(block.body, first_seq=1, base_time_ns=1, count=1))
    assert event.code == 109


def test_bodies_decode_to_the_records_they_were_made_of() -> None:
    records = [Record(index, Origin.CLIENT, 0, 0, 0, command) for index, command in enumerate(session_commands(100))]
    body = b"".join(map(encode_record, records))
    check_records(body, records, base_time_ns=1, not_before_ns=1)
    assert decode_body(body, len(records)) == records
