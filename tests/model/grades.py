"""434: whether the oracle price of a market is good enough for what a command wants to do."""

from __future__ import annotations

from .margin import position_of
from .pools import Pool, markets_of
from .refusals import Code, refuse_if
from .state import Market, State


def check_grade(market: Market, least: int) -> None:
    """434: the grade of the market's oracle price is not below the least one."""
    refuse_if(market.oracle.grade < least, Code.OracleGrade, market.oracle.grade, least)


def check_margin_grade(market: Market) -> None:
    """434: new risk may be taken in the market."""
    check_grade(market, market.grades.margin)


def check_margin_grades(state: State, pool: Pool) -> None:
    """434: money may leave the pool, as far as each market goes in which it has lots."""
    account = state.accounts[pool.account]
    for market in markets_of(state, pool):
        if position_of(account, market.market).lots != 0:
            check_margin_grade(market)


def check_liquidation_grade(market: Market) -> None:
    """434: a step of the waterfall may be taken in the market."""
    check_grade(market, market.grades.liquidation)


def check_funding_grade(market: Market) -> None:
    """434: funding may be settled in the market."""
    check_grade(market, market.grades.funding)
