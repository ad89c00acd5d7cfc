"""Scenarios of the balance limit: marks can make debts again and again, and yet no balance overflows."""

from __future__ import annotations

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.refusals import Code

PRICE_MAX, POSITION_MAX = 2**31 - 1, 2**27
LIMIT = 2**62


def open_steep_market(desk: Desk) -> None:
    """Market 2: as much notional as a market may have, a mark of 1, 2 % margin; accounts 1 and 5 have means for it."""
    desk.do(c.AddMarket("STEEP-PERP", 1, 10**12, 10**12, PRICE_MAX, POSITION_MAX))
    desk.do(c.SetTiers(2, (c.Tier(0, 20_000_000, 10_000_000),)))
    desk.mark(1, market=2)
    desk.do(c.Deposit(1, 1, 2**40))
    desk.do(c.Deposit(5, 1, 2**30))


def sub_account(desk: Desk) -> int:
    """A new sub-account of 1 with means for one position of the highest size."""
    account = int(desk.send(c.CreateAccount(1))[0][2])
    desk.do(c.Transfer(1, account, 1, 2**30))
    return account


def lose_to(desk: Desk, winner: int) -> list[str]:
    """A new sub-account of 1 sells at 1 to the winner and buys back at the highest price, after the mark went there."""
    loser = sub_account(desk)
    desk.sell(loser, POSITION_MAX, 1, market=2)
    desk.buy(winner, POSITION_MAX, 1, market=2)
    desk.mark(PRICE_MAX, market=2)
    desk.sell(winner, POSITION_MAX, PRICE_MAX, market=2)
    lines = desk.buy(loser, POSITION_MAX, PRICE_MAX, market=2, time_in_force=c.IOC)
    desk.mark(1, market=2)
    return lines


def test_an_account_beyond_the_limit_trades_no_more(desk: Desk) -> None:
    open_steep_market(desk)
    while desk.cash(5) <= LIMIT:
        lose_to(desk, 5)
    full = desk.cash(5)
    assert full <= LIMIT + 2**58
    desk.sell(1, 1, 1, market=2)
    lines = desk.buy(5, 1, 1, market=2)
    assert lines[-1].startswith("OrderCancelled")
    assert lines[-1].endswith("lots=1 reason=5")
    assert (desk.cash(5), desk.position(5, market=2)) == (full, (0, 0))
    assert desk.refusal(c.Transfer(1, 5, 1, 1)) == (Code.SupplyLimit, 1, full)
    assert desk.refusal(c.Deposit(5, 1, 1)) == (Code.SupplyLimit, 1, full)
    assert desk.refusal(c.SetPositionMode(5, 2, True, 1)) == (Code.SupplyLimit, -1, full)


def test_an_unpaid_debt_cannot_be_paid_out(desk: Desk) -> None:
    open_steep_market(desk)
    lose_to(desk, 5)
    held = 5 * 10_000 + 2**40 + 2**30
    assert desk.cash(5) > held
    assert desk.refusal(c.Withdraw(5, 1, held + 1)) == (Code.SupplyLimit, held + 1, held)
    assert desk.refusal(c.Withdraw(5, 1, held)) is None
    assert desk.refusal(c.Withdraw(5, 1, 1)) == (Code.SupplyLimit, 1, 0)


def test_no_order_enters_a_market_whose_fee_account_is_full(desk: Desk) -> None:
    open_steep_market(desk)
    desk.do(c.SetFees(2, 10**8, 10**8))
    while desk.fees() <= LIMIT:
        lose_to(desk, sub_account(desk))
    assert desk.refusal(desk.order(2, c.BUY, 1, 1, market=2)) == (Code.SupplyLimit, 1, desk.fees())
