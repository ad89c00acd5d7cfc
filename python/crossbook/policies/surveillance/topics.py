"""What surveillance says: the body of its note."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

FINDING: Final = "surveillance.finding"


class Finding(Struct, frozen=True):
    """Something that somebody should look at; it says what was measured, not what was meant.

    Attributes:
        kind: `"round_trip"`, `"layering"`, `"quote_stuffing"`, `"interest_share"`, `"volume_share"`, or `"overflow"`:
            more went on than the watch may remember, and some of it was not looked at.
        accounts: the masters it is about, in order.
        market: where, 0 for everywhere.
        measure: what was measured, in the unit of the threshold.
        threshold: from where on it is a finding.
        first_seq: the first command that counts.
        last_seq: the last one.
        evidence: seqs to begin with, at most 16.
        values: what else was measured, by name.
    """

    kind: str
    accounts: tuple[int, ...]
    market: int
    measure: int
    threshold: int
    first_seq: int
    last_seq: int
    evidence: tuple[int, ...]
    values: dict[str, int]
