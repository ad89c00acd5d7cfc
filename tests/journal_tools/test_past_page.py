"""docs/journal_past.md says what is so: its examples are executed, its tables are those of the source."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from journal_tools import replaying
from journal_tools.ledger.books import MOVES, Books
from journal_tools.past.hindsight import WINDOW
from journal_tools.verbs import grep
from journal_tools.watch import operands
from tests.house.test_tidy import ROOT
from tests.journal_tools.conftest import journal

PAGE = (ROOT / "docs" / "journal_past.md").read_text()
BOOKS = (ROOT / "journal_tools" / "src" / "journal_tools" / "ledger" / "books.py").read_text()
EXAMPLES = re.findall(r"```console\n\$ journal (.*)\n((?:.*\n)*?)```", PAGE)


def test_there_are_examples_of_every_verb() -> None:
    assert {call.split()[0] for call, _ in EXAMPLES} == {"blame", "state", "book", "order", "grep"}


@pytest.mark.parametrize(("call", "output"), EXAMPLES, ids=[call for call, _ in EXAMPLES])
def test_an_example_says_what_the_page_says(call: str, output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said = journal(*shlex.split(call))
    assert (said.code, said.out) == (0, output)


def rows(head: str) -> dict[str, str]:
    """The first two cells of the rows of a table that begins so."""
    table = PAGE.split(f"\n{head}")[1].split("\n\n")[0]
    return dict(re.findall(r"^\| (`.*?) \| ([^|]*?) \|", table, re.MULTILINE))


def test_the_kinds_of_entries_are_those_of_the_ledger(demo: Path, golden: Path, trouble: Path) -> None:
    """Every kind that some session has is in the table, and the table has none that the ledger does not write."""
    said = set(re.findall(r"`([\w -]+)`", " ".join(rows("| kind of entry |"))))
    found: set[str] = set()
    for path in (demo, golden, trouble):
        books = Books(lambda _, entry: found.add(entry.kind))
        for _, events in replaying.events(path):
            books.book(events)
    assert found <= said
    assert {kind for kind in said - found if f'"{kind}"' not in BOOKS} <= set(MOVES.values())


def test_the_names_of_the_language_are_those_of_the_source() -> None:
    said = {name: fields.split(", ") for name, fields in rows("| name |").items()}
    assert said == {
        "`account(N)`, `account(N, ASSET)`": list(operands.ACCOUNT_FIELDS),
        "`account(N).position(SYM)`": list(operands.POSITION_FIELDS),
        "`market(SYM)`": list(operands.MARKET_FIELDS),
        "`asset(SYM)`": list(operands.ASSET_FIELDS),
    }
    for word in operands.WORDS:
        assert re.search(rf"\b{word}\b", PAGE)


def test_the_numbers_are_those_of_the_source() -> None:
    assert f"the next {WINDOW:,} seqs" in PAGE
    assert f"the first of {grep.WINDOW:,} commands" in PAGE
