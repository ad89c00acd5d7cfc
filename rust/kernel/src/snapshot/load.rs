//! From bytes to a state, each part held to the rules that made it.

use super::parts::Parts;
use super::{MAGIC, SnapshotError};
use super::{accounts, terms, waterfall};
use crate::command::{Side, TimeInForce};
use crate::digest::{Digest, EventDigest, WINDOW};
use crate::event;
use crate::kernel::RootMark;
use crate::matching::book::Book;
use crate::matching::orders::NewOrder;
use crate::quantities::{Lots, Ticks};
use crate::reject::Reject;
use crate::state::State;
use crate::validate::order::may_rest;

pub type Loaded<T> = Result<T, SnapshotError>;

/// What a configuration command could not have set, a snapshot cannot hold.
pub fn allowed<T>(checked: Result<T, Reject>, part: &'static str) -> Loaded<T> {
    checked.map_err(|_| SnapshotError::Impossible(part))
}

pub fn require(holds: bool, part: &'static str) -> Loaded<()> {
    if holds { Ok(()) } else { Err(SnapshotError::Impossible(part)) }
}

pub fn everything<B: Book>(bytes: &[u8]) -> Loaded<(State<B>, EventDigest, RootMark)> {
    let mut parts = Parts::new(bytes);
    if parts.slice(MAGIC.len())? != MAGIC {
        return Err(SnapshotError::NotASnapshot);
    }
    let mut state = State::genesis();
    state.sequence = parts.sequence()?;
    // Counters that could still be counted up from.
    let counters = [state.sequence.seq, state.sequence.orders, state.sequence.trades, state.sequence.auctions];
    require(counters.iter().all(|&counter| counter <= i64::MAX.cast_unsigned()), "sequence")?;
    terms::configuration(&mut parts, &mut state)?;
    waterfall::backstop(&mut parts, &mut state)?;
    terms::funds_and_prices(&mut parts, &mut state)?;
    waterfall::auctions(&mut parts, &mut state)?;
    let count = parts.count(31)?;
    for _ in 0..count {
        accounts::account(&mut parts, &mut state)?;
    }
    masters(&state)?;
    waterfall::accounts_exist(&state)?;
    let State { accounts, markets, .. } = &mut state;
    accounts.derived_mut().for_each(|holdings| holdings.revalue(markets));
    for index in 0..state.markets.len() {
        orders(&mut parts, &mut state, index)?;
    }
    link_orders(&mut state);
    let events = events(&mut parts, state.sequence.seq)?;
    let mark = RootMark { seq: parts.u64()?, time: parts.u64()?, root: parts.array()? };
    let none_yet = mark.seq != 0 || mark == RootMark::default();
    require(none_yet && mark.seq <= state.sequence.seq && mark.time <= state.sequence.time, "root mark")?;
    if parts.is_empty() { Ok((state, events, mark)) } else { Err(SnapshotError::TrailingBytes) }
}

fn masters<B: Book>(state: &State<B>) -> Loaded<()> {
    for (_, account) in state.accounts.iter() {
        let master = state.accounts.find(account.master).ok_or(SnapshotError::Impossible("master"))?;
        require(master.master == account.master, "master")?;
    }
    Ok(())
}

fn orders<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>, index: usize) -> Loaded<()> {
    let market = state.markets[index].id;
    let mut lowest_sell: Option<Ticks> = None;
    for _ in 0..parts.count(56)? {
        let order = parts.order(market)?;
        order_checked(state, index, &order)?;
        // Ascending by price, so a book that is not crossed has its sells last.
        match order.side {
            Side::Sell => lowest_sell = Some(lowest_sell.unwrap_or(order.price).min(order.price)),
            Side::Buy => require(lowest_sell.is_none(), "crossed book")?,
        }
        if order.side == Side::Sell {
            require(state.books[index].best(Side::Buy).is_none_or(|bid| bid < order.price), "crossed book")?;
        }
        let slot = state.orders.insert(&order);
        state.books[index].insert(&mut state.orders, slot);
    }
    Ok(())
}

fn order_checked<B: Book>(state: &State<B>, index: usize, order: &NewOrder) -> Loaded<()> {
    let market = &state.markets[index];
    let size_max = market.position_max;
    let form = order.id.0 >= 1
        && order.id.0 <= state.sequence.orders
        && state.orders.slot(order.id).is_none()
        && state.accounts.find(order.account).is_some();
    let size = (Lots(1)..=size_max).contains(&order.lots)
        && (Lots::ZERO..=size_max - order.lots).contains(&order.filled)
        && market.has_price(order.price);
    let dated = order.time_in_force == TimeInForce::GoodTillDate;
    let time = may_rest(order.time_in_force) && dated == (order.expires_at > state.sequence.time);
    require(form && size && time && (dated || order.expires_at == 0), "order")
}

/// Lists and look-ups, by id: the order in which accounts list their orders.
fn link_orders<B: Book>(state: &mut State<B>) {
    let slots: Vec<_> = state.orders.by_id().collect();
    for slot in slots {
        state.index_order(slot);
    }
}

/// Every command has an event, so the window is empty just where it was closed.
fn events(parts: &mut Parts<'_>, seq: u64) -> Loaded<EventDigest> {
    let chain: Digest = parts.array()?;
    let length = parts.count(1)?;
    let pending = parts.slice(length)?;
    let closed = pending.is_empty() == seq.is_multiple_of(WINDOW) && (seq >= WINDOW || chain == Digest::default());
    require(closed && event::count(pending).is_ok(), "event digest")?;
    Ok(EventDigest { chain, pending: pending.to_vec() })
}
