"""docs/journal_reports.md says what is so: its reports are those there are, its fields those of the source."""

from __future__ import annotations

import re
from pathlib import Path

from journal_tools.exporting.columns import tables
from journal_tools.reports import NAMES
from journal_tools.reports.rts24 import FIELDS
from tests.house.test_tidy import ROOT
from tests.journal_tools.conftest import journal

PAGE = (ROOT / "docs" / "journal_reports.md").read_text()


def test_the_reports_are_those_there_are() -> None:
    table = PAGE.split("\n| report | tells |\n|---|---|\n")[1].split("\n\n")[0]
    assert dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", table, re.MULTILINE)) == NAMES


def test_every_field_of_the_regulation_is_mapped_or_said_to_be_missing() -> None:
    stated = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert stated == [(str(field.number), field.column, field.name, field.ours or "none") for field in FIELDS]


def test_the_tables_of_an_export_are_those_it_has() -> None:
    table = PAGE.split("\n| table | rows |\n|---|---|\n")[1].split("\n\n")[0]
    stated = set(re.findall(r"^\| `([\w/]+)` \|", table, re.MULTILINE))
    assert stated == {re.sub("/.*", "/NAME", name) for name in tables()}


def test_every_event_code_that_can_occur_is_explained(demo: Path) -> None:
    rows = journal("report", demo, "orders", "--json").json["rows"]
    for code in {row["event"] for row in rows}:
        assert re.search(rf"\b{code}\b", PAGE.split("Of the events of field 21:")[1].split("\n\n")[0])
