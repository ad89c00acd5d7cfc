//! Loading what configuration commands set: each value is held to the check of its command.

use super::SnapshotError;
use super::groups;
use super::load::{Loaded, allowed, require};
use super::parts::Parts;
use crate::command::{
    AddAsset, AddMarket, SetCaps, SetCollateral, SetCollateralPrice, SetExposureCap, SetFees, SetLevels, SetLimits,
    SetParameters, SetScaling, SetTiers, SetWithdrawalGate,
};
use crate::matching::book::Book;
use crate::quantities::{AccountId, AssetId, BALANCE_MAX, Lots, MarketId, Money, RATE_ONE, SUPPLY_MAX, Ticks, Wide};
use crate::state::State;
use crate::state::account::ExposureCaps;
use crate::state::asset::{Asset, Collateral, Levels, LiquidationTerms};
use crate::state::funding::Funding;
use crate::state::insurance::Insurance;
use crate::state::market::{Caps, Limits, Market, Scaling, Schedule};
use crate::state::oracle::Oracle;
use crate::state::parameters::{RULESET, Sequence};
use crate::validate::waterfall::settings;
use crate::validate::{admin, terms};

pub fn configuration<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>) -> Loaded<()> {
    let parameters = parts.parameters()?;
    let command = SetParameters {
        open_orders_max: parameters.open_orders_max,
        root_interval_commands: parameters.root_interval_commands,
        root_interval_ns: parameters.root_interval_ns,
    };
    allowed(admin::set_parameters(&command), "parameters")?;
    require(parameters.ruleset == RULESET, "ruleset")?;
    state.parameters = parameters;
    let authors = parts.count(3)?;
    require(authors <= admin::AUTHORS_MAX, "authors")?;
    for _ in 0..authors {
        state.authors.push(parts.author()?);
    }
    let mut collateral = Vec::new();
    for _ in 0..parts.count(150)? {
        collateral.push(asset(parts, state)?);
    }
    for _ in 0..parts.count(170)? {
        market(parts, state)?;
    }
    for (index, collateral) in collateral.into_iter().enumerate() {
        if let Some(collateral) = collateral {
            counts(state, AssetId(admin::number(index)), collateral)?;
        }
    }
    groups::groups(parts, &mut state.groups)?;
    state.exposure_caps = exposure_caps(parts)?;
    Ok(())
}

fn asset<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>) -> Loaded<Option<Collateral>> {
    let (symbol, decimals) = (parts.text()?, parts.u8()?);
    allowed(admin::add_asset(state, &AddAsset { symbol: Box::new(symbol), decimals }), "asset")?;
    let mut asset = Asset::new(symbol, decimals);
    asset.levels = levels(parts)?;
    asset.liquidation = liquidation(parts)?;
    asset.portfolio = groups::portfolio(parts)?;
    let collateral = if parts.flag()? { Some(parts.collateral()?) } else { None };
    (asset.gate.closed, asset.gate.interval_ns, asset.gate.amount_max) = (parts.flag()?, parts.u64()?, parts.money()?);
    let gate = SetWithdrawalGate {
        asset: AssetId::NONE,
        closed: asset.gate.closed,
        interval_ns: asset.gate.interval_ns,
        amount_max: asset.gate.amount_max,
    };
    allowed(terms::set_withdrawal_gate(&gate), "gate")?;
    insurance_terms(parts, &mut asset.insurance)?;
    state.assets.push(asset);
    Ok(collateral)
}

fn levels(parts: &mut Parts<'_>) -> Loaded<Levels> {
    let levels = Levels {
        initial_rate: parts.rate()?,
        transfer_rate: parts.rate()?,
        buffer_rate: parts.rate()?,
        account_floor: parts.money()?,
        changed: parts.u64()?,
    };
    let Levels { initial_rate, transfer_rate, buffer_rate, account_floor, changed: _ } = levels;
    let asset = AssetId::NONE;
    let command = SetLevels { asset, initial_rate, transfer_rate, buffer_rate, account_floor };
    allowed(terms::set_levels(&command), "levels")?;
    Ok(levels)
}

fn liquidation(parts: &mut Parts<'_>) -> Loaded<LiquidationTerms> {
    let terms = LiquidationTerms {
        first_call_rate: parts.rate()?,
        second_call_rate: parts.rate()?,
        take_over_rate: parts.rate()?,
        adjustment_rate: parts.rate()?,
        spread_rate: parts.rate()?,
        partial_rate: parts.rate()?,
        partial_notional: parts.money()?,
        fee_rate: parts.rate()?,
        cooldown_ns: parts.u64()?,
        changed: parts.u64()?,
    };
    require(settings::liquidation_fits(&terms).is_none(), "liquidation")?;
    Ok(terms)
}

/// Collateral is checked when all assets and markets are there.
fn counts<B: Book>(state: &mut State<B>, asset: AssetId, collateral: Collateral) -> Loaded<()> {
    let Collateral { settlement, haircut_rate, account_cap, total_cap, price_decimals, price, depeg_rate, .. } =
        collateral;
    require(state.asset(settlement).is_some(), "collateral")?;
    let command = SetCollateral { asset, settlement, haircut_rate, account_cap, total_cap, price_decimals };
    allowed(terms::set_collateral(state, &command), "collateral")?;
    state.assets[asset.index()].collateral = Some(collateral);
    state.assets[settlement.index()].counts.push(asset);
    allowed(terms::set_collateral_price(state, &SetCollateralPrice { asset, price, depeg_rate }), "collateral")
}

/// Largest exposures by scope, ascending.
pub fn exposure_caps(parts: &mut Parts<'_>) -> Loaded<ExposureCaps> {
    let mut caps = ExposureCaps::new();
    for _ in 0..parts.count(11)? {
        let (scope, id, notional_max) = (parts.scope()?, parts.u16()?, parts.money()?);
        let command = SetExposureCap { account: AccountId::NONE, scope, id, notional_max };
        allowed(terms::set_exposure_cap(&command), "exposure cap")?;
        require(notional_max > Money::ZERO && caps.insert((scope, id), notional_max).is_none(), "exposure cap")?;
    }
    Ok(caps)
}

fn market<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>) -> Loaded<()> {
    let id = MarketId(u16::try_from(state.markets.len() + 1).map_err(|_| SnapshotError::Impossible("market"))?);
    let (symbol, settlement) = (parts.text()?, AssetId(parts.u16()?));
    require(state.asset(settlement).is_some(), "settlement")?;
    let (tick_size_e12, lot_size_e12) = (parts.u64()?, parts.u64()?);
    let (price_max, position_max) = (Ticks(parts.i64()?), Lots(parts.i64()?));
    let command =
        AddMarket { symbol: Box::new(symbol), settlement, tick_size_e12, lot_size_e12, price_max, position_max };
    let tick_value = allowed(admin::add_market(state, &command), "market")?;
    let mut market = Market::new(id, &command, tick_value);
    (market.fees.maker_rate, market.fees.taker_rate) = (parts.rate()?, parts.rate()?);
    market.limits = Limits {
        order_min_notional: parts.money()?,
        order_max_lots: Lots(parts.i64()?),
        price_band_rate: parts.rate()?,
        market_bound_rate: parts.rate()?,
    };
    market.scaling = Scaling {
        size_rate: parts.rate()?,
        open_interest_lower: Lots(parts.i64()?),
        open_interest_upper: Lots(parts.i64()?),
        changed: 0,
    };
    market.caps = Caps {
        open_interest_max: Lots(parts.i64()?),
        concentration_rate: parts.rate()?,
        concentration_floor: Lots(parts.i64()?),
    };
    (market.scaling.changed, market.schedule_changed) = (parts.u64()?, parts.u64()?);
    (market.mode, market.stress) = (parts.mode()?, parts.flag()?);
    market.grades = parts.grades()?;
    let scenarios = groups::scenarios(parts)?;
    insurance_terms(parts, &mut market.insurance)?;
    market.fees.tiers = parts.fee_tiers()?;
    market.schedule = Schedule::new(&tiers_checked(id, parts.tiers()?)?);
    state.books.push(B::new(price_max));
    state.markets.push(market);
    groups::set_scenarios(state, id, &scenarios)?;
    market_checked(state, id)
}

fn tiers_checked(market: MarketId, tiers: Vec<crate::command::Tier>) -> Loaded<Vec<crate::command::Tier>> {
    if tiers.is_empty() {
        return Ok(tiers);
    }
    let command = SetTiers { market, tiers };
    allowed(admin::set_tiers(&command), "tiers")?;
    Ok(command.tiers)
}

fn market_checked<B: Book>(state: &State<B>, id: MarketId) -> Loaded<()> {
    let market = &state.markets[id.index()];
    let (maker_rate, taker_rate) = (market.fees.maker_rate, market.fees.taker_rate);
    allowed(terms::fees(&SetFees { market: id, maker_rate, taker_rate }, &market.fees.tiers), "fees")?;
    allowed(terms::fee_tiers(&market.fees.tiers, &market.fees), "fee tiers")?;
    let Limits { order_min_notional, order_max_lots, price_band_rate, market_bound_rate } = market.limits;
    let limits = SetLimits { market: id, order_min_notional, order_max_lots, price_band_rate, market_bound_rate };
    allowed(admin::set_limits(state, &limits), "limits")?;
    let Scaling { size_rate, open_interest_lower, open_interest_upper, changed: _ } = market.scaling;
    let scaling = SetScaling { market: id, size_rate, open_interest_lower, open_interest_upper };
    allowed(terms::set_scaling(&scaling), "scaling")?;
    let Caps { open_interest_max, concentration_rate, concentration_floor } = market.caps;
    allowed(
        terms::set_caps(&SetCaps { market: id, open_interest_max, concentration_rate, concentration_floor }),
        "caps",
    )
}

pub fn funds_and_prices<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>) -> Loaded<()> {
    for asset in &mut state.assets {
        asset.net_deposits = parts.money()?;
        require((0..=SUPPLY_MAX).contains(&asset.net_deposits.0), "deposits")?;
        for fund in [&mut asset.fees, &mut asset.dust] {
            *fund = parts.money()?;
            require(fund.0 >= 0 && balance_fits(*fund), "funds")?;
        }
        insurance(parts, &mut asset.insurance)?;
        (asset.gate.window, asset.gate.withdrawn) = (parts.u64()?, Wide(parts.i128()?));
        require(asset.gate.withdrawn >= Wide::ZERO && asset.gate.withdrawn.0 < 1 << 100, "gate")?;
    }
    for market in &mut state.markets {
        market.mark = Ticks(parts.i64()?);
        market.mark_changed = parts.u64()?;
        market.last = Ticks(parts.i64()?);
        let possible = |price: Ticks| price == Ticks::ZERO || market.has_price(price);
        require(possible(market.mark) && possible(market.last), "price")?;
        market.oracle = parts.oracle()?;
        require(possible_oracle(market, &state.sequence), "oracle")?;
        market.funding = funding(parts)?;
        require(fits_funding(market), "funding")?;
        insurance(parts, &mut market.insurance)?;
        let whole = (market.funding.clearing + market.funding.fraction).div_euclid(i128::from(RATE_ONE));
        let asset = &mut state.assets[market.settlement.index()];
        asset.in_markets += Wide(whole) + market.insurance.fund.wide();
    }
    Ok(())
}

/// Whether a command could have set the oracle, or none has.
fn possible_oracle(market: &Market, sequence: &Sequence) -> bool {
    let Oracle { price, confidence, grade: _, observed_at: _, updated_at, changed } = market.oracle;
    let set = market.has_price(price) && confidence >= Ticks::ZERO && changed != 0;
    (set || market.oracle == Oracle::default()) && updated_at <= sequence.time && changed <= sequence.seq
}

fn insurance_terms(parts: &mut Parts<'_>, insurance: &mut Insurance) -> Loaded<()> {
    (insurance.loss_max, insurance.interval_ns) = (parts.money()?, parts.u64()?);
    require(insurance.loss_max >= Money::ZERO, "insurance terms")
}

fn insurance(parts: &mut Parts<'_>, insurance: &mut Insurance) -> Loaded<()> {
    (insurance.fund, insurance.window, insurance.paid) = (parts.money()?, parts.u64()?, parts.money()?);
    require(insurance.fund.0 >= 0 && balance_fits(insurance.fund) && insurance.paid.0 >= 0, "insurance")
}

fn funding(parts: &mut Parts<'_>) -> Loaded<Funding> {
    Ok(Funding {
        index: parts.i128()?,
        loss_long: parts.i128()?,
        loss_short: parts.i128()?,
        clearing: parts.i128()?,
        fraction: parts.i128()?,
        last_rate: parts.rate()?,
        changed: parts.u64()?,
        loss_changed: parts.u64()?,
    })
}

/// Whether indices are within the funding limit, and what is cleared within what they could have made.
fn fits_funding(market: &Market) -> bool {
    let Funding { index, loss_long, loss_short, clearing, fraction, last_rate, .. } = market.funding;
    let fits = |index: i128| terms::index_fits(index, market);
    fits(index)
        && fits(loss_long)
        && fits(loss_short)
        && loss_long >= 0
        && loss_short >= 0
        && clearing.unsigned_abs() < 1 << 122
        && (0..i128::from(RATE_ONE)).contains(&fraction)
        && (-terms::FUNDING_RATE_MAX..=terms::FUNDING_RATE_MAX).contains(&last_rate.0)
}

/// Whether commands could have made the balance: they add to it within its bound, and one moves less than 2^60; what
/// funding it owed when it was last settled is less than 2^62.
pub fn balance_fits(money: Money) -> bool {
    money.0.unsigned_abs() <= BALANCE_MAX.unsigned_abs() + (1 << 60) + (1 << 61)
}
