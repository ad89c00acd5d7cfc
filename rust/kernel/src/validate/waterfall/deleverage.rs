//! Deleveraging: who closes against a failing pool is proposed, and checked to the last lot.

use std::collections::BTreeSet;

use super::health::Health;
use super::moving::{Move, Taken, freed, taken_by};
use super::{not_halted, open_market, some};
use crate::command::{Allocation, Deleverage, Side};
use crate::event::MoveReason;
use crate::matching::book::Book;
use crate::quantities::{Lots, Wide};
use crate::reject::{Code, Reject, report};
use crate::risk::waterfall::shares;
use crate::state::State;
use crate::state::market::Market;

/// Most counterparties of one command.
pub const COUNTERPARTIES_MAX: usize = 1_000;

/// May the position be closed against these counterparties? Gives the moves, in their order.
pub fn deleverage<B: Book>(state: &State<B>, command: &Deleverage) -> Result<Vec<Move>, Reject> {
    let &Deleverage { account, market, lots, ref counterparties } = command;
    let market = open_market(state, market, not_halted)?;
    let health = Health::of_position(state, account, market);
    health.failing()?;
    let target = health.target(state, market)?;
    some(lots)?;
    let held = target.lots.abs();
    if lots > held {
        return Err(Code::LotsTooMany.with(lots.0, held.0));
    }
    let (side, value) = (taken_by(target.lots), target.bankruptcy_value(lots, freed(&target, market, lots)));
    let sum: i128 = counterparties.iter().map(|part| i128::from(part.lots.0)).sum();
    if !(1..=COUNTERPARTIES_MAX).contains(&counterparties.len()) || sum != i128::from(lots.0) {
        return Err(Code::AllocationInvalid.bare());
    }
    let mut values = shares(value, counterparties.iter().map(|part| part.lots));
    let mut named = BTreeSet::from([account]);
    let mut moves = Vec::with_capacity(counterparties.len());
    for (number, part) in (1_u64..).zip(counterparties) {
        let bad = |what: i64| Code::AllocationInvalid.with(report(number), what);
        if !named.insert(part.account) {
            return Err(bad(1));
        }
        closes(state, market, side, part).map_err(bad)?;
        // Only now: a share is of lots that somebody holds.
        let value = values.next().expect("a share for each");
        if Taken::by(state, part.account, market, side, (part.lots, value)).equity < Wide::ZERO {
            return Err(bad(4));
        }
        let (source, destination) = (account, part.account);
        let reason = MoveReason::Deleverage;
        moves.push(Move { reason, market: market.id, lots: part.lots, value, source, destination, side });
    }
    Taken::by(state, account, market, side.opposite(), (lots, value)).fits()?;
    for part in &moves {
        Taken::by(state, part.destination, market, side, (part.lots, part.value)).fits()?;
    }
    Ok(moves)
}

/// A counterparty only ever closes what it has on the other side; else what is wrong.
fn closes<B: Book>(state: &State<B>, market: &Market, side: Side, part: &Allocation) -> Result<(), i64> {
    if part.lots < Lots(1) {
        return Err(2);
    }
    let position = state.accounts.of(part.account).holdings.position(market.id);
    if part.lots > position.closable(side) { Err(3) } else { Ok(()) }
}
