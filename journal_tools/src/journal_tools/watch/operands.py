"""The names of the language, what they mean, and their unit: whole units of assets, prices, sizes; lots are lots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from journal_tools.errors import ToolError
from journal_tools.past.units import E12, Market, Units
from journal_tools.watch.reading import Reading, Source

Value = Fraction | bool | None
"""A number, a truth, or None: there is no such thing (yet)."""

Part = tuple[str, tuple[str, ...] | None]
"""One link of a chain like `account(17).position(BTC-PERP).lots`: a name, and its arguments if it has any."""

RATE_ONE: Final = 10**9
MARKETS, ASSETS = Source("markets"), Source("assets")
ACCOUNT_FIELDS: Final = (
    "cash",
    "equity",
    "requirement",
    "maintenance",
    "unrealised",
    "owed",
    "collateral",
    "ratio",
    "standing",
    "locked",
    "open_orders",
)
POSITION_FIELDS: Final = ("lots", "size", "cost", "unrealised", "requirement", "maintenance", "isolated", "funding")
MARKET_FIELDS: Final = (
    "mark",
    "last",
    "open_interest",
    "best_bid",
    "best_ask",
    "mode",
    "stress",
    "insurance",
    "funding_rate",
    "oracle.price",
    "oracle.confidence",
    "oracle.grade",
)
ASSET_FIELDS: Final = ("insurance", "fees", "dust", "net_deposits", "closed")
WORDS: Final = {
    **{word: place for place, word in enumerate(
        ("healthy", "first_call", "second_call", "liquidatable", "take_over", "bankrupt"))},
    **{word: place for place, word in enumerate(
        ("none", "volatile", "uncertain", "stale", "thin", "ageing", "good"))},
    **{word: place for place, word in enumerate(("continuous", "reduce_only", "cancel_only", "halted"), 1)},
}  # fmt: skip
"""Standings, grades and market modes; the higher a standing the worse, the higher a grade the better."""


class Operand(NamedTuple):
    """Something in a state, by name: which rows it is in, and how to find it there."""

    name: str
    sources: frozenset[Source]
    read: Callable[[Reading], Value]


def operand(name: str, parts: Sequence[Part], units: Units) -> Operand:
    """What a chain of names means. Raises ToolError `operand_unknown`, `unknown_account` and so on."""
    (head, arguments), *rest = parts
    fields = ".".join(part for part, given in rest if given is None)
    if head == "account" and arguments and rest and rest[0][0] == "position" and rest[0][1]:
        market = units.market(_only(rest[0][1], name))
        _check(fields, POSITION_FIELDS, name)
        return _position(name, _account(units, arguments[0]), market, fields)
    if any(given is not None for _, given in rest) or not arguments:
        raise _unknown(name, "names are account(N).…, account(N).position(SYM).…, market(SYM).…, asset(SYM).…")
    if head == "account" and len(arguments) <= 2:
        _check(fields, ACCOUNT_FIELDS, name)
        return _pool(name, _account(units, arguments[0]), _settlement(units, arguments[1:], name), fields)
    if head == "market":
        _check(fields, MARKET_FIELDS, name)
        return _market(name, units.market(_only(arguments, name)), fields)
    if head == "asset":
        _check(fields, ASSET_FIELDS, name)
        return _asset(name, units, _only(arguments, name), fields)
    raise _unknown(name, "names begin with account(N), market(SYM) or asset(SYM)")


# --- what is meant --------------------------------------------------------------------------------------------------


def _account(units: Units, text: str) -> int:
    if not text.isdecimal():
        raise _unknown(f"account({text})", "an account is a number, like account(17)")
    return units.account(int(text))


def _settlement(units: Units, named: tuple[str, ...], name: str) -> tuple[int, int]:
    """The asset whose cross pool is meant, with its decimals: the only one that markets settle in, or the one named."""
    if named:
        asset = units.asset(named[0])
        return asset.asset, asset.decimals
    settlements = {market.settlement for market in units.markets.values()} or set(units.assets.values())
    if len(settlements) != 1:
        symbols = ", ".join(sorted(asset.symbol for asset in settlements))
        raise _unknown(name, f"say in which asset, like account(17, {min(symbols.split(', '))}): there are {symbols}")
    asset = settlements.pop()
    return asset.asset, asset.decimals


def _only(arguments: tuple[str, ...], name: str) -> str:
    if len(arguments) != 1:
        raise _unknown(name, "one symbol or id stands in the brackets")
    return arguments[0]


def _check(field: str, known: Sequence[str], name: str) -> None:
    if field not in known:
        raise _unknown(name, f"its fields are {', '.join(known)}")


def _unknown(name: str, hint: str) -> ToolError:
    return ToolError(f"{name} is nothing to watch", code="operand_unknown", hint=hint, operand=name)


# --- how to read it -------------------------------------------------------------------------------------------------


def _pool(name: str, account: int, asset: tuple[int, int], field: str) -> Operand:
    """A field of a cross pool, or of the account."""
    source, one = Source("account", account), 10 ** asset[1]

    def read(reading: Reading) -> Value:
        row = reading.row(source)
        if row is None:
            return None
        if field == "open_orders":
            return Fraction(row.open_orders)
        if field == "cash":
            return Fraction(next((cash for other, cash, *_ in row.balances if other == asset[0]), 0), one)
        pool = next((pool for pool in row.pools if (pool.asset, pool.market) == (asset[0], 0)), None)
        if field == "ratio":
            return Fraction(pool.equity, pool.maintenance) if pool and pool.maintenance else None
        if field == "locked":
            return bool(pool and pool.locked)
        value = int(getattr(pool, field)) if pool else 0
        return Fraction(value) if field == "standing" else Fraction(value, one)

    return Operand(name, frozenset({source}), read)


def _position(name: str, account: int, market: Market, field: str) -> Operand:
    source, one = Source("account", account), 10**market.settlement.decimals

    def read(reading: Reading) -> Value:
        row = reading.row(source)
        if row is None:
            return None
        position = next((position for position in row.positions if position.market == market.market), None)
        if field == "isolated":
            return bool(position and position.isolated)
        value = (position.lots if field == "size" else getattr(position, field)) if position else 0
        if field == "size":
            return Fraction(value * market.lot_size_e12, 10**E12)
        return Fraction(value) if field == "lots" else Fraction(value, one)

    return Operand(name, frozenset({source}), read)


def _market(name: str, market: Market, field: str) -> Operand:
    source = Source("book", market.market) if field.startswith("best_") else MARKETS

    def price(ticks: int) -> Value:
        return Fraction(ticks * market.tick_size_e12, 10**E12) if ticks else None

    def read(reading: Reading) -> Value:
        rows = reading.row(source)
        if field.startswith("best_"):
            levels = rows[field == "best_ask"] if rows else []
            return price(levels[0][0]) if levels else None
        row = next((row for row in rows if row.market == market.market), None)
        return None if row is None else _market_field(row, field, price, market)

    return Operand(name, frozenset({source}), read)


def _market_field(row: Any, field: str, price: Callable[[int], Value], market: Market) -> Value:
    if field in ("mark", "last"):
        return price(getattr(row, field))
    if field == "oracle.price":
        return price(row.oracle.price)
    if field == "oracle.confidence":
        return price(row.oracle.confidence) if row.oracle.confidence else Fraction(0) if row.oracle.seq else None
    if field == "oracle.grade":
        return Fraction(int(row.oracle.grade))
    if field == "open_interest":
        return Fraction(row.open_interest * market.lot_size_e12, 10**E12)
    if field == "insurance":
        return Fraction(row.insurance.fund, 10**market.settlement.decimals)
    if field == "funding_rate":
        return Fraction(row.funding.last_rate, RATE_ONE)
    return bool(row.stress) if field == "stress" else Fraction(int(row.mode))


def _asset(name: str, units: Units, symbol: str, field: str) -> Operand:
    asset = units.asset(symbol)

    def read(reading: Reading) -> Value:
        row = next((row for row in reading.row(ASSETS) if row.asset == asset.asset), None)
        if row is None:
            return None
        return bool(row.gate.closed) if field == "closed" else Fraction(getattr(row, field), 10**asset.decimals)

    return Operand(name, frozenset({ASSETS}), read)
