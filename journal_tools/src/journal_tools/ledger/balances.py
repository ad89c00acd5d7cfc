"""What every balance is by the state of a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from journal_tools import replaying
from journal_tools.ledger.entries import Balance, Kind

if TYPE_CHECKING:
    from journal_tools.replaying import Kernel


def balances(kernel: Kernel) -> dict[Balance, int]:
    """Every balance that is not 0."""
    found = dict(_of_venue(kernel))
    for account in range(1, kernel.account_count() + 1):
        found.update(of_account(kernel, account))
    return {balance: amount for balance, amount in found.items() if amount}


def _of_venue(kernel: Kernel) -> Iterator[tuple[Balance, int]]:
    for asset in replaying.asset_rows(kernel):
        for kind, amount in (
            (Kind.NET_DEPOSITS, asset.net_deposits),
            (Kind.FEES, asset.fees),
            (Kind.INSURANCE, asset.insurance),
            (Kind.DUST, asset.dust),
        ):
            yield Balance(kind, 0, asset.asset, 0), amount
    for market in replaying.market_rows(kernel):
        yield Balance(Kind.INSURANCE, 0, market.settlement, market.market), market.insurance.fund


def of_account(kernel: Kernel, account: int) -> Iterator[tuple[Balance, int]]:
    """The balances of one account; none if there is none."""
    row = replaying.account_row(kernel, account)
    if row is None:
        return
    settlements = {market.market: market.settlement for market in replaying.market_rows(kernel)}
    for asset, cash, *_ in row.balances:
        yield Balance(Kind.CASH, account, asset, 0), cash
    for pool in row.pools:
        if pool.market:
            yield Balance(Kind.MARGIN, account, pool.asset, pool.market), pool.balance
    for position in row.positions:
        for kind, amount in ((Kind.POSITION, position.lots), (Kind.COST, position.cost)):
            yield Balance(kind, account, settlements[position.market], position.market), amount
