"""The demo: the same seed is the same session everywhere, and what the screen says is what the journal holds.

Its crash is handled by policies: an oracle outage is graded, trouble goes down the ladder, and nobody is left in debt.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from crossbook.commands import Grade, MarketMode
from crossbook.demo import DemoConfig, run
from crossbook.demo.cli import demo_command
from crossbook.demo.config import Crash, Outage, time_of
from crossbook.demo.report import DemoReport
from crossbook.demo.screen import screen
from crossbook.errors import InputError
from crossbook.events import (
    Event,
    MarketModeSet,
    Noted,
    Observed,
    OracleSet,
    OrderAccepted,
    PoolLocked,
    Rejected,
    Traded,
)
from crossbook.journal import verify
from crossbook.policies import catalogue
from crossbook.rejects import REASONS
from crossbook.replay import replay as replay_journal
from crossbook.replay import state_at
from crossbook.wire import decode_events

SMALL = DemoConfig(
    seed=11,
    makers=3,
    takers=60,
    hedgers=6,
    gamblers=6,
    liquidators=2,
    rounds=160,
    crash=Crash(start=70, rounds=40),
    outage=Outage(start=84, diverging=4, silent=18),
)

SMALL_ROOT = "c9be4c4ab2608cf8c1120a3571eeed202de718639cc38a387d1a8147825cbfc7"
SMALL_DIGEST = "d3201708a170d7eb54c5157c73ca7819286c30389a7c89b5ac6bbeb8fba4ec04"


def small(path: Path, shown: list[str] | None = None) -> DemoReport:
    return run(path, config=SMALL, durability="volatile", out=[].append if shown is None else shown.append)


class Played(NamedTuple):
    """One run that several tests look at: where it is, what came of it, what was shown, what happened."""

    path: Path
    report: DemoReport
    shown: str
    happened: list[Event]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    path, shown = tmp_path_factory.mktemp("demo") / "demo", list[str]()
    report, happened = small(path, shown), list[Event]()
    replay_journal(path, on_events=lambda data: happened.extend(decode_events(data)))
    return Played(path, report, shown[0], happened)


def test_a_seed_makes_one_session_on_every_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digests of the policies' sources are on record too; they are left out of what is pinned here."""
    monkeypatch.setattr(catalogue, "source_digest", lambda _policy: "")
    report = small(tmp_path / "demo")
    assert report.proof.event_digest.hex() == SMALL_DIGEST
    assert report.proof.state_root.hex() == SMALL_ROOT


def test_another_seed_makes_another_session(tmp_path: Path) -> None:
    digests = {
        run(tmp_path / str(seed), seed=seed, config=SMALL, durability="volatile", out=[].append).proof.event_digest
        for seed in (1, 2)
    }
    assert len(digests) == 2


def test_the_hash_seed_and_the_durability_make_no_difference(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.flow.test_demo import SMALL; from crossbook.demo import run;"
        "report = run(Path(sys.argv[1]), config=SMALL, durability=sys.argv[2], out=lambda text: None);"
        "print(report.proof.state_root.hex(), report.proof.event_digest.hex())"
    )
    answers = set()
    for hash_seed, durability in (("1", "durable"), ("2", "volatile")):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        arguments = [sys.executable, "-c", code, str(tmp_path / hash_seed), durability]
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
        answers.add(done.stdout)
    assert len(answers) == 1


def test_what_is_shown_is_proved(played: Played) -> None:
    report = played.report
    assert report.proved
    assert report.proof.snapshot.started_at == report.bottom_seq
    assert report.proof.genesis.marks == report.journal.blocks
    assert report.conservation.holds
    assert verify(played.path).ok


def test_a_session_has_something_of_everything(played: Played) -> None:
    report = played.report
    assert all(market.trades > 50 for market in report.tally.markets)
    assert all(market.lowest * 100 < market.before_crash * 95 for market in report.tally.markets)
    assert report.tally.refused["MarginInsufficient"] > 0
    assert {reason.name for reason in report.tally.cancelled} >= {"MASS_CANCEL", "EXPIRED", "IMMEDIATE_OR_CANCEL"}
    assert report.conservation.fees > 0


def test_the_counts_are_those_of_the_journal(played: Played) -> None:
    report = played.report
    again = replay_journal(played.path)
    assert report.journal.commands == again.seq
    happened = played.happened
    kinds = Counter(type(event) for event in happened)
    document = report.document()
    counted = {name: document[name] for name in ("events", "orders", "trades")}
    assert counted == {"events": len(happened), "orders": kinds[OrderAccepted], "trades": kinds[Traded]}
    reasons = Counter(REASONS[event.code].code.camel for event in happened if isinstance(event, Rejected))
    assert report.tally.refused == reasons
    assert report.accounts == again.view.account_count() == 60 + 2 * 6 + 6 + 2 + 3 * 3 + len(("treasury", "vault"))


def test_the_account_of_the_screen_can_be_asked_for_again(played: Played) -> None:
    report = played.report
    account = report.strain.example
    assert state_at(played.path, seq=report.bottom_seq).account(account.account) == account
    pool = account.pool("USDC")
    terms = pool.terms()
    assert sum(equity for _, equity, _ in terms[:-1]) == terms[-1][1] == pool.equity
    assert sum(required for _, _, required in terms[:-1]) == terms[-1][2] == pool.requirement
    assert f"--at {report.bottom_seq} --account {account.account}" in played.shown
    assert f"{pool.equity:,.6f}" in played.shown


def test_the_screen_fits_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown: list[str] = []
    report = small(Path("demo-session"), shown)
    lines = shown[0].splitlines()
    assert len(lines) <= 100
    assert max(len(line) for line in lines) <= 105
    assert shown[0].count(report.proof.state_root.hex()[:24]) == 4
    assert "all are equal" in shown[0]


def test_the_default_path_is_replaced_but_nothing_else_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    quick = DemoConfig(
        makers=1,
        takers=3,
        hedgers=1,
        gamblers=1,
        liquidators=1,
        rounds=4,
        crash=Crash(start=1, rounds=1),
        outage=Outage(start=2, diverging=1, silent=1),
    )
    for _ in range(2):
        report = run(config=quick, durability="volatile", out=[].append)
        assert report.path == Path("demo-session")
    (tmp_path / "demo-session" / "session.json").unlink()
    with pytest.raises(InputError) as found:
        run(config=quick, durability="volatile", out=[].append)
    assert found.value.code == "demo_path_taken"
    assert (tmp_path / "demo-session").exists()


def test_what_lies_where_the_branch_would_be_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "demo-market").mkdir()
    with pytest.raises(InputError) as found:
        small(tmp_path / "demo")
    assert found.value.code == "demo_path_taken"
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("crash", [Crash(start=140, rounds=30), Crash(start=5, rounds=0), Crash(start=-1, rounds=5)])
def test_a_crash_that_is_not_over_in_time_is_refused(tmp_path: Path, crash: Crash) -> None:
    with pytest.raises(InputError) as found:
        run(tmp_path / "demo", config=replace(SMALL, crash=crash))
    assert found.value.code == "demo_config"
    assert not (tmp_path / "demo").exists()


def test_the_screen_goes_to_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = run(tmp_path / "demo", config=SMALL, durability="volatile")
    assert capsys.readouterr().out == screen(report)


# --- the policies -----------------------------------------------------------------------------------------------------


def test_an_outage_of_the_oracle_is_graded_and_what_the_grade_forbids_is_refused(played: Played) -> None:
    report = played.report
    btc, ends = report.tally.markets[0], time_of(SMALL.outage.end)
    assert [grade for _, grade in btc.grades] == [Grade.GOOD, Grade.UNCERTAIN, Grade.STALE, Grade.VOLATILE, Grade.GOOD]
    assert btc.grades[1][0] == SMALL.outage.start
    assert [time_of(number) for number, grade in btc.grades if grade == Grade.VOLATILE] == [ends]
    assert report.tally.refused["OracleGrade"] > 100


def test_breakers_act_in_the_outage_and_what_they_stopped_is_resumed_on_record(played: Played) -> None:
    report = played.report
    happened = played.happened
    modes = [event.mode for event in happened if isinstance(event, MarketModeSet) and event.market == 1]
    assert modes[0] == MarketMode.CANCEL_ONLY
    assert modes[-1] == MarketMode.CONTINUOUS
    resumed = [event for event in happened if isinstance(event, Noted) and event.topic == "breakers.resumed"]
    assert report.tally.trips.total() == report.tally.resumed.total() == len(resumed) >= 3
    assert {market.mode for market in report.view.markets()} == {MarketMode.CONTINUOUS}


def test_a_funding_epoch_that_ends_in_the_outage_is_paid_when_the_oracle_is_good_again(played: Played) -> None:
    tally = played.report.tally
    assert (tally.epochs, tally.settled) == (3, 3)
    assert tally.payments == {"deferred": 3, "late": 3}


def test_trouble_goes_down_the_ladder_and_nobody_is_left_below_zero(played: Played) -> None:
    report = played.report
    steps = report.tally.steps
    assert steps["first calls"] > 0
    assert steps["reductions"] > 0
    assert steps["taken over"] > 0
    counted_locks = sum(isinstance(event, PoolLocked) for event in played.happened)
    assert steps["locked"] == steps["released"] == counted_locks
    assert report.debts == []
    view = report.view
    pools = [pool for account in range(1, report.accounts + 1) for pool in view.account(account).pools]
    assert [pool for pool in pools if pool.equity < 0] == []
    assert f"no account is below zero at the end: checked, all {report.accounts}" in screen(report)


@pytest.mark.parametrize("seed", [12, 14, 21])
def test_whatever_the_seed_money_is_conserved_and_nobody_is_left_below_zero(tmp_path: Path, seed: int) -> None:
    report = run(tmp_path / "demo", config=replace(SMALL, seed=seed), durability="volatile", out=[].append)
    assert report.proved
    assert report.tally.steps["locked"] > 0
    assert report.debts == []


def test_the_policies_propose_again_what_they_proposed(played: Played) -> None:
    report = played.report
    again = report.proof.policies
    assert list(again.turns) == ["oracle", "mark", "breakers", "funding", "liquidation", "insurance", "fees"]
    assert (again.commands, again.faults, again.unchecked) == (report.journal.commands, (), ())
    assert again.commands > report.tally.inside > 500


def test_outside_prices_come_in_as_observations_of_three_sources(played: Played) -> None:
    report = played.report
    happened = played.happened
    spoken = 1 + SMALL.rounds - SMALL.outage.silent
    assert sum(isinstance(event, Observed) for event in happened) == 3 * 3 * spoken
    assert any(isinstance(event, OracleSet) for event in happened)
    assert report.tally.inside < report.journal.commands


def test_the_table_compares_two_liquidation_policies_on_the_same_outside_commands(played: Played) -> None:
    report = played.report
    found = report.comparison
    assert (found.relation, found.b.path) == ("branch", played.path.with_name("demo-market"))
    assert verify(played.path.with_name("demo-market")).ok
    measures = found.measures[1]
    assert measures["adl_notional"][0] == 0 < measures["adl_notional"][1]
    table = played.shown.partition("The same outside commands")[2]
    shown_row = next(line for line in table.splitlines() if "closed against winners" in line)
    assert shown_row.split()[-2:] == [f"{amount / 10**6:,.2f}" for amount in measures["adl_notional"]]
    document = report.document()["comparison"]
    assert document["policies"] == ("ladder", "market")
    assert document["measures"]["USDC"] == measures


@pytest.mark.slow
def test_the_demo_on_the_command_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(demo_command, [str(tmp_path / "demo"), "--json"])
    document = json.loads(result.stdout)
    assert (result.exit_code, document["proved"], document["accounts"]) == (0, True, 306)
    assert document["state_root"] == document["replayed_from_genesis"] == document["replayed_from_snapshot"]
    assert document["state_root"] == document["replayed_in_other_blocks"]
    assert document["debts"] == []
    walked = ("first calls", "second calls", "reductions", "auctions", "sold at auction", "taken over", "deleveraged")
    assert [step for step in (*walked, "insurance paid") if not document["steps"].get(step)] == []
    assert document["funding"] == {"epochs": 18, "settled": 18, "payments": {"asked": 15, "deferred": 3, "late": 3}}
