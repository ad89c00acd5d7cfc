"""The events of `docs/rules_oracle.md`: observations, accepted prices, agents, notes."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

from crossbook.commands.base import Grade, Origin


class Observed(Struct, frozen=True, gc=False, array_like=True, tag=68):
    """A source of a feed said this, in the feed's own unit."""

    seq: int
    feed: int
    source: int
    price: int
    confidence: int
    observed_at: int


class OracleSet(Struct, frozen=True, gc=False, array_like=True, tag=69):
    """An outside price was accepted for a market; `previous` is 0 before the first."""

    seq: int
    market: int
    price: int
    confidence: int
    grade: Grade
    observed_at: int
    previous: int
    previous_grade: Grade


class GradesSet(Struct, frozen=True, gc=False, array_like=True, tag=70):
    """A market's oracle must be at least this good, by action."""

    seq: int
    market: int
    margin: Grade
    liquidation: Grade
    funding: Grade


class AgentSet(Struct, frozen=True, gc=False, array_like=True, tag=71):
    """An author may act for an account as a policy, or no longer."""

    seq: int
    account: int
    author: int
    granted: bool


class Noted(Struct, frozen=True, gc=False, array_like=True, tag=72):
    """Words are on record, with who said them."""

    seq: int
    account: int
    origin: Origin
    author: int
    topic: str
    body: str


OracleEvent: TypeAlias = Observed | OracleSet | GradesSet | AgentSet | Noted
"""Any event of `docs/rules_oracle.md`."""

TYPES: Final[tuple[type[OracleEvent], ...]] = (Observed, OracleSet, GradesSet, AgentSet, Noted)
"""These event types in the order of their tags."""
