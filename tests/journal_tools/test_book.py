"""The book of the past, by levels and order by order."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from crossbook.replay import state_at
from tests.journal_tools.conftest import journal


@pytest.mark.parametrize("at", [1_400, 5_000, 9_000])
def test_levels_are_what_the_venue_says_they_were(demo: Path, at: int) -> None:
    rows = journal("book", demo, "BTC-PERP", "--at", at, "--depth", 5, "--json").json["levels"]
    book = state_at(demo, seq=at).book("BTC-PERP", 5)
    for side, levels in (("ask", book.asks[::-1]), ("bid", book.bids)):
        found = [(Decimal(row["price"]), Decimal(row["size"]), row["orders"]) for row in rows if row["side"] == side]
        assert found == [(level.price, level.size, level.orders) for level in levels]


def test_orders_come_to_their_levels_each_behind_those_before_it(demo: Path) -> None:
    levels = journal("book", demo, "BTC-PERP", "--at", 5_000, "--json").json["levels"]
    orders = journal("book", demo, "BTC-PERP", "--at", 5_000, "--orders", "--json").json["orders"]
    for level in levels:
        queue = [row for row in orders if (row["side"], row["price"]) == (level["side"], level["price"])]
        assert [row["position"] for row in queue] == list(range(1, level["orders"] + 1))
        sizes = [Decimal(row["size"]) for row in queue]
        assert sum(sizes) == Decimal(level["size"])
        assert [Decimal(row["ahead"]) for row in queue] == [sum(sizes[:place]) for place in range(len(sizes))]


def test_what_is_shown(demo: Path, golden: Path, snapshot: SnapshotAssertion) -> None:
    assert journal("book", demo, "BTC-PERP", "--at", 5_000, "--depth", 5).out == snapshot
    assert journal("book", golden, "1", "--at", 2_000, "--depth", 3, "--orders").out == snapshot
    assert journal("book", demo, "ETH-PERP", "--at", 5_000, "--depth", 2, "--json").out == snapshot


def test_a_venue_that_is_open_has_a_book(live: Path) -> None:
    said = journal("book", live, "M1-PERP", "--orders", "--json")
    assert said.code == 0
    assert said.json["orders"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["GOLD"], "hint: it has BTC-PERP"),
        (["BTC-PERP", "--at", "0"], "[unknown_market]"),
        (["BTC-PERP", "--at", "99999999"], "hint: the journal has seqs 1 to"),
        (["BTC-PERP", "--depth", "0"], "x>=1"),
        (["BTC-PERP", "--depth", "1.5"], "not a valid integer"),
    ],
)
def test_what_cannot_be_is_refused(demo: Path, arguments: list[str], said: str) -> None:
    answer = journal("book", demo, *arguments)
    assert answer.code == 2
    assert said in answer.err
