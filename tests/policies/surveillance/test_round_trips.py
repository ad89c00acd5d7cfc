"""Round trips: what goes in a ring and comes back at a price at which nobody gains."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policies.stage import BTC
from tests.policies.surveillance.floor import ANN, BEN, CLEO, DAN, EVE, SUB, Floor

USDC = 1_000_000


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    return Floor(tmp_path / "venue")


def test_two_that_trade_back_and_forth_are_found_at_the_end_of_the_half_window(floor: Floor) -> None:
    floor.trade(1, ANN, BEN, 1_000)
    floor.trade(2, BEN, ANN, 1_000)
    assert floor.findings() == []
    floor.advance(100)
    (found,) = floor.findings()
    assert (found.kind, found.accounts, found.market) == ("round_trip", (ANN, BEN), BTC)
    assert (found.measure, found.threshold) == (120_000 * USDC, 100_000 * USDC)
    assert (found.evidence, found.values) == ((found.first_seq, found.last_seq), {"lots": 1_000, "trades": 2})


def test_a_ring_of_three_is_found(floor: Floor) -> None:
    floor.trade(1, ANN, BEN, 1_000)
    floor.trade(2, BEN, CLEO, 1_000, 120_010)
    floor.trade(3, CLEO, ANN, 1_000, 119_995)
    floor.advance(100)
    assert [found.accounts for found in floor.findings()] == [(ANN, BEN, CLEO)]


def test_a_ring_of_four_is_found_in_whatever_order_it_was_closed(floor: Floor) -> None:
    floor.trade(1, DAN, ANN, 1_000)
    floor.trade(2, CLEO, DAN, 1_000)
    floor.trade(3, ANN, BEN, 1_000)
    floor.trade(4, BEN, CLEO, 1_000)
    floor.advance(100)
    assert [found.accounts for found in floor.findings()] == [(ANN, BEN, CLEO, DAN)]


def test_one_owner_on_both_sides_is_a_ring_of_one(floor: Floor) -> None:
    floor.trade(1, ANN, SUB, 2_000)
    floor.advance(100)
    assert [(found.accounts, found.measure) for found in floor.findings()] == [((ANN,), 120_000 * USDC)]


def test_halves_of_one_window_are_looked_at_together(floor: Floor) -> None:
    floor.trade(50, ANN, BEN, 1_000)
    floor.trade(150, BEN, ANN, 1_000)
    floor.advance(400)
    assert [found.accounts for found in floor.findings()] == [(ANN, BEN)]


def test_what_goes_on_is_told_once_a_window(floor: Floor) -> None:
    for second in range(0, 1_500, 50):
        floor.trade(second + 1, *((ANN, BEN) if second % 100 else (BEN, ANN)), 1_000)
    floor.advance(1_600)
    # Half windows end at 100, 400, 700, …; what was told at 100 is not told again before 700.
    assert len(floor.findings()) == 3


# --- near misses -----------------------------------------------------------------------------------------------------


def nothing(floor: Floor) -> None:
    floor.advance(1_000)
    assert floor.findings() == []


def test_too_little(floor: Floor) -> None:
    floor.trade(1, ANN, BEN, 833)
    floor.trade(2, BEN, ANN, 833)
    nothing(floor)


def test_a_sale_is_no_round_trip(floor: Floor) -> None:
    floor.trade(1, ANN, BEN, 2_000)
    nothing(floor)


def test_a_part_that_comes_back_is_none_either(floor: Floor) -> None:
    floor.trade(1, ANN, BEN, 1_000)
    floor.trade(2, BEN, ANN, 818)  # (1,000 − 818) is more than a tenth of 1,818
    nothing(floor)


def test_who_gains_by_it_trades(floor: Floor) -> None:
    floor.trade(1, ANN, BEN, 1_000)
    floor.trade(2, BEN, ANN, 1_000, 119_975)  # 25 ticks are more than 0.02 %
    nothing(floor)


def test_a_window_apart(floor: Floor) -> None:
    floor.trade(50, ANN, BEN, 1_000)
    floor.trade(450, BEN, ANN, 1_000)
    nothing(floor)


def test_who_meets_in_a_busy_market(floor: Floor) -> None:
    """Ann and Ben are back where they were, but Ann does most of her trading with others."""
    floor.trade(1, ANN, BEN, 1_000)
    floor.trade(2, BEN, ANN, 1_000)
    floor.trade(3, ANN, CLEO, 1_200)
    floor.trade(4, ANN, EVE, 1_200)
    nothing(floor)


def test_a_chain_that_does_not_close(floor: Floor) -> None:
    floor.trade(1, ANN, BEN, 2_000)
    floor.trade(2, BEN, CLEO, 2_000)
    nothing(floor)
