"""The retroactive watch: every seq at which a condition became true, and who last changed a value."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from crossbook.replay import state_at
from journal_tools import replaying
from journal_tools.errors import ToolError
from journal_tools.journal import Journal
from journal_tools.past.units import Asset, Market, Units
from journal_tools.watch.language import parse, shown
from tests.journal_tools.conftest import journal

USD = Asset(1, "USD", 2)


class FewUnits(Units):
    """A venue of one market and a hundred accounts, without a venue."""

    def __init__(self) -> None:
        self.seq, self.accounts = 1, 100
        self.assets, self.markets = {1: USD}, {1: Market(1, "BTC-PERP", USD, 10**12, 10**9)}


def below(path: Path, seq: int) -> bool:
    return state_at(path, seq=seq).account(10).pools[0].equity < 9110


def test_every_seq_at_which_an_account_was_below_a_line(demo: Path) -> None:
    """Held against the venue's own view of every seq around each change, and of some in between."""
    rows = journal("grep", demo, "account(10).equity < 9110", "--json").json["changes"]
    assert len(rows) > 4
    for row in (row for row in rows if row["seq"] > 142):
        assert row["value"] is below(demo, row["seq"])
        assert row["before"] is below(demo, row["seq"] - 1) is not row["value"]
    for earlier, later in pairwise(rows[2:]):
        between = (earlier["seq"] + later["seq"]) // 2
        assert below(demo, between) is earlier["value"]


def test_it_finds_what_looking_at_every_seq_finds(trouble: Path) -> None:
    expected: list[tuple[int, str]] = []
    playback, last = replaying.Playback(trouble), None
    for seq, _ in playback.commands(Journal.open(trouble).last_seq):
        assets = replaying.asset_rows(playback.kernel)
        fund = Decimal(assets[0].insurance).scaleb(-2) if assets else None
        if fund != last:
            expected.append((seq, format(fund.normalize(), "f") if fund else "0"))
            last = fund
    rows = journal("grep", trouble, "asset(USD).insurance", "--json").json["changes"]
    assert [(row["seq"], row["value"]) for row in rows] == expected


@pytest.mark.parametrize(
    "expression",
    [
        "account(10).cash",
        "account(10).equity < 9110",
        "market(BTC-PERP).oracle.grade < thin",
        "account(10).position(BTC-PERP).lots",
    ],
)
@pytest.mark.parametrize("at", [4_000, 12_000])
def test_the_last_command_that_changed_a_value(demo: Path, expression: str, at: int) -> None:
    forwards = journal("grep", demo, expression, "--at", at, "--json").json["changes"]
    assert journal("grep", demo, expression, "--at", at, "--reverse", "--json").json["changes"] == forwards[-1:]


def test_what_is_shown(demo: Path, snapshot: SnapshotAssertion) -> None:
    assert journal("grep", demo, "market(BTC-PERP).oracle.grade < thin", "--at", 7_000).out == snapshot
    assert journal("grep", demo, "asset(USDC).insurance", "--reverse", "--at", 5_000, "--json").out == snapshot
    said = "account(10).ratio < 20 and not market(ETH-PERP).mark - 3000 > 1.5 * 100"
    assert journal("grep", demo, said, "--from", 3_000, "--limit", 3, "--format", "md").out == snapshot


def test_only_a_part_of_the_past_is_watched(demo: Path) -> None:
    every = journal("grep", demo, "market(BTC-PERP).mark", "--json").json["changes"]
    some = journal("grep", demo, "market(BTC-PERP).mark", "--from", 3_000, "--at", 6_000, "--json").json["changes"]
    assert some == [row for row in every if 3_000 <= row["seq"] <= 6_000]
    assert len(some) > 10


def test_what_does_not_exist_has_no_value_and_nothing_is_true_of_it(demo: Path) -> None:
    """Before the first deposit there is no maintenance to divide by, and before the market no mark."""
    for condition in ("account(10).ratio < 5", "account(10).ratio >= 5", "not market(BTC-PERP).mark > 0"):
        rows = journal("grep", demo, condition, "--at", 140, "--json").json["changes"]
        assert rows == []


def test_a_value_that_never_changed_is_skipped(demo: Path) -> None:
    said = journal("grep", demo, "account(10).cash > 1000000", "--reverse")
    assert said.code == 125
    assert "[never_changed]" in said.err


def test_a_venue_that_is_open_is_watched(live: Path) -> None:
    said = journal("grep", live, "account(1).cash", "--json")
    assert said.code == 0
    assert [row["value"] for row in said.json["changes"][:2]] == ["0", "1000"]


@pytest.mark.parametrize(
    ("expression", "code", "hint"),
    [
        ("", "expression_invalid", "as in"),
        ("1 < 2", "expression_invalid", "as in"),
        ("account(10).equity < 1e5", "expression_invalid", "as in"),
        ("account(10).equity < 1j", "expression_invalid", "as in"),
        ("account(10).equity < nan", "expression_invalid", "as in"),
        ("account(10).equity < float(5)", "expression_invalid", "as in"),
        ("account(10).equity ** 2 > 5", "expression_invalid", "as in"),
        ("account(10).equity = 5", "expression_invalid", "as in"),
        ("account(10).equity in (1, 2)", "expression_invalid", "as in"),
        ("(lambda: account(10).equity)()", "expression_invalid", "as in"),
        ("[account(10).equity for x in y]", "expression_invalid", "as in"),
        ("__import__('os').system('true')", "expression_invalid", "as in"),
        ("account(10).__class__ == 1", "operand_unknown", "cash"),
        ("account(10).equity.real > 1", "operand_unknown", "cash"),
        ("account(ten).equity > 1", "operand_unknown", "account(17)"),
        ("account(10).position(BTC-PERP).price > 1", "operand_unknown", "lots"),
        ("market(BTC-PERP).price > 1", "operand_unknown", "mark"),
        ("venue(1).price > 1", "operand_unknown", "account(N)"),
        ("account(92).equity > 1", "unknown_account", "1 to 91"),
        ("market(GOLD).mark > 1", "unknown_market", "BTC-PERP"),
        ("asset(EUR).fees > 1", "unknown_asset", "USDC"),
        ("0 < " + "-" * 60 + "account(10).equity", "expression_invalid", "as in"),
        ("(" * 400 + "account(10).equity" + ")" * 400, "expression_invalid", "as in"),
    ],
)
def test_what_is_not_part_of_the_language_is_refused(demo: Path, expression: str, code: str, hint: str) -> None:
    said = journal("grep", demo, expression)
    assert said.code == 2
    assert f"[{code}]" in said.err
    assert hint in said.err.split("hint: ")[1]


def test_an_account_with_pools_in_two_assets_says_which(golden: Path) -> None:
    said = journal("grep", golden, "account(1).equity > 0")
    assert said.code == 2
    assert "[operand_unknown]" in said.err
    assert journal("grep", golden, "account(1, USD).equity > 0").code == 0


@pytest.mark.parametrize(("from_text", "code"), [("99999999", "span_empty"), ("1.5", "moment_invalid")])
def test_a_span_that_is_not_there_is_refused(demo: Path, from_text: str, code: str) -> None:
    said = journal("grep", demo, "account(10).cash", "--from", from_text)
    assert (said.code, f"[{code}]" in said.err) == (2, True)


PIECES = [
    "account(10)",
    ".equity",
    ".position(BTC-PERP)",
    ".lots",
    "market(BTC-PERP)",
    ".mark",
    "asset(USD)",
    "<",
    ">=",
    "==",
    "and",
    "or",
    "not",
    "(",
    ")",
    "+",
    "*",
    "/",
    "-",
    "0.5",
    "7",
    "good",
    "true",
    "**",
    ".",
    ",",
    "[",
    "]",
    "lambda",
    ":",
    "=",
    "'",
    "\\",
    "if",
    "else",
    "await",
    "yield",
]
REFUSALS = {"expression_invalid", "operand_unknown", "unknown_account", "unknown_market", "unknown_asset"}


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join) | st.text(max_size=60))
def test_nothing_but_an_expression_or_a_refusal_comes_of_any_text(text: str) -> None:
    refusal = None
    try:
        assert parse(text, FewUnits()).operands
    except ToolError as error:
        refusal = error
    assert refusal is None or (refusal.code in REFUSALS and refusal.hint)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Fraction(1, 3), "1/3"), (Fraction(1, 8), "0.125"), (Fraction(-1200), "-1200"), (Fraction(0), "0"), (None, None)],
)
def test_values_are_shown_exactly(value: Any, expected: Any) -> None:
    assert shown(value) == expected
