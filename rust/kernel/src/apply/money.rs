//! Money in, out and across, and marks.

use crate::command::{Deposit, SetMark, Transfer, Withdraw};
use crate::emit::Emitter;
use crate::event::{Deposited, MarkSet, Transferred, Withdrawn};
use crate::matching::book::Book;
use crate::quantities::{AccountId, AssetId, Money};
use crate::reject::Reject;
use crate::state::State;
use crate::validate::money as check;

/// Changes an account's cash together with the asset's total; gives the new balance.
fn credit<B: Book>(state: &mut State<B>, account: AccountId, asset: AssetId, amount: Money) -> Money {
    let cash = state.accounts.holdings_mut(account).cash_mut(asset);
    *cash += amount;
    state.assets[asset.index()].total_cash += amount.wide();
    *cash
}

pub fn deposit<B: Book>(state: &mut State<B>, command: &Deposit, out: &mut Emitter) -> Result<(), Reject> {
    check::deposit(state, command)?;
    let &Deposit { account, asset, amount } = command;
    state.assets[asset.index()].net_deposits += amount;
    let balance = credit(state, account, asset, amount);
    out.emit(&Deposited { account, asset, amount, balance });
    Ok(())
}

pub fn withdraw<B: Book>(state: &mut State<B>, command: &Withdraw, out: &mut Emitter) -> Result<(), Reject> {
    check::withdraw(state, command)?;
    let &Withdraw { account, asset, amount, .. } = command;
    state.assets[asset.index()].net_deposits -= amount;
    let balance = credit(state, account, asset, -amount);
    out.emit(&Withdrawn { account, asset, amount, balance });
    Ok(())
}

pub fn transfer<B: Book>(state: &mut State<B>, command: &Transfer, out: &mut Emitter) -> Result<(), Reject> {
    check::transfer(state, command)?;
    let &Transfer { source, destination, asset, amount } = command;
    let source_balance = credit(state, source, asset, -amount);
    let destination_balance = credit(state, destination, asset, amount);
    out.emit(&Transferred { source, destination, asset, amount, source_balance, destination_balance });
    Ok(())
}

pub fn set_mark<B: Book>(state: &mut State<B>, command: &SetMark, out: &mut Emitter) -> Result<(), Reject> {
    check::set_mark(state, command)?;
    let &SetMark { market, price } = command;
    let previous = std::mem::replace(&mut state.markets[market.index()].mark, price);
    out.emit(&MarkSet { market, price, previous });
    Ok(())
}
