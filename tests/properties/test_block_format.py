"""The kernel takes exactly the well-formed blocks: a refused one changes nothing, and the model can take the others."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossbook._kernel import BlockError, Kernel
from tests.model import commands as c
from tests.model.commands import Record
from tests.model.wire import decode_events, encode, encode_block
from tests.model.world import World
from tests.properties.agreement import apply_block, compare_views
from tests.properties.block_format import Malformed, parse_block
from tests.properties.strategies import START, sessions

HEADERS = (0x80, 0x90, 0xC0, 0xC2, 0xCB, 0xCC, 0xD0, 0xD9, 0xDA, 0xDC)


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """The body with a byte changed, inserted or taken out, an integer widened, or its tail cut or repeated."""
    at = draw(st.integers(0, len(body) - 1))
    byte = bytes([draw(st.integers(0, 255) | st.sampled_from(HEADERS))])
    kind = draw(st.sampled_from(("change", "change", "insert", "take out", "widen", "cut", "repeat")))
    if kind == "change":
        return body[:at] + byte + body[at + 1 :]
    if kind == "insert":
        return body[:at] + byte + body[at:]
    if kind == "take out":
        return body[:at] + body[at + 1 :]
    if kind == "widen":
        wider = draw(st.sampled_from((">BB", ">BH", ">BI", ">BQ")))
        code = {">BB": 0xCC, ">BH": 0xCD, ">BI": 0xCE, ">BQ": 0xCF}[wider]
        return body[:at] + struct.pack(wider, code, body[at]) + body[at + 1 :]
    return body[:at] if kind == "cut" else body + body[at:]


@settings(max_examples=250, deadline=None)
@given(records=sessions(), data=st.data())
def test_the_kernel_takes_exactly_the_well_formed_blocks(records: list[Record], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(records) - 1))
    kernel, world = Kernel(check_invariants=True), World()
    apply_block(kernel, records[:cut])
    for record in records[:cut]:
        world.apply(record)
    last = records[cut - 1].time
    body = data.draw(damaged(encode_block(records[cut:], last)))
    count = len(records) - cut + data.draw(st.sampled_from((0, 0, 0, 0, 1, -1)))
    try:
        parsed = parse_block(body, last, not_before=last, count=count)
    except Malformed:
        before = kernel.snapshot()
        with pytest.raises(BlockError):
            kernel.apply(body, first_seq=kernel.seq + 1, base_time_ns=last, count=count)
        assert kernel.snapshot() == before
        return
    events = kernel.apply(body, first_seq=kernel.seq + 1, base_time_ns=last, count=count)
    assert decode_events(events) == [event for record in parsed for event in world.apply(record)]
    compare_views(world, kernel)


GOOD = [0, c.OPERATOR, 0, 0, 0, [1, "USD", 2]]
BAD = {
    "origin beyond the four": [0, 4, 0, 0, 0, [16]],
    "unknown tag": [0, 3, 0, 0, 0, [69]],
    "tag 0": [0, 3, 0, 0, 0, [0]],
    "no command": [0, 3, 0, 0, 0],
    "empty command": [0, 3, 0, 0, 0, []],
    "a field too many": [0, 3, 0, 0, 0, [16, 0]],
    "a field too few": [0, 3, 0, 0, 0, [1, "USD"]],
    "negative where unsigned": [0, 3, 0, 0, -1, [16]],
    "beyond its width": [0, 3, 65_536, 0, 0, [16]],
    "a flag for an integer": [0, 3, 0, 0, 0, [1, "USD", True]],
    "an integer for a flag": [0, 3, 0, 0, 0, [12, 1, 1, 1, 1, 1, 1, 1, 0, 0, False, 0, 0]],
    "side 3": [0, 3, 0, 0, 0, [12, 1, 1, 3, 1, 1, 1, 1, 0, False, False, 0, 0]],
    "kind 0": [0, 3, 0, 0, 0, [12, 1, 1, 1, 0, 1, 1, 1, 0, False, False, 0, 0]],
    "time in force 5": [0, 3, 0, 0, 0, [12, 1, 1, 1, 1, 1, 1, 5, 0, False, False, 0, 0]],
    "self-trade mode 5": [0, 3, 0, 0, 0, [12, 1, 1, 1, 1, 1, 1, 1, 5, False, False, 0, 0]],
    "mass cancel of side 3": [0, 3, 0, 0, 0, [15, 1, 0, 3]],
    "an author of origin 4": [0, 3, 0, 0, 0, [18, 4, "a", "1"]],
    "a string of 65 bytes": [0, 3, 0, 0, 0, [1, "x" * 65, 0]],
    "a share of three": [0, 3, 0, 0, 0, [62, 1, 1, 1, [[1, 1, 1]]]],
    "a move beyond its width": [0, 3, 0, 0, 0, [42, 1, [2**63]]],
    "margin mode 3": [0, 3, 0, 0, 0, [34, 1, 3]],
    "a tier of two": [0, 3, 0, 0, 0, [3, 1, [[0, 1]]]],
    "grade 7": [0, 3, 0, 0, 0, [65, 1, 1, 0, 7, 0]],
    "a least grade of 7": [0, 3, 0, 0, 0, [66, 1, 0, 0, 7]],
    "an integer for a grant": [0, 3, 0, 0, 0, [67, 1, 1, 1]],
    "a topic of 65 bytes": [0, 3, 0, 0, 0, [68, 0, "x" * 65, ""]],
    "a body of 16,385 bytes": [0, 3, 0, 0, 0, [68, 0, "x", "x" * 16_385]],
    "a body of 16,386 bytes in fewer characters": [0, 3, 0, 0, 0, [68, 0, "x", "é" * 8_193]],
    "time past its width": [2**64 - 1, 3, 0, 0, 0, [16]],
}


@pytest.mark.parametrize("fault", BAD)
def test_one_bad_record_refuses_the_whole_block(fault: str) -> None:
    kernel = Kernel()
    before = kernel.snapshot()
    body = encode(GOOD) + encode(BAD[fault]) + encode(GOOD)
    with pytest.raises(BlockError) as refused:
        kernel.apply(body, first_seq=1, base_time_ns=START, count=3)
    assert refused.value.args[1] == 1
    assert kernel.snapshot() == before
    with pytest.raises(Malformed):
        parse_block(body, START, not_before=0, count=3)


def test_time_never_decreases_within_a_block_or_between_blocks() -> None:
    kernel = Kernel()
    late, early = Record(START + 1, c.OPERATOR, 0, 0, 0, c.Tick()), Record(START, c.OPERATOR, 0, 0, 0, c.Tick())
    with pytest.raises(BlockError):
        kernel.apply(encode_block([late, early], START), first_seq=1, base_time_ns=START, count=2)
    assert apply_block(kernel, [late]) == [(20, 1, START + 1)]
    with pytest.raises(BlockError):
        apply_block(kernel, [early])
    assert kernel.seq == 1


@pytest.mark.parametrize("first_seq", [0, 2, 2**64 - 1])
def test_a_block_starts_where_the_last_one_ended(first_seq: int) -> None:
    kernel = Kernel()
    with pytest.raises(BlockError):
        kernel.apply(encode(GOOD), first_seq=first_seq, base_time_ns=START, count=1)
    assert kernel.seq == 0
