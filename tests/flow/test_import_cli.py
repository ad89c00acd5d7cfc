"""`crossbook import`: a table or one JSON document on stdout, exit codes 0, 1 and 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crossbook.importers.benchmark_format import write_stream
from crossbook.importers.cli import import_group
from tests.flow.test_kraken import OPENED, SESSION, update
from tests.flow.test_lobster import BOOK, NAME, PAIR_MESSAGES, PAIR_ROWS, RECORDING
from tests.flow.test_matching_benchmark import OWN, OWN_REPORTS


def run(*arguments: object) -> Result:
    return CliRunner().invoke(import_group, [str(argument) for argument in arguments])


def spaced(result: Result) -> str:
    """The output with single spaces."""
    return " ".join(result.stdout.split())


def test_lobster_prints_a_table(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(RECORDING)
    result = run("lobster", tmp_path / NAME, "-o", tmp_path / "session")
    assert result.exit_code == 0
    assert "order at the head of its queue 1 of 2 price-time priority agrees" in spaced(result)
    assert "hint: " in result.stderr


def test_lobster_prints_json(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(RECORDING)
    result = run("lobster", tmp_path / NAME, "-o", tmp_path / "session", "--mode", "free", "--json")
    document = json.loads(result.stdout)
    assert (document["mode"], document["agrees"]) == ("free", True)
    assert (document["tally"]["executions_known"], document["tally"]["at_queue_head"]) == (2, 1)
    assert document["session"]["state_root"] == document["session"]["replayed_root"]


@pytest.mark.parametrize(("rows", "code"), [(PAIR_ROWS, 0), (PAIR_ROWS.replace(",8,", ",9,", 1), 1)])
def test_a_pair_exits_with_1_when_a_row_differs(tmp_path: Path, rows: str, code: int) -> None:
    (tmp_path / NAME).write_text(PAIR_MESSAGES)
    (tmp_path / BOOK).write_text(rows)
    result = run("lobster", tmp_path / NAME, tmp_path / BOOK, "-o", tmp_path / "session")
    assert result.exit_code == code
    assert f"orderbook rows reproduced {4 - code} of 4" in spaced(result)


def test_an_import_that_cannot_run_exits_with_2_and_a_hint(tmp_path: Path) -> None:
    (tmp_path / "hour.csv").write_text(RECORDING)
    result = run("lobster", tmp_path / "hour.csv", "-o", tmp_path / "session")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "[lobster_files]" in result.stderr
    assert "hint: keep LOBSTER's names" in result.stderr


def test_a_session_is_never_imported_over_another(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(RECORDING)
    assert run("lobster", tmp_path / NAME, "-o", tmp_path / "session").exit_code == 0
    again = run("lobster", tmp_path / NAME, "-o", tmp_path / "session", "--json")
    assert (again.exit_code, json.loads(again.stdout)["error"]["code"]) == (2, "journal_exists")


def test_the_benchmark_writes_its_reports(tmp_path: Path) -> None:
    (tmp_path / "orders.bin").write_bytes(write_stream(OWN))
    result = run(
        "matching-benchmark", tmp_path / "orders.bin", "-o", tmp_path / "session", "--reports", tmp_path / "out.txt"
    )
    assert result.exit_code == 0
    assert (tmp_path / "out.txt").read_text() == OWN_REPORTS


@pytest.mark.parametrize(("last", "code"), [(SESSION[1], 0), (update(3, '"b":[]', "no such digits"), 1)])
def test_kraken_exits_with_1_when_a_checksum_differs(tmp_path: Path, last: str, code: int) -> None:
    (tmp_path / "capture.ws").write_text(OPENED + SESSION[0] + last)
    result = run("kraken", tmp_path / "capture.ws", "-o", tmp_path / "session", "--json")
    assert result.exit_code == code
    assert json.loads(result.stdout)["pairs"]["AAA/BBB"] == {
        "updates": 3,
        "checksums": 2,
        "agreeing": 2 - code,
        "out_of_range": 0,
    }
