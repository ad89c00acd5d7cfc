"""The shares and prices of the waterfall, as pure formulas of docs/rules_waterfall.md.

A position is told by its signed lots; money is in minor units, prices in ticks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .standing import Health, Liquidation, recovered_level
from .state import RATE_ONE, ceil_div


class Stake(NamedTuple):
    """A position that is to be reduced, and the prices of its market; `maintenance` is its standard one, by lots."""

    lots: int
    mark: int
    tick_value: int
    price_max: int
    maintenance: Callable[[int], int]

    def notional(self) -> int:
        """What it is worth at the mark, without sign."""
        return abs(self.lots) * self.mark * self.tick_value


def bankruptcy_rate(health: Health, adjustment_rate: int) -> int:
    """How far a pool is on its way from maintenance (0) to bankruptcy (one)."""
    if health.maintenance == 0:
        return 0
    gone = adjustment_rate * (health.maintenance - health.equity) // health.maintenance
    return max(0, min(gone, RATE_ONE))


def fillable_price(stake: Stake, health: Health, settings: Liquidation) -> int:
    """The worst price a reduction may trade at: it moves from the mark as the pool fails."""
    reach = stake.maintenance(stake.lots) * bankruptcy_rate(health, settings.adjustment_rate) * settings.spread_rate
    distance = reach // (RATE_ONE**2 * abs(stake.lots) * stake.tick_value)
    if stake.lots > 0:
        return max(1, stake.mark - distance)
    return min(stake.price_max, stake.mark + distance)


def restoring_lots(stake: Stake, health: Health, buffer_rate: int, fee_rate: int) -> int:
    """The lots that bring the pool to the recovered level if they fill at the mark, the fee included; all at most."""
    shortage = recovered_level(health, buffer_rate) - health.equity
    freed = ceil_div(stake.maintenance(stake.lots) * (RATE_ONE + buffer_rate), RATE_ONE)
    paid = ceil_div(stake.notional() * fee_rate, RATE_ONE)
    if freed <= paid:
        return abs(stake.lots)
    return ceil_div(shortage * abs(stake.lots), freed - paid)


def partial_lots(stake: Stake, settings: Liquidation) -> int:
    """The share of a large position that may go at once."""
    share = ceil_div(abs(stake.lots) * settings.partial_rate, RATE_ONE)
    return max(share, ceil_div(settings.partial_notional, stake.mark * stake.tick_value))


def most_lots(stake: Stake, health: Health, buffer_rate: int, settings: Liquidation) -> int:
    """The most lots of one reduction: at least one, at most the position."""
    restoring = restoring_lots(stake, health, buffer_rate, settings.fee_rate)
    return min(abs(stake.lots), max(1, min(restoring, partial_lots(stake, settings))))


def bankruptcy_share(stake: Stake, closed: int, equity: int, pool_maintenance: int) -> int:
    """The part of a pool's equity that goes with the lots that are closed; `pool_maintenance` is standard too."""
    if pool_maintenance == 0:
        return 0
    left = abs(stake.lots) - closed
    return ceil_div(equity * (stake.maintenance(stake.lots) - stake.maintenance(left)), pool_maintenance)


def bankruptcy_value(stake: Stake, closed: int, equity: int, pool_maintenance: int) -> int:
    """What the closed lots change hands for so that the pool keeps, or owes, exactly the rest of its equity."""
    share = bankruptcy_share(stake, closed, equity, pool_maintenance)
    at_mark = closed * stake.mark * stake.tick_value
    value = at_mark - share if stake.lots > 0 else at_mark + share
    lowest = closed * stake.tick_value
    return max(lowest, min(value, lowest * stake.price_max))


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount by weights, each rounded down; what is left goes to the last."""
    parts = [amount * weight // sum(weights) for weight in weights]
    parts[-1] += amount - sum(parts)
    return parts


def auction_discount(start_rate: int, end_rate: int, *, elapsed_ns: int, duration_ns: int) -> int:
    """The discount grows with time and then stays."""
    return start_rate + (end_rate - start_rate) * min(elapsed_ns, duration_ns) // duration_ns


def auction_price(stake: Stake, discount_rate: int) -> int:
    """Below the mark for a long position that is sold, above it for a short one that is bought back."""
    if stake.lots > 0:
        return max(1, stake.mark * (RATE_ONE - discount_rate) // RATE_ONE)
    return min(stake.price_max, ceil_div(stake.mark * (RATE_ONE + discount_rate), RATE_ONE))
