"""Scenarios of debts without positions: insurance, collateral, socialisation."""

from __future__ import annotations

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.engines import Engine
from tests.model.refusals import Code
from tests.model.trouble import PERCENT, bankrupt, in_trouble

HALF = 50 * PERCENT


def fund(desk: Desk, amount: int, account: int = 4, market: int = 0) -> None:
    """Fills a fund out of somebody's cash."""
    desk.do(c.FundInsurance(1, market, account, amount))


def insurance(desk: Desk, asset: int = 1) -> int:
    """What is in the fund of an asset's cross pools."""
    return int(desk.engine.assets()[asset - 1][5])


def test_insurance_pays_a_debt_and_no_more(engine: Engine) -> None:
    desk = bankrupt(engine)
    fund(desk, 100_000)
    assert desk.refusal(c.CoverLoss(1, 1, 0, 80_001)) == (Code.AmountTooLarge, 80_001, 80_000)
    assert desk.do(c.CoverLoss(1, 1, 0, 30_000)) == ["LossCovered account=1 asset=1 market=0 amount=30000 fund=70000"]
    assert desk.do(c.CoverLoss(1, 1, 0, 0)) == ["LossCovered account=1 asset=1 market=0 amount=50000 fund=20000"]
    assert desk.cash(1) == 0
    assert desk.refusal(c.CoverLoss(1, 1, 0, 0)) == (Code.PoolHealthy, 0, 0)


def test_insurance_pays_what_is_in_it(engine: Engine) -> None:
    desk = bankrupt(engine)
    assert desk.refusal(c.CoverLoss(1, 1, 0, 0)) == (Code.InsuranceExhausted, 0, 0)
    fund(desk, 30_000)
    assert desk.refusal(c.CoverLoss(1, 1, 0, 30_001)) == (Code.InsuranceExhausted, 30_001, 30_000)
    desk.do(c.CoverLoss(1, 1, 0, 0))
    assert (desk.cash(1), insurance(desk)) == (-50_000, 0)


def test_a_fund_loses_no_more_than_its_limit_in_an_interval(engine: Engine) -> None:
    desk = bankrupt(engine)
    fund(desk, 100_000)
    desk.do(c.SetInsurance(1, 0, 20_000, 100))
    desk.time = 2_000_000  # a window of 100 ns begins here
    desk.do(c.CoverLoss(1, 1, 0, 15_000))
    assert desk.refusal(c.CoverLoss(1, 1, 0, 5_001)) == (Code.InsuranceExhausted, 5_001, 5_000)
    desk.time += 99
    desk.do(c.CoverLoss(1, 1, 0, 0))
    assert desk.refusal(c.CoverLoss(1, 1, 0, 0)) == (Code.InsuranceExhausted, 0, 0)
    desk.time += 1
    desk.do(c.CoverLoss(1, 1, 0, 0))
    assert desk.cash(1) == -40_000
    desk.do(c.SetInsurance(1, 0, 10_000, 100))
    assert desk.refusal(c.CoverLoss(1, 1, 0, 0)) == (Code.InsuranceExhausted, 0, 0)  # 20,000 stay counted
    desk.do(c.SetInsurance(1, 0, 10_000, 200))
    desk.do(c.CoverLoss(1, 1, 0, 0))
    desk.do(c.SetInsurance(1, 0, 0, 0))  # no limit
    desk.do(c.CoverLoss(1, 1, 0, 0))
    assert (desk.cash(1), insurance(desk)) == (0, 20_000)


def test_losses_of_an_isolated_position_never_reach_another_fund(engine: Engine) -> None:
    desk = in_trouble(engine, 10_000)
    desk.do(c.SetPositionMode(1, 1, True, 900_000))
    desk.mark(8_900)  # 90,000 short
    desk.do(c.SetVault(3, 1, 10**9))
    desk.do(c.TakeOver(1, 1, 0, 3))
    fund(desk, 200_000)
    fund(desk, 50_000, market=1)
    assert desk.do(c.CoverLoss(1, 1, 1, 0)) == ["LossCovered account=1 asset=1 market=1 amount=50000 fund=0"]
    assert desk.refusal(c.CoverLoss(1, 1, 1, 0)) == (Code.InsuranceExhausted, 0, 0)
    assert desk.refusal(c.CoverLoss(1, 1, 0, 0)) == (Code.PoolHealthy, 100_000, 0)
    assert desk.do(c.Socialise(1, 1, c.SELL, 0))[0] == (
        "LossSocialised account=1 asset=1 market=1 side=2 amount=40000 open_interest=900"
    )
    assert desk.cash(1) == 100_000


def test_a_fund_is_filled_from_fees_or_from_what_an_account_can_spare(engine: Engine) -> None:
    desk = in_trouble(engine, 10_000)
    assert desk.refusal(c.FundInsurance(1, 0, 0, 1)) == (Code.InsufficientBalance, 1, 0)
    desk.do(c.SetFees(1, 0, PERCENT))
    desk.buy(3, 1, 10_000)
    desk.sell(4, 1, 10_000)
    line = "InsuranceFunded asset=1 market=1 account=0 amount=100 fund=100"
    assert desk.do(c.FundInsurance(1, 1, 0, 100)) == [line]
    assert desk.refusal(c.FundInsurance(1, 0, 1, 100_001)) == (Code.WithdrawalMargin, 899_999, 900_000)
    desk.do(c.FundInsurance(1, 0, 1, 100_000))
    assert desk.refusal(c.FundInsurance(1, 0, 1, 1), origin=c.POLICY) == (Code.OriginNotPermitted, c.POLICY, 0)
    assert desk.refusal(c.FundInsurance(1, 0, 0, 1), origin=c.POLICY) == (Code.InsufficientBalance, 1, 0)


def with_collateral(engine: Engine, haircut_rate: int = 40 * PERCENT) -> Desk:
    """The bankrupt desk, on which account 1 also has 100,000 euros, at 1.5 a euro less a haircut."""
    desk = in_trouble(engine, 8_800)
    desk.do(c.AddAsset("EUR", 0))
    desk.do(c.SetCollateral(2, 1, haircut_rate, 10**9, 10**9, 1))
    desk.do(c.SetCollateralPrice(2, 15, 10**9))
    desk.do(c.SetVault(3, 1, 10**9))
    desk.do(c.TakeOver(1, 1, 0, 3))
    desk.do(c.Deposit(1, 2, 100_000))
    return desk


def test_collateral_is_sold_to_the_insurance_before_anybody_else_pays(engine: Engine) -> None:
    desk = with_collateral(engine)  # worth 90,000, so that 10,000 are left of 80,000 of debt
    assert desk.pool(1)["equity"] == 10_000
    assert desk.refusal(c.ConvertCollateral(1, 2, 50_000)) == (Code.InsuranceExhausted, 45_000, 0)
    fund(desk, 200_000)
    line = "CollateralConverted account=1 asset=2 amount=50000 settlement=1 value=45000"
    assert desk.do(c.ConvertCollateral(1, 2, 50_000)) == [line]
    assert (desk.cash(1), desk.cash(1, 2), insurance(desk), insurance(desk, 2)) == (-35_000, 50_000, 155_000, 50_000)
    # 38,889 euros are worth floor(floor(58,333.5) · 0.6) = 34,999; the next one covers the debt
    assert desk.refusal(c.ConvertCollateral(1, 2, 38_891)) == (Code.AmountTooLarge, 38_891, 35_000)
    desk.do(c.ConvertCollateral(1, 2, 38_890))
    assert desk.cash(1) == 1
    assert desk.refusal(c.ConvertCollateral(1, 2, 1)) == (Code.NoDebt, 1, 0)


def test_insurance_does_not_pay_what_a_haircut_hides(engine: Engine) -> None:
    desk = with_collateral(engine, haircut_rate=HALF)
    fund(desk, 1_000)
    assert desk.pool(1)["equity"] == -5_000
    for step in (c.CoverLoss(1, 1, 0, 0), c.Socialise(1, 1, c.SELL, 0)):
        assert desk.refusal(step) == (Code.PoolHealthy, -5_000, 0)
    fund(desk, 99_000)
    desk.do(c.ConvertCollateral(1, 2, 100_000))
    desk.do(c.CoverLoss(1, 1, 0, 0))
    assert (desk.cash(1), desk.cash(1, 2)) == (0, 0)


def test_nothing_is_taken_for_nothing(engine: Engine) -> None:
    desk = with_collateral(engine)
    fund(desk, 1_000)
    assert desk.refusal(c.ConvertCollateral(1, 2, 1)) == (Code.AmountNotPositive, 1, 0)  # 1.5 · 0.6 is not one
    desk.do(c.SetCollateralPrice(2, 0, 10**9))
    assert desk.refusal(c.ConvertCollateral(1, 2, 100_000)) == (Code.AmountNotPositive, 100_000, 0)


def test_collateral_that_is_worth_nothing_keeps_no_debt_alive(engine: Engine) -> None:
    desk = with_collateral(engine)
    desk.do(c.SetCollateralPrice(2, 15, 0))
    desk.do(c.Socialise(1, 1, c.SELL, 0))
    assert (desk.cash(1), desk.cash(1, 2)) == (0, 100_000)


def test_a_loss_is_shared_by_the_winners_through_their_index(engine: Engine) -> None:
    desk = bankrupt(engine)  # 2 is short 900, worth 2,080,000
    assert desk.do(c.Socialise(1, 1, c.SELL, 0)) == [
        "LossSocialised account=1 asset=1 market=1 side=2 amount=80000 open_interest=900",
        "WithdrawalGateSet asset=1 closed=True interval_ns=0 amount_max=0",
        # Nothing was measured since the mark at which it went bankrupt.
        "StandingChanged account=1 asset=1 market=0 standing=0 previous=5 equity=0 requirement=0 maintenance=0",
    ]
    assert desk.pool(2)["equity"] == 2_080_000 - 80_000 - 1  # 88.8 a lot, rounded up on 900
    assert desk.refusal(c.Withdraw(2, 1, 1)) == (Code.WithdrawalGate, 1, 0)
    desk.do(c.SetWithdrawalGate(1, False, 0, 0))
    assert desk.do(c.Withdraw(2, 1, 1))[0] == "FundingPaid account=2 market=1 funding=0 loss=80001 balance=919999"


def test_insurance_comes_before_the_winners(engine: Engine) -> None:
    desk = bankrupt(engine)
    fund(desk, 1)
    assert desk.refusal(c.Socialise(1, 1, c.SELL, 0)) == (Code.InsuranceFirst, 1, 0)
    desk.do(c.SetInsurance(1, 0, 0, 1))  # it may pay nothing
    desk.do(c.Socialise(1, 1, c.SELL, 79_999))
    assert desk.cash(1) == -1


def test_a_loss_is_shared_only_where_somebody_can_share_it(engine: Engine) -> None:
    desk = bankrupt(engine)
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 100_000, 10_000))
    assert desk.refusal(c.Socialise(1, 2, c.BUY, 0)) == (Code.MarketNotReady, 1, 0)
    desk.do(c.SetTiers(2, (c.Tier(0, 10 * PERCENT, 5 * PERCENT),)))
    desk.do(c.SetMark(2, 1))
    assert desk.refusal(c.Socialise(1, 2, c.BUY, 0)) == (Code.NobodyToShare, 80_000, 0)
    desk.buy(2, 100, 1, market=2)
    desk.sell(4, 100, 1, market=2)
    assert desk.refusal(c.Socialise(1, 2, c.BUY, 0)) == (Code.NobodyToShare, 80_000, 100)
    assert desk.refusal(c.Socialise(1, 1, c.SELL, 80_001)) == (Code.AmountTooLarge, 80_001, 80_000)
    assert desk.refusal(c.Socialise(1, 1, c.SELL, -1)) == (Code.AmountNotPositive, -1, 0)


def test_every_position_owes_its_part_and_no_unit_is_lost(engine: Engine) -> None:
    desk = bankrupt(engine)
    desk.sell(4, 7, 8_800)
    desk.buy(2, 7, 8_800)  # 2 is short 893, 4 short 7
    desk.do(c.Socialise(1, 1, c.SELL, 1_000))  # 1.111111112 a lot
    desk.buy(2, 893, 8_800)
    desk.sell(4, 893, 8_800)  # 4 takes all of it
    assert desk.pool(4)["equity"] == 1_000_000 - 8
    assert desk.engine.assets()[0][6] == 1  # 992.2 and 7.8 were rounded up: one unit of it is dust
