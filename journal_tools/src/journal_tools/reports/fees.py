"""Fees and rebates by account and market, and what the venue has of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from journal_tools.reports.reading import Reading

COLUMNS = ("what", "account", "market", "asset", "trades", "maker_fees", "taker_fees", "liquidation_fees", "total")


def rows(reading: Reading) -> Iterator[dict[str, Any]]:
    """A row for each account and market, by account; then one for each market, and one for what left the fees.

    Liquidation fees go to the insurance fund of the pool and not to the venue's fees. `to insurance` is what was moved
    from the fees to an insurance fund: the venue's fee account at the end of a span from the first seq is the sum of
    trading fees less that.
    """
    sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    moved: dict[int, int] = defaultdict(int)
    for step in reading.span():
        for event in step.events:
            _count(event, sums, moved)
    totals: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for (account, market), amounts in sorted(sums.items()):
        if reading.wants_account(account) and reading.wants_market(market):
            yield {"what": "account", "account": account, **_row(reading, market, amounts)}
            totals[market] = [ours + more for ours, more in zip(totals[market], amounts, strict=True)]
    for market, amounts in sorted(totals.items()):
        yield {"what": "market", **_row(reading, market, amounts)}
    for asset, amount in sorted(moved.items()):
        unit = reading.asset_unit(asset)
        yield {"what": "to insurance", "asset": unit.symbol, "total": unit.to_decimal(amount)}


def _count(event: Any, sums: dict[tuple[int, int], list[int]], moved: dict[int, int]) -> None:
    name = type(event).__name__
    if name == "Traded":
        for at, account, fee in ((1, event.maker, event.maker_fee), (2, event.taker, event.taker_fee)):
            entry = sums[account, event.market]
            entry[0] += 1
            entry[at] += fee
    elif name == "LiquidationEnded" and event.fee:
        sums[event.account, event.market][3] += event.fee
    elif name == "InsuranceFunded" and event.account == 0:
        moved[event.asset] += event.amount


def _row(reading: Reading, market: int, amounts: list[int]) -> dict[str, Any]:
    trades, maker, taker, liquidation = amounts
    return {
        "market": reading.market(market),
        "asset": reading.unit(market).settlement.symbol,
        "trades": trades,
        "maker_fees": reading.money(market, maker),
        "taker_fees": reading.money(market, taker),
        "liquidation_fees": reading.money(market, liquidation),
        "total": reading.money(market, maker + taker + liquidation),
    }
