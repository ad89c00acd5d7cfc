"""Trials: what a branch would come to, without writing it; and searches for the least that helps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossbook._kernel import Kernel
from crossbook.commands import Deposit
from crossbook.counterfactual import Change, Insert, Parent, branch, read_parent
from crossbook.counterfactual.saving import Pool, Saving, Search, Window, least
from crossbook.counterfactual.trial import Trials
from crossbook.errors import InputError
from crossbook.events import Event
from tests.counterfactual.history import TAKER, Afternoon


class Everything:
    """A judge that sees it all through."""

    def __init__(self) -> None:
        self.root = b""

    def see(self, kernel: Kernel, _events: Sequence[Event]) -> bool:
        self.root = kernel.event_digest()
        return False

    def verdict(self) -> bytes:
        return self.root


def test_a_trial_is_the_branch_that_would_be_written(parent: Parent, afternoon: Afternoon, tmp_path: Path) -> None:
    after = afternoon.seqs["maker's bid"]
    trials = Trials(parent)
    for amount in (1, 10**9):
        change = Change(inserts=(Insert(after, Deposit(TAKER, 1, amount)),))
        digest = trials.run(change, Everything(), after=after, until_ns=parent.time_ns)
        assert digest == branch(parent, tmp_path / str(amount), change).event_digest
    assert trials.count == 2


def test_a_trial_without_a_change_is_the_parent_again(parent: Parent, afternoon: Afternoon) -> None:
    after = afternoon.seqs["offer"]
    assert Trials(parent).run(Change(), Everything(), after=after, until_ns=parent.time_ns) == parent.event_digest


def test_a_parent_read_as_recorded_runs_no_policy_and_comes_to_the_same(parent: Parent, tmp_path: Path) -> None:
    recorded = read_parent(parent.path, recorded=True)
    assert not recorded.engaged
    assert branch(recorded, tmp_path / "recorded").state_root == parent.state_root


def test_a_trial_cannot_change_what_its_trials_have_in_common(parent: Parent, afternoon: Afternoon) -> None:
    after = afternoon.seqs["fall"]
    change = Change(inserts=(Insert(afternoon.seqs["offer"], Deposit(TAKER, 1, 1)),))
    with pytest.raises(InputError) as refused:
        Trials(parent).run(change, Everything(), after=after, until_ns=parent.time_ns)
    assert refused.value.code == "change_too_early"


def test_the_least_deposit_saves_and_one_unit_less_does_not(parent: Parent, afternoon: Afternoon) -> None:
    window = Window(afternoon.seqs["maker's bid"], parent.time_ns)
    search = Search(Trials(parent), Pool(TAKER, 1), window)
    assert not search.as_it_was().saved
    found = search.deposit(1)
    assert isinstance(found, Saving)
    assert found.with_it.saved
    assert not found.without.saved


@given(st.integers(0, 10**6), st.integers(-5, 10**6), st.integers(1, 10**6))
def test_the_search_finds_every_threshold_from_every_guess(threshold: int, guess: int, most: int) -> None:
    expected = threshold if threshold <= most else None
    assert least(lambda amount: amount >= threshold, guess=guess, most=most) == expected
