"""`journal log`: what was asked and what happened, found by what it names, with an index and without."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from syrupy.assertion import SnapshotAssertion

from crossbook.replay import answered
from journal_tools.journal import Journal
from journal_tools.lookup import index
from journal_tools.lookup.naming import accounts_in, command_places
from journal_tools.vocabulary import _ENUMERATIONS, commands, name_of, words_of
from tests.house.test_tidy import ROOT
from tests.journal_tools.conftest import Said, Tamper, journal, segmented

GOLDEN = "tests/golden/ruleset_1_trouble/session"


@pytest.fixture(autouse=True)
def from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def seqs(said: Said) -> list[int]:
    assert said.code == 0, said.err
    rows = said.json["commands" if "commands" in said.json else "events"]
    return [row["seq"] for row in rows]


@pytest.mark.parametrize("fmt", ["table", "json", "ndjson", "csv", "md"])
def test_the_commands_of_an_account(fmt: str, snapshot: SnapshotAssertion) -> None:
    said = journal("log", GOLDEN, "--account", 3, "--limit", 12, "--format", fmt)
    assert said.code == 0
    assert said.out == snapshot


def test_the_events_of_an_account(snapshot: SnapshotAssertion) -> None:
    said = journal("log", GOLDEN, "--account", 3, "--events", "--to", 700)
    assert said.code == 0
    assert said.out == snapshot


def test_numbers_that_stand_for_words_are_the_kernels(demo: Path) -> None:
    record = next(record for record in Journal.open(demo).records(5_000) if name_of(record.command) == "Place")
    venue = answered(demo, record.seq).record.command
    assert words_of(record.command)["side"] == venue.side.name.lower()
    assert words_of(record.command)["kind"] == venue.kind.name.lower()
    assert words_of([12, 1, 2, 1, 1, 5, 5, 4, 1, False, False, 0, 0])["time_in_force"] == "good_till_date"
    places = {(shape.name, field) for shape in commands().values() for field, _ in shape.fields}
    assert set(_ENUMERATIONS) <= places


@pytest.mark.parametrize("fmt", ["arrow", "parquet"])
def test_arrow_and_parquet_hold_the_same_rows(fmt: str, demo: Path) -> None:
    """Typed by the first rows: where there is no author there is 0, so a column is numbers from the first row on."""
    done = subprocess.run(
        [sys.executable, "-m", "journal_tools", "log", str(demo), "--format", fmt], capture_output=True, check=True
    )
    source = pa.BufferReader(done.stdout)
    table = pa.ipc.open_stream(source).read_all() if fmt == "arrow" else pq.read_table(source)
    rows = journal("log", demo, "--json").json["commands"]
    assert table.num_rows == len(rows)
    assert table.column("author").to_pylist() == [row["author"] for row in rows]
    assert json.loads(table.column("fields")[6_000].as_py()) == rows[6_000]["fields"]


def test_every_option_narrows(demo: Path) -> None:
    everything = seqs(journal("log", demo, "--json"))
    assert everything == list(range(1, Journal.open(demo).last_seq + 1))
    places = seqs(journal("log", demo, "--type", "place", "--json"))
    in_one = seqs(journal("log", demo, "--type", "Place", "--market", 2, "--json"))
    of_one = seqs(journal("log", demo, "--type", "Place", "--market", 2, "--account", 5, "--json"))
    assert set(of_one) < set(in_one) < set(places) < set(everything)
    assert seqs(journal("log", demo, "--origin", "oracle", "--origin", "operator", "--json")) == [
        record.seq for record in Journal.open(demo).records() if record.origin in (1, 3)
    ]


def test_a_span_is_given_in_seqs_or_in_times(demo: Path) -> None:
    assert seqs(journal("log", demo, "--from", 40, "--to", 44, "--json")) == [40, 41, 42, 43, 44]
    times = journal("log", demo, "--from", "2026-01-01T00:01:00Z", "--to", "2026-01-01T00:02:00Z", "--json")
    expected = [
        record.seq
        for record in Journal.open(demo).records()
        if 60 * 10**9 <= record.time_ns - 1_767_225_600_000_000_000 <= 120 * 10**9
    ]
    assert seqs(times) == expected


def test_events_are_those_the_venue_gave(demo: Path) -> None:
    said = journal(
        "log", demo, "--events", "--type", "Traded", "--account", 7, "--from", 5_000, "--to", 6_500, "--json"
    )
    trades = said.json["events"]
    assert trades
    for trade in trades:
        assert 7 in (trade["fields"]["maker"], trade["fields"]["taker"])
    first = trades[0]["seq"]
    assert len([e for e in answered(demo, first).events if type(e).__name__ == "Traded"]) >= 1


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (["--type", "Traded"], "unknown_type", "give --events as well"),
        (["--type", "Plac"], "unknown_type", "perhaps Place"),
        (["--from", 10**6], "span_empty", "the journal has seqs 1 to"),
        (["--from", "yesterday"], "moment_invalid", "give a seq, a time like"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(arguments: list[str], code: str, hint: str) -> None:
    said = journal("log", GOLDEN, *arguments)
    assert (said.code, said.out) == (2, "")
    assert f"[{code}]" in said.err
    assert hint in said.err


# --- the index --------------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def test_an_index_finds_what_a_reading_finds(demo: Path, kept: Path) -> None:
    for options in (["--account", 17], ["--account", 3, "--account", 60], ["--account", 9, "--type", "Withdraw"]):
        expected = seqs(journal("log", demo, *options, "--json"))
        assert expected
        assert seqs(journal("log", demo, *options, "--index", kept, "--json")) == expected
        part = seqs(journal("log", demo, *options, "--index", kept, "--from", 3_000, "--to", 8_000, "--json"))
        assert part == [seq for seq in expected if 3_000 <= seq <= 8_000]


def test_orders_are_indexed_too(trouble: Path, kept: Path) -> None:
    named = [record for record in Journal.open(trouble).records() if record.command[0] in (13, 14)]
    order = next(record.command[2] for record in named if record.command[2])
    expected = seqs(journal("log", trouble, "--order", order, "--json"))
    assert expected
    assert seqs(journal("log", trouble, "--order", order, "--index", kept, "--json")) == expected


def test_an_index_is_made_once_and_says_so(demo: Path, kept: Path) -> None:
    assert (
        f"note: indexed {Journal.open(demo).last_seq:,} commands"
        in journal("log", demo, "--account", 17, "--index", kept).err
    )
    assert journal("log", demo, "--account", 17, "--index", kept).err == ""


def test_an_index_grows_with_its_journal(demo: Path, kept: Path, tmp_path: Path) -> None:
    """As of an earlier copy of the same session first; then what came since is added, and nothing twice."""
    grown = tmp_path / "grown"
    segmented(demo, grown, every=30)
    early = tmp_path / "early"
    segments = sorted((grown / "segments").iterdir())
    for path in (grown / "session.json", *(p for s in segments[:2] for p in s.iterdir())):
        target = early / path.relative_to(grown)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    first = index.update(Journal.open(early), kept)
    then = index.update(Journal.open(grown), kept)
    assert first.added + then.added == then.last_seq == Journal.open(demo).last_seq
    expected = seqs(journal("log", grown, "--account", 17, "--json"))
    assert seqs(journal("log", grown, "--account", 17, "--index", kept, "--json")) == expected
    # Of a journal that is shorter than the index it is made anew: it might be another history.
    assert index.update(Journal.open(early), kept).added == first.added


def test_an_index_of_another_history_is_made_anew(demo: Path, kept: Path) -> None:
    index.update(Journal.open(demo), kept)
    (path,) = kept.iterdir()
    with sqlite3.connect(path) as base:
        base.execute("UPDATE head SET block_hash = zeroblob(32)")
    base.close()
    assert index.update(Journal.open(demo), kept).added == Journal.open(demo).last_seq
    path.write_bytes(b"")
    assert index.update(Journal.open(demo), kept).added == Journal.open(demo).last_seq


def test_an_index_is_never_put_into_a_session(demo: Path, tampered: Tamper) -> None:
    copy = tampered(demo)
    said = journal("log", copy, "--account", 17, "--index", copy / "segments")
    assert said.code == 2
    assert "[index_inside]" in said.err


def accounts_of(command: list[Any]) -> set[int]:
    """The accounts a command names, looked up field by field; `Observe.source` is a source of prices and none."""
    shape = commands()[command[0]]
    found: set[int] = set()
    for (name, kind), value in zip(shape.fields, command[1:], strict=False):
        if name in ("account", "source", "destination", "parent", "vault") and kind == "u32":
            found.add(value)
        elif kind == "allocations":
            found.update(row[0] for row in value)
    return found - {0} if shape.name != "Observe" else set()


def test_the_places_of_accounts_are_those_of_the_vocabulary(demo: Path, trouble: Path) -> None:
    for path in (demo, trouble):
        for record in Journal.open(path).records():
            assert accounts_in(record.command, command_places()) == accounts_of(record.command)
    assert len(command_places()) == len(commands())
