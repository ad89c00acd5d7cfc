"""The kernel's own formulas as plain functions: what a policy or a notebook computes is what the kernel would have.

Everything is an integer: prices in ticks, sizes in lots, money in minor units, rates in parts per 10^9. The rules name
each formula and its rounding; there is no second implementation of any of them here.

| function | rule |
|---|---|
| `size_rate`, `interest_rate` | `docs/rules_margin.md`, *Requirement, standard* |
| `premium`, `funding_rate` | `docs/rules_margin.md`, *Funding* |
| `fillable_price`, `most_lots`, `bankruptcy_value`, `shares` | `docs/rules_waterfall.md`, *Shares and prices* |

Numbers that no market has raise ValueError.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from crossbook import _kernel
from crossbook.commands import RATE_ONE


class Target(Struct, frozen=True):
    """A position in need, and what its pool has and must have.

    Attributes:
        lots: the position, long positive.
        cost: what it cost, signed like the lots.
        mark: of its market, in ticks.
        price_max: of its market, in ticks.
        tick_value: minor units of one tick of one lot.
        standard: the standard maintenance of the position.
        standard_sum: the same summed over the pool.
        equity: of the pool.
        maintenance: of the pool, by its own margin mode.
    """

    lots: int
    cost: int
    mark: int
    price_max: int
    tick_value: int
    standard: int
    standard_sum: int
    equity: int
    maintenance: int


def shares(amount: int, weights: Sequence[int]) -> list[int]:
    """`floor(amount * weight / sum of weights)` each, and what is left to the last."""
    return _kernel.shares(amount, list(weights))


def size_rate(*, base_rate: int, size_rate: int, lots: int) -> int:
    """The initial rate of a size: `max(base, 4/5 base + size_rate * sqrt(lots))`, at most one."""
    return _kernel.size_rate(base_rate=base_rate, size_rate=size_rate, lots=lots)


def interest_rate(*, base_rate: int, open_interest: int, lower: int, upper: int) -> int:
    """The initial rate at an open interest: from `base_rate` at `lower` lots to one at `upper`; 0 if they are equal."""
    return _kernel.interest_rate(base_rate=base_rate, open_interest=open_interest, lower=lower, upper=upper)


def premium(*, impact_bid: int, impact_ask: int, oracle: int) -> int:
    """`(max(impact_bid - oracle, 0) - max(oracle - impact_ask, 0)) / oracle` as a rate, rounded towards zero."""
    return _kernel.premium(impact_bid=impact_bid, impact_ask=impact_ask, oracle=oracle)


def funding_rate(
    premium: int,
    *,
    interest_rate: int = 0,
    band_rate: int = 0,
    lower_rate: int = -RATE_ONE // 10,
    upper_rate: int = RATE_ONE // 10,
    scaling_rate: int = RATE_ONE,
    epochs: int = 1,
) -> int:
    """`clamp(P + clamp(interest - P, -band, band), lower, upper) / epochs` with `P = premium * scaling`, towards zero.

    The default bounds are those of SettleFunding, which takes the result as it is.
    """
    return _kernel.funding_rate(
        premium,
        scaling_rate=scaling_rate,
        interest_rate=interest_rate,
        band_rate=band_rate,
        lower_rate=lower_rate,
        upper_rate=upper_rate,
        epochs=epochs,
    )


def fillable_price(target: Target, *, adjustment_rate: int = RATE_ONE, spread_rate: int = RATE_ONE) -> int:
    """The worst price, in ticks, that a reduction may be sent at: from the mark towards the bankruptcy price."""
    return _kernel.fillable_price(target, adjustment_rate=adjustment_rate, spread_rate=spread_rate)


def bankruptcy_value(target: Target, *, closing: int, freed: int) -> int:
    """What closing lots is worth if the pool's share of equity goes with them; `freed` is the maintenance they free."""
    return _kernel.bankruptcy_value(target, closing=closing, freed=freed)


def most_lots(
    target: Target,
    *,
    recovered: int,
    buffer_rate: int = 0,
    fee_rate: int = 0,
    partial_rate: int = RATE_ONE,
    partial_notional: int = 0,
) -> int:
    """Most lots of one reduction: what brings the pool to `recovered`, or the part of a large position if less."""
    return _kernel.most_lots(
        target,
        recovered=recovered,
        buffer_rate=buffer_rate,
        fee_rate=fee_rate,
        partial_rate=partial_rate,
        partial_notional=partial_notional,
    )
