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
use crate::quantities::{AccountId, AssetId, AuctionId, AuthorId, Lots, MarketId, Money, OrderId, Rate, Ticks};
use crate::state::State;
use crate::state::account::Mandate;
use crate::state::asset::Collateral;
use crate::state::auction::Auction;
use crate::state::holdings::{Balance, Rider};
use crate::state::position::Position;
use crate::wire::{Text, Writer};

const USD: AssetId = AssetId(1);
const MARKET: MarketId = MarketId(1);
const LONG: AccountId = AccountId(1);
const SHORT: AccountId = AccountId(2);

mod changes;
mod fields;

use changes::{ACCOUNTS, FUNDS, IDEMPOTENCY, MARKETS, ORDERS, PARAMETERS, POSITIONS, SEQUENCE};

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
    let state = &mut kernel.state;
    let seq = state.sequence.seq;
    state.assets[1].collateral = Some(Collateral {
        settlement: USD,
        haircut_rate: Rate(7),
        account_cap: Money(70),
        total_cap: Money(700),
        price_decimals: 2,
        price: 3,
        depeg_rate: Rate(8),
        changed: 1,
        price_changed: 1,
    });
    state.assets[0].counts.push(AssetId(2));
    state.accounts.holdings_mut(SHORT).ride(MARKET, |rider| {
        (rider.initial_rate, rider.rate_changed) = (Rate(5), seq);
    });
    state.accounts.change_mandate(SHORT, |mandate| mandate.permissions.no_transfer = true);
    state.backstop.set_vault(LONG, USD, Money(5));
    state.backstop.set_liquidator(LONG, true);
    state.sequence.auctions = 2;
    let (discount_start_rate, discount_end_rate) = (Rate(1), Rate(2));
    let (account, market, side, lots, opened_at, duration_ns) = (LONG, MARKET, Side::Buy, Lots(1), 5, 6);
    let auction =
        Auction { account, market, side, lots, discount_start_rate, discount_end_rate, opened_at, duration_ns };
    state.auctions.open(AuctionId(1), auction);
    kernel.check().expect("sound");
    kernel
}

fn balance(state: &mut Venue) -> &mut Balance {
    state.accounts.holdings_mut(LONG).balance_mut(USD)
}

fn ride(state: &mut Venue, change: fn(&mut Rider)) {
    state.accounts.holdings_mut(SHORT).ride(MARKET, change);
}

fn mandate(state: &mut Venue, change: fn(&mut Mandate)) {
    state.accounts.change_mandate(LONG, change);
}

fn collateral(state: &mut Venue) -> &mut Collateral {
    state.assets[1].collateral.as_mut().expect("it counts")
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
