"""What a preview shows: of each command events, fills and constraints; of the account its margin before and after.

A preview is the kernel's own answer on a scratch copy: nothing here executes or estimates anything.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from html import escape

from msgspec import Struct

from crossbook.commands import Command, Side
from crossbook.events import CancelReason, Event, Rejected
from crossbook.rejects import RejectCode
from crossbook.views.tables import cell, text_table
from crossbook.views.terms import Explanation, LiquidationPriceView


class ConstraintView(Struct, frozen=True):
    """One number an order was held against: `code` is the refusal if `value` is above `limit`.

    Values are in the unit of the check: sizes, money, a distance in price, a count of orders.
    """

    code: RejectCode
    value: Decimal
    limit: Decimal

    @property
    def holds(self) -> bool:
        """Whether the value is within the limit."""
        return self.value <= self.limit

    @property
    def room(self) -> Fraction:
        """What is left of the limit, as a part of it: 0 at the limit, below 0 beyond it; 0 of a limit of 0."""
        return 1 - Fraction(self.value) / Fraction(self.limit) if self.limit > 0 else Fraction(0 if self.holds else -1)

    def __str__(self) -> str:
        sign = "<=" if self.holds else ">"
        return f"{self.code.camel} ({self.code.value}): {cell(self.value)} {sign} {cell(self.limit)}"


class FillView(Struct, frozen=True):
    """One trade of a command: its price, size and notional, and the fee (negative for a rebate)."""

    price: Decimal
    size: Decimal
    notional: Decimal
    fee: Decimal


class SlippageView(Struct, frozen=True):
    """What fills cost against a reference price: per unit of size, as money, and as a part of the reference notional.

    Positive is a cost, negative a gain.
    """

    reference: Decimal
    price: Fraction
    amount: Fraction
    rate: Fraction


class CommandPreview(Struct, frozen=True):
    """What one command would do.

    `reject` is its refusal. `fills` are its trades against the present book, `side` their side; `average_price` and
    the slippage are exact and None without fills; `against_mid` is None too if the book had no two sides. `resting` is
    what would rest, `cut` why a remainder would be cancelled. `constraints` are the numbers the order was held against,
    in the order of the checks, up to the one that refused.
    """

    command: Command
    events: tuple[Event, ...]
    reject: Rejected | None
    side: Side | None
    fills: tuple[FillView, ...]
    filled: Decimal
    resting: Decimal
    cut: CancelReason | None
    average_price: Fraction | None
    against_mark: SlippageView | None
    against_mid: SlippageView | None
    constraints: tuple[ConstraintView, ...]

    @property
    def binding(self) -> ConstraintView | None:
        """The constraint that refused, else the one with the least room; None if no number decided."""
        if self.reject is not None:
            return next((constraint for constraint in self.constraints if not constraint.holds), None)
        return min(self.constraints, key=lambda constraint: constraint.room, default=None)

    def lines(self) -> list[str]:
        """The preview of the command in words."""
        name = type(self.command).__name__
        if self.reject is not None:
            return [f"{name}: refused, {self.reject.explain()}"]
        found = [name]
        if self.fills and self.average_price is not None:
            mark, mid = self.against_mark, self.against_mid
            found += [f"  fills {cell(self.filled)} at {_decimal(self.average_price)} on average"]
            found += [f"  costs {_decimal(mark.amount)} against the mark {cell(mark.reference)}"] if mark else []
            found += [f"  costs {_decimal(mid.amount)} against the mid {cell(mid.reference)}"] if mid else []
        found += [f"  rests {cell(self.resting)}"] if self.resting else []
        found += [f"  the rest is cancelled: {self.cut.name.lower()}"] if self.cut else []
        found += [f"  binding: {self.binding}"] if self.binding else []
        return found


class Preview(Struct, frozen=True):
    """What commands would do to one account, were they submitted now with nothing between.

    `before` and `after` are the account's term trees, with liquidation prices; None if there is no account to show.
    """

    commands: tuple[CommandPreview, ...]
    account: int
    before: Explanation | None
    after: Explanation | None

    @property
    def ok(self) -> bool:
        """Whether no command would be refused."""
        return not self.rejected

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """The refusals."""
        return tuple(command.reject for command in self.commands if command.reject is not None)

    @property
    def events(self) -> tuple[Event, ...]:
        """All events in order."""
        return tuple(event for command in self.commands for event in command.events)

    @property
    def binding(self) -> ConstraintView | None:
        """The binding constraint of all commands: one that refused, else the one with the least room."""
        found = [command.binding for command in self.commands if command.binding is not None]
        return min(found, key=lambda constraint: constraint.room, default=None)

    def _rows(self) -> list[list[object]]:
        before = {pool.name: pool for pool in self.before.pools} if self.before else {}
        after = {pool.name: pool for pool in self.after.pools} if self.after else {}
        rows: list[list[object]] = []
        for name in {**before, **after}:
            for number in ("equity", "requirement", "maintenance"):
                sums = (getattr(side[name], number).amount if name in side else None for side in (before, after))
                rows.append([f"{name} {number}", *sums])
            rows += _price_rows(
                name, *(side[name].liquidation_prices if name in side else () for side in (before, after))
            )
        return rows

    def __repr__(self) -> str:
        lines = [line for command in self.commands for line in command.lines()]
        margin = [text_table([f"account {self.account}", "before", "after"], self._rows())] if self.account else []
        return "\n".join([*lines, *margin])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


def _price_rows(
    pool: str, before: tuple[LiquidationPriceView, ...], after: tuple[LiquidationPriceView, ...]
) -> list[list[object]]:
    prices: dict[str, list[Decimal | None]] = {}
    for column, found in enumerate((before, after)):
        for price in found:
            prices.setdefault(price.market, [None, None])[column] = price.price
    # An isolated pool is named by its only market already.
    return [
        [f"{pool if pool.endswith(market) else f'{pool} {market}'} liquidated at", *columns]
        for market, columns in prices.items()
    ]


def _decimal(fraction: Fraction) -> str:
    """A fraction in digits, to twelve after the point for the eye; the field has it exactly."""
    shown = Decimal(fraction.numerator) / Decimal(fraction.denominator)
    return format(round(shown, 12).normalize(), "f")
