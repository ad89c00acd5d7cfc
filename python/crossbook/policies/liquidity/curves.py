"""The curves a vault quotes along: from a price, an inventory and the times they live in to levels for the book.

A curve is a struct with one method, `levels`. Its fields are part of the vault's configuration; `type` names it.
Prices are in ticks and always rounded away from the other side, so that a curve never crosses itself.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

from msgspec import Struct

from crossbook.commands import RATE_ONE, Grade

Levels: TypeAlias = list[tuple[int, int]]
"""Price in ticks and lots, best first."""


class Scene(Struct, frozen=True):
    """What a curve looks at.

    Attributes:
        reference: the oracle's price, or the mark where there is none, in ticks.
        grade: of the oracle's price.
        volatility_rate: how far the reference moves from one refresh to the next, one standard deviation.
        inventory: the lots the vault holds, long positive.
        limit: the most lots it may hold, either way.
    """

    reference: int
    grade: Grade
    volatility_rate: int
    inventory: int
    limit: int


class Curve(Protocol):
    """How a vault quotes; the vault cuts what it says to what it may hold, and to the book."""

    def levels(self, scene: Scene) -> tuple[Levels, Levels]:
        """Bids and asks, best first."""
        ...


class Linear(Struct, frozen=True, tag="linear"):
    """Levels at equal distances around the reference, leaning against the inventory.

        half  = spread_rate + floor(volatility_rate · widening_rate / RATE_ONE) + grade_rate · (GOOD − grade)
        skew  = skew_rate · inventory / limit, towards zero, within ±skew_rate
        bid i = floor(reference · (RATE_ONE − skew − half − i · step_rate) / RATE_ONE)
        ask i = ceil (reference · (RATE_ONE − skew + half + i · step_rate) / RATE_ONE)

    Attributes:
        level_count: on each side.
        lots: of each level.
        spread_rate: from the centre to the best level, in calm times.
        step_rate: from one level to the next.
        widening_rate: how much of the volatility is added to the spread.
        grade_rate: what is added to the spread for each grade below good.
        skew_rate: how far the centre moves when the inventory is at its limit.
    """

    level_count: int = 3
    lots: int = 10
    spread_rate: int = 500_000
    step_rate: int = 500_000
    widening_rate: int = RATE_ONE
    grade_rate: int = 500_000
    skew_rate: int = 500_000

    def levels(self, scene: Scene) -> tuple[Levels, Levels]:
        """Bids and asks, best first."""
        half = self.spread_rate + scene.volatility_rate * self.widening_rate // RATE_ONE
        half += self.grade_rate * (Grade.GOOD - scene.grade)
        lean = min(self.skew_rate * abs(scene.inventory) // max(1, scene.limit), self.skew_rate)
        centre = RATE_ONE - (lean if scene.inventory > 0 else -lean)
        offsets = [half + index * self.step_rate for index in range(self.level_count)]
        bids = [(scene.reference * (centre - offset) // RATE_ONE, self.lots) for offset in offsets]
        asks = [(-(-scene.reference * (centre + offset) // RATE_ONE), self.lots) for offset in offsets]
        return bids, asks


class ConstantProduct(Struct, frozen=True, tag="constant_product"):
    """What a pool with `x · y = k` would trade at, in slices: virtual reserves around the reference.

    The pool is balanced at the reference with `reserve_lots` of lots; what the vault holds is in its reserve, so

        k     = reference · reserve_lots²        x = reserve_lots + inventory
        price of the slice that takes the reserve from a to b:   (k/b − k/a) / (a − b) = k / (a · b)
        bid i = floor(k · (RATE_ONE − fee_rate) / (a · b · RATE_ONE)),   a = x + i · lots,   b = a + lots
        ask i = ceil (k · (RATE_ONE + fee_rate) / (a · b · RATE_ONE)),   a = x − i · lots,   b = a − lots

    Attributes:
        level_count: slices on each side.
        lots: of each slice.
        reserve_lots: the virtual reserve; the larger, the flatter the curve.
        fee_rate: what a trade pays on top of the pool's price.
    """

    level_count: int = 5
    lots: int = 10
    reserve_lots: int = 10_000
    fee_rate: int = 500_000

    def levels(self, scene: Scene) -> tuple[Levels, Levels]:
        """Bids and asks, best first; none beyond an empty reserve."""
        k = scene.reference * self.reserve_lots**2
        x = self.reserve_lots + scene.inventory
        bids, asks = [], []
        for index in range(self.level_count):
            a = x + index * self.lots
            if a > 0:
                bids.append((k * (RATE_ONE - self.fee_rate) // (a * (a + self.lots) * RATE_ONE), self.lots))
            a = x - index * self.lots
            if a > self.lots:
                asks.append((-(-k * (RATE_ONE + self.fee_rate) // (a * (a - self.lots) * RATE_ONE)), self.lots))
        return bids, asks
