//! Loading accounts: balances, permissions, positions, riders, nonces.

use super::SnapshotError;
use super::load::{Loaded, allowed, require};
use super::parts::Parts;
use super::terms::{balance_fits, exposure_caps};
use crate::command::{SetAccountFees, SetPermissions};
use crate::invariants::is_possible;
use crate::matching::book::Book;
use crate::quantities::{AccountId, AssetId, AuthorId, Lots, MarketId, Money, RATE_ONE, Rate, Ticks};
use crate::state::State;
use crate::state::account::{Mandate, Permissions};
use crate::state::holdings::{Balance, Profile, Rider};
use crate::state::nonces::Freshness;
use crate::state::position::Position;
use crate::validate::terms;

pub fn account<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>) -> Loaded<()> {
    let id = state.accounts.open(AccountId(parts.u32()?));
    let profile = Profile {
        mode: parts.margin_mode()?,
        reduce_only: parts.flag()?,
        fee_tier: parts.u8()?,
        maker_rebate_rate: parts.rate()?,
    };
    let Profile { fee_tier: tier, maker_rebate_rate, .. } = profile;
    allowed(terms::set_account_fees(&SetAccountFees { account: id, tier, maker_rebate_rate }), "account fees")?;
    state.accounts.holdings_mut(id).profile = profile;
    for _ in 0..parts.count(60)? {
        balance(parts, state, id)?;
    }
    if parts.flag()? {
        mandate(parts, state, id)?;
    }
    for _ in 0..parts.count(58)? {
        position(parts, state, id)?;
    }
    for _ in 0..parts.count(61)? {
        rider(parts, state, id)?;
    }
    let (nonces, latest) = (parts.count(16)?, state.sequence.seq);
    for _ in 0..nonces {
        let (nonce, seq) = (parts.u64()?, parts.u64()?);
        let remembered = state.accounts.nonces_mut(id);
        let fresh = nonce > 0 && remembered.freshness(nonce) == Freshness::Fresh;
        require(fresh && (1..=latest).contains(&seq), "nonce")?;
        remembered.remember(nonce, seq);
    }
    Ok(())
}

fn balance<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>, id: AccountId) -> Loaded<()> {
    let asset = AssetId(parts.u16()?);
    let balance = Balance {
        cash: parts.money()?,
        changed: parts.u64()?,
        maker_volume: parts.u128()?,
        taker_volume: parts.u128()?,
        condition: parts.condition()?,
    };
    // Volumes only grow, by less than 2^60 a trade: no session counts to 2^64 trades.
    let volumes = balance.maker_volume.max(balance.taker_volume) < 1 << 124;
    require(balance_fits(balance.cash) && volumes && balance.changed <= state.sequence.seq, "balance")?;
    let terms = state.assets.get_mut(asset.index()).ok_or(SnapshotError::Impossible("balance"))?;
    terms.total_cash += balance.cash.wide();
    *state.accounts.holdings_mut(id).balance_mut(asset) = balance;
    Ok(())
}

fn mandate<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>, id: AccountId) -> Loaded<()> {
    let permissions = Permissions {
        no_withdraw: parts.flag()?,
        no_transfer: parts.flag()?,
        markets: parts.list(2, |parts| parts.u16().map(MarketId))?,
        destinations: parts.list(8, Parts::u64)?,
    };
    let command = SetPermissions {
        account: id,
        reduce_only: false,
        no_withdraw: permissions.no_withdraw,
        no_transfer: permissions.no_transfer,
        markets: permissions.markets.clone(),
        destinations: permissions.destinations.clone(),
    };
    allowed(terms::set_permissions(state, &command), "permissions")?;
    let caps = exposure_caps(parts)?;
    let mut held = Mandate { permissions, caps, ..Mandate::default() };
    for _ in 0..parts.count(14)? {
        let (destination, asset, amount) = (AccountId(parts.u32()?), AssetId(parts.u16()?), parts.money()?);
        let known = state.asset(asset).is_some() && destination != AccountId::NONE && amount > Money::ZERO;
        require(known && held.allowances.insert((destination, asset), amount).is_none(), "allowance")?;
    }
    held.agents = parts.list(2, |parts| parts.u16().map(AuthorId))?;
    require(held != Mandate::default(), "mandate")?;
    state.accounts.change_mandate(id, |mandate| *mandate = held);
    Ok(())
}

fn position<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>, id: AccountId) -> Loaded<()> {
    let position = Position {
        market: MarketId(parts.u16()?),
        ridden: false,
        lots: Lots(parts.i64()?),
        cost: parts.money()?,
        buys: Lots(parts.i64()?),
        sells: Lots(parts.i64()?),
        changed: parts.u64()?,
        index: parts.i128()?,
    };
    let market = state.markets.get_mut(position.market.index()).ok_or(SnapshotError::Impossible("position"))?;
    require(is_possible(&position, market) && position.changed <= state.sequence.seq, "position")?;
    require(!position.is_live() || (market.mark != Ticks::ZERO && !market.schedule.is_empty()), "position")?;
    let flat = position.lots.0 == 0;
    let remembers =
        if flat { position.index == 0 && position.changed == 0 } else { terms::index_fits(position.index, market) };
    require(remembers, "position")?;
    market.net_lots += i128::from(position.lots.0);
    market.open_interest += i128::from(position.lots.0.max(0));
    state.assets[market.settlement.index()].total_cost += position.cost.wide();
    *state.accounts.holdings_mut(id).position_mut(position.market) = position;
    Ok(())
}

fn rider<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>, id: AccountId) -> Loaded<()> {
    let read = Rider {
        market: MarketId(parts.u16()?),
        isolated: parts.flag()?,
        margin: parts.money()?,
        margin_changed: parts.u64()?,
        condition: parts.condition()?,
        initial_rate: parts.rate()?,
        rate_changed: parts.u64()?,
        loss_index: parts.i128()?,
    };
    let market = state.markets.get(read.market.index()).ok_or(SnapshotError::Impossible("rider"))?;
    let latest = state.sequence.seq;
    let form = (Rate::ZERO..=Rate(RATE_ONE)).contains(&read.initial_rate)
        && balance_fits(read.margin)
        && read.margin_changed.max(read.rate_changed) <= latest
        && (read.isolated || read.margin == Money::ZERO)
        && read.loss_index >= 0
        && terms::index_fits(read.loss_index, market);
    require(form, "rider")?;
    state.assets[market.settlement.index()].total_cash += read.margin.wide();
    state.accounts.holdings_mut(id).ride(read.market, |rider| *rider = read);
    Ok(())
}
