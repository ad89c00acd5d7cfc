"""The recorded funding of a venue, settled again by the funding policy on a real session.

Of each settlement the record has the rate and the average premium of its epoch, not the premiums it is the average
of, and neither oracle nor book. So the session brings its own: the oracle is at 100,000,000 ticks of 0.00025, where one
tick of book is 10^-8 of premium, the last digit that is recorded. In the first half of each epoch the impact price is
above the recorded premium by some ticks, in the second below it by as many: no sample is the recorded premium, their
average is, exactly. What this shows: sampling on stamped time, the average, the three rules of the venue as three
configurations engaged at their dates, and the payment. What it cannot show: that this venue's order flow would have
had those premiums.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from msgspec import Struct

from crossbook import Venue
from crossbook.commands import (
    Command,
    CreateAccount,
    Deposit,
    Grade,
    MassCancel,
    OrderKind,
    Origin,
    Place,
    SelfTrade,
    SetOracle,
    Side,
    TimeInForce,
)
from crossbook.events import FundingPaid, FundingSettled, Noted
from crossbook.policies import notes
from crossbook.policies.funding.epochs import Epochs
from crossbook.policies.funding.records import EPOCH, EpochClosed
from crossbook.replay import replay
from crossbook.session import Envelope
from tests.flow.scene import rate
from tests.flow.shared import shared

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "policies_mark_funding.md"
SECOND: Final = 10**9
HOUR: Final = 3_600 * SECOND
ORACLE: Final = 10**8
LOTS: Final = 2_500
"""10 units; a tick of a lot is one minor unit of 10^-6."""
QUOTER, LONG, SHORT = 1, 2, 3
TIER: Final = {"lower_bound": "0", "initial_rate": "0.05", "maintenance_rate": "0.025"}


class Rule(Struct, frozen=True):
    """What the venue's rule was until an epoch ended: its interval, the interest and band, how many payments a rate."""

    until_ns: int
    hours: int
    interest_rate: int
    band_rate: int
    divisor: int

    def policy(self, sample_ms: int) -> Epochs:
        """The rule as a configuration; an oracle is good for half an epoch, as long as it stands here."""
        return Epochs(
            interval_ms=self.hours * 3_600_000,
            sample_ms=sample_ms,
            rate_divisor=self.divisor,
            interest_rate=self.interest_rate,
            band_rate=self.band_rate,
            impact_notional=20_000 * 10**6,
            oracle_age_ms_max=self.hours * 1_800_000,
        )

    def pays(self, premium: Decimal) -> int:
        """The rate of a premium by this rule in decimals, cut after nine."""
        pull = max(
            Decimal(-self.band_rate), min(Decimal(self.interest_rate) - premium * 10**9, Decimal(self.band_rate))
        )
        return int((premium * 10**9 + pull) / self.divisor)


BP, NS = 100_000, SECOND
RULES: Final = (
    Rule(1_686_182_400 * NS, 8, BP, 3 * BP, 1),  # until 2023-06-08 00:00, every eight hours
    Rule(1_686_945_600 * NS, 1, BP, 3 * BP, 8),  # until 06-16 20:00, an eighth of it every hour
    Rule(1_689_386_400 * NS, 1, 0, 0, 8),  # until 07-15 02:00, an eighth of the premium itself
    Rule(1 << 62, 1, BP, 3 * BP, 8),
)


NOT_BY_RULE: Final = (1_689_469_200 * NS, 16_230, 12_500)
"""2023-07-16 01:00: the one settlement that follows none of the three rules, as recorded and by the rule of its day."""

MISSING: Final = 1_688_328_000 * NS
"""2023-07-02 20:00: the record has no settlement; the session has nothing in that hour, so the epoch ends unpaid."""


class Row(Struct, frozen=True):
    """One recorded settlement: the end of its epoch, its rule, its rate in parts per 10^9, and its premium."""

    ended_ns: int
    rule: Rule
    rate: int
    premium: Decimal


def recorded() -> list[Row]:
    """The record in order; a settlement belongs to the epoch that ended last before it."""
    path = shared("hyperliquid", "fundingHistory_BTC_2023-05-12_to_2023-07-17.json")
    rows = []
    for told in json.loads(path.read_text())["response"]:
        time_ns = told["time"] * 10**6
        hour = time_ns - time_ns % HOUR
        rule = next(rule for rule in RULES if hour <= rule.until_ns)
        ended = time_ns - time_ns % (rule.hours * HOUR)
        rows.append(Row(ended, rule, rate(told["fundingRate"]), Decimal(told["premium"])))
    return rows


def quotes(premium: int) -> Iterator[Place]:
    """A book whose impact premium is so many ticks, all on the side of the oracle that makes it."""
    bid, ask = (ORACLE + premium, ORACLE + max(premium, 0) + 400) if premium > 0 else (0, ORACLE + premium)
    for side, price in ((Side.BUY, bid or ask - 400), (Side.SELL, ask)):
        yield Place(QUOTER, 1, side, OrderKind.LIMIT, price, LOTS, TimeInForce.GTC, SelfTrade.NONE)


def half(premium: int, time_ns: int) -> list[Envelope]:
    """An oracle, confirmed, and the book for half an epoch."""
    oracle = SetOracle(1, ORACLE, 0, Grade.GOOD, time_ns)
    commands: list[tuple[Command, Origin]] = [(oracle, Origin.ORACLE), (MassCancel(QUOTER, 1, 0), Origin.CLIENT)]
    commands += [(order, Origin.CLIENT) for order in quotes(premium)]
    return [Envelope(command, origin, time_ns=time_ns) for command, origin in commands]


def opened(path: Path, begin_ns: int) -> Venue:
    """A venue at 25,000 with three accounts; the second is long of ten units, the third short."""
    market = {"symbol": "BTC-PERP", "settlement": "USDC", "tick_size": "0.00025", "lot_size": "0.004"}
    market |= {"price_max": 50_000, "position_max": 1_000, "tiers": [TIER], "mark": 25_000}
    config = {"assets": [{"symbol": "USDC", "decimals": 6}], "markets": [market]}
    venue = Venue.create(path, config, durability="volatile", clock=lambda: begin_ns)
    venue.submit([CreateAccount()] * 3)
    venue.submit([Deposit(account, 1, 10**12) for account in (QUOTER, LONG, SHORT)])
    trade(venue, buyer=LONG, seller=SHORT)
    return venue


def trade(venue: Venue, *, buyer: int, seller: int, time_ns: int | None = None) -> list[FundingPaid]:
    """Ten units change hands at the oracle; returns the funding that was settled on the way."""
    orders = [
        Place(account, 1, side, OrderKind.LIMIT, ORACLE, LOTS, TimeInForce.GTC, SelfTrade.NONE)
        for account, side in ((buyer, Side.BUY), (seller, Side.SELL))
    ]
    receipt = venue.submit([MassCancel(QUOTER, 1, 0), *orders], time_ns=time_ns)
    assert len(receipt.trades) == 1
    return list(receipt.all(FundingPaid))


class Settled(Struct, frozen=True):
    """What became of the record: rates by the end of their epoch, payments of the long, notes, and the last touch."""

    rates: dict[int, int]
    payments: dict[int, int]
    epochs: list[EpochClosed]
    touched: list[FundingPaid]


def settle(path: Path, rows: list[Row], sample_ms: int) -> Settled:
    """Play the record through the policy."""
    rates: dict[int, int] = {}
    payments: dict[int, int] = {}
    epochs: list[EpochClosed] = []
    begin_ns = rows[0].ended_ns - rows[0].rule.hours * HOUR
    with opened(path, begin_ns - SECOND) as venue:
        rule, owed, ended_ns = None, 0, 0
        for index, row in enumerate(rows):
            begun = row.ended_ns - row.rule.hours * HOUR
            if begun > ended_ns:
                venue.policies.advance(begun)
            ended_ns = row.ended_ns
            if rule is not row.rule:
                rule = row.rule
                venue.policies.engage("funding", rule.policy(sample_ms), time_ns=begun + 1)
            ticks, apart = int(row.premium * ORACLE), 1 + index * 7919 % 5_000
            venue.submit(half(ticks + apart, begun + SECOND))
            venue.submit(half(ticks - apart, begun + row.rule.hours * HOUR // 2 + SECOND))
            venue.policies.advance(row.ended_ns)
            for receipt in venue.policies.drain():
                rates.update((row.ended_ns, event.rate) for event in receipt.all(FundingSettled))
                told = (notes.read(event, EPOCH, EpochClosed) for event in receipt.all(Noted))
                epochs += [body for body in told if body is not None]
            now = 10**12 - int(venue.account(LONG).pools[0].equity * 10**6)
            payments[row.ended_ns], owed = now - owed, now
        touched = trade(venue, buyer=SHORT, seller=LONG, time_ns=rows[-1].ended_ns + SECOND)
    return Settled(rates, payments, epochs, touched)


def check(settled: Settled, rows: list[Row]) -> None:
    """Every rate is the rule's, and every payment the rate's, to the last digit and the last minor unit."""
    for row in rows:
        paid = row.rule.pays(row.premium)
        assert settled.rates[row.ended_ns] == paid
        # lots · oracle · rate: 2,500 · 100,000,000 minor units · the rate, a whole number of them.
        assert settled.payments[row.ended_ns] == LOTS * ORACLE * paid // 10**9 == 250 * paid
    total = sum(settled.payments.values())
    assert {event.account: event.funding for event in settled.touched} == {LONG: total, SHORT: -total}


def recorded_otherwise(settled: Settled, rows: list[Row]) -> list[tuple[int, int, int]]:
    """Settlements whose recorded rate is more than half of its last digit, 10^-8, off: end, recorded, settled."""
    pairs = ((row.ended_ns, row.rate, settled.rates[row.ended_ns]) for row in rows)
    return [(ended_ns, told, paid) for ended_ns, told, paid in pairs if abs(told - paid) > 5]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return recorded()


def test_the_whole_record_is_settled_again(tmp_path: Path, rows: list[Row]) -> None:
    """A sample a minute. Half a unit of the last recorded digit is all that is between the record and the session."""
    settled = settle(tmp_path / "session", rows, sample_ms=60_000)
    check(settled, rows)
    assert len(rows) == 82 + 677 + 278 + 1
    assert recorded_otherwise(settled, rows) == [NOT_BY_RULE]
    assert tables_of_the_page() == written(rows, settled)
    followed = [sum(row.rule is rule for row in rows) for rule in RULES]
    assert (followed[0], followed[2], followed[1] + followed[3]) == (82, 677, 278 + 1)
    assert sum(settled.rates[row.ended_ns] == row.rate for row in rows) == 341, "have no more digits than the record"
    assert sum(settled.payments.values()) == 5_768_771_000, "5,768.77 for ten units in 66 days"


def test_every_epoch_is_on_record_and_the_one_the_record_lacks_is_not_paid(tmp_path: Path, rows: list[Row]) -> None:
    settled = settle(tmp_path / "session", rows, sample_ms=300_000)
    ends = {row.ended_ns: row for row in rows}
    assert len(settled.epochs) == len(rows) + 1
    (missing,) = [body for body in settled.epochs if body.ended_ns not in ends]
    assert missing == EpochClosed(1, MISSING, 0, 0, 0, 12, clamped=False, capped=False, payment="none")
    for body in settled.epochs:
        row = ends.get(body.ended_ns)
        if row is not None:
            assert (body.rate, body.average_premium) == (settled.rates[body.ended_ns], int(row.premium * 10**9))
            assert (body.samples, body.missed, body.payment) == (12 * row.rule.hours, 0, "asked")


def test_the_session_replays_without_any_policy(tmp_path: Path, rows: list[Row]) -> None:
    path = tmp_path / "session"
    settle(path, rows[:100], sample_ms=300_000)
    with Venue.open(path) as venue:
        root = venue.state_root
    assert replay(path).view.state_root == root


def written(rows: list[Row], settled: Settled) -> list[str]:
    """What `docs/policies_mark_funding.md` says of the record: settlements by rule, then the figures."""
    dates = [datetime.fromtimestamp(min(rule.until_ns, rows[-1].ended_ns) // SECOND, UTC) for rule in RULES]
    by_rule = [sum(row.rule is rule for row in rows) for rule in RULES]
    followed = len(rows) - len(recorded_otherwise(settled, rows))
    paid = Decimal(sum(settled.payments.values())) / 10**6
    figures = [followed, len(rows) - followed, len(settled.payments), paid.normalize(), len(settled.epochs) - len(rows)]
    told = [f"{date:%Y-%m-%d %H:%M} {count}" for date, count in zip(dates, by_rule, strict=True)]
    return told + [f"{figure:,}" for figure in figures]


def tables_of_the_page() -> list[str]:
    section = PAGE.read_text().split("## A recorded history")[1]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return [f"{row[0]} {row[2]}" for row in rows if len(row) == 3][2:] + [row[1] for row in rows if len(row) == 2][2:]


@pytest.mark.slow
@pytest.mark.parametrize("stretch", [slice(60, 320), slice(960, 1_038)], ids=["june", "july"])
def test_every_five_seconds_around_each_change_of_rule(tmp_path: Path, rows: list[Row], stretch: slice) -> None:
    """720 samples an hour, 5,760 in eight."""
    part = rows[stretch]
    settled = settle(tmp_path / "session", part, sample_ms=5_000)
    check(settled, part)
    assert {body.samples // row.rule.hours for body, row in zip(settled.epochs, part, strict=True)} == {720}
