"""Prices and shares of the waterfall against figures worked out elsewhere, and against figures worked out by hand."""

from __future__ import annotations

import json
from decimal import ROUND_CEILING, Decimal
from typing import Any

import pytest

from tests.flow.shared import shared as shared_file
from tests.model.arithmetic import RATE_ONE, ceil_div
from tests.model.standing import (
    BANKRUPT,
    FIRST_CALL,
    HEALTHY,
    LIQUIDATABLE,
    SECOND_CALL,
    TAKE_OVER,
    Health,
    Liquidation,
    recovered_level,
    standing_of,
)
from tests.model.waterfall_shares import (
    Stake,
    auction_discount,
    auction_price,
    bankruptcy_value,
    bid_value,
    fillable_price,
    most_lots,
    restoring_lots,
    shared,
    take_over_value,
)


def rate(share: object) -> int:
    """A rate from the decimal number it is written as."""
    return int(Decimal(str(share)) * RATE_ONE)


def stake(
    lots: int,
    equity: int = 0,
    *,
    mark: int = 100,
    maintenance_rate: object = "0.05",
    cost: int | None = None,
    others: int = 0,
) -> Stake:
    """A position in a market of one tier, in a pool with `others` of maintenance elsewhere; bought at the mark."""

    def maintenance(lots: int) -> int:
        return ceil_div(abs(lots) * mark * rate(maintenance_rate), RATE_ONE)

    total = maintenance(lots) + others
    paid = lots * mark if cost is None else cost
    return Stake(lots, paid, mark, 1, 100_000, maintenance, total, Health(equity, total))


def vectors(group: str) -> Any:
    """A group of the shared figures; their numbers stay as they are written."""
    return json.loads(shared_file("vectors.json").read_text(), parse_float=Decimal)[group]


def milli(amount: object) -> int:
    """Thousandths: the lots and the money of the dYdX figures."""
    return int(Decimal(str(amount)) * 1_000)


def test_fillable_prices_as_dydx_has_them() -> None:
    for vector in vectors("dydx_fillable"):
        lots = milli(vector["pos"])
        position = stake(lots, milli(vector["usdc"]) + lots * 50_000, mark=50_000, maintenance_rate="0.1")
        settings = Liquidation(adjustment_rate=rate(vector["ba"]), spread_rate=rate(vector["smmr"]))
        assert fillable_price(position, settings) == vector["px"]


def test_bankruptcy_values_as_dydx_has_them() -> None:
    for vector in vectors("dydx_bankruptcy"):
        lots, equity = milli(vector["pos"]), milli(vector["usdc"]) + milli(vector["pos"]) * vector["px"]
        position = stake(lots, equity, mark=vector["px"], maintenance_rate=vector["mm"])
        assert bankruptcy_value(position, int(lots * vector["close"])) == milli(vector["quote"])


def test_size_of_a_partial_liquidation_as_drift_has_it() -> None:
    """One lot is a millionth; the size is rounded up, for a lot less would leave the pool short."""
    for vector in vectors("drift_liq_base"):
        fee_rate = rate(Decimal(str(vector["liq_fee"])) + Decimal(str(vector["if_fee"])))
        equity = (20 - vector["shortage"]) * 10**6
        position = stake(2_000_000, equity, mark=vector["price"], maintenance_rate=vector["mr"])
        expected = int((Decimal(str(vector["base"])) * 10**6).to_integral_value(ROUND_CEILING))
        assert restoring_lots(position, 0, fee_rate) == expected


def test_size_of_a_partial_liquidation_in_the_rulebook() -> None:
    """Shortage 10, maintenance 10 %, liquidator and insurance 1 % each, price 100: 1.25 units, here of 100 lots."""
    assert restoring_lots(stake(200, 1_000, maintenance_rate="0.1"), 0, rate("0.02")) == 125


def test_claims_are_shared_as_vega_has_it() -> None:
    for vector in vectors("vega_socialise"):
        assert shared(vector["collected"], vector["due"]) == vector["paid"]


def test_pro_rata_sharing_in_the_rulebook() -> None:
    assert shared(100, [60, 90]) == [40, 60]


def test_deleveraged_counterparties_trade_at_the_bankruptcy_price_as_bitmex_has_it() -> None:
    """20 lots long at the mark of 700 with equity 1,000 are bankrupt at 650; two accounts close 10 each."""
    vector = vectors("bitmex_adl")
    value = bankruptcy_value(stake(vector["need"], 1_000, mark=700), 20)
    assert shared(value, list(vector["closed"].values())) == [10 * vector["px"]] * 2


@pytest.mark.parametrize(
    ("equity", "standing"),
    [
        (1_500, HEALTHY),
        (1_499, FIRST_CALL),
        (1_200, FIRST_CALL),
        (1_199, SECOND_CALL),
        (1_000, SECOND_CALL),
        (999, LIQUIDATABLE),
        (667, LIQUIDATABLE),  # two thirds of 1,000, rounded up
        (666, TAKE_OVER),
        (0, TAKE_OVER),
        (-1, BANKRUPT),
    ],
)
def test_standing_goes_down_step_by_step(equity: int, standing: int) -> None:
    settings = Liquidation(first_call_rate=rate("1.5"), second_call_rate=rate("1.2"))
    assert standing_of(Health(equity, 1_000), settings) == standing


def test_nothing_needs_nothing_and_a_debt_alone_is_bankrupt() -> None:
    assert standing_of(Health(0, 0), Liquidation()) == HEALTHY
    assert standing_of(Health(-1, 0), Liquidation()) == BANKRUPT


def test_without_calls_a_pool_is_healthy_down_to_its_maintenance() -> None:
    assert standing_of(Health(1_000, 1_000), Liquidation()) == HEALTHY
    assert standing_of(Health(999, 1_000), Liquidation()) == LIQUIDATABLE


@pytest.mark.parametrize(
    ("lots", "equity", "price"),
    [
        (100, 5_000, 1_000),  # at maintenance: not worse than the mark
        (100, 4_000, 990),  # a fifth of it gone: a fifth of the 5 % maintenance
        (100, 2_500, 975),  # half way it meets the bankruptcy price
        (100, 1_000, 990),  # and from there there is only the equity to give
        (100, 0, 1_000),
        (100, -9_000, 1_000),
        (-100, 3_990, 1_010),  # 20.2 % of 5 % is 10.1 ticks, rounded towards the mark
        (-100, 990, 1_009),
    ],
)
def test_the_fillable_price_moves_from_the_mark_but_not_beyond_bankruptcy(lots: int, equity: int, price: int) -> None:
    assert fillable_price(stake(lots, equity, mark=1_000), Liquidation()) == price


def test_other_positions_leave_less_equity_to_give() -> None:
    assert fillable_price(stake(100, 4_000, mark=1_000, others=5_000), Liquidation()) == 980


def test_the_fillable_price_stays_a_price() -> None:
    assert fillable_price(stake(100, 50, mark=1, maintenance_rate=1), Liquidation(adjustment_rate=100 * RATE_ONE)) == 1
    short = stake(-100, 5_000_000, mark=100_000, maintenance_rate=1)
    assert fillable_price(short, Liquidation()) == 100_000


@pytest.mark.parametrize(
    ("equity", "settings", "lots"),
    [
        (490, Liquidation(), 11),  # short of 550 by 60, and each lot frees 5.5: 10.9, rounded up
        (495, Liquidation(partial_rate=rate("0.1")), 10),  # a tenth of 100
        (495, Liquidation(partial_rate=0, partial_notional=750), 8),  # 7.5 lots, rounded up
        (495, Liquidation(partial_rate=0), 1),  # at least one
        (-9_000, Liquidation(), 100),  # at most all
        (499, Liquidation(fee_rate=rate("0.1")), 100),  # the fee is more than what is freed
    ],
)
def test_the_most_lots_of_a_reduction(equity: int, settings: Liquidation, lots: int) -> None:
    assert most_lots(stake(100, equity), rate("0.1"), settings) == lots


def test_reducing_by_the_restoring_lots_at_the_mark_recovers_the_pool() -> None:
    position = stake(100, 440)
    lots = restoring_lots(position, rate("0.1"), rate("0.01"))
    assert lots == 25  # 110 short, 4.5 a lot

    def after(lots: int) -> bool:
        left = Health(440 - lots, position.maintenance(100 - lots))  # the fee is 1 a lot
        return left.equity >= recovered_level(left, rate("0.1"))

    assert after(lots)
    assert not after(lots - 1)


def test_the_bankruptcy_value_takes_a_share_of_equity_rounded_against_the_account() -> None:
    assert bankruptcy_value(stake(30, 100), 10) == 1_000 - 34  # a third of 100 goes along
    assert bankruptcy_value(stake(-30, 100), 10) == 1_000 + 34


def test_a_share_of_the_debt_is_forgiven_as_far_as_these_lots_made_it() -> None:
    assert bankruptcy_value(stake(30, -100, cost=4_000), 10) == 1_000 + 33  # a third of the debt, of a loss of 333
    assert bankruptcy_value(stake(30, -100, cost=3_060), 10) == 1_000 + 20  # they lost no more than a third of 60
    assert bankruptcy_value(stake(30, -100, cost=2_000), 10) == 1_000  # they gained: the debt is from elsewhere
    assert bankruptcy_value(stake(-30, -100, cost=-2_000), 10) == 1_000 - 33
    assert bankruptcy_value(stake(-30, -100, cost=-2_940), 10) == 1_000 - 20


def test_the_losers_of_the_rulebook_are_short_of_3_000() -> None:
    """Party 1 has 5,000 and sold 100 at 100; at the mark of 180 it has lost 8,000."""
    party = stake(-100, -3_000, mark=180, cost=-10_000)
    assert bankruptcy_value(party, 100) == 18_000 - 3_000
    assert take_over_value(party, 100) == 18_000  # who takes over does not pay its debts


def test_the_bankruptcy_value_is_a_price_somebody_could_have_traded_at() -> None:
    assert bankruptcy_value(stake(10, 5_000), 10) == 10  # one tick a lot
    assert bankruptcy_value(stake(-10, 10**9), 10) == 10 * 100_000
    assert bankruptcy_value(stake(10, 5_000, maintenance_rate=0), 10) == 1_000  # nothing to share by: the mark


def test_a_bid_takes_no_more_than_the_share_of_the_equity() -> None:
    assert bid_value(stake(10, 40), 5, 98) == 490
    assert bid_value(stake(10, 40), 5, 1) == 480  # half of the equity
    assert bid_value(stake(-10, -7), 5, 103) == 500  # nothing is left to give


@pytest.mark.parametrize(
    ("elapsed", "discount", "price_long", "price_short"),
    [(0, "0.01", 990, 1_010), (500, "0.03", 970, 1_030), (999, "0.04996", 950, 1_050), (5_000, "0.05", 950, 1_050)],
)
def test_an_auction_gets_cheaper_until_its_end(elapsed: int, discount: str, price_long: int, price_short: int) -> None:
    now = auction_discount(rate("0.01"), rate("0.05"), elapsed_ns=elapsed, duration_ns=1_000)
    assert now == rate(discount)
    assert auction_price(1_000, 100_000, now, long=True) == price_long
    assert auction_price(1_000, 100_000, now, long=False) == price_short


def test_everything_for_nothing_is_still_a_price() -> None:
    assert auction_price(100, 100_000, RATE_ONE, long=True) == 1
    assert auction_price(60_000, 100_000, RATE_ONE, long=False) == 100_000


def test_what_cannot_be_shared_goes_to_the_last() -> None:
    assert shared(100, [1, 1, 1]) == [33, 33, 34]
    assert shared(-100, [1, 1, 1]) == [-34, -34, -32]
    assert shared(7, [5]) == [7]
