"""The recorded hour through the auditor's bench: what log, order, book, report and export say of it agrees."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from crossbook.importers.lobster import Mode, QueueBy
from tests.flow.conftest import Importer
from tests.house.test_tidy import ROOT
from tests.journal_tools.conftest import journal

PAGE = (ROOT / "docs" / "real_order_flow.md").read_text()
COMMANDS = 89_958


@pytest.fixture(scope="module")
def session(hour: Importer) -> Path:
    """The hour in step with the record, late orders in their place."""
    return Path(hour(Mode.STEP, QueueBy.REFERENCE).session.path)


@pytest.fixture(scope="module")
def trades(session: Path) -> list[dict[str, Any]]:
    return rows(session, "trades")


def rows(session: Path, name: str, *options: object) -> list[dict[str, Any]]:
    said = journal("report", session, name, "--json", *options)
    assert said.code == 0, said.err
    found: list[dict[str, Any]] = said.json["rows"]
    return found


def filled_in_step() -> int:
    """How many executions the page says are filled in our book, in step and by reference."""
    (count,) = re.findall(r"^\| step, reference \|(?: [\d,]+ \|){3} ([\d,]+) \|", PAGE, re.MULTILINE)
    return int(count.replace(",", ""))


def test_there_are_as_many_trades_as_the_page_says(trades: list[dict[str, Any]]) -> None:
    assert len(trades) == filled_in_step() == 4_046
    assert {row["taker"] for row in trades} == {3}, "the aggressive orders are those of one account"


def test_log_finds_every_command_of_the_hour(session: Path, trades: list[dict[str, Any]]) -> None:
    counts = journal("stat", session, "--full", "--json").json["command"]
    assert sum(counts.values()) == COMMANDS
    found = journal("log", session, "--type", "Place", "--account", 3, "--json").json["commands"]
    assert [row["seq"] for row in found] == [row["seq"] for row in trades]
    minute = journal(
        "log",
        session,
        "--from",
        "2012-06-21T09:59:00Z",
        "--to",
        "2012-06-21T10:00:00Z",
        "--events",
        "--type",
        "Traded",
        "--json",
    ).json["events"]
    times = [row for row in trades if "2012-06-21T09:59" <= row["time"] <= "2012-06-21T10:00:00.000000000Z"]
    assert [row["seq"] for row in minute] == [row["seq"] for row in times]


def test_order_tells_the_place_in_the_queue_that_the_trade_found(session: Path, trades: list[dict[str, Any]]) -> None:
    for trade in trades[:: len(trades) // 3]:
        life = journal("order", session, trade["maker_order"], "--json").json
        fill = next(step for step in life["steps"] if step["seq"] == trade["seq"])
        assert (fill["step"], fill["position"], fill["ahead"]) == ("traded", 1, "0"), (
            "in step, the head of the queue trades"
        )
        assert fill["price"] == trade["price"]
        assert {1, 2} >= {life["account"]}


def test_book_and_depth_see_the_same_levels(session: Path) -> None:
    sampled = {
        (row["time"], row["band"]): row for row in rows(session, "depth", "--every", 900, "--size", 1, "--size", 1000)
    }
    assert sorted({time for time, _ in sampled}) == [
        f"2012-06-21T{clock}:00.000000000Z" for clock in ("09:45", "10:00", "10:15")
    ]
    for (time, band), row in sampled.items():
        levels = journal("book", session, "AAPL", "--at", time, "--depth", 200, "--json").json
        asks = sorted(
            (level for level in _levels(levels) if level["side"] == "ask"), key=lambda one: Decimal(one["price"])
        )
        size = Decimal(0)
        for level in asks:
            size += Decimal(level["size"])
            if size >= Decimal(band):
                assert (row["ask"], Decimal(row["ask_size"])) == (level["price"], size)
                break
    assert all(0 < Decimal(row["spread"]) < 2 for row in sampled.values())


def _levels(document: dict[str, Any]) -> list[dict[str, Any]]:
    (found,) = [value for value in document.values() if isinstance(value, list)]
    return found


def test_reports_of_the_hour_add_up(session: Path, trades: list[dict[str, Any]]) -> None:
    shares = sum(Decimal(row["size"]) for row in trades)
    makers = rows(session, "maker-concentration")
    assert sum(Decimal(row["size"]) for row in makers if row["what"] == "maker") == shares
    assert sum(Decimal(row["size"]) for row in rows(session, "positions")) == 0
    assert rows(session, "fees")[-1]["total"] == "0", "imported markets have no fees"
    assert rows(session, "liquidations") == rows(session, "funding") == []
    assert rows(session, "surveillance", "--watch") == [], "as docs/policies_liquidity.md says"
    kinds = Counter(row["event"] for row in rows(session, "orders"))
    assert kinds["PARF"] + kinds["FILL"] == 2 * len(trades)
    assert "REMO" not in kinds


def test_the_export_of_the_hour_is_what_the_journal_says(
    session: Path, trades: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert journal("export", session, "-o", tmp_path / "hour").code == 0
    assert journal("export", session, "-o", tmp_path / "hour", "--verify").code == 0
    query = f"SELECT count(*), sum(size), sum(notional) FROM '{tmp_path}/hour/trades/*.parquet'"
    ((count, size, notional),) = duckdb.sql(query).fetchall()
    assert (count, size) == (len(trades), sum(Decimal(row["size"]) for row in trades))
    assert notional == sum(Decimal(row["notional"]) for row in trades)
    query = f"SELECT count(*) FROM read_parquet('{tmp_path}/hour/commands/*/*.parquet', union_by_name=true)"
    assert duckdb.sql(query).fetchall() == [(COMMANDS,)]
