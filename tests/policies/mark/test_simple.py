"""Marks of one price: what they follow, and that they move in the same bounded steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossbook.commands import Grade, Side
from crossbook.errors import InputError
from crossbook.events import MarkSet
from crossbook.policies import catalogue
from crossbook.policies.mark.simple import BookMark, OracleMark
from tests.policies.floor import ORACLE, Floor
from tests.policies.stage import BTC, ETH


def test_the_oracle_alone(tmp_path: Path) -> None:
    """It follows at once, in steps of 2 % a second, whatever the book says, and not where the oracle is volatile."""
    floor = Floor(tmp_path, {"mark": OracleMark()})
    floor.quotes(0.5, ORACLE + 1_000, ORACLE + 1_010)
    seq = floor.oracle(1, ORACLE + 300)
    assert floor.marks() == [ORACLE + 300]
    assert seq == floor.cause(floor.said(MarkSet)[-1].seq)
    assert floor.venue.policies.wake_ns is None, "it has arrived, so nobody need wake it"
    floor.oracle(2, ORACLE * 2, Grade.VOLATILE)
    floor.oracle(10, 114_000)
    floor.advance(20)
    assert floor.marks() == [120_300, 117_894, 115_537, 114_000]
    assert floor.venue.policies.wake_ns is None


def test_a_mark_on_its_way_is_not_forgotten_when_another_oracle_moves(tmp_path: Path) -> None:
    floor = Floor(tmp_path, {"mark": OracleMark()})
    floor.oracle(1.1, ORACLE * 97 // 100)
    floor.oracle(1.2, 60_010, market=ETH)
    floor.advance(5)
    assert (floor.marks(BTC), floor.marks(ETH)) == ([117_600, 116_400], [60_010])


def test_the_book_alone(tmp_path: Path) -> None:
    """The median of bid, ask and last at every multiple of 3 s; without a book it stays, whatever the oracle says."""
    floor = Floor(tmp_path, {"mark": BookMark()})
    floor.oracle(1, ORACLE + 5_000)
    floor.quotes(2, ORACLE + 20, ORACLE + 41)
    floor.advance(5)
    assert floor.marks() == [ORACLE + 31], "the middle, halves up"
    floor.order(6, Side.BUY, ORACLE + 41, taking=True)
    floor.advance(8)
    assert floor.marks() == [ORACLE + 31, ORACLE + 41], "the last trade is between the two"
    floor.withdraw_quotes(9)
    floor.advance(60)
    assert floor.marks() == [ORACLE + 31, ORACLE + 41]


def test_a_wild_book_snaps_the_book_mark_by_a_step_at_a_time(tmp_path: Path) -> None:
    """Which is what the median mark is for."""
    floor = Floor(tmp_path, {"mark": BookMark()})
    floor.order(1.5, Side.SELL, ORACLE + 6_000)
    floor.order(1.6, Side.BUY, ORACLE + 6_000, taking=True)
    floor.order(1.7, Side.BUY, ORACLE + 6_000, taking=True)
    floor.advance(13)
    assert floor.marks() == [122_400, 124_848, 126_000]


@pytest.mark.parametrize("name", ["oracle", "book"])
def test_what_they_cannot_be_configured_as(name: str) -> None:
    with pytest.raises(InputError) as refused:
        catalogue.build("mark", {"policy": name, "interval_ms": 0})
    assert refused.value.code == "policy_config"
