"""Properties of whole sessions that hypothesis draws and, when one fails, shrinks."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from crossbook._kernel import Kernel
from tests.model.commands import Record
from tests.model.wire import decode_events, encode_block
from tests.model.world import World
from tests.properties.agreement import apply_block, run_block
from tests.properties.strategies import sessions


@settings(max_examples=300, deadline=None)
@given(records=sessions(), size=st.integers(1, 20))
def test_model_and_kernel_agree(records: list[Record], size: int) -> None:
    world, kernel = World(), Kernel(check_invariants=True)
    for start in range(0, len(records), size):
        run_block(world, kernel, records[start : start + size])
        world.check()


@settings(max_examples=100, deadline=None)
@given(records=sessions(), size=st.integers(1, 20))
def test_how_records_are_cut_into_blocks_changes_nothing(records: list[Record], size: int) -> None:
    whole, cut = Kernel(), Kernel()
    events = apply_block(whole, records)
    pieces = [records[start : start + size] for start in range(0, len(records), size)]
    assert [event for piece in pieces for event in apply_block(cut, piece)] == events
    assert cut.state_root() == whole.state_root()
    assert cut.event_digest() == whole.event_digest()


@settings(max_examples=100, deadline=None)
@given(records=sessions())
def test_model_conserves_money_after_every_command(records: list[Record]) -> None:
    world = World()
    for record in records:
        world.apply(record)
        world.check()


@settings(max_examples=60, deadline=None)
@given(records=sessions(), data=st.data())
def test_a_snapshot_anywhere_continues_like_the_original(records: list[Record], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(records) - 1))
    kernel = Kernel(check_invariants=True)
    apply_block(kernel, records[:cut])
    copy = Kernel.from_snapshot(kernel.snapshot(), check_invariants=True)
    assert apply_block(copy, records[cut:]) == apply_block(kernel, records[cut:])
    assert copy.snapshot() == kernel.snapshot()


@settings(max_examples=60, deadline=None)
@given(records=sessions(), data=st.data())
def test_a_limit_stops_within_a_block_as_if_it_had_been_shorter(records: list[Record], data: st.DataObject) -> None:
    limit = data.draw(st.integers(0, len(records)))
    limited, short = Kernel(), Kernel()
    body = encode_block(records, records[0].time)
    events = limited.apply(body, first_seq=1, base_time_ns=records[0].time, count=len(records), limit=limit)
    assert decode_events(events) == (apply_block(short, records[:limit]) if limit else [])
    assert limited.snapshot() == short.snapshot()
