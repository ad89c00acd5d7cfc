"""One real hour of NASDAQ order flow: how often price-time priority chooses the order the exchange chose."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossbook.importers.lobster import Mode, QueueBy
from crossbook.importers.lobster_run import import_lobster
from tests.flow.conftest import Importer
from tests.flow.shared import shared

PAIR = (
    "AAPL_2012-06-21_34200000_57600000_message_10.first998.csv",
    "AAPL_2012-06-21_34200000_57600000_orderbook_10.first998.csv",
)


def test_the_messages_of_the_hour(hour: Importer) -> None:
    tally = hour(Mode.STEP, QueueBy.REFERENCE).tally
    kinds = {name: count for name, count in tally.kinds.items() if count}
    assert tally.messages == 91_997
    assert kinds == {
        "add": 44_256,
        "partial_cancel": 469,
        "delete": 41_004,
        "execution": 4_067,
        "hidden_execution": 2_201,
    }
    assert (tally.executions_known, tally.executions_unknown) == (4_055, 12)


@pytest.mark.parametrize(("queue_by", "at_head"), [(QueueBy.ARRIVAL, 4_031), (QueueBy.REFERENCE, 4_046)])
def test_in_step_with_the_record(hour: Importer, queue_by: QueueBy, at_head: int) -> None:
    report = hour(Mode.STEP, queue_by)
    tally = report.tally
    assert (tally.at_best_price, tally.executions_known) == (4_055, 4_055)
    assert tally.at_queue_head == at_head
    assert tally.applied_as_recorded == 4_055 - at_head
    assert tally.filled_exactly == tally.sent == at_head
    assert (tally.adds_traded, report.session.rejected) == (0, {})
    assert report.session.equal


def test_free_running(hour: Importer) -> None:
    report = hour(Mode.FREE, QueueBy.REFERENCE)
    tally = report.tally
    assert (tally.executions_open, tally.executions_refused) == (4_054, 1)
    assert (tally.at_queue_head, tally.filled_among) == (4_035, 4_033)
    assert min(tally.at_queue_head, tally.filled_among) >= 4_020
    assert report.session.equal


def test_free_running_without_putting_late_orders_in_their_place(hour: Importer) -> None:
    tally = hour(Mode.FREE, QueueBy.ARRIVAL).tally
    assert (tally.at_queue_head, tally.executions_open) == (3_997, 4_041)


def test_the_ten_level_book_row_by_row(tmp_path: Path) -> None:
    report = import_lobster([shared("lobster", name) for name in PAIR], tmp_path / "session")
    assert (report.tally.rows, report.tally.rows_agreeing) == (998, 998)
    assert report.session.equal
