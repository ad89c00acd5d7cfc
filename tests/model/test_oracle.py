"""The oracle price: what sources said, what was accepted from it, and what may be done when it is not good enough."""

from __future__ import annotations

import pytest

from tests.model import commands as c
from tests.model.common_checks import ORIGINS
from tests.model.desk import NOW, TEN_PERCENT, Desk
from tests.model.engines import Engine
from tests.model.refusals import Code
from tests.model.test_refusal_precedence import (
    ENVELOPE_CHAIN,
    ENVELOPE_FAULTS,
    NONCE_CHAIN,
    USED_NONCE_CHAIN,
    Chain,
    play,
    play_on,
    use_nonce,
)
from tests.model.trouble import bankrupt, in_trouble

EVERYTHING = c.SetGrades(1, c.NO_GRADE, c.NO_GRADE, c.NO_GRADE)
ONLY_GOOD = {
    "margin": EVERYTHING._replace(margin=c.GOOD),
    "liquidation": EVERYTHING._replace(liquidation=c.GOOD),
    "funding": EVERYTHING._replace(funding=c.GOOD),
}


def oracle(desk: Desk, market: int = 1) -> list[int]:
    """The oracle price of a market: price, confidence, grade, observed at, updated at, seq."""
    row = desk.engine.markets()[market - 1]
    assert isinstance(row[-2], list)
    return row[-2]


def graded(grade: int, market: int = 1, price: int = 100) -> c.SetOracle:
    """An oracle price of a grade."""
    return c.SetOracle(market, price, 0, grade, NOW)


# What was said and what was accepted


def test_what_a_source_said_is_recorded_as_it_said_it_and_changes_nothing(desk: Desk) -> None:
    before = desk.engine.markets()
    extremes = (65_535, 65_535, -(2**63), 2**63 - 1, 2**64 - 1)
    assert desk.send(c.Observe(*extremes), origin=c.ORACLE)[0][2:] == extremes
    assert desk.do(c.Observe(0, 0, 0, 0, 0)) == ["Observed feed=0 source=0 price=0 confidence=0 observed_at=0"]
    assert desk.engine.markets() == before


def test_an_accepted_price_says_how_good_it_is_and_what_there_was_before(desk: Desk) -> None:
    assert oracle(desk) == [0, 0, c.NO_GRADE, 0, 0, 0]
    told = desk.do(c.SetOracle(1, 101, 2, c.GOOD, 999_000), origin=c.ORACLE)
    assert told == ["OracleSet market=1 price=101 confidence=2 grade=6 observed_at=999000 previous=0 previous_grade=0"]
    first = oracle(desk)
    assert first[:5] == [101, 2, c.GOOD, 999_000, NOW]
    desk.time += 5
    told = desk.do(c.SetOracle(1, 99, 0, c.STALE, 1), origin=c.POLICY)
    assert told == ["OracleSet market=1 price=99 confidence=0 grade=3 observed_at=1 previous=101 previous_grade=6"]
    assert oracle(desk) == [99, 0, c.STALE, 1, NOW + 5, first[5] + 1]


def test_an_oracle_price_is_not_a_mark(engine: Engine) -> None:
    desk = in_trouble(engine, 9_400)
    before = desk.pool(1)
    assert len(desk.do(graded(c.GOOD, price=1))) == 1  # nobody's standing is looked at
    assert desk.pool(1) == before


def test_the_edges_of_an_accepted_price(desk: Desk) -> None:
    desk.do(c.SetOracle(1, 1, 0, c.GOOD, 0))
    desk.do(c.SetOracle(1, 100_000, 2**63 - 1, c.NO_GRADE, 2**64 - 1))
    assert desk.refusal(c.SetOracle(1, 0, 0, c.GOOD, 0)) == (Code.PriceOutOfRange, 0, 100_000)
    assert desk.refusal(c.SetOracle(1, 100_001, 0, c.GOOD, 0)) == (Code.PriceOutOfRange, 100_001, 100_000)
    assert desk.refusal(c.SetOracle(1, 1, -1, c.GOOD, 0)) == (Code.OracleInvalid, -1, 0)


def test_the_order_of_refusals(desk: Desk) -> None:
    chain = [(Code.OriginNotPermitted, {"origin": c.ORACLE}), *ENVELOPE_CHAIN[1:], *NONCE_CHAIN]
    faults = ENVELOPE_FAULTS | {"origin": c.CLIENT}
    play(desk, c.Observe(9, 9, 0, 0, 0), chain, **faults, nonce=1)
    more = [
        *chain,
        (Code.UnknownMarket, {"market": 1}),
        (Code.PriceOutOfRange, {"price": 1}),
        (Code.OracleInvalid, {"confidence": 0}),
    ]
    play(desk, c.SetOracle(9, 0, -1, c.GOOD, 0), more, **faults, nonce=1)
    play(
        desk,
        c.SetGrades(9, c.GOOD, c.GOOD, c.GOOD),
        [*ENVELOPE_CHAIN, *NONCE_CHAIN, (Code.UnknownMarket, {"market": 1})],
        **ENVELOPE_FAULTS,
        nonce=1,
    )


def test_least_grades_are_seen(desk: Desk) -> None:
    assert desk.engine.markets()[0][-1] == [0, 0, 0]
    assert desk.do(c.SetGrades(1, 1, 3, 6)) == ["GradesSet market=1 margin=1 liquidation=3 funding=6"]
    assert desk.engine.markets()[0][-1] == [1, 3, 6]


# Which grade stops what


def trouble_with_everything(engine: Engine) -> Desk:
    """Account 1 fails; 2 has an order, 6 is its sub-account and may draw; 3 is a vault, 4 bids on an auction."""
    desk = in_trouble(engine, 9_100)
    desk.buy(4, 1, 9_000)
    desk.do(c.CreateAccount(2))
    desk.do(c.SetAllowance(2, 6, 1, 10))
    desk.do(c.SetVault(3, 1, 10**9))
    desk.do(c.SetLiquidator(4, True))
    desk.do(c.OpenAuction(1, 1, 10, 0, 0, 1))
    return desk


def samples(desk: Desk) -> dict[type, c.Command]:
    """One command of every kind; those that a grade can stop are in order otherwise, or refused only later."""
    blank = {"str": "", "bool": False, "int": 1}
    made: dict[type, c.Command] = {}
    for kind in ORIGINS:
        types = [kind.__annotations__[field].__forward_arg__ for field in kind._fields]  # type: ignore[attr-defined]
        made[kind] = kind(*(blank.get(name, ()) for name in types))
    return made | {
        c.Place: desk.order(4, c.BUY, 1, 9_000),
        c.Amend: c.Amend(4, 3, 0, 9_001, 0),
        c.Withdraw: c.Withdraw(2, 1, 1),
        c.Transfer: c.Transfer(2, 6, 1, 1),
        c.Draw: c.Draw(6, 2, 1, 1),
        c.SettleFunding: c.SettleFunding(1, 9_100, 1),
        c.Liquidate: c.Liquidate(1, 1, 1, 0),
        c.Hedge: c.Hedge(1, 1, c.SELL, 1, 0),
        c.OpenAuction: c.OpenAuction(1, 1, 1, 0, 0, 1),
        c.Bid: c.Bid(4, 1, 1, 0),
        c.TakeOver: c.TakeOver(1, 1, 1, 3),
        c.Deleverage: c.Deleverage(1, 1, 1, (c.Share(2, 1),)),
        c.Socialise: c.Socialise(1, 1, c.BUY, 0),
    }


@pytest.mark.parametrize(
    ("action", "stopped"),
    [
        ("margin", {c.Place, c.Amend, c.Withdraw, c.Transfer, c.Draw}),
        (
            "liquidation",
            {c.Liquidate, c.Hedge, c.OpenAuction, c.Bid, c.TakeOver, c.Deleverage, c.Socialise},
        ),
        ("funding", {c.SettleFunding}),
    ],
)
def test_a_grade_stops_just_these_commands(engine: Engine, action: str, stopped: set[type]) -> None:
    found = set()
    for kind in ORIGINS:
        desk = trouble_with_everything(type(engine)())
        desk.do(ONLY_GOOD[action])
        desk.do(graded(c.AGEING))
        refusal = desk.refusal(samples(desk)[kind])
        if refusal is not None and refusal[0] == Code.OracleGrade:
            assert refusal == (Code.OracleGrade, c.AGEING, c.GOOD)
            found.add(kind)
    assert found == stopped


@pytest.mark.parametrize("action", ONLY_GOOD)
def test_a_grade_that_suffices_stops_nothing(engine: Engine, action: str) -> None:
    desk = trouble_with_everything(engine)
    desk.do(ONLY_GOOD[action])
    desk.do(graded(c.GOOD))
    for command in samples(desk).values():
        refusal = desk.refusal(command)
        assert refusal is None or refusal[0] != Code.OracleGrade, command


def test_before_any_price_the_grade_is_none_and_permits_what_asks_for_none(desk: Desk) -> None:
    desk.buy(1, 1, 90)
    desk.do(ONLY_GOOD["margin"]._replace(margin=c.VOLATILE))
    assert desk.refusal(desk.order(1, c.BUY, 1, 90)) == (Code.OracleGrade, c.NO_GRADE, c.VOLATILE)
    desk.do(graded(c.VOLATILE))
    desk.buy(1, 1, 90)
    desk.do(graded(c.NO_GRADE))
    assert desk.refusal(desk.order(1, c.BUY, 1, 90)) == (Code.OracleGrade, c.NO_GRADE, c.VOLATILE)
    desk.do(EVERYTHING)
    desk.buy(1, 1, 90)


# Orders


def test_what_only_reduces_and_what_only_shrinks_asks_for_no_grade(desk: Desk) -> None:
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.buy(1, 5, 90)
    desk.sell(1, 5, 110, reduce_only=True)
    desk.do(ONLY_GOOD["margin"])
    assert desk.refusal(c.Amend(1, 3, 0, 0, 6)) == (Code.OracleGrade, 0, 6)
    assert desk.refusal(c.Amend(1, 3, 0, 89, 0)) == (Code.OracleGrade, 0, 6)
    assert desk.refusal(c.Amend(1, 3, 0, 89, 4)) == (Code.OracleGrade, 0, 6)
    desk.do(c.Amend(1, 3, 0, 0, 4))  # to shrink
    desk.do(c.Amend(1, 3, 0, 90, 3))
    desk.do(c.Amend(1, 4, 0, 111, 7))  # reduce-only, whatever changes
    desk.sell(1, 1, 120, reduce_only=True)
    assert desk.refusal(desk.order(1, c.SELL, 1, 120)) == (Code.OracleGrade, 0, 6)
    desk.do(c.Cancel(1, 3, 0))
    desk.do(c.MassCancel(1, 0, 0))


def test_orders_that_rest_are_filled_at_any_grade(desk: Desk) -> None:
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.buy(3, 10, 90)
    desk.do(ONLY_GOOD["margin"])
    assert desk.position(3) == (0, 0)
    desk.sell(1, 10, 90, reduce_only=True)
    assert desk.position(3) == (10, 900)


def test_where_a_grade_stands_among_the_refusals_of_an_order(desk: Desk) -> None:
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 1_000, 10))
    desk.do(c.SetMarketMode(2, c.CANCEL_ONLY))
    desk.do(c.SetGrades(2, c.THIN, 0, 0))
    chain = [
        (Code.MarketNotReady, [c.SetTiers(2, TEN_PERCENT)]),
        (Code.MarketNotReady, [c.SetMark(2, 100)]),
        (Code.OracleGrade, [graded(c.THIN, 2)]),
        (Code.MarketModeRefuses, [c.SetMarketMode(2, c.CONTINUOUS)]),
    ]
    play(desk, desk.order(1, c.BUY, 1, 90, market=2), chain)
    desk.do(graded(c.STALE, 2))
    desk.do(c.SetMarketMode(2, c.CANCEL_ONLY))
    chain = [
        (Code.AmendChangesNothing, {"lots": 2}),
        (Code.OracleGrade, [graded(c.GOOD, 2)]),
        (Code.MarketModeRefuses, [c.SetMarketMode(2, c.CONTINUOUS)]),
    ]
    play(desk, c.Amend(1, 1, 0, 90, 1), chain)


# Money that leaves


def test_money_does_not_leave_a_pool_with_a_position_whose_price_is_bad(desk: Desk) -> None:
    desk.do(ONLY_GOOD["margin"])
    desk.do(graded(c.GOOD))
    desk.buy(1, 10, 100)
    desk.do(graded(c.UNCERTAIN))
    for money in (c.Withdraw(1, 1, 1), c.Transfer(1, 5, 1, 1)):
        desk.do(money)  # an order is no position
    desk.do(c.SetAllowance(1, 5, 1, 100))
    desk.do(c.Draw(5, 1, 1, 1))
    desk.do(graded(c.GOOD))
    desk.sell(2, 10, 100)
    desk.do(graded(c.UNCERTAIN))
    for money in (c.Withdraw(1, 1, 1), c.Transfer(1, 5, 1, 1), c.Draw(5, 1, 1, 1)):
        assert desk.refusal(money) == (Code.OracleGrade, c.UNCERTAIN, c.GOOD)
    desk.do(c.Transfer(5, 1, 1, 1))  # into it
    desk.do(c.Deposit(1, 1, 1))
    desk.do(c.Withdraw(3, 1, 1))


def test_what_a_position_needs_may_be_moved_at_any_grade(desk: Desk) -> None:
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.do(ONLY_GOOD["margin"])
    desk.do(c.SetPositionMode(1, 1, True, 500))
    desk.do(c.AdjustMargin(1, 1, 10))
    desk.do(c.SetLeverage(1, 1, 200_000_000))
    desk.do(c.Withdraw(1, 1, 1))  # what is isolated is not in the pool that pays
    desk.do(c.AdjustMargin(1, 1, -10))
    desk.do(c.SetPositionMode(1, 1, False, 0))
    desk.do(c.FundInsurance(1, 0, 1, 1))
    assert desk.refusal(c.Withdraw(1, 1, 1)) == (Code.OracleGrade, 0, 6)


def test_the_first_market_by_id_is_named(desk: Desk) -> None:
    for market, symbol in ((2, "ETH-PERP"), (3, "SOL-PERP")):
        desk.do(c.AddMarket(symbol, 1, 10**12, 10**12, 1_000, 100))
        desk.do(c.SetTiers(market, TEN_PERCENT))
        desk.do(c.SetMark(market, 100))
    for market in (3, 2):
        desk.buy(1, 1, 100, market=market)
        desk.sell(2, 1, 100, market=market)
    desk.do(ONLY_GOOD["margin"])  # there are no lots in market 1
    desk.do(c.SetGrades(2, c.STALE, 0, 0))
    desk.do(c.SetGrades(3, c.THIN, 0, 0))
    desk.do(graded(c.VOLATILE, 3))
    assert desk.refusal(c.Withdraw(1, 1, 1)) == (Code.OracleGrade, c.NO_GRADE, c.STALE)
    desk.do(graded(c.STALE, 2))
    assert desk.refusal(c.Withdraw(1, 1, 1)) == (Code.OracleGrade, c.VOLATILE, c.THIN)
    desk.do(graded(c.THIN, 3))
    desk.do(c.Withdraw(1, 1, 1))


def test_collateral_is_held_back_by_the_positions_that_it_backs(desk: Desk) -> None:
    for asset, symbol in ((2, "GOLD"), (3, "EUR")):
        desk.do(c.AddAsset(symbol, 0))
        desk.do(c.Deposit(1, asset, 100))
    desk.do(c.SetCollateral(2, 1, 0, 10**6, 10**6, 0))
    desk.buy(1, 1, 100)
    desk.sell(2, 1, 100)
    desk.do(ONLY_GOOD["margin"])
    assert desk.refusal(c.Withdraw(1, 2, 1)) == (Code.OracleGrade, 0, 6)
    desk.do(c.Withdraw(1, 3, 1))  # it backs nothing


def test_where_a_grade_stands_among_the_refusals_of_money(desk: Desk) -> None:
    desk.buy(1, 10, 100)
    desk.sell(2, 10, 100)
    desk.do(ONLY_GOOD["margin"])
    desk.do(c.SetAllowance(1, 5, 1, 20_000))
    for command in (c.Withdraw(1, 1, 10_001), c.Transfer(1, 5, 1, 10_001), c.Draw(5, 1, 1, 10_001)):
        desk.do(graded(c.AGEING))
        chain = [
            (Code.InsufficientBalance, {"amount": 10_000}),
            (Code.OracleGrade, [graded(c.GOOD)]),
            (Code.WithdrawalMargin, {"amount": 0}),
            (Code.AmountNotPositive, {"amount": 1}),
        ]
        play(desk, command, chain)
        desk.do(c.Deposit(1, 1, 1))


# Steps of the waterfall, and funding


@pytest.mark.parametrize(
    ("step", "after"),
    [
        (c.Liquidate(1, 9, 0, 0), Code.PoolHealthy),
        (c.Hedge(1, 9, c.SELL, 1, 0), Code.NotPortfolio),
        (c.OpenAuction(1, 9, 1, 0, 0, 1), Code.PoolHealthy),
        (c.TakeOver(1, 9, 1, 3), Code.VaultUnknown),
        (c.Deleverage(1, 9, 1, (c.Share(2, 1),)), Code.PoolHealthy),
        (c.Socialise(1, 9, c.BUY, 0), Code.PoolHealthy),
    ],
)
def test_where_a_grade_stands_among_the_refusals_of_a_step(desk: Desk, step: c.Command, after: Code) -> None:
    use_nonce(desk, 1)
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 1_000, 10))
    desk.do(ONLY_GOOD["liquidation"]._replace(market=2))
    chain: Chain = [
        *ENVELOPE_CHAIN,
        *USED_NONCE_CHAIN,
        (Code.UnknownMarket, {"market": 2}),
        (Code.MarketNotReady, [c.SetTiers(2, TEN_PERCENT)]),
        (Code.MarketNotReady, [c.SetMark(2, 100)]),
        (Code.OracleGrade, [graded(c.GOOD, 2)]),
    ]
    assert play_on(desk, step, chain, **ENVELOPE_FAULTS, nonce=7) == after


def test_where_a_grade_stands_among_the_refusals_of_a_bid(engine: Engine) -> None:
    desk = trouble_with_everything(engine)
    desk.do(ONLY_GOOD["liquidation"])
    desk.do(c.SetMarketMode(1, c.HALTED))
    desk.do(c.SetMark(1, 10_000))
    chain = [
        (Code.UnknownAuction, {"auction": 1}),
        (Code.BidderNotPermitted, {"account": 4}),
        (Code.MarketModeRefuses, [c.SetMarketMode(1, c.CONTINUOUS)]),
        (Code.OracleGrade, [graded(c.GOOD)]),
        (Code.PoolHealthy, [c.SetMark(1, 9_100)]),
    ]
    play(desk, c.Bid(2, 9, 1, 0), chain)


def test_what_needs_no_price_is_done_at_any_grade(engine: Engine) -> None:
    desk = trouble_with_everything(engine)
    for grades in ONLY_GOOD.values():
        desk.do(grades)
        desk.do(c.Lock(1, 1, 0))
        desk.do(c.CancelIncreasing(1, 1, 0))
        desk.mark(10_000)
        desk.do(c.Release(1, 1, 0))
        desk.mark(9_100)
    desk.do(c.CloseAuction(1))
    ruined = bankrupt(type(engine)())
    ruined.do(c.SetGrades(1, c.GOOD, c.GOOD, c.GOOD))
    ruined.do(c.FundInsurance(1, 0, 2, 100))
    ruined.do(c.CoverLoss(1, 1, 0, 0))


def test_where_a_grade_stands_among_the_refusals_of_funding(desk: Desk) -> None:
    desk.do(ONLY_GOOD["funding"])
    chain = [
        *ENVELOPE_CHAIN,
        *NONCE_CHAIN,
        (Code.UnknownMarket, {"market": 1}),
        (Code.OracleGrade, [graded(c.GOOD)]),
        (Code.PriceOutOfRange, {"price": 1}),
        (Code.FundingInvalid, {"rate": 1}),
    ]
    play(desk, c.SettleFunding(9, 0, 10**9), chain, **ENVELOPE_FAULTS, nonce=1)


# Who holds a market


def test_the_holders_of_a_market_with_the_health_of_their_pools(engine: Engine) -> None:
    desk = in_trouble(engine, 9_300)
    assert engine.holders(1) == [
        [1, False, 900, 9_000_000, -630_000, 3, 370_000, 837_000, 418_500],
        [2, False, -900, -9_000_000, 630_000, 0, 1_630_000, 837_000, 418_500],
    ]
    desk.do(c.SetPositionMode(2, 1, True, 300_000))
    assert engine.holders(1) == [
        [1, False, 900, 9_000_000, -630_000, 3, 370_000, 837_000, 418_500],
        [2, True, -900, -9_000_000, 630_000, 0, 930_000, 837_000, 418_500],
    ]
    desk.buy(4, 1, 9_000)  # an order is no position
    assert [row[0] for row in engine.holders(1) or ()] == [1, 2]
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 1_000, 100))
    assert engine.holders(2) == []
    assert engine.holders(3) is None
