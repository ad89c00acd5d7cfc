//! Money in, out and across.

use crate::command::{Deposit, SetMark, Transfer, Withdraw};
use crate::matching::book::Book;
use crate::quantities::{AccountId, AssetId, BALANCE_MAX, Money, SUPPLY_MAX};
use crate::reject::{Code, Reject};
use crate::risk::withdrawal;
use crate::state::State;

fn positive(amount: Money) -> Result<(), Reject> {
    if amount.0 > 0 { Ok(()) } else { Err(Code::AmountNotPositive.with(amount.0, 0)) }
}

/// May the money come in?
pub fn deposit<B: Book>(state: &State<B>, command: &Deposit) -> Result<(), Reject> {
    positive(command.amount)?;
    let held = state.asset(command.asset).expect("the asset was looked up").net_deposits;
    if command.amount.0 > SUPPLY_MAX - held.0 {
        return Err(Code::SupplyLimit.with(command.amount.0, held.0));
    }
    fits(state, command.account, command.asset, command.amount)
}

/// A balance that is added to stays within its bound.
fn fits<B: Book>(state: &State<B>, account: AccountId, asset: AssetId, amount: Money) -> Result<(), Reject> {
    let cash = state.accounts.of(account).holdings.cash(asset);
    if (cash.wide() + amount.wide()).0 > i128::from(BALANCE_MAX) {
        return Err(Code::SupplyLimit.with(amount.0, cash.0));
    }
    Ok(())
}

/// May the money go out?
pub fn withdraw<B: Book>(state: &State<B>, command: &Withdraw) -> Result<(), Reject> {
    positive(command.amount)?;
    leaves(state, command.account, command.asset, command.amount)?;
    // One account's cash may be another's debt; only what came in can go out.
    let held = state.asset(command.asset).expect("the asset was looked up").net_deposits;
    if command.amount > held {
        return Err(Code::SupplyLimit.with(command.amount.0, held.0));
    }
    Ok(())
}

/// May the money move?
pub fn transfer<B: Book>(state: &State<B>, command: &Transfer) -> Result<(), Reject> {
    positive(command.amount)?;
    if command.source == command.destination {
        return Err(Code::SameAccount.bare());
    }
    if state.accounts.of(command.source).master != state.accounts.of(command.destination).master {
        return Err(Code::NotSameMaster.bare());
    }
    leaves(state, command.source, command.asset, command.amount)?;
    fits(state, command.destination, command.asset, command.amount)
}

fn leaves<B: Book>(state: &State<B>, account: AccountId, asset: AssetId, amount: Money) -> Result<(), Reject> {
    let holdings = &state.accounts.of(account).holdings;
    let cash = holdings.cash(asset);
    if amount > cash {
        return Err(Code::InsufficientBalance.with(amount.0, cash.0));
    }
    let (equity, floor) = withdrawal::after(holdings, &state.markets, asset, amount);
    if equity < floor {
        return Err(Code::WithdrawalMargin.with(equity.clamp_i64(), floor.clamp_i64()));
    }
    Ok(())
}

/// May the mark be set?
pub fn set_mark<B: Book>(state: &State<B>, command: &SetMark) -> Result<(), Reject> {
    let market = state.market(command.market).expect("the market was looked up");
    if market.has_price(command.price) {
        Ok(())
    } else {
        Err(Code::PriceOutOfRange.with(command.price.0, market.price_max.0))
    }
}
