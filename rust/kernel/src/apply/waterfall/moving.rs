//! Lots that change hands without an order: take-overs, deleveraging, and what auctions sell.

use crate::command::{Deleverage, Side, TakeOver};
use crate::emit::Emitter;
use crate::event::PositionMoved;
use crate::matching::book::Book;
use crate::quantities::{AccountId, Money};
use crate::reject::Reject;
use crate::state::State;
use crate::validate::waterfall::moving::Move;
use crate::validate::waterfall::{deleverage as check_deleverage, take_over as check_take_over};

pub fn take_over<B: Book>(state: &mut State<B>, command: &TakeOver, out: &mut Emitter) -> Result<(), Reject> {
    let taken = check_take_over::take_over(state, command)?;
    move_lots(state, &taken, out);
    Ok(())
}

pub fn deleverage<B: Book>(state: &mut State<B>, command: &Deleverage, out: &mut Emitter) -> Result<(), Reject> {
    for closed in check_deleverage::deleverage(state, command)? {
        move_lots(state, &closed, out);
    }
    Ok(())
}

/// Both settle what they owe; then the source closes and the destination takes.
pub fn move_lots<B: Book>(state: &mut State<B>, moved: &Move, out: &mut Emitter) {
    let &Move { reason, market, lots, value, source, destination, side } = moved;
    state.settle_owed(source, market, out);
    state.settle_owed(destination, market, out);
    let source_realised = take(state, source, moved, side.opposite());
    let destination_realised = take(state, destination, moved, side);
    let lots = side.signed(lots);
    out.emit(&PositionMoved {
        reason,
        market,
        lots,
        value,
        source,
        destination,
        source_realised,
        destination_realised,
    });
}

/// One side of it; gives what it realises.
fn take<B: Book>(state: &mut State<B>, account: AccountId, moved: &Move, side: Side) -> Money {
    let seq = state.sequence.seq;
    let market = &mut state.markets[moved.market.index()];
    let settled = state.accounts.holdings_mut(account).take(market, side, moved.lots, moved.value, seq);
    market.net_lots += i128::from(side.signed(moved.lots).0);
    market.open_interest += i128::from(settled.long_change.0);
    let asset = &mut state.assets[market.settlement.index()];
    asset.total_cash += settled.realised.wide();
    asset.total_cost += settled.cost_change.wide();
    settled.realised
}
