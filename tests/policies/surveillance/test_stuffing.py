"""Quote stuffing: very many messages in a second, from one who hardly trades."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossbook.commands import MassCancel, Side
from tests.policies.stage import BTC
from tests.policies.surveillance.floor import ANN, BEN, Floor


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    return Floor(tmp_path / "venue")


def stuff(floor: Floor, begin: float, count: int) -> None:
    """So many orders, and as many cancels, in the same second."""
    floor.cancel(begin + 0.1, ANN, floor.rest(begin, ANN, Side.BUY, 119_000, 1, count))


def test_a_hundred_messages_in_a_second_without_a_trade(floor: Floor) -> None:
    stuff(floor, 10, 50)
    (found,) = floor.findings()
    assert (found.kind, found.accounts, found.market) == ("quote_stuffing", (ANN,), BTC)
    assert (found.measure, found.threshold, found.values) == (100, 100, {"messages": 100, "trades": 0})
    assert len(found.evidence) == 16


def test_ninety_nine(floor: Floor) -> None:
    stuff(floor, 10, 49)
    floor.at(10.5, MassCancel(ANN, BTC))
    assert floor.findings() == []


def test_as_many_over_two_seconds(floor: Floor) -> None:
    stuff(floor, 10, 49)
    stuff(floor, 11, 49)
    assert floor.findings() == []


def test_as_many_from_one_who_trades(floor: Floor) -> None:
    """102 messages for two trades are within what a maker needs; for one they are not."""
    floor.trade(9, ANN, BEN, 1)
    floor.trade(9.1, ANN, BEN, 1)
    stuff(floor, 10, 50)
    assert floor.findings() == []
    floor.trade(401, ANN, BEN, 1)
    stuff(floor, 700, 50)
    assert [found.values for found in floor.findings()] == [{"messages": 101, "trades": 1}]
