"""Scenarios of positions that move without an order: auctions, vaults, deleveraging. Account 1 is in trouble."""

from __future__ import annotations

import pytest

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.engines import Engine
from tests.model.refusals import Code
from tests.model.trouble import PERCENT, bankrupt, in_trouble, levels

ALL_MONEY = 10**15


def on_offer(engine: Engine, mark: int = 9_300, lots: int = 500) -> Desk:
    """An auction of a part of the position, from 2 % to 4 % off within 100 ns; account 3 may bid."""
    desk = in_trouble(engine, mark)
    desk.do(c.SetLiquidator(3, True))
    desk.do(c.OpenAuction(1, 1, lots, 2 * PERCENT, 4 * PERCENT, 100))
    return desk


def test_an_auction_gets_cheaper_with_time_and_ends_when_all_is_taken(engine: Engine) -> None:
    desk = on_offer(engine)
    desk.time += 50  # 3 % off: 9,021
    assert desk.refusal(c.Bid(3, 1, 100, 9_020)) == (Code.BidPrice, 9_020, 9_021)
    moved = "PositionMoved reason=1 market=1 lots={} value={} source=1 destination=3 source_realised={}"
    assert desk.do(c.Bid(3, 1, 100, 9_021)) == [moved.format(100, 902_100, -97_900) + " destination_realised=0"]
    desk.time += 500  # 4 %, and no more
    assert desk.do(c.Bid(3, 1, 1_000, 0)) == [
        moved.format(400, 400 * 8_928, -400 * 1_072) + " destination_realised=0",
        "AuctionClosed auction=1 account=1 market=1 lots=0 reason=1",
    ]
    assert desk.position(1) == (400, 4_000_000)
    assert desk.position(3) == (500, 902_100 + 400 * 8_928)
    assert desk.refusal(c.Bid(3, 1, 1, 0)) == (Code.UnknownAuction, 1, 0)


def test_an_auction_costs_no_more_than_the_equity_that_goes_with_the_lots(engine: Engine) -> None:
    desk = on_offer(engine, mark=8_890)  # 1,000 left
    desk.time += 100
    # 4 % off would be 853,400 for 100 lots; they take a ninth of 1,000, rounded up.
    line = "PositionMoved reason=1 market=1 lots=100 value=888888 source=1 destination=3"
    assert desk.do(c.Bid(3, 1, 100, 0)) == [f"{line} source_realised=-111112 destination_realised=0"]
    assert desk.pool(1)["equity"] == 888


def test_an_auction_ends_when_its_pool_has_recovered(engine: Engine) -> None:
    desk = on_offer(engine)  # short of 48,500
    desk.do(levels(buffer_rate=PERCENT))  # and 4,185 on top
    desk.do(c.Lock(1, 1, 0))  # else it is healthy as soon as it has its maintenance
    assert len(desk.do(c.Bid(3, 1, 185, 0))) == 1  # a lot frees 469.65 and costs 186: 185.7 are needed
    assert desk.do(c.Bid(3, 1, 1, 0))[1:] == ["AuctionClosed auction=1 account=1 market=1 lots=314 reason=2"]
    assert desk.refusal(c.OpenAuction(1, 1, 1, 0, 0, 1)) == (Code.PoolHealthy, 335_404, 335_331)


def test_an_auction_of_what_is_gone_sells_nothing_and_stays_until_it_is_closed(engine: Engine) -> None:
    desk = on_offer(engine, mark=9_100)
    desk.do(c.Deleverage(1, 1, 900, (c.Share(2, 900),)))
    assert desk.refusal(c.Bid(3, 1, 1, 0)) == (Code.PoolHealthy, 0, 0)
    assert desk.do(c.CloseAuction(1)) == ["AuctionClosed auction=1 account=1 market=1 lots=500 reason=3"]
    assert desk.refusal(c.CloseAuction(1)) == (Code.UnknownAuction, 1, 0)


def test_a_bid_for_more_than_is_left_of_the_position_ends_the_auction(engine: Engine) -> None:
    desk = on_offer(engine, mark=9_100)
    desk.do(c.Deleverage(1, 1, 700, (c.Share(2, 700),)))
    desk.mark(9_050)
    lines = desk.do(c.Bid(3, 1, 500, 0))
    assert lines[0].startswith("PositionMoved reason=1 market=1 lots=200 ")
    assert lines[1:] == ["AuctionClosed auction=1 account=1 market=1 lots=300 reason=4"]


def test_only_registered_strangers_bid_and_only_what_they_can_carry(engine: Engine) -> None:
    desk = on_offer(engine)
    assert desk.refusal(c.Bid(4, 1, 1, 0)) == (Code.BidderNotPermitted, 1, 0)
    desk.do(c.SetLiquidator(5, True))
    assert desk.refusal(c.Bid(5, 1, 1, 0)) == (Code.BidderNotPermitted, 2, 0)
    desk.do(c.Withdraw(3, 1, 900_000))
    # 100,000 and 186 a lot for the discount, against 930 a lot
    assert desk.refusal(c.Bid(3, 1, 135, 0)) == (Code.TakerInsolvent, 125_550, 125_110)
    desk.do(c.Bid(3, 1, 134, 0))
    desk.do(c.SetLiquidator(3, False))
    assert desk.refusal(c.SetLiquidator(3, False)) == (Code.ModeUnchanged, 0, 0)
    assert desk.refusal(c.Bid(3, 1, 1, 0)) == (Code.BidderNotPermitted, 1, 0)


@pytest.mark.parametrize("price", [-(2**63), 2**63 - 1])
def test_a_bid_may_name_any_price(engine: Engine, price: int) -> None:
    """A tick is worth 10 here, so that what such a price would make is beyond 64 bits."""
    desk = Desk(engine, deposit=1_000_000)
    desk.do(c.AddMarket("ETH-PERP", 1, 10**13, 10**12, 100_000, 10_000))
    desk.do(c.SetTiers(2, (c.Tier(0, 10 * PERCENT, 5 * PERCENT),)))
    desk.do(c.SetMark(2, 1_000))
    desk.buy(1, 900, 1_000, market=2)
    desk.sell(2, 900, 1_000, market=2)
    desk.do(c.SetMark(2, 930))
    desk.do(c.SetLiquidator(3, True))
    desk.do(c.OpenAuction(1, 2, 900, 0, 0, 1))
    refusal = None if price > 0 else (Code.BidPrice, price, 930)
    assert desk.refusal(c.Bid(3, 1, 1, price)) == refusal


def test_a_short_position_is_sold_above_the_mark(engine: Engine) -> None:
    desk = in_trouble(engine, 10_750)  # account 2 is worth 325,000 and needs 483,750
    desk.do(c.SetLiquidator(3, True))
    desk.do(c.OpenAuction(2, 1, 900, PERCENT, PERCENT, 1))
    assert desk.refusal(c.Bid(3, 1, 1, 10_859)) == (Code.BidPrice, 10_859, 10_858)  # 10,857.5, rounded up
    line = "PositionMoved reason=1 market=1 lots=-10 value=108580 source=2 destination=3"
    assert desk.do(c.Bid(3, 1, 10, 10_858)) == [f"{line} source_realised=-8580 destination_realised=0"]


def vault(engine: Engine, mark: int, exposure_max: int = ALL_MONEY) -> Desk:
    """Account 3 is a vault."""
    desk = in_trouble(engine, mark)
    desk.do(c.SetVault(3, 1, exposure_max))
    return desk


def test_a_vault_takes_over_at_the_bankruptcy_value(engine: Engine) -> None:
    desk = vault(engine, 9_100)
    # 400 of 900 lots go with 84,444.4 of 190,000, rounded up
    line = "PositionMoved reason=2 market=1 lots=400 value=3555555 source=1 destination=3"
    assert desk.do(c.TakeOver(1, 1, 400, 3)) == [f"{line} source_realised=-444445 destination_realised=0"]
    assert desk.pool(1)["equity"] == 105_555
    lines = desk.do(c.TakeOver(1, 1, 0, 3))
    assert lines[0].startswith("PositionMoved reason=2 market=1 lots=500 value=4444445 ")
    assert (desk.position(1), desk.cash(1)) == ((0, 0), 0)


def test_a_vault_does_not_pay_the_debts_of_a_bankrupt_pool(engine: Engine) -> None:
    desk = vault(engine, 8_800)
    assert " value=7920000 " in desk.do(c.TakeOver(1, 1, 0, 3))[0]
    assert desk.pool(1)["equity"] == -80_000
    assert desk.pool(3)["equity"] == 1_000_000


def test_a_vault_is_bounded_and_must_carry_what_it_takes(engine: Engine) -> None:
    desk = vault(engine, 9_100, exposure_max=910_000)
    assert desk.refusal(c.TakeOver(1, 1, 101, 3)) == (Code.VaultExposure, 919_100, 910_000)
    desk.do(c.TakeOver(1, 1, 100, 3))
    assert desk.refusal(c.TakeOver(1, 1, 1, 3)) == (Code.VaultExposure, 919_100, 910_000)
    desk.do(c.SetVault(3, 1, ALL_MONEY))
    desk.do(c.Withdraw(3, 1, 900_000))
    # 100,000, and 21,112 of account 1's equity with the first 100 lots; 211.1 more a lot, against 910
    assert desk.refusal(c.TakeOver(1, 1, 50, 3)) == (Code.TakerInsolvent, 136_500, 131_668)
    desk.do(c.SetVault(3, 1, 0))
    assert desk.refusal(c.TakeOver(1, 1, 1, 3)) == (Code.VaultUnknown, 3, 0)


def test_counterparties_close_at_the_bankruptcy_value_by_their_lots(engine: Engine) -> None:
    desk = in_trouble(engine, 10_000)
    desk.buy(2, 300, 10_000)
    desk.sell(3, 300, 10_000)  # 2 is short 600, 3 is short 300
    desk.mark(8_800)
    # 300 lots are short of 26,666.7 of the debt of 80,000: 2,666,666 shared 2 to 1, the rest to the last
    line = "PositionMoved reason=3 market=1 lots={} value={} source=1 destination={}"
    line += " source_realised={} destination_realised={}"
    assert desk.do(c.Deleverage(1, 1, 300, (c.Share(2, 200), c.Share(3, 100)))) == [
        line.format(200, 1_777_777, 2, -222_223, 222_223),
        line.format(100, 888_889, 3, -111_111, 111_111),
    ]
    assert desk.pool(1)["equity"] == -80_000 + 26_666
    assert (desk.position(1)[0], desk.position(2)[0], desk.position(3)[0]) == (600, -400, -200)


def test_the_losers_of_the_rulebook(engine: Engine) -> None:
    """Party 1 has 5,000, others 50,000; 1 sells 100 to 2 at 100, then 3 sells 100 to 2 at 180: 1 owes 8,000."""
    desk = Desk(engine, deposit=5_000)
    for account in (2, 3):
        desk.do(c.Deposit(account, 1, 45_000))
    desk.sell(1, 100, 100)
    desk.buy(2, 100, 100)
    desk.sell(3, 100, 180)
    desk.buy(2, 100, 180)
    desk.mark(180)
    assert desk.pool(1)["equity"] == -3_000
    total = sum(desk.pool(account)["equity"] for account in (1, 2, 3))
    desk.do(c.Deleverage(1, 1, 100, (c.Share(2, 100),)))
    assert (desk.pool(1)["equity"], desk.position(1)) == (0, (0, 0))  # it has lost its 5,000 and no more
    assert desk.pool(2)["equity"] == 58_000 - 3_000
    assert sum(desk.pool(account)["equity"] for account in (1, 2, 3)) == total


def test_an_allocation_must_add_up_and_name_who_can_pay(engine: Engine) -> None:
    desk = in_trouble(engine, 10_000)
    desk.buy(3, 10, 10_000)
    desk.sell(2, 10, 10_000)
    desk.mark(9_100)

    def refusal(*shares: tuple[int, int], lots: int = 10) -> tuple[Code, int, int] | None:
        return desk.refusal(c.Deleverage(1, 1, lots, tuple(c.Share(*share) for share in shares)))

    assert refusal() == (Code.AllocationInvalid, 0, 0)
    assert refusal((2, 9)) == (Code.AllocationInvalid, 0, 0)
    assert refusal((2, 5), (1, 5)) == (Code.AllocationInvalid, 2, 1)
    assert refusal((2, 5), (2, 5)) == (Code.AllocationInvalid, 2, 1)
    assert refusal((2, 10), (3, 0)) == (Code.AllocationInvalid, 2, 2)
    assert refusal((2, 12), (3, -2)) == (Code.AllocationInvalid, 2, 2)
    assert refusal((2, 5), (3, 5)) == (Code.AllocationInvalid, 2, 3)  # 3 is long
    assert refusal((2, 5), (4, 5)) == (Code.AllocationInvalid, 2, 3)  # 4 has nothing
    assert refusal((99, 10)) == (Code.UnknownAccount, 99, 0)
    assert refusal((2, 901), lots=901) == (Code.LotsTooMany, 901, 900)
    assert refusal((2, 0), lots=0) == (Code.LotsNotPositive, 0, 0)


def test_nobody_is_deleveraged_into_debt(engine: Engine) -> None:
    """Account 4 is short 500 from 8,000 and has 10,000 left at 8,800; of 80,000 of debt, 44,445 go with 500 lots."""
    desk = in_trouble(engine, 8_000)
    desk.buy(3, 500, 8_000)
    desk.sell(4, 500, 8_000)
    desk.do(c.Withdraw(4, 1, 590_000))
    desk.mark(8_800)
    assert desk.refusal(c.Deleverage(1, 1, 500, (c.Share(4, 500),))) == (Code.AllocationInvalid, 1, 4)
    assert desk.refusal(c.Deleverage(1, 1, 500, (c.Share(2, 1), c.Share(4, 499)))) == (Code.AllocationInvalid, 2, 4)
    desk.do(c.Deleverage(1, 1, 112, (c.Share(4, 112),)))
    assert desk.pool(4)["equity"] == 10_000 - 9_955


def test_funding_is_settled_before_lots_move(engine: Engine) -> None:
    desk = in_trouble(engine, 9_100)
    desk.do(c.SetVault(3, 1, ALL_MONEY))
    desk.do(c.SettleFunding(1, 10_000, 1_000_000))  # 0.1 %: 10 a lot from 1 to 2
    lines = desk.do(c.TakeOver(1, 1, 450, 3))
    assert lines[0] == "FundingPaid account=1 market=1 funding=9000 loss=0 balance=991000"
    assert lines[1].startswith("PositionMoved reason=2 market=1 lots=450 value=4004500 ")  # less half of 181,000
    desk.do(c.SettleFunding(1, 10_000, -1_000_000))
    lines = desk.do(c.TakeOver(1, 1, 0, 3))
    assert lines[:2] == [
        "FundingPaid account=1 market=1 funding=-4500 loss=0 balance=500000",
        "FundingPaid account=3 market=1 funding=-4500 loss=0 balance=1004500",
    ]


def test_nothing_moves_in_a_halted_market(engine: Engine) -> None:
    desk = on_offer(engine, mark=9_100)
    desk.do(c.SetVault(4, 1, ALL_MONEY))
    desk.do(c.SetMarketMode(1, c.HALTED))
    for step in (
        c.OpenAuction(1, 1, 1, 0, 0, 1),
        c.Bid(3, 1, 1, 0),
        c.TakeOver(1, 1, 1, 4),
        c.Deleverage(1, 1, 1, (c.Share(2, 1),)),
        c.Liquidate(1, 1, 1, 0),
    ):
        assert desk.refusal(step) == (Code.MarketModeRefuses, c.HALTED, 0)
    desk.do(c.SetMarketMode(1, c.CANCEL_ONLY))
    assert desk.refusal(c.Liquidate(1, 1, 1, 0)) == (Code.MarketModeRefuses, c.CANCEL_ONLY, 0)
    desk.do(c.Bid(3, 1, 1, 0))


def test_a_bidder_is_refused_what_an_order_would_be_unless_it_closes(engine: Engine) -> None:
    desk = on_offer(engine)
    desk.do(c.SetPermissions(3, True, False, False, (), ()))
    assert desk.refusal(c.Bid(3, 1, 1, 0)) == (Code.AccountReduceOnly, 1, 0)
    desk.do(c.SetPermissions(3, False, False, False, (), ()))
    desk.do(c.SetExposureCap(3, 1, 1, 9_299))
    assert desk.refusal(c.Bid(3, 1, 1, 0)) == (Code.ExposureCap, 9_300, 9_299)
    desk.do(c.SetLiquidator(2, True))
    desk.do(c.SetPermissions(2, True, False, False, (), ()))
    desk.do(c.Bid(2, 1, 1, 0))  # 2 is short


def test_a_bankrupt_desk_owes_80_000(engine: Engine) -> None:
    desk = bankrupt(engine)
    assert desk.pool(1)["equity"] == -80_000
    assert desk.position(1) == (0, 0)
