"""What is known of the oracle price of a market, and how good it has to be."""

from __future__ import annotations

from typing import NamedTuple


class Oracle(NamedTuple):
    """The price that was accepted last, in ticks, its grade, and when and by which command it came."""

    price: int = 0
    confidence: int = 0
    grade: int = 0
    observed_at: int = 0
    updated_at: int = 0
    seq: int = 0


class Grades(NamedTuple):
    """The least grade for each action; 0 permits everything."""

    margin: int = 0
    liquidation: int = 0
    funding: int = 0


NO_ORACLE = Oracle()
NO_GRADES = Grades()
