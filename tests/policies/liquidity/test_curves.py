"""The curves, number by number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crossbook.commands import Grade
from crossbook.policies.liquidity.curves import ConstantProduct, Linear, Scene


def scene(*, inventory: int = 0, grade: Grade = Grade.GOOD, volatility_rate: int = 0) -> Scene:
    """A reference of 120,000 ticks and a limit of 100 lots."""
    return Scene(120_000, grade, volatility_rate, inventory, 100)


def prices(levels: list[tuple[int, int]]) -> list[int]:
    return [price for price, _lots in levels]


def test_linear_levels_stand_at_equal_distances() -> None:
    bids, asks = Linear().levels(scene())
    assert bids == [(119_940, 10), (119_880, 10), (119_820, 10)]
    assert asks == [(120_060, 10), (120_120, 10), (120_180, 10)]


def test_the_spread_widens_with_volatility_and_with_a_worse_grade() -> None:
    calm = Linear(level_count=1)
    assert calm.levels(scene(volatility_rate=1_000_000)) == ([(119_820, 10)], [(120_180, 10)])
    assert calm.levels(scene(grade=Grade.THIN)) == ([(119_820, 10)], [(120_180, 10)])
    half = Linear(level_count=1, widening_rate=500_000_000)
    assert half.levels(scene(volatility_rate=1_000_000)) == ([(119_880, 10)], [(120_120, 10)])


def test_the_centre_leans_against_the_inventory_and_no_further_than_its_limit() -> None:
    leaning = Linear(level_count=1)
    assert leaning.levels(scene(inventory=50)) == ([(119_910, 10)], [(120_030, 10)])
    assert leaning.levels(scene(inventory=-50)) == ([(119_970, 10)], [(120_090, 10)])
    assert leaning.levels(scene(inventory=100)) == ([(119_880, 10)], [(120_000, 10)])
    assert leaning.levels(scene(inventory=1_000)) == leaning.levels(scene(inventory=100))


def test_constant_product_levels_are_what_the_pool_would_trade_at() -> None:
    free = ConstantProduct(level_count=2, lots=100, reserve_lots=10_000, fee_rate=0)
    # k / (10,000 · 10,100) = 118,811.88…, k / (10,100 · 10,200) = 116,482.23…
    # k / (10,000 · 9,900) = 121,212.12…, k / (9,900 · 9,800) = 123,685.83…
    assert free.levels(scene()) == ([(118_811, 100), (116_482, 100)], [(121_213, 100), (123_686, 100)])
    charging = ConstantProduct(level_count=1, lots=100, reserve_lots=10_000, fee_rate=1_000_000)
    assert charging.levels(scene()) == ([(118_693, 100)], [(121_334, 100)])


def test_what_the_pool_holds_moves_its_price() -> None:
    free = ConstantProduct(level_count=1, lots=100, reserve_lots=10_000, fee_rate=0)
    assert free.levels(scene(inventory=100)) == ([(116_482, 100)], [(118_812, 100)])
    assert free.levels(scene(inventory=-9_900)) == ([(600_000_000, 100)], [])
    assert free.levels(scene(inventory=-10_000))[1] == []


@given(inventory=st.integers(-9_000, 9_000), lots=st.integers(1, 500), reference=st.integers(1, 10**7))
def test_a_round_trip_through_the_pool_never_costs_it_anything(inventory: int, lots: int, reference: int) -> None:
    curve = ConstantProduct(level_count=1, lots=lots, reserve_lots=10_000, fee_rate=0)
    bids, asks = curve.levels(Scene(reference, Grade.GOOD, 0, inventory, 10_000))
    for (ask, _lots), after in zip(asks, [inventory - lots], strict=True):
        (back, _), *_ = curve.levels(Scene(reference, Grade.GOOD, 0, after, 10_000))[0]
        assert back <= ask
    assert prices(bids) < prices(asks)
