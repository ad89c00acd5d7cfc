"""Scenarios of portfolio margin: who hedges needs less, and must keep the hedge. Worked out by hand."""

from __future__ import annotations

import pytest

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.engines import Engine
from tests.model.refusals import Code
from tests.model.trouble import PERCENT, levels

ONE = 100 * PERCENT
MOVES = (-20, -10, 0, 10, 20)
STANDARD, PORTFOLIO = 1, 2


def two_futures(engine: Engine, deposit: int = 1_000) -> Desk:
    """A desk with two futures on one underlying, marked at 100, which lose at most 20 a lot; account 1 is a portfolio.

    Maintenance is half of the charges. Standard margin would be 10 % and 5 % of each notional.
    """
    desk = Desk(engine, deposit=deposit)
    desk.do(c.AddMarket("BTC-DEC", 1, 10**12, 10**12, 100_000, 10_000))
    desk.do(c.SetTiers(2, (c.Tier(0, 10 * PERCENT, 5 * PERCENT),)))
    desk.do(c.SetMark(2, 100))
    for market in (1, 2):
        desk.do(c.SetGroup(market, 1))
        desk.do(c.SetScenarios(market, MOVES))
    desk.do(c.SetPortfolio(1, 50 * PERCENT, 1))
    desk.do(c.SetMarginMode(1, PORTFOLIO))
    return desk


def margin(desk: Desk, account: int = 1) -> tuple[int, int]:
    """Requirement and maintenance of the pool."""
    pool = desk.pool(account)
    return pool["requirement"], pool["maintenance"]


def trade(desk: Desk, lots: int, market: int, account: int = 1, partner: int = 2) -> None:
    """The account buys, or sells if negative, at the mark of 100; the partner must be able to carry it."""
    buyer, seller = (account, partner) if lots > 0 else (partner, account)
    desk.buy(buyer, abs(lots), 100, market=market)
    desk.sell(seller, abs(lots), 100, market=market)


def test_a_portfolio_is_margined_by_its_worst_scenario(engine: Engine) -> None:
    desk = two_futures(engine)
    trade(desk, 10, 1)
    assert margin(desk) == (200, 100)  # 10 lots lose 20 each; maintenance is half of it
    trade(desk, -10, 2)
    assert margin(desk) == (0, 0)  # an exact hedge
    assert margin(desk, 2) == (200, 100)  # the partner is a standard account: 10 % of both


def test_two_months_of_one_underlying_are_not_the_same(engine: Engine) -> None:
    desk = two_futures(engine)
    desk.do(c.SetBasis(1, 2 * PERCENT))
    desk.do(c.SetScenarios(2, (-15, -8, 0, 9, 18)))
    trade(desk, 10, 1)
    trade(desk, -10, 2)
    assert margin(desk) == (50 + 20, 35)  # down 20 loses 200 and gains 150; and 2 % of 1,000


def test_all_terms_add_up(engine: Engine) -> None:
    desk = two_futures(engine, deposit=10_000)
    desk.do(c.SetConcentration(1, 800, 10 * PERCENT))
    desk.do(c.SettleFunding(1, 100, PERCENT))
    trade(desk, 10, 1)
    desk.buy(1, 5, 90)
    # 200 scenario, 10 % of 200 beyond the threshold, 1 % of 1,000 of funding, and 5 lots of orders at 20
    assert margin(desk) == (200 + 20 + 10 + 100, 115)
    desk.do(levels(account_floor=400))
    assert margin(desk) == (400, 115)


def test_groups_come_together_by_their_correlation(engine: Engine) -> None:
    desk = two_futures(engine)
    desk.do(c.SetGroup(2, 2))
    desk.do(c.SetScenarios(2, MOVES))
    trade(desk, 15, 1)
    trade(desk, 20, 2)
    assert margin(desk) == (500, 250)  # 300 and 400, unrelated
    desk.do(c.SetCorrelations(0, 0, (c.Pair(1, 2, ONE, 0),)))
    assert margin(desk) == (700, 350)
    desk.do(c.SetCorrelations(0, 50 * PERCENT, (c.Pair(1, 2, -ONE, ONE),)))
    assert margin(desk) == (361, 181)  # towards zero: √(250,000 − 120,000)


def test_a_market_without_scenarios_is_charged_as_ever(engine: Engine) -> None:
    desk = two_futures(engine)
    trade(desk, 10, 1)
    trade(desk, 5, 2)
    desk.do(c.SetScenarios(2, ()))
    assert margin(desk) == (200 + 50, 100 + 25)
    desk.do(c.SetGroup(1, 1))  # the moves of market 1 are gone too
    assert margin(desk) == (150, 75)


def test_an_isolated_position_of_a_portfolio_is_standard(engine: Engine) -> None:
    desk = two_futures(engine)
    trade(desk, 10, 1)
    trade(desk, -10, 2)
    desk.do(c.SetPositionMode(1, 2, True, 150))
    assert margin(desk) == (200, 100)


def test_who_cannot_stand_as_a_portfolio_stays_standard(engine: Engine) -> None:
    desk = two_futures(engine, deposit=200)
    assert desk.refusal(c.SetMarginMode(1, PORTFOLIO)) == (Code.ModeUnchanged, 0, 0)
    trade(desk, 10, 1)
    assert desk.refusal(c.SetMarginMode(2, PORTFOLIO)) is None
    trade(desk, 11, 1, account=3, partner=4)
    assert desk.refusal(c.SetMarginMode(3, PORTFOLIO)) == (Code.MarginInsufficient, 220, 200)
    desk.do(c.SetMarginMode(1, STANDARD))
    assert margin(desk) == (100, 50)


def test_an_order_counts_at_its_worst_until_it_has_filled(engine: Engine) -> None:
    desk = two_futures(engine, deposit=220)
    trade(desk, 10, 1)
    desk.buy(1, 1, 99)
    assert margin(desk) == (220, 100)
    assert desk.refusal(desk.order(1, c.BUY, 1, 99)) == (Code.MarginInsufficient, 240, 220)
    assert desk.refusal(desk.order(1, c.SELL, 1, 100, market=2)) == (Code.MarginInsufficient, 240, 220)  # also a hedge


def test_closing_one_leg_of_a_hedge_is_not_always_allowed(engine: Engine) -> None:
    desk = two_futures(engine)
    trade(desk, 10, 1)
    trade(desk, -10, 2)
    desk.do(c.Withdraw(1, 1, 800))  # 10 % of what it holds must stay
    desk.do(c.SetMark(2, 101))
    assert (desk.pool(1)["equity"], margin(desk)) == (190, (0, 0))
    desk.buy(3, 20, 100)
    lines = desk.sell(1, 10, 100, reduce_only=True, time_in_force=c.IOC)  # would leave 200 of a worst loss
    assert lines[1:] == ["OrderCancelled order=6 account=1 market=1 lots=10 reason=5"]
    lines = desk.sell(1, 9, 100, reduce_only=True, time_in_force=c.IOC)  # leaves 180
    assert lines[1].startswith("Traded trade=3 market=1 price=100 lots=9 ")


def test_a_fill_may_open_a_hedge_in_whatever_state_the_account_is(engine: Engine) -> None:
    """Worth 90 and in need of 200, the account opens the other leg: it costs nothing and frees maintenance."""
    desk = two_futures(engine)
    trade(desk, 10, 1)
    desk.do(c.Withdraw(1, 1, 800))
    desk.do(c.SetMark(1, 89))
    assert (desk.pool(1)["equity"], margin(desk)) == (90, (200, 100))
    desk.buy(3, 10, 100, market=2)
    desk.do(c.Hedge(1, 2, c.SELL, 10, 100))
    assert margin(desk) == (0, 0)


def test_a_hedge_of_a_locked_pool_must_make_it_safer(engine: Engine) -> None:
    desk = two_futures(engine)
    trade(desk, 10, 1)
    desk.do(c.Withdraw(1, 1, 800))
    desk.do(c.SetMark(1, 89))
    desk.do(c.Lock(1, 1, 0))
    assert desk.refusal(c.Hedge(2, 2, c.SELL, 1, 100)) == (Code.NotPortfolio, 0, 0)
    assert desk.refusal(c.Hedge(1, 2, c.SELL, 0, 100)) == (Code.LotsNotPositive, 0, 0)
    assert desk.refusal(c.Hedge(1, 2, c.SELL, 10_001, 100)) == (Code.LotsTooMany, 10_001, 10_000)
    assert desk.refusal(c.Hedge(1, 2, c.SELL, 1, 94)) == (Code.PriceBeyondFillable, 94, 95)
    assert desk.refusal(c.Hedge(1, 2, c.BUY, 1, 100)) == (Code.RiskNotReduced, -20, -10)
    desk.buy(3, 4, 96, market=2)
    # 4 lots cost 4 a lot, and free 10 a lot
    assert desk.do(c.Hedge(1, 2, c.SELL, 10, 96)) == [
        "LiquidationStarted account=1 market=2 kind=2 side=2 lots=10 price=96 mark=100 equity=90 maintenance=100",
        "OrderAccepted order=4 account=1 market=2 side=2 price=96 lots=10 client_order=0",
        (
            "Traded trade=2 market=2 price=96 lots=4 taker_side=2 maker_order=3 taker_order=4 maker=3 taker=1 "
            "maker_fee=0 taker_fee=0 maker_realised=0 taker_realised=0"
        ),
        "OrderCancelled order=4 account=1 market=2 lots=6 reason=2",
        "LiquidationEnded account=1 market=2 kind=2 order=4 filled=4 value=384 fee=0 equity=74 maintenance=60",
    ]


@pytest.mark.parametrize("lots", [10, 4])
def test_an_offset_in_the_same_market_never_raises_the_margin(engine: Engine, lots: int) -> None:
    desk = two_futures(engine)
    trade(desk, 10, 1)
    before = margin(desk)
    trade(desk, -lots, 1, partner=3)
    assert margin(desk) == (before[0] * (10 - lots) // 10, before[1] * (10 - lots) // 10)


def test_the_order_in_which_positions_were_opened_does_not_matter(engine: Engine) -> None:
    desk = two_futures(engine)
    desk.do(c.SetMarginMode(3, PORTFOLIO))
    trade(desk, 10, 1)
    trade(desk, -7, 2)
    trade(desk, -7, 2, account=3)
    trade(desk, 10, 1, account=3)
    assert margin(desk) == margin(desk, 3) == (60, 30)


def test_the_order_in_which_markets_were_listed_does_not_matter(engine: Engine) -> None:
    """The same two positions, of which each is in the market that the other is in on the other account."""
    desk = two_futures(engine)
    desk.do(c.SetMarginMode(3, PORTFOLIO))
    for first, second in ((1, 2), (2, 1)):
        for market, moves in ((first, MOVES), (second, (-15, -8, 0, 9, 18))):
            desk.do(c.SetScenarios(market, moves))
        account = {1: 1, 2: 3}[first]
        trade(desk, 10, first, account=account)
        trade(desk, -7, second, account=account)
        assert margin(desk, account) == (95, 48)  # down 20 loses 200 and gains 105
        desk.do(c.SetGroup(second, 2))
        desk.do(c.SetScenarios(second, (-15, -8, 0, 9, 18)))
        assert margin(desk, account) == (237, 119)  # 200 and 126, unrelated: √(40,000 + 15,876) = 236.4
        desk.do(c.SetGroup(second, 1))


def test_leverage_asks_for_nothing_where_scenarios_do(engine: Engine) -> None:
    desk = two_futures(engine)
    trade(desk, 10, 1)
    desk.do(c.SetMark(1, 75))  # worth 750, in need of 200
    desk.do(c.Withdraw(1, 1, 540))
    desk.do(c.SetLeverage(1, 1, ONE))
    assert margin(desk) == (200, 100)
    desk.do(c.SetScenarios(1, ()))
    assert margin(desk) == (750, 38)
