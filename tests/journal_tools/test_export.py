"""`journal export`: every row is exact and leads back to its block, and what was changed since is found."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.ipc
import pyarrow.parquet
import pytest
from syrupy.assertion import SnapshotAssertion

from crossbook.state import StateView
from journal_tools import replaying
from journal_tools.journal import Journal
from journal_tools.vocabulary import name_of
from tests.house.test_tidy import ROOT
from tests.journal_tools.conftest import journal


@pytest.fixture(scope="module")
def exported(segments: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The market in five segments, as Parquet."""
    target = tmp_path_factory.mktemp("export") / "parquet"
    said = journal("export", segments, "-o", target)
    assert said.code == 0, said.err
    return target


def rows(exported: Path, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted((exported / table).glob("*.parquet")):
        found += pyarrow.parquet.read_table(path).to_pylist()
    return found


def test_the_tables_of_the_golden_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.chdir(ROOT)
    said = journal("export", "tests/golden/ruleset_1_trouble/session", "-o", tmp_path / "out", "--json")
    assert said.code == 0
    assert [(row["table"], row["files"], row["rows"]) for row in said.json["tables"]] == snapshot


def test_every_command_is_in_the_table_of_its_type(segments: Path, exported: Path) -> None:
    expected = Counter(name_of(record.command) for record in Journal.open(segments).records())
    found = {path.name: len(rows(exported, f"commands/{path.name}")) for path in (exported / "commands").iterdir()}
    assert found == dict(expected)
    (refused,) = {row["refusal"] for row in rows(exported, "commands/Place") if row["seq"] == _first_refused(segments)}
    assert refused


def _first_refused(path: Path) -> int:
    return next(
        seq
        for seq, found in replaying.events(path)
        for event in found
        if type(event).__name__ == "Rejected" and event.command == 12
    )


def test_events_are_those_of_re_execution(segments: Path, exported: Path) -> None:
    expected = [event for _, found in replaying.events(segments) for event in found]
    counts = Counter(type(event).__name__ for event in expected)
    for name, count in counts.items():
        assert len(rows(exported, f"events/{name}")) == count
    for event, row in zip(
        (event for event in expected if type(event).__name__ == "Traded"), rows(exported, "events/Traded"), strict=True
    ):
        assert (event.seq, event.price, event.lots, event.maker_fee) == tuple(  # type: ignore[union-attr]
            row[name] for name in ("seq", "price", "lots", "maker_fee")
        )
        assert row["taker_side"] == event.taker_side.name.lower()  # type: ignore[union-attr]


def test_a_row_leads_back_to_its_block(segments: Path, exported: Path) -> None:
    chain = Journal.open(segments)
    hashes = {block.first_seq: block.hash.hex() for block in chain.blocks()}
    times = {record.seq: record.time_ns for record in chain.records()}
    for table in ("trades", "commands/Withdraw", "balances"):
        for row in rows(exported, table):
            block = chain.record(row["seq"])[1] if table == "balances" else None
            assert hashes[row["block"]] == row["block_hash"]
            assert block is None or block.first_seq == row["block"]
            assert int(row["time"].value) == times[row["seq"]]


def test_a_file_says_which_part_of_the_chain_it_is(segments: Path, exported: Path) -> None:
    chain = Journal.open(segments)
    for segment in chain.segments:
        path = exported / "balances" / f"{segment.number:06d}.parquet"
        metadata = pyarrow.parquet.read_schema(path).metadata
        first = next(chain.blocks(segment.first_seq, segment.first_seq))
        assert metadata[b"session"].decode() == chain.session_id
        assert int(metadata[b"first_seq"]) == segment.first_seq
        assert metadata[b"first_block_hash"].decode() == first.hash.hex()
        if segment.footer:
            assert int(metadata[b"last_seq"]) == segment.footer["last_seq"]
            last = chain.record(segment.footer["last_seq"])[1]
            assert metadata[b"last_block_hash"].decode() == last.hash.hex()


def test_sums_are_exact_in_duckdb_and_polars(segments: Path, exported: Path) -> None:
    end = StateView(replaying.kernel_at(segments))
    moved = sum(row["amount"] for row in rows(exported, "events/InsuranceFunded") if not row["account"])
    expected = end.asset("USDC").fees + Decimal(moved).scaleb(-6)
    (found,) = duckdb.sql(
        f"SELECT sum(maker_fee + taker_fee) FROM read_parquet('{exported}/trades/*.parquet')"
    ).fetchall()
    assert found[0] == expected
    frame = pl.scan_parquet(f"{exported}/trades/*.parquet").select((pl.col("maker_fee") + pl.col("taker_fee")).sum())
    assert frame.collect().item() == expected


def test_orders_end_as_the_venue_says(segments: Path, exported: Path) -> None:
    end = StateView(replaying.kernel_at(segments))
    found = rows(exported, "orders")
    assert len({row["order"] for row in found}) == len(found) == len(rows(exported, "events/OrderAccepted"))
    still = {row["order"]: row for row in found if row["outcome"] == "open"}
    live = {order.order: order for number in range(1, end.account_count() + 1) for order in end.orders(number)}
    assert set(still) == set(live)
    assert all(still[number]["size"] - still[number]["filled"] == live[number].size for number in live)
    assert sum(row["filled"] for row in found) == 2 * sum(row["size"] for row in rows(exported, "trades"))


def test_balances_are_those_at_the_end_of_each_segment(segments: Path, exported: Path) -> None:
    for segment in Journal.open(segments).segments:
        if not segment.footer:
            continue
        past = replaying.state_at(segments, replaying.Moment(segment.footer["last_seq"], None))
        for row in pyarrow.parquet.read_table(exported / "balances" / f"{segment.number:06d}.parquet").to_pylist():
            if row["pool"] == "cross" and row["account"] % 10 == 1:
                pool = past.account(row["account"]).pool(row["asset"])
                assert (row["balance"], row["equity"]) == (pool.balance, pool.equity)


# --- reading it again -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_what_was_written_is_what_the_journal_says(golden: Path, tmp_path: Path, suffix: str) -> None:
    assert journal("export", golden, "-o", tmp_path / "out", "--as", suffix).code == 0
    said = journal("export", golden, "-o", tmp_path / "out", "--verify")
    assert (said.code, said.err) == (0, "")
    assert {path.suffix for path in (tmp_path / "out" / "trades").iterdir()} == {f".{suffix}"}


def test_an_export_says_how_far_it_goes(golden: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    assert journal("export", golden, "-o", target).code == 0
    manifest = json.loads((target / "export.json").read_text())
    assert manifest["seqs"] == [1, Journal.open(golden).last_seq]
    assert manifest["segments"][-1]["last_seq"] == manifest["seqs"][1]


def test_one_altered_cell_is_found(golden: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    assert journal("export", golden, "-o", target).code == 0
    path = target / "events" / "Traded" / "000001.parquet"
    table = pyarrow.parquet.read_table(path)
    fees = table.column("maker_fee").to_pylist()
    fees[-1] += 1
    at = table.schema.get_field_index("maker_fee")
    altered = table.set_column(at, table.schema.field(at), pyarrow.array(fees, type=pyarrow.int64()))
    pyarrow.parquet.write_table(altered.cast(table.schema), path)
    said = journal("export", golden, "-o", target, "--verify", "--json")
    assert said.code == 1
    assert said.json["error"]["code"] == "export_differs"
    assert "column maker_fee" in said.json["error"]["message"]


def test_a_missing_and_an_added_file_are_found(golden: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    assert journal("export", golden, "-o", target).code == 0
    (target / "trades" / "000002.parquet").write_bytes((target / "trades" / "000001.parquet").read_bytes())
    assert journal("export", golden, "-o", target, "--verify").code == 1
    (target / "trades" / "000002.parquet").unlink()
    assert journal("export", golden, "-o", target, "--verify").code == 0
    (target / "trades" / "000001.parquet").unlink()
    assert journal("export", golden, "-o", target, "--verify").code == 1


def test_where_an_export_may_not_be_written(golden: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").write_text("")
    for place, code in ((tmp_path / "full", "output_exists"), (golden / "export", "output_inside")):
        said = journal("export", golden, "-o", place)
        assert said.code == 2
        assert f"[{code}]" in said.err
    assert "[not_an_export]" in journal("export", golden, "-o", tmp_path / "full", "--verify").err
