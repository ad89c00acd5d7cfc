//! Reductions on the book: how many lots, and at what price.

use super::health::{Health, pool};
use super::{matches, not_negative, open_market, some};
use crate::command::{Hedge, Liquidate, MarginMode, SelfTrade, Side, TimeInForce};
use crate::matching::book::Book;
use crate::matching::orders::NewOrder;
use crate::quantities::{AccountId, BALANCE_MAX, Deduction, Lots, Money, OrderId, Rate, Ticks, Wide};
use crate::reject::{Code, Reject, report};
use crate::state::State;
use crate::state::holdings::PoolId;
use crate::state::market::Market;
use crate::state::position::Position;
use crate::validate::order::default_bound;

/// A reduction that passed its checks: the order to send, and how the pool stood before.
#[derive(Clone, Copy, Debug)]
pub struct Reduction {
    /// The order.
    pub order: NewOrder,
    /// The pool before.
    pub health: Health,
}

/// May the position be reduced, and how?
pub fn liquidate<B: Book>(state: &State<B>, command: &Liquidate) -> Result<Reduction, Reject> {
    let &Liquidate { account, market, lots, price } = command;
    let market = open_market(state, market, matches)?;
    let health = Health::of_position(state, account, market);
    health.in_need()?;
    let target = health.target(state, market)?;
    rested(state, &health)?;
    not_negative(lots)?;
    let asset = &state.assets[market.settlement.index()];
    let most = target.most_lots(&asset.liquidation, asset.levels.buffer_rate, health.recovered);
    if lots > most {
        return Err(Code::LotsTooMany.with(lots.0, most.0));
    }
    let lots = if lots == Lots::ZERO { most } else { lots };
    let side = if target.lots.0 > 0 { Side::Sell } else { Side::Buy };
    let price = bounded(market, side, price, target.fillable_price(&asset.liquidation))?;
    room(lots, asset.fees)?;
    room(lots, state.insurance(health.pool).fund)?;
    Ok(Reduction { order: order(state, account, market, (side, lots, price), true), health })
}

/// May the pool be hedged so?
pub fn hedge<B: Book>(state: &State<B>, command: &Hedge) -> Result<Reduction, Reject> {
    let &Hedge { account, market, side, lots, price } = command;
    let market = open_market(state, market, matches)?;
    let health = Health::of_position(state, account, market);
    let holdings = &state.accounts.of(account).holdings;
    if holdings.profile.mode != MarginMode::Portfolio || health.pool != PoolId::Cross(market.settlement) {
        return Err(Code::NotPortfolio.bare());
    }
    health.in_need()?;
    rested(state, &health)?;
    some(lots)?;
    if lots > market.limits.order_max_lots {
        return Err(Code::LotsTooMany.with(lots.0, market.limits.order_max_lots.0));
    }
    let mut open = holdings.position(market.id);
    open.change_open(side, false, lots);
    if open.reach() > market.position_max {
        return Err(Code::PositionLimit.with(open.reach().0, market.position_max.0));
    }
    let price = bounded(market, side, price, default_bound(market, side))?;
    safer(state, market, &health, (side, lots, price))?;
    room(lots, state.assets[market.settlement.index()].fees)?;
    Ok(Reduction { order: order(state, account, market, (side, lots, price), false), health })
}

/// The time of the last reduction is over.
fn rested<B: Book>(state: &State<B>, health: &Health) -> Result<(), Reject> {
    let (until, time) = (health.condition.resumes_at, state.sequence.time);
    if time < until { Err(Code::Cooldown.with(report(until), report(time))) } else { Ok(()) }
}

/// The price if it is not worse than a bound; the bound if none is given.
fn bounded(market: &Market, side: Side, price: Ticks, bound: Ticks) -> Result<Ticks, Reject> {
    if price == Ticks::ZERO {
        return Ok(bound);
    }
    if !market.has_price(price) {
        return Err(Code::PriceOutOfRange.with(price.0, market.price_max.0));
    }
    let worse = match side {
        Side::Buy => price > bound,
        Side::Sell => price < bound,
    };
    if worse { Err(Code::PriceBeyondFillable.with(price.0, bound.0)) } else { Ok(price) }
}

/// One command moves less than 2^60 into a fund: one within the balance limit has room for it.
fn room(lots: Lots, fund: Money) -> Result<(), Reject> {
    if fund.0 > BALANCE_MAX { Err(Code::SupplyLimit.with(lots.0, fund.0)) } else { Ok(()) }
}

/// A hedge leaves the pool further above its maintenance and not in debt, even if it fills wholly at its price.
fn safer<B: Book>(
    state: &State<B>,
    market: &Market,
    health: &Health,
    (side, lots, price): (Side, Lots, Ticks),
) -> Result<(), Reject> {
    let pool = pool(state, health.account, health.pool);
    let before: Position = pool.holdings.position(market.id);
    let after = Position { lots: before.lots + side.signed(lots), ..before };
    let worse = match side {
        Side::Buy => price - market.mark,
        Side::Sell => market.mark - price,
    };
    let cost = lots.value_at(worse.max(Ticks::ZERO), market.tick_value);
    let rate: Rate = market.fees.tier(pool.holdings.profile.fee_tier).taker_rate;
    let fee = market.notional(lots, price).share_ceil(rate, Deduction::ZERO).max(Money::ZERO);
    let equity = health.equity - cost - fee.wide();
    let (slack, slack_before) = (equity - pool.with(after).maintenance(), health.equity - health.maintenance);
    let in_debt = cost > Wide::ZERO && equity < Wide::ZERO;
    if slack <= slack_before || in_debt {
        return Err(Code::RiskNotReduced.with(slack.clamp_i64(), slack_before.clamp_i64()));
    }
    Ok(())
}

/// An order under the next id, to trade at once or not at all.
fn order<B: Book>(
    state: &State<B>,
    account: AccountId,
    market: &Market,
    (side, lots, price): (Side, Lots, Ticks),
    reduce_only: bool,
) -> NewOrder {
    NewOrder {
        id: OrderId(state.sequence.orders + 1),
        client_order: 0,
        price,
        lots,
        filled: Lots::ZERO,
        expires_at: 0,
        account,
        market: market.id,
        side,
        time_in_force: TimeInForce::ImmediateOrCancel,
        self_trade: SelfTrade::CancelOldest,
        post_only: false,
        reduce_only,
    }
}
