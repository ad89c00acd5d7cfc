"""Shares: nobody comes or goes at the others' cost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crossbook.commands import RATE_ONE
from crossbook.policies.liquidity.shares import (
    Register,
    issue,
    most_shares,
    pay_manager,
    share_price,
    shares_for,
    value_of,
)

amounts = st.integers(0, 10**13)


def test_the_first_unit_gets_a_thousand_shares_and_the_price_is_one() -> None:
    assert share_price(equity=0, total=0) == RATE_ONE
    assert shares_for(1_000_000, equity=0, total=0) == 1_000_000_000
    assert share_price(equity=1_000_000, total=1_000_000_000) == RATE_ONE
    assert value_of(1_000_000_000, equity=1_000_000, total=1_000_000_000) == 1_000_000


def test_who_joins_after_a_gain_gets_fewer_shares() -> None:
    # 1,000 became 1,100: the share price is 1.0999… and 550 get 500 shares less a rounding.
    assert share_price(equity=1_100, total=1_000_000) == 1_099_900_099
    assert shares_for(550, equity=1_100, total=1_000_000) == 500_045
    assert value_of(500_045, equity=1_650, total=1_500_045) == 549


@given(equity=amounts, total=st.integers(0, 10**16), amount=amounts)
def test_who_joins_and_leaves_at_once_gains_nothing_and_takes_nothing_from_the_others(
    equity: int, total: int, amount: int
) -> None:
    shares = shares_for(amount, equity=equity, total=total)
    back = value_of(shares, equity=equity + amount, total=total + shares)
    assert back <= amount
    before, after = share_price(equity=equity, total=total), share_price(equity=equity + amount - back, total=total)
    assert after >= before


@given(equity=amounts, total=st.integers(1, 10**16), amount=amounts)
def test_the_most_shares_for_an_amount_are_worth_no_more_and_one_more_is(equity: int, total: int, amount: int) -> None:
    most = most_shares(amount, equity=equity, total=total)
    assert value_of(most, equity=equity, total=total) <= amount
    assert value_of(most + 1, equity=equity, total=total) > amount


def test_making_a_share_dear_costs_the_attacker_more_than_the_victim() -> None:
    """The attacker joins with the least there is and gives 1,000,000 away; the victim joins with 1,000,000."""
    total, equity = shares_for(1, equity=0, total=0), 1
    equity += 1_000_000
    victim = shares_for(1_000_000, equity=equity, total=total)
    assert (total, victim) == (1_000, 1_999)
    equity, total = equity + 1_000_000, total + victim
    assert value_of(victim, equity=equity, total=total) == 999_750
    assert value_of(1_000, equity=equity, total=total) == 500_125  # of the 1,000,001 he spent


def test_the_manager_is_paid_of_what_is_above_the_highest_price_and_only_once() -> None:
    register = Register()
    issue(register, 2, 1_000_000_000, free_at=0)  # for 1,000,000
    assert pay_manager(register, 9, equity=1_000_000, profit_rate=RATE_ONE // 10) == 0
    earned = pay_manager(register, 9, equity=1_100_000, profit_rate=RATE_ONE // 10)
    assert earned == 9_174_312
    assert value_of(earned, equity=1_100_000, total=register.total) == 9_999  # a tenth of 100,000, rounded down
    assert pay_manager(register, 9, equity=1_100_000, profit_rate=RATE_ONE // 10) == 0
    assert pay_manager(register, 9, equity=1_050_000, profit_rate=RATE_ONE // 10) == 0
    assert pay_manager(register, 9, equity=1_100_000, profit_rate=RATE_ONE // 10) == 0
    assert pay_manager(register, 9, equity=1_110_000, profit_rate=RATE_ONE // 10) > 0


def test_without_a_manager_nobody_is_paid() -> None:
    register = Register()
    issue(register, 2, 1_000_000_000, free_at=0)
    assert pay_manager(register, 0, equity=1_100_000, profit_rate=RATE_ONE // 10) == 0
    assert register.total == 1_000_000_000
