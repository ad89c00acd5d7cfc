"""Who has what, and how much of it differs: balances, positions and open orders by account, the venue's own funds."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any, Final, NamedTuple

from journal_tools.snapshots import Entity, State

COLUMNS: Final = ("who", "what", "of", "a", "b", "difference")
_FUNDS: Final = {
    "net_deposits": "net deposits",
    "fees": "fees",
    "dust": "dust",
    "insurance.fund": "insurance",
}

Amount = tuple[int, int]
"""An integer, and how many of its digits stand behind the point."""


class Holding(NamedTuple):
    """Something that somebody has: who, what it is, of which asset or market."""

    who: str
    what: str
    of: str


def holdings(state: State) -> dict[Holding, Decimal]:
    """What every account and the venue have, in whole units; lots are counted in the market's base."""
    names = _Names(state)
    found: Counter[Holding] = Counter()
    exact: dict[Holding, Decimal] = {}
    for entity, fields in state.items():
        if entity.subsystem == "funds":
            for field, what in _FUNDS.items():
                exact[Holding("venue", what, names.asset(entity.name))] = names.money(entity.name, fields[field])
        elif entity.subsystem == "markets" and entity.name.startswith("market "):
            symbol, settlement = names.market(entity.name)
            insurance = Holding("venue", f"insurance of {symbol}", names.asset(settlement))
            exact[insurance] = names.money(settlement, fields["insurance.fund"])
        elif entity.subsystem == "accounts":
            exact |= _cash(names, entity.name, fields)
        elif entity.subsystem == "positions":
            exact |= _positions(names, entity.name, fields)
        elif entity.subsystem == "orders":
            symbol, _ = names.market(f"market {fields['market']}")
            found[Holding(f"account {fields['account']}", "open orders", symbol)] += 1
    return exact | {holding: Decimal(count) for holding, count in found.items()}


def differing(a: State, b: State) -> list[dict[str, Any]]:
    """A row for everything that somebody has more or less of in B than in A, the venue last."""
    one, other = holdings(a), holdings(b)
    rows = []
    for holding in sorted({*one, *other}, key=_order):
        had, has = one.get(holding, Decimal(0)), other.get(holding, Decimal(0))
        if had != has:
            rows.append({**holding._asdict(), "a": had, "b": has, "difference": has - had})
    return rows


def _order(holding: Holding) -> tuple[bool, int, str, str]:
    venue = holding.who == "venue"
    return venue, 0 if venue else int(holding.who.split(" ")[1]), holding.of, holding.what


class _Names:
    """Symbols, and how many units are a whole one."""

    def __init__(self, state: State) -> None:
        self._state = state

    def asset(self, name: str) -> str:
        return str(self._state[Entity("parameters", name)]["symbol"])

    def market(self, name: str) -> tuple[str, str]:
        """The symbol of a market, and the asset it settles in."""
        terms = self._state[Entity("parameters", name)]
        return str(terms["symbol"]), f"asset {terms['settlement']}"

    def money(self, name: str, amount: int) -> Decimal:
        return _scaled(amount, self._state[Entity("parameters", name)]["decimals"])

    def size(self, name: str, lots: int) -> Decimal:
        return _scaled(lots * self._state[Entity("parameters", name)]["lot_size_e12"], 12).normalize() + 0


def _scaled(amount: int, decimals: int) -> Decimal:
    return Decimal(amount).scaleb(-decimals)


def _cash(names: _Names, who: str, fields: dict[str, Any]) -> dict[Holding, Decimal]:
    found = {}
    for field, value in fields.items():
        if field.startswith("balances[asset ") and field.endswith("].cash"):
            asset = field[len("balances[") : -len("].cash")]
            found[Holding(who, "cash", names.asset(asset))] = names.money(asset, value)
    return found


def _positions(names: _Names, who: str, fields: dict[str, Any]) -> dict[Holding, Decimal]:
    """Lots and what they cost, and the margin of isolated ones."""
    found = {}
    for field, value in fields.items():
        label, _, rest = field.partition("].")
        market = label.partition("[")[2]
        symbol, settlement = names.market(market)
        if rest == "lots":
            found[Holding(who, "position", symbol)] = names.size(market, value)
        elif rest == "cost":
            found[Holding(who, "cost of position", symbol)] = names.money(settlement, value)
        elif rest == "margin" and value:
            found[Holding(who, "isolated margin", symbol)] = names.money(settlement, value)
    return found
