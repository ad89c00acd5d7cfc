"""`journal diff`, called as from a shell: two journals, a branch and its parent, records, events, states, amounts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from crossbook import Venue
from crossbook.counterfactual import Change, branch
from journal_tools import replaying
from journal_tools.differences.holdings import Holding, holdings
from journal_tools.journal import Journal
from journal_tools.snapshots import entities
from journal_tools.vocabulary import name_of
from tests.journal_tools.conftest import GOLDEN, journal, segmented
from tests.journal_tools.replicas import edited

TROUBLE = GOLDEN / "ruleset_1_trouble" / "session"
SECOND = 1_000_000_000
BEGIN = 1_700_000_000 * SECOND


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A market in which Alice is liquidated, and two branches: one without liquidations, one without a change."""
    folder = tmp_path_factory.mktemp("branches")
    tiers = [{"lower_bound": 0, "initial_rate": "0.05", "maintenance_rate": "0.025"}]
    terms: dict[str, Any] = {"symbol": "BTC-PERP", "settlement": "USDC", "tick_size": "0.5", "lot_size": "0.001"}
    terms |= {"price_max": 1_000_000, "position_max": 1_000, "mark": 60_000, "tiers": tiers}
    config = {"assets": [{"symbol": "USDC", "decimals": 6}], "markets": [terms]}
    ladder = {"liquidation": "ladder"}
    with Venue.create(folder / "history", config, clock=lambda: BEGIN, policies=ladder) as venue:
        alice, bob = (venue.create_account().account for _ in range(2))
        venue.deposit(account=alice, asset="USDC", amount=10_000)
        venue.deposit(account=bob, asset="USDC", amount=1_000_000)
        for account, side in ((bob, "sell"), (alice, "buy")):
            venue.place(account=account, market="BTC-PERP", side=side, size=3, price=60_000)
        venue.place(account=bob, market="BTC-PERP", side="buy", size=3, price=57_690)
        venue.set_mark(market="BTC-PERP", price=57_700, time_ns=BEGIN + 10 * SECOND)
        venue.set_mark(market="BTC-PERP", price=60_500, time_ns=BEGIN + 20 * SECOND)
    branch(folder / "history", folder / "same")
    branch(folder / "history", folder / "spared", Change(policies={"liquidation": None}))
    return folder


@pytest.fixture
def here(market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(market)


def test_a_journal_is_itself() -> None:
    said = journal("diff", TROUBLE, TROUBLE, "--replay", "--json")
    assert said.code == 0
    assert (said.json["differs"], said.json["records"], said.json["event"], said.json["state"]) == (
        False,
        None,
        None,
        [],
    )
    assert said.json["holdings"] == []


def test_other_segments_are_no_difference(demo: Path, tmp_path: Path) -> None:
    other = segmented(demo, tmp_path / "other", every=40)
    assert journal("diff", demo, other, "--replay").code == 0


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("options", [[], ["--replay"], ["--outside", "--replay"]], ids=["records", "replay", "outside"])
def test_a_branch_and_its_parent(options: list[str], snapshot: SnapshotAssertion) -> None:
    said = journal("diff", "history", "spared", *options)
    assert said.code == 1
    assert said.out == snapshot


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("fmt", ["ndjson", "csv", "md"])
def test_the_same_in_every_format(fmt: str, snapshot: SnapshotAssertion) -> None:
    assert journal("diff", "history", "spared", "--outside", "--replay", "--format", fmt).out == snapshot


@pytest.mark.usefixtures("here")
def test_a_branch_without_a_change_is_its_parent() -> None:
    said = journal("diff", "history", "same", "--outside", "--replay", "--json")
    assert said.code == 0
    assert (said.json["records"], said.json["event"], said.json["state"]) == (None, None, [])


@pytest.mark.usefixtures("here")
def test_what_alice_has_otherwise(market: Path) -> None:
    """The rows are the differences of what each state says, in whole units."""
    found = journal("diff", "history", "spared", "--outside", "--replay", "--json").json["holdings"]
    rows = {(row["who"], row["what"]): row for row in found}
    assert rows["account 1", "position"]["b"] == "3"
    assert rows["account 1", "cash"] | {"who": ""} == {
        "who": "",
        "what": "cash",
        "of": "USDC",
        "a": "8034.190000",
        "b": "10000.000000",
        "difference": "1965.810000",
    }
    for name, amount in (("history", "8034.190000"), ("spared", "10000.000000")):
        state = entities(replaying.kernel_at(market / name).snapshot())
        assert str(holdings(state)[Holding("account 1", "cash", "USDC")]) == amount


@pytest.mark.usefixtures("here")
def test_before_the_price_fell_everybody_had_the_same() -> None:
    """As of a time: seqs of a branch are others."""
    fell = BEGIN + 9 * SECOND
    said = journal("diff", "history", "spared", "--outside", "--at", f"{fell}ns", "--json")
    assert (said.json["records"], said.json["event"], said.json["holdings"]) == (None, None, [])
    assert said.json["ends"] != [Journal.open(Path(name)).last_seq for name in ("history", "spared")]


def test_a_record_that_was_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion) -> None:
    seq = next(record.seq for record in Journal.open(TROUBLE).records(1_234) if name_of(record.command) == "Place")
    edited(TROUBLE, tmp_path / "copy", seq, 6, 77)
    shutil.copytree(TROUBLE, tmp_path / "session")
    monkeypatch.chdir(tmp_path)
    said = journal("diff", "session", "copy")
    assert said.code == 1
    assert said.out == snapshot
    said = journal("diff", "session", "copy", "--replay", "--json")
    assert said.json["records"]["fields"] == [{"field": "lots", "a": 8, "b": 77}]
    assert {row["seq"] for row in (said.json["event"]["a"], said.json["event"]["b"])} == {seq}


def test_a_journal_that_ends_sooner(market: Path) -> None:
    said = journal("diff", market / "history", market / "spared", "--json")
    assert said.json["a"]["records"] == Journal.open(market / "history").last_seq
    assert json.loads(said.out)["records"]["same"] == 7


def test_what_is_no_session_is_refused(tmp_path: Path) -> None:
    said = journal("diff", tmp_path, TROUBLE)
    assert (said.code, said.out) == (2, "")
    assert "[not_a_session]\nhint: " in said.err
