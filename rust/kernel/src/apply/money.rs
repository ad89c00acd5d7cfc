//! Money in, out and across, and marks.

use crate::command::{Deposit, Draw, SetAllowance, SetMark, Transfer, Withdraw};
use crate::emit::Emitter;
use crate::event::{AllowanceSet, Deposited, Drawn, MarkSet, Transferred, Withdrawn};
use crate::matching::book::Book;
use crate::quantities::{AccountId, AssetId, Money};
use crate::reject::Reject;
use crate::state::State;
use crate::state::holdings::PoolId;
use crate::validate::money as check;

pub fn deposit<B: Book>(state: &mut State<B>, command: &Deposit, out: &mut Emitter) -> Result<(), Reject> {
    check::deposit(state, command)?;
    let &Deposit { account, asset, amount } = command;
    state.assets[asset.index()].net_deposits += amount;
    let balance = state.credit(account, PoolId::Cross(asset), amount);
    out.emit(&Deposited { account, asset, amount, balance });
    Ok(())
}

pub fn withdraw<B: Book>(state: &mut State<B>, command: &Withdraw, out: &mut Emitter) -> Result<(), Reject> {
    check::withdraw(state, command)?;
    let &Withdraw { account, asset, amount, .. } = command;
    state.settle_pool(account, state.pool_asset(asset), out);
    let time = state.sequence.time;
    let terms = &mut state.assets[asset.index()];
    terms.net_deposits -= amount;
    terms.gate.pass(amount, time);
    let balance = state.credit(account, PoolId::Cross(asset), -amount);
    out.emit(&Withdrawn { account, asset, amount, balance });
    Ok(())
}

/// Moves money between balances, the source's pool settled first; gives both balances.
fn shift<B: Book>(
    state: &mut State<B>,
    source: AccountId,
    destination: AccountId,
    (asset, amount): (AssetId, Money),
    out: &mut Emitter,
) -> (Money, Money) {
    state.settle_pool(source, state.pool_asset(asset), out);
    let pool = PoolId::Cross(asset);
    (state.credit(source, pool, -amount), state.credit(destination, pool, amount))
}

pub fn transfer<B: Book>(state: &mut State<B>, command: &Transfer, out: &mut Emitter) -> Result<(), Reject> {
    check::transfer(state, command)?;
    let &Transfer { source, destination, asset, amount } = command;
    let (source_balance, destination_balance) = shift(state, source, destination, (asset, amount), out);
    out.emit(&Transferred { source, destination, asset, amount, source_balance, destination_balance });
    Ok(())
}

pub fn set_allowance<B: Book>(state: &mut State<B>, command: &SetAllowance, out: &mut Emitter) -> Result<(), Reject> {
    check::set_allowance(state, command)?;
    let &SetAllowance { source, destination, asset, amount } = command;
    allow(state, source, destination, asset, amount);
    out.emit(&AllowanceSet { source, destination, asset, amount });
    Ok(())
}

fn allow<B: Book>(state: &mut State<B>, source: AccountId, destination: AccountId, asset: AssetId, amount: Money) {
    state.accounts.change_mandate(source, |mandate| {
        if amount == Money::ZERO {
            mandate.allowances.remove(&(destination, asset));
        } else {
            mandate.allowances.insert((destination, asset), amount);
        }
    });
}

pub fn draw<B: Book>(state: &mut State<B>, command: &Draw, out: &mut Emitter) -> Result<(), Reject> {
    check::draw(state, command)?;
    let &Draw { account: destination, source, asset, amount } = command;
    let allowance = check::allowance(state.accounts.of(source), destination, asset) - amount;
    allow(state, source, destination, asset, allowance);
    let (source_balance, destination_balance) = shift(state, source, destination, (asset, amount), out);
    out.emit(&Drawn { source, destination, asset, amount, source_balance, destination_balance, allowance });
    Ok(())
}

pub fn set_mark<B: Book>(state: &mut State<B>, command: &SetMark, out: &mut Emitter) -> Result<(), Reject> {
    check::set_mark(state, command)?;
    let &SetMark { market, price } = command;
    let seq = state.sequence.seq;
    let terms = &mut state.markets[market.index()];
    terms.mark_changed = seq;
    let previous = std::mem::replace(&mut terms.mark, price);
    out.emit(&MarkSet { market, price, previous });
    Ok(())
}
