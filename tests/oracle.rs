//! Outside prices (`docs/rules_oracle.md`): what is recorded, what is accepted, and how good it must be for what.

mod desk;

use crossbook_kernel::command::{
    AddMarket, AdjustMargin, Allocation, Amend, Bid, Cancel, CancelIncreasing, CloseAuction, Command, CoverLoss,
    Deleverage, Deposit, Draw, FundInsurance, Grade, Hedge, Liquidate, Lock, MarketMode, Observe, OpenAuction, Origin,
    Place, Release, SetAllowance, SetCollateral, SetCollateralPrice, SetGrades, SetLiquidator, SetMark, SetMarketMode,
    SetOracle, SetPositionMode, SetVault, SettleFunding, Side, Socialise, TakeOver, TimeInForce, Transfer, Withdraw,
};
use crossbook_kernel::digest::SUBSYSTEMS;
use crossbook_kernel::kernel::{Checks, Kernel};
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::quantities::{
    AccountId, AssetId, AuctionId, Lots, MarketId, Money, OrderId, RATE_ONE, Rate, Ticks,
};
use crossbook_kernel::state::oracle::{Grades, Oracle};

use desk::{Desk, EUR, USD, limit};

const PERCENT: i64 = RATE_ONE / 100;
const ORACLE_GRADE: u64 = 434;

fn accepted(market: MarketId, price: i64, grade: Grade) -> SetOracle {
    SetOracle { market, price: Ticks(price), confidence: Ticks(3), grade, observed_at: 77 }
}

/// A market at 1,000 with an initial rate of 10 %, and two accounts of one master long and short 10 in it.
struct Pit {
    desk: Desk,
    market: MarketId,
    long: AccountId,
    short: AccountId,
}

impl Pit {
    fn open() -> Self {
        let mut desk = Desk::open(Checks::Everything);
        let market = desk.market(10_000, 100_000, 10 * PERCENT, 1_000);
        let long = desk.account(0, 20_000);
        let short = desk.account(long.0, 20_000);
        desk.trade(market, long, short, 10, 1_000);
        Self { desk, market, long, short }
    }

    /// The oracle is thin, and something asks for one that is good.
    fn ask(&mut self, margin: Grade, liquidation: Grade, funding: Grade) {
        self.desk.operator(accepted(self.market, 1_000, Grade::Thin));
        self.desk.operator(SetGrades { market: self.market, margin, liquidation, funding });
    }

    fn client(&mut self, command: impl Into<Command>) -> u64 {
        self.desk.code(Origin::Client, command)
    }

    fn refusal(&mut self, command: impl Into<Command>) -> (i128, i128, i128) {
        self.desk.refusal(Origin::Operator, command)
    }

    fn buy(&self, lots: i64, price: i64) -> Place {
        limit(self.long, self.market, Side::Buy, lots, price)
    }

    fn withdraw(&self, amount: i64) -> Withdraw {
        Withdraw { account: self.long, asset: USD, amount: Money(amount), destination: 0 }
    }
}

#[test]
fn an_observation_is_recorded_as_it_was_said_and_changes_nothing() {
    let mut pit = Pit::open();
    let before = pit.desk.kernel.subsystem_roots();
    for (price, confidence, observed_at) in [(64_000, 5, 9), (i64::MIN, -1, u64::MAX), (i64::MAX, i64::MAX, 0)] {
        let said = Observe { feed: 9, source: u16::MAX, price, confidence, observed_at };
        let events = pit.desk.accepted(Origin::Oracle, said);
        let seq = i128::from(pit.desk.kernel.state().sequence.seq);
        let told = [68, seq, 9, 65_535, price.into(), confidence.into(), observed_at.into()];
        assert_eq!(events, [told.to_vec()]);
    }
    let after = pit.desk.kernel.subsystem_roots();
    let changed: Vec<&str> = (0..8).filter(|&at| before[at] != after[at]).map(|at| SUBSYSTEMS[at]).collect();
    assert_eq!(changed, ["sequence"]);
}

#[test]
fn a_market_keeps_the_price_that_was_accepted_and_when() {
    let mut pit = Pit::open();
    let market = pit.market;
    let kept = |pit: &Pit| pit.desk.kernel.state().market(market).expect("it is there").oracle;
    assert_eq!(kept(&pit), Oracle::default());
    let first = pit.desk.accepted(Origin::Oracle, accepted(market, 1_000, Grade::Good));
    assert_eq!(first[0][2..], [1, 1_000, 3, 6, 77, 0, 0]);
    pit.desk.time += 5;
    let second = pit.desk.accepted(Origin::Policy, accepted(market, 990, Grade::Stale));
    assert_eq!(second[0][2..], [1, 990, 3, 3, 77, 1_000, 6]);
    let (updated_at, changed) = (pit.desk.time, pit.desk.kernel.state().sequence.seq);
    let (price, confidence, grade) = (Ticks(990), Ticks(3), Grade::Stale);
    assert_eq!(kept(&pit), Oracle { price, confidence, grade, observed_at: 77, updated_at, changed });
    assert_eq!(pit.desk.kernel.state().markets[0].mark, Ticks(1_000), "an accepted price is no mark");
}

#[test]
fn a_price_is_accepted_only_if_it_could_be_one() {
    let mut pit = Pit::open();
    let with = |price, confidence| SetOracle {
        price: Ticks(price),
        confidence: Ticks(confidence),
        ..accepted(MarketId(1), 1, Grade::Good)
    };
    assert_eq!(pit.desk.code(Origin::Client, with(1, 0)), 101);
    assert_eq!(pit.refusal(SetOracle { market: MarketId(2), ..with(0, -1) }), (109, 2, 0));
    assert_eq!(pit.refusal(with(0, -1)), (401, 0, 10_000));
    assert_eq!(pit.refusal(with(10_001, 0)), (401, 10_001, 10_000));
    assert_eq!(pit.refusal(with(10_000, -1)), (433, -1, 0));
    pit.desk.operator(with(10_000, i64::MAX));
}

#[test]
fn a_snapshot_holds_no_oracle_that_no_command_could_have_set() {
    let mut pit = Pit::open();
    let market = pit.market;
    pit.desk.operator(accepted(market, 1_003, Grade::Thin));
    let (margin, liquidation, funding) = (Grade::Thin, Grade::Ageing, Grade::Good);
    pit.desk.operator(SetGrades { market, margin, liquidation, funding });
    let saved = pit.desk.kernel.snapshot();
    let only = |pattern: &[u8]| {
        let found: Vec<usize> = (0..saved.len()).filter(|&at| saved[at..].starts_with(pattern)).collect();
        let [at] = found[..] else { panic!("not just one: {found:?}") };
        at
    };
    // Price, confidence, grade, observed at, set at, changed; and mode, stress, least grades.
    let oracle = only(&[1_003_i64.to_le_bytes(), 3_i64.to_le_bytes()].concat());
    let grades = only(&[1, 0, 4, 5, 6]) + 2;
    let forged: [(usize, &[u8]); 11] = [
        (oracle, &[0; 8]),
        (oracle, &10_001_i64.to_le_bytes()),
        (oracle + 8, &[255; 8]),
        (oracle + 16, &[7]),
        (oracle + 25, &u64::MAX.to_le_bytes()),
        (oracle + 33, &[0; 8]),
        (oracle + 33, &u64::MAX.to_le_bytes()),
        (oracle, &[0; 41]),
        (grades, &[7]),
        (grades + 1, &[7]),
        (grades + 2, &[255]),
    ];
    for (at, bytes) in forged {
        let mut changed = saved.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        let loaded = Kernel::<Ladder>::from_snapshot(&changed, Checks::Totals);
        assert_eq!(loaded.is_err(), bytes.len() < 41, "only none at all is as good: {at} {bytes:?}");
    }
}

#[test]
fn least_grades_are_set_for_each_action() {
    let mut pit = Pit::open();
    let market = pit.market;
    let (margin, liquidation, funding) = (Grade::Volatile, Grade::Uncertain, Grade::Ageing);
    let events = pit.desk.policy(SetGrades { market, margin, liquidation, funding });
    assert_eq!(events[0][2..], [1, 1, 2, 5]);
    assert_eq!(pit.desk.kernel.state().markets[0].grades, Grades { margin, liquidation, funding });
    let unknown = SetGrades { market: MarketId(0), margin, liquidation, funding };
    assert_eq!(pit.refusal(unknown.clone()), (109, 0, 0));
    assert_eq!([Origin::Client, Origin::Oracle].map(|origin| pit.desk.code(origin, unknown.clone())), [101, 101]);
}

#[test]
fn at_first_every_action_is_permitted_without_an_oracle() {
    let mut pit = Pit::open();
    let (order, withdrawal) = (pit.buy(1, 999), pit.withdraw(1));
    assert_eq!(pit.client(order), 0);
    assert_eq!(pit.client(withdrawal), 0);
    let (market, price, rate) = (pit.market, Ticks(1_000), Rate(1));
    assert_eq!(pit.desk.code(Origin::Policy, SettleFunding { market, price, rate }), 0);
}

#[test]
fn new_exposure_asks_for_a_grade_right_after_the_market_is_found_ready() {
    let mut pit = Pit::open();
    pit.ask(Grade::Ageing, Grade::None, Grade::None);
    let order = pit.buy(1, 999);
    assert_eq!(pit.refusal(order.clone()), (434, 4, 5));
    assert_eq!(pit.client(Place { lots: Lots(0), ..order.clone() }), 402);
    assert_eq!(pit.client(Place { price: Ticks(0), ..order.clone() }), 401);
    assert_eq!(pit.client(Place { time_in_force: TimeInForce::FillOrKill, post_only: true, ..order.clone() }), 403);
    let late = Place { time_in_force: TimeInForce::GoodTillDate, expires_at: 1, ..order.clone() };
    assert_eq!(pit.client(late), 404);
    let market = pit.market;
    pit.desk.operator(SetMarketMode { market, mode: MarketMode::Halted });
    assert_eq!(pit.client(order.clone()), ORACLE_GRADE, "before 420");
    pit.desk.operator(SetMarketMode { market, mode: MarketMode::Continuous });
    pit.desk.operator(accepted(market, 1_000, Grade::Ageing));
    assert_eq!(pit.client(order), 0, "as good as the least is good enough");
}

#[test]
fn a_market_that_is_not_ready_says_so_before_its_grade() {
    let mut pit = Pit::open();
    let account = pit.long;
    let raw = AddMarket {
        symbol: Box::new(desk::text("RAW")),
        settlement: USD,
        tick_size_e12: 1_000_000_000_000,
        lot_size_e12: 1_000_000_000_000,
        price_max: Ticks(100),
        position_max: Lots(100),
    };
    pit.desk.operator(raw);
    let market = MarketId(2);
    let most = Grade::Good;
    pit.desk.operator(SetGrades { market, margin: most, liquidation: most, funding: most });
    assert_eq!(pit.refusal(limit(account, market, Side::Buy, 1, 5)), (405, 1, 0));
    assert_eq!(pit.refusal(Liquidate { account, market, lots: Lots(0), price: Ticks(0) }), (405, 1, 0));
}

#[test]
fn reducing_and_cancelling_ask_for_no_grade() {
    let mut pit = Pit::open();
    let (market, account) = (pit.market, pit.long);
    let resting = limit(account, market, Side::Sell, 4, 1_010);
    assert_eq!(pit.client(Place { reduce_only: true, client_order: 1, ..resting.clone() }), 0);
    assert_eq!(pit.client(Place { client_order: 2, ..resting.clone() }), 0);
    pit.ask(Grade::Good, Grade::None, Grade::None);
    assert_eq!(pit.client(Place { reduce_only: true, price: Ticks(1_011), ..resting }), 0);
    let amend = |client_order, price, lots| Amend {
        account,
        order: OrderId(0),
        client_order,
        price: Ticks(price),
        lots: Lots(lots),
    };
    assert_eq!(pit.client(amend(1, 1_012, 0)), 0, "reduce-only, whatever changes");
    assert_eq!(pit.client(amend(2, 0, 4)), 419, "before the grade");
    assert_eq!(pit.client(amend(2, 0, 3)), 0, "only the size shrinks");
    for changes in [amend(2, 0, 5), amend(2, 1_011, 0), amend(2, 1_011, 2)] {
        assert_eq!(pit.refusal(changes), (434, 4, 6));
    }
    pit.desk.operator(SetMarketMode { market, mode: MarketMode::CancelOnly });
    assert_eq!(pit.client(amend(2, 0, 5)), ORACLE_GRADE, "before 420");
    assert_eq!(pit.client(Cancel { account, order: OrderId(0), client_order: 2 }), 0);
}

#[test]
fn a_fill_asks_for_no_grade() {
    let mut pit = Pit::open();
    let (market, long) = (pit.market, pit.long);
    let maker = pit.desk.account(0, 20_000);
    assert_eq!(pit.client(limit(maker, market, Side::Buy, 5, 990)), 0);
    pit.ask(Grade::Good, Grade::None, Grade::None);
    assert_eq!(pit.client(limit(maker, market, Side::Buy, 5, 990)), ORACLE_GRADE);
    let closing = Place { reduce_only: true, ..limit(long, market, Side::Sell, 5, 990) };
    assert_eq!(pit.client(closing), 0, "what rested before the price went bad trades on");
    assert_eq!([long, maker].map(|account| pit.desk.lots(account, market)), [5, 5]);
}

#[test]
fn money_leaves_a_pool_only_by_good_prices_of_what_it_holds() {
    let mut pit = Pit::open();
    let (long, short, market) = (pit.long, pit.short, pit.market);
    pit.desk.operator(SetAllowance { source: long, destination: short, asset: USD, amount: Money(1 << 40) });
    pit.ask(Grade::Good, Grade::None, Grade::None);
    let transfer = |amount| Transfer { source: long, destination: short, asset: USD, amount: Money(amount) };
    let draw = |amount| Draw { account: short, source: long, asset: USD, amount: Money(amount) };
    for (amount, code) in [(30_000, 303), (19_500, ORACLE_GRADE), (1, ORACLE_GRADE)] {
        let withdrawal = pit.withdraw(amount);
        assert_eq!(pit.client(withdrawal), code);
        assert_eq!(pit.client(transfer(amount)), code);
        assert_eq!(pit.client(draw(amount)), code);
    }
    assert_eq!(pit.refusal(transfer(1)), (434, 4, 6));
    pit.desk.operator(accepted(market, 1_000, Grade::Good));
    assert_eq!(pit.client(transfer(19_500)), 304);
    assert_eq!(pit.client(transfer(1)), 0);
    assert_eq!(pit.client(draw(1)), 0);
}

#[test]
fn the_first_market_in_which_the_pool_has_lots_names_the_refusal() {
    let mut pit = Pit::open();
    let second = pit.desk.market(10_000, 100_000, 10 * PERCENT, 1_000);
    let third = pit.desk.market(10_000, 100_000, 10 * PERCENT, 1_000);
    pit.desk.trade(third, pit.long, pit.short, 1, 1_000);
    assert_eq!(pit.client(limit(pit.long, second, Side::Buy, 1, 900)), 0);
    for (market, margin) in [(pit.market, Grade::Uncertain), (second, Grade::Good), (third, Grade::Stale)] {
        pit.desk.operator(SetGrades { market, margin, liquidation: Grade::None, funding: Grade::None });
    }
    let withdrawal = pit.withdraw(1);
    assert_eq!(pit.refusal(withdrawal.clone()), (434, 0, 2));
    pit.desk.operator(accepted(pit.market, 1_000, Grade::Uncertain));
    assert_eq!(pit.refusal(withdrawal.clone()), (434, 0, 3), "an open order alone does not count");
    let isolated = SetPositionMode { account: pit.long, market: third, isolated: true, amount: Money(500) };
    assert_eq!(pit.client(isolated), 0, "moving money within the account asks for no grade");
    assert_eq!(pit.client(AdjustMargin { account: pit.long, market: third, amount: Money(10) }), 0);
    assert_eq!(pit.client(withdrawal), 0, "an isolated position backs no cross pool");
}

#[test]
fn collateral_asks_as_the_pool_does_that_it_backs() {
    let mut pit = Pit::open();
    let account = pit.long;
    pit.desk.operator(SetCollateral {
        asset: EUR,
        settlement: USD,
        haircut_rate: Rate(0),
        account_cap: Money(1 << 40),
        total_cap: Money(1 << 40),
        price_decimals: 0,
    });
    pit.desk.operator(SetCollateralPrice { asset: EUR, price: 1, depeg_rate: Rate(RATE_ONE) });
    pit.desk.operator(Deposit { account, asset: EUR, amount: Money(50) });
    pit.ask(Grade::Good, Grade::None, Grade::None);
    let withdraw = |asset| Withdraw { account, asset, amount: Money(1), destination: 0 };
    assert_eq!([EUR, USD].map(|asset| pit.client(withdraw(asset))), [ORACLE_GRADE; 2]);
    let (market, amount) = (MarketId::NONE, Money(1));
    pit.desk.operator(FundInsurance { asset: USD, market, account, amount });
    assert_eq!(pit.client(withdraw(AssetId(3))), 108);
}

/// The steps that go by a price, on a position of the long account.
fn priced_steps(pit: &Pit, vault: AccountId) -> Vec<Command> {
    let Pit { market, long: account, short, .. } = *pit;
    let (lots, price, amount) = (Lots(0), Ticks(0), Money(0));
    let (discount_start_rate, discount_end_rate, duration_ns) = (Rate(0), Rate(0), 1);
    let counterparties = vec![Allocation { account: short, lots: Lots(1) }];
    vec![
        Liquidate { account, market, lots, price }.into(),
        Hedge { account, market, side: Side::Sell, lots: Lots(1), price }.into(),
        OpenAuction { account, market, lots: Lots(1), discount_start_rate, discount_end_rate, duration_ns }.into(),
        TakeOver { account, market, lots, vault }.into(),
        Deleverage { account, market, lots: Lots(1), counterparties }.into(),
        Socialise { account, market, side: Side::Sell, amount }.into(),
    ]
}

#[test]
fn steps_of_the_waterfall_that_go_by_a_price_ask_for_a_grade() {
    let mut pit = Pit::open();
    let (market, account) = (pit.market, pit.long);
    let vault = pit.desk.account(0, 1_000_000);
    pit.desk.operator(SetVault { account: vault, asset: USD, exposure_max: Money(1 << 40) });
    pit.desk.operator(SetLiquidator { account: vault, registered: true });
    let steps = priced_steps(&pit, vault);
    for step in &steps {
        assert!(matches!(pit.desk.code(Origin::Policy, step.clone()), 502 | 509), "{step:?}");
    }
    pit.ask(Grade::None, Grade::Ageing, Grade::None);
    for step in &steps {
        assert_eq!(pit.desk.refusal(Origin::Policy, step.clone()), (434, 4, 5), "{step:?}");
    }
    pit.desk.operator(SetMarketMode { market, mode: MarketMode::Halted });
    for step in &steps {
        let expected = if matches!(step, Command::Socialise(_)) { ORACLE_GRADE } else { 420 };
        assert_eq!(pit.desk.code(Origin::Policy, step.clone()), expected, "{step:?}");
    }
    let (asset, none, amount) = (USD, MarketId::NONE, Money(0));
    for (step, code) in [
        (Command::from(Lock { account, asset, market: none }), 502),
        (Release { account, asset, market: none }.into(), 503),
        (CancelIncreasing { account, asset, market: none }.into(), 502),
        (CoverLoss { account, asset, market: none, amount }.into(), 502),
        (CloseAuction { auction: AuctionId(1) }.into(), 513),
    ] {
        assert_eq!(pit.desk.code(Origin::Policy, step.clone()), code, "{step:?} goes by no grade");
    }
}

#[test]
fn a_bid_asks_for_the_grade_of_what_it_bids_on() {
    let mut pit = Pit::open();
    let (market, account) = (pit.market, pit.long);
    let bidder = pit.desk.account(0, 1_000_000);
    let (discount_start_rate, discount_end_rate, duration_ns) = (Rate(0), Rate(0), 10);
    pit.desk.trade(market, pit.long, bidder, 180, 1_000);
    pit.desk.operator(SetMark { market, price: Ticks(930) });
    pit.desk.policy(OpenAuction {
        account,
        market,
        lots: Lots(5),
        discount_start_rate,
        discount_end_rate,
        duration_ns,
    });
    let bid = |auction| Bid { account: bidder, auction: AuctionId(auction), lots: Lots(1), price: Ticks(0) };
    pit.ask(Grade::None, Grade::Good, Grade::None);
    assert_eq!(pit.client(bid(2)), 513);
    assert_eq!(pit.client(bid(1)), 514, "not registered");
    pit.desk.operator(SetLiquidator { account: bidder, registered: true });
    assert_eq!(pit.refusal(bid(1)), (434, 4, 6));
    pit.desk.operator(accepted(market, 930, Grade::Good));
    assert_eq!(pit.client(bid(1)), 0);
}

#[test]
fn funding_asks_for_a_grade_before_anything_of_its_own() {
    let mut pit = Pit::open();
    let settle = |market, price| SettleFunding { market: MarketId(market), price: Ticks(price), rate: Rate(i64::MAX) };
    pit.ask(Grade::Good, Grade::Good, Grade::Uncertain);
    assert_eq!(pit.refusal(settle(1, 0)), (401, 0, 10_000), "thin is better than uncertain");
    pit.desk.operator(accepted(pit.market, 1_000, Grade::Volatile));
    assert_eq!(pit.refusal(settle(2, 0)), (109, 2, 0));
    assert_eq!(pit.refusal(settle(1, 0)), (434, 1, 2));
}
