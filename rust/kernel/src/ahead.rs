//! The block is read ahead: what the commands further down will need is asked for while the present one executes.
//!
//! Each stage follows one pointer further, by when the stage before has arrived:
//!
//! ```text
//! FAR   the account's entry, and where the order a command names is indexed
//! NEAR  its cash and positions, and that order
//! ```
//!
//! Nothing depends on it but time: a state is the same with and without.

use crossbook_prefetch::prefetch;

use crate::command::{Command, Record};
use crate::matching::book::Book;
use crate::quantities::OrderId;
use crate::state::State;
use crate::validate::account_of;

const FAR: usize = 12;
const NEAR: usize = 6;

/// Asks for what the commands after `index` will need.
#[inline]
pub fn prepare<B: Book>(state: &State<B>, records: &[Record], index: usize) {
    if let Some(record) = records.get(index + FAR) {
        if let Some(account) = state.accounts.find(account_of(&record.command)) {
            prefetch(account);
            prefetch(&account.open_orders);
        }
        if let Some(order) = named(&record.command) {
            state.orders.prefetch_slot(order);
        }
    }
    if let Some(record) = records.get(index + NEAR) {
        if let Some(account) = state.accounts.find(account_of(&record.command)) {
            account.holdings.prefetch();
        }
        if let Some(slot) = named(&record.command).and_then(|order| state.orders.slot(order)) {
            prefetch(&state.orders[slot]);
        }
    }
}

#[inline]
fn named(command: &Command) -> Option<OrderId> {
    match command {
        Command::Cancel(command) => Some(command.order),
        Command::Amend(command) => Some(command.order),
        _ => None,
    }
}
