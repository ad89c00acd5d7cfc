"""Whatever sources say, in whatever order: the oracle keeps its promises."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossbook import Venue
from crossbook.commands import RATE_ONE, Grade, Observe, Origin
from crossbook.events import Noted, OracleSet, Rejected
from crossbook.policies.oracle.feeds import Feed, Source, Thresholds
from crossbook.policies.oracle.gates import Gates, GatesState
from tests.policies.stage import BEGIN_NS, BTC, SECOND, Stage

THRESHOLDS = Thresholds(stuck_updates=3)
FEED = Feed(
    7, (Source(1), Source(2, weight=2), Source(3), Source(9, kind="perp")), 2, market=BTC, thresholds=THRESHOLDS
)
EXTREMES = [-(2**63), -1, 0, 1, 24, 25, 10**8, 10**8 + 1, 2**63 - 1]
PRICES = st.one_of(st.integers(5_900_000, 6_100_000), st.integers(1, 10**8), st.sampled_from(EXTREMES))
OBSERVED = st.one_of(st.integers(-5, 0), st.integers(-400, 10)).map(lambda seconds: seconds * SECOND)


@st.composite
def sayings(draw: st.DrawFn) -> list[tuple[int, list[Observe]]]:
    """Steps in time, and what is said at each: mostly three sources that agree, now and then anything at all."""
    steps, at = [], BEGIN_NS + SECOND
    for _ in range(draw(st.integers(1, 25))):
        at += draw(st.sampled_from([SECOND // 1_000, SECOND, SECOND, SECOND, 5 * SECOND, 40 * SECOND, 400 * SECOND]))
        if draw(st.booleans()):
            price = draw(st.integers(5_990_000, 6_010_000))
            said = [Observe(7, source, price, 100, at) for source in (1, 2, 3)]
        else:
            said = [
                Observe(7, source, draw(PRICES), draw(st.sampled_from([0, 100, 10**6, *EXTREMES])), at + draw(OBSERVED))
                for source in draw(st.lists(st.sampled_from([1, 2, 3, 9, 77]), max_size=4))
            ]
        steps.append((at, said))
    return steps


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sayings())
def test_whatever_is_said_the_oracle_keeps_its_promises(steps: list[tuple[int, list[Observe]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder) / "venue", {"oracle": Gates((FEED,))})
        for at, said in steps:
            if said:
                stage.at((at - BEGIN_NS) / SECOND, *said, origin=Origin.ORACLE)
            else:
                stage.advance((at - BEGIN_NS) / SECOND)
        assert stage.said(Rejected) == [], "it proposes nothing the kernel refuses"
        assert [note for note in stage.said(Noted) if note.topic == "policy.fault"] == []
        prices = stage.said(OracleSet)
        for before, after in pairwise(prices):
            if before.grade != Grade.NONE:
                bound = before.price * THRESHOLDS.clamp_rate // RATE_ONE + 1
                assert abs(after.price - before.price) <= bound, "never farther than its bound in one update"
            assert (after.price, after.grade, after.observed_at, after.confidence) != (
                before.price, before.grade, before.observed_at, before.confidence,
            ), "it says nothing twice"  # fmt: skip
        assert all(1 <= event.price <= 2_000_000 for event in prices)
        remembered = stage.venue.policies.state("oracle")
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(remembered), type=GatesState) == remembered
        stage.venue.close()
        with Venue.open(Path(folder) / "venue", clock=lambda: stage.now_ns) as again:
            assert again.policies.state("oracle") == remembered
