//! What sums may come to: no client can bring a number to where it would overflow, however it plays.

mod desk;

use crossbook_kernel::command::{
    Checkpoint, CreateAccount, OrderKind, Origin, Place, SetFees, SetMark, Side, TimeInForce, Transfer, Withdraw,
};
use crossbook_kernel::kernel::{Checks, Kernel};
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::quantities::{AccountId, MarketId, Money, Rate, Ticks};
use crossbook_kernel::view::View;

use desk::{Desk, USD, limit};

const PRICE_MAX: i64 = (1 << 31) - 1;
const POSITION_MAX: i64 = 1 << 27;

/// A market at its notional limit with a low mark, a master with a little money, and others with a lot.
fn steep() -> (Desk, MarketId, AccountId) {
    let mut desk = Desk::open(Checks::Everything);
    let market = desk.market(PRICE_MAX, POSITION_MAX, 20_000_000, 1);
    let winner = desk.account(0, 1 << 40);
    desk.account(0, 1 << 50);
    (desk, market, winner)
}

/// The mark goes from one end to the other, so a sub-account loses the whole notional to its master; gives whether it did.
fn lose_to_master(desk: &mut Desk, market: MarketId, master: AccountId) -> bool {
    let loser = desk.account(master.0, 0);
    desk.code(Origin::Client, Transfer { source: master, destination: loser, asset: USD, amount: Money(1 << 30) });
    let before = desk.cash(master);
    let lots = POSITION_MAX;
    for (seller, buyer, price) in [(loser, master, 1), (master, loser, PRICE_MAX)] {
        desk.operator(SetMark { market, price: Ticks(price) });
        desk.order(seller, market, Side::Sell, lots, price);
        let order = limit(buyer, market, Side::Buy, lots, price);
        desk.code(Origin::Client, Place { time_in_force: TimeInForce::ImmediateOrCancel, ..order });
    }
    desk.cash(master) > before
}

#[test]
fn a_balance_never_leaves_64_bits_however_often_a_client_wins_against_itself() {
    let (mut desk, market, winner) = steep();
    let mut wins = 0;
    for _ in 0..40 {
        wins += u32::from(lose_to_master(&mut desk, market, winner));
    }
    assert!(wins >= 16, "it wins until its balance is full: {wins}");
    assert!(desk.cash(winner) > 1 << 61);
    desk.kernel.check().expect("sound");
}

#[test]
fn two_full_balances_do_not_fit_one_account() {
    let (mut desk, market, winner) = steep();
    let second = desk.account(winner.0, 1 << 40);
    for master in [winner, second] {
        while lose_to_sibling(&mut desk, market, master) {}
    }
    assert!(desk.cash(winner) > 1 << 61 && desk.cash(second) > 1 << 61, "both are full");
    let transfer = Transfer { source: second, destination: winner, asset: USD, amount: Money(1 << 61) };
    assert_eq!(desk.code(Origin::Client, transfer), 302);
    desk.kernel.check().expect("sound");
}

/// The same against another sub-account of the same master.
fn lose_to_sibling(desk: &mut Desk, market: MarketId, winner: AccountId) -> bool {
    let master = desk.kernel.state().accounts.of(winner).master;
    let loser = desk.account(master.0, 0);
    desk.code(Origin::Client, Transfer { source: winner, destination: loser, asset: USD, amount: Money(1 << 30) });
    let before = desk.cash(winner);
    for (seller, buyer, price) in [(loser, winner, 1), (winner, loser, PRICE_MAX)] {
        desk.operator(SetMark { market, price: Ticks(price) });
        desk.order(seller, market, Side::Sell, POSITION_MAX, price);
        desk.order(buyer, market, Side::Buy, POSITION_MAX, price);
    }
    desk.cash(winner) > before
}

#[test]
fn a_client_cannot_leave_its_debt_in_another_of_its_accounts() {
    let (mut desk, market, winner) = steep();
    desk.operator(SetMark { market, price: Ticks(1_000) });
    let loser = desk.account(winner.0, 0);
    desk.code(Origin::Client, Transfer { source: winner, destination: loser, asset: USD, amount: Money(1 << 36) });
    let before = desk.cash(winner);
    desk.order(loser, market, Side::Sell, 1 << 20, 1_000);
    desk.order(winner, market, Side::Buy, 1 << 20, 1_000);
    // The loser would close at a thousand times the mark, and the winner would have the difference.
    desk.order(winner, market, Side::Sell, 1 << 20, 1_000_000);
    desk.order(loser, market, Side::Buy, 1 << 20, 1_000_000);
    assert_eq!(desk.cash(winner), before);
    desk.kernel.check().expect("sound");
}

#[test]
fn the_venue_pays_out_no_more_than_was_paid_in() {
    let (mut desk, market, winner) = steep();
    assert!(lose_to_master(&mut desk, market, winner));
    let held = desk.kernel.state().assets[0].net_deposits;
    let withdraw = |amount| Withdraw { account: winner, asset: USD, amount: Money(amount), destination: 0 };
    assert!(desk.cash(winner) > held.0, "the loser's debt is in the winner's cash");
    assert_eq!(desk.code(Origin::Client, withdraw(held.0 + 1)), 302);
    assert_eq!(desk.code(Origin::Client, withdraw(held.0)), 0);
    let saved = desk.kernel.snapshot();
    Kernel::<Ladder>::from_snapshot(&saved, Checks::Everything).expect("our own snapshot");
}

#[test]
fn fees_never_leave_64_bits() {
    let (mut desk, market, winner) = steep();
    desk.operator(SetFees { market, maker_rate: Rate(100_000_000), taker_rate: Rate(100_000_000) });
    let mut full = false;
    for _ in 0..400 {
        let loser = desk.account(0, 1 << 30);
        let partner = desk.account(0, 1 << 30);
        for (seller, buyer, price) in [(loser, partner, 1), (partner, loser, PRICE_MAX)] {
            desk.operator(SetMark { market, price: Ticks(price) });
            desk.order(seller, market, Side::Sell, POSITION_MAX, price);
            full |= desk.order(buyer, market, Side::Buy, POSITION_MAX, price) == 302;
        }
    }
    assert!(full, "an order that could overfill the fee account is refused");
    assert!(desk.cash(winner) > 0);
    desk.kernel.check().expect("sound");
    let saved = desk.kernel.snapshot();
    Kernel::<Ladder>::from_snapshot(&saved, Checks::Everything).expect("our own snapshot");
}

#[test]
fn open_interest_may_exceed_64_bits() {
    let mut desk = Desk::open(Checks::Everything);
    let market = desk.market(1, 1 << 58, 0, 1);
    for _ in 0..40 {
        let (long, short) = (desk.account(0, 0), desk.account(0, 0));
        desk.trade(market, long, short, 1 << 58, 1);
    }
    let row = View::of(desk.kernel.state()).markets();
    assert!(row.windows(9).any(|bytes| bytes == [0xcf, 0x7f, 255, 255, 255, 255, 255, 255, 255]), "capped in views");
    let saved = desk.kernel.snapshot();
    Kernel::<Ladder>::from_snapshot(&saved, Checks::Everything).expect("our own snapshot");
}

#[test]
fn an_account_row_is_capped_where_its_sums_leave_64_bits() {
    let mut desk = Desk::open(Checks::Totals);
    let (long, short) = (desk.account(0, 1 << 50), desk.account(0, 1 << 50));
    let markets: Vec<_> = (0..40).map(|_| desk.market(PRICE_MAX, POSITION_MAX, 20_000_000, 1)).collect();
    for &market in &markets {
        desk.trade(market, long, short, POSITION_MAX, 1);
    }
    for &market in &markets {
        desk.operator(SetMark { market, price: Ticks(PRICE_MAX) });
    }
    assert!(!View::of(desk.kernel.state()).account(long).is_empty());
    assert!(!View::of(desk.kernel.state()).account(short).is_empty());
}

#[test]
fn a_refused_checkpoint_takes_no_root() {
    let (mut desk, _, _) = steep();
    let before = *desk.kernel.root_mark();
    assert_eq!(desk.code(Origin::Client, Checkpoint {}), 101);
    assert_eq!(*desk.kernel.root_mark(), before);
    assert_eq!(desk.code(Origin::Policy, Checkpoint {}), 0);
    assert_eq!(desk.kernel.root_mark().seq, before.seq.max(desk.kernel.state().sequence.seq));
}

#[test]
fn a_fill_or_kill_order_looks_at_each_maker_once() {
    let mut desk = Desk::open(Checks::Totals);
    let market = desk.market(1_000, 1 << 40, 20_000_000, 100);
    let makers: i64 = 30_000;
    for _ in 0..makers {
        let maker = desk.account(0, 1_000);
        assert_eq!(desk.order(maker, market, Side::Sell, 1, 100), 0);
    }
    let taker = desk.account(0, 1 << 40);
    let order = Place {
        kind: OrderKind::Market,
        price: Ticks(0),
        time_in_force: TimeInForce::FillOrKill,
        ..limit(taker, market, Side::Buy, makers + 1, 100)
    };
    for _ in 0..20 {
        assert_eq!(desk.code(Origin::Client, order.clone()), 415);
    }
    desk.operator(CreateAccount { parent: AccountId(0) });
}
