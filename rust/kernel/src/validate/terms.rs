//! The terms of margin, fees and collateral: what may be set, and to what.

use super::admin::{FEE_MAX, first_failed};
use crate::command::{
    FeeTier, SetAccountFees, SetCaps, SetCollateral, SetCollateralPrice, SetExposureCap, SetFeeTiers, SetFees,
    SetLevels, SetPermissions, SetScaling, SetWithdrawalGate,
};
use crate::matching::book::Book;
use crate::quantities::{Lots, MarketId, Money, NOTIONAL_MAX, RATE_ONE, Rate};
use crate::reject::{Code, Reject, report};
use crate::state::State;
use crate::state::market::{Fees, Market};

/// Most entries of a permission list, and most fee tiers.
pub const LIST_MAX: usize = 16;
const PRICE_DECIMALS_MAX: u8 = 18;

fn whole(rate: Rate) -> bool {
    (0..=RATE_ONE).contains(&rate.0)
}

fn positioned(checks: &[bool], code: Code) -> Result<(), Reject> {
    first_failed(checks).map_or(Ok(()), |position| Err(code.with(position, 0)))
}

fn in_range(rate: Rate) -> bool {
    (-FEE_MAX..=FEE_MAX).contains(&rate.0)
}

/// The lowest maker and taker rates of a market's tiers.
fn lowest(base: FeeTier, tiers: &[FeeTier]) -> (i64, i64) {
    tiers.iter().fold((base.maker_rate.0, base.taker_rate.0), |(maker, taker), tier| {
        (maker.min(tier.maker_rate.0), taker.min(tier.taker_rate.0))
    })
}

/// May the fees be set? With no tier of the market may they pay out more than they take in.
pub fn set_fees<B: Book>(state: &State<B>, command: &SetFees) -> Result<(), Reject> {
    let market = state.market(command.market).expect("the market was looked up");
    fees(command, &market.fees.tiers)
}

/// Whether base fees go with tiers.
pub fn fees(command: &SetFees, tiers: &[FeeTier]) -> Result<(), Reject> {
    let &SetFees { maker_rate, taker_rate, .. } = command;
    let (maker, taker) = lowest(FeeTier { maker_rate, taker_rate }, tiers);
    if in_range(maker_rate) && in_range(taker_rate) && maker_rate.0 + taker >= 0 && taker_rate.0 + maker >= 0 {
        Ok(())
    } else {
        Err(Code::FeesOutOfRange.with(maker_rate.0, taker_rate.0))
    }
}

/// May the fee tiers be set?
pub fn set_fee_tiers<B: Book>(state: &State<B>, command: &SetFeeTiers) -> Result<(), Reject> {
    let market = state.market(command.market).expect("the market was looked up");
    fee_tiers(&command.tiers, &market.fees)
}

/// Whether fee tiers go with a market's base fees and with each other.
pub fn fee_tiers(tiers: &[FeeTier], fees: &Fees) -> Result<(), Reject> {
    if tiers.len() > LIST_MAX {
        return Err(Code::FeeTiersInvalid.bare());
    }
    let (maker, taker) = lowest(FeeTier { maker_rate: fees.maker_rate, taker_rate: fees.taker_rate }, tiers);
    let goes = |tier: &FeeTier| {
        in_range(tier.maker_rate)
            && in_range(tier.taker_rate)
            && tier.maker_rate.0.saturating_add(taker) >= 0
            && tier.taker_rate.0.saturating_add(maker) >= 0
    };
    match tiers.iter().position(|tier| !goes(tier)) {
        None => Ok(()),
        Some(index) => Err(Code::FeeTiersInvalid.with(report(index as u64 + 1), 0)),
    }
}

/// May the account's fees be set?
pub fn set_account_fees(command: &SetAccountFees) -> Result<(), Reject> {
    let checks = [usize::from(command.tier) <= LIST_MAX, (0..=FEE_MAX).contains(&command.maker_rebate_rate.0)];
    positioned(&checks, Code::AccountFeesInvalid)
}

/// May the scaling be set?
pub fn set_scaling(command: &SetScaling) -> Result<(), Reject> {
    let &SetScaling { size_rate, open_interest_lower, open_interest_upper, .. } = command;
    let checks = [whole(size_rate), open_interest_lower >= Lots::ZERO, open_interest_upper >= open_interest_lower];
    positioned(&checks, Code::ScalingInvalid)
}

/// May the caps be set?
pub fn set_caps(command: &SetCaps) -> Result<(), Reject> {
    let &SetCaps { open_interest_max, concentration_rate, concentration_floor, .. } = command;
    let checks = [open_interest_max >= Lots::ZERO, whole(concentration_rate), concentration_floor >= Lots::ZERO];
    positioned(&checks, Code::CapsInvalid)
}

/// May the exposure cap be set?
pub fn set_exposure_cap(command: &SetExposureCap) -> Result<(), Reject> {
    if command.notional_max < Money::ZERO {
        return Err(Code::ExposureCapInvalid.with(command.notional_max.0, 0));
    }
    Ok(())
}

/// May the levels be set?
pub fn set_levels(command: &SetLevels) -> Result<(), Reject> {
    let &SetLevels { initial_rate, transfer_rate, buffer_rate, account_floor, .. } = command;
    let checks = [
        (RATE_ONE..=10 * RATE_ONE).contains(&initial_rate.0),
        (RATE_ONE..=10 * RATE_ONE).contains(&transfer_rate.0),
        (0..=10 * RATE_ONE).contains(&buffer_rate.0),
        (0..=NOTIONAL_MAX).contains(&i128::from(account_floor.0)),
    ];
    positioned(&checks, Code::LevelsInvalid)
}

/// May the asset be collateral?
pub fn set_collateral<B: Book>(state: &State<B>, command: &SetCollateral) -> Result<(), Reject> {
    let &SetCollateral { asset, settlement, haircut_rate, account_cap, total_cap, price_decimals } = command;
    let checks = [
        settlement != asset,
        whole(haircut_rate),
        account_cap >= Money::ZERO,
        total_cap >= Money::ZERO,
        price_decimals <= PRICE_DECIMALS_MAX,
    ];
    positioned(&checks, Code::CollateralInvalid)?;
    let own = state.asset(asset).expect("the asset was looked up");
    let other = state.asset(settlement).expect("the asset was looked up");
    let conflicts = [
        state.markets.iter().any(|market| market.settlement == asset),
        other.collateral.is_some(),
        !own.counts.is_empty(),
        own.collateral.is_some_and(|collateral| collateral.settlement != settlement),
    ];
    match conflicts.iter().position(|conflict| *conflict) {
        None => Ok(()),
        Some(index) => Err(Code::CollateralConflict.with(report(index as u64 + 1), 0)),
    }
}

/// May the collateral have this price?
pub fn set_collateral_price<B: Book>(state: &State<B>, command: &SetCollateralPrice) -> Result<(), Reject> {
    let Some(collateral) = state.asset(command.asset).expect("the asset was looked up").collateral else {
        return Err(Code::NotCollateral.bare());
    };
    let scale = 10_i128.pow(u32::from(collateral.price_decimals));
    let worth = i128::from(collateral.account_cap.0) * i128::from(command.price);
    let fits = command.price >= 0 && worth.div_euclid(scale) <= NOTIONAL_MAX;
    positioned(&[fits, whole(command.depeg_rate)], Code::CollateralPriceInvalid)
}

/// May the permissions be set?
pub fn set_permissions<B: Book>(state: &State<B>, command: &SetPermissions) -> Result<(), Reject> {
    let invalid = |position, entry| Code::PermissionsInvalid.with(position, entry);
    ascending(&command.markets).map_err(|entry| invalid(4, entry))?;
    ascending(&command.destinations).map_err(|entry| invalid(5, entry))?;
    let unknown = command.markets.iter().find(|market| state.market(**market).is_none());
    unknown.map_or(Ok(()), |market: &MarketId| Err(Code::UnknownMarket.with(i64::from(market.0), 0)))
}

/// Few and strictly increasing; or the number of the first entry that is not, 0 if there are too many.
fn ascending<T: PartialOrd>(list: &[T]) -> Result<(), i64> {
    if list.len() > LIST_MAX {
        return Err(0);
    }
    match list.windows(2).position(|pair| pair[0] >= pair[1]) {
        None => Ok(()),
        Some(index) => Err(report(index as u64 + 2)),
    }
}

/// May the gate be set?
pub fn set_withdrawal_gate(command: &SetWithdrawalGate) -> Result<(), Reject> {
    if command.amount_max >= Money::ZERO { Ok(()) } else { Err(Code::GateInvalid.with(3, 0)) }
}

/// Highest funding rate of one epoch, either way.
pub const FUNDING_RATE_MAX: i64 = RATE_ONE / 10;

/// Whether what an index makes the largest position owe stays below 2^60.
pub fn index_fits(index: i128, market: &Market) -> bool {
    let owed = index.checked_mul(i128::from(market.position_max.0));
    owed.is_some_and(|owed| owed.unsigned_abs() <= (1 << 60) * u128::from(RATE_ONE.unsigned_abs()))
}
