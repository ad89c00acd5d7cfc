"""The rungs for a pool that has no position left and owes: its collateral, the insurance, everybody who won."""

from __future__ import annotations

from crossbook.commands import RATE_ONE, ConvertCollateral, CoverLoss, Side, Socialise
from crossbook.policies.liquidation.cases import Case
from crossbook.policies.liquidation.present import Plight, Present
from crossbook.policies.liquidation.terms import Outcome, Pass, Step, Terms
from crossbook.rows import CollateralRow, MarketRow

DEFICIT = ("convert", "cover", "socialise")
"""The rungs of a pool in debt without a position: the kernel permits no other order."""


def convert(_terms: Terms, _case: Case, plight: Plight, present: Present) -> Outcome:
    """What counts as collateral is sold to the insurance fund, as much as the debt needs."""
    if plight.pool.market or plight.pool.balance >= 0:
        return Pass("no_collateral")
    balances = {asset: cash for asset, cash, _, _ in plight.row.balances}
    poor = False
    for row in present.assets:
        terms, held = row.collateral, balances.get(row.asset, 0)
        if terms is None or terms.settlement != plight.pool.asset or _worth(terms, held) < 1:
            continue
        fund = plight.asset.insurance - present.spent.get((plight.pool.asset, 0), 0)
        amount = _needed(terms, held, -plight.pool.balance)
        if _worth(terms, amount) > fund:
            amount = _needed(terms, held, fund + 1) - 1
        if amount > 0 and _worth(terms, amount) >= 1:
            # The fund pays for it at once: the turn must not ask it for the same money twice.
            _spend(present, (plight.pool.asset, 0), _worth(terms, amount))
            return Step((ConvertCollateral(plight.row.account, row.asset, amount),), "collateral_first")
        poor = True
    return Pass("fund_cannot_buy_collateral", holds=True) if poor else Pass("no_collateral")


def cover(_terms: Terms, _case: Case, plight: Plight, present: Present) -> Outcome:
    """The insurance fund of the pool pays what it may."""
    account, asset, market = plight.row.account, plight.pool.asset, plight.pool.market
    amount = min(-plight.pool.equity, present.usable(asset, market))
    if amount < 1:
        return Pass("fund_has_nothing_usable")
    _spend(present, (asset, market), amount)
    return Step((CoverLoss(account, asset, market, 0),), "in_deficit")


def socialise(_terms: Terms, case: Case, plight: Plight, present: Present) -> Outcome:
    """Those who hold the other side of what the pool lost by share what is left, through the loss index."""
    debt = -plight.pool.equity
    for row in _markets(case, plight, present):
        most = row.open_interest * row.mark * row.tick_value
        amount = 0 if debt <= most else most
        side = {1: Side.SELL, 2: Side.BUY}.get(case.loser[1])
        if side is not None:
            return Step((Socialise(plight.row.account, row.market, side, amount),), "fund_has_nothing_usable")
        # Nobody knows who won: both sides of the market share alike.
        half = min(debt, most) // 2
        sides = [Socialise(plight.row.account, row.market, Side.BUY, half)] if half else []
        return Step(
            (*sides, Socialise(plight.row.account, row.market, Side.SELL, min(debt, most) - half)), "winners_unknown"
        )
    return Pass("nobody_to_share")


def _markets(case: Case, plight: Plight, present: Present) -> list[MarketRow]:
    """Where a debt can be shared, the market it comes from first; those that have shared in it already last."""
    pool = plight.pool
    isolated = {position.market for position in plight.row.positions if position.isolated} - {pool.market}
    settled = [
        row
        for row in present.markets
        if row.settlement == pool.asset and pool.market in (0, row.market) and row.market not in isolated
    ]
    able = [row for row in settled if row.open_interest > 0 and _is_acceptable(row)]
    return sorted(able, key=lambda row: (row.market in case.shared, row.market != case.loser[0], row.market))


def _is_acceptable(row: MarketRow) -> bool:
    """A debt is shared in a halted market too: nothing is traded."""
    return row.mark > 0 and row.oracle.grade >= row.grades.liquidation


def _spend(present: Present, fund: tuple[int, int], amount: int) -> None:
    present.spent[fund] = present.spent.get(fund, 0) + amount


def _worth(terms: CollateralRow, amount: int) -> int:
    """What collateral is bought for (`docs/rules_waterfall.md`, *ConvertCollateral*), minor units of the settlement."""
    weight = (RATE_ONE - terms.haircut_rate) * terms.depeg_rate // RATE_ONE
    unit: int = 10**terms.price_decimals
    return (max(0, amount) * terms.price // unit) * weight // RATE_ONE


def _needed(terms: CollateralRow, held: int, debt: int) -> int:
    """The least amount that is worth a debt, or all that is held if that is less."""
    low, high = 0, held
    while low < high:
        middle = (low + high) // 2
        if _worth(terms, middle) >= debt:
            high = middle
        else:
            low = middle + 1
    return low
