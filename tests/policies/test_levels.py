"""What a book is worth: impact prices rounded against whoever trades, and the price of the best levels."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossbook.commands import Side
from crossbook.policies.levels import book_price, impact_price

ASKS = [(100, 5, 1), (102, 5, 2), (110, 100, 1)]
BIDS = [(99, 5, 1), (97, 5, 2), (90, 100, 1)]


def test_a_notional_within_the_best_level_trades_at_its_price() -> None:
    assert (impact_price(ASKS, 500, Side.BUY, 1), impact_price(BIDS, 495, Side.SELL, 1)) == (100, 99)


def test_the_last_level_counts_for_the_part_that_is_needed() -> None:
    # 10 lots for 1,010, and 990 more at 110 are 9 lots: 2,000 / 19 = 105.26.
    assert impact_price(ASKS, 2_000, Side.BUY, 1) == 106, "who buys pays the fraction"
    # 10 lots for 980, and 900 more at 90 are 10 lots: 1,880 / 20 = 94.
    assert impact_price(BIDS, 1_880, Side.SELL, 1) == 94
    assert impact_price(BIDS, 1_881, Side.SELL, 1) == 93, "who sells does not get the fraction"


def test_a_book_that_holds_too_little_has_no_impact_price() -> None:
    assert impact_price(ASKS[:2], 1_010, Side.BUY, 1) == 101, "to the last lot"
    assert impact_price(ASKS[:2], 1_011, Side.BUY, 1) is None
    assert impact_price([], 1, Side.SELL, 1) is None


def test_the_value_of_a_tick_scales_the_notional() -> None:
    assert impact_price(ASKS, 500 * 2_000, Side.BUY, 500) == impact_price(ASKS, 2_000, Side.BUY, 1) == 106


LEVELS = st.lists(st.tuples(st.integers(1, 10**4), st.integers(1, 10**3), st.just(1)), min_size=1, max_size=6)


@given(LEVELS, st.integers(1, 10**8), st.integers(1, 50))
def test_it_is_the_exact_average_rounded_against_the_trader(
    levels: list[tuple[int, int, int]], notional: int, tick_value: int
) -> None:
    remaining, lots = Fraction(notional), Fraction(0)
    for price, available, _orders in levels:
        part = min(Fraction(available), remaining / (price * tick_value))
        lots, remaining = lots + part, remaining - part * price * tick_value
    bought, sold = (impact_price(levels, notional, side, tick_value) for side in (Side.BUY, Side.SELL))
    if remaining:
        assert bought is sold is None
        return
    exact = Fraction(notional) / (lots * tick_value)
    assert bought is not None
    assert sold is not None
    assert 0 <= bought - exact < 1
    assert 0 <= exact - sold < 1


@pytest.mark.parametrize(
    ("bids", "asks", "last", "price"),
    [
        (BIDS, ASKS, 99, 99),
        (BIDS, ASKS, 5_000, 100),
        (BIDS, ASKS, 1, 99),
        (BIDS, ASKS, 0, 100),  # the middle of 99 and 100, halves up
        (BIDS, [], 120, 120),  # an ask that is not there is above everything
        (BIDS, [], 80, 99),
        ([], ASKS, 80, 80),
        ([], ASKS, 120, 100),
        (BIDS, [], 0, None),
        ([], [], 100, None),
        ([(105, 1, 1)], [(95, 1, 1)], 100, 100),  # crossed, as in an auction
    ],
)
def test_the_price_of_a_book(
    bids: list[tuple[int, int, int]], asks: list[tuple[int, int, int]], last: int, price: int | None
) -> None:
    assert price == book_price(bids, asks, last)
