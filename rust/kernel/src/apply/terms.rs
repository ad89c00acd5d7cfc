//! The terms of margin, fees and collateral.

use crate::command::{
    SetAccountFees, SetCaps, SetCollateral, SetCollateralPrice, SetExposureCap, SetFeeTiers, SetLevels, SetMarketMode,
    SetPermissions, SetScaling, SetWithdrawalGate,
};
use crate::emit::Emitter;
use crate::event::{
    AccountFeesSet, CapsSet, CollateralPriceSet, CollateralSet, ExposureCapSet, FeeTiersSet, LevelsSet, MarketModeSet,
    PermissionsSet, ScalingSet, WithdrawalGateSet,
};
use crate::matching::book::Book;
use crate::quantities::{AccountId, Money, RATE_ONE, Rate};
use crate::reject::{Code, Reject};
use crate::state::State;
use crate::state::account::{ExposureCaps, Permissions};
use crate::state::asset::{Collateral, Levels};
use crate::state::market::{Caps, Scaling};
use crate::validate::terms as check;

/// How many a short list holds.
fn short(length: usize) -> u8 {
    u8::try_from(length).expect("lists are short")
}

pub fn set_fee_tiers<B: Book>(state: &mut State<B>, command: &SetFeeTiers, out: &mut Emitter) -> Result<(), Reject> {
    check::set_fee_tiers(state, command)?;
    state.markets[command.market.index()].fees.tiers.clone_from(&command.tiers);
    out.emit(&FeeTiersSet { market: command.market, count: short(command.tiers.len()) });
    Ok(())
}

pub fn set_account_fees<B: Book>(
    state: &mut State<B>,
    command: &SetAccountFees,
    out: &mut Emitter,
) -> Result<(), Reject> {
    check::set_account_fees(command)?;
    let &SetAccountFees { account, tier, maker_rebate_rate } = command;
    let profile = &mut state.accounts.holdings_mut(account).profile;
    (profile.fee_tier, profile.maker_rebate_rate) = (tier, maker_rebate_rate);
    out.emit(&AccountFeesSet { account, tier, maker_rebate_rate });
    Ok(())
}

pub fn set_market_mode<B: Book>(
    state: &mut State<B>,
    command: &SetMarketMode,
    out: &mut Emitter,
) -> Result<(), Reject> {
    let &SetMarketMode { market, mode } = command;
    let terms = &mut state.markets[market.index()];
    if terms.mode == mode {
        return Err(Code::ModeUnchanged.bare());
    }
    let previous = std::mem::replace(&mut terms.mode, mode);
    out.emit(&MarketModeSet { market, mode, previous });
    Ok(())
}

pub fn set_scaling<B: Book>(state: &mut State<B>, command: &SetScaling, out: &mut Emitter) -> Result<(), Reject> {
    check::set_scaling(command)?;
    let &SetScaling { market, size_rate, open_interest_lower, open_interest_upper } = command;
    let changed = state.sequence.seq;
    state.markets[market.index()].scaling = Scaling { size_rate, open_interest_lower, open_interest_upper, changed };
    out.emit(&ScalingSet { market, size_rate, open_interest_lower, open_interest_upper });
    Ok(())
}

pub fn set_caps<B: Book>(state: &mut State<B>, command: &SetCaps, out: &mut Emitter) -> Result<(), Reject> {
    check::set_caps(command)?;
    let &SetCaps { market, open_interest_max, concentration_rate, concentration_floor } = command;
    state.markets[market.index()].caps = Caps { open_interest_max, concentration_rate, concentration_floor };
    out.emit(&CapsSet { market, open_interest_max, concentration_rate, concentration_floor });
    Ok(())
}

pub fn set_exposure_cap<B: Book>(
    state: &mut State<B>,
    command: &SetExposureCap,
    out: &mut Emitter,
) -> Result<(), Reject> {
    check::set_exposure_cap(command)?;
    let &SetExposureCap { account, scope, id, notional_max } = command;
    let set = |caps: &mut ExposureCaps| {
        if notional_max == Money::ZERO {
            caps.remove(&(scope, id));
        } else {
            caps.insert((scope, id), notional_max);
        }
    };
    if account == AccountId::NONE {
        set(&mut state.exposure_caps);
    } else {
        state.accounts.change_mandate(account, |mandate| set(&mut mandate.caps));
    }
    out.emit(&ExposureCapSet { account, scope, id, notional_max });
    Ok(())
}

pub fn set_levels<B: Book>(state: &mut State<B>, command: &SetLevels, out: &mut Emitter) -> Result<(), Reject> {
    check::set_levels(command)?;
    let &SetLevels { asset, initial_rate, transfer_rate, buffer_rate, account_floor } = command;
    let changed = state.sequence.seq;
    state.assets[asset.index()].levels = Levels { initial_rate, transfer_rate, buffer_rate, account_floor, changed };
    out.emit(&LevelsSet { asset, initial_rate, transfer_rate, buffer_rate, account_floor });
    Ok(())
}

pub fn set_collateral<B: Book>(state: &mut State<B>, command: &SetCollateral, out: &mut Emitter) -> Result<(), Reject> {
    check::set_collateral(state, command)?;
    let &SetCollateral { asset, settlement, haircut_rate, account_cap, total_cap, price_decimals } = command;
    let seq = state.sequence.seq;
    state.assets[asset.index()].collateral = Some(Collateral {
        settlement,
        haircut_rate,
        account_cap,
        total_cap,
        price_decimals,
        price: 0,
        depeg_rate: Rate(RATE_ONE),
        changed: seq,
        price_changed: 0,
    });
    let counts = &mut state.assets[settlement.index()].counts;
    if let Err(index) = counts.binary_search(&asset) {
        counts.insert(index, asset);
    }
    out.emit(&CollateralSet { asset, settlement, haircut_rate, account_cap, total_cap, price_decimals });
    Ok(())
}

pub fn set_collateral_price<B: Book>(
    state: &mut State<B>,
    command: &SetCollateralPrice,
    out: &mut Emitter,
) -> Result<(), Reject> {
    check::set_collateral_price(state, command)?;
    let &SetCollateralPrice { asset, price, depeg_rate } = command;
    let seq = state.sequence.seq;
    let collateral = state.assets[asset.index()].collateral.as_mut().expect("it was checked that there is one");
    let previous = std::mem::replace(&mut collateral.price, price);
    (collateral.depeg_rate, collateral.price_changed) = (depeg_rate, seq);
    out.emit(&CollateralPriceSet { asset, price, depeg_rate, previous });
    Ok(())
}

pub fn set_permissions<B: Book>(
    state: &mut State<B>,
    command: &SetPermissions,
    out: &mut Emitter,
) -> Result<(), Reject> {
    check::set_permissions(state, command)?;
    let SetPermissions { account, reduce_only, no_withdraw, no_transfer, markets, destinations } = command.clone();
    out.emit(&PermissionsSet {
        account,
        reduce_only,
        no_withdraw,
        no_transfer,
        markets: short(markets.len()),
        destinations: short(destinations.len()),
    });
    state.accounts.holdings_mut(account).profile.reduce_only = reduce_only;
    let permissions = Permissions { no_withdraw, no_transfer, markets, destinations };
    state.accounts.change_mandate(account, |mandate| mandate.permissions = permissions);
    Ok(())
}

pub fn set_withdrawal_gate<B: Book>(
    state: &mut State<B>,
    command: &SetWithdrawalGate,
    out: &mut Emitter,
) -> Result<(), Reject> {
    check::set_withdrawal_gate(command)?;
    let &SetWithdrawalGate { asset, closed, interval_ns, amount_max } = command;
    let gate = &mut state.assets[asset.index()].gate;
    (gate.closed, gate.interval_ns, gate.amount_max) = (closed, interval_ns, amount_max);
    out.emit(&WithdrawalGateSet { asset, closed, interval_ns, amount_max });
    Ok(())
}
