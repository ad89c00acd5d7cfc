"""A sweep: many branches over processes, each measured, each failure told."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossbook.counterfactual import Change, Parent, Swept, compare, sweep
from crossbook.errors import InputError
from crossbook.journal import verify
from tests.counterfactual.history import TAKER
from tests.counterfactual.players import Auctioneer

CHANGES = {
    "as it was": Change(),
    "closer": Change(policies={"liquidation": "closer"}),
    "deep auction": Change(policies={"liquidation": Auctioneer(discount_rate=100_000_000)}),
    "nobody": Change(policies={"liquidation": None}),
    "no such field": Change(sets={"policy.liquidation.colour": 1}),
}


def test_five_branches_in_two_processes(parent: Parent, tmp_path: Path) -> None:
    ended: list[tuple[int, int, str]] = []

    def note(done: int, total: int, one: Swept) -> None:
        ended.append((done, total, one.name))

    table = sweep(parent, CHANGES, tmp_path / "out", processes=2, progress=note)
    assert [one.name for one in table] == list(CHANGES)
    assert [(done, total) for done, total, _ in ended] == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
    assert sorted(name for _, _, name in ended) == sorted(CHANGES)
    assert {name: failure.code for name, failure in table.failures.items()} == {"no such field": "policy_config"}
    liquidated = {one.name: one.outcome.liquidated for one in table if one.outcome is not None}
    assert liquidated == {"as it was": [TAKER], "closer": [TAKER], "deep auction": [TAKER], "nobody": []}
    assert [one.branched.same_events for one in table if one.branched is not None] == [True, False, False, False]
    assert not (tmp_path / "out" / "no such field").exists()
    assert compare(tmp_path / "out" / "closer", tmp_path / "out" / "nobody").relation == "siblings"


def test_a_branch_that_kills_its_process_takes_no_other_along(parent: Parent, tmp_path: Path) -> None:
    killed = {"killed": Change(policies={"surveillance": "killer"})}
    told: list[str] = []
    table = sweep(
        parent,
        {**CHANGES, **killed, "last": Change()},
        tmp_path / "out",
        processes=2,
        progress=lambda done, total, one: told.append(one.name),
    )
    assert {name: failure.code for name, failure in table.failures.items()} == {
        "no such field": "policy_config",
        "killed": "process_died",
    }
    assert sorted(told) == sorted([*CHANGES, "killed", "last"])
    assert not (tmp_path / "out" / "killed").exists()
    assert verify(tmp_path / "out" / "last").ok


def test_an_interrupted_sweep_begins_nothing_more(parent: Parent, tmp_path: Path) -> None:
    def interrupt(_done: int, _total: int, _one: Swept) -> None:
        raise KeyboardInterrupt

    changes = {str(number): Change() for number in range(60)}
    with pytest.raises(KeyboardInterrupt):
        sweep(parent, changes, tmp_path / "out", processes=1, progress=interrupt)
    assert len(list((tmp_path / "out").iterdir())) < 60


def test_what_was_there_before_a_sweep_stays(parent: Parent, tmp_path: Path) -> None:
    (tmp_path / "out" / "closer").mkdir(parents=True)
    (tmp_path / "out" / "closer" / "notes.txt").write_text("mine")
    killed = {"killed": Change(policies={"surveillance": "killer"}), "closer": CHANGES["closer"]}
    table = sweep(parent, killed, tmp_path / "out", processes=1)
    assert {name: failure.code for name, failure in table.failures.items()} == {
        "killed": "process_died",
        "closer": "journal_exists",
    }
    assert (tmp_path / "out" / "closer" / "notes.txt").read_text() == "mine"


def test_the_table_prints(parent: Parent, tmp_path: Path) -> None:
    table = sweep(parent, {"nobody": CHANGES["nobody"], "no such field": CHANGES["no such field"]}, tmp_path / "out")
    assert [(row["branch"], row.get("failure")) for row in table.rows()] == [
        ("nobody", None),
        ("no such field", "policy_config"),
    ]
    head, _, nobody, failed = repr(table).splitlines()
    assert head.split()[:4] == ["branch", "asset", "liquidated", "bad_debt"]
    assert (nobody.split()[0], failed.split()[-1]) == ("nobody", "policy_config")
    with pytest.raises(KeyError):
        table.outcome("no such field")


@pytest.mark.parametrize("name", ["", "..", "a/b"])
def test_a_branch_has_a_name_that_is_a_directory(parent: Parent, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as refused:
        sweep(parent, {name: Change()}, tmp_path / "out")
    assert refused.value.code == "branch_name"
