"""The loop: one order of turns on stamped time, whatever the batches."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from crossbook import Venue
from crossbook.commands import CreateAccount, Observe, Origin, Tick
from crossbook.errors import InputError, NotFound
from crossbook.events import FundingSettled, MarkSet, Noted, Observed
from crossbook.journal import JournalReader
from crossbook.policies import notes
from crossbook.policies.recovery import Tape
from crossbook.session import Envelope
from tests.policies.simple import Follower, Metronome, Scribe, band
from tests.policies.stage import BEGIN_NS, BTC, ETH, SECOND, Stage, config


def observe(feed: int, price: int, seconds: float) -> Envelope:
    return Envelope(Observe(feed, 1, price, 0, 0), Origin.ORACLE, time_ns=BEGIN_NS + int(seconds * SECOND))


def records(path: Path) -> list[Any]:
    """Every record of a journal with its seq and stamped time, however the blocks were cut."""
    with JournalReader(path) as reader:
        return [(one.seq, one.item) for one in Tape.of(reader).records]


def test_policies_take_turns_in_the_order_of_their_roles_until_nothing_is_left(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"surveillance": Scribe(), "mark": Follower()})
    stage.at(1, observe(BTC, 120_500, 1), observe(ETH, 60_100, 1))
    kinds = [type(event).__name__ for event in stage.events[-6:]]
    assert kinds[-5:] == ["Observed", "Observed", "MarkSet", "MarkSet", "Noted"]
    assert stage.said(Noted)[-1].body == '{"marks":2,"rates":0}'


def test_each_command_names_its_author_and_its_cause(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", band())
    stage.at(1, observe(BTC, 120_500, 1), observe(ETH, 60_100, 1))
    seen = [event.seq for event in stage.said(Observed)]
    authors = {one.slot: one.author for one in stage.venue.policies.engaged()}
    stage.venue.close()
    by_mark = [item for _, item in records(tmp_path / "venue") if item.author == authors["mark"]]
    assert seen == [item.cause for item in by_mark]
    assert {(Origin.POLICY, BEGIN_NS + SECOND)} == {(item.origin, item.time_ns) for item in by_mark}


def test_a_waking_happens_at_its_own_stamped_time_before_anything_later(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"funding": Metronome()})
    stage.at(12, Tick())
    stage.venue.close()
    times = [item.time_ns for _, item in records(tmp_path / "venue") if type(item.command).__name__ == "SettleFunding"]
    assert times == [BEGIN_NS + 5 * SECOND, BEGIN_NS + 10 * SECOND]


def test_a_waking_at_the_time_of_a_command_comes_after_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"mark": Follower(), "funding": Metronome()})
    stage.at(5, observe(BTC, 130_000, 5))
    (settled,) = stage.said(FundingSettled)
    assert settled.price == 130_000


def test_letting_time_pass_wakes_up_to_and_including_its_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"funding": Metronome()})
    stage.advance(10)
    assert len(stage.said(FundingSettled)) == 2
    stage.advance(14.9)
    assert len(stage.said(FundingSettled)) == 2
    assert stage.venue.policies.wake_ns == BEGIN_NS + 15 * SECOND


def test_an_instant_takes_commands_until_it_closes_and_none_after(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"mark": Follower()})
    venue, time_ns = stage.venue, BEGIN_NS + SECOND
    venue.submit([observe(BTC, 120_500, 1)])
    venue.submit([observe(BTC, 120_600, 1)])
    assert venue.market("BTC-PERP").mark == 60_000
    venue.policies.settle()
    assert venue.market("BTC-PERP").mark == 60_300
    with pytest.raises(InputError, match="already acted") as caught:
        venue.submit(Tick(), time_ns=time_ns)
    assert caught.value.code == "instant_closed"


def test_without_a_time_the_clock_stamps_and_the_policies_act_at_once(tmp_path: Path) -> None:
    path = tmp_path / "venue"
    with Venue.create(
        path, config(), durability="volatile", clock=lambda: BEGIN_NS, policies={"mark": Follower()}
    ) as venue:
        receipt = venue.submit(Observe(BTC, 1, 121_000, 0, 0), origin=Origin.ORACLE)
        assert venue.market("BTC-PERP").mark == 60_500
        again = venue.submit(Observe(BTC, 1, 122_000, 0, 0), origin=Origin.ORACLE)
        assert again.time_ns == receipt.time_ns + 1  # the clock stands still, but an instant that closed is over


def test_a_receipt_is_about_the_commands_that_came_from_outside(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", band())
    receipt = stage.venue.submit([observe(BTC, 121_000, 1), observe(BTC, 122_000, 2), observe(BTC, 123_000, 9)])
    assert len(receipt) == 3
    assert [receipt[index][0].price for index in range(3)] == [121_000, 122_000, 123_000]
    assert receipt[-1][0].price == 123_000
    assert receipt.seqs[2] > receipt.seqs[1] + 1
    assert [*receipt.seqs] == [*receipt.by_seq()]


def test_nothing_is_journaled_of_a_submission_that_cannot_be(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", band())
    before = stage.venue.seq
    with pytest.raises(InputError):
        stage.venue.submit(
            [observe(BTC, 121_000, 1), Envelope(Observe(1 << 40, 1, 1, 0, 0), time_ns=BEGIN_NS + 2 * SECOND)]
        )
    with pytest.raises(InputError, match="backwards"):
        stage.venue.submit([observe(BTC, 121_000, 3), observe(BTC, 121_000, 2)])
    assert before == stage.venue.seq


@pytest.mark.parametrize("seed", range(6))
def test_one_journal_however_the_commands_were_handed_over(tmp_path: Path, seed: int) -> None:
    """Same commands, same times: cut into submissions at random, the records, events and root are the same."""
    rng = random.Random(seed)
    times = sorted(rng.randint(1, 60) for _ in range(200))
    commands = [observe(rng.choice((BTC, ETH)), rng.randint(50_000, 150_000), time) for time in times]
    results = []
    for name, size in (("one by one", 1), ("at once", 200), ("at random", 0)):
        stage = Stage(tmp_path / name, band())
        rest = list(commands)
        while rest:
            count = size or rng.randint(1, 9)
            stage.venue.submit(rest[:count])
            rest = rest[count:]
        stage.advance(61)
        results.append((stage.venue.event_digest, stage.venue.state_root))
        stage.venue.close()
        results[-1] += (records(tmp_path / name),)
    assert results[0] == results[1] == results[2]
    assert len(results[0][2]) > 400


def test_engaging_and_disengaging_are_on_record(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"funding": Metronome(interval_ns=7 * SECOND)})
    stage.venue.policies.engage("funding", Metronome(), time_ns=BEGIN_NS + SECOND)
    stage.venue.policies.disengage("funding", time_ns=BEGIN_NS + 2 * SECOND)
    stage.advance(30)
    engaged = [body for e in stage.said(Noted) if (body := notes.read(e, notes.ENGAGED, notes.Engaged))]
    gone = [body for e in stage.said(Noted) if (body := notes.read(e, notes.DISENGAGED, notes.Disengaged))]
    assert [body.config["interval_ns"] for body in engaged] == [7 * SECOND, 5 * SECOND]
    assert all(len(body.source) == 64 and body.reason == "asked" for body in engaged)
    assert [("funding", engaged[0].author, "replaced"), ("funding", engaged[1].author, "asked")] == [
        (body.slot, body.author, body.reason) for body in gone
    ]
    assert stage.said(FundingSettled) == []
    with pytest.raises(NotFound, match="no policy plays"):
        stage.venue.policies.disengage("funding")


def test_what_is_no_policy_is_refused_with_a_hint(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue")
    for slot, source, code in (
        ("weather", "sun", "unknown_role"),
        ("mark", "sun", "unknown_policy"),
        ("funding", Follower(), "not_a_policy"),
        ("mark", CreateAccount(), "not_a_policy"),
        ("mark", {"policy": "book", "nonsense": 1}, "policy_config"),
    ):
        with pytest.raises(InputError) as caught:
            stage.venue.policies.engage(slot, source)
        assert (code, True) == (caught.value.code, bool(caught.value.hint))
    assert len(stage.venue.policies) == 0


def test_several_of_one_role_are_told_apart_by_a_label(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"surveillance.b": Scribe(), "surveillance.a": Scribe(), "mark": Follower()})
    assert [one.slot for one in stage.venue.policies.engaged()] == ["mark", "surveillance.a", "surveillance.b"]
    stage.at(1, observe(BTC, 121_000, 1))
    assert len([event for event in stage.said(Noted) if event.topic == "scribe.sum"]) == 2
    assert len(stage.said(MarkSet)) == 1
