"""What builders share: where a command goes, and exact conversion of amounts that may be 0 or negative."""

from __future__ import annotations

from typing import Generic, TypedDict, TypeVar

from crossbook.commands import Command, Origin
from crossbook.quantities import AssetUnit, MarketUnit, Number, exact
from crossbook.state import StateView

R = TypeVar("R")
"""What becomes of a built command: the receipt of its submission, or an envelope."""


class ProvenanceKeywords(TypedDict, total=False):
    """The keywords that say where a command comes from; see `Venue.submit`."""

    origin: Origin | None
    author: int
    cause: int
    nonce: int
    time_ns: int | None


class Builder(StateView, Generic[R]):
    """Views, which know the units, and a place where built commands go."""

    def _submit_one(self, command: Command, provenance: ProvenanceKeywords) -> R:
        raise NotImplementedError


def minor_or_zero(unit: AssetUnit, amount: Number, *, field: str = "amount") -> int:
    """An amount in minor units that may be 0. Raises InputError, as `AssetUnit.to_minor` does."""
    return unit.to_minor(amount, field=field) if exact(amount, field=field) else 0


def signed_minor(unit: AssetUnit, amount: Number, *, field: str = "amount") -> int:
    """An amount in minor units with its sign. Raises InputError, as `AssetUnit.to_minor` does."""
    value = exact(amount, field=field)
    return -minor_or_zero(unit, -value, field=field) if value < 0 else minor_or_zero(unit, value, field=field)


def lots_or_zero(unit: MarketUnit, size: Number, *, field: str = "size") -> int:
    """A size in lots that may be 0. Raises InputError, as `MarketUnit.to_lots` does."""
    return unit.to_lots(size, field=field) if exact(size, field=field) else 0


def ticks_or_zero(unit: MarketUnit, price: Number | None, *, field: str = "price") -> int:
    """A price in ticks, 0 for None. Raises InputError, as `MarketUnit.to_ticks` does."""
    return 0 if price is None else unit.to_ticks(price, field=field)


def signed_ticks(unit: MarketUnit, move: Number, *, field: str) -> int:
    """A move of a price in ticks with its sign. Raises InputError, as `MarketUnit.to_ticks` does."""
    value = exact(move, field=field)
    if not value:
        return 0
    return -unit.to_ticks(-value, field=field) if value < 0 else unit.to_ticks(value, field=field)
