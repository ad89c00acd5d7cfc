"""The demo: the same seed is the same session everywhere, and what the screen says is what the journal holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from crossbook.demo import DemoConfig, run
from crossbook.demo.cli import demo_command
from crossbook.demo.market import Crash
from crossbook.demo.report import DemoReport
from crossbook.demo.screen import screen
from crossbook.errors import InputError
from crossbook.events import Event, OrderAccepted, Rejected, Traded
from crossbook.journal import verify
from crossbook.rejects import REASONS
from crossbook.replay import replay as replay_journal
from crossbook.replay import state_at
from crossbook.wire import decode_events

SMALL = DemoConfig(seed=11, makers=3, takers=60, hedgers=6, gamblers=6, rounds=120, crash=Crash(start=60, rounds=30))

SMALL_ROOT = "d7a225b43c9bff9379ecc243e75f0182eb06f13f19a0ec0ff50589eaf76fc080"
SMALL_DIGEST = "214305edf0c651d997256855c1163cbe4b1315d7d2aa81f13f09d7aba3944ad8"


def small(path: Path, shown: list[str] | None = None) -> DemoReport:
    return run(path, config=SMALL, durability="volatile", out=[].append if shown is None else shown.append)


def test_a_seed_makes_one_session_on_every_machine(tmp_path: Path) -> None:
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


def test_what_is_shown_is_proved(tmp_path: Path) -> None:
    report = small(tmp_path / "demo")
    assert report.proved
    assert report.proof.snapshot.started_at == report.bottom_seq
    assert report.proof.genesis.marks == report.journal.blocks
    assert report.conservation.holds
    assert verify(tmp_path / "demo").ok


def test_a_session_has_something_of_everything(tmp_path: Path) -> None:
    report = small(tmp_path / "demo")
    assert all(market.trades > 50 for market in report.tally.markets)
    assert all(market.lowest * 100 < market.before_crash * 95 for market in report.tally.markets)
    assert report.tally.refused["MarginInsufficient"] > 0
    assert {reason.name for reason in report.tally.cancelled} >= {"MASS_CANCEL", "EXPIRED", "IMMEDIATE_OR_CANCEL"}
    assert report.conservation.fees > 0


def test_the_counts_are_those_of_the_journal(tmp_path: Path) -> None:
    report = small(tmp_path / "demo")
    again = replay_journal(tmp_path / "demo")
    assert report.journal.commands == again.seq
    happened: list[Event] = []
    replay_journal(tmp_path / "demo", on_events=lambda data: happened.extend(decode_events(data)))
    kinds = Counter(type(event) for event in happened)
    document = report.document()
    counted = {name: document[name] for name in ("events", "orders", "trades")}
    assert counted == {"events": len(happened), "orders": kinds[OrderAccepted], "trades": kinds[Traded]}
    reasons = Counter(REASONS[event.code].code.camel for event in happened if isinstance(event, Rejected))
    assert report.tally.refused == reasons
    assert report.accounts == again.view.account_count() == 60 + 2 * 6 + 6 + 3 * 3


def test_the_account_of_the_screen_can_be_asked_for_again(tmp_path: Path) -> None:
    shown: list[str] = []
    report = small(tmp_path / "demo", shown)
    account = report.strain.example
    assert state_at(tmp_path / "demo", seq=report.bottom_seq).account(account.account) == account
    pool = account.pool("USDC")
    terms = pool.terms()
    assert sum(equity for _, equity, _ in terms[:-1]) == terms[-1][1] == pool.equity
    assert sum(required for _, _, required in terms[:-1]) == terms[-1][2] == pool.requirement
    assert f"--at {report.bottom_seq} --account {account.account}" in shown[0]
    assert f"{pool.equity:,.6f}" in shown[0]


def test_the_screen_is_one_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown: list[str] = []
    report = small(Path("demo-session"), shown)
    lines = shown[0].splitlines()
    assert len(lines) <= 52
    assert max(len(line) for line in lines) <= 100
    assert shown[0].count(report.proof.state_root.hex()[:24]) == 3
    assert "all three are equal" in shown[0]


def test_the_default_path_is_replaced_but_nothing_else_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    quick = DemoConfig(makers=1, takers=3, hedgers=1, gamblers=1, rounds=4, crash=Crash(start=1, rounds=1))
    for _ in range(2):
        report = run(config=quick, durability="volatile", out=[].append)
        assert report.path == Path("demo-session")
    (tmp_path / "demo-session" / "session.json").unlink()
    with pytest.raises(InputError) as found:
        run(config=quick, durability="volatile", out=[].append)
    assert found.value.code == "demo_path_taken"
    assert (tmp_path / "demo-session").exists()


@pytest.mark.parametrize("crash", [Crash(start=100, rounds=30), Crash(start=5, rounds=0), Crash(start=-1, rounds=5)])
def test_a_crash_that_is_not_over_in_time_is_refused(tmp_path: Path, crash: Crash) -> None:
    with pytest.raises(InputError) as found:
        run(tmp_path / "demo", config=replace(SMALL, crash=crash))
    assert found.value.code == "demo_config"
    assert not (tmp_path / "demo").exists()


def test_the_screen_goes_to_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = run(tmp_path / "demo", config=SMALL, durability="volatile")
    assert capsys.readouterr().out == screen(report)


@pytest.mark.slow
def test_the_demo_on_the_command_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(demo_command, [str(tmp_path / "demo"), "--json"])
    document = json.loads(result.stdout)
    assert (result.exit_code, document["proved"], document["accounts"]) == (0, True, 300)
    assert document["state_root"] == document["replayed_from_genesis"] == document["replayed_from_snapshot"]
