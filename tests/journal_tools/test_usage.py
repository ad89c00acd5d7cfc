"""Wrong usage is told like every other refusal; what holds for every verb and format."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pyarrow.ipc
import pyarrow.parquet
import pytest
from click.testing import CliRunner

from journal_tools.cli import main
from tests.journal_tools.conftest import GOLDEN, journal

SESSION = GOLDEN / "ruleset_1" / "session"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nosuch",),
        ("show", SESSION, "abc"),
        ("show", SESSION, 0),
        ("log", SESSION, "--market", "M1-PERP"),
        ("stat", SESSION, "--nosuch"),
        ("prove", "record", SESSION),
        ("stat",),
    ],
)
def test_wrong_usage_has_a_code_and_a_hint(arguments: tuple[object, ...]) -> None:
    said = journal(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: ")
    assert said.err.splitlines()[0].endswith(" [usage]")
    assert said.err.splitlines()[1].startswith("hint: `")
    assert "--help` shows how it is called" in said.err


@pytest.mark.parametrize("asked", [("--json",), ("--format", "json"), ("--format=ndjson",)])
def test_with_json_wrong_usage_is_a_document(asked: tuple[str, ...]) -> None:
    said = journal("show", SESSION, "abc", *asked)
    assert (said.code, said.err) == (2, "")
    assert said.json["error"]["code"] == "usage"
    assert "'abc'" in said.json["error"]["message"]


@pytest.mark.parametrize("size", ["abc", "0.00000001"])
def test_what_the_venue_refuses_could_not_run(demo: Path, size: str) -> None:
    said = journal("report", demo, "depth", "--every", 1, "--size", size, "--json")
    document = json.loads(said.out[said.out.index('{\n  "error"') :])
    assert (said.code, size in document["error"]["message"]) == (2, True)


def test_an_interrupt_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("journal_tools.journal.Journal.open", interrupted)
    done = CliRunner().invoke(main, ["stat", str(SESSION)])
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (130, "error: interrupted [interrupted]")


def test_the_command_is_called_journal_however_it_is_started(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "journal_tools", "--help"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "Usage: journal [OPTIONS] COMMAND [ARGS]...")


def test_every_help_text_is_there_and_laid_out() -> None:
    def commands(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
        context = click.Context(group)
        for name in group.list_commands(context):
            yield (*names, name)
            found = group.get_command(context, name)
            if isinstance(found, click.Group):
                yield from commands(found, *names, name)

    known = list(commands(main))
    assert len(known) > 20
    for names in known:
        said = journal(*names, "--help")
        assert (said.code, said.err) == (0, ""), names
        assert "\\b" not in said.out, names
        assert len(said.out.splitlines()) > 6, names


def test_every_group_says_what_it_is_for() -> None:
    for name in ("prove", "liabilities"):
        text = journal(name, "--help").out.splitlines()
        assert text[2].startswith("  ")
        assert text[2].strip()


@pytest.mark.parametrize("fmt", ["arrow", "parquet"])
def test_a_column_of_words_and_numbers_is_text(fmt: str) -> None:
    done = CliRunner().invoke(main, ["state", str(SESSION), "--format", fmt], catch_exceptions=False)
    assert done.exit_code == 0
    source = io.BytesIO(done.stdout_bytes)
    table = pyarrow.parquet.read_table(source) if fmt == "parquet" else pyarrow.ipc.open_stream(source).read_all()
    rows = dict(zip(table["field"].to_pylist(), table["value"].to_pylist(), strict=True))
    printed = csv.DictReader(io.StringIO(journal("state", SESSION, "--format", "csv").out))
    plain = {row["field"]: row["value"] for row in printed}
    assert {field: value or "" for field, value in rows.items()} == plain


def test_what_nobody_thought_of_is_no_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(_path: Path) -> None:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr("journal_tools.journal.Journal.open", broken)
    result = CliRunner().invoke(main, ["stat", str(tmp_path)], prog_name="journal")
    assert result.exit_code == 2
    assert "error: ZeroDivisionError: nobody thought of this [unforeseen]" in result.stderr
    assert "Traceback" in result.stderr
