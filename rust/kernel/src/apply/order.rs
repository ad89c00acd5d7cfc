//! Orders: placed, amended, cancelled.

use crate::command::{Amend, Cancel, MassCancel, Place, Side, Sides, TimeInForce};
use crate::emit::Emitter;
use crate::event::{CancelReason, MassCancelled, OrderAccepted, OrderAmended, OrderCancelled, OrderRested};
use crate::matching::book::Book;
use crate::matching::floor::{Live, Scratch};
use crate::matching::orders::{NewOrder, Order, Slot};
use crate::matching::sweep::{Ending, Taker, sweep};
use crate::quantities::{Lots, MarketId};
use crate::reject::{Code, Reject};
use crate::state::State;
use crate::state::holdings::Purpose;
use crate::validate::order::{self as check, Amended};

pub fn place<B: Book>(state: &mut State<B>, command: &Place, out: &mut Emitter) -> Result<(), Reject> {
    let order = check::place(state, command, &mut out.notes)?;
    let taker = Taker { order, master: state.accounts.of(order.account).master, purpose: Purpose::Ordinary };
    if order.time_in_force == TimeInForce::FillOrKill {
        let fillable = Scratch::fillable(state, &taker);
        let (value, limit) = (i128::from(order.lots.0), i128::from(fillable.0));
        out.notes.hold(Code::FillOrKillUnfilled, value, limit, (fillable.0, order.lots.0))?;
    }
    accept(state, taker, out);
    Ok(())
}

/// An order that passed its checks gets its id and goes into its market; gives what it filled at once.
pub fn accept<B: Book>(state: &mut State<B>, taker: Taker, out: &mut Emitter) -> Lots {
    let NewOrder { id: order, account, market, side, price, lots, client_order, .. } = taker.order;
    state.sequence.orders += 1;
    out.emit(&OrderAccepted { order, account, market, side, price, lots, client_order });
    enter(state, taker, None, out)
}

/// Sends an order into its market: it trades what it can, then rests or goes. `slot` is where it was listed before an
/// amend took it out of the book; it keeps that place in the lists. Gives what it filled, ever.
fn enter<B: Book>(state: &mut State<B>, mut taker: Taker, slot: Option<Slot>, out: &mut Emitter) -> Lots {
    open_lots(state, &taker.order, taker.order.lots);
    let ending = sweep(&mut Live { state, out }, &mut taker);
    let reason = match ending {
        Ending::Filled => None,
        Ending::Exhausted if check::may_rest(taker.order.time_in_force) => {
            rest(state, &taker.order, slot, out);
            return taker.order.filled;
        }
        Ending::Exhausted => Some(CancelReason::ImmediateOrCancel),
        Ending::Cancelled(reason) => Some(reason),
    };
    if let Some(reason) = reason {
        let NewOrder { id: order, account, market, lots, .. } = taker.order;
        open_lots(state, &taker.order, -lots);
        out.emit(&OrderCancelled { order, account, market, lots, reason });
    }
    if let Some(slot) = slot {
        state.forget_order(slot);
    }
    taker.order.filled
}

/// Changes the account's open lots.
fn open_lots<B: Book>(state: &mut State<B>, order: &NewOrder, lots: Lots) {
    state.accounts.change_open(order.account, order.market, order.side, order.reduce_only, lots);
}

fn rest<B: Book>(state: &mut State<B>, order: &NewOrder, slot: Option<Slot>, out: &mut Emitter) {
    out.emit(&OrderRested { order: order.id, lots: order.lots });
    match slot {
        None => {
            let slot = state.orders.insert(order);
            state.list_order(slot);
        }
        Some(slot) => {
            let listed = &mut state.orders[slot];
            listed.lots = order.lots;
            listed.filled = order.filled;
            listed.reprice(order.price);
            state.books[order.market.index()].insert(&mut state.orders, slot);
        }
    }
}

pub fn amend<B: Book>(state: &mut State<B>, command: &Amend, out: &mut Emitter) -> Result<(), Reject> {
    let slot = check::named(state, command.account, command.order, command.client_order)?;
    match check::amend(state, command, slot, &mut out.notes)? {
        Amended::Shrunk(lots) => shrink(state, slot, lots, out),
        Amended::Replaced(order) => replace(state, slot, &order, out),
    }
    Ok(())
}

fn announce(order: &NewOrder, kept_priority: bool, out: &mut Emitter) {
    out.emit(&OrderAmended {
        order: order.id,
        account: order.account,
        market: order.market,
        price: order.price,
        lots: order.lots + order.filled,
        remaining: order.lots,
        kept_priority,
    });
}

fn shrink<B: Book>(state: &mut State<B>, slot: Slot, lots: Lots, out: &mut Emitter) {
    let order = state.orders[slot];
    let excess = order.lots - lots;
    state.books[order.market.index()].reduce(&mut state.orders, slot, excess);
    let shrunk = state.orders.describe(slot);
    open_lots(state, &shrunk, -excess);
    announce(&shrunk, true, out);
}

fn replace<B: Book>(state: &mut State<B>, slot: Slot, order: &NewOrder, out: &mut Emitter) {
    let present = state.orders.describe(slot);
    open_lots(state, &present, -present.lots);
    state.books[order.market.index()].remove(&mut state.orders, slot);
    announce(order, false, out);
    let master = state.accounts.of(order.account).master;
    let taker = Taker { order: *order, master, purpose: Purpose::Ordinary };
    enter(state, taker, Some(slot), out);
}

pub fn cancel<B: Book>(state: &mut State<B>, command: &Cancel, out: &mut Emitter) -> Result<(), Reject> {
    let slot = check::named(state, command.account, command.order, command.client_order)?;
    check::cancels(&state.markets[state.orders[slot].market.index()])?;
    state.cancel_resting(slot, state.orders[slot].lots, CancelReason::Requested, out);
    Ok(())
}

pub fn mass_cancel<B: Book>(state: &mut State<B>, command: &MassCancel, out: &mut Emitter) {
    let taken = |order: &Order| {
        (command.market == MarketId::NONE || order.market == command.market)
            && check::cancels(&state.markets[order.market.index()]).is_ok()
            && match command.side {
                Sides::Both => true,
                Sides::Buy => order.side == Side::Buy,
                Sides::Sell => order.side == Side::Sell,
            }
    };
    let open = &state.accounts.of(command.account).open_orders;
    let slots: Vec<Slot> = state.orders.of_account(open).filter(|&slot| taken(&state.orders[slot])).collect();
    for &slot in &slots {
        state.cancel_resting(slot, state.orders[slot].lots, CancelReason::MassCancel, out);
    }
    let count = u32::try_from(slots.len()).expect("open orders of an account are limited");
    out.emit(&MassCancelled { account: command.account, market: command.market, count });
}
