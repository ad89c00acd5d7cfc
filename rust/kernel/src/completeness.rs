//! Law of the two fingerprints: no field of the state is missing from its subsystem's digest, or from a snapshot.
//!
//! Each test changes one field of a populated state and looks whether that subsystem's digest, and no other, and the
//! snapshot noticed. The structs are taken apart without `..` below, so that a new field does not compile until somebody
//! has decided where it belongs.

use crate::command::{
    AddAsset, AddMarket, Command, CreateAccount, Deposit, OrderKind, Origin, Place, Record, RegisterAuthor, SelfTrade,
    SetMark, SetTiers, Side, Tier, TimeInForce,
};
use crate::digest::{Roots, SUBSYSTEMS};
use crate::kernel::{BlockHead, Checks, Kernel};
use crate::matching::book::Book;
use crate::matching::ladder::Ladder;
use crate::matching::orders::{NewOrder, Order};
use crate::quantities::{AccountId, AssetId, AuthorId, Lots, MarketId, Money, OrderId, Rate, Ticks};
use crate::state::State;
use crate::state::account::{Account, Holdings, Position};
use crate::state::asset::Asset;
use crate::state::market::{Fees, Limits, Market, Schedule};
use crate::state::parameters::{Author, Parameters, Sequence};
use crate::wire::{Text, Writer};

const USD: AssetId = AssetId(1);
const MARKET: MarketId = MarketId(1);
const LONG: AccountId = AccountId(1);
const SHORT: AccountId = AccountId(2);

type Venue = State<Ladder>;
type Change = (&'static str, fn(&mut Venue));

fn apply(kernel: &mut Kernel<Ladder>, command: impl Into<Command>) {
    let origin = Origin::Operator;
    let record = Record { time: 5, origin, author: AuthorId(0), cause: 0, nonce: 0, command: command.into() };
    apply_record(kernel, &record);
}

fn apply_record(kernel: &mut Kernel<Ladder>, record: &Record) {
    let mut writer = Writer::default();
    record.write(&mut writer, record.time);
    let head = BlockHead { first_seq: kernel.state.sequence.seq + 1, base_time: record.time, count: 1 };
    kernel.apply(writer.as_bytes(), head, 1).expect("a good block");
}

fn text(text: &str) -> Text {
    Text::new(text).expect("short")
}

fn order(account: AccountId, side: Side, lots: i64, expires_at: u64) -> Place {
    let time_in_force = if expires_at == 0 { TimeInForce::GoodTillCancel } else { TimeInForce::GoodTillDate };
    Place {
        account,
        market: MARKET,
        side,
        kind: OrderKind::Limit,
        price: Ticks(100),
        lots: Lots(lots),
        time_in_force,
        self_trade: SelfTrade::Allow,
        post_only: false,
        reduce_only: false,
        client_order: expires_at,
        expires_at,
    }
}

/// Something of everything: a position on each side, three orders of which one is partly filled, a used nonce.
fn populated() -> Kernel<Ladder> {
    let mut kernel = Kernel::genesis(Checks::Everything);
    for symbol in ["USD", "EUR"] {
        apply(&mut kernel, AddAsset { symbol: Box::new(text(symbol)), decimals: 0 });
    }
    let (symbol, size, price_max) = (Box::new(text("M")), 1_000_000_000_000, Ticks(1_000));
    let (tick_size_e12, lot_size_e12, position_max) = (size, size, Lots(1_000));
    apply(&mut kernel, AddMarket { symbol, settlement: USD, tick_size_e12, lot_size_e12, price_max, position_max });
    let tier = Tier { lower_bound: Money(0), initial_rate: Rate(100), maintenance_rate: Rate(50) };
    apply(&mut kernel, SetTiers { market: MARKET, tiers: vec![tier] });
    apply(&mut kernel, SetMark { market: MARKET, price: Ticks(100) });
    let (origin, name, version) = (Origin::Policy, Box::new(text("maker")), Box::new(text("1")));
    apply(&mut kernel, RegisterAuthor { origin, name, version });
    for account in [LONG, SHORT] {
        apply(&mut kernel, CreateAccount { parent: AccountId(0) });
        apply(&mut kernel, Deposit { account, asset: USD, amount: Money(10_000) });
    }
    apply(&mut kernel, order(SHORT, Side::Sell, 5, 0));
    apply(&mut kernel, order(SHORT, Side::Sell, 5, 9));
    apply(&mut kernel, order(SHORT, Side::Sell, 5, 8));
    let command = order(LONG, Side::Buy, 2, 0).into();
    let (origin, author) = (Origin::Client, AuthorId(1));
    apply_record(&mut kernel, &Record { time: 6, origin, author, cause: 1, nonce: 77, command });
    kernel.check().expect("sound");
    kernel
}

fn first(state: &mut Venue) -> &mut Order {
    let slot = state.orders.slot(OrderId(1)).expect("it rests");
    &mut state.orders[slot]
}

fn position(state: &mut Venue) -> &mut Position {
    state.accounts.holdings_mut(LONG).position_mut(MARKET)
}

/// The first order goes to the tail of its price.
fn requeue(state: &mut Venue) {
    let slot = state.orders.slot(OrderId(1)).expect("it rests");
    state.books[0].remove(&mut state.orders, slot);
    state.books[0].insert(&mut state.orders, slot);
}

fn describe(state: &Venue) -> NewOrder {
    state.orders.describe(state.orders.slot(OrderId(1)).expect("it rests"))
}

fn rename(state: &mut Venue) {
    let slot = state.orders.slot(OrderId(1)).expect("it rests");
    let renamed = NewOrder { id: OrderId(9), ..describe(state) };
    state.delist_order(slot);
    let slot = state.orders.insert(&renamed);
    state.list_order(slot);
}

const PARAMETERS: &[Change] = &[
    ("ruleset", |s| s.parameters.ruleset += 1),
    ("open_orders_max", |s| s.parameters.open_orders_max += 1),
    ("root_interval_commands", |s| s.parameters.root_interval_commands += 1),
    ("root_interval_ns", |s| s.parameters.root_interval_ns += 1),
    ("author origin", |s| s.authors[0].origin = Origin::Oracle),
    ("author name", |s| s.authors[0].name = text("taker")),
    ("author version", |s| s.authors[0].version = text("2")),
    ("asset symbol", |s| s.assets[1].symbol = text("GBP")),
    ("asset decimals", |s| s.assets[1].decimals += 1),
    ("market symbol", |s| s.markets[0].symbol = text("N")),
    ("market settlement", |s| s.markets[0].settlement = AssetId(2)),
    ("tick_size_e12", |s| s.markets[0].tick_size_e12 += 1),
    ("lot_size_e12", |s| s.markets[0].lot_size_e12 += 1),
    ("price_max", |s| s.markets[0].price_max.0 += 1),
    ("position_max", |s| s.markets[0].position_max.0 += 1),
    ("maker_rate", |s| s.markets[0].fees.maker_rate.0 += 1),
    ("taker_rate", |s| s.markets[0].fees.taker_rate.0 += 1),
    ("order_min_notional", |s| s.markets[0].limits.order_min_notional.0 += 1),
    ("order_max_lots", |s| s.markets[0].limits.order_max_lots.0 += 1),
    ("price_band_rate", |s| s.markets[0].limits.price_band_rate.0 += 1),
    ("market_bound_rate", |s| s.markets[0].limits.market_bound_rate.0 += 1),
    ("tier lower_bound", |s| s.markets[0].schedule = schedule(1, 100, 50)),
    ("tier initial_rate", |s| s.markets[0].schedule = schedule(0, 101, 50)),
    ("tier maintenance_rate", |s| s.markets[0].schedule = schedule(0, 100, 51)),
    ("tiers", |s| s.markets[0].schedule = Schedule::default()),
];

fn schedule(bound: i64, initial: i64, maintenance: i64) -> Schedule {
    let (lower_bound, initial_rate, maintenance_rate) = (Money(bound), Rate(initial), Rate(maintenance));
    Schedule::new(&[Tier { lower_bound, initial_rate, maintenance_rate }])
}

const SEQUENCE: &[Change] = &[
    ("seq", |s| s.sequence.seq += 1),
    ("time", |s| s.sequence.time += 1),
    ("orders", |s| s.sequence.orders += 1),
    ("trades", |s| s.sequence.trades += 1),
];

const MARKETS: &[Change] = &[("mark", |s| s.markets[0].mark.0 += 1), ("last", |s| s.markets[0].last.0 += 1)];

const FUNDS: &[Change] = &[
    ("net_deposits", |s| s.assets[0].net_deposits.0 += 1),
    ("fees", |s| s.assets[0].fees.0 += 1),
    ("insurance", |s| s.assets[0].insurance.0 += 1),
    ("dust", |s| s.assets[0].dust.0 += 1),
    ("funds of which asset", |s| s.assets.swap(0, 1)),
];

const ACCOUNTS: &[Change] = &[
    ("cash", |s| s.accounts.holdings_mut(LONG).cash_mut(USD).0 += 1),
    ("cash of another asset", |s| s.accounts.holdings_mut(LONG).cash_mut(AssetId(2)).0 += 1),
];

const POSITIONS: &[Change] = &[
    ("lots", |s| position(s).lots.0 += 1),
    ("cost", |s| position(s).cost.0 += 1),
    ("buys", |s| position(s).buys.0 += 1),
    ("sells", |s| position(s).sells.0 += 1),
];

const IDEMPOTENCY: &[Change] = &[
    ("a nonce", |s| s.accounts.nonces_mut(LONG).remember(78, 1)),
    ("an older nonce", |s| s.accounts.nonces_mut(LONG).remember(3, 1)),
    ("whose nonce", |s| s.accounts.nonces_mut(SHORT).remember(77, 14)),
];

const ORDERS: &[Change] = &[
    ("id", rename),
    ("account", |s| first(s).account = LONG),
    ("side", |s| first(s).side = Side::Buy),
    ("time_in_force", |s| first(s).time_in_force = TimeInForce::GoodTillDate),
    ("self_trade", |s| first(s).self_trade = SelfTrade::Decrement),
    ("post_only", |s| first(s).post_only = true),
    ("reduce_only", |s| first(s).reduce_only = true),
    ("price", |s| first(s).reprice(Ticks(101))),
    ("lots", |s| first(s).lots.0 += 1),
    ("filled", |s| first(s).filled.0 += 1),
    ("client_order", |s| first(s).client_order = 4),
    ("expires_at", |s| first(s).expires_at = 4),
    ("queue", requeue),
];

fn noticed(subsystem: &str, changes: &[Change]) {
    for (what, change) in changes {
        let mut kernel = populated();
        let (roots, saved) = (Roots::recompute(&kernel.state), kernel.snapshot());
        change(&mut kernel.state);
        assert_ne!(kernel.snapshot(), saved, "{what} is in no snapshot");
        let changed = Roots::recompute(&kernel.state);
        let named: Vec<&str> =
            (0..SUBSYSTEMS.len()).filter(|&at| roots[at] != changed[at]).map(|at| SUBSYSTEMS[at]).collect();
        // Assets and accounts trade places whole, so their terms and owners may show too.
        assert!(named.contains(&subsystem), "{what} is in {named:?}, not in {subsystem}");
        assert!(named.len() == 1 || what.starts_with("funds of"), "{what} is in {named:?}");
    }
}

#[test]
fn every_field_is_in_the_digest_of_its_subsystem_and_in_the_snapshot() {
    let subsystems =
        [PARAMETERS, SEQUENCE, MARKETS, FUNDS, ACCOUNTS, POSITIONS, IDEMPOTENCY, ORDERS].into_iter().zip(SUBSYSTEMS);
    for (changes, subsystem) in subsystems {
        noticed(subsystem, changes);
    }
}

#[test]
fn a_new_account_shows_and_so_does_its_master() {
    let opened = |parent| {
        let mut kernel = populated();
        kernel.state.accounts.open(parent);
        (Roots::recompute(&kernel.state), kernel.snapshot())
    };
    let (before, master, sub) = (populated(), opened(AccountId(0)), opened(LONG));
    assert_ne!(Roots::recompute(&before.state)[4], master.0[4]);
    assert_ne!(master.0[4], sub.0[4]);
    assert_ne!(master.1, sub.1);
}

#[test]
fn what_only_exec_marks_show_is_in_the_snapshot() {
    let changes: [fn(&mut Kernel<Ladder>); 5] = [
        |kernel| kernel.events.chain[0] ^= 1,
        |kernel| kernel.events.pending.push(0),
        |kernel| kernel.mark.seq += 1,
        |kernel| kernel.mark.time += 1,
        |kernel| kernel.mark.root[0] ^= 1,
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut kernel = populated();
        let saved = kernel.snapshot();
        change(&mut kernel);
        assert_ne!(kernel.snapshot(), saved, "change {index}");
    }
}

/// Takes every struct of the state apart. A field that is new here needs a line above, or a reason below.
#[test]
fn no_field_is_forgotten() {
    let kernel = populated();
    let State { sequence, parameters, authors, assets, markets, books, accounts, orders, clients: _, expiries: _ } =
        &kernel.state;
    // `clients` and `expiries` are look-ups, rebuilt from the orders.
    let Sequence { seq: _, time: _, orders: _, trades: _ } = sequence;
    let Parameters { ruleset: _, open_orders_max: _, root_interval_commands: _, root_interval_ns: _ } = parameters;
    let Author { origin: _, name: _, version: _ } = &authors[0];
    let Asset { symbol: _, decimals: _, net_deposits: _, fees: _, insurance: _, dust: _, total_cash, total_cost } =
        &assets[0];
    let Market {
        id,
        symbol: _,
        settlement: _,
        tick_size_e12: _,
        lot_size_e12: _,
        tick_value,
        price_max: _,
        position_max: _,
        fees,
        limits,
        schedule,
        mark: _,
        last: _,
        open_interest,
        net_lots,
    } = &markets[0];
    let Fees { maker_rate: _, taker_rate: _ } = fees;
    let Limits { order_min_notional: _, order_max_lots: _, price_band_rate: _, market_bound_rate: _ } = limits;
    for Tier { lower_bound: _, initial_rate: _, maintenance_rate: _ } in schedule.tiers() {}
    let Account { master: _, holdings, open_orders, nonces: _ } = accounts.of(SHORT);
    let Position { market: _, lots: _, cost: _, buys: _, sells: _ } = Holdings::position(holdings, MARKET);
    let NewOrder {
        id: _,
        client_order: _,
        price: _,
        lots: _,
        filled: _,
        expires_at: _,
        account: _,
        market: _,
        side: _,
        time_in_force: _,
        self_trade: _,
        post_only: _,
        reduce_only: _,
    } = describe(&kernel.state);
    // Rebuilt on loading: an order's market from where it stands, a market's id and tick value, the running totals, an
    // account's list of orders.
    assert_eq!((id.0, tick_value.0, *open_interest, *net_lots), (1, 1, 2, 0));
    assert_eq!((total_cash.0, total_cost.0, open_orders.count(), books.len(), orders.len()), (20_000, 0, 3, 1, 3));
    let loaded = Kernel::<Ladder>::from_snapshot(&kernel.snapshot(), Checks::Everything).expect("our own snapshot");
    let (market, asset) = (&loaded.state.markets[0], &loaded.state.assets[0]);
    assert_eq!((market.id, market.tick_value, market.open_interest, market.net_lots), (*id, *tick_value, 2, 0));
    assert_eq!((asset.total_cash, asset.total_cost), (*total_cash, *total_cost));
    assert_eq!((&loaded.state.clients.len(), &loaded.state.expiries), (&2, &kernel.state.expiries));
    assert_eq!(loaded.state.orders.by_id().count(), 3);
}
