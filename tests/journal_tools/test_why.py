"""Why: every liquidation is a sum that comes out, what would have saved it does save it, and every refusal is told."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from journal_tools import replaying
from journal_tools.journal import Journal
from journal_tools.why import liquidated
from journal_tools.why.timeline import Timeline
from tests.journal_tools.conftest import GOLDEN, journal

DELEVERAGED, ISOLATED = 3, 5
"""Two accounts of the golden journal of trouble: one is deleveraged against, one has an isolated position in need."""


def first_seqs(path: Path, name: str) -> dict[Any, int]:
    """The first seq of each kind of an event: of each code of a refusal, of each reason."""
    found: dict[Any, int] = {}
    event: Any
    for seq, events in replaying.events(path):
        for event in events:
            if type(event).__name__ == name:
                found.setdefault(getattr(event, "code", getattr(event, "reason", None)), seq)
    return found


def liquidated_accounts(path: Path) -> list[int]:
    found: set[int] = set()
    event: Any
    for _, events in replaying.events(path):
        for event in events:
            if type(event).__name__ in ("PoolLocked", "LiquidationStarted", "AuctionOpened"):
                found.add(event.account)
    return sorted(found)


@pytest.fixture(scope="module")
def liquidated_in_demo(demo: Path) -> list[int]:
    """The accounts that are liquidated in the small market."""
    return liquidated_accounts(demo)


@pytest.mark.parametrize("name", ["demo", "trouble"])
def test_every_term_tree_of_every_liquidation_sums_to_the_unit(name: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(name)
    trees = episodes = 0
    for account in liquidated_accounts(path):
        opened = Journal.open(path)
        timeline = Timeline(opened, account)
        for episode in timeline.episodes:
            answer, seen = liquidated.explain(opened, timeline, episode)
            assert answer.differing == []
            episodes += 1
            for terms in (seen.judged, *(found for around in seen.around.values() for found in around)):
                if terms is not None:
                    trees += 1
                    for _, number in terms.sums():
                        assert sum((term.amount for term in number), Decimal(0)) == number.amount
    assert episodes >= 8
    assert trees >= 50


def test_a_leaf_leads_to_the_commands_it_comes_from(demo: Path, liquidated_in_demo: list[int]) -> None:
    answer = journal("why", demo, "--account", liquidated_in_demo[0], "--saving", "none", "--json").json
    terms = answer["judged"]["equity"]["terms"]
    cited = {one["seq"]: one["command"] for one in answer["cited"]}
    assert sum(Decimal(term["amount"]) for term in terms) == Decimal(answer["judged"]["equity"]["amount"])
    unrealised = [term for term in terms if term["kind"] == "unrealised"]
    assert {cited[term["seqs"][-1]] for term in unrealised} == {"SetMark"}
    assert answer["pushed"]["seq"] in {term["seqs"][-1] for term in unrealised}
    assert [one["command"] for one in answer["pushed"]["causes"]] == ["SetOracle", "Observe"]
    assert {one["command"] for one in answer["pushed"]["observations"]} == {"Observe"}
    assert answer["acted"][0]["name"] == "liquidation.ladder 1"


def test_what_a_liquidation_cost_is_what_its_equity_lost(demo: Path, liquidated_in_demo: list[int]) -> None:
    for account in liquidated_in_demo:
        answer = journal("why", demo, "--account", account, "--saving", "none", "--json").json
        assert any(step["other_side"] for step in answer["steps"])
        for step in answer["steps"]:
            assert Decimal(step["equity_before"]) - Decimal(step["equity_after"] or 0) == Decimal(step["cost"])


def savings(path: Path, account: int, kind: str, *more: object) -> list[dict[str, Any]]:
    """What is found to save an account."""
    said = journal("why", path, "--account", account, "--saving", kind, "--json", *more)
    assert said.code == 0
    return [saving for saving in said.json["savings"] if saving["amount"] is not None]


def check_proved(path: Path, account: int, kind: str, out: Path) -> None:
    """The branch of each saving has no step on the pool, that with one unit less has one, and both verify."""
    said = journal("why", path, "--account", account, "--saving", kind, "--prove", out, "--json")
    assert said.code == 0, said.out
    proofs = {proof["branch"]: proof for proof in said.json["proofs"]}
    assert len(proofs) == 2 * len([saving for saving in said.json["savings"] if saving["amount"] is not None]) > 0
    for name, proof in proofs.items():
        assert proof["saves"] is name.endswith("-saves")
        assert (proof["first_step"] is None) is proof["saves"]
        assert journal("verify", out / name).code == 0


@pytest.mark.parametrize("number", range(4))
def test_a_deposit_that_saves_does_and_one_unit_less_does_not(
    demo: Path, liquidated_in_demo: list[int], tmp_path: Path, number: int
) -> None:
    check_proved(demo, liquidated_in_demo[number * 2 % len(liquidated_in_demo)], "deposit", tmp_path)


@pytest.mark.parametrize("kind", ["reduction", "mark"])
def test_fewer_lots_or_a_better_mark_that_save_do_and_one_unit_less_does_not(
    demo: Path, liquidated_in_demo: list[int], tmp_path: Path, kind: str
) -> None:
    """Not every position can be closed at once in the book of a crash; somebody's can."""
    account = next(account for account in liquidated_in_demo if savings(demo, account, kind))
    check_proved(demo, account, kind, tmp_path)


@pytest.mark.parametrize("kind", ["deposit", "mark"])
def test_what_saves_the_margin_of_an_isolated_position(trouble: Path, tmp_path: Path, kind: str) -> None:
    """There is no policy: commands are those on record."""
    check_proved(trouble, ISOLATED, kind, tmp_path)
    assert {saving["policies"] for saving in savings(trouble, ISOLATED, kind)} == {"recorded"}


def test_nothing_is_written_into_the_session_that_is_searched(trouble: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(trouble, tmp_path / "session")
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = sorted(copy.rglob("*"))
    assert savings(copy, ISOLATED, "deposit", "--prove", tmp_path / "branches")
    assert sorted(copy.rglob("*")) == before


def test_a_search_says_whether_policies_were_run_again(demo: Path, liquidated_in_demo: list[int]) -> None:
    account = liquidated_in_demo[0]
    (again,) = savings(demo, account, "deposit")
    (recorded,) = savings(demo, account, "deposit", "--recorded")
    assert (again["policies"], recorded["policies"]) == ("run again", "recorded")


def test_a_longer_window_asks_for_no_less(demo: Path, liquidated_in_demo: list[int]) -> None:
    account = liquidated_in_demo[0]
    (short,) = savings(demo, account, "deposit")
    (long,) = savings(demo, account, "deposit", "--until", Journal.open(demo).last_seq)
    assert short["until_ns"] < long["until_ns"]
    assert short["amount"] <= long["amount"]


@pytest.mark.parametrize("name", ["ruleset_1", "ruleset_1_trouble"])
def test_every_kind_of_refusal_is_explained(name: str) -> None:
    path = GOLDEN / name / "session"
    refused = first_seqs(path, "Rejected")
    assert len(refused) > 70
    for code, seq in refused.items():
        said = journal("why", path, "--seq", seq, "--json")
        assert said.code == 0, (code, seq, said.err)
        assert said.json["code"] == code
        assert said.json["meaning"]
        if said.json["constraints"] and not all(one["holds"] for one in said.json["constraints"]):
            assert code in {one["code"] for one in said.json["constraints"] if not one["holds"]}
        assert journal("why", path, "--seq", seq).code == 0


def test_a_refusal_for_margin_names_the_least_deposit_that_passes(demo: Path) -> None:
    seq = first_seqs(demo, "Rejected")[414]
    answer = journal("why", demo, "--seq", seq, "--json").json
    required, equity = answer["values"].values()
    assert answer["least_deposit"]["amount"] == required - equity
    assert Decimal(answer["pool"]["equity"]["amount"]).scaleb(6) == equity


@pytest.mark.parametrize("name", ["ruleset_1", "ruleset_1_trouble"])
def test_every_reason_of_a_cancel_is_explained(name: str) -> None:
    path = GOLDEN / name / "session"
    for reason, seq in first_seqs(path, "OrderCancelled").items():
        answer = journal("why", path, "--seq", seq, "--json").json
        if answer["question"] == "orders":
            assert reason.name.lower() in {order["ended"]["how"] for order in answer["orders"]}


@pytest.mark.parametrize("name", ["demo", "golden", "trouble"])
def test_every_funding_payment_is_the_sum_of_its_epochs(name: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(name)
    payers: set[int] = set()
    event: Any
    for _, events in replaying.events(path):
        for event in events:
            if type(event).__name__ == "FundingPaid":
                payers.add(event.account)
    assert payers
    for account in sorted(payers)[:20]:
        said = journal("why", path, "--funding", "--account", account, "--json")
        assert said.code == 0, said.out
        for payment in said.json["payments"]:
            exact = sum(epoch["minor"] * 10**9 + epoch["billionths"] for epoch in payment["epochs"])
            assert exact <= payment["paid_minor"] * 10**9 < exact + 2 * 10**9


def test_a_deleveraging_names_who_was_hit_and_who_failed(trouble: Path) -> None:
    moved = first_seqs(trouble, "PositionMoved")
    seq = next(seq for reason, seq in moved.items() if reason.name == "DELEVERAGE")
    answer = journal("why", trouble, "--seq", seq, "--json").json
    assert answer["question"] == "deleveraged"
    assert answer["counterparties"]
    assert Decimal(answer["source_pool"]["equity"]["amount"]) < Decimal(answer["source_pool"]["maintenance"]["amount"])


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        ((), 2, "question_missing"),
        (("--funding",), 2, "question_missing"),
        (("--account", 1), 125, "not_liquidated"),
        (("--order", 10**9), 2, "unknown_order"),
        (("--seq", 10**9), 2, "unknown_seq"),
    ],
)
def test_what_has_no_answer_says_so(demo: Path, arguments: tuple[object, ...], code: int, named: str) -> None:
    said = journal("why", demo, *arguments, "--json")
    assert said.code == code
    assert said.json["error"]["code"] == named
    assert said.json["error"]["hint"]


@pytest.mark.parametrize("fmt", ["table", "json", "csv", "md"])
def test_a_liquidation_is_told_alike_every_time(trouble: Path, snapshot: SnapshotAssertion, fmt: str) -> None:
    assert journal("why", trouble, "--account", DELEVERAGED, "--format", fmt).out == snapshot


@pytest.mark.parametrize(
    "asked",
    [("--seq", 89), ("--seq", 258), ("--seq", 158), ("--seq", 142), ("--funding", "--seq", 733)],
    ids=["refusal", "cancels", "deleveraging", "mark", "funding"],
)
def test_other_answers_are_told_alike_every_time(
    trouble: Path, snapshot: SnapshotAssertion, asked: tuple[object, ...]
) -> None:
    assert journal("why", trouble, *asked).out == snapshot
    assert json.loads(journal("why", trouble, *asked, "--json").out)
