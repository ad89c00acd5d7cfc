"""Every step of the waterfall, in order: calls, locks, reductions, auctions, take-overs, deleveraging, cover."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from journal_tools.grammar import shown_time
from journal_tools.reports.reading import Reading

COLUMNS = (
    "seq",
    "time",
    "step",
    "account",
    "counterparty",
    "market",
    "asset",
    "size",
    "price",
    "value",
    "fee",
    "equity",
    "maintenance",
    "detail",
)

STEPS: Final = {
    "StandingChanged": "standing",
    "PoolLocked": "lock",
    "PoolReleased": "release",
    "IncreasingCancelled": "cancel_increasing",
    "LiquidationStarted": "reduction",
    "LiquidationEnded": "reduction_end",
    "AuctionOpened": "auction_open",
    "AuctionClosed": "auction_close",
    "PositionMoved": "move",
    "LossCovered": "cover",
    "CollateralConverted": "collateral",
    "LossSocialised": "socialisation",
}
"""Which events are steps, and what the report calls them; a move is called by its reason."""


def rows(reading: Reading) -> Iterator[dict[str, Any]]:
    """One row a step. Sizes are signed as the account (of a move: the counterparty) received them."""
    for step in reading.span():
        for event in step.events:
            name = STEPS.get(type(event).__name__)
            if name and _wanted(reading, event):
                yield {"seq": step.seq, "time": shown_time(step.time_ns), "step": name, **_row(reading, name, event)}


def _wanted(reading: Reading, event: Any) -> bool:
    accounts = (event.source, event.destination) if hasattr(event, "source") else (event.account,)
    market = getattr(event, "market", 0)
    in_market = reading.wants_market(market) if market else not reading.options.markets
    return reading.wants_account(*accounts) and in_market


def _row(reading: Reading, name: str, event: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"account": getattr(event, "account", None)}
    market = getattr(event, "market", 0)
    unit = reading.unit(market) if market else None
    asset = unit.settlement if unit else reading.asset_unit(event.settlement if name == "collateral" else event.asset)
    row |= {"market": unit.symbol if unit else None, "asset": asset.symbol}
    for field, column in (("equity", "equity"), ("maintenance", "maintenance"), ("value", "value"), ("fee", "fee")):
        if hasattr(event, field):
            row[column] = asset.to_decimal(getattr(event, field))
    if unit and hasattr(event, "price"):
        row["price"] = unit.price(event.price)
    if unit and hasattr(event, "lots"):
        row["size"] = unit.size(event.lots)
    return row | _particulars(reading, name, event, asset)


def _particulars(reading: Reading, name: str, event: Any, asset: Any) -> dict[str, Any]:
    """What only this kind of step has."""
    if name == "move":
        return {"step": _word(event.reason), "account": event.source, "counterparty": event.destination}
    if name == "standing":
        return {"detail": f"{_word(event.previous)} to {_word(event.standing)}"}
    if name == "reduction":
        return {"detail": f"{_word(event.kind)}: {_word(event.side)}"}
    if name == "reduction_end":
        return {"size": reading.size(event.market, event.filled), "detail": f"order {event.order}"}
    if name == "auction_open":
        return {"detail": f"auction {event.auction}: {'long' if event.side == 1 else 'short'}"}
    if name == "auction_close":
        return {"detail": f"auction {event.auction}: {_word(event.reason)}"}
    if name == "cancel_increasing":
        return {"detail": f"{event.count} orders"}
    if name in ("cover", "socialisation"):
        return {"value": asset.to_decimal(event.amount)}
    if name == "collateral":
        sold = reading.asset_unit(event.asset)
        return {"detail": f"{sold.to_decimal(event.amount):f} {sold.symbol}"}
    return {}


def _word(member: Any) -> str:
    return str(member.name).lower()
