"""What the policies did, as the screen tells it: the outage, funding, the ladder, and another policy beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Final

from crossbook.commands import Grade
from crossbook.demo.comparison import POLICIES_COMPARED
from crossbook.demo.config import ROUND_NS
from crossbook.demo.market import ASSET, INSTRUMENTS
from crossbook.demo.policies import LEAST_GRADES
from crossbook.demo.report import DemoReport
from crossbook.demo.tally import STEPS, MarketTally
from crossbook.views import text_table

MEASURES: Final = (
    ("liquidated_notional", "taken from them"),
    ("adl_notional", "of it closed against winners"),
    ("adl_forgone", "which cost the winners"),
    ("insurance_paid", "paid by the insurance fund"),
    ("socialised", "shared by everybody"),
    ("negative_equity", "still owed"),
    ("liquidation_fees", "fees to the insurance fund"),
    ("insurance_left", "left in the insurance fund"),
)
"""What is shown of a comparison, and what it is called."""


def minute(number: int) -> str:
    """When a round ends, since the beginning."""
    return str(timedelta(seconds=(number + 1) * ROUND_NS // 1_000_000_000))


def outage(report: DemoReport) -> Iterator[str]:
    """What the sources did, what came of the grades, who was refused for them, what the breakers did."""
    tally, failed = report.tally, report.config.outage
    begin, silent, end = (minute(number) for number in (failed.start, failed.start + failed.diverging, failed.end))
    yield f"The oracle failed: from {begin} its sources contradicted each other, from {silent} to {end} none spoke"
    for instrument, market in zip(INSTRUMENTS, tally.markets, strict=True):
        yield f"  {instrument.symbol}: {_grades(market)}"
    yield (
        f"  {tally.refused['OracleGrade']:,} commands refused for it: orders ask for {LEAST_GRADES.margin}, "
        f"liquidation for {LEAST_GRADES.liquidation}, funding for {LEAST_GRADES.funding}"
    )
    trips = ", ".join(f"{count} {guard}" for guard, count in sorted(tally.trips.items()))
    yield f"  breakers tripped {tally.trips.total()} times ({trips}); {tally.resumed['calm']} trips ended in calm"


def _grades(market: MarketTally) -> str:
    said = [f"{grade.name.lower()} {minute(number)}" for number, grade in market.grades[1:]]
    return ", ".join([Grade(market.grades[0][1]).name.lower(), *said]) if market.grades else "none"


def funding(report: DemoReport) -> Iterator[str]:
    """Epochs, fees, insurance."""
    tally = report.tally
    late = tally.payments["late"]
    yield (
        f"{tally.epochs} funding epochs closed, {tally.settled} paid, {late} of them late: "
        "the oracle was not good enough when they ended"
    )
    fund = _money(report, tally.topped_up)
    yield f"{tally.retiered} changes of fee tiers; {fund} {ASSET} of the fees went to the insurance fund"


def ladder(report: DemoReport) -> Iterator[str]:
    """Every step of the ladder that was taken, and whether anybody is left below zero."""
    tally = report.tally
    yield "The ladder"
    rows = [
        [step, tally.steps[step], _money(report, tally.moved[step]) if tally.moved[step] else None]
        for step in STEPS
        if tally.steps[step]
    ]
    yield from _indented(text_table(["step", "times", ASSET], rows))
    if not report.debts:
        yield f"  no account is below zero at the end: checked, all {report.accounts:,}"
    for debt in report.debts[:3]:
        yield f"  account {debt.account} is left with {debt.equity:,.2f}: {debt.reason}"


def comparison(report: DemoReport) -> Iterator[str]:
    """The table of both policies."""
    found = report.comparison
    one, other = found.a.outcome, found.b.outcome
    yield f"The same outside commands with the liquidation policy {POLICIES_COMPARED[1]!r} instead, in a branch"
    seconds = [_seconds(value) for value in found.time_to_solvency_ns]
    rows: list[list[object]] = [
        ["accounts liquidated", len(one.liquidated), len(other.liquidated)],
        ["winners deleveraged", len(one.deleveraged), len(other.deleveraged)],
        ["seconds to solvency", *seconds],
    ]
    asset = next(asset for asset, (symbol, _) in found.symbols.items() if symbol == ASSET)
    for name, shown in MEASURES:
        pair = found.measures[asset][name]
        if any(pair):
            rows.append([f"{ASSET} {shown}", *(_money(report, amount) for amount in pair)])
    yield from _indented(text_table(["", *POLICIES_COMPARED], rows))
    yield "  bids in auctions that are not held there are refused there"
    yield f"  {len(found.spared)} accounts only the ladder liquidates, {len(found.liquidated)} only the other"


def _seconds(value: int | None) -> str:
    return "never" if value is None else f"{value // 1_000_000_000:,}"


def _money(report: DemoReport, amount: int) -> str:
    """Minor units as whole ones, to the hundredth."""
    return f"{report.view.asset_unit(ASSET).to_decimal(amount).quantize(Decimal('0.01')):,}"


def _indented(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"  {line}".rstrip()
