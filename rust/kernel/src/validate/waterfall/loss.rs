//! Losses that nobody can pay: insurance, collateral, and at last the winners.

use super::health::{Health, named, pool};
use super::moving::changes_within;
use super::open_market;
use crate::command::{ConvertCollateral, CoverLoss, Side, Socialise};
use crate::matching::book::Book;
use crate::quantities::{Money, Wide};
use crate::reject::{Code, Reject};
use crate::state::State;
use crate::state::asset::Collateral;
use crate::state::funding::Funding;
use crate::state::holdings::PoolId;
use crate::state::market::Market;
use crate::validate::money::{not_negative, positive};
use crate::validate::terms::index_fits;

/// What may be paid for a pool.
#[derive(Clone, Copy, Debug)]
pub struct Payment {
    /// The pool.
    pub health: Health,
    /// How much.
    pub amount: Money,
}

/// May insurance pay? Gives the pool and the amount.
pub fn cover<B: Book>(state: &State<B>, command: &CoverLoss) -> Result<Payment, Reject> {
    let id = named(state, command.account, command.asset, command.market)?;
    let health = Health::of(state, command.account, id);
    let owed = deficit(&health, command.amount)?;
    let usable = state.insurance(id).usable(state.sequence.time);
    let amount = if command.amount == Money::ZERO { owed.min(usable) } else { command.amount };
    if amount > usable || amount < Money(1) {
        return Err(Code::InsuranceExhausted.with(command.amount.0, usable.0));
    }
    credits(state, &health, amount)?;
    Ok(Payment { health, amount })
}

/// What a pool in deficit lacks, if the amount is not more.
fn deficit(health: &Health, amount: Money) -> Result<Money, Reject> {
    health.in_deficit()?;
    not_negative(amount)?;
    let owed = (-health.equity).narrow();
    if amount > owed { Err(Code::AmountTooLarge.with(amount.0, owed.0)) } else { Ok(owed) }
}

fn credits<B: Book>(state: &State<B>, health: &Health, amount: Money) -> Result<(), Reject> {
    let pool = pool(state, health.account, health.pool);
    changes_within(pool.holdings.money(pool.id), amount.wide())
}

/// May the fund buy the collateral? Gives the pool and what is paid.
pub fn convert<B: Book>(state: &State<B>, command: &ConvertCollateral) -> Result<Payment, Reject> {
    let &ConvertCollateral { account, asset, amount } = command;
    let collateral: Collateral = state.assets[asset.index()].collateral.ok_or(Code::NotCollateral.bare())?;
    let id = PoolId::Cross(collateral.settlement);
    let holdings = &state.accounts.of(account).holdings;
    let cash = holdings.cash(collateral.settlement);
    if cash >= Money::ZERO {
        return Err(Code::NoDebt.with(cash.0, 0));
    }
    let health = Health::of(state, account, id);
    health.in_need_or_flat(state)?;
    positive(amount)?;
    // Without a price, nothing is bought: it would be taken for nothing.
    if collateral.worth(amount) < Wide(1) {
        return Err(Code::AmountNotPositive.with(amount.0, 0));
    }
    let (balance, debt) = (holdings.cash(asset), -cash);
    if amount > balance {
        return Err(Code::InsufficientBalance.with(amount.0, balance.0));
    }
    if collateral.worth(amount - Money(1)) >= debt.wide() {
        return Err(Code::AmountTooLarge.with(amount.0, debt.0));
    }
    let (value, fund) = (collateral.worth(amount), state.insurance(id).fund);
    if value > fund.wide() {
        return Err(Code::InsuranceExhausted.with(value.clamp_i64(), fund.0));
    }
    Ok(Payment { health, amount: value.narrow() })
}

/// May the winners be asked? Gives the pool, the amount and what a lot bears.
pub fn socialise<B: Book>(state: &State<B>, command: &Socialise) -> Result<Payment, Reject> {
    let market = open_market(state, command.market, |_| true)?;
    let health = Health::of_position(state, command.account, market);
    let owed = deficit(&health, command.amount)?;
    let usable = state.insurance(health.pool).usable(state.sequence.time);
    if usable > Money::ZERO {
        return Err(Code::InsuranceFirst.with(usable.0, 0));
    }
    let amount = if command.amount == Money::ZERO { owed } else { command.amount };
    shareable(market, command.side, amount)?;
    credits(state, &health, amount)?;
    Ok(Payment { health, amount })
}

/// Somebody is there to share, and nobody bears more than the whole of a position; nor does an index leave its bounds.
fn shareable(market: &Market, side: Side, amount: Money) -> Result<(), Reject> {
    let most = Wide(market.open_interest * i128::from(market.mark.0 * market.tick_value.0));
    if amount.wide() > most || market.open_interest == 0 {
        return Err(Code::NobodyToShare.with(amount.0, most.clamp_i64()));
    }
    let borne = match side {
        Side::Buy => market.funding.loss_long,
        Side::Sell => market.funding.loss_short,
    };
    let after = borne + Funding::loss_step(amount, market.open_interest);
    if index_fits(after, market) { Ok(()) } else { Err(Code::FundingLimit.bare()) }
}
