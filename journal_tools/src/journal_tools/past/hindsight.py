"""What had been observed outside by a time, but was only sequenced later: known in hindsight, not then."""

from __future__ import annotations

from typing import Any, Final

from journal_tools.grammar import shown_time
from journal_tools.journal import Journal, Record
from journal_tools.past.units import Market
from journal_tools.vocabulary import fields_of, name_of

WINDOW: Final = 100_000
"""So many seqs after the moment are looked through; what was observed then is hardly sequenced later."""


def hindsight(journal: Journal, market: Market, time_ns: int, *, after: int) -> dict[str, Any]:
    """The newest price of a market observed by a time and accepted after a seq; nothing if there is none.

    Only records are read, nothing is executed: a command that was refused is shown like any other.
    """
    newest: tuple[Record, dict[str, Any]] | None = None
    for record in journal.records(after + 1, after + WINDOW):
        if name_of(record.command) != "SetOracle":
            continue
        said = fields_of(record.command)
        if said["market"] != market.market or said["observed_at"] > time_ns:
            continue
        if newest is None or said["observed_at"] >= newest[1]["observed_at"]:
            newest = record, said
    return {} if newest is None else {"in_hindsight": _row(*newest, market)}


def _row(record: Record, said: dict[str, Any], market: Market) -> dict[str, Any]:
    return {
        "price": market.price(said["price"]),
        "confidence": market.price(said["confidence"]),
        "observed_at": shown_time(said["observed_at"]),
        "sequenced_at": shown_time(record.time_ns),
        "seq": record.seq,
    }
