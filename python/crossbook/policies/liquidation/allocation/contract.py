"""Who closes against a failing position: a rule of one method, and how rules are found by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from crossbook.commands import Allocation
from crossbook.policies.view import PolicyView
from crossbook.rows import HolderRow

GROUP: Final = "crossbook.allocations"
"""The entry-point group in which another package names its rules."""

BUILT_IN: Final[Mapping[str, str]] = MappingProxyType(
    {"queue": "queue:Queue", "pro_rata": "pro_rata:ProRata", "water_filling": "water_filling:WaterFilling"}
)
"""The rules of this package: name to `module:class` below `crossbook.policies.liquidation.allocation`."""


class Claim(Struct, frozen=True):
    """What must go: lots of a market, long positive, at a mark in ticks of `tick_value` minor units per lot."""

    market: int
    lots: int
    mark: int
    tick_value: int


class Allocator(Protocol):
    """An allocation rule. It is a frozen msgspec struct: its fields are its configuration."""

    def allocate(self, claim: Claim, candidates: Sequence[HolderRow], view: PolicyView) -> list[Allocation]:
        """Who closes how many lots, in order: each at most what he has, together at most what is claimed.

        `candidates` hold the other side of the market, by account; nobody else may be named. The answer depends on the
        arguments alone, and ties go to the lower account id.
        """
        ...


def allocator(source: str | Mapping[str, Any]) -> Allocator:
    """The rule of a name, or of a table with `rule` (the name) and its configuration. Raises ValueError."""
    table = {"rule": source} if isinstance(source, str) else dict(source)
    return _allocator(msgspec.json.encode(table, order="sorted"))


@lru_cache(maxsize=64)
def _allocator(encoded: bytes) -> Allocator:
    table = msgspec.json.decode(encoded)
    name = str(table.pop("rule", ""))
    rule: Allocator = msgspec.convert(table, _found(name))
    return rule


def _found(name: str) -> Any:
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        return getattr(import_module(f"{__package__}.{module}"), attribute)
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point.load()
    raise ValueError(f"there is no allocation rule {name!r}; known are: {', '.join(names())}")


def names() -> list[str]:
    """Every rule that can be named, those of other packages included, in order."""
    return sorted({*BUILT_IN, *(point.name for point in entry_points(group=GROUP))})
