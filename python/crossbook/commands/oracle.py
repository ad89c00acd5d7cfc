"""The commands of `docs/rules_oracle.md`: observations, accepted prices, agents, notes."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

from crossbook.commands.base import I64, U16, U32, U64, Grade, Origin, Text


class Observe(Struct, frozen=True, gc=False, array_like=True, tag=64):
    """Record what a source of a feed said, in the feed's own unit. Oracle or operator.

    It changes nothing; any value is recorded. `observed_at` is by the source's clock, ns since the epoch.
    """

    feed: U16
    source: U16
    price: I64
    confidence: I64
    observed_at: U64


class SetOracle(Struct, frozen=True, gc=False, array_like=True, tag=65):
    """Set the outside price that was accepted for a market. Oracle, policy or operator.

    `price` and `confidence` (how far off it may be) are in ticks, `observed_at` in ns since the epoch.
    """

    market: U16
    price: I64
    confidence: I64
    grade: Grade
    observed_at: U64


class SetGrades(Struct, frozen=True, gc=False, array_like=True, tag=66):
    """Set how good a market's oracle must be for new exposure, the waterfall and funding. Operator or policy."""

    market: U16
    margin: Grade
    liquidation: Grade
    funding: Grade


class SetAgent(Struct, frozen=True, gc=False, array_like=True, tag=67):
    """Let an author act for an account as a policy, or end that. Client or operator."""

    account: U32
    author: U16
    granted: bool


class Note(Struct, frozen=True, gc=False, array_like=True, tag=68):
    """Put words on record: a topic of at most 64 bytes, a body of at most 16,384. Anyone.

    `account` 0 is nobody's; a client's note has one.
    """

    account: U32
    topic: str
    body: Text


OracleCommand: TypeAlias = Observe | SetOracle | SetGrades | SetAgent | Note
"""Any command of `docs/rules_oracle.md`."""

_CLIENT, _ORACLE, _POLICY, _OPERATOR = Origin

ORIGINS: Final[tuple[tuple[type[OracleCommand], tuple[Origin, ...]], ...]] = (
    (Observe, (_ORACLE, _OPERATOR)),
    (SetOracle, (_ORACLE, _POLICY, _OPERATOR)),
    (SetGrades, (_POLICY, _OPERATOR)),
    (SetAgent, (_CLIENT, _OPERATOR)),
    (Note, (_CLIENT, _ORACLE, _POLICY, _OPERATOR)),
)
"""The origins that may issue each of these commands, least privileged first, in the order of their tags."""
