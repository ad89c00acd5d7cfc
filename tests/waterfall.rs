//! The waterfall, step by step, as a risk officer reads it: from the margin call to the loss that the winners share.

mod desk;

use crossbook_kernel::command::{
    Allocation, Bid, CancelIncreasing, CloseAuction, Command, CoverLoss, Deleverage, FundInsurance, Liquidate, Lock,
    OpenAuction, Origin, Release, SetLevels, SetLiquidation, SetLiquidator, SetMark, SetVault, Side, Socialise,
    TakeOver, Withdraw,
};
use crossbook_kernel::kernel::Checks;
use crossbook_kernel::quantities::{AccountId, AuctionId, Lots, MarketId, Money, RATE_ONE, Rate, Ticks};

use desk::{Desk, USD};

const NONE: MarketId = MarketId::NONE;
const PERCENT: i64 = RATE_ONE / 100;

/// Calls at 150 % and 120 % of maintenance, take-over at half of it; a fifth of a position at once, every 10 ns, for 1 %.
fn terms() -> SetLiquidation {
    SetLiquidation {
        asset: USD,
        first_call_rate: Rate(150 * PERCENT),
        second_call_rate: Rate(120 * PERCENT),
        take_over_rate: Rate(50 * PERCENT),
        adjustment_rate: Rate(RATE_ONE),
        spread_rate: Rate(RATE_ONE),
        partial_rate: Rate(20 * PERCENT),
        partial_notional: Money(0),
        cooldown_ns: 10,
        fee_rate: Rate(PERCENT),
    }
}

/// A trader long 100 at 1,000 with 11,000, the winner short 100 against it, a liquidator and a vault.
struct Floor {
    desk: Desk,
    market: MarketId,
    trader: AccountId,
    winner: AccountId,
    liquidator: AccountId,
    vault: AccountId,
}

impl Floor {
    fn open() -> Self {
        let mut desk = Desk::open(Checks::Everything);
        let market = desk.market(10_000, 100_000, 10 * PERCENT, 1_000);
        let trader = desk.account(0, 11_000);
        let [winner, liquidator, vault] = [1, 2, 3].map(|_| desk.account(0, 1_000_000));
        desk.trade(market, trader, winner, 100, 1_000);
        desk.operator(terms());
        let buffered = SetLevels {
            asset: USD,
            initial_rate: Rate(RATE_ONE),
            transfer_rate: Rate(RATE_ONE),
            buffer_rate: Rate(20 * PERCENT),
            account_floor: Money(0),
        };
        desk.operator(buffered);
        desk.operator(SetLiquidator { account: liquidator, registered: true });
        desk.operator(SetVault { account: vault, asset: USD, exposure_max: Money(60_000) });
        Self { desk, market, trader, winner, liquidator, vault }
    }

    fn mark(&mut self, price: i64) {
        self.desk.operator(SetMark { market: self.market, price: Ticks(price) });
    }

    fn policy(&mut self, command: impl Into<Command>) -> Vec<Vec<i128>> {
        self.desk.policy(command)
    }

    fn code(&mut self, command: impl Into<Command>) -> u64 {
        self.desk.code(Origin::Policy, command)
    }

    /// Every step against the trader, as a policy would take it.
    fn steps(&self) -> Vec<Command> {
        let Self { market, trader: account, winner, vault, .. } = *self;
        let (lots, price, asset, amount) = (Lots(0), Ticks(0), USD, Money(0));
        let (discount_start_rate, discount_end_rate) = (Rate(0), Rate(PERCENT));
        let counterparties = vec![Allocation { account: winner, lots: Lots(1) }];
        vec![
            Lock { account, asset, market: NONE }.into(),
            CancelIncreasing { account, asset, market: NONE }.into(),
            Liquidate { account, market, lots, price }.into(),
            OpenAuction { account, market, lots: Lots(1), discount_start_rate, discount_end_rate, duration_ns: 1 }
                .into(),
            TakeOver { account, market, lots, vault }.into(),
            Deleverage { account, market, lots: Lots(1), counterparties }.into(),
            CoverLoss { account, asset, market: NONE, amount }.into(),
            Socialise { account, market, side: Side::Sell, amount }.into(),
        ]
    }
}

#[test]
fn every_step_is_refused_on_a_healthy_account() {
    let mut floor = Floor::open();
    for step in floor.steps() {
        assert_eq!(floor.code(step.clone()), 502, "{step:?}");
    }
    floor.mark(932);
    let refused: Vec<u64> = floor.steps().into_iter().skip(4).map(|step| floor.code(step)).collect();
    assert_eq!(refused, [502; 4], "below maintenance is not failing yet, and failing is not a deficit");
}

#[test]
fn steps_are_for_policies_and_operators() {
    let mut floor = Floor::open();
    for step in floor.steps() {
        assert_eq!(floor.desk.code(Origin::Client, step.clone()), 101, "{step:?}");
        assert_eq!(floor.desk.code(Origin::Oracle, step.clone()), 101, "{step:?}");
    }
}

#[test]
fn from_the_margin_call_to_the_loss_that_winners_share() {
    let mut floor = Floor::open();
    let Floor { market, trader, winner, liquidator, vault, .. } = floor;
    for (side, lots, price) in [(Side::Buy, 10, 900), (Side::Sell, 30, 1_100), (Side::Sell, 80, 1_200)] {
        assert_eq!(floor.desk.order(trader, market, side, lots, price), 0);
    }
    // 11,000 − 100 · 68 against 5 % of 93,200: below maintenance, above half of it.
    floor.mark(932);
    let locked = floor.policy(Lock { account: trader, asset: USD, market: NONE });
    assert_eq!(locked.last().unwrap()[2..], [1, 1, 0, 4_200, 4_660]);
    assert_eq!(floor.desk.order(trader, market, Side::Buy, 1, 800), 422);
    let withdrawal = Withdraw { account: trader, asset: USD, amount: Money(1), destination: 0 };
    assert_eq!(floor.desk.code(Origin::Client, withdrawal), 307);

    // The buy adds; the first sell closes 30 of 100; the second would turn the position.
    let cancelled = floor.policy(CancelIncreasing { account: trader, asset: USD, market: NONE });
    assert_eq!(cancelled.last().unwrap()[5], 2);

    reduced_on_the_book(&mut floor);
    sold_by_auction(&mut floor);

    // 3,640 − 80 · 27 = 1,480 against 3,620: below half. The vault takes 30 for their share of it, 555.
    floor.mark(905);
    let moved = floor.policy(TakeOver { account: trader, market, lots: Lots(30), vault });
    assert_eq!(moved.last().unwrap()[2..6], [2, 1, 30, 27_150 - 555]);
    assert_eq!(floor.desk.equity(trader), 925);

    // 925 − 50 · 25 = −325: the winner forgoes the share of 30 lots, 195 of the 3,600 that it has won with them.
    floor.mark(880);
    let counterparties = vec![Allocation { account: winner, lots: Lots(30) }];
    let closed = floor.policy(Deleverage { account: trader, market, lots: Lots(30), counterparties });
    assert_eq!(closed.last().unwrap()[2..6], [3, 1, 30, 26_400 + 195]);

    // What is left goes to the vault at the mark; the account is flat and owes 130.
    floor.policy(TakeOver { account: trader, market, lots: Lots(0), vault });
    assert_eq!((floor.desk.lots(trader, market), floor.desk.equity(trader)), (0, -130));
    assert_eq!(floor.code(Socialise { account: trader, market, side: Side::Sell, amount: Money(0) }), 523);
    let covered = floor.policy(CoverLoss { account: trader, asset: USD, market: NONE, amount: Money(0) });
    assert_eq!(covered.last().unwrap()[5..], [94, 0], "the fee of the reduction was all that the fund had");

    // 36 over the 60 lots that are short: the winner's. Nobody withdraws until the operator has looked.
    let shared = floor.policy(Socialise { account: trader, market, side: Side::Sell, amount: Money(0) });
    assert_eq!(shared[0][2..], [i128::from(trader.0), 1, 1, 2, 36, 60]);
    assert_eq!(floor.desk.equity(winner), 1_000_000 + 69 * 10 - 195 + 120 * 90 - 36);
    let withdrawal = Withdraw { account: liquidator, asset: USD, amount: Money(1), destination: 0 };
    assert_eq!(floor.desk.code(Origin::Client, withdrawal), 309);
    floor.policy(Release { account: trader, asset: USD, market: NONE });
    assert_eq!(floor.desk.equity(trader), 0);
}

/// A fifth of the position may go, at 928 or better; the book takes 10 at 931. The fee goes to the fund.
fn reduced_on_the_book(floor: &mut Floor) {
    let Floor { market, trader, winner, .. } = *floor;
    assert_eq!(floor.desk.order(winner, market, Side::Buy, 10, 931), 0);
    let liquidate = |lots, price| Liquidate { account: trader, market, lots: Lots(lots), price: Ticks(price) };
    assert_eq!(floor.code(liquidate(21, 0)), 507);
    assert_eq!(floor.code(liquidate(20, 927)), 508);
    let events = floor.policy(liquidate(0, 0));
    assert_eq!(events[0][4..], [1, 2, 20, 928, 932, 4_200, 4_660]);
    assert_eq!(events.last().unwrap()[4..], [1, 7, 10, 9_310, 94, 4_096, 4_194]);
    assert_eq!(floor.code(liquidate(0, 0)), 506, "left in peace for a while");
}

/// Half of the way to 10 % is 885, but 8,864 for ten lots is where the account's share of its equity ends.
fn sold_by_auction(floor: &mut Floor) {
    let Floor { market, trader, winner, liquidator, .. } = *floor;
    let auction = OpenAuction {
        account: trader,
        market,
        lots: Lots(40),
        discount_start_rate: Rate(0),
        discount_end_rate: Rate(10 * PERCENT),
        duration_ns: 100,
    };
    floor.policy(auction.clone());
    assert_eq!(floor.code(auction), 512, "one at a time");
    floor.desk.time += 50;
    let bid = |account, lots, price| Bid { account, auction: AuctionId(1), lots: Lots(lots), price: Ticks(price) };
    assert_eq!(floor.desk.code(Origin::Client, bid(winner, 10, 0)), 514, "not registered");
    let dear = bid(liquidator, 10, 886);
    assert_eq!(floor.desk.code(Origin::Client, dear), 515, "886 a lot is less than what ten cost");
    let events = floor.desk.accepted(Origin::Client, bid(liquidator, 10, 887));
    assert_eq!(events.last().unwrap()[2..6], [1, 1, 10, 8_864]);
    assert_eq!(floor.desk.equity(trader), 3_640);
    let closed = floor.policy(CloseAuction { auction: AuctionId(1) });
    assert_eq!(closed.last().unwrap()[5..], [30, 3]);
}

/// The rulebook's example: party 1 has 5,000, the others 50,000; 1 sells 100 at 100 to 2, then 3 sells 100 to 2 at 180.
fn rulebook() -> (Desk, MarketId, [AccountId; 4]) {
    let mut desk = Desk::open(Checks::Everything);
    let market = desk.market(1_000, 100_000, 10 * PERCENT, 100);
    let parties = [5_000, 50_000, 50_000, 50_000].map(|amount| desk.account(0, amount));
    desk.trade(market, parties[1], parties[0], 100, 100);
    desk.operator(SetMark { market, price: Ticks(180) });
    desk.trade(market, parties[1], parties[2], 100, 180);
    assert_eq!(desk.equity(parties[0]), -3_000, "it owes 8,000 and has 5,000");
    (desk, market, parties)
}

#[test]
fn party_1_realises_what_it_has_and_the_winner_forgoes_the_rest() {
    let (mut desk, market, [one, two, ..]) = rulebook();
    let counterparties = vec![Allocation { account: two, lots: Lots(100) }];
    desk.policy(Deleverage { account: one, market, lots: Lots(100), counterparties });
    assert_eq!((desk.cash(one), desk.equity(two)), (0, 55_000));
}

#[test]
fn the_loss_is_shared_by_claim_and_the_sum_of_all_accounts_is_unchanged() {
    let (mut desk, market, parties @ [one, two, _, vault]) = rulebook();
    desk.operator(SetVault { account: vault, asset: USD, exposure_max: Money(100_000) });
    desk.policy(TakeOver { account: one, market, lots: Lots(0), vault });
    assert_eq!(desk.cash(one), -3_000);
    desk.policy(Socialise { account: one, market, side: Side::Buy, amount: Money(0) });
    assert_eq!(desk.cash(one), 0);
    assert_eq!(desk.equity(two), 55_000, "15 a lot on 200 lots");
    assert_eq!(parties.map(|party| desk.equity(party)).iter().sum::<i64>(), 155_000);
}

#[test]
fn nobody_is_in_debt_for_an_auction_whatever_the_discount() {
    let (mut floor, auction) = (Floor::open(), AuctionId(1));
    let Floor { market, trader, liquidator, .. } = floor;
    floor.mark(895);
    let (discount_start_rate, discount_end_rate) = (Rate(RATE_ONE), Rate(RATE_ONE));
    let lots = Lots(100);
    floor.policy(OpenAuction { account: trader, market, lots, discount_start_rate, discount_end_rate, duration_ns: 1 });
    // 500 is all that the account has, and all that a colluding bidder gets.
    let events = floor.desk.accepted(Origin::Client, Bid { account: liquidator, auction, lots, price: Ticks(0) });
    assert_eq!(events[0][5], 89_500 - 500);
    assert_eq!(events[1][5..], [0, 1], "taken");
    assert_eq!((floor.desk.equity(trader), floor.desk.equity(liquidator)), (0, 1_000_500));
}

#[test]
fn nobody_is_in_debt_for_a_liquidation_whoever_waits_in_the_book() {
    let mut floor = Floor::open();
    let Floor { market, trader, winner, .. } = floor;
    floor.mark(891);
    assert_eq!(floor.desk.order(winner, market, Side::Buy, 100, 850), 0);
    assert_eq!(floor.desk.order(winner, market, Side::Buy, 100, 890), 0);
    // 100 of equity on 100 lots: one tick, not a maintenance of 44.
    let events = floor.policy(Liquidate { account: trader, market, lots: Lots(0), price: Ticks(0) });
    assert_eq!(events[0][7], 890);
    assert_eq!(floor.code(Liquidate { account: trader, market, lots: Lots(1), price: Ticks(889) }), 506);
    assert!(floor.desk.equity(trader) >= 0);
}

#[test]
fn a_counterparty_does_not_pay_for_a_debt_from_another_market() {
    let mut floor = Floor::open();
    let Floor { market, trader, winner, liquidator, .. } = floor;
    let other = floor.desk.market(10_000, 100_000, 10 * PERCENT, 100);
    floor.desk.trade(other, trader, liquidator, 1, 100);
    floor.mark(700);
    let all = vec![Allocation { account: winner, lots: Lots(100) }];
    floor.policy(Deleverage { account: trader, market, lots: Lots(100), counterparties: all });
    let one = vec![Allocation { account: liquidator, lots: Lots(1) }];
    let debt = floor.desk.equity(trader);
    let events = floor.policy(Deleverage { account: trader, market: other, lots: Lots(1), counterparties: one });
    assert_eq!(events[0][5], 100, "the mark, for a position that has lost nothing");
    assert_eq!(floor.desk.equity(trader), debt);
}

#[test]
fn allocations_are_checked_to_the_last_lot() {
    let mut floor = Floor::open();
    let Floor { market, trader, winner, liquidator, vault, .. } = floor;
    floor.desk.trade(market, liquidator, winner, 10, 1_000);
    floor.mark(880);
    let part = |account, lots| Allocation { account, lots: Lots(lots) };
    let cases = [
        (vec![], 0, 0),
        (vec![part(winner, 9)], 0, 0),
        (vec![part(winner, 11), part(winner, -1)], 2, 1),
        (vec![part(trader, 10)], 1, 1),
        (vec![part(winner, 11), part(vault, -1)], 2, 2),
        (vec![part(winner, 9), part(vault, 1)], 2, 3),
        (vec![part(liquidator, 10)], 1, 3),
    ];
    for (counterparties, number, what) in cases {
        let command = Deleverage { account: trader, market, lots: Lots(10), counterparties };
        let refusal = floor.desk.refusal(Origin::Policy, command.clone());
        assert_eq!(refusal, (522, number, what), "{command:?}");
    }
    let counterparties = vec![part(winner, 101)];
    assert_eq!(floor.code(Deleverage { account: trader, market, lots: Lots(101), counterparties }), 507);
}

#[test]
fn a_policy_moves_no_client_money_into_insurance() {
    let mut floor = Floor::open();
    let from_winner = FundInsurance { asset: USD, market: NONE, account: floor.winner, amount: Money(500) };
    assert_eq!(floor.code(from_winner.clone()), 101);
    floor.desk.operator(from_winner);
    assert_eq!(floor.desk.cash(floor.winner), 1_000_000 - 500);
    assert_eq!(floor.code(FundInsurance { asset: USD, market: NONE, account: AccountId(0), amount: Money(1) }), 303);
}
