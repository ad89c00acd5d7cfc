"""Every balance is the sum of the entries that made it, and each entry names its seq."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from journal_tools import replaying
from journal_tools.journal import Journal
from journal_tools.ledger.balances import balances
from journal_tools.ledger.books import Books
from journal_tools.ledger.entries import Kind
from tests.golden import make
from tests.journal_tools.conftest import journal
from tests.properties.sessions import Session
from tests.properties.trouble_sessions import TroubleSession

MOMENTS = 10


def agree_everywhere(path: Path, seed: int) -> set[Kind]:
    """Holds the books against the state at ten random seqs and at the end; the kinds of balances there were."""
    last_seq = Journal.open(path).last_seq
    books, playback = Books(), replaying.Playback(path)
    for seq in sorted({*random.Random(seed).sample(range(1, last_seq), MOMENTS), last_seq}):
        for _, events in playback.blocks(seq):
            books.book(events)
        assert {balance: amount for balance, amount in books.sums.items() if amount} == balances(playback.kernel), seq
    return {balance.kind for balance in books.sums}


def test_every_balance_of_the_market_is_the_sum_of_its_entries_at_ten_seqs(demo: Path) -> None:
    assert set(Kind) - {Kind.MARGIN} <= agree_everywhere(demo, seed=1)


def test_every_balance_of_the_golden_journals_too(golden: Path, trouble: Path) -> None:
    assert set(Kind) == agree_everywhere(golden, seed=2) | agree_everywhere(trouble, seed=3)


@pytest.mark.parametrize("kind", [Session, TroubleSession])
@pytest.mark.parametrize("seed", [11, 12])
def test_every_balance_of_any_session_too(
    seed: int, kind: type[Session], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "SEED", seed)
    monkeypatch.setattr(make, "COMMANDS", 1_500)
    make.make(tmp_path / "any", kind)
    assert Kind.CASH in agree_everywhere(tmp_path / "any" / "session", seed)


@pytest.mark.parametrize("at", [500, 5_950, 9_000])
def test_the_last_line_is_the_balance_and_the_entries_come_to_it(demo: Path, at: int) -> None:
    rows = journal("blame", demo, "--account", 10, "--at", at, "--json").json["entries"]
    *entries, state = rows
    assert state["source"] == "state"
    assert sum(Decimal(row["amount"]) for row in entries) == Decimal(state["sum"]) == Decimal(entries[-1]["sum"])
    assert all(row["seq"] <= at for row in entries)
    kernel = replaying.kernel_at(demo, at)
    row = replaying.account_row(kernel, 10)
    assert row is not None
    assert Decimal(state["sum"]) == Decimal(row.balances[0][1]).scaleb(-6)


@pytest.mark.parametrize("by", ["kind", "market", "seq"])
def test_groups_come_to_the_same(demo: Path, by: str) -> None:
    *groups, state = journal("blame", demo, "--account", 10, "--by", by, "--json").json["entries"]
    assert sum(Decimal(row["amount"]) for row in groups) == Decimal(state["amount"])
    assert sum(row["entries"] for row in groups) == state["entries"]
    assert len({row[by] for row in groups}) == len(groups)


@pytest.mark.parametrize(
    "target", [["--fees"], ["--insurance"], ["--dust"], ["--net-deposits"], ["--account", "3"]], ids="".join
)
def test_what_is_said_of_the_golden_trouble(trouble: Path, target: list[str], snapshot: SnapshotAssertion) -> None:
    said = journal("blame", trouble, *target, "--by", "kind")
    assert said.code == 0
    assert said.out == snapshot


def test_every_entry_is_told_in_full(demo: Path, snapshot: SnapshotAssertion) -> None:
    assert journal("blame", demo, "--account", 10, "--at", 5_000).out == snapshot
    assert (
        journal("blame", demo, "--account", 10, "--position", "--market", "BTC-PERP", "--raw", "--at", 5_000).out
        == snapshot
    )


def test_all_balances_agree_one_line_each(trouble: Path, snapshot: SnapshotAssertion) -> None:
    said = journal("blame", trouble, "--all", "--format", "md")
    assert (said.code, said.out) == (0, snapshot)
    assert "| no |" not in said.out


def test_a_balance_that_is_not_the_sum_of_its_entries_is_a_finding(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a kernel would be found out that paid somebody without saying so."""

    def generous(kernel: Any) -> Any:
        return {balance: amount + (balance.account == 10) for balance, amount in balances(kernel).items()}

    monkeypatch.setattr("journal_tools.verbs.blame.balances", generous)
    said = journal("blame", demo, "--account", 10, "--by", "kind")
    assert said.code == 1
    assert "[entries_do_not_sum]" in said.err
    assert journal("blame", demo, "--account", 11, "--by", "kind").code == 0
    assert "no" in journal("blame", demo, "--all", "--account", 10, "--format", "csv").out


def test_funding_that_does_not_follow_the_index_is_a_finding(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(books: Any, event: Any) -> None:
        books._markets[event.market].index = 0

    monkeypatch.setitem(Books._handlers, "FundingSettled", late)
    said = journal("blame", demo, "--all")
    assert said.code == 1
    assert "[funding_differs]" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        ([], "target_missing", "--account N"),
        (["--position"], "target_missing", "--account N"),
        (["--fees", "--dust"], "target_ambiguous", "one of"),
        (["--account", "92"], "unknown_account", "1 to 91"),
        (["--account", "-1"], "unknown_account", "1 to 91"),
        (["--fees", "--asset", "EUR"], "unknown_asset", "USDC"),
        (["--account", "10", "--market", "GOLD"], "unknown_market", "BTC-PERP"),
        (["--fees", "--at", "99999999"], "unknown_seq", "seqs 1 to"),
        (["--fees", "--at", "1.5"], "moment_invalid", "give a seq"),
    ],
)
def test_what_cannot_be_is_refused_with_a_hint(demo: Path, arguments: list[str], code: str, hint: str) -> None:
    said = journal("blame", demo, *arguments)
    assert said.code == 2
    assert f"[{code}]" in said.err
    assert hint in said.err.split("hint: ")[1]
