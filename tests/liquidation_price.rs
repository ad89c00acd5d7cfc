//! Liquidation prices of whole pools, asked of the state and tried on the kernel.

mod desk;

use crossbook_kernel::command::{
    AdjustMargin, Deposit, MarginMode, SetCollateral, SetCollateralPrice, SetGroup, SetMarginMode, SetMark,
    SetPositionMode, SetScenarios, SetTiers, SettleFunding, Tier,
};
use crossbook_kernel::kernel::{Checks, Kernel};
use crossbook_kernel::quantities::{AccountId, GroupId, MarketId, Money, RATE_ONE, Rate, Ticks};
use crossbook_kernel::risk::liquidation_price::{self, Fraction, LiquidationPrice};
use crossbook_kernel::sweep::scan::scan;
use desk::{Desk, EUR, USD};

/// A venue with a rich counterparty.
fn venue() -> (Desk, AccountId) {
    let mut desk = Desk::open(Checks::Everything);
    let rich = desk.account(0, 1 << 50);
    (desk, rich)
}

fn price(desk: &Desk, account: AccountId, market: MarketId) -> Option<LiquidationPrice> {
    let state = desk.kernel.state();
    liquidation_price::of(&state.accounts.of(account).holdings, state.risk(), market)
}

#[expect(clippy::unnecessary_wraps, reason = "what is compared with has none for some")]
fn at(tick: i64, numerator: i128, denominator: i128) -> Option<LiquidationPrice> {
    Some(LiquidationPrice { tick: Ticks(tick), root: Some(Fraction { numerator, denominator }) })
}

fn tiers(desk: &mut Desk, market: MarketId, maintenance: &[(i64, i64)]) {
    let tier = |&(bound, rate): &(i64, i64)| Tier {
        lower_bound: Money(bound),
        initial_rate: Rate((2 * rate).min(RATE_ONE)),
        maintenance_rate: Rate(rate),
    };
    desk.operator(SetTiers { market, tiers: maintenance.iter().map(tier).collect() });
}

/// Whether a pool of the account is below its maintenance at a mark, tried on a copy.
fn liquidates(desk: &Desk, account: AccountId, market: MarketId, mark: i64) -> bool {
    let copy = Kernel::from_snapshot(&desk.kernel.snapshot(), Checks::Everything).expect("its own snapshot");
    let mut copy = Desk { kernel: copy, time: desk.time };
    copy.operator(SetMark { market, price: Ticks(mark) });
    scan(copy.kernel.state()).any(|(id, look)| id == account && look.equity < look.maintenance)
}

#[test]
fn the_rulebooks_example_takes_the_tier_that_holds_at_the_price() {
    let (mut desk, rich) = venue();
    let market = desk.market(1 << 20, 1 << 30, 25_000_000, 100_000);
    tiers(&mut desk, market, &[(0, 12_500_000), (150_000_000, 25_000_000)]);
    let account = desk.account(0, 60_000_000);
    desk.trade(market, account, rich, 2_000, 100_000);
    // 70,886.0759..., and not 71,202.53.
    assert_eq!(at(70_886, 5_600_000, 79), price(&desk, account, market));
    assert!(liquidates(&desk, account, market, 70_886));
    assert!(!liquidates(&desk, account, market, 70_887));
}

#[test]
fn a_hedged_pool_is_liquidated_by_either_leg() {
    let (mut desk, rich) = venue();
    let first = desk.market(100_000, 1 << 20, 100_000_000, 1_000);
    let second = desk.market(100_000, 1 << 20, 100_000_000, 500);
    let account = desk.account(0, 20_000);
    desk.trade(first, account, rich, 100, 1_000);
    desk.trade(second, rich, account, 200, 500);
    // Equity 20,000, maintenance 5,000 each. The long: 20,000 + 100 · (P − 1,000) = 5,000 + 5 · P.
    assert_eq!(at(894, 17_000, 19), price(&desk, account, first));
    // The short: 20,000 − 200 · (P − 500) = 5,000 + 10 · P.
    assert_eq!(at(548, 11_500, 21), price(&desk, account, second));
    for (market, tick, towards) in [(first, 894, 1), (second, 548, -1)] {
        assert!(liquidates(&desk, account, market, tick));
        assert!(!liquidates(&desk, account, market, tick + towards));
    }
}

#[test]
fn an_isolated_position_stands_on_its_own_margin() {
    let (mut desk, rich) = venue();
    let market = desk.market(100_000, 1 << 20, 100_000_000, 1_000);
    let account = desk.account(0, 1_000_000);
    desk.trade(market, account, rich, 100, 1_000);
    assert_eq!(None, price(&desk, account, market), "the cash of the account pays for the whole position");
    desk.operator(SetPositionMode { account, market, isolated: true, amount: Money(20_000) });
    // 20,000 + 100 · (P − 1,000) = 5 · P.
    assert_eq!(at(842, 16_000, 19), price(&desk, account, market));
    assert!(liquidates(&desk, account, market, 842));
    assert!(!liquidates(&desk, account, market, 843));
    desk.operator(AdjustMargin { account, market, amount: Money(10_000) });
    assert_eq!(at(736, 14_000, 19), price(&desk, account, market));
}

#[test]
fn a_flat_position_has_none_and_a_fallen_pool_is_at_its_mark() {
    let (mut desk, rich) = venue();
    let market = desk.market(100_000, 1 << 20, 100_000_000, 1_000);
    let account = desk.account(0, 20_000);
    assert_eq!(None, price(&desk, account, market));
    desk.trade(market, account, rich, 100, 1_000);
    desk.operator(SetMark { market, price: Ticks(800) });
    // It was liquidated from 842.1 on.
    assert_eq!(at(800, 16_000, 19), price(&desk, account, market));
}

#[test]
fn collateral_and_funding_move_the_price() {
    let (mut desk, rich) = venue();
    let market = desk.market(100_000, 1 << 20, 100_000_000, 1_000);
    let account = desk.account(0, 20_000);
    desk.trade(market, account, rich, 100, 1_000);
    assert_eq!(at(842, 16_000, 19), price(&desk, account, market));
    let (account_cap, total_cap, haircut_rate) = (Money(1 << 30), Money(1 << 30), Rate(0));
    desk.operator(SetCollateral {
        asset: EUR,
        settlement: USD,
        haircut_rate,
        account_cap,
        total_cap,
        price_decimals: 0,
    });
    desk.operator(SetCollateralPrice { asset: EUR, price: 2, depeg_rate: Rate(RATE_ONE) });
    desk.operator(Deposit { account, asset: EUR, amount: Money(4_750) });
    // 9,500 more to lose, at 95 a tick.
    assert_eq!(at(742, 14_100, 19), price(&desk, account, market));
    desk.operator(SettleFunding { market, price: Ticks(1_000), rate: Rate(RATE_ONE / 100) });
    // 1,000 of it is owed.
    assert_eq!(at(752, 14_300, 19), price(&desk, account, market));
}

#[test]
fn the_maintenance_of_the_rest_of_the_pool_counts() {
    let (mut desk, rich) = venue();
    let [market, other] = [(); 2].map(|()| desk.market(1_000, 1_000, 10_000_000, 100));
    let account = desk.account(0, 5);
    desk.trade(market, account, rich, 1, 100);
    desk.trade(other, account, rich, 1, 100);
    tiers(&mut desk, market, &[(0, 4_000_000)]);
    tiers(&mut desk, other, &[(0, 40_000_000)]);
    // (100 − (5 − 4)) / 0.996 = 99.39759036144578; by the position alone it would be 95.40.
    assert_eq!(at(99, 8_250, 83), price(&desk, account, market));
    assert!(liquidates(&desk, account, market, 99));
    assert!(!liquidates(&desk, account, market, 100));
}

#[test]
fn a_portfolio_pool_has_a_tick_and_no_root() {
    let (mut desk, rich) = venue();
    let market = desk.market(100_000, 1 << 20, 100_000_000, 1_000);
    desk.operator(SetGroup { market, group: GroupId(1) });
    desk.operator(SetScenarios { market, moves: [-100, 100].map(Ticks).to_vec() });
    let account = desk.account(0, 20_000);
    desk.operator(SetMarginMode { account, mode: MarginMode::Portfolio });
    desk.trade(market, account, rich, 100, 1_000);
    // The worst scenario costs 10,000 at every price: 20,000 + 100 · (P − 1,000) is below it from 899 on.
    assert_eq!(Some(LiquidationPrice { tick: Ticks(899), root: None }), price(&desk, account, market));
    assert!(liquidates(&desk, account, market, 899));
    assert!(!liquidates(&desk, account, market, 900));
}
