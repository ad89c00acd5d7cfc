"""Why: every liquidation is a sum that comes out, what would have saved it does save it, and every refusal is told."""

from __future__ import annotations

import json
import re
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

FIRST, BIG = 74, 18
"""Two accounts of the small market that are liquidated: one with one position, one with three."""


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


def told(out: str) -> str:
    """What was said, without digests of the policies' sources."""
    return re.sub(r'(source"?:? "?)[0-9a-f]{16,64}', r"\1…", out)


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


def test_a_leaf_leads_to_the_commands_it_comes_from(demo: Path) -> None:
    answer = journal("why", demo, "--account", FIRST, "--saving", "none", "--json").json
    cash, unrealised = answer["judged"]["equity"]["terms"]
    cited = {one["seq"]: one["command"] for one in answer["cited"]}
    assert Decimal(cash["amount"]) + Decimal(unrealised["amount"]) == Decimal(answer["judged"]["equity"]["amount"])
    assert [cited[seq] for seq in unrealised["seqs"]] == ["Place", "SetMark"]
    assert answer["pushed"]["seq"] == unrealised["seqs"][-1]
    assert [one["command"] for one in answer["pushed"]["causes"]] == ["SetOracle", "Observe"]
    assert {one["command"] for one in answer["pushed"]["observations"]} == {"Observe"}
    assert answer["acted"][0]["name"] == "liquidation.ladder 1"


def test_what_a_liquidation_cost_is_what_its_equity_lost(demo: Path) -> None:
    answer = journal("why", demo, "--account", BIG, "--saving", "none", "--json").json
    for step in answer["steps"]:
        assert Decimal(step["equity_before"]) - Decimal(step["equity_after"]) == Decimal(step["cost"])
    assert [one["account"] for step in answer["steps"] for one in step["other_side"] if "account" in one][1:] == [
        91
    ] * 3


@pytest.mark.parametrize(
    ("account", "kind"),
    [(74, "deposit"), (74, "reduction"), (74, "mark"), (18, "reduction"), (40, "deposit"), (38, "deposit")],
)
def test_what_saves_does_save_and_one_unit_less_does_not(demo: Path, tmp_path: Path, account: int, kind: str) -> None:
    said = journal("why", demo, "--account", account, "--saving", kind, "--prove", tmp_path, "--json")
    assert said.code == 0
    found = [saving for saving in said.json["savings"] if saving["amount"] is not None]
    assert found
    proofs = {proof["branch"]: proof for proof in said.json["proofs"]}
    assert len(proofs) == 2 * len(found)
    for name, proof in proofs.items():
        assert proof["saves"] is name.endswith("-saves")
        assert (proof["first_step"] is None) is proof["saves"]
        assert journal("verify", tmp_path / name).code == 0


def test_the_recorded_commands_and_the_policies_run_again_save_alike_here(demo: Path) -> None:
    again, recorded = (
        journal("why", demo, "--account", FIRST, "--saving", "deposit", "--json", *more).json["savings"][0]
        for more in ([], ["--recorded"])
    )
    assert (again["policies"], recorded["policies"]) == ("run again", "recorded")
    assert recorded["amount"] <= again["amount"]


def test_a_later_window_asks_for_no_less(demo: Path) -> None:
    short, long = (
        journal("why", demo, "--account", FIRST, "--saving", "deposit", "--json", *more).json["savings"][0]
        for more in ([], ["--until", "9000"])
    )
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
def test_a_liquidation_is_told_alike_every_time(demo: Path, snapshot: SnapshotAssertion, fmt: str) -> None:
    assert told(journal("why", demo, "--account", FIRST, "--format", fmt).out) == snapshot


@pytest.mark.parametrize("question", ["refusal", "order", "funding", "mark"])
def test_other_answers_are_told_alike_every_time(demo: Path, snapshot: SnapshotAssertion, question: str) -> None:
    asked = {
        "refusal": ("--seq", first_seqs(demo, "Rejected")[414]),
        "order": ("--order", 500),
        "funding": ("--funding", "--account", 40),
        "mark": ("--seq", 5899),
    }[question]
    assert told(journal("why", demo, *asked).out) == snapshot
    assert json.loads(journal("why", demo, *asked, "--json").out)
