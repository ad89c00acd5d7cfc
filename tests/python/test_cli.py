"""The command line: data to stdout, talk to stderr, one JSON document, hints, and exit codes 0, 1 and 2."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.python.worlds import START_NS, make_venue, session_commands

from crossbook.cli import main
from crossbook.commands import CreateAccount
from crossbook.console import jsonable, parse_at
from crossbook.errors import InputError
from crossbook.events import Rejected
from crossbook.replay import answered, replay
from crossbook.times import parse_time, show_time


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "venue"
    with make_venue(path) as venue:
        venue.submit(session_commands(300))
        venue.snapshot()
        venue.place(account=1, market="BTC-PERP", side="buy", price=60_000, size="0.01")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def run_json(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def test_replay_prints_the_root_it_came_to(session: Path) -> None:
    whole = replay(session)
    result = run("replay", session)
    assert result.exit_code == 0
    assert whole.state_root.hex() in result.stdout
    assert whole.event_digest.hex() in result.stdout
    assert result.stderr == ""
    document = run_json("replay", session)
    assert (document["state_root"], document["seq"], document["marks"]) == (
        whole.state_root.hex(),
        whole.seq,
        whole.marks,
    )


def test_replay_from_a_snapshot_in_other_blocks_or_to_a_seq(session: Path) -> None:
    whole = run_json("replay", session)
    snapshot = run_json("replay", session, "--from", "snapshot")
    assert snapshot["started_at"] > 0
    for other in (
        snapshot,
        run_json("replay", session, "--from", snapshot["started_at"]),
        run_json("replay", session, "--block-records", 7),
    ):
        assert (other["state_root"], other["event_digest"]) == (whole["state_root"], whole["event_digest"])
    assert run_json("replay", session, "--seq", 100)["seq"] == 100
    assert run_json("replay", session, "--time", START_NS)["stopped"] == "time"


def test_state_is_time_travel(session: Path) -> None:
    early = run_json("state", session, "--at", 20)
    assert (early["seq"], early["accounts"]) == (20, replay(session, seq=20).view.account_count())
    late = run_json("state", session, "--account", 1, "--market", "BTC-PERP")
    view = replay(session).view
    assert late["account"] == jsonable(view.account(1))
    assert late["orders"] == jsonable(view.orders(1))
    assert late["book"] == jsonable(view.book("BTC-PERP"))
    assert late["book"]["bids"][-1]["price"] == "60000"
    by_time = run_json("state", session, "--at", show_time(early["time_ns"]))
    assert by_time["state_root"] == replay(session, time_ns=early["time_ns"]).state_root.hex()
    text = run("state", session, "--account", 1, "--market", "1").stdout
    assert "<Account 1>" in text
    assert "requirement" in text
    assert "<Book BTC-PERP>" in text
    assert "accounts" in run("state", session).stdout


def test_the_account_of_the_text_shows_what_its_margin_comes_from(session: Path) -> None:
    position = replay(session).view.account(1).positions[0]
    text = run("state", session, "--account", 1, "--market", "BTC-PERP").stdout
    for name in ("cost", "mark", "worst_notional", "maintenance"):
        assert format(getattr(position, name), "f") in text
    assert "tier from notional" in text
    assert re.search(r"^\d+ +BTC-PERP +buy +60000 +0.01 ", text, re.MULTILINE)
    assert max(len(line) for line in text.splitlines()) <= 100


def test_events_are_counted_by_kind_and_by_reason(session: Path) -> None:
    happened = [event for seq in range(1, replay(session).seq + 1) for event in answered(session, seq).events]
    document = run_json("events", session)
    assert document["events"] == Counter(type(event).__name__ for event in happened)
    assert sum(document["refused"].values()) == document["events"]["Rejected"] > 0
    assert document["event_digest"] == replay(session).event_digest.hex()
    text = run("events", session).stdout
    assert re.search(rf"^Traded +{document['events']['Traded']}$", text, re.MULTILINE)
    assert re.search(rf"^events +{len(happened)}$", text, re.MULTILINE)


def test_events_of_one_command(session: Path) -> None:
    last = replay(session).seq - 1  # the order before the checkpoint
    document = run_json("events", session, "--seq", last)
    assert (document["command"]["type"], document["origin"]) == ("Place", "client")
    assert [event["type"] for event in document["events"]] == ["OrderAccepted", "OrderRested"]
    text = run("events", session, "--seq", last).stdout
    assert "Place account 1, market 1, side buy" in text
    refused = next(
        event for seq in range(1, last) for event in answered(session, seq).events if type(event) is Rejected
    )
    assert f"Rejected: {refused.explain()}"[:60] in run("events", session, "--seq", refused.seq).stdout
    assert run("events", session, "--seq", last + 2).exit_code == 2


def test_the_cash_of_an_account_is_the_sum_of_its_events(session: Path) -> None:
    money = replay(session).view.asset_unit("USDC")
    for account in (1, 2):
        cash = 0
        for event in run_json("events", session, "--account", account)["events"]:
            match event["type"]:
                case "Deposited":
                    cash += event["amount"]
                case "Withdrawn":
                    cash -= event["amount"]
                case "Traded":
                    for role in ("maker", "taker"):
                        cash += (event[f"{role}_realised"] - event[f"{role}_fee"]) * (event[role] == account)
        assert money.to_decimal(cash) == replay(session).view.account(account).cash["USDC"]
    lines = run("events", session, "--account", 1).stdout.splitlines()
    assert any(re.match(r" +\d+  Traded trade \d+, market 1, ", line) for line in lines)
    assert max(len(line) for line in lines) <= 100


def test_snapshot_verify_and_repair(session: Path) -> None:
    written = run_json("snapshot", session)
    assert Path(written["snapshot"]).stat().st_size == written["bytes"]
    assert written["state_root"] == replay(session).state_root.hex()
    report = run_json("verify", session)
    assert (report["ok"], report["findings"], report["closed"]) == (True, [], True)
    assert "nothing is wrong" in run("verify", session).stdout
    assert run_json("repair", session)["blocks"] == 0
    assert "nothing to repair" in run("repair", session).stdout


def test_a_finding_is_exit_code_1(tmp_path: Path) -> None:
    with make_venue(tmp_path / "venue") as venue:
        venue.submit(session_commands(300))
    data = tmp_path / "venue/segments/000001/data.mdb"
    content = bytearray(data.read_bytes())
    content[content.index(b"XBBLOCK1") + 300] ^= 1
    data.write_bytes(content)
    result = run("verify", tmp_path / "venue")
    assert result.exit_code == 1
    assert "finding: segment 000001" in result.stdout
    assert "hint: " in result.stderr
    document = json.loads(run("verify", tmp_path / "venue", "--json").stdout)
    assert document["findings"][0]["segment"] == 1
    replayed = run("replay", tmp_path / "venue", "--json")
    assert replayed.exit_code == 1
    assert json.loads(replayed.stdout)["error"]["code"] == "journal_damaged"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["replay", "nowhere"], "no_such_path"),
        (["state", "nowhere"], "no_such_path"),
        (["replay", "{session}", "--seq", "99999"], "unknown_seq"),
        (["replay", "{session}", "--from", "17"], "unknown_snapshot"),
        (["replay", "{session}", "--from", "yesterday"], "unknown_choice"),
        (["replay", "{session}", "--time", "yesterday"], "time_syntax"),
        (["state", "{session}", "--account", "77"], "unknown_account"),
        (["state", "{session}", "--market", "DOGE"], "unknown_market"),
        (["state", "{session}", "--at", "13:61"], "time_syntax"),
        (["verify", "{session}/segments"], "journal_not_found"),
        (["events", "{session}", "--seq", "99999"], "unknown_seq"),
        (["events", "{session}", "--account", "77"], "unknown_account"),
        (["events", "{session}", "--account", "1", "--seq", "1"], "usage"),
        (["demo", "{session}/session.json"], "journal_exists"),
        (["demo", "{session}/session.json/below"], "journal_open_failed"),
        (["state", "{session}", "--account", "x"], "usage"),
        (["state"], "usage"),
        (["rewind", "{session}"], "usage"),
    ],
)
def test_what_could_not_run_is_exit_code_2_with_a_hint(session: Path, arguments: list[str], code: str) -> None:
    filled = [argument.format(session=session) for argument in arguments]
    result = run(*filled)
    assert (result.exit_code, result.stdout) == (2, "")
    first, second = result.stderr.splitlines()
    assert first.startswith("error: ")
    assert first.endswith(f"[{code}]")
    assert second.startswith("hint: ")
    document = json.loads(run(*filled, "--json").stdout)
    assert document["error"]["code"] == code
    assert document["error"]["hint"]


def test_the_grammar_holds_for_every_command() -> None:
    listing = run("--help").stdout
    for name in ("replay", "state", "events", "snapshot", "verify", "repair", "import", "demo"):
        assert re.search(rf"^  {name} ", listing, re.MULTILINE), name
        help_text = run(name, "--help").stdout
        assert "--json" in help_text or "Commands:" in help_text
    assert run("--version").stdout.startswith("crossbook, version ")


def test_an_interrupt_is_not_a_finding(tmp_path: Path) -> None:
    interrupting = (
        "import crossbook.demo.cli as cli\n"
        "def interrupted(*_, **__): raise KeyboardInterrupt\n"
        "cli.run = interrupted\n"
        "from crossbook.__main__ import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", interrupting, "demo"], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (130, "")
    assert "error: interrupted [interrupted]\nhint: " in done.stderr


def test_a_real_process_keeps_data_and_talk_apart(session: Path) -> None:
    environment = os.environ | {"NO_COLOR": "1"}
    command = [sys.executable, "-m", "crossbook", "replay", str(session), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert json.loads(done.stdout)["stopped"] == "end"
    assert done.stderr == ""
    failed = subprocess.run([*command[:-1], "--seq", "99999"], capture_output=True, text=True, env=environment)
    assert (failed.returncode, failed.stdout) == (2, "")
    assert "\nhint: give a seq" in failed.stderr
    assert "\x1b" not in failed.stderr + done.stdout


def test_a_skipped_snapshot_is_talk(tmp_path: Path) -> None:
    with make_venue(tmp_path / "venue") as venue:
        venue.snapshot().write_bytes(b"damaged")
    command = [sys.executable, "-m", "crossbook", "state", str(tmp_path / "venue"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["accounts"] == 2
    assert "snapshot skipped" in done.stderr


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("1700000000000000001", 1_700_000_000_000_000_001),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000_000_000),
        ("2023-11-14T22:13:20.000000001Z", 1_700_000_000_000_000_001),
        ("2023-11-14 22:13:20.5", 1_700_000_000_500_000_000),
        ("2023-11-14T23:13:20.25+01:00", 1_700_000_000_250_000_000),
        ("2023-11-14", 1_699_920_000_000_000_000),
    ],
)
def test_times_are_read_to_the_nanosecond(text: str, time_ns: int) -> None:
    assert parse_time(text) == time_ns
    assert parse_time(show_time(time_ns)) == time_ns


def test_at_is_a_seq_or_a_time() -> None:
    assert parse_at("12") == (12, None)
    assert parse_at("12ns") == (None, 12)
    assert parse_at("2023-11-14T22:13:20Z") == (None, 1_700_000_000_000_000_000)
    with pytest.raises(InputError):
        parse_at("2023-11-14T22:13:20.1234567890Z")


@pytest.mark.parametrize("no_color", [False, True])
def test_progress_is_drawn_on_a_terminal_only_and_without_colour_if_asked(session: Path, no_color: bool) -> None:
    terminal, process_end = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm-256color"}
    command = [sys.executable, "-m", "crossbook", "replay", str(session)]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=process_end,
        env=environment | ({"NO_COLOR": "1"} if no_color else {}),
        check=True,
    )
    os.close(process_end)
    drawn = os.read(terminal, 1 << 16)
    os.close(terminal)
    assert b"replaying" in drawn
    assert (b"\x1b[38;5;" in drawn or b"\x1b[3" in drawn) is not no_color
    assert b"replaying" not in done.stdout
    assert b"\x1b" not in done.stdout


def test_explain_shows_the_tree_of_an_account_at_any_seq(session: Path) -> None:
    view = replay(session).view
    text = run("explain", session, "--account", 1).stdout
    assert text.endswith(f"{view.explain(1)!r}\n")
    document = run_json("explain", session, "--account", 1)
    (pool,) = document["explanation"]["pools"]
    assert pool["equity"]["terms"][0]["kind"] == "cash"
    assert pool["equity"]["amount"] == format(view.explain(1).pools[0].equity.amount, "f")
    opened = next(seq for seq in range(1, view.seq) if answered(session, seq).record.command == CreateAccount())
    early = run_json("explain", session, "--account", 1, "--at", opened)
    assert (early["seq"], early["explanation"]["pools"]) == (opened, [])


def test_explain_of_nobody_could_not_run(session: Path) -> None:
    result = run("explain", session, "--account", 99, "--json")
    assert (result.exit_code, json.loads(result.stdout)["error"]["code"]) == (2, "unknown_account")


def test_an_account_that_was_not_there_yet_is_told_from_one_that_never_is(session: Path) -> None:
    early = run("state", session, "--at", 1, "--account", 1)
    assert (early.exit_code, early.stderr.splitlines()[1]) == (
        2,
        "hint: after seq 1 there is none yet; CreateAccount makes them",
    )
    accounts, end = run_json("state", session)["accounts"], replay(session).seq
    never = run("state", session, "--account", 77)
    assert never.stderr.splitlines()[1] == f"hint: after seq {end} there are 1 to {accounts}; CreateAccount makes them"
