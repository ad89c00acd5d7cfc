"""The kernel's formulas as functions: what a policy works out beforehand is what the kernel does."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flow.scene import PERCENT, Scene, flat, liquidation

from crossbook import formulas
from crossbook.commands import RATE_ONE, Allocation, Deleverage, Liquidate, SetMark, SetScaling
from crossbook.events import LiquidationStarted, PositionMoved

LONG = formulas.Target(
    lots=10,
    cost=1_200,
    mark=100,
    price_max=1_000,
    tick_value=1,
    standard=100,
    standard_sum=100,
    equity=40,
    maintenance=100,
)
"""Ten at 100, bought at 120; maintenance of a tenth, of which two fifths are there."""

HUGE = formulas.Target(2**62, 0, 2**62, 2**62, 2**62, 1, 1, 1, 1)


def in_need(path: Path) -> tuple[Scene, int]:
    """A venue on which account 2 is `LONG`."""
    scene = Scene(path)
    scene.market(120, flat(10 * PERCENT, 10 * PERCENT), price_max=1_000)
    account = scene.account(LONG.equity + 200)
    scene.trade(account, LONG.lots, 120)
    scene.do(SetMark(1, LONG.mark))
    assert (scene.equity(account), scene.maintenance(account)) == (LONG.equity, LONG.maintenance)
    return scene, account


def test_the_price_and_the_lots_of_a_reduction(tmp_path: Path) -> None:
    price = formulas.fillable_price(LONG, spread_rate=50 * PERCENT)
    lots = formulas.most_lots(LONG, recovered=100, fee_rate=2 * PERCENT, partial_rate=70 * PERCENT)
    assert (price, lots) == (97, 7)
    scene, account = in_need(tmp_path)
    with scene:
        scene.do(liquidation(spread_rate=50 * PERCENT, fee_rate=2 * PERCENT, partial_rate=70 * PERCENT))
        (started,) = scene.do(Liquidate(account, 1, 0, 0)).all(LiquidationStarted)
        assert (started.price, started.lots) == (price, lots)


def test_what_a_deleveraged_position_goes_for(tmp_path: Path) -> None:
    value = formulas.bankruptcy_value(LONG, closing=5, freed=50)
    assert value == 500 - 20
    scene, account = in_need(tmp_path)
    with scene:
        scene.do(liquidation())
        (moved,) = scene.do(Deleverage(account, 1, 5, (Allocation(scene.house, 5),))).all(PositionMoved)
        assert moved.value == value


def test_rates_that_grow(tmp_path: Path) -> None:
    by_size = formulas.size_rate(base_rate=10 * PERCENT, size_rate=PERCENT, lots=400)
    by_interest = formulas.interest_rate(base_rate=10 * PERCENT, open_interest=400, lower=300, upper=500)
    assert (by_size, by_interest) == (28 * PERCENT, 55 * PERCENT)
    with Scene(tmp_path) as scene:
        scene.market(10, flat(10 * PERCENT, 5 * PERCENT))
        account = scene.account(4_000)
        scene.trade(account, 400, 10)
        scene.do(SetScaling(1, PERCENT, 0, 0))
        assert scene.requirement(account) == 4_000 * by_size // RATE_ONE
        scene.do(SetScaling(1, PERCENT, 300, 500))
        assert scene.requirement(account) == 4_000 * by_interest // RATE_ONE


def test_the_defaults_are_the_kernels(tmp_path: Path) -> None:
    """Before SetLiquidation a reduction may go all the way to the bankruptcy price, and take everything."""
    assert (formulas.fillable_price(LONG), formulas.most_lots(LONG, recovered=100)) == (96, 6)
    scene, account = in_need(tmp_path)
    with scene:
        (started,) = scene.do(Liquidate(account, 1, 0, 0)).all(LiquidationStarted)
        assert (started.price, started.lots) == (96, 6)


def test_numbers_that_no_market_has_are_refused() -> None:
    for wrong in (
        lambda: formulas.premium(impact_bid=1, impact_ask=2, oracle=0),
        lambda: formulas.funding_rate(1, epochs=0),
        lambda: formulas.funding_rate(1, band_rate=-1),
        lambda: formulas.shares(1, []),
        lambda: formulas.shares(1, [2, -1]),
        lambda: formulas.fillable_price(formulas.Target(0, 0, 1, 1, 1, 0, 0, 0, 0)),
        lambda: formulas.bankruptcy_value(
            formulas.Target(2**62, 0, 2**62, 2**62, 2**62, 1, 1, 1, 1), closing=1, freed=1
        ),
    ):
        with pytest.raises(ValueError, match=r"must be|not|no market"):
            wrong()
