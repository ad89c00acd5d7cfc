//! Portfolios under moving marks: who need not be looked at stands as remembered (checked after every command), and most
//! need not be.

mod desk;

use crossbook_kernel::command::{
    MarginMode, Origin, SetBasis, SetConcentration, SetCorrelations, SetGroup, SetLiquidation, SetMarginMode, SetMark,
    SetPortfolio, SetScenarios, SettleFunding, Side,
};
use crossbook_kernel::kernel::Checks;
use crossbook_kernel::lists::Correlation;
use crossbook_kernel::quantities::{AccountId, GroupId, MarketId, Money, RATE_ONE, Rate, Ticks};

use desk::{Desk, USD};

const MARKETS: u16 = 4;
const ACCOUNTS: u32 = 12;
const PERCENT: i64 = RATE_ONE / 100;

/// Numbers that look random and are the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below((high - low + 1).cast_unsigned())).expect("small")
    }

    fn market(&mut self) -> MarketId {
        MarketId(1 + u16::try_from(self.below(MARKETS.into())).expect("small"))
    }
}

/// Four markets in two groups with every charge, calls at 3 and 2 times maintenance, and portfolios of little money.
fn venue() -> Desk {
    let mut desk = Desk::open(Checks::Everything);
    for group in [1, 1, 2, 2] {
        let market = desk.market(10_000, 1_000_000, 10 * PERCENT, 1_000);
        desk.operator(SetGroup { market, group: GroupId(group) });
        desk.operator(SetScenarios { market, moves: [-150, -40, 40, 150].map(Ticks).to_vec() });
        desk.operator(SetConcentration { market, threshold: Money(10_000), rate: Rate(45 * PERCENT) });
        desk.operator(SetBasis { group: GroupId(group), basis_rate: Rate(40 * PERCENT) });
    }
    let (correlation_rate, offset_cap_rate) = (Rate(70 * PERCENT), Rate(50 * PERCENT));
    let pairs = vec![Correlation { group_a: GroupId(1), group_b: GroupId(2), correlation_rate, offset_cap_rate }];
    let stress = Rate(10 * PERCENT);
    desk.operator(SetCorrelations { towards_one_rate: stress, towards_zero_rate: stress, pairs });
    desk.operator(SetPortfolio { asset: USD, maintenance_rate: Rate(80 * PERCENT), funding_epochs: 4 });
    desk.operator(SetLiquidation {
        asset: USD,
        first_call_rate: Rate(3 * RATE_ONE),
        second_call_rate: Rate(2 * RATE_ONE),
        take_over_rate: Rate(RATE_ONE / 2),
        adjustment_rate: Rate(RATE_ONE),
        spread_rate: Rate(RATE_ONE),
        partial_rate: Rate(RATE_ONE),
        partial_notional: Money(0),
        cooldown_ns: 0,
        fee_rate: Rate(0),
    });
    for number in 1..=ACCOUNTS {
        let account = desk.account(0, if number <= 4 { 10_000_000 } else { 60_000 });
        desk.operator(SetMarginMode { account, mode: MarginMode::Portfolio });
    }
    desk
}

#[test]
fn a_portfolio_that_is_not_looked_at_stands_as_it_is_remembered() {
    let (mut desk, mut dice, mut marks) = (venue(), Dice(11), [1_000_i64; 4]);
    let (mut standings, mut changed) = (vec![0; ACCOUNTS as usize], 0);
    for _ in 0..6_000 {
        let market = dice.market();
        let mark = &mut marks[usize::from(market.0) - 1];
        match dice.below(10) {
            0..=4 => {
                *mark = (*mark + dice.between(-25, 25)).clamp(300, 3_000);
                desk.operator(SetMark { market, price: Ticks(*mark) });
            }
            5 => {
                let rate = Rate(dice.between(-PERCENT / 10, PERCENT / 10));
                desk.operator(SettleFunding { market, price: Ticks(*mark), rate });
            }
            _ => {
                let account = AccountId(1 + u32::try_from(dice.below(ACCOUNTS.into())).expect("small"));
                let side = if dice.below(2) == 0 { Side::Buy } else { Side::Sell };
                let (lots, price) = (dice.between(1, 60), *mark + dice.between(-5, 5));
                desk.order(account, market, side, lots, price);
            }
        }
        let now = desk.kernel.state().accounts.iter();
        for ((_, account), before) in now.zip(&mut standings) {
            let standing = account.holdings.balance(USD).condition.standing as u8;
            changed += u32::from(standing != *before);
            *before = standing;
        }
    }
    assert!(changed > 100, "portfolios get into trouble and out of it: {changed} times");
}

#[test]
fn a_rich_portfolio_is_not_looked_at_with_every_mark() {
    let mut desk = venue();
    desk.trade(MarketId(1), AccountId(1), AccountId(2), 2_000, 1_000);
    desk.trade(MarketId(2), AccountId(2), AccountId(1), 2_000, 1_000);
    desk.operator(SetMark { market: MarketId(1), price: Ticks(1_001) });
    let looked_at = |desk: &Desk| desk.kernel.state().watch.looks();
    let before = looked_at(&desk);
    for price in 1_002..1_100 {
        desk.operator(SetMark { market: MarketId(1), price: Ticks(price) });
    }
    assert_eq!(looked_at(&desk) - before, 0);
    let origin = Origin::Operator;
    assert_eq!(desk.code(origin, SetMark { market: MarketId(1), price: Ticks(9_000) }), 0);
    assert!(looked_at(&desk) > before, "eight times the price is another matter");
}
