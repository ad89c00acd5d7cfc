"""Branches of parents that are not at rest, or did not go well."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossbook import Venue
from crossbook.commands import Deposit, Note, Origin
from crossbook.counterfactual import Change, Insert, Parent, branch, compare, read_parent
from crossbook.errors import InputError
from crossbook.journal import JournalReader
from crossbook.journal.errors import JournalDamaged, JournalExists
from crossbook.policies import notes
from crossbook.policies.guard import Limits
from tests.counterfactual.history import Afternoon
from tests.counterfactual.players import Wish
from tests.policies.stage import BEGIN_NS, SECOND, config


def test_a_parent_that_goes_on_is_read_to_where_it_was(tmp_path: Path) -> None:
    with Venue.create(tmp_path / "venue", config(), policies={"liquidation": "ladder"}) as venue:
        account = venue.create_account().account
        made = branch(tmp_path / "venue", tmp_path / "b")
        assert made.same_events
        venue.deposit(account=account, asset="USDC", amount=1)
        assert (made.parent_seq, venue.seq) == (made.seq, made.seq + 1)
        parent = read_parent(tmp_path / "venue")
        venue.deposit(account=account, asset="USDC", amount=1)
        assert branch(parent, tmp_path / "c").seq == parent.seq == venue.seq - 1


def test_a_parent_that_was_left_and_opened_again(tmp_path: Path) -> None:
    now = [BEGIN_NS]
    with Venue.create(tmp_path / "venue", config(), clock=lambda: now[0], policies={"liquidation": "ladder"}):
        now[0] += SECOND
    with Venue.open(tmp_path / "venue", clock=lambda: now[0], policies={"liquidation": "dutch"}) as venue:
        now[0] += SECOND
        venue.create_account()
        venue.policies.disengage("liquidation")
    made = branch(tmp_path / "venue", tmp_path / "b")
    assert made.same_events
    replaced = branch(tmp_path / "venue", tmp_path / "c", Change(policies={"liquidation": "market"}))
    # Engaged once instead of twice, because it already played when the parent's owner changed his mind.
    assert (replaced.inside, made.inside) == (4, 7)


def test_what_took_too_long_in_the_parent_takes_too_long_again_at_once(tmp_path: Path) -> None:
    hasty = Limits(turn_seconds=0.1)
    with Venue.create(tmp_path / "venue", config(), policies={"surveillance": "sleeper"}, limits=hasty) as venue:
        venue.submit(Note(0, "lullaby", "sleep"), origin=Origin.OPERATOR)
    made = branch(tmp_path / "venue", tmp_path / "b", limits=Limits(turn_seconds=3600))
    assert made.same_events
    assert [fault.fault for fault in made.faults] == ["time"]


def test_what_was_too_much_in_the_parent_is_too_much_again(tmp_path: Path) -> None:
    policies = {"liquidity": {"policy": "quoter", "copies": 9}}
    strict = Limits(proposals_max=8)
    with Venue.create(tmp_path / "venue", config(), policies=policies, limits=strict) as venue:
        account = venue.create_account().account
        venue.submit(notes.note("quoter.wish", Wish(1, 100_000, 2), account=account))
    made = branch(tmp_path / "venue", tmp_path / "b")
    assert (made.same_events, [fault.fault for fault in made.faults]) == (True, ["flood"])


def test_an_interrupted_branch_leaves_nothing(parent: Parent, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        branch(parent, tmp_path / "b", progress=interrupt)
    assert not (tmp_path / "b").exists()
    (tmp_path / "b").mkdir()
    with pytest.raises(KeyboardInterrupt):
        branch(parent, tmp_path / "b", progress=interrupt)
    assert list((tmp_path / "b").iterdir()) == []
    assert branch(parent, tmp_path / "b").same_events


def test_an_insert_that_is_later_than_what_follows_leaves_nothing(
    parent: Parent, afternoon: Afternoon, tmp_path: Path
) -> None:
    late = Insert(afternoon.seqs["take"], Deposit(1, 1, 1), time_ns=parent.time_ns)
    with pytest.raises(InputError) as refused:
        branch(parent, tmp_path / "b", Change(inserts=(late,)))
    assert refused.value.code in ("time_backwards", "instant_closed")
    assert not (tmp_path / "b").exists()
    soon = Insert(afternoon.seqs["take"], Deposit(1, 1, 1), time_ns=parent.times[afternoon.seqs["take"]] + 1)
    assert branch(parent, tmp_path / "b", Change(inserts=(soon,))).inserted == 1


def test_progress_comes_to_its_end(parent: Parent, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    branch(parent.path, tmp_path / "b", progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (2 * parent.seq, 2 * parent.seq)


def test_nothing_is_written_over(parent: Parent, tmp_path: Path) -> None:
    branch(parent, tmp_path / "b")
    before = {path: path.read_bytes() for path in (tmp_path / "b").rglob("*.json")}
    with pytest.raises(JournalExists):
        branch(parent, tmp_path / "b", Change(policies={"mark": None}))
    assert {path: path.read_bytes() for path in (tmp_path / "b").rglob("*.json")} == before


def test_a_branch_whose_change_was_tampered_with_is_no_parent(parent: Parent, tmp_path: Path) -> None:
    branch(parent, tmp_path / "b", Change(policies={"liquidation": "closer"}))
    change = tmp_path / "b" / "change.json"
    change.write_bytes(change.read_bytes().replace(b"closer", b"loser_"))
    with pytest.raises(JournalDamaged):
        branch(tmp_path / "b", tmp_path / "c")
    with pytest.raises(JournalDamaged):
        compare(parent.path, tmp_path / "b")
    with pytest.raises(JournalDamaged):
        Venue.open(tmp_path / "b")


def test_a_branch_under_its_parents_name_is_refused(parent: Parent, tmp_path: Path) -> None:
    """The blocks of a branch follow its own genesis: with the parent's session file they follow nothing."""
    branch(parent, tmp_path / "b")
    (tmp_path / "b" / "session.json").write_bytes((parent.path / "session.json").read_bytes())
    (tmp_path / "b" / "change.json").unlink()
    with pytest.raises(JournalDamaged):
        Venue.open(tmp_path / "b")
    with pytest.raises(JournalDamaged), JournalReader(tmp_path / "b") as reader:
        list(reader.blocks())
