//! What the waterfall is set up with, and the pools that are locked.

use super::health::{Health, named};
use crate::command::{
    CancelIncreasing, FundInsurance, Lock, Release, SetInsurance, SetLiquidation, SetLiquidator, SetVault,
};
use crate::matching::book::Book;
use crate::quantities::{AccountId, AssetId, BALANCE_MAX, MarketId, Money, RATE_ONE, Rate};
use crate::reject::{Code, Reject};
use crate::state::State;
use crate::state::asset::LiquidationTerms;
use crate::state::holdings::PoolId;
use crate::validate::admin::first_failed;
use crate::validate::money::{Source, positive};

/// The position of the first field that is out of its bounds.
pub fn liquidation_fits(terms: &LiquidationTerms) -> Option<i64> {
    let one = Rate(RATE_ONE);
    let share = |rate: Rate| (Rate::ZERO..=one).contains(&rate);
    let call = |rate: Rate| rate == Rate::ZERO || (one..=Rate(10 * RATE_ONE)).contains(&rate);
    first_failed(&[
        call(terms.first_call_rate),
        call(terms.second_call_rate) && terms.second_call_rate <= terms.first_call_rate,
        share(terms.take_over_rate),
        (Rate::ZERO..=Rate(100 * RATE_ONE)).contains(&terms.adjustment_rate),
        share(terms.spread_rate),
        share(terms.partial_rate),
        terms.partial_notional >= Money::ZERO,
        // Any cooldown.
        true,
        (Rate::ZERO..=Rate(RATE_ONE / 10)).contains(&terms.fee_rate),
    ])
}

/// May pools be liquidated so? Gives the terms.
pub fn set_liquidation<B: Book>(state: &State<B>, command: &SetLiquidation) -> Result<LiquidationTerms, Reject> {
    let terms = LiquidationTerms {
        first_call_rate: command.first_call_rate,
        second_call_rate: command.second_call_rate,
        take_over_rate: command.take_over_rate,
        adjustment_rate: command.adjustment_rate,
        spread_rate: command.spread_rate,
        partial_rate: command.partial_rate,
        partial_notional: command.partial_notional,
        cooldown_ns: command.cooldown_ns,
        fee_rate: command.fee_rate,
        changed: state.sequence.seq,
    };
    match liquidation_fits(&terms) {
        None => Ok(terms),
        Some(position) => Err(Code::LiquidationInvalid.with(position, 0)),
    }
}

/// May the account be such a vault?
pub fn set_vault(command: &SetVault) -> Result<(), Reject> {
    if command.exposure_max < Money::ZERO {
        return Err(Code::VaultInvalid.with(command.exposure_max.0, 0));
    }
    Ok(())
}

/// Does it change anything?
pub fn set_liquidator<B: Book>(state: &State<B>, command: &SetLiquidator) -> Result<(), Reject> {
    if state.backstop.is_liquidator(command.account) == command.registered {
        return Err(Code::ModeUnchanged.bare());
    }
    Ok(())
}

/// The fund that asset and market name.
fn fund<B: Book>(state: &State<B>, asset: AssetId, market: MarketId) -> Result<PoolId, Reject> {
    if market == MarketId::NONE {
        return Ok(PoolId::Cross(asset));
    }
    if state.market(market).expect("the market was looked up").settlement != asset {
        return Err(Code::PoolInvalid.with(i64::from(asset.0), i64::from(market.0)));
    }
    Ok(PoolId::Isolated(market))
}

/// May the fund be limited so?
pub fn set_insurance<B: Book>(state: &State<B>, command: &SetInsurance) -> Result<PoolId, Reject> {
    let fund = fund(state, command.asset, command.market)?;
    if command.loss_max < Money::ZERO {
        return Err(Code::InsuranceInvalid.with(command.loss_max.0, 0));
    }
    Ok(fund)
}

/// May the money go into the fund?
pub fn fund_insurance<B: Book>(state: &State<B>, command: &FundInsurance) -> Result<PoolId, Reject> {
    let &FundInsurance { asset, market, account, amount } = command;
    let id = fund(state, asset, market)?;
    positive(amount)?;
    if account == AccountId::NONE {
        let fees = state.assets[asset.index()].fees;
        if amount > fees {
            return Err(Code::InsufficientBalance.with(amount.0, fees.0));
        }
    } else {
        let source = Source { state, id: account, asset, amount };
        source.not_held_back(|permissions| permissions.no_transfer, Code::TransferNotPermitted)?;
        source.has()?;
        source.leaves()?;
        source.settles()?;
    }
    let held = state.insurance(id).fund;
    if (held.wide() + amount.wide()).0 > i128::from(BALANCE_MAX) {
        return Err(Code::SupplyLimit.with(amount.0, held.0));
    }
    Ok(id)
}

/// May the pool be locked?
pub fn lock<B: Book>(state: &State<B>, command: &Lock) -> Result<Health, Reject> {
    let health = Health::of(state, command.account, named(state, command.account, command.asset, command.market)?);
    health.below_maintenance()?;
    if health.condition.locked { Err(Code::LockUnchanged.bare()) } else { Ok(health) }
}

/// May it be released?
pub fn release<B: Book>(state: &State<B>, command: &Release) -> Result<Health, Reject> {
    let health = Health::of(state, command.account, named(state, command.account, command.asset, command.market)?);
    if !health.condition.locked {
        return Err(Code::LockUnchanged.bare());
    }
    if health.equity < health.recovered {
        return Err(Code::NotRecovered.with(health.equity.clamp_i64(), health.recovered.clamp_i64()));
    }
    Ok(health)
}

/// May its orders be cancelled?
pub fn cancel_increasing<B: Book>(state: &State<B>, command: &CancelIncreasing) -> Result<Health, Reject> {
    let health = Health::of(state, command.account, named(state, command.account, command.asset, command.market)?);
    health.in_need().map(|()| health)
}
