"""`journal report`: reports add up to what the venue holds, to the minor unit, and say on what they rest."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from crossbook.state import StateView
from journal_tools import replaying
from journal_tools.journal import Journal
from journal_tools.reports import NAMES, load
from journal_tools.reports.reading import Reading
from tests.house.test_tidy import ROOT
from tests.journal_tools.conftest import Tamper, journal
from tests.policies.surveillance.floor import ANN, BEN, CLEO, DAN, Floor

GOLDEN = "tests/golden/ruleset_1_trouble/session"
Row = dict[str, Any]
SUMMING = [name for name in NAMES if name != "reconcile"]


@pytest.fixture(autouse=True)
def from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def end(demo: Path) -> StateView:
    return StateView(replaying.kernel_at(demo))


def rows(path: Path | str, name: str, *options: object) -> list[Row]:
    said = journal("report", path, name, "--json", *options)
    assert said.code == 0, said.err or said.out
    found: list[Row] = said.json["rows"]
    return found


def total(found: Iterable[Row], *columns: str) -> Decimal:
    return sum((Decimal(row[column]) for row in found for column in columns if row[column] is not None), Decimal(0))


def events(path: Path, *names: str) -> list[Any]:
    return [event for _, found in replaying.events(path) for event in found if type(event).__name__ in names]


# --- what the reports say ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SUMMING)
def test_a_report_of_the_golden_journal(name: str, snapshot: SnapshotAssertion) -> None:
    fmt = "csv" if name == "orders" else "table"
    said = journal("report", GOLDEN, name, "--to", 260, "--every", 1, "--format", fmt)
    assert (said.code, said.err) == (0, "")
    assert versionless(said.out) == snapshot


def versionless(text: str) -> str:
    return re.sub(r"crossbook-journal-tools [\w. ]+", "crossbook-journal-tools VERSION", text)


def test_the_reports_are_listed(snapshot: SnapshotAssertion) -> None:
    assert journal("report", GOLDEN).out == snapshot
    assert [load(name).COLUMNS for name in NAMES]


def test_there_is_a_row_for_every_trade(demo: Path) -> None:
    expected = events(demo, "Traded")
    found = rows(demo, "trades")
    assert [row["trade"] for row in found] == [event.trade for event in expected]
    assert [row["seq"] for row in found] == [event.seq for event in expected]
    of_one = rows(demo, "trades", "--account", 84, "--market", "BTC-PERP")
    assert len(of_one) == sum(event.market == 1 and 84 in (event.maker, event.taker) for event in expected)


def test_fees_are_what_the_venue_took(demo: Path, end: StateView) -> None:
    found = rows(demo, "fees")
    by_account = [row for row in found if row["what"] == "account"]
    moved = total((row for row in found if row["what"] == "to insurance"), "total")
    assert total(by_account, "maker_fees", "taker_fees") - moved == end.asset("USDC").fees
    by_market = [row for row in found if row["what"] == "market"]
    assert (
        total(by_account, "total")
        == total(by_market, "total")
        == total(by_account, "maker_fees", "taker_fees", "liquidation_fees")
    )
    liquidations = sum(event.fee for event in events(demo, "LiquidationEnded"))
    assert total(by_account, "liquidation_fees") == Decimal(liquidations).scaleb(-6)


def test_positions_sum_to_zero_and_profit_to_what_all_paid(demo: Path) -> None:
    found = rows(demo, "positions")
    sizes: dict[str, Decimal] = defaultdict(Decimal)
    for row in found:
        sizes[row["market"]] += Decimal(row["size"])
    assert set(sizes) == {"BTC-PERP", "ETH-PERP", "SOL-PERP"}
    assert set(sizes.values()) == {Decimal(0)}
    # What some made, others lost: together they lost what the venue took, and what rounding took.
    assert total(found, "realised", "unrealised") <= 0
    assert total(found, "profit") == total(found, "realised", "unrealised") - total(
        found, "fees", "funding", "shared_loss", "owed"
    )


def test_cash_is_deposits_and_profit(demo: Path, end: StateView) -> None:
    """What an account has is what it brought, took and moved, and what the report says it realised and paid."""
    cash: dict[int, Decimal] = defaultdict(Decimal)
    for event in events(demo, "Deposited", "Withdrawn", "Transferred", "InsuranceFunded"):
        amount = Decimal(event.amount).scaleb(-6)
        if type(event).__name__ == "Transferred":
            cash[event.source] -= amount
            cash[event.destination] += amount
        else:
            cash[event.account] += amount if type(event).__name__ == "Deposited" else -amount
    for row in rows(demo, "positions"):
        cash[row["account"]] += Decimal(row["realised"]) - total([row], "fees", "funding", "shared_loss")
    for number in range(1, end.account_count() + 1):
        assert cash[number] == end.account(number).cash.get("USDC", 0), number


def test_what_rounding_takes_of_funding_is_the_dust_of_the_venue(demo: Path, end: StateView) -> None:
    found = rows(demo, "funding")
    payments = [row for row in found if row["what"] == "payment"]
    assert len(payments) == len(events(demo, "FundingPaid"))
    rounding = [row for row in found if row["what"] == "rounding"]
    assert total(payments, "funding", "loss") + total(
        (r for r in found if r["what"] == "owed"), "funding", "loss"
    ) == total(rounding, "funding")
    # Of each position less than one minor unit, so of each market less than one for each payment and each holder.
    for row in rounding:
        holders = len(end.holders(row["market"]))
        most = sum(payment["market"] == row["market"] for payment in payments) + holders
        assert 0 <= Decimal(row["funding"]).scaleb(6) <= most
    assert end.asset("USDC").dust <= total(rounding, "funding")


def test_every_step_of_the_waterfall_is_told(demo: Path, trouble: Path) -> None:
    for path in (demo, trouble):
        steps = Counter(row["step"] for row in rows(path, "liquidations"))
        moved = Counter(event.reason.name.lower() for event in events(path, "PositionMoved"))
        assert {reason: steps[reason] for reason in moved} == dict(moved)
        assert steps["reduction"] == steps["reduction_end"] == len(events(path, "LiquidationStarted"))
        assert steps["cover"] == len(events(path, "LossCovered"))
        assert steps["socialisation"] == len(events(path, "LossSocialised"))


def test_shares_of_makers_sum_to_one(demo: Path) -> None:
    found = rows(demo, "maker-concentration")
    for market in ("BTC-PERP", "ETH-PERP", "SOL-PERP"):
        makers = [row for row in found if row["market"] == market and row["what"] == "maker"]
        (whole,) = [row for row in found if row["market"] == market and row["what"] == "market"]
        assert abs(total(makers, "share") - 1) < Decimal("0.0001")
        assert total(makers, "notional") == Decimal(whole["notional"])
        assert abs(sum((Decimal(row["share"]) * 100) ** 2 for row in makers) - Decimal(whole["hhi"])) < 1
        assert [row["rank"] for row in makers] == list(range(1, len(makers) + 1))


def test_depth_is_that_of_the_book_at_the_time(demo: Path) -> None:
    found = rows(demo, "depth", "--every", 45, "--market", "ETH-PERP", "--size", 1)
    assert len(found) == 11
    for row in found:
        assert row["time"].endswith("000000000Z")
        book = replaying.state_at(demo, replaying.Moment(row["seq"], None)).book("ETH-PERP", 100)
        size = Decimal(0)
        for level in book.asks:
            size += level.size
            if size >= 1:
                assert (Decimal(row["ask"]), Decimal(row["ask_size"])) == (level.price, size)
                break
        else:
            assert "ask" not in row
        after = journal("show", demo, row["seq"] + 1, "--json")
        if after.code == 0:
            assert after.json["time"] > row["time"] >= journal("show", demo, row["seq"], "--json").json["time"]


# --- order records ----------------------------------------------------------------------------------------------------


def test_order_records_have_every_field_of_the_regulation(demo: Path) -> None:
    from journal_tools.reports.orders import COLUMNS
    from journal_tools.reports.rts24 import FIELDS

    assert [field.number for field in FIELDS] == list(range(1, 52))
    assert len(set(COLUMNS)) == len(COLUMNS) == 53
    filled = {column for row in rows(demo, "orders") for column, value in row.items() if value is not None}
    stated = {field.column for field in FIELDS if field.ours} | {"seq", "refusal"}
    assert filled <= stated
    assert stated - filled <= {"validity_date_time", "investment_decision"}, "nobody in this session did that"


def test_every_event_of_an_order_is_recorded(demo: Path) -> None:
    kinds = Counter(row["event"] for row in rows(demo, "orders"))
    assert kinds["NEWO"] == len(events(demo, "OrderAccepted"))
    assert kinds["PARF"] + kinds["FILL"] == 2 * len(events(demo, "Traded"))
    assert kinds["CAME"] + kinds["CAMO"] + kinds["EXPI"] == len(events(demo, "OrderCancelled"))
    assert kinds["REMO"] == sum(event.command == 12 and event.code != 109 for event in events(demo, "Rejected"))
    numbers = [row["sequence_number"] for row in rows(demo, "orders", "--from", 9_000)]
    assert numbers == [row["sequence_number"] for row in rows(demo, "orders") if row["seq"] >= 9_000]


def test_what_remains_of_orders_is_what_the_book_has(demo: Path, end: StateView) -> None:
    left: dict[int, Row] = {row["order_id"]: row for row in rows(demo, "orders") if row["order_id"]}
    for order, row in left.items():
        if row["order_status"] == "ACTI":
            held = end.order(order)
            assert (Decimal(row["remaining_quantity"]), Decimal(row["limit_price"])) == (held.size, held.price)
        else:
            assert Decimal(row["remaining_quantity"]) == 0
    live = sum(row["order_status"] == "ACTI" for row in left.values())
    assert live == sum(len(end.orders(number)) for number in range(1, end.account_count() + 1))


# --- reconciliation ---------------------------------------------------------------------------------------------------


@pytest.fixture
def statement(demo: Path, end: StateView, tmp_path: Path) -> Path:
    """What an outside book-keeper has: cash and equity of every account."""
    path = tmp_path / "statement.csv"
    lines = ["account,asset,cash,equity"]
    for number in range(1, end.account_count() + 1):
        account = end.account(number)
        lines.append(f"{number},USDC,{account.cash.get('USDC', Decimal(0)):f},{sum(p.equity for p in account.pools):f}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_balances_that_agree(demo: Path, statement: Path) -> None:
    found = rows(demo, "reconcile", "--against", statement)
    assert {row["verdict"] for row in found} == {"match"}
    assert {row["what"] for row in found} == {"cash", "equity"}


def test_one_altered_balance_is_found(demo: Path, statement: Path) -> None:
    lines = statement.read_text().splitlines()
    account, asset, cash, equity = lines[17].split(",")
    lines[17] = f"{account},{asset},{Decimal(cash) + Decimal('0.000001'):f},{equity}"
    del lines[84]
    lines.append("9999,USDC,1,1")
    statement.write_text("\n".join(lines))
    said = journal("report", demo, "reconcile", "--against", statement, "--json")
    assert said.code == 1
    wrong = [row for row in said.json["rows"] if row["verdict"] != "match"]
    assert [(row["account"], row["what"], row["verdict"]) for row in wrong] == [
        (17, "cash", "differs"),
        (84, "cash", "not in the file"),
        (84, "equity", "not in the file"),
        (9999, "cash", "unknown here"),
        (9999, "equity", "unknown here"),
    ]
    assert Decimal(wrong[0]["difference"]) == Decimal("-0.000001")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("account,amount\n1,5\n", "file_columns"),
        ("account,asset,cash\n1,USDC,five\n", "file_line"),
        ("account,asset,cash\none,USDC,5\n", "file_line"),
        ("account,asset,cash\n1,USDC,5\n1,USDC,5\n", "file_line"),
        ("account,asset,cash\n1,USDC,NaN\n", "file_line"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(demo: Path, tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "bad.csv").write_text(text)
    said = journal("report", demo, "reconcile", "--against", tmp_path / "bad.csv")
    assert said.code == 2
    assert f"[{code}]" in said.err


# --- what it rests on -------------------------------------------------------------------------------------------------


def test_the_proof_is_what_the_journal_commits_to(demo: Path, end: StateView) -> None:
    about = journal("report", demo, "trades", "--json").json["about"]
    chain = Journal.open(demo)
    last = chain.last_block
    assert last is not None
    assert (about["session"], about["seqs"]) == (chain.session_id, [1, chain.last_seq])
    assert about["head"] == {"seqs": [last.first_seq, last.last_seq], "block_hash": last.hash.hex()}
    assert about["mark"]["event_digest"] == end.event_digest.hex()
    assert about["mark"]["state_root"] == end.state_root.hex()


@pytest.mark.parametrize("to_seq", [1, 700, 6_846, 9_000])
def test_the_mark_commits_to_nothing_later(demo: Path, to_seq: int) -> None:
    about = journal("report", demo, "trades", "--to", to_seq, "--json").json["about"]
    assert about["mark"]["root_seq"] <= about["mark"]["event_seq"] <= to_seq <= about["head"]["seqs"][1]


@pytest.mark.parametrize("fmt", ["table", "csv", "md", "ndjson"])
def test_the_proof_is_the_last_line(demo: Path, fmt: str) -> None:
    head = Journal.open(demo).last_block
    assert head is not None
    lines = journal("report", demo, "trades", "--from", 12_000, "--format", fmt).out.splitlines()
    assert any(head.hash.hex() in line for line in lines[-5:])
    if fmt == "csv":
        plain = [line for line in lines if not line.startswith("#")]
        assert len(list(csv.DictReader(io.StringIO("\n".join(plain))))) == len(rows(demo, "trades", "--from", 12_000))


def test_a_report_of_an_altered_journal_is_a_finding(demo: Path, tampered: Tamper) -> None:
    copy = tampered(demo)
    data = copy / "segments" / "000001" / "data.mdb"
    content = bytearray(data.read_bytes())
    at = len(content) // 2
    content[at : at + 64] = bytes(byte ^ 0x55 for byte in content[at : at + 64])
    data.write_bytes(bytes(content))
    assert journal("report", copy, "trades").code == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["trade"], "unknown_report"),
        (["trades", "--market", "DOGE"], "unknown_market"),
        (["reconcile"], "file_missing"),
    ],
)
def test_a_report_that_makes_no_sense_is_refused(arguments: list[str], code: str) -> None:
    said = journal("report", GOLDEN, *arguments)
    assert said.code == 2
    assert f"[{code}]" in said.err


def test_the_watch_looks_at_a_session_that_had_none(demo: Path) -> None:
    assert rows(demo, "surveillance", "--watch") == []


def test_a_reading_goes_no_further_than_its_span(demo: Path) -> None:
    reading = Reading(Journal.open(demo), from_seq=40, to_seq=777)
    assert [step.seq for step in reading.span()] == list(range(40, 778))
    assert reading.view.seq == 777


def test_findings_of_the_venue_are_told_as_it_put_them_on_record(tmp_path: Path) -> None:
    least = {"interest_notional_min": 60_000_000_000, "volume_notional_min": 10**14}
    floor = Floor(tmp_path / "venue", concentration=least)
    floor.trade(1, BEN, ANN, 600)
    floor.trade(2, CLEO, DAN, 400)
    floor.advance(100)
    expected = floor.findings()
    floor.venue.close()
    found = rows(tmp_path / "venue", "surveillance")
    assert len(expected) == 2
    assert [(row["kind"], tuple(row["accounts"]), row["measure"]) for row in found] == [
        (one.kind, one.accounts, one.measure) for one in expected
    ]
    assert {row["market"] for row in found} == {"BTC-PERP"}
    assert rows(tmp_path / "venue", "surveillance", "--watch") == [], "by default the watch looks at larger markets"
