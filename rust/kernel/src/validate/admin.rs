//! Configuration: what may be set, and to what.

use crate::command::{
    ActivateRuleset, AddAsset, AddMarket, CreateAccount, RegisterAuthor, SetLimits, SetParameters, SetTiers, Tier,
};
use crate::matching::book::Book;
use crate::quantities::{AccountId, Lots, Money, NOTIONAL_MAX, RATE_ONE, Rate, TickValue};
use crate::reject::{Code, Reject, report};
use crate::state::State;
use crate::state::parameters::RULESET;
use crate::wire::Text;

/// Most assets.
pub const ASSETS_MAX: usize = 64;
/// Most markets.
pub const MARKETS_MAX: usize = 1_024;
/// Most authors.
pub const AUTHORS_MAX: usize = 1_024;
/// Most accounts.
pub const ACCOUNTS_MAX: usize = u32::MAX as usize - 1;

const SYMBOL_MAX: usize = 24;
const DECIMALS_MAX: u8 = 18;
const SIZE_E12_MAX: u64 = 1_000_000_000_000_000_000;
const TICK_VALUE_MAX: i128 = 1 << 40;
const PRICE_MAX: i64 = (1 << 31) - 1;
const TIERS_MAX: usize = 16;
/// Highest fee, and highest rebate.
pub const FEE_MAX: i64 = RATE_ONE / 10;

fn symbol(text: &Text) -> Result<(), Reject> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(byte);
    let bytes = text.as_bytes();
    if (1..=SYMBOL_MAX).contains(&bytes.len()) && bytes.iter().all(allowed) {
        Ok(())
    } else {
        Err(Code::SymbolInvalid.bare())
    }
}

fn free(taken: Option<usize>) -> Result<(), Reject> {
    match taken {
        None => Ok(()),
        Some(index) => Err(Code::SymbolTaken.with(report(index as u64 + 1), 0)),
    }
}

fn room(count: usize, max: usize) -> Result<(), Reject> {
    if count < max { Ok(()) } else { Err(Code::CapacityReached.with(report(max as u64), 0)) }
}

/// May the asset be added?
pub fn add_asset<B: Book>(state: &State<B>, command: &AddAsset) -> Result<(), Reject> {
    symbol(&command.symbol)?;
    free(state.assets.iter().position(|asset| asset.symbol == *command.symbol))?;
    if command.decimals > DECIMALS_MAX {
        return Err(Code::DecimalsOutOfRange.with(i64::from(command.decimals), 0));
    }
    room(state.assets.len(), ASSETS_MAX)
}

/// May the market be added? Gives its tick value.
pub fn add_market<B: Book>(state: &State<B>, command: &AddMarket) -> Result<TickValue, Reject> {
    symbol(&command.symbol)?;
    free(state.markets.iter().position(|market| market.symbol == *command.symbol))?;
    if state.asset(command.settlement).expect("the asset was looked up").collateral.is_some() {
        return Err(Code::CollateralConflict.with(2, 0));
    }
    let (tick, lot) = (command.tick_size_e12, command.lot_size_e12);
    if !(1..=SIZE_E12_MAX).contains(&tick) || !(1..=SIZE_E12_MAX).contains(&lot) {
        return Err(Code::SizeOutOfRange.with(report(tick), report(lot)));
    }
    let decimals = state.asset(command.settlement).expect("the asset was looked up").decimals;
    let tick_value = exact_tick_value(tick, lot, decimals).ok_or(Code::TickValueNotExact.bare())?;
    if !(1..=PRICE_MAX).contains(&command.price_max.0) {
        return Err(Code::PriceMaxOutOfRange.with(command.price_max.0, 0));
    }
    if command.position_max.0 < 1 {
        return Err(Code::PositionMaxOutOfRange.with(command.position_max.0, 0));
    }
    // Checked: the three factors are bounded by 2^63, 2^31 and 2^40.
    let worst = i128::from(command.position_max.0)
        .checked_mul(i128::from(command.price_max.0))
        .and_then(|value| value.checked_mul(i128::from(tick_value.0)));
    if worst.is_none_or(|value| value > NOTIONAL_MAX) {
        return Err(Code::NotionalLimit.bare());
    }
    room(state.markets.len(), MARKETS_MAX)?;
    Ok(tick_value)
}

/// `tick_size · lot_size · 10^decimals` minor units, if that is a whole number in range.
fn exact_tick_value(tick_size_e12: u64, lot_size_e12: u64, decimals: u8) -> Option<TickValue> {
    let product = i128::from(tick_size_e12) * i128::from(lot_size_e12);
    let divisor = 10_i128.pow(24 - u32::from(decimals));
    if product % divisor != 0 {
        return None;
    }
    let value = product / divisor;
    (value <= TICK_VALUE_MAX).then(|| TickValue(i64::try_from(value).expect("at most 2^40")))
}

/// May the schedule be set?
pub fn set_tiers(command: &SetTiers) -> Result<(), Reject> {
    let tiers = &command.tiers;
    if tiers.is_empty() || tiers.len() > TIERS_MAX {
        return Err(Code::TiersInvalid.bare());
    }
    for (index, tier) in tiers.iter().enumerate() {
        let previous = index.checked_sub(1).map(|before| &tiers[before]);
        if !tier_follows(previous, tier) {
            return Err(Code::TiersInvalid.with(report(index as u64 + 1), 0));
        }
    }
    Ok(())
}

fn tier_follows(previous: Option<&Tier>, tier: &Tier) -> bool {
    let rates =
        0 <= tier.maintenance_rate.0 && tier.maintenance_rate <= tier.initial_rate && tier.initial_rate.0 <= RATE_ONE;
    let order = match previous {
        None => tier.lower_bound == Money::ZERO,
        Some(last) => {
            last.lower_bound < tier.lower_bound
                && last.initial_rate <= tier.initial_rate
                && last.maintenance_rate <= tier.maintenance_rate
        }
    };
    rates && order
}

/// May the limits be set?
pub fn set_limits<B: Book>(state: &State<B>, command: &SetLimits) -> Result<(), Reject> {
    let position_max = state.market(command.market).expect("the market was looked up").position_max;
    let checks = [
        command.order_min_notional >= Money::ZERO,
        (Lots(1)..=position_max).contains(&command.order_max_lots),
        (Rate(0)..=Rate(RATE_ONE)).contains(&command.price_band_rate),
        (Rate(1)..=Rate(RATE_ONE)).contains(&command.market_bound_rate),
    ];
    first_failed(&checks).map_or(Ok(()), |position| Err(Code::LimitsInvalid.with(position, 0)))
}

/// May the parameters be set?
pub fn set_parameters(command: &SetParameters) -> Result<(), Reject> {
    let checks = [(1..=1_000_000).contains(&command.open_orders_max), command.root_interval_commands >= 1];
    first_failed(&checks).map_or(Ok(()), |position| Err(Code::ParametersInvalid.with(position, 0)))
}

/// The position, counted from 1, of the first check that failed.
pub fn first_failed(checks: &[bool]) -> Option<i64> {
    checks.iter().position(|ok| !ok).map(|index| report(index as u64 + 1))
}

/// May the account be opened?
pub fn create_account<B: Book>(state: &State<B>, command: &CreateAccount) -> Result<(), Reject> {
    if command.parent != AccountId::NONE && state.accounts.of(command.parent).master != command.parent {
        return Err(Code::ParentIsSubAccount.with(i64::from(command.parent.0), 0));
    }
    room(state.accounts.len(), ACCOUNTS_MAX)
}

/// May the author be registered?
pub fn register_author<B: Book>(state: &State<B>, command: &RegisterAuthor) -> Result<(), Reject> {
    if command.name.as_bytes().is_empty() || command.version.as_bytes().is_empty() {
        return Err(Code::AuthorInvalid.bare());
    }
    room(state.authors.len(), AUTHORS_MAX)
}

/// Is the ruleset one of ours?
pub fn activate_ruleset(command: &ActivateRuleset) -> Result<(), Reject> {
    if command.ruleset == RULESET { Ok(()) } else { Err(Code::RulesetNotSupported.with(i64::from(command.ruleset), 0)) }
}

/// The number of an entity by its index, which starts at 0.
pub fn number(index: usize) -> u16 {
    u16::try_from(index + 1).expect("capacity is checked")
}
