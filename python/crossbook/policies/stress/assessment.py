"""What the pools of a venue are worth: below zero, below their maintenance, and how much one account holds."""

from __future__ import annotations

from msgspec import Struct

from crossbook.commands import RATE_ONE
from crossbook.policies.stress.report import Concentration, FundLoss
from crossbook.policies.view import PolicyView


class PoolWorth(Struct, frozen=True, gc=False):
    """One pool: (account, asset, market), what it is worth and must have, and the markets it has lots in."""

    account: int
    asset: int
    market: int
    equity: int
    maintenance: int
    markets: tuple[int, ...]

    @property
    def shortage(self) -> int:
        """How far equity is below maintenance."""
        return self.maintenance - self.equity


def pools_in_danger(view: PolicyView) -> list[PoolWorth]:
    """Every pool that has lots and less than its maintenance, in the order of accounts, assets and markets."""
    found: dict[tuple[int, int, int], PoolWorth] = {}
    for row in view.markets():
        for holder in view.holders(row.market):
            if holder.equity < holder.maintenance:
                key = holder.account, row.settlement, row.market if holder.isolated else 0
                markets = found[key].markets if key in found else ()
                found[key] = PoolWorth(*key, holder.equity, holder.maintenance, (*markets, row.market))
    return [found[key] for key in sorted(found)]


def losses(danger: list[PoolWorth]) -> tuple[FundLoss, ...]:
    """What is lost beyond equity, by fund, in the order of funds."""
    sums: dict[tuple[int, int], int] = {}
    for pool in danger:
        if pool.equity < 0:
            fund = pool.asset, pool.market
            sums[fund] = sums.get(fund, 0) - pool.equity
    return tuple(FundLoss(*fund, sums[fund]) for fund in sorted(sums))


def concentration(view: PolicyView) -> tuple[Concentration, ...]:
    """The largest position of every market that has open interest; the lowest account of several as large."""
    found = []
    for row in view.markets():
        largest = max(view.holders(row.market), key=lambda holder: abs(holder.lots), default=None)
        if largest is not None and row.open_interest:
            share_rate = abs(largest.lots) * RATE_ONE // row.open_interest
            found.append(Concentration(row.market, largest.account, largest.lots, share_rate))
    return tuple(sorted(found, key=lambda one: (-one.share_rate, one.market)))
