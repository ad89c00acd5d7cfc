//! What the waterfall is set up with, and the pools that are locked.

use crate::command::{
    CancelIncreasing, FundInsurance, Lock, Release, SetInsurance, SetLiquidation, SetLiquidator, SetVault,
};
use crate::emit::Emitter;
use crate::event::{
    CancelReason, IncreasingCancelled, InsuranceFunded, InsuranceSet, LiquidationSet, LiquidatorSet, PoolLocked,
    PoolReleased, VaultSet,
};
use crate::matching::book::Book;
use crate::matching::orders::{Order, Slot};
use crate::quantities::{AccountId, Lots, MarketId};
use crate::reject::Reject;
use crate::state::State;
use crate::state::holdings::{Condition, PoolId};
use crate::validate::waterfall::health::{Health, pool};
use crate::validate::waterfall::settings as check;

pub fn set_liquidation<B: Book>(
    state: &mut State<B>,
    command: &SetLiquidation,
    out: &mut Emitter,
) -> Result<(), Reject> {
    let terms = check::set_liquidation(state, command)?;
    state.assets[command.asset.index()].liquidation = terms;
    let &SetLiquidation {
        asset,
        first_call_rate,
        second_call_rate,
        take_over_rate,
        adjustment_rate,
        spread_rate,
        partial_rate,
        partial_notional,
        cooldown_ns,
        fee_rate,
    } = command;
    out.emit(&LiquidationSet {
        asset,
        first_call_rate,
        second_call_rate,
        take_over_rate,
        adjustment_rate,
        spread_rate,
        partial_rate,
        partial_notional,
        cooldown_ns,
        fee_rate,
    });
    Ok(())
}

pub fn set_vault<B: Book>(state: &mut State<B>, command: &SetVault, out: &mut Emitter) -> Result<(), Reject> {
    check::set_vault(command)?;
    let &SetVault { account, asset, exposure_max } = command;
    state.backstop.set_vault(account, asset, exposure_max);
    out.emit(&VaultSet { account, asset, exposure_max });
    Ok(())
}

pub fn set_liquidator<B: Book>(state: &mut State<B>, command: &SetLiquidator, out: &mut Emitter) -> Result<(), Reject> {
    check::set_liquidator(state, command)?;
    let &SetLiquidator { account, registered } = command;
    state.backstop.set_liquidator(account, registered);
    out.emit(&LiquidatorSet { account, registered });
    Ok(())
}

pub fn set_insurance<B: Book>(state: &mut State<B>, command: &SetInsurance, out: &mut Emitter) -> Result<(), Reject> {
    let fund = check::set_insurance(state, command)?;
    let &SetInsurance { asset, market, loss_max, interval_ns } = command;
    state.insurance_mut(fund).limit(loss_max, interval_ns);
    out.emit(&InsuranceSet { asset, market, loss_max, interval_ns });
    Ok(())
}

pub fn fund_insurance<B: Book>(state: &mut State<B>, command: &FundInsurance, out: &mut Emitter) -> Result<(), Reject> {
    let id = check::fund_insurance(state, command)?;
    let &FundInsurance { asset, market, account, amount } = command;
    if account == AccountId::NONE {
        state.assets[asset.index()].fees -= amount;
    } else {
        state.settle_pool(account, state.pool_asset(asset), out);
        state.credit(account, PoolId::Cross(asset), -amount);
    }
    let fund = state.insure(id, amount);
    out.emit(&InsuranceFunded { asset, market, account, amount, fund });
    Ok(())
}

/// Locks a pool, or releases it.
fn set_locked<B: Book>(state: &mut State<B>, health: &Health, locked: bool) {
    let condition = Condition { locked, ..health.condition };
    state.accounts.holdings_mut(health.account).set_condition(health.pool, condition);
}

pub fn lock<B: Book>(state: &mut State<B>, command: &Lock, out: &mut Emitter) -> Result<(), Reject> {
    let health = check::lock(state, command)?;
    set_locked(state, &health, true);
    let &Lock { account, asset, market } = command;
    let (equity, maintenance) = (health.equity.clamp_i64(), health.maintenance.clamp_i64());
    out.emit(&PoolLocked { account, asset, market, equity, maintenance });
    Ok(())
}

pub fn release<B: Book>(state: &mut State<B>, command: &Release, out: &mut Emitter) -> Result<(), Reject> {
    let health = check::release(state, command)?;
    set_locked(state, &health, false);
    let &Release { account, asset, market } = command;
    let (equity, maintenance) = (health.equity.clamp_i64(), health.maintenance.clamp_i64());
    out.emit(&PoolReleased { account, asset, market, equity, maintenance });
    Ok(())
}

pub fn cancel_increasing<B: Book>(
    state: &mut State<B>,
    command: &CancelIncreasing,
    out: &mut Emitter,
) -> Result<(), Reject> {
    let health = check::cancel_increasing(state, command)?;
    let slots = increasing(state, &health);
    for &slot in &slots {
        state.cancel_resting(slot, state.orders[slot].lots, CancelReason::Waterfall, out);
    }
    let &CancelIncreasing { account, asset, market } = command;
    let count = u32::try_from(slots.len()).expect("open orders of an account are limited");
    out.emit(&IncreasingCancelled { account, asset, market, count });
    Ok(())
}

/// The open orders of a pool that may add to its risk: all but reduce-only ones and those that, with the ones kept before,
/// at most close the position.
fn increasing<B: Book>(state: &State<B>, health: &Health) -> Vec<Slot> {
    let holdings = pool(state, health.account, health.pool).holdings;
    let mut kept: Vec<(MarketId, Lots)> = Vec::new();
    let mut closes = |order: &Order| {
        let room = holdings.position(order.market).closable(order.side);
        let index = kept.iter().position(|&(market, _)| market == order.market).unwrap_or_else(|| {
            kept.push((order.market, Lots::ZERO));
            kept.len() - 1
        });
        let with = kept[index].1 + order.lots;
        if with <= room {
            kept[index].1 = with;
        }
        with <= room
    };
    let in_pool = |order: &Order| holdings.pool_of(&state.markets[order.market.index()]) == health.pool;
    let open = state.orders.of_account(&state.accounts.of(health.account).open_orders);
    open.filter(|&slot| {
        let order = &state.orders[slot];
        in_pool(order) && !order.reduce_only && !closes(order)
    })
    .collect()
}
