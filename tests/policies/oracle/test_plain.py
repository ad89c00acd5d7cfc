"""The oracle policies one would compare the default with, and where they differ from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossbook.commands import Grade
from crossbook.counterfactual import Change, branch
from crossbook.errors import InputError
from crossbook.events import OracleSet
from crossbook.policies import catalogue
from crossbook.policies.oracle.feeds import Source
from crossbook.policies.oracle.gates import Gates
from crossbook.policies.oracle.plain import PlainMedian, Primary
from crossbook.replay import replay
from crossbook.wire import decode_events
from tests.policies.oracle.quotes import A, B, C, Quotes, feed


def test_a_plain_median_believes_a_flash(tmp_path: Path) -> None:
    stage = Quotes(tmp_path, PlainMedian((feed(Source(A), Source(B)),)))
    stage.calm(1, 3, sources=(A, B))
    stage.say(3, {A: 30_000})
    assert stage.oracle() == (45_000, Grade.GOOD)
    stage.say(4, {A: -1})
    assert stage.oracle() == (45_000, Grade.GOOD), "what is not above zero is left out"


def test_a_plain_median_never_ages(tmp_path: Path) -> None:
    stage = Quotes(tmp_path, PlainMedian((feed(),)))
    stage.calm(1, 3)
    stage.advance(4_000)
    assert stage.oracle() == (60_000, Grade.GOOD)


def test_the_primary_source_leads_until_it_is_stale(tmp_path: Path) -> None:
    stage = Quotes(tmp_path, Primary((feed(),)))
    stage.say(1, {A: 60_000, B: 61_000})
    assert stage.oracle() == (60_000, Grade.GOOD)
    stage.say(20, {B: 61_100})
    assert stage.oracle() == (60_000, Grade.AGEING)
    stage.advance(32)
    assert stage.oracle() == (61_100, Grade.THIN), "the next source takes over when the first is stale"
    stage.say(33, {A: 60_500})
    assert stage.oracle() == (60_500, Grade.GOOD)
    stage.advance(400)
    assert stage.oracle() == (60_500, Grade.NONE)
    grades = [event.grade for event in stage.said(OracleSet)[-3:]]
    assert grades == [Grade.AGEING, Grade.STALE, Grade.NONE]


def test_another_aggregation_is_tried_on_the_same_observations(tmp_path: Path) -> None:
    """What was said is on record, so a branch can ask what the price would have been without gates."""
    stage = Quotes(tmp_path / "gates")
    stage.calm(1, 5)
    stage.say(5, {A: 30_000, B: 30_000})
    stage.say(6, {A: 60_000, B: 60_000})
    stage.venue.close()
    same = branch(tmp_path / "gates", tmp_path / "same")
    plain = branch(tmp_path / "gates", tmp_path / "plain", Change(policies={"oracle": PlainMedian((feed(),))}))
    assert (same.same_events, plain.same_events) == (True, False)
    assert [sorted(prices(tmp_path / name)) for name in ("same", "plain")] == [[120_000], [60_000, 120_000]]


def prices(path: Path) -> set[int]:
    """The prices a journal's oracle had, in ticks."""
    found: set[int] = set()
    replay(path, on_events=lambda data: found.update(e.price for e in decode_events(data) if isinstance(e, OracleSet)))
    return found


@pytest.mark.parametrize("kind", [Gates, PlainMedian, Primary])
def test_they_are_found_by_name_and_configured_alike(kind: type) -> None:
    sources = [{"source": A, "name": "alpha"}, {"source": B, "weight": 2}, {"source": C, "kind": "perp"}]
    table = {"policy": kind.name, "feeds": [{"feed": 7, "market": 1, "decimals": 2, "sources": sources}]}
    built = catalogue.build("oracle", table)
    assert type(built) is kind
    assert built.feeds[0].spot() == {A: Source(A, "alpha"), B: Source(B, weight=2)}
    assert catalogue.configured(kind, catalogue.configuration(built)) == built


@pytest.mark.parametrize(
    "wrong",
    [
        {"market": 1, "asset": 1},
        {"market": 0},
        {"sources": []},
        {"sources": [{"source": A}, {"source": A}]},
        {"sources": [{"source": A, "weight": 0}]},
        {"decimals": 19},
        {"colour": "red"},
        {"thresholds": {"ageing_ns": 0}},
        {"thresholds": {"clamp_rate": 0}},
        {"thresholds": {"confirm_ns": -1}},
        {"thresholds": {"divergence_rate": -1}},
    ],
)
def test_a_feed_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    feed_table = {"feed": 7, "market": 1, "decimals": 2, "sources": [{"source": A}]}
    catalogue.build("oracle", {"feeds": [feed_table]})
    with pytest.raises(InputError, match="policy_config"):
        catalogue.build("oracle", {"feeds": [feed_table | wrong]})


@pytest.mark.parametrize("second", [{"feed": 7, "market": 2}, {"feed": 8, "market": 1}])
def test_feeds_do_not_contradict_each_other(second: dict[str, int]) -> None:
    first = {"feed": 7, "market": 1, "decimals": 2, "sources": [{"source": A}]}
    with pytest.raises(InputError, match="two feeds"):
        catalogue.build("oracle", {"feeds": [first, first | second]})
