"""However commands are batched, and wherever the process dies between them, the venue comes to the same state."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.python.worlds import START_NS, config, session_commands

from crossbook import Venue
from crossbook.session import Envelope

COUNT = 240
ITEMS = [
    Envelope(command, time_ns=START_NS + 1_000 * index) for index, command in enumerate(session_commands(COUNT, seed=3))
]


def run(path: Path, cuts: set[int], deaths: set[int], snapshots: set[int]) -> tuple[bytes, bytes, int]:
    """Submit everything, cut into batches; at some cuts the process dies, at some a snapshot is written."""
    venue = Venue.create(path, config(), durability="volatile", clock=lambda: START_NS)
    for start, stop in pairwise(sorted({0, COUNT} | cuts)):
        venue.submit(ITEMS[start:stop])
        if stop in snapshots:
            venue.snapshot()
        if stop in deaths:
            venue.session._writer.abandon()
            venue = Venue.open(path, durability="volatile", clock=lambda: START_NS)
    result = (venue.state_root, venue.event_digest, venue.seq)
    venue.session._writer.abandon()
    return result


cut_points = st.sets(st.integers(1, COUNT - 1), max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=cut_points, data=st.data())
def test_batches_deaths_and_snapshots_change_nothing(tmp_path_factory, cuts: set[int], data: st.DataObject) -> None:
    some = st.sets(st.sampled_from(sorted(cuts)), max_size=4) if cuts else st.just(set())
    path = tmp_path_factory.mktemp("batching")
    expected = run(path / "whole", set(), set(), set())
    assert run(path / "cut", cuts, data.draw(some), data.draw(some)) == expected
