"""docs/cascade_study.md is what the study finds, on every machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from crossbook.cli import main
from crossbook.commands import RATE_ONE
from crossbook.study import cascade as crash
from crossbook.study.cascade import Cascade, cascade
from crossbook.study.cascade_market import MARKETS, SHARES, STEP_NS, STEPS, Kind, Population, path, start_marks
from crossbook.study.cascade_report import BEGIN, END, row, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cascade_study.md"
USDC = 1


@pytest.fixture(scope="module")
def study() -> Cascade:
    return cascade()


@pytest.fixture(scope="module")
def small() -> Cascade:
    return cascade(accounts=120, policies=("ladder", "market"), rules=("queue", "water_filling"))


def test_the_table_of_the_page_is_that_of_the_study(study: Cascade) -> None:
    shown = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    assert shown.strip() == table(study).strip()


def test_what_the_page_says_went_in_went_in(study: Cascade) -> None:
    page = " ".join(PAGE.read_text().split())
    people = Population(study.accounts, study.seed)
    assert f"{study.accounts:,} accounts" in page
    assert f"{study.hedged} of them delta-neutral" in page
    assert f"open interest of {study.open_interest // 10**12} million USDC" in page
    assert study.accounts >= 1_000
    for kind, share in SHARES.items():
        assert f"| {kind.value} | {len(people.of(kind))} |" in page, share
    marks = path(study.seed)
    lowest = min(step[0] for step in marks)
    assert f"BTC-PERP falls by {100 - 100 * lowest // start_marks()[0]} %" in page
    assert f"{STEPS} steps of {STEP_NS // 10**9} seconds" in page
    thousand = 1_000 * 10**6
    assert f"insurance of {crash.INSURANCE_PER_ACCOUNT * study.accounts // thousand:,} thousand USDC" in page
    cash, exposure = crash.VAULT_CASH_PER_ACCOUNT, crash.VAULT_EXPOSURE_PER_ACCOUNT
    each = crash.VAULTS * 10**12
    assert f"{cash * study.accounts / each:g} million USDC each, an exposure of at most" in page
    assert f"{exposure * study.accounts / each:g} million" in page
    assert crash.BUFFER_RATE == RATE_ONE // 10


def test_every_run_ends_solvent_and_closes_its_books(study: Cascade) -> None:
    for run in study.runs:
        outcome, money = run.outcome, run.outcome.assets[USDC]
        assert outcome.time_to_solvency_ns is not None, (run.policy, run.rule)
        assert money.negative_equity == 0
        # Nobody else puts money into the fund or takes any out.
        fund = crash.INSURANCE_PER_ACCOUNT * study.accounts
        assert money.insurance_left == fund + money.liquidation_fees - money.insurance_paid


def test_what_the_page_concludes(study: Cascade) -> None:
    by = {(run.policy, run.rule): run.outcome for run in study.runs}
    for policy in crash.POLICIES:
        queue, others = by[policy, "queue"], [by[policy, rule] for rule in crash.RULES[1:]]
        assert all(len(queue.broken) > 5 * len(one.broken) for one in others), "the queue takes whole legs"
        assert all(queue.rank_inversions < one.rank_inversions for one in others)
        assert len(by[policy, "water_filling"].deleveraged) < len(by[policy, "pro_rata"].deleveraged)
    for rule in crash.RULES:
        notional = {policy: by[policy, rule].assets[USDC].adl_notional for policy in crash.POLICIES}
        assert notional["dutch"] < notional["ladder"] < notional["backstop"] < notional["market"]


def test_a_run_is_its_seed_and_nothing_else(small: Cascade) -> None:
    again = cascade(accounts=120, policies=("ladder", "market"), rules=("queue", "water_filling"))
    assert [run.outcome for run in again.runs] == [run.outcome for run in small.runs]
    other = cascade(accounts=120, policies=("ladder",), rules=("queue",), seed=8)
    assert other.runs[0].outcome != small.runs[0].outcome


def test_what_comes_from_outside_is_the_same_for_all() -> None:
    assert path(7) == path(7)
    assert path(7) != path(8)
    one, other = Population(300, 7), Population(300, 7)
    assert one.holders == other.holders
    assert len(MARKETS) == 3
    for vintage in range(3):
        for market in range(1, 4):
            trades = list(one.trades(vintage, market))
            wanted = sum(abs(holder.wants.get((vintage, market), 0)) for holder in one.holders)
            makers = {holder.account for holder in one.of(Kind.MAKER)}
            filled = sum(lots * ((buyer not in makers) + (seller not in makers)) for buyer, seller, lots in trades)
            assert filled == wanted


def test_the_command_says_the_same_and_writes_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n{BEGIN}\nold\n{END}\n\nIts end.\n")
    ran = CliRunner().invoke(main, ["study", "cascade", "--accounts", "100", "--page", str(page)])
    assert ran.exit_code == 0, ran.output
    text = page.read_text()
    assert "old" not in text
    assert text.endswith("Its end.\n")
    assert "| ladder | queue |" in text
    assert page.with_suffix(".svg").read_text().startswith("<?xml")
    shown = CliRunner().invoke(main, ["study", "cascade", "--accounts", "100", "--json"])
    document = json.loads(shown.stdout)
    assert [(run["policy"], run["allocation"]) for run in document["runs"]][:2] == [
        ("ladder", "queue"),
        ("ladder", "pro_rata"),
    ]
    page.write_text("# No place\n")
    assert CliRunner().invoke(main, ["study", "cascade", "--accounts", "100", "--page", str(page)]).exit_code != 0


def test_a_row_names_what_its_head_does(small: Cascade) -> None:
    assert row(small.runs[0])[:2] == ["ladder", "queue"]
    assert len(row(small.runs[0])) == 12
