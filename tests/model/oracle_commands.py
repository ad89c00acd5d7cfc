"""The vocabulary going in, of docs/rules_oracle.md: one NamedTuple per command, fields in the order of the page."""

from __future__ import annotations

from typing import NamedTuple

# The grade of an oracle price: the higher, the better.
NO_GRADE, VOLATILE, UNCERTAIN, STALE, THIN, AGEING, GOOD = range(7)


class Observe(NamedTuple):
    """Puts on record what a source said."""

    feed: int
    source: int
    price: int
    confidence: int
    observed_at: int


class SetOracle(NamedTuple):
    """Sets the oracle price that was accepted, in ticks, and how good it is."""

    market: int
    price: int
    confidence: int
    grade: int
    observed_at: int


class SetGrades(NamedTuple):
    """Sets the least grade of the oracle price at which each action is permitted."""

    market: int
    margin: int
    liquidation: int
    funding: int


class SetAgent(NamedTuple):
    """Lets an author that speaks as a policy act for an account, or no longer."""

    account: int
    author: int
    granted: bool


class Note(NamedTuple):
    """Puts words on record, of an account or (0) of nobody's."""

    account: int
    topic: str
    body: str


OracleCommand = Observe | SetOracle | SetGrades | SetAgent | Note

ORACLE_TAGS: dict[type, int] = {
    Observe: 64,
    SetOracle: 65,
    SetGrades: 66,
    SetAgent: 67,
    Note: 68,
}
