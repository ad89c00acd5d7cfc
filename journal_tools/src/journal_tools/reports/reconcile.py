"""Balances against an external file: what matches, what differs, what only one side knows."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from journal_tools.errors import ToolError
from journal_tools.reports.reading import Reading

COLUMNS = ("account", "asset", "what", "journal", "external", "difference", "verdict")
KINDS: Final = ("cash", "margin", "equity")
"""What can be compared: cash; the margin of isolated positions; the equity of all pools of an asset."""
_ZERO: Final = Decimal(0)

Balances = dict[tuple[int, str], dict[str, Decimal]]


def rows(reading: Reading) -> Iterator[dict[str, Any]]:
    """A row for each balance of either side; a finding each that does not match.

    What the file does not list counts as 0 there if it is 0 here. `difference` is the journal less the file.
    """
    if reading.options.against is None:
        raise ToolError("there is no file to compare with", code="file_missing", hint="give one with --against FILE")
    theirs, kinds = _external(reading.options.against)
    ours = _balances(reading)
    for number, asset in theirs:
        if 0 < number <= reading.view.account_count():
            ours.setdefault((number, asset), dict.fromkeys(KINDS, _ZERO))
    for key in sorted({*ours, *theirs}):
        if not reading.wants_account(key[0]):
            continue
        for kind in kinds:
            row = _compared(key, kind, ours, theirs)
            reading.findings += row["verdict"] != "match"
            yield row


def _compared(key: tuple[int, str], kind: str, ours: Balances, theirs: Balances) -> dict[str, Any]:
    here = ours[key][kind] if key in ours else None
    there = theirs[key][kind] if key in theirs else None
    difference = (here or _ZERO) - (there or _ZERO)
    if here is None:
        verdict = "unknown here"
    elif there is None:
        verdict = "not in the file" if here else "match"
    else:
        verdict = "differs" if difference else "match"
    return {
        "account": key[0],
        "asset": key[1],
        "what": kind,
        "journal": here,
        "external": there,
        "difference": difference or _ZERO,
        "verdict": verdict,
    }


def _balances(reading: Reading) -> Balances:
    """What every account has at the end of the span, by account and symbol of the asset."""
    view = reading.finish()
    found: Balances = {}
    for number in range(1, view.account_count() + 1):
        account = view.account(number)
        for asset, cash in account.cash.items():
            found[number, asset] = {"cash": cash, "margin": _ZERO, "equity": _ZERO}
        for pool in account.pools:
            entry = found.setdefault((number, pool.asset), dict.fromkeys(KINDS, _ZERO))
            entry["equity"] += pool.equity
            if pool.market is not None:
                entry["margin"] += pool.balance
    return found


def _external(path: Path) -> tuple[Balances, tuple[str, ...]]:
    """The balances of a CSV file, and which kinds it has."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        names = tuple(name.strip().lower() for name in reader.fieldnames or ())
        reader.fieldnames = list(names)
        kinds = tuple(kind for kind in KINDS if kind in names)
        if not {"account", "asset"} <= set(names) or not kinds:
            raise ToolError(
                f"{path.name} has the columns {', '.join(names) or '(none)'}",
                code="file_columns",
                hint="it needs account, asset, and one or more of cash, margin, equity; amounts in whole units",
            )
        found: Balances = {}
        for line in reader:
            key, amounts = _line(line, kinds, path, reader.line_num)
            if key in found:
                raise _bad(path, reader.line_num, f"account {key[0]} and {key[1]} were there before")
            found[key] = amounts
    return found, kinds


def _line(
    line: Mapping[str, str | None], kinds: tuple[str, ...], path: Path, number: int
) -> tuple[tuple[int, str], dict[str, Decimal]]:
    try:
        account = int(line["account"] or "")
        amounts = {kind: Decimal((line[kind] or "").strip().replace("_", "")) for kind in kinds}
    except (ValueError, InvalidOperation):
        raise _bad(path, number, "an account is a whole number, an amount a plain decimal number") from None
    if not all(amount.is_finite() for amount in amounts.values()):
        raise _bad(path, number, "an amount is a plain decimal number")
    return (account, (line["asset"] or "").strip()), amounts


def _bad(path: Path, number: int, why: str) -> ToolError:
    return ToolError(f"line {number} of {path.name}: {why}", code="file_line", hint="mend the file", line=number)
