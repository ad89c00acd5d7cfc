"""Scenarios of what a pool must have: the largest of four rates, levels above the requirement, caps on what is open."""

from __future__ import annotations

from itertools import pairwise

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.engines import Engine
from tests.model.refusals import Code

RATE_ONE = 10**9


def long_ten(desk: Desk) -> None:
    """Account 1 is long ten lots against account 2: a notional of 1,000, which the tier charges with 100."""
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)


def test_the_largest_of_four_rates_is_the_requirement(desk: Desk) -> None:
    long_ten(desk)
    assert desk.pool(1)["requirement"] == 100
    desk.do(c.SetLeverage(1, 1, 200_000_000))
    assert desk.pool(1)["requirement"] == 200
    desk.do(c.SetScaling(1, 50_000_000, 0, 0))
    # Four fifths of 10 % and 5 % per square root of a lot: 8 % + 5 % · 3.163, of 1,000, rounded up.
    assert desk.pool(1)["requirement"] == 239
    assert desk.pool(2)["requirement"] == 239  # of everyone; leverage is of account 1 alone
    desk.do(c.SetScaling(1, 50_000_000, 0, 40))
    assert desk.pool(1)["requirement"] == 325  # a quarter of the way from 10 % to all of it
    assert desk.pool(1)["maintenance"] == 50  # which nothing scales
    desk.do(c.SetScaling(1, 0, 0, 0))
    desk.do(c.SetLeverage(1, 1, 0))
    assert desk.pool(1)["requirement"] == 100


def test_open_interest_beyond_the_upper_bound_asks_for_all_of_the_notional(desk: Desk) -> None:
    long_ten(desk)
    desk.do(c.SetScaling(1, 0, 2, 10))
    assert desk.pool(1)["requirement"] == 1_000
    desk.do(c.SetScaling(1, 0, 10, 20))
    assert desk.pool(1)["requirement"] == 100


def test_size_alone_never_asks_for_more_than_the_notional(desk: Desk) -> None:
    long_ten(desk)
    desk.do(c.SetScaling(1, RATE_ONE, 0, 0))
    assert desk.pool(1)["requirement"] == 1_000


def test_the_requirement_is_continuous_where_tiers_meet(engine: Engine) -> None:
    """Over an edge one lot more costs at most what it costs in the steeper tier: 100 at 20 %."""
    tiers = (c.Tier(0, 10_000_000, 5_000_000), c.Tier(1_000, 50_000_000, 25_000_000), c.Tier(5_000, 200_000_000, 10**8))
    desk = Desk(engine, tiers=tiers)
    asked = []
    for _ in range(60):
        desk.buy(1, 1, 90)
        asked.append(desk.pool(1)["requirement"])
    steps = [after - before for before, after in pairwise(asked)]
    assert (asked[9], asked[49]) == (10, 210)
    assert (set(steps[:9]), set(steps[9:49]), set(steps[49:])) == ({1}, {5}, {20})


def test_leverage_may_ask_for_more_only_if_the_pool_has_it(engine: Engine) -> None:
    desk = Desk(engine, deposit=150)
    long_ten(desk)
    assert desk.refusal(c.SetLeverage(1, 1, 200_000_000)) == (Code.MarginInsufficient, 200, 150)
    assert desk.refusal(c.SetLeverage(1, 1, RATE_ONE + 1)) == (Code.LeverageInvalid, RATE_ONE + 1, 0)
    desk.do(c.SetLeverage(1, 1, 150_000_000))
    assert desk.refusal(c.SetLeverage(1, 1, 150_000_000)) == (Code.ModeUnchanged, 0, 0)
    desk.mark(90)  # equity 50, requirement 135: less leverage is welcome even so
    desk.do(c.SetLeverage(1, 1, 0))


def test_placing_and_paying_out_ask_for_more_than_a_fill(engine: Engine) -> None:
    desk = Desk(engine, deposit=300)
    desk.do(c.SetLevels(1, 1_500_000_000, 2_000_000_000, 0, 0))
    assert desk.refusal(desk.order(1, c.BUY, 21, 100)) == (Code.MarginInsufficient, 315, 300)
    desk.buy(1, 20, 100)
    assert desk.refusal(c.Withdraw(1, 1, 1)) == (Code.WithdrawalMargin, 299, 400)
    desk.do(c.Deposit(2, 1, 1_000))
    desk.mark(120)  # the order now needs 360 to be placed, and 240 to be filled
    assert "lots=20" in desk.sell(2, 20, 100)[1]


def test_a_floor_holds_for_whoever_has_or_offers_anything(engine: Engine) -> None:
    desk = Desk(engine, deposit=300)
    desk.do(c.SetLevels(1, RATE_ONE, RATE_ONE, 0, 250))
    assert desk.pool(1)["requirement"] == 0
    desk.buy(1, 1, 100)
    assert desk.pool(1)["requirement"] == 250
    desk.do(c.SetLevels(1, RATE_ONE, RATE_ONE, 0, 301))
    # The floor excuses no order from what its own market asks for in addition.
    assert desk.refusal(desk.order(1, c.BUY, 1, 100)) == (Code.MarginInsufficient, 301, 300)
    desk.do(c.MassCancel(1, 0, 0))
    assert desk.pool(1)["requirement"] == 0


def test_a_cap_on_open_interest_cuts_the_fill_that_would_exceed_it(desk: Desk) -> None:
    desk.do(c.SetCaps(1, 7, 0, 0))
    desk.buy(1, 10, 100)
    desk.buy(3, 7, 90)
    assert desk.sell(2, 10, 100)[2].endswith("market=1 lots=3 reason=8")
    assert desk.position(1) == (7, 700)
    assert desk.refusal(desk.order(4, c.BUY, 1, 90)) == (Code.OpenInterestCap, 7, 7)
    desk.do(c.MassCancel(1, 0, 0))
    assert "lots=7" in desk.sell(1, 7, 90)[1]  # changing hands raises nothing


def test_who_closes_trades_even_over_a_cap_that_was_lowered(desk: Desk) -> None:
    long_ten(desk)
    desk.buy(3, 12, 100)
    desk.do(c.SetCaps(1, 5, 0, 0))
    # Ten lots change hands; the two that would be new are cut.
    lines = desk.sell(1, 10, 100)
    assert "lots=10" in lines[1]
    assert desk.refusal(desk.order(1, c.SELL, 2, 100)) == (Code.OpenInterestCap, 10, 5)


def test_concentration_is_bounded_by_a_share_of_open_interest(desk: Desk) -> None:
    long_ten(desk)
    desk.do(c.SetCaps(1, 0, 500_000_000, 3))
    assert desk.refusal(desk.order(3, c.BUY, 6, 90)) == (Code.ConcentrationCap, 6, 5)
    desk.buy(3, 5, 90)
    desk.sell(1, 4, 110)  # raises nothing: |10 − 4| is less than 10


def test_an_accounts_own_cap_comes_before_the_one_for_all(desk: Desk) -> None:
    desk.do(c.SetExposureCap(0, c.BY_ASSET, 1, 500))
    assert desk.refusal(desk.order(1, c.BUY, 6, 90)) == (Code.ExposureCap, 600, 500)
    desk.do(c.SetExposureCap(1, c.BY_ASSET, 1, 1_000))
    desk.buy(1, 10, 90)
    assert desk.refusal(desk.order(2, c.BUY, 6, 90)) == (Code.ExposureCap, 600, 500)
    desk.do(c.SetExposureCap(1, c.BY_ASSET, 1, 0))
    assert desk.refusal(desk.order(1, c.BUY, 1, 90)) == (Code.ExposureCap, 1_100, 500)
    desk.do(c.SetExposureCap(2, c.BY_MARKET, 1, 200))
    assert desk.refusal(desk.order(2, c.BUY, 3, 90)) == (Code.ExposureCap, 300, 200)


def test_a_group_is_capped_over_its_markets(desk: Desk) -> None:
    desk.do(c.AddMarket("BTC-DEC", 1, 10**12, 10**12, 1_000, 1_000))
    desk.do(c.SetTiers(2, (c.Tier(0, 100_000_000, 50_000_000),)))
    desk.mark(200, market=2)
    for market in (1, 2):
        desk.do(c.SetGroup(market, 7))
    desk.do(c.SetExposureCap(0, c.BY_GROUP, 7, 1_000))
    desk.buy(1, 6, 90)
    assert desk.refusal(desk.order(1, c.BUY, 3, 90, market=2)) == (Code.ExposureCap, 1_200, 1_000)
    desk.buy(1, 2, 90, market=2)


def test_caps_are_named_in_order(desk: Desk) -> None:
    long_ten(desk)
    desk.do(c.SetCaps(1, 10, 100_000_000, 1))
    desk.do(c.SetExposureCap(3, c.BY_ASSET, 1, 150))
    order = desk.order(3, c.BUY, 2, 90)
    assert desk.refusal(order) == (Code.OpenInterestCap, 10, 10)
    desk.do(c.SetCaps(1, 11, 100_000_000, 1))
    assert desk.refusal(order) == (Code.ConcentrationCap, 2, 1)
    desk.do(c.SetCaps(1, 11, 0, 0))
    assert desk.refusal(order) == (Code.ExposureCap, 200, 150)
    desk.do(c.SetExposureCap(3, c.BY_ASSET, 1, 200))
    assert desk.refusal(order) is None
