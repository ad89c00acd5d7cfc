"""Named reports: one file each, found in this table.

A report is a module with `COLUMNS`, and `rows(reading)`, which gives its rows in order. One that has to see the whole
span before it knows its first row may have `about(reading)` as well: what holds for the report as a whole, told first.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol, cast

from journal_tools.reports.reading import Reading

Row = Mapping[str, Any]


class Report(Protocol):
    """A module of this package."""

    COLUMNS: tuple[str, ...]

    def rows(self, reading: Reading) -> Iterator[Row]:
        """The rows in order."""
        ...


NAMES: Final = {
    "orders": "every event of every order, in the field set of RTS 24 (Delegated Regulation (EU) 2017/580)",
    "trades": "every trade with both its sides, fees and realised profit",
    "positions": "positions and profit at the end of the span: realised in it, unrealised at its end",
    "funding": "every payment of funding and of shared losses, and what each market still clears",
    "liquidations": "every step of the waterfall: calls, reductions, auctions, take-overs, deleveraging, cover",
    "fees": "fees and rebates by account and market, with the sum the venue took",
    "tax-lots": "what was realised lot by lot, first in first out and at average cost, and what is open",
    "reconcile": "balances against an external file: what matches, what differs",
    "maker-concentration": "how much of each market's volume each maker made, and how concentrated that is",
    "depth": "depth and spread by size band, sampled on stamped time",
    "surveillance": "what the venue's surveillance put on record, or with --watch what it would have",
}
"""The reports, by name, with what each one tells."""


def load(name: str) -> Report:
    """The module of a report."""
    return cast("Report", importlib.import_module(f"journal_tools.reports.{name.replace('-', '_')}"))
