"""The order in which steps of the waterfall are refused: all is wrong at once, and repaired one fault at a time."""

from __future__ import annotations

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.engines import Engine
from tests.model.refusals import Code
from tests.model.test_portfolio import PORTFOLIO, trade, two_futures
from tests.model.test_refusal_precedence import ENVELOPE_CHAIN, ENVELOPE_FAULTS, Chain, play, use_nonce
from tests.model.trouble import PERCENT, bankrupt, in_trouble, liquidation

ALL_MONEY = 10**15
TIERS = (c.Tier(0, 10 * PERCENT, 5 * PERCENT),)


def new_market(engine: Engine, mark: int = 9_400) -> Desk:
    """The desk of trouble with a second market, halted and without tiers or a mark; nonce 7 of account 1 is used."""
    desk = in_trouble(engine, mark)
    use_nonce(desk, 1)
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 100_000, 10_000))
    desk.do(c.SetMarketMode(2, c.HALTED))
    return desk


# From a command on a market that is not ready, of a pool that is healthy at 9,400, to one of a pool in need.
TO_A_POOL_IN_NEED: Chain = [
    *ENVELOPE_CHAIN,
    (Code.UnknownAccount, {"account": 1}),
    (Code.DuplicateNonce, {"nonce": 0}),
    (Code.UnknownMarket, {"market": 2}),
    (Code.MarketModeRefuses, [c.SetMarketMode(2, c.CONTINUOUS)]),
    (Code.MarketNotReady, [c.SetTiers(2, TIERS)]),
    (Code.MarketNotReady, [c.SetMark(2, 100)]),
]
FAULTS = ENVELOPE_FAULTS | {"nonce": 7}


def test_lock_and_release_and_cancel_increasing(engine: Engine) -> None:
    for command in (c.Lock(9, 9, 9), c.CancelIncreasing(9, 9, 9)):
        desk = new_market(engine_like(engine))
        desk.do(c.AddAsset("EUR", 0))
        chain = [
            *ENVELOPE_CHAIN,
            (Code.UnknownAccount, {"account": 1}),
            (Code.DuplicateNonce, {"nonce": 0}),
            (Code.UnknownAsset, {"asset": 2}),
            (Code.UnknownMarket, {"market": 1}),
            (Code.PoolInvalid, {"asset": 1}),  # another asset
            (Code.PoolInvalid, {"market": 0}),  # not isolated
            (Code.PoolHealthy, [c.SetMark(1, 9_300)]),
        ]
        play(desk, command, chain, **FAULTS)
    desk.do(c.Lock(1, 1, 0))
    assert desk.refusal(c.Lock(1, 1, 0)) == (Code.LockUnchanged, 0, 0)
    desk.do(c.SetMark(1, 9_400))
    assert desk.refusal(c.Lock(1, 1, 0)) == (Code.PoolHealthy, 460_000, 423_000)
    desk.do(c.SetMark(1, 9_300))
    assert desk.refusal(c.Release(2, 1, 0)) == (Code.LockUnchanged, 0, 0)
    assert desk.refusal(c.Release(1, 1, 0)) == (Code.NotRecovered, 370_000, 418_500)


def engine_like(engine: Engine) -> Engine:
    """Another venue on the same kind of engine."""
    return type(engine)()


def test_liquidate(engine: Engine) -> None:
    desk = new_market(engine)
    chain = [
        *TO_A_POOL_IN_NEED,
        (Code.PoolHealthy, [c.SetMark(1, 9_300)]),
        (Code.NoPosition, {"market": 1}),
        (Code.LotsNotPositive, {"lots": 106}),
        (Code.LotsTooMany, {"lots": 105}),
        (Code.PriceOutOfRange, {"price": 9_246}),
        (Code.PriceBeyondFillable, {"price": 9_247}),
    ]
    play(desk, c.Liquidate(9, 9, -1, -1), chain, **FAULTS)
    desk.do(liquidation(cooldown_ns=10))
    desk.do(c.Liquidate(1, 1, 1, 0))
    desk.do(c.SetPositionMode(4, 2, True, 0))
    assert desk.refusal(c.Liquidate(1, 2, -1, -1)) == (Code.NoPosition, 0, 0)
    assert desk.refusal(c.Liquidate(1, 1, -1, -1)) == (Code.Cooldown, desk.time + 10, desk.time)


def test_hedge(engine: Engine) -> None:
    desk = two_futures(engine, deposit=1_000)
    use_nonce(desk, 1)
    trade(desk, 10, 1)
    desk.do(c.Withdraw(1, 1, 800))
    desk.do(c.SetMarginMode(1, 1))
    desk.do(c.SetMarketMode(2, c.CANCEL_ONLY))
    desk.do(c.SetLimits(2, 0, 500, 0, 5 * PERCENT))
    chain = [
        *ENVELOPE_CHAIN,
        (Code.UnknownAccount, {"account": 1}),
        (Code.DuplicateNonce, {"nonce": 0}),
        (Code.UnknownMarket, {"market": 2}),
        (Code.MarketModeRefuses, [c.SetMarketMode(2, c.REDUCE_ONLY_MODE)]),
        (Code.NotPortfolio, [c.SetMarginMode(1, PORTFOLIO)]),
        (Code.PoolHealthy, [c.SetMark(1, 89)]),
        (Code.LotsNotPositive, {"lots": 501}),
        (Code.LotsTooMany, {"lots": 500}),
        (Code.PriceOutOfRange, {"price": 94}),
        (Code.PriceBeyondFillable, {"price": 95}),
        (Code.RiskNotReduced, {"lots": 1}),
    ]
    play(desk, c.Hedge(9, 9, c.SELL, 0, -1), chain, **FAULTS)


def test_open_auction(engine: Engine) -> None:
    desk = new_market(engine)
    chain = [
        *TO_A_POOL_IN_NEED,
        (Code.PoolHealthy, [c.SetMark(1, 9_300)]),
        (Code.NoPosition, {"market": 1}),
        (Code.AuctionInvalid, {"lots": 900}),
        (Code.AuctionInvalid, {"discount_start_rate": 2}),
        (Code.AuctionInvalid, {"discount_end_rate": 2}),
        (Code.AuctionInvalid, {"duration_ns": 1}),
    ]
    play(desk, c.OpenAuction(9, 9, 901, -1, 1, 0), chain, **FAULTS)
    assert desk.refusal(c.OpenAuction(1, 1, 0, 0, 0, 1)) == (Code.AuctionInvalid, 1, 0)
    assert desk.refusal(c.OpenAuction(1, 1, 1, 0, 0, 1)) == (Code.AuctionOpen, 1, 0)


def test_bid(engine: Engine) -> None:
    desk = in_trouble(engine)
    use_nonce(desk, 3)
    for account in (1, 3):
        desk.do(c.SetLiquidator(account, True))
    desk.do(c.OpenAuction(1, 1, 100, 0, 0, 1))
    desk.do(c.SetMarketMode(1, c.HALTED))
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 100_000, 10_000))
    desk.do(c.SetPermissions(3, True, False, False, (2,), ()))
    desk.do(c.SetLimits(1, 0, 10_000, 0, 5 * PERCENT))
    desk.do(c.SetExposureCap(3, 1, 1, 1))
    desk.do(c.SetMark(1, 9_400))
    desk.do(c.Withdraw(3, 1, 1_000_000))
    chain = [
        *ENVELOPE_CHAIN[1:],
        (Code.UnknownAccount, {"account": 4}),
        (Code.UnknownAuction, {"auction": 1}),
        (Code.BidderNotPermitted, {"account": 1}),  # not registered
        (Code.BidderNotPermitted, {"account": 3, "nonce": 7}),  # the seller itself
        (Code.DuplicateNonce, {"nonce": 0}),
        (Code.MarketModeRefuses, [c.SetMarketMode(1, c.CANCEL_ONLY)]),
        (Code.PoolHealthy, [c.SetMark(1, 9_300)]),
        (Code.LotsNotPositive, {"lots": 10}),
        (Code.BidPrice, {"price": 9_300}),
        (Code.MarketNotPermitted, [c.SetPermissions(3, True, False, False, (), ())]),
        (Code.AccountReduceOnly, [c.SetPermissions(3, False, False, False, (), ())]),
        (Code.ExposureCap, [c.SetExposureCap(3, 1, 1, 0)]),
        (Code.TakerInsolvent, [c.Deposit(3, 1, 9_300)]),
    ]
    play(desk, c.Bid(9, 9, 0, 1), chain, **{**ENVELOPE_FAULTS, "origin": c.OPERATOR})
    assert desk.refusal(c.CloseAuction(2)) == (Code.UnknownAuction, 2, 0)


def test_take_over(engine: Engine) -> None:
    desk = new_market(engine, mark=9_300)
    desk.do(c.SetVault(1, 1, ALL_MONEY))
    desk.do(c.SetVault(3, 1, 1))
    desk.do(c.Withdraw(3, 1, 1_000_000))
    desk.do(c.SetPermissions(3, True, False, False, (), ()))
    chain = [
        *ENVELOPE_CHAIN,
        (Code.UnknownAccount, {"account": 1}),
        (Code.UnknownAccount, {"vault": 4}),
        *TO_A_POOL_IN_NEED[4:],
        (Code.VaultUnknown, {"vault": 1}),  # 4 is none
        (Code.VaultUnknown, {"vault": 3}),  # 1 is the account itself
        (Code.PoolHealthy, [c.SetMark(1, 9_100)]),
        (Code.NoPosition, {"market": 1}),
        (Code.LotsNotPositive, {"lots": 901}),
        (Code.LotsTooMany, {"lots": 10}),
        (Code.VaultExposure, [c.SetVault(3, 1, ALL_MONEY)]),
        (Code.AccountReduceOnly, [c.SetPermissions(3, False, False, False, (), ())]),
        (Code.TakerInsolvent, [c.Deposit(3, 1, 9_100)]),
    ]
    play(desk, c.TakeOver(9, 9, -1, 9), chain, **FAULTS)


def test_deleverage(engine: Engine) -> None:
    desk = new_market(engine, mark=9_300)
    chain = [
        *TO_A_POOL_IN_NEED[:3],
        (Code.UnknownAccount, {"account": 1}),
        (Code.UnknownAccount, {"counterparties": ()}),
        *TO_A_POOL_IN_NEED[4:],
        (Code.PoolHealthy, [c.SetMark(1, 9_100)]),
        (Code.NoPosition, {"market": 1}),
        (Code.LotsNotPositive, {"lots": 901}),
        (Code.LotsTooMany, {"lots": 10}),
        (Code.AllocationInvalid, {"counterparties": (c.Share(2, 10),)}),
    ]
    play(desk, c.Deleverage(9, 9, 0, (c.Share(99, 1),)), chain, **FAULTS)


def test_cover_loss(engine: Engine) -> None:
    desk = bankrupt(engine)
    use_nonce(desk, 1)
    chain = [
        *ENVELOPE_CHAIN,
        (Code.UnknownAccount, {"account": 3}),
        (Code.UnknownAsset, {"asset": 1}),
        (Code.UnknownMarket, {"market": 1}),
        (Code.PoolInvalid, {"market": 0}),
        (Code.PoolHealthy, {"account": 1, "nonce": 7}),
        (Code.DuplicateNonce, {"nonce": 0}),
        (Code.AmountNotPositive, {"amount": 80_001}),
        (Code.AmountTooLarge, {"amount": 80_000}),
        (Code.InsuranceExhausted, [c.FundInsurance(1, 0, 4, 80_000)]),
    ]
    play(desk, c.CoverLoss(9, 9, 9, -1), chain, **ENVELOPE_FAULTS)


def test_socialise(engine: Engine) -> None:
    desk = bankrupt(engine)
    use_nonce(desk, 1)
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 100_000, 10_000))
    desk.do(c.FundInsurance(1, 0, 4, 1))
    chain = [
        *TO_A_POOL_IN_NEED[:3],
        (Code.UnknownAccount, {"account": 3}),
        (Code.UnknownMarket, {"market": 2}),
        (Code.MarketNotReady, [c.SetTiers(2, TIERS)]),
        (Code.MarketNotReady, [c.SetMark(2, 1)]),
        (Code.PoolHealthy, {"account": 1, "nonce": 7}),
        (Code.DuplicateNonce, {"nonce": 0}),
        (Code.AmountNotPositive, {"amount": 80_001}),
        (Code.AmountTooLarge, {"amount": 80_000}),
        (Code.InsuranceFirst, [c.SetInsurance(1, 0, 0, 1)]),
        (Code.NobodyToShare, {"market": 1}),
    ]
    play(desk, c.Socialise(9, 9, c.SELL, -1), chain, **ENVELOPE_FAULTS)


def test_convert_collateral(engine: Engine) -> None:
    desk = in_trouble(engine, 9_400)
    use_nonce(desk, 1)
    desk.do(c.AddAsset("EUR", 0))
    desk.do(c.Deposit(1, 2, 1_000))
    desk.do(c.SetVault(3, 1, ALL_MONEY))
    # Taken over at 8,800, 850 lots leave a debt of 20,000; the other 50 carry it at 11,000.
    owing = [c.SetMark(1, 8_800), c.TakeOver(1, 1, 850, 3), c.SetMark(1, 11_000)]
    chain = [
        *ENVELOPE_CHAIN,
        (Code.UnknownAccount, {"account": 1}),
        (Code.DuplicateNonce, {"nonce": 0}),
        (Code.UnknownAsset, {"asset": 2}),
        (Code.NotCollateral, [c.SetCollateral(2, 1, 0, 10**9, 10**9, 0)]),
        (Code.NoDebt, owing),
        (Code.PoolHealthy, [c.SetMark(1, 10_000)]),
        (Code.AmountNotPositive, {"amount": 1_001}),
        (Code.AmountNotPositive, [c.SetCollateralPrice(2, 1, 10**9)]),
        (Code.InsufficientBalance, {"amount": 1_000}),
        (Code.InsuranceExhausted, [c.FundInsurance(1, 0, 4, 1_000)]),
    ]
    play(desk, c.ConvertCollateral(9, 9, 0), chain, **FAULTS)


def test_fund_insurance_and_what_bounds_it(engine: Engine) -> None:
    desk = in_trouble(engine, 10_000)
    use_nonce(desk, 1)
    desk.do(c.AddAsset("EUR", 0))
    chain = [
        (Code.OriginNotPermitted, {"origin": c.OPERATOR}),  # a policy moves no client's money
        (Code.UnknownAuthor, {"author": 0}),
        (Code.CauseNotEarlier, {"cause": 0}),
        (Code.UnknownAccount, {"account": 1, "nonce": 7}),
        (Code.DuplicateNonce, {"nonce": 0}),
        (Code.UnknownAsset, {"asset": 2}),
        (Code.UnknownMarket, {"market": 1}),
        (Code.PoolInvalid, {"asset": 1}),
        (Code.AmountNotPositive, {"amount": 1_000_001}),
        (Code.TransferNotPermitted, [c.SetPermissions(1, False, False, False, (), ())]),
        (Code.InsufficientBalance, {"amount": 100_001}),
        (Code.WithdrawalMargin, {"amount": 100_000}),
    ]
    desk.do(c.SetPermissions(1, False, False, True, (), ()))
    play(desk, c.FundInsurance(9, 9, 9, 0), chain, **(ENVELOPE_FAULTS | {"origin": c.POLICY}))
    assert desk.refusal(c.SetInsurance(2, 1, -1, 0)) == (Code.PoolInvalid, 2, 1)
    assert desk.refusal(c.SetInsurance(1, 1, -1, 0)) == (Code.InsuranceInvalid, -1, 0)
    assert desk.refusal(c.SetVault(1, 1, -1)) == (Code.VaultInvalid, -1, 0)


def test_set_liquidation_names_the_first_bad_field(engine: Engine) -> None:
    desk = Desk(engine)
    wrong = c.SetLiquidation(1, 5, 5, -1, -1, -1, -1, -1, 0, -1)
    repairs = [110 * PERCENT, 110 * PERCENT, 0, 0, 0, 0, 0, 0, 0]
    for position, field in enumerate(c.SetLiquidation._fields[1:], start=1):
        if field != "cooldown_ns":
            assert desk.refusal(wrong) == (Code.LiquidationInvalid, position, 0)
        wrong = wrong._replace(**{field: repairs[position - 1]})
    assert desk.refusal(wrong._replace(second_call_rate=111 * PERCENT)) == (Code.LiquidationInvalid, 2, 0)
    desk.do(wrong)
