"""What positions owe since they were last settled, as docs/rules_margin.md says under *Funding*, from events alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

RATE_ONE = 10**9
BUY, SELL = 1, 2


class Dues(NamedTuple):
    """Funding and loss: in minor units, or in parts of 1 / RATE_ONE of one."""

    funding: int
    loss: int


@dataclass
class Holding:
    """One account in one market: lots, what they cost, and what the indices were when it was last settled."""

    lots: int = 0
    cost: int = 0
    isolated: bool = False
    index: int = 0
    loss_index: int = 0


@dataclass
class Clearing:
    """A market's indices, in parts of 1 / RATE_ONE of a minor unit per lot, and the part of a unit it has collected."""

    settlement: int
    tick_value: int
    index: int = 0
    loss_index: dict[int, int] = field(default_factory=lambda: {BUY: 0, SELL: 0})
    fraction: int = 0

    def unrounded(self, holding: Holding) -> Dues:
        """What a holding owes, in parts of 1 / RATE_ONE."""
        if holding.lots == 0:
            return Dues(0, 0)
        since = self._loss_index(holding) - holding.loss_index
        return Dues(holding.lots * (self.index - holding.index), abs(holding.lots) * since)

    def owed(self, holding: Holding) -> Dues:
        """What a holding owes, each rounded up."""
        exact = self.unrounded(holding)
        return Dues(ceil_div(exact.funding, RATE_ONE), ceil_div(exact.loss, RATE_ONE))

    def settle(self, holding: Holding) -> int:
        """Settle a holding; returns the whole units that its rounding brings to the dust."""
        rounding = sum(self.owed(holding)) * RATE_ONE - sum(self.unrounded(holding))
        self.remember(holding)
        return self.collect(rounding)

    def remember(self, holding: Holding) -> None:
        """Let a holding remember the indices of its side; one without lots remembers none."""
        holding.index = self.index if holding.lots else 0
        holding.loss_index = self._loss_index(holding) if holding.lots else 0

    def share_loss(self, side: int, amount: int, open_interest: int) -> int:
        """Let a side owe an amount; returns the whole units that the rounding of it brings to the dust."""
        per_lot = ceil_div(amount * RATE_ONE, open_interest)
        self.loss_index[side] += per_lot
        return self.collect(open_interest * per_lot - amount * RATE_ONE)

    def collect(self, fraction: int) -> int:
        """Collect parts of 1 / RATE_ONE; returns the whole units they come to."""
        dust, self.fraction = divmod(self.fraction + fraction, RATE_ONE)
        return dust

    def _loss_index(self, holding: Holding) -> int:
        return self.loss_index[BUY if holding.lots > 0 else SELL]


def ceil_div(dividend: int, divisor: int) -> int:
    """The quotient rounded up."""
    return -(-dividend // divisor)
