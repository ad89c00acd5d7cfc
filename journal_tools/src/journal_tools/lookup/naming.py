"""Which fields name accounts, orders and markets, by the vocabulary: places in a row, found once per tag."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from journal_tools.vocabulary import Shape, commands, events

_ACCOUNTS: Final = {"account", "source", "destination", "parent", "vault", "maker", "taker"}
_ORDERS: Final = {"order", "maker_order", "taker_order"}
_MARKETS: Final = {"market"}
_ACCOUNT_KIND, _ORDER_KIND, _MARKET_KIND, _ALLOCATIONS = "u32", "u64", "u16", "allocations"


class Places(NamedTuple):
    """The places of ids in a row `[tag, ...]`; `allocations` are places of lists of rows that begin with an account."""

    accounts: tuple[int, ...]
    orders: tuple[int, ...]
    markets: tuple[int, ...]
    allocations: tuple[int, ...]


NOWHERE: Final = Places((), (), (), ())


def _of(shape: Shape, first: int) -> Places:
    fields = list(enumerate(shape.fields, first))
    return Places(
        tuple(at for at, (name, kind) in fields if name in _ACCOUNTS and kind == _ACCOUNT_KIND),
        tuple(at for at, (name, kind) in fields if name in _ORDERS and kind == _ORDER_KIND),
        tuple(at for at, (name, kind) in fields if name in _MARKETS and kind == _MARKET_KIND),
        tuple(at for at, (_, kind) in fields if kind == _ALLOCATIONS),
    )


@cache
def command_places() -> dict[int, Places]:
    """By the tag of a command `[tag, ...fields]`."""
    return {tag: _of(shape, 1) for tag, shape in commands().items()}


@cache
def event_places() -> dict[int, Places]:
    """By the tag of an event `[tag, seq, ...fields]`."""
    return {tag: _of(shape, 2) for tag, shape in events().items()}


def accounts_in(row: Sequence[Any], places: dict[int, Places]) -> set[int]:
    """The accounts that a command or an event names; 0 is nobody."""
    where = places.get(row[0], NOWHERE)
    found = {row[at] for at in where.accounts}
    for at in where.allocations:
        found.update(allocation[0] for allocation in row[at])
    found.discard(0)
    return found
