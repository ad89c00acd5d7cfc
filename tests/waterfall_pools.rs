//! The waterfall in pools of their own: what happens to an isolated position stays with it, whoever stands on the other side.

mod desk;

use crossbook_kernel::command::{
    AdjustMargin, Allocation, Bid, CoverLoss, Deleverage, FundInsurance, Liquidate, Lock, OpenAuction, Origin, Release,
    SetInsurance, SetLiquidator, SetMark, SetPositionMode, SetStress, SetVault, Side, Socialise, TakeOver, Withdraw,
};
use crossbook_kernel::kernel::Checks;
use crossbook_kernel::quantities::{AccountId, AuctionId, Lots, MarketId, Money, RATE_ONE, Rate, Ticks};
use crossbook_kernel::risk::pool::Pool;
use crossbook_kernel::state::holdings::PoolId;

use desk::{Desk, USD};

const PERCENT: i64 = RATE_ONE / 100;

/// A trader rich in cash, long 100 at 1,000 with a margin of 10,000 of its own; the other, isolated too, is short.
struct Apart {
    desk: Desk,
    market: MarketId,
    trader: AccountId,
    other: AccountId,
    vault: AccountId,
}

impl Apart {
    fn open() -> Self {
        let mut desk = Desk::open(Checks::Everything);
        let market = desk.market(10_000, 100_000, 10 * PERCENT, 1_000);
        let [trader, other, vault] = [1, 2, 3].map(|_| desk.account(0, 1_000_000));
        for account in [trader, other] {
            let isolate = SetPositionMode { account, market, isolated: true, amount: Money(10_000) };
            assert_eq!(desk.code(Origin::Client, isolate), 0);
        }
        desk.trade(market, trader, other, 100, 1_000);
        desk.operator(SetVault { account: vault, asset: USD, exposure_max: Money(1_000_000) });
        Self { desk, market, trader, other, vault }
    }

    fn mark(&mut self, price: i64) {
        self.desk.operator(SetMark { market: self.market, price: Ticks(price) });
    }

    /// Equity of the isolated pool.
    fn equity(&self, account: AccountId) -> i128 {
        let state = self.desk.kernel.state();
        Pool::new(&state.accounts.of(account).holdings, state.risk(), PoolId::Isolated(self.market)).equity().0
    }

    fn cover(&self) -> CoverLoss {
        CoverLoss { account: self.trader, asset: USD, market: self.market, amount: Money(0) }
    }
}

#[test]
fn an_isolated_loss_ends_with_its_margin_and_its_own_fund() {
    let mut apart = Apart::open();
    let Apart { market, trader, vault, .. } = apart;
    apart.mark(880);
    apart.desk.policy(TakeOver { account: trader, market, lots: Lots(0), vault });
    assert_eq!((apart.equity(trader), apart.desk.cash(trader)), (-2_000, 990_000));
    // The cross pools' fund is rich; it is not asked.
    apart.desk.operator(FundInsurance { asset: USD, market: MarketId(0), account: vault, amount: Money(50_000) });
    assert_eq!(apart.desk.refusal(Origin::Policy, apart.cover()), (520, 0, 0));
    apart.desk.operator(FundInsurance { asset: USD, market, account: vault, amount: Money(1_500) });
    let covered = apart.desk.policy(apart.cover());
    assert_eq!(covered[0][2..], [i128::from(trader.0), 1, 1, 1_500, 0]);
    apart.desk.policy(Socialise { account: trader, market, side: Side::Sell, amount: Money(0) });
    assert_eq!((apart.equity(trader), apart.desk.cash(trader)), (0, 990_000));
    assert_eq!(apart.equity(apart.other), 10_000 + 12_000 - 500);
}

#[test]
fn a_lock_of_an_isolated_position_leaves_the_rest_of_the_account_alone() {
    let mut apart = Apart::open();
    let Apart { market, trader, .. } = apart;
    let elsewhere = apart.desk.market(10_000, 100_000, 10 * PERCENT, 100);
    apart.mark(940);
    assert_eq!(apart.desk.code(Origin::Policy, Lock { account: trader, asset: USD, market: elsewhere }), 501);
    assert_eq!(apart.desk.code(Origin::Policy, Lock { account: trader, asset: USD, market: MarketId(0) }), 502);
    apart.desk.policy(Lock { account: trader, asset: USD, market });
    assert_eq!(apart.desk.order(trader, market, Side::Buy, 1, 900), 422);
    assert_eq!(apart.desk.order(trader, elsewhere, Side::Buy, 1, 90), 0);
    let withdrawal = Withdraw { account: trader, asset: USD, amount: Money(1_000), destination: 0 };
    assert_eq!(apart.desk.code(Origin::Client, withdrawal), 0);
    assert_eq!(apart.desk.code(Origin::Policy, Release { account: trader, asset: USD, market }), 504);
    apart.mark(1_000);
    apart.desk.policy(Release { account: trader, asset: USD, market });
    assert_eq!(apart.desk.order(trader, market, Side::Sell, 1, 1_100), 0);
}

#[test]
fn a_counterparty_closes_with_the_margin_of_its_position_and_not_with_its_cash() {
    let mut apart = Apart::open();
    let Apart { market, trader, other, .. } = apart;
    apart.mark(1_097);
    // 10,000 − 9,700 is left of the short one, whatever cash its owner has.
    let counterparties = vec![Allocation { account: trader, lots: Lots(100) }];
    let events = apart.desk.policy(Deleverage { account: other, market, lots: Lots(100), counterparties });
    assert_eq!(events[0][5], 109_700 + 300, "all that the position had goes with it");
    assert_eq!((apart.equity(other), apart.desk.cash(other)), (0, 990_000));
    assert_eq!((apart.equity(trader), apart.desk.cash(trader)), (20_000, 990_000));
}

#[test]
fn an_isolated_counterparty_that_would_be_in_debt_is_refused() {
    let mut apart = Apart::open();
    let Apart { market, trader, other, vault: late, .. } = apart;
    let isolate = SetPositionMode { account: late, market, isolated: true, amount: Money(150) };
    assert_eq!(apart.desk.code(Origin::Client, isolate), 0);
    apart.mark(1_390);
    apart.desk.trade(market, late, trader, 1, 1_390);
    // The short one has 10,000 for a loss of 40,000, so a lot is closed 300 below the mark. Who came late has 160 for it.
    apart.mark(1_400);
    let deleverage = |account| {
        let counterparties = vec![Allocation { account, lots: Lots(1) }];
        Deleverage { account: other, market, lots: Lots(1), counterparties }
    };
    assert_eq!(apart.desk.refusal(Origin::Policy, deleverage(late)), (522, 1, 4));
    assert_eq!(apart.desk.code(Origin::Client, AdjustMargin { account: late, market, amount: Money(140) }), 0);
    assert_eq!(apart.desk.policy(deleverage(late))[0][5], 1_100);
    assert_eq!(apart.equity(late), 0);
    assert_eq!(apart.desk.refusal(Origin::Policy, deleverage(late)), (522, 1, 3), "flat by now: never touched");
}

#[test]
fn a_fund_pays_no_more_than_its_limit_in_a_window() {
    let mut apart = Apart::open();
    let Apart { market, trader, vault, .. } = apart;
    apart.mark(880);
    apart.desk.policy(TakeOver { account: trader, market, lots: Lots(0), vault });
    apart.desk.operator(FundInsurance { asset: USD, market, account: vault, amount: Money(5_000) });
    apart.desk.operator(SetInsurance { asset: USD, market, loss_max: Money(700), interval_ns: 1_000 });
    apart.desk.policy(apart.cover());
    assert_eq!(apart.equity(trader), -1_300);
    assert_eq!(apart.desk.refusal(Origin::Policy, apart.cover()), (520, 0, 0));
    apart.desk.time += 1_000;
    apart.desk.policy(apart.cover());
    assert_eq!(apart.equity(trader), -600);
}

#[test]
fn a_bidder_in_a_market_under_stress_must_stand_apart() {
    let mut apart = Apart::open();
    let Apart { market, trader, vault, .. } = apart;
    apart.desk.operator(SetLiquidator { account: vault, registered: true });
    apart.desk.operator(SetStress { market, active: true });
    apart.mark(940);
    let (discount_start_rate, discount_end_rate, duration_ns) = (Rate(0), Rate(0), 1);
    let lots = Lots(10);
    apart.desk.policy(OpenAuction {
        account: trader,
        market,
        lots,
        discount_start_rate,
        discount_end_rate,
        duration_ns,
    });
    let bid = Bid { account: vault, auction: AuctionId(1), lots, price: Ticks(0) };
    assert_eq!(apart.desk.code(Origin::Client, bid.clone()), 426);
    let isolate = SetPositionMode { account: vault, market, isolated: true, amount: Money(900) };
    assert_eq!(apart.desk.code(Origin::Client, isolate), 0);
    assert_eq!(apart.desk.refusal(Origin::Client, bid.clone()), (516, 940, 900));
    let more = SetPositionMode { account: vault, market, isolated: false, amount: Money(0) };
    assert_eq!(apart.desk.code(Origin::Client, more), 0);
    let isolate = SetPositionMode { account: vault, market, isolated: true, amount: Money(940) };
    assert_eq!(apart.desk.code(Origin::Client, isolate), 0);
    assert_eq!(apart.desk.code(Origin::Client, bid), 0);
    assert_eq!((apart.desk.lots(vault, market), apart.equity(vault)), (10, 940));
}

/// The owner is long in one market and short in another, and the marks of both have halved: cash stayed as small as it was.
#[test]
fn stress_does_not_leave_the_losing_leg_of_a_hedge_to_the_insurance() {
    let mut desk = Desk::open(Checks::Everything);
    let [near, far] = [1, 2].map(|_| desk.market(10_000, 1_000, 10 * PERCENT, 1_000));
    let (owner, other) = (desk.account(0, 3_000), desk.account(0, 1_000_000));
    desk.trade(near, owner, other, 10, 1_000);
    desk.trade(far, other, owner, 10, 1_000);
    for market in [near, far] {
        desk.operator(SetMark { market, price: Ticks(500) });
    }
    desk.operator(SetStress { market: near, active: true });
    let state = desk.kernel.state();
    let stands = |id| Pool::new(&state.accounts.of(owner).holdings, state.risk(), id).equity().0;
    // It lost 5,000 and needs 500: all of it from a pool whose 3,000 in cash is not all it has.
    assert_eq!((500, -2_500), (stands(PoolId::Isolated(near)), desk.cash(owner)));
    assert_eq!(2_500, stands(PoolId::Cross(USD)));
}

/// Just above its maintenance of 2,000 before, and below it now: what it has goes to the debt first.
#[test]
fn stress_makes_no_debt_of_what_the_rest_needs_for_itself() {
    let mut desk = Desk::open(Checks::Everything);
    let [near, far] = [1, 2].map(|_| desk.market(10_000, 1_000, 10 * PERCENT, 1_000));
    let (owner, other) = (desk.account(0, 4_000), desk.account(0, 1_000_000));
    desk.trade(near, owner, other, 10, 1_000);
    desk.trade(far, owner, other, 30, 1_000);
    desk.operator(SetMark { market: near, price: Ticks(700) });
    desk.operator(SetStress { market: near, active: true });
    let state = desk.kernel.state();
    let stands = |id| Pool::new(&state.accounts.of(owner).holdings, state.risk(), id).equity().0;
    // It lost 3,000; the rest has 4,000 and needs 1,500.
    assert_eq!((0, 1_000), (stands(PoolId::Isolated(near)), stands(PoolId::Cross(USD))));
}

#[test]
fn reductions_wait_for_each_other_and_the_end_of_time_is_no_trap() {
    let mut apart = Apart::open();
    let Apart { market, trader, .. } = apart;
    apart.mark(940);
    let liquidate = Liquidate { account: trader, market, lots: Lots(0), price: Ticks(0) };
    // Nothing rests in the book: nothing is filled, nothing is owed, and it may be tried again.
    for _ in 0..2 {
        let events = apart.desk.policy(liquidate.clone());
        assert_eq!(events.last().unwrap()[6..9], [0, 0, 0]);
    }
    apart.desk.time = u64::MAX;
    apart.desk.policy(liquidate);
}
