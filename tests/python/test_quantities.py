"""Quantities: nothing is rounded on the way in, and every way not to fit has its own error."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossbook.errors import InputError
from crossbook.quantities import AssetUnit, MarketUnit, from_rate, scaled, to_e12, to_rate

USDC = AssetUnit(1, "USDC", 6)
BTC = MarketUnit(
    market=1,
    symbol="BTC-PERP",
    settlement=USDC,
    tick_size_e12=500_000_000_000,
    lot_size_e12=1_000_000_000,
    tick_value=500,
    price_max=2_000_000,
    position_max=10**6,
)


@pytest.mark.parametrize("price", ["64000.5", Decimal("64000.5"), "64000.50", "6.40005e4", " 64000.5 "])
def test_one_price_in_any_spelling_is_the_same_number_of_ticks(price: str | Decimal) -> None:
    assert BTC.to_ticks(price) == 128_001


def test_whole_units_are_expected_never_ticks() -> None:
    assert BTC.to_ticks(64_000) == 128_000
    assert BTC.to_lots(1) == 1_000
    assert USDC.to_minor(1) == 1_000_000
    assert to_rate("-0.0001") == -100_000
    assert to_e12("0.5", field="tick_size") == 500_000_000_000


@pytest.mark.parametrize(
    ("convert", "given", "code", "values"),
    [
        (BTC.to_ticks, "64000.3", "price_off_tick", {"value": "64000.3", "below": "64000", "above": "64000.5"}),
        (BTC.to_lots, "0.0015", "size_off_lot", {"below": "0.001", "above": "0.002"}),
        (USDC.to_minor, "0.0000001", "amount_too_fine", {"unit": "0.000001"}),
        (to_rate, "0.0000000001", "rate_too_fine", {"field": "rate"}),
        (BTC.to_ticks, 64000.5, "float_refused", {"value": 64000.5}),
        (BTC.to_lots, -1, "not_positive", {"field": "size", "value": "-1"}),
        (BTC.to_lots, "0", "not_positive", {"value": "0"}),
        (BTC.to_lots, "1e17", "overflow", {"field": "size"}),
        (BTC.to_ticks, "1e999999999", "overflow", {"field": "price"}),
        (BTC.to_ticks, "9" * 70, "overflow", {"field": "price"}),
        (BTC.to_ticks, "sixty", "not_a_number", {"value": "sixty"}),
        (BTC.to_ticks, Decimal("NaN"), "not_a_number", {}),
        (BTC.to_ticks, "inf", "not_a_number", {}),
        (BTC.to_ticks, True, "number_type", {"value": True}),
        (BTC.to_ticks, None, "number_type", {"value": None}),
    ],
)
def test_what_does_not_fit_is_named(convert, given, code, values) -> None:
    with pytest.raises(InputError) as caught:
        convert(given)
    assert caught.value.code == code
    assert values.items() <= caught.value.values.items()
    assert caught.value.hint
    assert f"hint: {caught.value.hint}" in str(caught.value)


def test_the_float_hint_shows_what_to_write() -> None:
    with pytest.raises(InputError) as caught:
        BTC.to_ticks(0.1)
    assert '"0.1"' in caught.value.hint


@given(st.integers(1, 2**31 - 1), st.integers(1, 10**18))
def test_ticks_survive_the_round_trip(ticks: int, tick_size_e12: int) -> None:
    unit = MarketUnit(1, "X", USDC, tick_size_e12, 1, 1, 1, 1)
    assert unit.to_ticks(unit.price(ticks)) == ticks


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 18))
def test_money_is_shown_exactly_in_any_decimal_context(minor: int, decimals: int) -> None:
    with localcontext(prec=3):
        shown = AssetUnit(1, "X", decimals).to_decimal(minor)
    with localcontext(prec=60):
        assert shown * 10**decimals == minor


def test_decimals_are_plain() -> None:
    assert [str(scaled(value, 6)) for value in (0, 1, -1_500_000, 10_000_000)] == ["0", "0.000001", "-1.5", "10"]
    assert str(BTC.price(128_001)) == "64000.5"
    assert str(BTC.size(-50)) == "-0.05"
    assert str(from_rate(-100_000)) == "-0.0001"
    assert (str(BTC.tick_size), str(BTC.lot_size)) == ("0.5", "0.001")
