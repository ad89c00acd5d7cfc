"""Scenarios of the first rungs: calls, locks, cancelled orders, bounded reductions. Account 1 is in trouble."""

from __future__ import annotations

import pytest

from tests.model import commands as c
from tests.model.desk import ledger
from tests.model.engines import Engine
from tests.model.refusals import Code
from tests.model.trouble import PERCENT, in_trouble, levels, liquidation


def changed(standing: int, previous: int, equity: int, mark: int, pool: int = 0) -> list[str]:
    """The line by which account 1 is said to stand otherwise."""
    terms = f"equity={equity} requirement={90 * mark} maintenance={45 * mark}"
    return [f"StandingChanged account=1 asset=1 market={pool} standing={standing} previous={previous} {terms}"]


def test_every_step_down_is_announced_once(engine: Engine) -> None:
    desk = in_trouble(engine, 10_000)
    desk.do(liquidation(first_call_rate=150 * PERCENT, second_call_rate=120 * PERCENT))

    def standing(mark: int) -> list[str]:
        return [line for line in desk.do(c.SetMark(1, mark)) if line.startswith("StandingChanged")]

    assert standing(9_700) == []  # 730,000 of 436,500
    assert standing(9_600) == changed(1, 0, 640_000, 9_600)
    assert standing(9_600) == []
    assert standing(9_450) == changed(2, 1, 505_000, 9_450)
    assert standing(9_300) == changed(3, 2, 370_000, 9_300)
    assert standing(9_100) == changed(4, 3, 190_000, 9_100)
    assert standing(8_800) == changed(5, 4, -80_000, 8_800)
    assert standing(9_700) == changed(0, 5, 730_000, 9_700)


def test_funding_and_collateral_prices_change_standings_too(engine: Engine) -> None:
    desk = in_trouble(engine, 9_400)  # 37,000 above maintenance
    # 0.5 % of 900 · 9,131 is 41,089.5
    assert desk.do(c.SettleFunding(1, 9_131, 5_000_000))[1:] == changed(3, 0, 460_000 - 41_090, 9_400)
    desk.do(c.AddAsset("EUR", 0))
    desk.do(c.SetCollateral(2, 1, 0, 10**9, 10**9, 0))
    desk.do(c.Deposit(1, 2, 10_000))
    assert desk.do(c.SetCollateralPrice(2, 1, 10**9))[1:] == changed(0, 3, 418_910 + 10_000, 9_400)


def test_a_lock_holds_until_the_pool_has_recovered(engine: Engine) -> None:
    desk = in_trouble(engine)
    desk.do(levels(buffer_rate=10 * PERCENT))
    assert desk.do(c.Lock(1, 1, 0)) == ["PoolLocked account=1 asset=1 market=0 equity=370000 maintenance=418500"]
    assert desk.refusal(c.Lock(1, 1, 0)) == (Code.LockUnchanged, 0, 0)
    desk.mark(9_420)  # 478,000, and 10 % above 423,900 is 466,290
    assert desk.do(c.Release(1, 1, 0)) == ["PoolReleased account=1 asset=1 market=0 equity=478000 maintenance=423900"]
    assert desk.refusal(c.Release(1, 1, 0)) == (Code.LockUnchanged, 0, 0)


def test_a_locked_pool_is_not_released_and_may_be_reduced_between_its_levels(engine: Engine) -> None:
    desk = in_trouble(engine)
    desk.do(levels(buffer_rate=10 * PERCENT))
    desk.do(c.Lock(1, 1, 0))
    desk.mark(9_400)  # 460,000, above 423,000, below 465,300
    assert desk.refusal(c.Release(1, 1, 0)) == (Code.NotRecovered, 460_000, 465_300)
    desk.buy(4, 900, 9_400)
    # 5,300 short, and each lot frees 517: 10.25, rounded up. Nothing is lacking, so the price is the mark.
    started = "LiquidationStarted account=1 market=1 kind=1 side=2 lots=11 price=9400 mark=9400"
    assert desk.do(c.Liquidate(1, 1, 0, 0))[0].startswith(started)
    assert (desk.pool(1)["equity"], desk.pool(1)["maintenance"]) == (460_000, 417_830)
    assert desk.do(c.Release(1, 1, 0)) != []


def test_a_locked_pool_only_reduces(engine: Engine) -> None:
    desk = in_trouble(engine)
    desk.do(c.Lock(1, 1, 0))
    assert desk.refusal(desk.order(1, c.BUY, 1, 9_300)) == (Code.AccountReduceOnly, 2, 0)
    assert desk.refusal(c.Withdraw(1, 1, 1)) == (Code.WithdrawalNotPermitted, 2, 0)
    desk.sell(1, 1, 9_300, reduce_only=True)


def test_orders_that_add_risk_are_cancelled_and_those_that_close_stay(engine: Engine) -> None:
    desk = in_trouble(engine, 10_000)
    desk.buy(1, 10, 9_000)  # 3: more of it
    desk.sell(1, 600, 11_000)  # 4: against it
    desk.sell(1, 400, 11_000)  # 5: with the former more than there is to close
    desk.sell(1, 300, 11_000)  # 6: but this fits
    desk.sell(1, 50, 11_000, reduce_only=True)  # 7
    desk.mark(9_300)
    assert desk.do(c.CancelIncreasing(1, 1, 0)) == [
        "OrderCancelled order=3 account=1 market=1 lots=10 reason=9",
        "OrderCancelled order=5 account=1 market=1 lots=400 reason=9",
        "IncreasingCancelled account=1 asset=1 market=0 count=2",
    ]
    assert desk.open_lots(1) == {4: 600, 6: 300, 7: 50}
    assert desk.do(c.CancelIncreasing(1, 1, 0)) == ["IncreasingCancelled account=1 asset=1 market=0 count=0"]


def test_a_reduction_trades_down_to_the_fillable_price_and_pays_the_insurance(engine: Engine) -> None:
    desk = in_trouble(engine)
    desk.do(liquidation(fee_rate=PERCENT, cooldown_ns=50))
    desk.buy(4, 40, 9_250)
    desk.buy(4, 40, 9_247)
    desk.buy(4, 900, 9_246)
    named, taken = "account=1 market=1 kind=1", "taker_order=6 maker=4 taker=1 maker_fee=0 taker_fee=0 maker_realised=0"
    # Short of 48,500; a lot frees 465 and pays 93: 130.4. 11.6 % of maintenance is gone, 53.9 ticks of 465.
    assert desk.do(c.Liquidate(1, 1, 0, 0)) == [
        f"LiquidationStarted {named} side=2 lots=131 price=9247 mark=9300 equity=370000 maintenance=418500",
        "OrderAccepted order=6 account=1 market=1 side=2 price=9247 lots=131 client_order=0",
        f"Traded trade=2 market=1 price=9250 lots=40 taker_side=2 maker_order=3 {taken} taker_realised=-30000",
        f"Traded trade=3 market=1 price=9247 lots=40 taker_side=2 maker_order=4 {taken} taker_realised=-30120",
        "OrderCancelled order=6 account=1 market=1 lots=51 reason=2",
        # 370,000 less 40 · 50 and 40 · 53 against the mark, and 1 % of 739,880 rounded up
        f"LiquidationEnded {named} order=6 filled=80 value=739880 fee=7399 equity=358481 maintenance=381300",
    ]
    assert desk.engine.assets()[0][5] == 7_399
    assert desk.refusal(c.Liquidate(1, 1, 0, 0)) == (Code.Cooldown, desk.time + 50, desk.time)
    desk.time += 50
    desk.do(c.Liquidate(1, 1, 1, 9_300))


def test_the_own_orders_of_the_account_give_way(engine: Engine) -> None:
    desk = in_trouble(engine, 10_000)
    desk.buy(1, 10, 9_290)
    desk.mark(9_300)
    lines = desk.do(c.Liquidate(1, 1, 5, 0))
    assert "OrderCancelled order=3 account=1 market=1 lots=10 reason=6" in lines
    assert "OrderCancelled order=4 account=1 market=1 lots=5 reason=2" in lines


def test_a_reduction_is_bounded_in_lots_and_price(engine: Engine) -> None:
    desk = in_trouble(engine)
    assert desk.refusal(c.Liquidate(1, 1, 106, 0)) == (Code.LotsTooMany, 106, 105)
    assert desk.refusal(c.Liquidate(1, 1, 105, 9_246)) == (Code.PriceBeyondFillable, 9_246, 9_247)
    assert desk.refusal(c.Liquidate(1, 1, 105, -1)) == (Code.PriceOutOfRange, -1, 100_000)
    desk.do(c.Liquidate(1, 1, 105, 9_247))


def test_nobody_is_sold_into_debt(engine: Engine) -> None:
    """With 1,000 left of 396,450 of maintenance, a reduction may cost one tick a lot, not the whole maintenance."""
    desk = in_trouble(engine, 8_890)
    assert desk.pool(1)["equity"] == 1_000
    assert desk.refusal(c.Liquidate(1, 1, 1, 8_888)) == (Code.PriceBeyondFillable, 8_888, 8_889)


def test_the_fee_takes_no_more_than_there_is(engine: Engine) -> None:
    desk = in_trouble(engine, 8_890)
    desk.do(liquidation(fee_rate=PERCENT))
    desk.buy(4, 900, 8_889)
    lines = desk.do(c.Liquidate(1, 1, 900, 0))
    assert lines[-1].endswith("filled=900 value=8000100 fee=100 equity=0 maintenance=0")


@pytest.mark.parametrize("mark", [9_390, 9_400])
def test_no_step_touches_a_healthy_pool(engine: Engine, mark: int) -> None:
    """At 9,390 the pool is worth 451,000 and needs 422,550."""
    desk = in_trouble(engine, mark)
    desk.do(c.SetVault(3, 1, 10**9))
    desk.do(c.SetLiquidator(3, True))
    worth, needed = 1_000_000 - 900 * (10_000 - mark), 45 * mark
    failing = -(-needed * 666_666_667 // 10**9)
    before = desk.engine.account(1)
    for step, level in (
        (c.Lock(1, 1, 0), needed),
        (c.CancelIncreasing(1, 1, 0), needed),
        (c.Liquidate(1, 1, 0, 0), needed),
        (c.OpenAuction(1, 1, 1, 0, 0, 1), needed),
        (c.TakeOver(1, 1, 0, 3), failing),
        (c.Deleverage(1, 1, 1, (c.Share(2, 1),)), failing),
        (c.CoverLoss(1, 1, 0, 0), 0),
        (c.Socialise(1, 1, c.SELL, 0), 0),
    ):
        assert desk.refusal(step) == (Code.PoolHealthy, worth, level), step
    assert desk.engine.account(1) == before


def test_an_isolated_position_is_a_pool_of_its_own(engine: Engine) -> None:
    desk = in_trouble(engine, 10_000)
    desk.do(c.SetPositionMode(1, 1, True, 900_000))
    events = desk.send(c.SetMark(1, 9_300))  # 270,000 of 418,500
    assert ledger(events)[1:] == changed(4, 0, 270_000, 9_300, pool=1)
    desk.do(liquidation(fee_rate=PERCENT))
    assert desk.refusal(c.Lock(1, 1, 0)) == (Code.PoolHealthy, 100_000, 0)
    desk.do(c.Lock(1, 1, 1))
    desk.buy(4, 900, 9_300)
    desk.do(c.Liquidate(1, 1, 100, 0))
    assert desk.cash(1) == 100_000
    assert desk.engine.assets()[0][5] == 0  # the fee of 9,300 is in the fund of the market
    assert desk.refusal(c.Lock(2, 1, 1)) == (Code.PoolInvalid, 1, 1)
