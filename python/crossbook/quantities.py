"""Exact conversion at the edge: `Decimal | int | str` to ticks, lots, minor units and rates, and back.

Nothing is ever rounded on the way in: a price between two ticks, a size between two lots, an amount finer than the
asset's minor unit are errors that name the nearest values that would do. A float is refused, because the number it
shows is not the number it holds.
"""

from __future__ import annotations

from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow, Rounded
from typing import Final, TypeAlias

from msgspec import Struct

from crossbook.commands import RATE_ONE
from crossbook.errors import InputError

Number: TypeAlias = Decimal | int | str
"""What may be given where a price, a size or an amount is expected: whole units, never ticks or lots."""

I64_MAX: Final = 2**63 - 1
E12: Final = 12
"""Tick and lot sizes are journaled times 10^12."""

_DIGITS_MAX: Final = 60
_EXACT: Final = Context(prec=120, traps=[Inexact, Rounded, InvalidOperation, Overflow])


class AssetUnit(Struct, frozen=True):
    """What converts amounts of one asset: its minor unit is 10^-decimals."""

    asset: int
    symbol: str
    decimals: int

    def to_minor(self, amount: Number, *, field: str = "amount") -> int:
        """The amount in minor units. Raises InputError: `amount_too_fine`, `not_positive`, and those of `exact`."""
        value = positive(exact(amount, field=field), field=field)
        return _in_units(value, 1, self.decimals, field, _Misfit("amount_too_fine", f"minor unit of {self.symbol}"))

    def to_decimal(self, minor: int) -> Decimal:
        """Minor units as an exact Decimal in whole units."""
        return scaled(minor, self.decimals)


class MarketUnit(Struct, frozen=True):
    """What converts prices and sizes of one market; `tick_value` is the minor units of one tick of one lot."""

    market: int
    symbol: str
    settlement: AssetUnit
    tick_size_e12: int
    lot_size_e12: int
    tick_value: int
    price_max: int
    position_max: int

    @property
    def tick_size(self) -> Decimal:
        """The price of one tick, in whole units of the settlement asset per unit of the underlying."""
        return scaled(self.tick_size_e12, E12)

    @property
    def lot_size(self) -> Decimal:
        """The size of one lot, in whole units of the underlying."""
        return scaled(self.lot_size_e12, E12)

    def to_ticks(self, price: Number, *, field: str = "price") -> int:
        """The price in ticks. Raises InputError: `price_off_tick`, `not_positive`, and those of `exact`."""
        value = positive(exact(price, field=field), field=field)
        misfit = _Misfit("price_off_tick", f"tick of {self.symbol}")
        return _in_units(value, self.tick_size_e12, E12, field, misfit)

    def to_lots(self, size: Number, *, field: str = "size") -> int:
        """The size in lots. Raises InputError: `size_off_lot`, `not_positive`, and those of `exact`."""
        value = positive(exact(size, field=field), field=field)
        return _in_units(value, self.lot_size_e12, E12, field, _Misfit("size_off_lot", f"lot of {self.symbol}"))

    def price(self, ticks: int) -> Decimal:
        """Ticks as an exact price."""
        return scaled(ticks * self.tick_size_e12, E12)

    def size(self, lots: int) -> Decimal:
        """Lots as an exact size; a short position is negative."""
        return scaled(lots * self.lot_size_e12, E12)

    def money(self, minor: int) -> Decimal:
        """Minor units of the settlement asset as an exact amount."""
        return self.settlement.to_decimal(minor)


class _Misfit(Struct, frozen=True):
    """What to say when a value is not a whole number of units."""

    code: str
    unit: str


def exact(value: Number, *, field: str) -> Decimal:
    """A number as given, as a Decimal.

    Raises:
        InputError: `float_refused`, `number_type`, `not_a_number`, or `overflow` beyond 60 digits.
    """
    if isinstance(value, float):
        raise InputError(
            f"{field} is the float {value!r}",
            code="float_refused",
            values={"field": field, "value": value},
            hint=f'a float is not exact; pass the string "{value!r}" or a Decimal',
        )
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        raise InputError(
            f"{field} is of type {type(value).__name__}",
            code="number_type",
            values={"field": field, "value": value},
            hint="pass a Decimal, an int or a string such as '64000.5'",
        )
    try:
        number = Decimal(value)
    except DecimalException:
        number = Decimal("NaN")
    if not number.is_finite():
        raise InputError(
            f"{field} is not a number: {value!r}",
            code="not_a_number",
            values={"field": field, "value": value},
            hint="pass a plain decimal number such as '64000.5'",
        )
    if abs(number.adjusted()) > _DIGITS_MAX or len(number.as_tuple().digits) > _DIGITS_MAX:
        raise _overflow(field, value)
    return number


def positive(number: Decimal, *, field: str) -> Decimal:
    """The number itself, if it is above zero. Raises InputError `not_positive`."""
    if number <= 0:
        raise InputError(
            f"{field} must be positive, not {number}",
            code="not_positive",
            values={"field": field, "value": str(number)},
            hint="the direction is in the side or in the name of the command, never in the sign",
        )
    return number


def to_rate(rate: Number, *, field: str = "rate") -> int:
    """A rate such as `"0.0005"` in parts per 10^9; may be negative.

    Raises:
        InputError: `rate_too_fine` for more than nine decimals, and those of `exact`.
    """
    return _in_units(exact(rate, field=field), 1, 9, field, _Misfit("rate_too_fine", "rate, parts per 10^9"))


def to_units(value: Number, decimals: int, *, field: str, code: str, unit: str) -> int:
    """A number that is not negative in units of 10^-decimals; `code` and `unit` are what the error says if it is finer.

    Raises:
        InputError: `code`, `not_positive`, and those of `exact`.
    """
    number = exact(value, field=field)
    return _in_units(positive(number, field=field), 1, decimals, field, _Misfit(code, unit)) if number else 0


def to_feed_units(price: Number, decimals: int, *, field: str) -> int:
    """What a source says, in units of 10^-decimals; zero and below are what it may say as well.

    Raises:
        InputError: `price_too_fine`, and those of `exact`.
    """
    return _in_units(exact(price, field=field), 1, decimals, field, _Misfit("price_too_fine", "unit of the feed"))


def from_rate(rate: int) -> Decimal:
    """Parts per 10^9 as an exact Decimal."""
    return scaled(rate, len(str(RATE_ONE)) - 1)


def to_e12(size: Number, *, field: str) -> int:
    """A tick or lot size times 10^12. Raises InputError: `size_too_fine`, `not_positive`, and those of `exact`."""
    value = positive(exact(size, field=field), field=field)
    return _in_units(value, 1, E12, field, _Misfit("size_too_fine", "unit of 10^-12"))


def scaled(units: int, decimals: int) -> Decimal:
    """`units * 10^-decimals` as an exact Decimal without trailing zeros after the point."""
    while decimals > 0 and units % 10 == 0:
        units //= 10
        decimals -= 1
    return Decimal(f"{units}E{-decimals}")


def _in_units(value: Decimal, unit: int, decimals: int, field: str, misfit: _Misfit) -> int:
    """How many units of `unit * 10^-decimals` the value is, exactly."""
    numerator = _EXACT.scaleb(value, decimals)
    whole = numerator.to_integral_value()
    units, rest = divmod(int(whole), unit)
    if rest or whole != numerator:
        raise _misfit_error(numerator, unit, decimals, field, misfit)
    if abs(units) > I64_MAX:
        raise _overflow(field, value)
    return units


def _misfit_error(numerator: Decimal, unit: int, decimals: int, field: str, misfit: _Misfit) -> InputError:
    below = int(numerator.to_integral_value(rounding="ROUND_FLOOR")) // unit * unit
    size, low, high = (scaled(units, decimals) for units in (unit, below, below + unit))
    value = scaled_text(numerator, decimals)
    return InputError(
        f"{field} {value} is not a whole number of units of {size:f} ({misfit.unit})",
        code=misfit.code,
        values={"field": field, "value": value, "unit": str(size), "below": str(low), "above": str(high)},
        hint=f"the nearest that fit are {low:f} and {high:f}; nothing is rounded for you",
    )


def scaled_text(numerator: Decimal, decimals: int) -> str:
    """The value a numerator stands for, in plain digits."""
    return format(_EXACT.scaleb(numerator, -decimals), "f")


def _overflow(field: str, value: object) -> InputError:
    return InputError(
        f"{field} is beyond 63 bits: {value}",
        code="overflow",
        values={"field": field, "value": str(value)},
        hint="check the units: whole units are expected here, not ticks, lots or minor units",
    )
