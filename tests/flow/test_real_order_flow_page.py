"""docs/real_order_flow.md says what was measured: its tables are read and compared with imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossbook.importers.lobster import Mode, QueueBy
from crossbook.importers.matching_benchmark import import_matching_benchmark
from tests.flow.conftest import Importer
from tests.flow.shared import shared

PAGE = Path(__file__).resolve().parents[2] / "docs" / "real_order_flow.md"


def row(first: str) -> list[str]:
    """The cells after the first of the table row that begins with it."""
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0] == first:
            return cells[1:]
    raise AssertionError(f"the page has no row {first}")


@pytest.mark.parametrize("queue_by", list(QueueBy))
@pytest.mark.parametrize("mode", list(Mode))
def test_the_hour(hour: Importer, mode: Mode, queue_by: QueueBy) -> None:
    tally = hour(mode, queue_by).tally
    measured = (
        tally.executions_open,
        tally.at_best_price,
        tally.at_queue_head,
        tally.filled_among,
        tally.filled_exactly,
    )
    assert row(f"{mode.value}, {queue_by.value}") == [f"{count:,}" for count in measured]


def test_the_counts_in_the_text(hour: Importer) -> None:
    tally = hour(Mode.STEP, QueueBy.REFERENCE).tally
    text = PAGE.read_text()
    assert f"{tally.messages:,} messages, of which {tally.kinds['execution']:,} executions" in text
    assert f"{tally.executions_known:,} of them of orders the file has shown" in text
    assert f"there are {tally.revealed_late}, the nearest" in text


@pytest.mark.parametrize("name", ["normal", "flash-crash"])
def test_the_benchmark(tmp_path: Path, name: str) -> None:
    stream = shared("matching", f"orders_{name}_s23_n20000.bin.xz")
    report, _ = import_matching_benchmark(stream, tmp_path / "session")
    assert row(name) == [f"{report.lines:,}", f"`{report.sha256}`"]
    assert f"{report.instructions:,} instructions" in PAGE.read_text()
