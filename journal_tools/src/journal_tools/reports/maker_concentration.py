"""How much of each market's volume each maker made, and how concentrated that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from journal_tools.reports.reading import Reading

COLUMNS = ("what", "market", "rank", "master", "trades", "size", "notional", "asset", "share", "hhi")
DIGITS: Final = 6
"""Digits of a share after the point; of the index there are two fewer, since it counts to 10,000."""


def rows(reading: Reading) -> Iterator[dict[str, Any]]:
    """For each market its makers by notional, and a row for all: the sum, and the Herfindahl-Hirschman index.

    An account counts for its master. The index is the sum of the squares of the shares in percent: 10,000 is one
    maker, 10,000 / n are n equal ones. It is computed exactly and rounded once.
    """
    masters: dict[int, int] = {}
    sums: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for step in reading.history():
        for event in step.events:
            _count(event, masters, sums if reading.spans(step.seq) else None)
    for market, makers in sorted(sums.items()):
        if reading.wants_market(market):
            yield from _market(reading, market, makers)


def _count(event: Any, masters: dict[int, int], sums: dict[int, dict[int, list[int]]] | None) -> None:
    name = type(event).__name__
    if name == "AccountCreated":
        if event.master != event.account:
            masters[event.account] = event.master
    elif name == "Traded" and sums is not None:
        entry = sums[event.market][masters.get(event.maker, event.maker)]
        entry[0] += 1
        entry[1] += event.lots
        entry[2] += event.lots * event.price


def _market(reading: Reading, market: int, makers: dict[int, list[int]]) -> Iterator[dict[str, Any]]:
    unit = reading.unit(market)
    whole = sum(entry[2] for entry in makers.values())
    common = {"market": unit.symbol, "asset": unit.settlement.symbol}
    ranked = sorted(makers.items(), key=lambda item: (-item[1][2], item[0]))
    for rank, (master, entry) in enumerate(ranked, 1):
        if reading.wants_account(master):
            share = rounded(Fraction(entry[2], whole), DIGITS)
            yield {**common, "what": "maker", "rank": rank, "master": master, **_sizes(unit, entry), "share": share}
    squares = sum((Fraction(100 * entry[2], whole) ** 2 for entry in makers.values()), Fraction(0))
    totals = [sum(column) for column in zip(*makers.values(), strict=True)]
    index = rounded(squares, DIGITS - 4)
    yield {**common, "what": "market", **_sizes(unit, totals), "share": Decimal(1), "hhi": index}


def _sizes(unit: Any, entry: list[int]) -> dict[str, Any]:
    trades, lots, value = entry
    return {"trades": trades, "size": unit.size(lots), "notional": unit.money(value * unit.tick_value)}


def rounded(value: Fraction, digits: int) -> Decimal:
    """A fraction as a decimal with that many digits after the point, half to even."""
    return Decimal(round(value * 10**digits)).scaleb(-digits)
