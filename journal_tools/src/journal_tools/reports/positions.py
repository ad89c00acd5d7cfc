"""Positions and profit: what each account holds at the end of the span, and what it made in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from journal_tools.reports.moves import changes
from journal_tools.reports.reading import Reading

COLUMNS = (
    "account",
    "market",
    "asset",
    "size",
    "entry_price",
    "mark",
    "cost",
    "unrealised",
    "realised",
    "fees",
    "funding",
    "shared_loss",
    "owed",
    "profit",
)


class _Sums:
    """What an account made in a market in the span, in minor units."""

    def __init__(self) -> None:
        self.realised = self.fees = self.funding = self.loss = 0


def rows(reading: Reading) -> Iterator[dict[str, Any]]:
    """A row for each account and market that it traded in or holds, by account and market.

    `profit = realised + unrealised - fees - funding - shared_loss - owed`: what is realised was so in the span, what is
    unrealised or owed is so at its end, whenever it began. Sizes of a market sum to zero.
    """
    sums: dict[tuple[int, int], _Sums] = defaultdict(_Sums)
    for step in reading.span():
        for event in step.events:
            _count(event, sums)
    view = reading.view
    ids = {market.symbol: market.market for market in view.markets()}
    for account in range(1, view.account_count() + 1):
        if not reading.wants_account(account):
            continue
        held = {ids[position.market]: position for position in view.account(account).positions}
        markets = sorted({*held, *(market for market in ids.values() if (account, market) in sums)})
        for market in markets:
            if reading.wants_market(market):
                yield _row(reading, account, market, held.get(market), sums.get((account, market)) or _Sums())


def _count(event: Any, sums: dict[tuple[int, int], _Sums]) -> None:
    for change in changes(event):
        entry = sums[change.account, change.market]
        entry.realised += change.realised
        entry.fees += change.fee
    name = type(event).__name__
    if name == "FundingPaid":
        entry = sums[event.account, event.market]
        entry.funding += event.funding
        entry.loss += event.loss
    elif name == "LiquidationEnded" and event.fee:
        sums[event.account, event.market].fees += event.fee


def _row(reading: Reading, account: int, market: int, position: Any, sums: _Sums) -> dict[str, Any]:
    unit = reading.unit(market)
    realised, fees, funding, loss = map(unit.money, (sums.realised, sums.fees, sums.funding, sums.loss))
    unrealised = position.unrealised if position else unit.money(0)
    owed = position.funding + position.loss if position else unit.money(0)
    return {
        "account": account,
        "market": unit.symbol,
        "asset": unit.settlement.symbol,
        "size": position.size if position else unit.size(0),
        "entry_price": position.entry_price if position else None,
        "mark": position.mark if position else None,
        "cost": position.cost if position else unit.money(0),
        "unrealised": unrealised,
        "realised": realised,
        "fees": fees,
        "funding": funding,
        "shared_loss": loss,
        "owed": owed,
        "profit": realised + unrealised - fees - funding - loss - owed,
    }
