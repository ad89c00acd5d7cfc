"""From a rate to a payment: asked for when the oracle is good enough, later if it is not, and given up after a while.

The kernel refuses SettleFunding while the oracle's grade is below what the market asks for. A policy sees that coming
and waits; whatever else the kernel refuses is not asked for again. Either way it is on record.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, Literal

from msgspec import Struct, field

from crossbook.commands import Grade, SettleFunding, command_tag
from crossbook.events import FundingSettled, Rejected
from crossbook.policies import notes
from crossbook.policies.contract import Proposal, Turn
from crossbook.policies.funding.forecast import Forecast
from crossbook.policies.funding.records import DEFERRED, EPOCH, DeferredPayment, EpochClosed
from crossbook.policies.schedule import MILLISECOND
from crossbook.rejects import RejectCode
from crossbook.rows import MarketRow

_SETTLE_FUNDING: Final = command_tag(SettleFunding)


class Due(Struct, frozen=True):
    """A payment of an ended epoch that is still to be made: on `price` ticks, or (0) on the oracle of the moment."""

    rate: int
    ended_ns: int
    expires_ns: int
    price: int = 0


class Payments(Struct):
    """Payments that are due, by market, and those that were asked for in the last turn, in order."""

    due: dict[int, Due] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)


def usable(row: MarketRow, *, time_ns: int, grade_min: Grade, age_ms_max: int) -> bool:
    """Whether a market has an oracle that is good enough and was confirmed not too long ago, by stamped time."""
    oracle = row.oracle
    grade = max(grade_min, row.grades.funding)
    return oracle.price > 0 and oracle.grade >= grade and time_ns - oracle.updated_at <= age_ms_max * MILLISECOND


def close(
    payments: Payments,
    row: MarketRow,
    told: Forecast,
    turn: Turn,
    *,
    retry_ms: int,
    fit: Collection[int],
    price: int = 0,
) -> Proposal:
    """Make what an epoch came to due in a market, and put it on record."""
    if told.enough:
        expires_ns = turn.time_ns + retry_ms * MILLISECOND
        payments.due[row.market] = Due(told.rate, turn.time_ns, expires_ns, price)
    body = EpochClosed(
        market=row.market,
        ended_ns=turn.time_ns,
        rate=told.rate,
        average_premium=told.average_premium,
        samples=told.samples,
        missed=told.missed,
        clamped=told.clamped,
        capped=told.capped,
        payment="none" if not told.enough else "asked" if row.market in fit else "deferred",
    )
    return Proposal(notes.note(EPOCH, body), row.oracle.seq)


def hear(payments: Payments, turn: Turn) -> tuple[Proposal, ...]:
    """Take the answers to what was asked in the turn before; a note for each that was refused for good.

    What a policy proposes is executed in one go, so its answers are the first of their kind among the events.
    """
    said: tuple[Proposal, ...] = ()
    answers = (event for event in turn.events if _is_answer(event))
    for market, event in zip(payments.asked, answers, strict=False):
        if isinstance(event, Rejected) and event.code == RejectCode.ORACLE_GRADE:
            continue
        due = payments.due.pop(market)
        if isinstance(event, Rejected):
            body = DeferredPayment(market, due.ended_ns, due.rate, "refused", event.code)
            said += (Proposal(notes.note(DEFERRED, body), event.seq),)
    payments.asked = []
    return said


def _is_answer(event: object) -> bool:
    return isinstance(event, FundingSettled) or (isinstance(event, Rejected) and event.command == _SETTLE_FUNDING)


def pay(payments: Payments, rows: Iterable[MarketRow], turn: Turn, fit: Collection[int]) -> tuple[Proposal, ...]:
    """Ask for what is due in the markets that are `fit`; give up what has expired. Causes are the oracles paid on."""
    said: tuple[Proposal, ...] = ()
    for row in rows:
        due = payments.due.get(row.market)
        if due is None or row.market in payments.asked:
            continue
        outcome: Literal["late", "expired"] = "expired" if turn.time_ns >= due.expires_ns else "late"
        if outcome == "expired":
            del payments.due[row.market]
        elif row.market in fit:
            payments.asked.append(row.market)
            said += (Proposal(SettleFunding(row.market, due.price or row.oracle.price, due.rate), row.oracle.seq),)
        else:
            continue
        if turn.time_ns > due.ended_ns:
            body = DeferredPayment(row.market, due.ended_ns, due.rate, outcome)
            said += (Proposal(notes.note(DEFERRED, body), row.oracle.seq),)
    return said
