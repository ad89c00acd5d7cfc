"""Layering: large orders that go away soon after fills on the other side."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossbook.commands import Amend, MassCancel, OrderKind, Place, Side, TimeInForce
from tests.policies.stage import BTC
from tests.policies.surveillance.floor import ANN, BEN, Floor


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    return Floor(tmp_path / "venue")


def play(
    floor: Floor, begin: float, *, lots: int = 180, price: int = 119_900, leave: float = 1, fill: int = 10
) -> None:
    """Ann bids in three layers, sells some lots to Ben, and takes the bids out."""
    bids = floor.rest(begin, ANN, Side.BUY, price, lots // 3, 3)
    floor.rest(begin + 0.1, ANN, Side.SELL, 120_000, fill)
    floor.at(begin + 0.2, Place(BEN, BTC, Side.BUY, OrderKind.MARKET, 0, fill, TimeInForce.IOC))
    floor.cancel(begin + 0.2 + leave, ANN, bids)


def test_three_times_in_a_window_is_a_finding(floor: Floor) -> None:
    for begin in (10, 20, 30):
        assert floor.findings() == []
        play(floor, begin)
    (found,) = floor.findings()
    assert (found.kind, found.accounts, found.market, found.measure, found.threshold) == ("layering", (ANN,), BTC, 3, 3)
    assert found.values == {"withdrawn": 540, "filled": 30}
    assert len(found.evidence) == 6


def test_a_mass_cancel_and_an_amendment_take_layers_out_as_well(floor: Floor) -> None:
    for begin in (10, 20, 30):
        (bid,) = floor.rest(begin, ANN, Side.BUY, 119_900, 200)
        floor.rest(begin + 0.1, ANN, Side.SELL, 120_000, 10)
        floor.at(begin + 0.2, Place(BEN, BTC, Side.BUY, OrderKind.MARKET, 0, 10, TimeInForce.IOC))
        floor.at(begin + 1, Amend(ANN, bid, 0, 0, 20) if begin > 10 else MassCancel(ANN))
        floor.at(begin + 9, MassCancel(ANN))
    assert [found.kind for found in floor.findings()] == ["layering"]


def test_it_is_told_once_a_window(floor: Floor) -> None:
    for begin in range(10, 70, 10):
        play(floor, begin)
    assert len(floor.findings()) == 1


# --- near misses -----------------------------------------------------------------------------------------------------


def nothing(floor: Floor) -> None:
    floor.advance(200)
    assert floor.findings() == []


def test_twice(floor: Floor) -> None:
    play(floor, 10)
    play(floor, 20)
    nothing(floor)


def test_layers_of_less_than_ten_times_the_fill(floor: Floor) -> None:
    for begin in (10, 20, 30):
        play(floor, begin, lots=180, fill=19)
    nothing(floor)
    for begin in (410, 420, 430):
        play(floor, begin, lots=180, fill=18)
    assert [found.values for found in floor.findings()] == [{"withdrawn": 540, "filled": 54}]


def test_small_layers(floor: Floor) -> None:
    for begin in (10, 20, 30):
        play(floor, begin, lots=165)  # worth 9,900 USDC
    nothing(floor)


def test_layers_that_stay_for_a_while(floor: Floor) -> None:
    for begin in (10, 20, 30):
        play(floor, begin, leave=5.1)
    nothing(floor)


def test_bids_at_the_price_of_the_fill(floor: Floor) -> None:
    for begin in (10, 20, 30):
        play(floor, begin, price=119_989)
    nothing(floor)


def test_a_maker_that_moves_its_bids(floor: Floor) -> None:
    """Everything is cancelled after each fill, and as much placed a few ticks away in the same instant."""
    bids = floor.rest(9, ANN, Side.BUY, 119_900, 20, 9)
    for begin in (10, 20, 30, 40):
        floor.rest(begin + 0.1, ANN, Side.SELL, 120_000, 10)
        floor.at(begin + 0.2, Place(BEN, BTC, Side.BUY, OrderKind.MARKET, 0, 10, TimeInForce.IOC))
        moved = [Place(ANN, BTC, Side.BUY, OrderKind.LIMIT, 119_900 - int(begin), 20) for _ in range(9)]
        receipt = floor.at(begin + 1, MassCancel(ANN), *moved)
        assert len(bids) == sum(hasattr(event, "side") for event in receipt.events)
    nothing(floor)


def test_a_maker_that_quotes_both_sides_alike(floor: Floor) -> None:
    for begin in (10, 20, 30):
        floor.rest(begin, ANN, Side.BUY, 119_900, 20, 9)
        floor.rest(begin + 0.1, ANN, Side.SELL, 120_000, 20, 9)
        floor.at(begin + 0.2, Place(BEN, BTC, Side.BUY, OrderKind.MARKET, 0, 10, TimeInForce.IOC))
        floor.at(begin + 1, MassCancel(ANN))
    nothing(floor)


def test_layers_that_were_traded_with(floor: Floor) -> None:
    for begin in (10, 20, 30):
        floor.rest(begin, ANN, Side.BUY, 119_900, 20, 9)
        floor.rest(begin + 0.1, ANN, Side.SELL, 120_000, 10)
        floor.at(begin + 0.2, Place(BEN, BTC, Side.BUY, OrderKind.MARKET, 0, 10, TimeInForce.IOC))
        floor.at(begin + 0.3, Place(BEN, BTC, Side.SELL, OrderKind.LIMIT, 119_900, 180, TimeInForce.IOC))
    nothing(floor)
