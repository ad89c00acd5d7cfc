"""Every payment of funding and of shared losses, and what markets have set aside between the one and the other."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from journal_tools.grammar import shown_time
from journal_tools.reports.reading import Reading

COLUMNS = ("seq", "time", "what", "account", "market", "asset", "rate", "price", "funding", "loss", "balance")


def rows(reading: Reading) -> Iterator[dict[str, Any]]:
    """Epochs, payments, and for each market what is not settled at the end of the span.

    `funding` and `loss` are what an account paid; what it received is negative. An epoch says by how much one unit of
    the underlying pays. What all accounts paid from the beginning, plus what positions still owe at the end, is what
    rounding took from them: the row `rounding` of each market has it, and it is never negative.
    """
    paid: dict[int, int] = {}
    for step in reading.history():
        for event in step.events:
            kind = type(event).__name__
            if kind == "FundingPaid":
                paid[event.market] = paid.get(event.market, 0) + event.funding + event.loss
            if kind not in ("FundingPaid", "FundingSettled") or not reading.spans(step.seq):
                continue
            found = _payment(reading, event) if kind == "FundingPaid" else _epoch(reading, event)
            if found:
                yield {"seq": step.seq, "time": shown_time(step.time_ns), **found}
    if not reading.options.accounts:
        yield from _unsettled(reading, paid)


def _payment(reading: Reading, event: Any) -> dict[str, Any] | None:
    market = event.market
    if not (reading.wants_account(event.account) and reading.wants_market(market)):
        return None
    return {
        "what": "payment",
        "account": event.account,
        "market": reading.market(market),
        "asset": reading.unit(market).settlement.symbol,
        "funding": reading.money(market, event.funding),
        "loss": reading.money(market, event.loss),
        "balance": reading.money(market, event.balance),
    }


def _epoch(reading: Reading, event: Any) -> dict[str, Any] | None:
    if reading.options.accounts or not reading.wants_market(event.market):
        return None
    return {
        "what": "epoch",
        "market": reading.market(event.market),
        "asset": reading.unit(event.market).settlement.symbol,
        "rate": Decimal(event.rate).scaleb(-9).normalize(),
        "price": reading.price(event.market, event.price),
    }


def _unsettled(reading: Reading, paid: dict[int, int]) -> Iterator[dict[str, Any]]:
    """What positions owe at the end, and what rounding took: exactly what all of it comes to together."""
    view = reading.view
    for market in view.markets():
        if not reading.wants_market(market.market) or market.market not in paid:
            continue
        unit = reading.unit(market.market)
        owed = {"funding": 0, "loss": 0}
        for holder in view.holders(market.market):
            for position in view.account(holder.account).positions:
                if position.market == market.symbol:
                    for name in owed:
                        owed[name] += int(getattr(position, name).scaleb(unit.settlement.decimals))
        common = {"seq": reading.to_seq, "market": market.symbol, "asset": unit.settlement.symbol}
        yield {**common, "what": "owed", **{name: unit.money(amount) for name, amount in owed.items()}}
        yield {**common, "what": "rounding", "funding": unit.money(paid[market.market] + sum(owed.values()))}
