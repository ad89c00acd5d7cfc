//! Portfolio margin as a risk officer meets it (`docs/rules_margin.md`, *Portfolio margin*).
//!
//! Every desk checks everything after every command, so that the vectors that are kept along are compared with what the
//! positions make from scratch, whatever a test is about.

mod desk;

use crossbook_kernel::command::{
    Hedge, Lock, MarginMode, Origin, Place, SetBasis, SetConcentration, SetCorrelations, SetGroup, SetMarginMode,
    SetMark, SetPortfolio, SetPositionMode, SetScenarios, SetStress, SetVault, SettleFunding, Side, TakeOver,
    TimeInForce, Withdraw,
};
use crossbook_kernel::kernel::{Checks, Kernel};
use crossbook_kernel::lists::Correlation;
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::quantities::{AccountId, GroupId, Lots, MarketId, Money, RATE_ONE, Rate, Ticks};
use crossbook_kernel::risk::pool::Pool;
use crossbook_kernel::risk::terms::{Kind, Tally, Term};
use crossbook_kernel::state::holdings::PoolId;

use desk::{Desk, USD, limit};

const PERCENT: i64 = RATE_ONE / 100;

/// A market in a group, at 100, that moves as told.
fn grouped(desk: &mut Desk, group: u16, moves: &[i64]) -> MarketId {
    let market = desk.market(10_000, 1_000_000, 10 * PERCENT, 100);
    desk.operator(SetGroup { market, group: GroupId(group) });
    scenarios(desk, market, moves);
    market
}

fn scenarios(desk: &mut Desk, market: MarketId, moves: &[i64]) {
    let moves = moves.iter().map(|&ticks| Ticks(ticks)).collect();
    desk.operator(SetScenarios { market, moves });
}

fn switch(desk: &mut Desk, account: AccountId) -> u64 {
    desk.code(Origin::Client, SetMarginMode { account, mode: MarginMode::Portfolio })
}

/// An account in portfolio mode.
fn portfolio(desk: &mut Desk, amount: i64) -> AccountId {
    let account = desk.account(0, amount);
    assert_eq!(switch(desk, account), 0);
    account
}

fn mark(desk: &mut Desk, market: MarketId, price: i64) {
    desk.operator(SetMark { market, price: Ticks(price) });
}

fn correlate(desk: &mut Desk, correlation: i64, offset_cap: i64) {
    let (correlation_rate, offset_cap_rate) = (Rate(correlation), Rate(offset_cap));
    let pairs = vec![Correlation { group_a: GroupId(1), group_b: GroupId(2), correlation_rate, offset_cap_rate }];
    desk.operator(SetCorrelations { towards_one_rate: Rate(0), towards_zero_rate: Rate(0), pairs });
}

fn pool(desk: &Desk, account: AccountId) -> Pool<'_> {
    let state = desk.kernel.state();
    Pool::new(&state.accounts.of(account).holdings, state.risk(), PoolId::Cross(USD))
}

/// `(requirement, maintenance)`.
fn asked(desk: &Desk, account: AccountId) -> (i128, i128) {
    let pool = pool(desk, account);
    (pool.requirement().0, pool.maintenance().0)
}

fn listed(tally: impl FnOnce(&mut Vec<Term>)) -> Vec<(Kind, u16, i128)> {
    let mut terms = Vec::new();
    tally(&mut terms);
    terms.iter().map(|term| (term.kind, term.entity, term.amount.0)).collect()
}

/// Long 10 of one market, short 10 of its twin, which moves nine tenths as far; bought and sold at the mark.
fn hedged(amount: i64) -> (Desk, [MarketId; 2], AccountId, AccountId) {
    let mut desk = Desk::open(Checks::Everything);
    let markets = [grouped(&mut desk, 1, &[-20, -10, 10, 20]), grouped(&mut desk, 1, &[-18, -9, 9, 18])];
    let (street, hedger) = (desk.account(0, 1_000_000), portfolio(&mut desk, 1_000));
    desk.trade(markets[0], hedger, street, 10, 100);
    desk.trade(markets[1], street, hedger, 10, 100);
    if amount < 1_000 {
        let amount = Money(1_000 - amount);
        desk.operator(Withdraw { account: hedger, asset: USD, amount, destination: 0 });
    }
    assert_eq!(desk.cash(hedger), amount);
    (desk, markets, street, hedger)
}

#[test]
fn a_hedge_asks_for_the_worst_of_the_difference_and_its_basis() {
    let (mut desk, _, _, hedger) = hedged(1_000);
    // 10 · 20 − 10 · 18 in the worst scenario, where 10 % of both notionals would be 200.
    assert_eq!(asked(&desk, hedger), (20, 20));
    desk.operator(SetBasis { group: GroupId(1), basis_rate: Rate(PERCENT) });
    assert_eq!(asked(&desk, hedger), (30, 30));
    desk.operator(SetPortfolio { asset: USD, maintenance_rate: Rate(75 * PERCENT), funding_epochs: 1 });
    // ceil(0.75 · 30)
    assert_eq!(asked(&desk, hedger), (30, 23));
    let terms = listed(|terms| pool(&desk, hedger).tally_maintenance(terms));
    assert_eq!(terms, [(Kind::Basis, 1, 10), (Kind::Scenario, 1, 20), (Kind::Relief, 1, -7)]);
}

#[test]
fn closing_one_leg_of_a_hedge_needs_the_margin_of_the_other() {
    let (mut desk, [near, far], street, hedger) = hedged(300);
    desk.trade(far, hedger, street, 1, 100);
    assert_eq!(desk.lots(hedger, far), -9);
    desk.operator(SetMark { market: near, price: Ticks(72) });
    // 20 of equity left, and 38 in need: nobody may take a leg away now, but both may go a little.
    assert_eq!(asked(&desk, hedger), (38, 38));
    assert_eq!(desk.order(street, far, Side::Sell, 5, 100), 0);
    assert_eq!(desk.order(hedger, far, Side::Buy, 5, 100), 0);
    assert_eq!(desk.lots(hedger, far), -9);
    assert_eq!(desk.order(street, near, Side::Buy, 1, 72), 0);
    assert_eq!(desk.order(hedger, near, Side::Sell, 1, 72), 0);
    assert_eq!((desk.lots(hedger, near), asked(&desk, hedger)), (9, (18, 18)));
}

#[test]
fn an_order_that_hedges_fills_although_the_pool_has_fallen_below_its_requirement() {
    let mut desk = Desk::open(Checks::Everything);
    let [near, far] = [grouped(&mut desk, 1, &[-20, 20]), grouped(&mut desk, 1, &[-20, 20])];
    let (street, long) = (desk.account(0, 1_000_000), portfolio(&mut desk, 450));
    desk.trade(near, long, street, 10, 100);
    assert_eq!(desk.order(long, far, Side::Sell, 2, 100), 0);
    mark(&mut desk, near, 60);
    // 10 · 20 for the position and 2 · 20 for the order.
    assert_eq!((pool(&desk, long).equity().0, asked(&desk, long)), (50, (240, 200)));
    assert_eq!(desk.order(street, far, Side::Buy, 2, 100), 0);
    assert_eq!((desk.lots(long, far), asked(&desk, long)), (-2, (160, 160)));
    // The other way round it would take on what it cannot carry.
    assert_eq!(desk.order(long, far, Side::Buy, 5, 100), 414);
}

#[test]
fn open_orders_count_at_the_worst_move_of_their_market() {
    let mut desk = Desk::open(Checks::Everything);
    let market = grouped(&mut desk, 1, &[-7, 20, 13]);
    let account = portfolio(&mut desk, 100);
    assert_eq!(desk.order(account, market, Side::Buy, 6, 100), 414);
    assert_eq!(desk.order(account, market, Side::Buy, 5, 100), 0);
    assert_eq!(asked(&desk, account), (100, 0));
    assert_eq!(desk.order(account, market, Side::Sell, 1, 200), 0, "the other side adds nothing to the worst");
    assert_eq!(desk.order(account, market, Side::Sell, 5, 200), 414);
    let terms = listed(|terms| pool(&desk, account).tally_requirement(terms));
    assert_eq!(terms, [(Kind::Orders, market.0, 100)]);
}

#[test]
fn a_market_without_scenarios_stands_beside_the_portfolio() {
    let (mut desk, _, street, hedger) = hedged(1_000);
    let plain = desk.market(10_000, 1_000_000, 10 * PERCENT, 100);
    desk.trade(plain, hedger, street, 10, 100);
    assert_eq!(asked(&desk, hedger), (20 + 100, 20 + 50));
    let terms = listed(|terms| pool(&desk, hedger).tally_requirement(terms));
    assert_eq!(terms, [(Kind::Tier, plain.0, 100), (Kind::Scenario, 1, 20)]);
}

#[test]
fn a_large_position_and_funding_to_come_are_charged_market_by_market() {
    let (mut desk, [near, far], _, hedger) = hedged(1_000);
    desk.operator(SetConcentration { market: near, threshold: Money(900), rate: Rate(PERCENT) });
    desk.operator(SetPortfolio { asset: USD, maintenance_rate: Rate(RATE_ONE), funding_epochs: 3 });
    for market in [near, far] {
        desk.operator(SettleFunding { market, price: Ticks(100), rate: Rate(PERCENT) });
    }
    // Long pays and short receives: 3 · 1 % of 1,000 on one leg only.
    let terms = listed(|terms| pool(&desk, hedger).tally_requirement(terms));
    let (concentration, provision) = ((Kind::Concentration, near.0, 1), (Kind::Provision, near.0, 30));
    assert_eq!(terms, [concentration, provision, (Kind::Scenario, 1, 20)]);
    assert_eq!(asked(&desk, hedger), (51, 51));
}

/// Long 10 of one underlying, short 10 of another.
fn two_groups() -> (Desk, [MarketId; 2], AccountId) {
    let mut desk = Desk::open(Checks::Everything);
    let [bitcoin, ether] = [grouped(&mut desk, 1, &[-30, 30]), grouped(&mut desk, 2, &[-40, 40])];
    let (street, account) = (desk.account(0, 1_000_000), portfolio(&mut desk, 10_000));
    desk.trade(bitcoin, account, street, 10, 100);
    desk.trade(ether, street, account, 10, 100);
    (desk, [bitcoin, ether], account)
}

#[test]
fn what_one_underlying_offsets_of_another_is_capped() {
    let (mut desk, [_, ether], account) = two_groups();
    // sqrt(300² + 400²)
    assert_eq!(asked(&desk, account).0, 500);
    correlate(&mut desk, 90 * PERCENT, 50 * PERCENT);
    // sqrt(300² + 400² − 2 · 0.5 · 300 · 400) = 360.6
    assert_eq!(asked(&desk, account).0, 361);
    // On one side they burden each other in full: sqrt(300² + 400² + 2 · 0.9 · 300 · 400) = 682.6
    let street = AccountId(1);
    desk.trade(ether, account, street, 20, 100);
    assert_eq!(asked(&desk, account).0, 683);
}

#[test]
fn the_worst_of_the_three_matrices_counts_and_is_named() {
    let (mut desk, _, account) = two_groups();
    let (correlation_rate, offset_cap_rate) = (Rate(50 * PERCENT), Rate(RATE_ONE));
    let pairs = vec![Correlation { group_a: GroupId(1), group_b: GroupId(2), correlation_rate, offset_cap_rate }];
    let stress = Rate(20 * PERCENT);
    desk.operator(SetCorrelations { towards_one_rate: stress, towards_zero_rate: stress, pairs });
    // Opposite sides offset least towards zero: sqrt(300² + 400² − 2 · 0.4 · 300 · 400) = 392.4
    let terms = listed(|terms| pool(&desk, account).tally_requirement(terms));
    assert_eq!(terms, [(Kind::Scenario, 3, 393)]);
}

/// What is told about the groups.
#[derive(Default)]
struct Losses(Vec<(u16, i64, i64, u8)>);

impl Tally for Losses {
    fn add(&mut self, _term: Term) {}

    fn lose(&mut self, loss: crossbook_kernel::risk::terms::Loss) {
        self.0.push((loss.group.0, loss.sign, loss.loss.0, loss.scenario));
    }
}

#[test]
fn each_group_names_the_scenario_it_loses_most_in() {
    let (desk, _, account) = two_groups();
    let mut losses = Losses::default();
    pool(&desk, account).tally_requirement(&mut losses);
    assert_eq!(losses.0, [(1, 1, 300, 1), (2, -1, 400, 2)]);
}

#[test]
fn a_term_names_the_commands_it_comes_from() {
    let (desk, _, account) = two_groups();
    let mut terms = Vec::new();
    pool(&desk, account).tally_requirement(&mut terms);
    let state = desk.kernel.state();
    let holdings = &state.accounts.of(account).holdings;
    let latest = holdings.positions().iter().map(|position| position.changed).max().expect("two");
    let table = state.markets[1].scenarios.changed;
    assert_eq!(terms[0].sources, [latest, table, 0]);
}

#[test]
fn an_account_switches_only_if_its_pools_stand_at_the_placing_level() {
    let mut desk = Desk::open(Checks::Everything);
    let market = grouped(&mut desk, 1, &[-20, 20]);
    let (street, account) = (desk.account(0, 1_000_000), desk.account(0, 150));
    desk.trade(market, account, street, 10, 100);
    assert_eq!(asked(&desk, account), (100, 50));
    assert_eq!(switch(&mut desk, account), 414, "200 is asked for by scenarios");
    scenarios(&mut desk, market, &[-15, 15]);
    assert_eq!(switch(&mut desk, account), 0);
    assert_eq!(switch(&mut desk, account), 427);
    assert_eq!(asked(&desk, account), (150, 150));
    let back = SetMarginMode { account, mode: MarginMode::Standard };
    assert_eq!(desk.code(Origin::Client, back), 0);
    assert_eq!(asked(&desk, account), (100, 50));
}

#[test]
fn a_change_of_tables_reaches_every_portfolio_at_once() {
    let (mut desk, [near, far], _, hedger) = hedged(1_000);
    scenarios(&mut desk, far, &[0, 0, 0, 0]);
    assert_eq!(asked(&desk, hedger), (200, 200));
    scenarios(&mut desk, far, &[]);
    // By its tier now.
    assert_eq!(asked(&desk, hedger), (200 + 100, 200 + 50));
    desk.operator(SetGroup { market: near, group: GroupId(1) });
    assert_eq!(asked(&desk, hedger), (200, 100));
}

#[test]
fn an_isolated_position_leaves_the_portfolio_and_comes_back() {
    let (mut desk, [near, far], _, hedger) = hedged(1_000);
    let switch = |isolated, amount| SetPositionMode { account: hedger, market: far, isolated, amount: Money(amount) };
    assert_eq!(desk.code(Origin::Client, switch(true, 100)), 0);
    let alone = Pool::new(pool(&desk, hedger).holdings, desk.kernel.state().risk(), PoolId::Isolated(far));
    assert_eq!((alone.requirement().0, asked(&desk, hedger)), (100, (200, 200)));
    assert_eq!(desk.code(Origin::Client, switch(false, 0)), 0);
    assert_eq!(asked(&desk, hedger), (20, 20));
    desk.operator(SetStress { market: near, active: true });
    assert_eq!(asked(&desk, hedger), (180, 180));
}

#[test]
fn a_portfolio_in_need_is_hedged_by_the_venue_and_taken_over_by_a_vault() {
    let mut desk = Desk::open(Checks::Everything);
    let [near, far] = [grouped(&mut desk, 1, &[-20, 20]), grouped(&mut desk, 1, &[-18, 18])];
    let (street, trader) = (desk.account(0, 1_000_000), portfolio(&mut desk, 250));
    let vault = portfolio(&mut desk, 100_000);
    desk.operator(SetVault { account: vault, asset: USD, exposure_max: Money(10_000) });
    desk.trade(near, trader, street, 10, 100);
    mark(&mut desk, near, 85);
    desk.operator(Lock { account: trader, asset: USD, market: MarketId::NONE });
    assert_eq!(desk.order(street, far, Side::Buy, 10, 100), 0);
    // Locked, it may not take the other leg itself; the venue may, because that leaves the pool safer.
    assert_eq!(desk.order(trader, far, Side::Sell, 10, 100), 422);
    let (side, lots, price) = (Side::Sell, Lots(10), Ticks(0));
    desk.operator(Hedge { account: trader, market: far, side, lots, price });
    assert_eq!((desk.lots(trader, far), asked(&desk, trader)), (-10, (20, 20)));
    mark(&mut desk, near, 76);
    desk.operator(TakeOver { account: trader, market: near, lots, vault });
    assert_eq!((asked(&desk, trader), asked(&desk, vault)), ((180, 180), (200, 200)));
}

#[test]
fn a_fill_or_kill_order_of_a_portfolio_is_decided_before_it_trades() {
    let mut desk = Desk::open(Checks::Everything);
    let [near, far] = [grouped(&mut desk, 1, &[-20, 20]), grouped(&mut desk, 1, &[-20, 20])];
    let (street, account) = (desk.account(0, 1_000_000), portfolio(&mut desk, 400));
    desk.trade(near, account, street, 10, 100);
    for price in [100, 99, 98] {
        assert_eq!(desk.order(street, far, Side::Buy, 5, price), 0);
    }
    let order = |lots| Place { time_in_force: TimeInForce::FillOrKill, ..limit(account, far, Side::Sell, lots, 98) };
    assert_eq!(desk.code(Origin::Client, order(16)), 414);
    assert_eq!(desk.code(Origin::Client, order(10)), 0);
    assert_eq!((desk.lots(account, far), asked(&desk, account)), (-10, (0, 0)));
}

#[test]
fn a_snapshot_holds_the_tables_and_no_vector() {
    let (mut desk, _, account) = two_groups();
    correlate(&mut desk, 30 * PERCENT, 20 * PERCENT);
    desk.operator(SetBasis { group: GroupId(2), basis_rate: Rate(PERCENT) });
    desk.operator(SetConcentration { market: MarketId(1), threshold: Money(10), rate: Rate(PERCENT) });
    let saved = desk.kernel.snapshot();
    let kernel = Kernel::<Ladder>::from_snapshot(&saved, Checks::Everything).expect("our own snapshot");
    let loaded = Desk { kernel, time: desk.time };
    assert_eq!(asked(&loaded, account), asked(&desk, account));
    assert_eq!(loaded.kernel.full_state_root(), desk.kernel.full_state_root());
    let mut desk = loaded;
    desk.trade(MarketId(1), AccountId(1), account, 3, 100);
}
