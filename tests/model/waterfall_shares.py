"""The shares and prices of the waterfall, as pure formulas of docs/rules_waterfall.md.

A position is told by its signed lots; money is in minor units, prices in ticks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .arithmetic import RATE_ONE, ceil_div
from .standing import Health, Liquidation, recovered_level


class Stake(NamedTuple):
    """A position that is to be reduced, in a pool that cannot carry it, and the prices of its market.

    `maintenance` is its standard one, by lots; `standard_sum` is M*, the sum of it over the positions of the pool.
    """

    lots: int
    cost: int
    mark: int
    tick_value: int
    price_max: int
    maintenance: Callable[[int], int]
    standard_sum: int
    health: Health

    def at_mark(self, lots: int) -> int:
        """What some of the lots, without sign, are worth at the mark."""
        return lots * self.mark * self.tick_value

    def freed(self, closed: int) -> int:
        """The standard maintenance that goes with the lots that are closed."""
        return self.maintenance(self.lots) - self.maintenance(abs(self.lots) - closed)


def bankruptcy_rate(health: Health, adjustment_rate: int) -> int:
    """How far a pool is on its way from maintenance (0) to bankruptcy (one)."""
    if health.maintenance == 0:
        return 0
    gone = adjustment_rate * (health.maintenance - health.equity) // health.maintenance
    return max(0, min(gone, RATE_ONE))


def fillable_price(stake: Stake, settings: Liquidation) -> int:
    """The worst price a reduction may trade at: it moves from the mark as the pool fails, never beyond bankruptcy."""
    standard, size = stake.maintenance(stake.lots), abs(stake.lots) * stake.tick_value
    reach = standard * bankruptcy_rate(stake.health, settings.adjustment_rate) * settings.spread_rate
    distance = reach // (RATE_ONE**2 * size)
    bankrupt = max(stake.health.equity, 0) * standard // (stake.standard_sum * size) if stake.standard_sum else 0
    distance = min(distance, bankrupt)
    if stake.lots > 0:
        return max(1, stake.mark - distance)
    return min(stake.price_max, stake.mark + distance)


def restoring_lots(stake: Stake, buffer_rate: int, fee_rate: int) -> int:
    """The lots that bring the pool to the recovered level if they fill at the mark, the fee included; all at most."""
    shortage = recovered_level(stake.health, buffer_rate) - stake.health.equity
    freed = ceil_div(stake.maintenance(stake.lots) * (RATE_ONE + buffer_rate), RATE_ONE)
    paid = ceil_div(stake.at_mark(abs(stake.lots)) * fee_rate, RATE_ONE)
    if freed <= paid:
        return abs(stake.lots)
    return ceil_div(shortage * abs(stake.lots), freed - paid)


def partial_lots(stake: Stake, settings: Liquidation) -> int:
    """The share of a large position that may go at once."""
    share = ceil_div(abs(stake.lots) * settings.partial_rate, RATE_ONE)
    return max(share, ceil_div(settings.partial_notional, stake.at_mark(1)))


def most_lots(stake: Stake, buffer_rate: int, settings: Liquidation) -> int:
    """The most lots of one reduction: at least one, at most the position."""
    restoring = restoring_lots(stake, buffer_rate, settings.fee_rate)
    return min(abs(stake.lots), max(1, min(restoring, partial_lots(stake, settings))))


def bankruptcy_share(stake: Stake, closed: int) -> int:
    """The part of the pool's equity that goes with the lots that are closed, rounded against the account."""
    if stake.standard_sum == 0:
        return 0
    return ceil_div(stake.health.equity * stake.freed(closed), stake.standard_sum)


def unrealised_loss(stake: Stake, closed: int) -> int:
    """What the lots that are closed have lost at the mark; 0 if they have gained."""
    left = abs(stake.lots) - closed
    cost = stake.cost - stake.cost * left // abs(stake.lots)
    signed_value = stake.at_mark(closed) if stake.lots > 0 else -stake.at_mark(closed)
    return max(0, cost - signed_value)


def value_less(stake: Stake, closed: int, share: int) -> int:
    """The lots at the mark, less a share for the account, within what prices of the market make."""
    value = stake.at_mark(closed) - share if stake.lots > 0 else stake.at_mark(closed) + share
    lowest = closed * stake.tick_value
    return max(lowest, min(value, lowest * stake.price_max))


def bankruptcy_value(stake: Stake, closed: int) -> int:
    """What the lots change hands for so that the pool keeps exactly the rest of its equity.

    A pool below zero is forgiven its share of the debt, but no more than these very lots have lost.
    """
    share = bankruptcy_share(stake, closed)
    return value_less(stake, closed, max(share, -unrealised_loss(stake, closed)))


def take_over_value(stake: Stake, closed: int) -> int:
    """The same, but at the mark for a pool below zero: who takes its position does not pay its debts."""
    return value_less(stake, closed, max(0, bankruptcy_share(stake, closed)))


def bid_value(stake: Stake, closed: int, price: int) -> int:
    """What a bid pays: the auction's price, but never so bad that the pool loses more than its share."""
    offered, bound = closed * price * stake.tick_value, take_over_value(stake, closed)
    return max(offered, bound) if stake.lots > 0 else min(offered, bound)


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount by weights, each rounded down; what is left goes to the last."""
    parts = [amount * weight // sum(weights) for weight in weights]
    parts[-1] += amount - sum(parts)
    return parts


def auction_discount(start_rate: int, end_rate: int, *, elapsed_ns: int, duration_ns: int) -> int:
    """The discount grows with time and then stays."""
    return start_rate + (end_rate - start_rate) * min(elapsed_ns, duration_ns) // duration_ns


def auction_price(mark: int, price_max: int, discount_rate: int, *, long: bool) -> int:
    """Below the mark for a long position that is sold, above it for a short one that is bought back."""
    if long:
        return max(1, mark * (RATE_ONE - discount_rate) // RATE_ONE)
    return min(price_max, ceil_div(mark * (RATE_ONE + discount_rate), RATE_ONE))
