//! The waterfall under hostile hands: every step at the bounds of its numbers, on accounts that marks throw from end to end.
//! Whatever is asked, the kernel refuses or executes, money and lots are conserved, and a snapshot resumes.

#[path = "../benches/session/mod.rs"]
#[allow(clippy::cast_possible_truncation, dead_code)]
mod session;

mod desk;

use std::collections::BTreeMap;

use crossbook_kernel::command::{
    Allocation, Bid, CancelIncreasing, CloseAuction, Command, ConvertCollateral, CoverLoss, Deleverage, Deposit,
    FundInsurance, Hedge, Liquidate, Lock, MarginMode, OpenAuction, Origin, Release, SetCollateral, SetCollateralPrice,
    SetGroup, SetInsurance, SetLiquidation, SetLiquidator, SetMarginMode, SetMark, SetPositionMode, SetScenarios,
    SetVault, SettleFunding, Side, Socialise, TakeOver,
};
use crossbook_kernel::kernel::{Checks, Kernel};
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::quantities::{AccountId, AuctionId, GroupId, Lots, MarketId, Money, RATE_ONE, Rate, Ticks};

use desk::{Desk, EUR, USD};
use session::Dice;

const ACCOUNTS: u32 = 12;
/// Price and position at the notional limit in three ways: many ticks, many lots, and a tick that is worth a million.
const MARKETS: [(i64, i64); 3] = [((1 << 31) - 1, 1 << 27), (1 << 10, 1 << 48), (1_000, 200_000_000)];

struct Session {
    desk: Desk,
    dice: Dice,
    /// How often each command was executed, by tag.
    executed: BTreeMap<u8, u32>,
}

impl Session {
    fn open(seed: u64) -> Self {
        let mut desk = Desk::open(Checks::Everything);
        for ((price_max, position_max), tick_value) in MARKETS.into_iter().zip([1, 1, 1_000_000]) {
            desk.market_worth(tick_value, price_max, position_max, RATE_ONE / 50, price_max / 2);
        }
        for account in 1..=ACCOUNTS {
            // Every third is a sub-account of the first.
            desk.account(u32::from(account % 3 == 0), 1 << 55);
            let registered = account > 6;
            if registered {
                desk.operator(SetLiquidator { account: AccountId(account), registered });
            }
        }
        for (market, (price_max, _)) in (1..=3).map(MarketId).zip(MARKETS) {
            desk.operator(SetGroup { market, group: GroupId(1) });
            desk.operator(SetScenarios {
                market,
                moves: vec![Ticks(price_max / 50), Ticks(-price_max / 50), Ticks(1)],
            });
        }
        for account in [2, 5, 8].map(AccountId) {
            desk.operator(SetMarginMode { account, mode: MarginMode::Portfolio });
        }
        let (haircut_rate, account_cap, total_cap) = (Rate(RATE_ONE / 4), Money(1 << 50), Money(1 << 60));
        desk.operator(SetCollateral {
            asset: EUR,
            settlement: USD,
            haircut_rate,
            account_cap,
            total_cap,
            price_decimals: 0,
        });
        for market in (0..=3).map(MarketId) {
            desk.operator(FundInsurance { asset: USD, market, account: AccountId(1), amount: Money(1 << 45) });
        }
        desk.operator(SetVault { account: AccountId(11), asset: USD, exposure_max: Money(i64::MAX) });
        desk.operator(SetVault { account: AccountId(12), asset: USD, exposure_max: Money(1 << 57) });
        Self { desk, dice: Dice::seeded(seed), executed: BTreeMap::new() }
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.dice.index(values.len())]
    }

    /// Some of `max`, all of it, or something that nobody should ask for.
    fn some(&mut self, max: i64) -> i64 {
        match self.dice.below(14) {
            0 => self.one_of(&[-1, i64::MIN, i64::MAX, 1 << 62, 1 << 58]),
            1..=3 => 0,
            4..=6 => max,
            7..=8 => 1,
            9 => max.saturating_add(1),
            _ => 1 + i64::try_from(self.dice.below(max.max(1).cast_unsigned())).expect("below an i64"),
        }
    }

    fn account(&mut self) -> AccountId {
        AccountId(1 + u32::try_from(self.dice.below(u64::from(ACCOUNTS))).expect("few"))
    }

    fn market(&mut self) -> (MarketId, i64, i64) {
        let index = self.dice.index(MARKETS.len());
        (MarketId(u16::try_from(index + 1).expect("few")), MARKETS[index].0, MARKETS[index].1)
    }

    fn step(&mut self) {
        if self.dice.below(8) == 0 {
            self.desk.time += self.dice.below(40);
        }
        let command = self.command();
        let tag = command.tag();
        let origin = self.one_of(&[Origin::Operator, Origin::Operator, Origin::Policy]);
        if self.desk.code(origin, command) == 0 {
            *self.executed.entry(tag).or_default() += 1;
        }
    }

    fn command(&mut self) -> Command {
        let (market, price_max, position_max) = self.market();
        let account = self.account();
        match self.dice.below(40) {
            0 => SetMark { market, price: Ticks(self.some(price_max)) }.into(),
            1..=5 => self.near(market, price_max),
            6..=13 => self.order(account, market, price_max, position_max),
            14 => self.settings(account, market),
            15 => self.mode(account, market, price_max),
            16 => {
                SettleFunding { market, price: Ticks(price_max), rate: Rate(self.one_of(&[1, -1, 7_777, 100_000_000])) }
                    .into()
            }
            17 | 18 => self.collateral(account),
            19..=25 => self.pool_step(account, market),
            _ => self.position_step(account, market, position_max),
        }
    }

    /// A mark not far from the last.
    fn near(&mut self, market: MarketId, price_max: i64) -> Command {
        let mark = self.mark(market);
        let apart = self.one_of(&[mark / 40, mark / 20, mark / 10, -mark / 40, -mark / 20, -mark / 10]);
        SetMark { market, price: Ticks((mark + apart).clamp(1, price_max)) }.into()
    }

    fn mark(&self, market: MarketId) -> i64 {
        self.desk.kernel.state().markets[usize::from(market.0) - 1].mark.0
    }

    fn order(&mut self, account: AccountId, market: MarketId, price_max: i64, position_max: i64) -> Command {
        let mark = self.mark(market);
        let side = self.one_of(&[Side::Buy, Side::Sell]);
        let price = self.one_of(&[mark, mark, mark, 1, price_max]);
        desk::limit(account, market, side, self.some(position_max), price).into()
    }

    fn settings(&mut self, account: AccountId, market: MarketId) -> Command {
        let (asset, fund) = (USD, self.one_of(&[MarketId(0), market]));
        match self.dice.below(5) {
            0 => SetLiquidation {
                asset,
                first_call_rate: Rate(self.one_of(&[0, 2 * RATE_ONE])),
                second_call_rate: Rate(0),
                take_over_rate: Rate(self.one_of(&[0, RATE_ONE, RATE_ONE / 2])),
                adjustment_rate: Rate(self.one_of(&[0, RATE_ONE, 100 * RATE_ONE])),
                spread_rate: Rate(self.one_of(&[0, RATE_ONE, i64::MAX])),
                partial_rate: Rate(self.one_of(&[0, 1, RATE_ONE])),
                partial_notional: Money(self.one_of(&[0, i64::MAX])),
                cooldown_ns: self.one_of(&[0, 1, 20, u64::MAX]),
                fee_rate: Rate(self.one_of(&[0, 1, RATE_ONE / 10])),
            }
            .into(),
            1 => {
                let loss_max = Money(self.one_of(&[0, 1_000, i64::MAX, -1]));
                SetInsurance { asset, market: fund, loss_max, interval_ns: self.one_of(&[0, 0, 10, u64::MAX]) }.into()
            }
            2 => {
                let amount = Money(self.one_of(&[1, 1 << 40, 1 << 50, 1 << 54, 1 << 62, i64::MAX]));
                let account = self.one_of(&[AccountId(0), account, account]);
                FundInsurance { asset, market: fund, account, amount }.into()
            }
            3 => SetVault { account, asset, exposure_max: Money(self.one_of(&[0, 1 << 40, i64::MAX, -1])) }.into(),
            _ => SetLiquidator { account, registered: self.dice.below(2) == 0 }.into(),
        }
    }

    fn mode(&mut self, account: AccountId, market: MarketId, price_max: i64) -> Command {
        match self.dice.below(4) {
            0 => {
                let mode = self.one_of(&[MarginMode::Standard, MarginMode::Portfolio]);
                SetMarginMode { account, mode }.into()
            }
            1 => SetGroup { market, group: GroupId(self.one_of(&[0, 1, 1])) }.into(),
            2 => {
                let most = Ticks(self.one_of(&[price_max, price_max / 50]));
                SetScenarios { market, moves: vec![most, -most, Ticks(1)] }.into()
            }
            _ => {
                let isolated = self.dice.below(3) > 0;
                let amount = if isolated { Money(self.some(1 << 54)) } else { Money(0) };
                SetPositionMode { account, market, isolated, amount }.into()
            }
        }
    }

    fn collateral(&mut self, account: AccountId) -> Command {
        match self.dice.below(3) {
            0 if account.0 <= 4 => Deposit { account, asset: EUR, amount: Money(self.some(1 << 54)) }.into(),
            0 | 1 => {
                let (price, depeg_rate) = (self.one_of(&[0, 1, 255, 256]), Rate(self.one_of(&[RATE_ONE, 1, 0])));
                SetCollateralPrice { asset: EUR, price, depeg_rate }.into()
            }
            _ => {
                // Somebody who owes, if there is anybody.
                let owes = |&account: &AccountId| self.desk.cash(account) < 0;
                let account = (1..=4).map(AccountId).find(owes).unwrap_or(account);
                let held = self.desk.kernel.state().accounts.of(account).holdings.cash(EUR).0;
                ConvertCollateral { account, asset: EUR, amount: Money(self.some(held)) }.into()
            }
        }
    }

    fn pool_step(&mut self, account: AccountId, own: MarketId) -> Command {
        let (asset, market) = (self.one_of(&[USD, USD, USD, EUR]), self.one_of(&[MarketId(0), MarketId(0), own]));
        let amount = Money(self.some(1 << 40));
        match self.dice.below(7) {
            0 => Lock { account, asset, market }.into(),
            1 => Release { account, asset, market }.into(),
            2 => CancelIncreasing { account, asset, market }.into(),
            3 | 4 => CoverLoss { account, asset, market, amount }.into(),
            _ => Socialise { account, market: own, side: self.one_of(&[Side::Buy, Side::Sell]), amount }.into(),
        }
    }

    fn position_step(&mut self, account: AccountId, market: MarketId, position_max: i64) -> Command {
        let held = self.desk.lots(account, market).abs();
        let (lots, price) = (Lots(self.some(held)), Ticks(self.one_of(&[0, 0, 0, 1, i64::MIN, i64::MAX])));
        let auction = AuctionId(self.dice.below(self.desk.kernel.state().sequence.auctions + 2));
        match self.dice.below(10) {
            0 | 1 => Liquidate { account, market, lots, price }.into(),
            2 => {
                let side = self.one_of(&[Side::Buy, Side::Sell]);
                Hedge { account, market, side, lots: Lots(self.some(position_max)), price }.into()
            }
            3 => OpenAuction {
                account,
                market,
                lots,
                discount_start_rate: Rate(self.one_of(&[0, 0, 1, RATE_ONE])),
                discount_end_rate: Rate(self.one_of(&[RATE_ONE, RATE_ONE, 0, 2 * RATE_ONE])),
                duration_ns: self.one_of(&[1, 30, u64::MAX, 0]),
            }
            .into(),
            4 | 5 => Bid { account, auction, lots, price }.into(),
            6 if self.dice.below(4) == 0 => CloseAuction { auction }.into(),
            6 | 7 => TakeOver { account, market, lots, vault: AccountId(self.one_of(&[11, 12, account.0])) }.into(),
            _ => self.deleverage(account, market),
        }
    }

    /// All who stand against a position, each with what it has; now and then with a mistake.
    fn deleverage(&mut self, account: AccountId, market: MarketId) -> Command {
        let long = self.desk.lots(account, market) > 0;
        let mut left = self.desk.lots(account, market).abs();
        let asked = left;
        let mut counterparties = Vec::new();
        for other in (1..=ACCOUNTS).map(AccountId).filter(|&other| other != account) {
            let held = self.desk.lots(other, market);
            if left > 0 && held != 0 && (held > 0) != long {
                let lots = Lots(held.abs().min(left));
                left -= lots.0;
                counterparties.push(Allocation { account: other, lots });
            }
        }
        match self.dice.below(8) {
            0 => counterparties.push(Allocation { account, lots: Lots(1) }),
            1 => counterparties.extend_from_within(..counterparties.len().min(1)),
            2 => counterparties.push(Allocation { account: self.account(), lots: Lots(i64::MAX) }),
            _ => {}
        }
        let lots = if self.dice.below(8) == 0 { Lots(self.some(asked)) } else { Lots(asked) };
        Deleverage { account, market, lots, counterparties }.into()
    }

    fn resume(&self) {
        let saved = self.desk.kernel.snapshot();
        let loaded = Kernel::<Ladder>::from_snapshot(&saved, Checks::Everything).expect("our own snapshot");
        assert_eq!(loaded.snapshot(), saved);
        assert_eq!(loaded.full_state_root(), self.desk.kernel.full_state_root());
    }
}

#[test]
fn every_step_at_its_bounds_is_refused_or_executed_soundly() {
    // More for a longer hunt: EXTREMES=500 cargo test --test waterfall_hostile.
    let sessions: u64 = std::env::var("EXTREMES").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let mut executed: BTreeMap<u8, u32> = BTreeMap::new();
    for seed in 0..sessions {
        let mut session = Session::open(seed);
        for step in 0..1_500 {
            session.step();
            if step % 250 == 249 {
                session.resume();
            }
        }
        for (tag, count) in session.executed {
            *executed.entry(tag).or_default() += count;
        }
    }
    let never: Vec<u8> = (46..=63).filter(|tag| !executed.contains_key(tag)).collect();
    assert_eq!(never, [0; 0], "each step was taken: {executed:?}");
}

/// An account short in twenty markets at the notional limit, each bought from at the lowest price and marked at the highest.
fn hopeless() -> (Desk, AccountId, AccountId) {
    let mut desk = Desk::open(Checks::Everything);
    let loser = desk.account(0, 1 << 40);
    let [winner, vault] = [1, 2].map(|_| desk.account(0, 1 << 58));
    desk.operator(SetVault { account: vault, asset: USD, exposure_max: Money(i64::MAX) });
    for _ in 0..20 {
        let (price_max, position_max) = MARKETS[0];
        let market = desk.market(price_max, position_max, RATE_ONE / 50, 1);
        desk.trade(market, winner, loser, position_max, 1);
    }
    for market in (1..=20).map(MarketId) {
        desk.operator(SetMark { market, price: Ticks(MARKETS[0].0) });
    }
    (desk, loser, vault)
}

#[test]
fn a_debt_beyond_the_balance_limit_is_not_realised() {
    let (mut desk, account, vault) = hopeless();
    let codes: Vec<u64> = (1..=20)
        .map(|market| desk.code(Origin::Policy, TakeOver { account, market: MarketId(market), lots: Lots(0), vault }))
        .collect();
    let taken = codes.iter().filter(|&&code| code == 0).count();
    assert_eq!(codes, [vec![0; taken], vec![302; 20 - taken]].concat());
    assert_eq!(taken, 16, "sixteen times 2^58 is the limit");
}

#[test]
fn a_thousand_counterparties_close_a_position_and_no_more() {
    let mut desk = Desk::open(Checks::Totals);
    let market = desk.market(10_000, 100_000, RATE_ONE / 10, 100);
    let loser = desk.account(0, 500_000);
    let others: Vec<AccountId> = (0..1_001).map(|_| desk.account(0, 10_000)).collect();
    for &other in &others {
        desk.trade(market, loser, other, 10, 100);
    }
    desk.operator(SetMark { market, price: Ticks(7) });
    let deleverage = |parties: &[AccountId]| {
        let counterparties: Vec<_> = parties.iter().map(|&account| Allocation { account, lots: Lots(10) }).collect();
        let lots = Lots(10 * i64::try_from(parties.len()).expect("few"));
        Deleverage { account: loser, market, lots, counterparties }
    };
    assert_eq!(desk.refusal(Origin::Policy, deleverage(&others)), (522, 0, 0));
    let mut twice = others[..999].to_vec();
    twice.push(others[500]);
    assert_eq!(desk.refusal(Origin::Policy, deleverage(&twice)), (522, 1_000, 1));
    assert_eq!(desk.policy(deleverage(&others[..1_000])).len(), 1_000);
    assert_eq!(desk.lots(loser, market), 10);
    desk.kernel.check().expect("sound");
}
