//! From bytes to a state, each part held to the rules that made it.

use super::parts::Parts;
use super::{MAGIC, SnapshotError};
use crate::command::{AddAsset, AddMarket, SetFees, SetLimits, SetParameters, SetTiers, Side, TimeInForce};
use crate::digest::{Digest, EventDigest, WINDOW};
use crate::event;
use crate::invariants::is_possible;
use crate::kernel::RootMark;
use crate::matching::book::Book;
use crate::matching::orders::NewOrder;
use crate::quantities::{AccountId, AssetId, BALANCE_MAX, Lots, MarketId, Money, Rate, SUPPLY_MAX, Ticks};
use crate::reject::Reject;
use crate::state::State;
use crate::state::account::Position;
use crate::state::asset::Asset;
use crate::state::market::{Fees, Limits, Market, Schedule};
use crate::state::nonces::Freshness;
use crate::state::parameters::RULESET;
use crate::validate::admin;
use crate::validate::order::may_rest;

type Loaded<T> = Result<T, SnapshotError>;

/// What a configuration command could not have set, a snapshot cannot hold.
fn allowed<T>(checked: Result<T, Reject>, part: &'static str) -> Loaded<T> {
    checked.map_err(|_| SnapshotError::Impossible(part))
}

fn require(holds: bool, part: &'static str) -> Loaded<()> {
    if holds { Ok(()) } else { Err(SnapshotError::Impossible(part)) }
}

pub fn everything<B: Book>(bytes: &[u8]) -> Loaded<(State<B>, EventDigest, RootMark)> {
    let mut parts = Parts::new(bytes);
    if parts.slice(MAGIC.len())? != MAGIC {
        return Err(SnapshotError::NotASnapshot);
    }
    let mut state = State::genesis();
    state.sequence = parts.sequence()?;
    // Counters that could still be counted up from.
    let counters = [state.sequence.seq, state.sequence.orders, state.sequence.trades];
    require(counters.iter().all(|&counter| counter <= i64::MAX.cast_unsigned()), "sequence")?;
    configuration(&mut parts, &mut state)?;
    funds_and_prices(&mut parts, &mut state)?;
    let accounts = parts.count(16)?;
    for _ in 0..accounts {
        account(&mut parts, &mut state)?;
    }
    masters(&state)?;
    for index in 0..state.markets.len() {
        orders(&mut parts, &mut state, index)?;
    }
    link_orders(&mut state);
    let events = events(&mut parts, state.sequence.seq)?;
    let mark = RootMark { seq: parts.u64()?, time: parts.u64()?, root: parts.array()? };
    let none_yet = mark.seq != 0 || mark == RootMark::default();
    require(none_yet && mark.seq <= state.sequence.seq && mark.time <= state.sequence.time, "root mark")?;
    if parts.is_empty() { Ok((state, events, mark)) } else { Err(SnapshotError::TrailingBytes) }
}

fn configuration<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>) -> Loaded<()> {
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
    for _ in 0..parts.count(2)? {
        let (symbol, decimals) = (parts.text()?, parts.u8()?);
        allowed(admin::add_asset(state, &AddAsset { symbol: Box::new(symbol), decimals }), "asset")?;
        state.assets.push(Asset::new(symbol, decimals));
    }
    for _ in 0..parts.count(87)? {
        market(parts, state)?;
    }
    Ok(())
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
    let fees = Fees { maker_rate: Rate(parts.i64()?), taker_rate: Rate(parts.i64()?) };
    let limits = Limits {
        order_min_notional: parts.money()?,
        order_max_lots: Lots(parts.i64()?),
        price_band_rate: Rate(parts.i64()?),
        market_bound_rate: Rate(parts.i64()?),
    };
    let tiers = parts.tiers()?;
    let schedule = Schedule::new(&tiers_checked(id, tiers)?);
    state.books.push(B::new(price_max));
    state.markets.push(Market {
        id,
        symbol,
        settlement,
        tick_size_e12,
        lot_size_e12,
        tick_value,
        price_max,
        position_max,
        fees,
        limits,
        schedule,
        mark: Ticks::ZERO,
        last: Ticks::ZERO,
        open_interest: 0,
        net_lots: 0,
    });
    fees_and_limits(state, id, fees, limits)
}

fn tiers_checked(market: MarketId, tiers: Vec<crate::command::Tier>) -> Loaded<Vec<crate::command::Tier>> {
    if tiers.is_empty() {
        return Ok(tiers);
    }
    let command = SetTiers { market, tiers };
    allowed(admin::set_tiers(&command), "tiers")?;
    Ok(command.tiers)
}

fn fees_and_limits<B: Book>(state: &State<B>, market: MarketId, fees: Fees, limits: Limits) -> Loaded<()> {
    let Fees { maker_rate, taker_rate } = fees;
    allowed(admin::set_fees(&SetFees { market, maker_rate, taker_rate }), "fees")?;
    let Limits { order_min_notional, order_max_lots, price_band_rate, market_bound_rate } = limits;
    let command = SetLimits { market, order_min_notional, order_max_lots, price_band_rate, market_bound_rate };
    allowed(admin::set_limits(state, &command), "limits")
}

fn funds_and_prices<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>) -> Loaded<()> {
    for asset in &mut state.assets {
        asset.net_deposits = parts.money()?;
        require((0..=SUPPLY_MAX).contains(&asset.net_deposits.0), "deposits")?;
        for fund in [&mut asset.fees, &mut asset.insurance, &mut asset.dust] {
            *fund = parts.money()?;
            require(fund.0 >= 0 && balance_fits(*fund), "funds")?;
        }
    }
    for market in &mut state.markets {
        (market.mark, market.last) = (Ticks(parts.i64()?), Ticks(parts.i64()?));
        let possible = |price: Ticks| price == Ticks::ZERO || market.has_price(price);
        require(possible(market.mark) && possible(market.last), "price")?;
    }
    Ok(())
}

/// Whether commands could have made the balance: they add to it within its bound, and one moves less than 2^60.
fn balance_fits(money: Money) -> bool {
    money.0.unsigned_abs() <= BALANCE_MAX.unsigned_abs() + (1 << 60)
}

fn account<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>) -> Loaded<()> {
    let id = state.accounts.open(AccountId(parts.u32()?));
    for _ in 0..parts.count(10)? {
        let (asset, cash) = (AssetId(parts.u16()?), parts.money()?);
        require(balance_fits(cash), "balance")?;
        let total = &mut state.assets.get_mut(asset.index()).ok_or(SnapshotError::Impossible("balance"))?.total_cash;
        *total += cash.wide();
        *state.accounts.holdings_mut(id).cash_mut(asset) = cash;
    }
    for _ in 0..parts.count(34)? {
        position(parts, state, id)?;
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

fn position<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>, id: AccountId) -> Loaded<()> {
    let position = Position {
        market: MarketId(parts.u16()?),
        lots: Lots(parts.i64()?),
        cost: parts.money()?,
        buys: Lots(parts.i64()?),
        sells: Lots(parts.i64()?),
    };
    let market = state.markets.get_mut(position.market.index()).ok_or(SnapshotError::Impossible("position"))?;
    require(is_possible(&position, market), "position")?;
    require(market.mark != Ticks::ZERO && !market.schedule.is_empty(), "position")?;
    market.net_lots += i128::from(position.lots.0);
    market.open_interest += i128::from(position.lots.0.max(0));
    state.assets[market.settlement.index()].total_cost += position.cost.wide();
    *state.accounts.holdings_mut(id).position_mut(position.market) = position;
    Ok(())
}

fn masters<B: Book>(state: &State<B>) -> Loaded<()> {
    for (_, account) in state.accounts.iter() {
        let master = state.accounts.find(account.master).ok_or(SnapshotError::Impossible("master"))?;
        require(master.master == account.master, "master")?;
    }
    Ok(())
}

fn orders<B: Book>(parts: &mut Parts<'_>, state: &mut State<B>, index: usize) -> Loaded<()> {
    let market = state.markets[index].id;
    let mut lowest_sell: Option<Ticks> = None;
    for _ in 0..parts.count(56)? {
        let order = parts.order(market)?;
        order_checked(state, index, &order)?;
        // Ascending by price, so a book that is not crossed has its sells last.
        match order.side {
            Side::Sell => lowest_sell = Some(lowest_sell.unwrap_or(order.price).min(order.price)),
            Side::Buy => require(lowest_sell.is_none(), "crossed book")?,
        }
        if order.side == Side::Sell {
            require(state.books[index].best(Side::Buy).is_none_or(|bid| bid < order.price), "crossed book")?;
        }
        let slot = state.orders.insert(&order);
        state.books[index].insert(&mut state.orders, slot);
    }
    Ok(())
}

fn order_checked<B: Book>(state: &State<B>, index: usize, order: &NewOrder) -> Loaded<()> {
    let market = &state.markets[index];
    let size_max = market.position_max;
    let form = order.id.0 >= 1
        && order.id.0 <= state.sequence.orders
        && state.orders.slot(order.id).is_none()
        && state.accounts.find(order.account).is_some();
    let size = (Lots(1)..=size_max).contains(&order.lots)
        && (Lots::ZERO..=size_max - order.lots).contains(&order.filled)
        && market.has_price(order.price);
    let dated = order.time_in_force == TimeInForce::GoodTillDate;
    let time = may_rest(order.time_in_force) && dated == (order.expires_at > state.sequence.time);
    require(form && size && time && (dated || order.expires_at == 0), "order")
}

/// Lists and look-ups, by id: the order in which accounts list their orders.
fn link_orders<B: Book>(state: &mut State<B>) {
    let slots: Vec<_> = state.orders.by_id().collect();
    for slot in slots {
        state.index_order(slot);
    }
}

/// Every command has an event, so the window is empty just where it was closed.
fn events(parts: &mut Parts<'_>, seq: u64) -> Loaded<EventDigest> {
    let chain: Digest = parts.array()?;
    let length = parts.count(1)?;
    let pending = parts.slice(length)?;
    let closed = pending.is_empty() == seq.is_multiple_of(WINDOW) && (seq >= WINDOW || chain == Digest::default());
    require(closed && event::count(pending).is_ok(), "event digest")?;
    Ok(EventDigest { chain, pending: pending.to_vec() })
}
