"""Tax lots: first in first out worked out by hand, and both methods against what the venue realised."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crossbook import Venue
from journal_tools.reports.moves import Change
from journal_tools.reports.tax_lots import Book
from tests.journal_tools.conftest import journal


def lots_of(path: Path, *options: object) -> list[dict[str, Any]]:
    said = journal("report", path, "tax-lots", "--json", *options)
    assert said.code == 0, said.err
    found: list[dict[str, Any]] = said.json["rows"]
    return found


@pytest.fixture
def worked(tmp_path: Path) -> Path:
    """Account 1 buys 2 at 100 and 3 at 110, sells 4 at 120, sells 3 at 90, so it is short 2; account 2 is the other."""
    path = tmp_path / "worked"
    assets = [{"symbol": "USDC", "decimals": 6}]
    market = {
        "symbol": "X",
        "settlement": "USDC",
        "tick_size": "0.01",
        "lot_size": "0.1",
        "price_max": 1_000,
        "position_max": 1_000,
        "tiers": [{"lower_bound": 0, "initial_rate": "0.1", "maintenance_rate": "0.05"}],
        "mark": 100,
    }
    with Venue.create(path, assets=assets, markets=[market], durability="volatile") as venue:
        for _ in range(2):
            account = venue.create_account().account
            venue.deposit(account=account, asset="USDC", amount=1_000_000)
        for side, other, size, price in (
            ("buy", "sell", 2, 100),
            ("buy", "sell", 3, 110),
            ("sell", "buy", 4, 120),
            ("sell", "buy", 3, 90),
        ):
            venue.place(account=2, market="X", side=other, size=size, price=price).raise_if_rejected()
            venue.place(account=1, market="X", side=side, size=size, price=price).raise_if_rejected()
    return path


def test_first_in_first_out_worked_by_hand(worked: Path) -> None:
    found = lots_of(worked, "--account", 1)
    disposals = [row for row in found if row["what"] == "disposal"]
    assert [(row["size"], row["cost"], row["proceeds"], row["realised_fifo"]) for row in disposals] == [
        ("2", "200", "240", "40"),  # 2 of 4 sold at 120 had cost 100
        ("2", "220", "240", "20"),  # the other 2 had cost 110
        ("1", "110", "90", "-20"),  # 1 of 3 sold at 90 had cost 110; the other 2 open a short
    ]
    # At average cost: 106 each, so 4 * (120 - 106) = 56, and 90 - 106 = -16.
    assert [row["realised_average"] for row in disposals] == [None, "56", "-16"]
    (opened,) = [row for row in found if row["what"] == "open"]
    assert (opened["side"], opened["size"], opened["cost"], opened["unrealised"]) == ("short", "-2", "-180", "-20")
    (whole,) = [row for row in found if row["what"] == "sum"]
    assert (whole["realised_fifo"], whole["realised_average"], whole["size"]) == ("40", "40", "-2")


def test_a_span_begins_with_the_lots_of_before(worked: Path) -> None:
    last_fill = max(row["disposed_seq"] for row in lots_of(worked, "--account", 1) if row["what"] == "disposal")
    found = lots_of(worked, "--account", 1, "--from", last_fill)
    assert [row["realised_fifo"] for row in found if row["what"] in ("disposal", "sum")] == ["-20", "-20"]


def test_a_split_lot_loses_nothing() -> None:
    book = Book()
    book.take(Change(1, 1, 3, None, 1_000, 0, 0), 1, 0)
    first = book.take(Change(1, 1, -1, None, -400, 66, 0), 2, 0)
    second = book.take(Change(1, 1, -2, None, -800, 134, 0), 3, 0)
    costs = [part.lot.value for part in first + second]
    assert (sum(costs), costs) == (1_000, [334, 666])
    assert (book.fifo, book.lots) == (200, 0)


@pytest.mark.parametrize("name", ["demo", "trouble", "golden"])
def test_both_methods_come_to_what_the_venue_realised(name: str, request: pytest.FixtureRequest) -> None:
    """The report refuses to differ from the venue's profit; here it is compared with the positions report too."""
    path = request.getfixturevalue(name)
    realised: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for row in journal("report", path, "positions", "--json").json["rows"]:
        realised[row["account"], row["market"]] = Decimal(row["realised"])
    sums = [row for row in lots_of(path) if row["what"] == "sum"]
    assert sums
    for row in sums:
        assert Decimal(row["realised_average"]) == realised[row["account"], row["market"]]
        if Decimal(row["size"]) == 0:
            assert row["realised_fifo"] == row["realised_average"]
