//! Positions as pools: isolating, backing, leverage, stress and funding.

use crate::command::{AdjustMargin, SetLeverage, SetPositionMode, SetStress, SettleFunding};
use crate::emit::Emitter;
use crate::event::{FundingSettled, LeverageSet, MarginAdjusted, PositionModeSet, StressSet};
use crate::matching::book::Book;
use crate::quantities::{AccountId, MarketId, Money, RATE_ONE, Wide};
use crate::reject::Reject;
use crate::state::State;
use crate::state::holdings::{PoolId, Rider};
use crate::validate::position as check;

pub fn set_position_mode<B: Book>(
    state: &mut State<B>,
    command: &SetPositionMode,
    out: &mut Emitter,
) -> Result<(), Reject> {
    let amount = check::set_position_mode(state, command)?;
    let &SetPositionMode { account, market, isolated, .. } = command;
    settle_both(state, account, market, amount, out);
    if isolated {
        isolate(state, account, market, amount, out);
    } else {
        rejoin(state, account, market, amount, out);
    }
    Ok(())
}

/// Settles the position, and the cross pool if cash moves.
fn settle_both<B: Book>(state: &mut State<B>, account: AccountId, market: MarketId, amount: Money, out: &mut Emitter) {
    state.settle_owed(account, market, out);
    if amount != Money::ZERO {
        state.settle_pool(account, state.markets[market.index()].settlement, out);
    }
}

/// Makes a settled position a pool of its own, with `margin` out of cash.
fn isolate<B: Book>(state: &mut State<B>, account: AccountId, market: MarketId, margin: Money, out: &mut Emitter) {
    let (seq, asset) = (state.sequence.seq, state.markets[market.index()].settlement);
    let holdings = state.accounts.holdings_mut(account);
    let change = |rider: &mut Rider| (rider.isolated, rider.margin, rider.margin_changed) = (true, margin, seq);
    holdings.switch(&state.markets[market.index()], change);
    if margin != Money::ZERO {
        holdings.credit(PoolId::Cross(asset), -margin, seq);
    }
    let balance = holdings.cash(asset);
    out.emit(&PositionModeSet { account, market, isolated: true, amount: margin, margin, balance });
}

fn rejoin<B: Book>(state: &mut State<B>, account: AccountId, market: MarketId, amount: Money, out: &mut Emitter) {
    let seq = state.sequence.seq;
    let terms = &state.markets[market.index()];
    let holdings = state.accounts.holdings_mut(account);
    check::rejoined(holdings, terms, seq);
    let balance = holdings.cash(terms.settlement);
    out.emit(&PositionModeSet { account, market, isolated: false, amount, margin: Money::ZERO, balance });
}

pub fn adjust_margin<B: Book>(state: &mut State<B>, command: &AdjustMargin, out: &mut Emitter) -> Result<(), Reject> {
    check::adjust_margin(state, command)?;
    let &AdjustMargin { account, market, amount } = command;
    settle_both(state, account, market, amount, out);
    let asset = state.markets[market.index()].settlement;
    let balance = state.credit(account, PoolId::Cross(asset), -amount);
    let margin = state.credit(account, PoolId::Isolated(market), amount);
    out.emit(&MarginAdjusted { account, market, amount, margin, balance });
    Ok(())
}

pub fn set_leverage<B: Book>(state: &mut State<B>, command: &SetLeverage, out: &mut Emitter) -> Result<(), Reject> {
    check::set_leverage(state, command)?;
    let &SetLeverage { account, market, initial_rate } = command;
    let seq = state.sequence.seq;
    state.accounts.holdings_mut(account).ride(market, |rider| {
        rider.initial_rate = initial_rate;
        rider.rate_changed = if initial_rate.0 == 0 { 0 } else { seq };
    });
    out.emit(&LeverageSet { account, market, initial_rate });
    Ok(())
}

pub fn set_stress<B: Book>(state: &mut State<B>, command: &SetStress, out: &mut Emitter) -> Result<(), Reject> {
    check::set_stress(state, command)?;
    let &SetStress { market, active } = command;
    state.markets[market.index()].stress = active;
    let mut positions = 0;
    if active {
        let accounts: Vec<AccountId> = check::in_cross(state, &state.markets[market.index()]).collect();
        for account in accounts {
            state.settle_owed(account, market, out);
            let margin = check::stress_margin(state, account, market);
            isolate(state, account, market, margin, out);
            positions += 1;
        }
    }
    out.emit(&StressSet { market, active, positions });
    Ok(())
}

pub fn settle_funding<B: Book>(state: &mut State<B>, command: &SettleFunding, out: &mut Emitter) -> Result<(), Reject> {
    let index = check::settle_funding(state, command)?;
    let &SettleFunding { market, price, rate } = command;
    let seq = state.sequence.seq;
    let funding = &mut state.markets[market.index()].funding;
    (funding.index, funding.last_rate, funding.changed) = (index, rate, seq);
    let one = i128::from(RATE_ONE);
    let (whole, fraction) = (Wide(index.div_euclid(one)), Wide(index.rem_euclid(one)));
    let (index_whole, index_fraction) = (whole.clamp_i64(), fraction.clamp_i64());
    out.emit(&FundingSettled { market, price, rate, index_whole, index_fraction });
    Ok(())
}
