"""Observations, gates, mark and funding together: an outage of all sources, and what each of the three makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crossbook.commands import Grade, Side
from crossbook.counterfactual import Change, branch
from crossbook.events import Event, FundingSettled, Noted, OracleSet
from crossbook.policies import notes
from crossbook.policies.funding.records import DEFERRED, EPOCH, DeferredPayment, EpochClosed
from crossbook.replay import replay
from crossbook.wire import decode_events
from tests.policies.floor import ORACLE, Floor
from tests.policies.stage import BTC

FEED: dict[str, Any] = {"feed": 7, "decimals": 1, "market": BTC, "sources": [{"source": n} for n in (1, 2, 3)]}
PERPS: dict[str, Any] = {"market": BTC, "feed": 7, "decimals": 1, "sources": [[4, 1]]}
POLICIES: dict[str, Any] = {
    "oracle": {"policy": "gates", "feeds": [FEED]},
    "mark": {"policy": "median", "feeds": [PERPS]},
    "funding": "epochs",
}
FIRST_END, SECOND_END = 2_800, 6_400
OUT, BACK = 4_000, SECOND_END + 120


def heard(begin: int, end: int) -> Iterator[int]:
    """The seconds in which sources speak, every two."""
    yield from range(begin, end, 2)


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Floor:
    """Three sources at 60,000 and a perpetual at 60,030, a book 30 above; silence from 4,000 s to past the hour."""
    floor = Floor(tmp_path_factory.mktemp("pipeline"), POLICIES)
    floor.quotes(1.5, ORACLE + 50, ORACLE + 70, lots=2_000)
    floor.order(1.6, Side.BUY, ORACLE + 70, 100, taking=True)
    for second in (*heard(2, OUT), *heard(BACK, BACK + 60)):
        for source in (1, 2, 3, 4):
            floor.observe(second + source / 10, source, 600_300 if source == 4 else 600_000)
    floor.advance(BACK + 70)
    return floor


def bodies(floor: Floor, topic: str, kind: type[Any]) -> list[Any]:
    found = (notes.read(event, topic, kind) for event in floor.said(Noted))
    return [body for body in found if body is not None]


def test_an_hour_of_good_prices_is_sampled_and_paid(floor: Floor) -> None:
    """An impact bid of 120,050 on 120,000 is a premium of 0.0417 %: within the band, so 0.01 % / 8 is paid."""
    first = bodies(floor, EPOCH, EpochClosed)[0]
    assert (first.rate, first.average_premium, first.payment) == (12_500, 416_666, "asked")
    assert (first.samples, first.missed) == (560, 0)
    assert floor.said(FundingSettled)[0].price == ORACLE


def test_the_mark_is_between_the_oracle_and_the_book(floor: Floor) -> None:
    """The median of the oracle with its distance to the book, the book at 60,030 and the perpetual at 60,030."""
    marks = floor.marks()
    assert ORACLE + 50 <= marks[-1] <= ORACLE + 70
    assert all(ORACLE <= mark <= ORACLE + 70 for mark in marks)


def test_an_outage_is_missed_samples_and_a_payment_that_comes_late(floor: Floor) -> None:
    """The price ages and is stale half a minute into the silence. The hour ends in it; two minutes later it is paid."""
    second = bodies(floor, EPOCH, EpochClosed)[1]
    grades = [event.grade for event in floor.said(OracleSet)]
    assert {Grade.GOOD, Grade.AGEING, Grade.STALE} <= set(grades)
    assert (second.payment, second.samples + second.missed) == ("deferred", 720)
    assert 240 <= second.samples <= 247
    (late,) = bodies(floor, DEFERRED, DeferredPayment)
    assert (late.outcome, late.rate) == ("late", second.rate)
    assert len(floor.said(FundingSettled)) == 2


def test_a_branch_runs_other_policies_on_the_same_observations(floor: Floor, tmp_path: Path) -> None:
    """Unchanged it has the events of its parent; with a mark of the book and time-weighted funding it has others."""
    floor.venue.session.sync()
    assert branch(floor.venue.path, tmp_path / "same", Change()).same_events
    changed = Change(policies={"mark": "book", "funding": "twap"})
    other = branch(floor.venue.path, tmp_path / "other", changed)
    assert not other.same_events
    assert other.faults == ()
    found: list[Event] = []
    replay(other.path, on_events=lambda data: found.extend(decode_events(data)))
    said = (notes.read(event, EPOCH, EpochClosed) for event in found if isinstance(event, Noted))
    # The mark is the last trade, 70 ticks above an oracle of 120,000; in the first 1.8 of 2,797.8 s it was the oracle.
    assert [body.rate for body in said if body is not None] == [582_958, 583_333]
