//! Orders: the checks of placing, amending and cancelling.

use super::constraint::Notes;
use super::exposure;
use crate::command::{Amend, MarketMode, OrderKind, Place, Side, TimeInForce};
use crate::matching::book::Book;
use crate::matching::orders::{NewOrder, Slot};
use crate::quantities::{
    AccountId, BALANCE_MAX, Lots, MarketId, Money, OrderId, RATE_ONE, Ticks, lowered_ceil, raised_floor,
};
use crate::reject::{Code, Reject, report};
use crate::risk::pool::Pool;
use crate::state::State;
use crate::state::holdings::{Holdings, PoolId};
use crate::state::market::Market;
use crate::state::position::Position;

/// The new order a command asks for, under the next order id, if it may be placed.
pub fn place<B: Book>(state: &State<B>, command: &Place, notes: &mut Notes) -> Result<NewOrder, Reject> {
    let market = state.market(command.market).expect("the market was looked up");
    let now = state.sequence.time;
    form(command, market, now)?;
    ready(market)?;
    if !command.reduce_only {
        market.graded_for_margin()?;
    }
    allowed(state, command.account, market, command.reduce_only)?;
    if command.client_order != 0
        && let Some(slot) = state.clients.slot(command.account, command.client_order)
    {
        return Err(Code::DuplicateClientOrder.with(report(state.orders[slot].id.0), 0));
    }
    let open = state.accounts.of(command.account).open_orders.count();
    if may_rest(command.time_in_force) {
        let (with, most) = (i64::from(open) + 1, i64::from(state.parameters.open_orders_max));
        notes.hold(Code::OpenOrdersLimit, i128::from(with), i128::from(most), (i64::from(open), most))?;
    }
    let bound = command.kind == OrderKind::Market && command.price == Ticks::ZERO;
    let order = NewOrder {
        id: OrderId(state.sequence.orders + 1),
        client_order: command.client_order,
        price: if bound { default_bound(market, command.side) } else { command.price },
        lots: command.lots,
        filled: Lots::ZERO,
        expires_at: command.expires_at,
        account: command.account,
        market: command.market,
        side: command.side,
        time_in_force: command.time_in_force,
        self_trade: command.self_trade,
        post_only: command.post_only,
        reduce_only: command.reduce_only,
    };
    let exposure = Exposure { order: &order, total: command.lots, replaced: Lots::ZERO, price_given: !bound };
    exposure.check(state, market, notes)?;
    Ok(order)
}

/// Whether an order with this time in force may rest.
pub const fn may_rest(time_in_force: TimeInForce) -> bool {
    matches!(time_in_force, TimeInForce::GoodTillCancel | TimeInForce::GoodTillDate)
}

fn form(command: &Place, market: &Market, now: u64) -> Result<(), Reject> {
    if command.lots.0 < 1 {
        return Err(Code::LotsNotPositive.with(command.lots.0, 0));
    }
    let unpriced = command.kind == OrderKind::Market && command.price == Ticks::ZERO;
    if !unpriced && !market.has_price(command.price) {
        return Err(Code::PriceOutOfRange.with(command.price.0, market.price_max.0));
    }
    let rests = may_rest(command.time_in_force);
    let dated = command.time_in_force == TimeInForce::GoodTillDate;
    let market_rests = command.kind == OrderKind::Market && rests;
    let post_only_takes = command.post_only && (!rests || command.kind == OrderKind::Market);
    if market_rests || post_only_takes || (command.expires_at != 0 && !dated) {
        return Err(Code::TimeInForceInvalid.bare());
    }
    if dated && command.expires_at <= now {
        return Err(Code::AlreadyExpired.with(report(command.expires_at), report(now)));
    }
    Ok(())
}

/// Whether a market trades at all yet.
pub fn ready(market: &Market) -> Result<(), Reject> {
    if market.schedule.is_empty() {
        return Err(Code::MarketNotReady.with(1, 0));
    }
    if market.mark == Ticks::ZERO {
        return Err(Code::MarketNotReady.with(2, 0));
    }
    Ok(())
}

/// Whether the account may send such an order into the market, as both are.
fn allowed<B: Book>(state: &State<B>, account: AccountId, market: &Market, reduce_only: bool) -> Result<(), Reject> {
    let mode = market.mode;
    if mode != MarketMode::Continuous && !(mode == MarketMode::ReduceOnly && reduce_only) {
        return Err(Code::MarketModeRefuses.with(mode as i64, 0));
    }
    if reduce_only { Ok(()) } else { may_add(state, account, market) }
}

/// Whether orders may be cancelled.
pub fn cancels(market: &Market) -> Result<(), Reject> {
    match market.mode {
        MarketMode::Halted => Err(Code::MarketModeRefuses.with(market.mode as i64, 0)),
        _ => Ok(()),
    }
}

/// Whether an account may add to what it has in a market: by the markets it is kept to, by what it may do at all, and by
/// the market's stress.
pub fn may_add<B: Book>(state: &State<B>, id: AccountId, market: &Market) -> Result<(), Reject> {
    let account = state.accounts.of(id);
    let elsewhere = |markets: &Vec<MarketId>| !markets.is_empty() && !markets.contains(&market.id);
    if account.mandate.as_ref().is_some_and(|mandate| elsewhere(&mandate.permissions.markets)) {
        return Err(Code::MarketNotPermitted.with(i64::from(market.id.0), 0));
    }
    let pool = account.holdings.pool_of(market);
    may_add_at_all(&account.holdings, pool)?;
    if market.stress && matches!(pool, PoolId::Cross(_)) {
        return Err(Code::StressIsolated.with(i64::from(market.id.0), 0));
    }
    Ok(())
}

/// Neither the account nor the pool may only reduce.
pub fn may_add_at_all(holdings: &Holdings, pool: PoolId) -> Result<(), Reject> {
    if holdings.profile.reduce_only {
        return Err(Code::AccountReduceOnly.with(1, 0));
    }
    if holdings.condition(pool).locked { Err(Code::AccountReduceOnly.with(2, 0)) } else { Ok(()) }
}

/// The bound of a market order that names none.
pub fn default_bound(market: &Market, side: Side) -> Ticks {
    let rate = market.limits.market_bound_rate;
    match side {
        Side::Buy => raised_floor(market.mark, rate).min(market.price_max),
        Side::Sell => lowered_ceil(market.mark, rate).max(Ticks(1)),
    }
}

/// What an order adds to what its account risks.
struct Exposure<'a> {
    order: &'a NewOrder,
    /// Total size, filled lots included.
    total: Lots,
    /// Open lots of the order it replaces.
    replaced: Lots,
    /// Whether the price came from the client.
    price_given: bool,
}

impl Exposure<'_> {
    fn check<B: Book>(&self, state: &State<B>, market: &Market, notes: &mut Notes) -> Result<(), Reject> {
        self.fees(state, market)?;
        self.limits(market, notes)?;
        let position = state.accounts.of(self.order.account).holdings.position(self.order.market);
        self.position(state, &position, market, notes)?;
        self.post_only(state)?;
        self.margin(state, &position, market, notes)
    }

    /// The fees of one command are less than 2^60, so that the fee account has room for them.
    fn fees<B: Book>(&self, state: &State<B>, market: &Market) -> Result<(), Reject> {
        let fees = state.assets[market.settlement.index()].fees;
        if fees.0 > BALANCE_MAX { Err(Code::SupplyLimit.with(self.order.lots.0, fees.0)) } else { Ok(()) }
    }

    fn limits(&self, market: &Market, notes: &mut Notes) -> Result<(), Reject> {
        let (order, limits, mark) = (self.order, &market.limits, market.mark);
        let (total, most) = (self.total, limits.order_max_lots);
        notes.hold(Code::OrderTooLarge, i128::from(total.0), i128::from(most.0), (total.0, most.0))?;
        let (notional, least) = (order.lots.value_at(order.price, market.tick_value), limits.order_min_notional);
        if !order.reduce_only && least != Money::ZERO {
            notes.hold(Code::NotionalTooSmall, i128::from(least.0), notional.0, (notional.clamp_i64(), least.0))?;
        }
        if self.price_given && limits.price_band_rate.0 > 0 {
            let distance = i128::from((order.price - mark).abs().0) * i128::from(RATE_ONE);
            let band = i128::from(mark.0) * i128::from(limits.price_band_rate.0);
            notes.hold(Code::PriceOutsideBand, distance, band, (order.price.0, mark.0))?;
        }
        Ok(())
    }

    /// The position as it would be with this order among the open ones, and its predecessor not.
    fn with_order(&self, position: &Position) -> Position {
        let mut with = *position;
        with.change_open(self.order.side, self.order.reduce_only, self.order.lots - self.replaced);
        with
    }

    fn position<B: Book>(
        &self,
        state: &State<B>,
        position: &Position,
        market: &Market,
        notes: &mut Notes,
    ) -> Result<(), Reject> {
        if self.order.reduce_only {
            return if position.closable(self.order.side) == Lots::ZERO {
                Err(Code::WouldNotReduce.with(position.lots.0, 0))
            } else {
                Ok(())
            };
        }
        let with = self.with_order(position);
        let (reach, most) = (with.reach(), market.position_max);
        notes.hold(Code::PositionLimit, i128::from(reach.0), i128::from(most.0), (reach.0, most.0))?;
        exposure::within_caps(state, self.order.account, market, (position, &with), notes)
    }

    fn post_only<B: Book>(&self, state: &State<B>) -> Result<(), Reject> {
        if !self.order.post_only {
            return Ok(());
        }
        match state.books[self.order.market.index()].best(self.order.side.opposite()) {
            Some(best) if crosses(self.order.side, self.order.price, best) => {
                Err(Code::PostOnlyWouldCross.with(best.0, 0))
            }
            _ => Ok(()),
        }
    }

    /// The pool must be able to place it, unless it raises no requirement.
    fn margin<B: Book>(
        &self,
        state: &State<B>,
        position: &Position,
        market: &Market,
        notes: &mut Notes,
    ) -> Result<(), Reject> {
        let with = self.with_order(position);
        let holdings = &state.accounts.of(self.order.account).holdings;
        let pool = Pool::new(holdings, state.risk(), holdings.pool_with(position, market));
        if pool.asked_by_market(&with, market) <= pool.asked_by_market(position, market) {
            return Ok(());
        }
        let (equity, requirement) = pool.with(with).assess();
        let required = pool.placing(requirement);
        let said = (required.clamp_i64(), equity.clamp_i64());
        notes.hold(Code::MarginInsufficient, required.0, equity.0, said)
    }
}

/// Whether an order with this limit trades with a resting price.
#[inline]
pub fn crosses(side: Side, limit: Ticks, resting: Ticks) -> bool {
    match side {
        Side::Buy => limit >= resting,
        Side::Sell => limit <= resting,
    }
}

/// The open order of an account that a command names, by its id or by the client's.
pub fn named<B: Book>(state: &State<B>, account: AccountId, order: OrderId, client_order: u64) -> Result<Slot, Reject> {
    if (order == OrderId::NONE) == (client_order == 0) {
        return Err(Code::OrderReferenceInvalid.bare());
    }
    let slot = if order == OrderId::NONE {
        state.clients.slot(account, client_order)
    } else {
        // An order of another account is as unknown as one that never was.
        state.orders.slot(order).filter(|&slot| state.orders[slot].account == account)
    };
    slot.ok_or(Code::UnknownOrder.with(report(order.0), report(client_order)))
}

/// What an amend comes to.
#[derive(Clone, Copy, Debug)]
pub enum Amended {
    /// A smaller size at the same price: the order keeps its place with this many open lots.
    Shrunk(Lots),
    /// Anything else: the order comes in again.
    Replaced(NewOrder),
}

/// What the amend of the order in `slot` comes to, if it may be.
pub fn amend<B: Book>(state: &State<B>, command: &Amend, slot: Slot, notes: &mut Notes) -> Result<Amended, Reject> {
    let order = &state.orders[slot];
    let market = &state.markets[order.market.index()];
    if command.lots.0 < 0 {
        return Err(Code::LotsNotPositive.with(command.lots.0, 0));
    }
    if command.price != Ticks::ZERO && !market.has_price(command.price) {
        return Err(Code::PriceOutOfRange.with(command.price.0, market.price_max.0));
    }
    if command.lots != Lots::ZERO && command.lots <= order.filled {
        return Err(Code::AmendBelowFilled.with(command.lots.0, order.filled.0));
    }
    let present = order.lots + order.filled;
    let total = if command.lots == Lots::ZERO { present } else { command.lots };
    let price = if command.price == Ticks::ZERO { order.price() } else { command.price };
    if price == order.price() && total == present {
        return Err(Code::AmendChangesNothing.bare());
    }
    let lots = total - order.filled;
    if price == order.price() && total < present {
        let takes = matches!(market.mode, MarketMode::Continuous | MarketMode::ReduceOnly);
        return if takes {
            Ok(Amended::Shrunk(lots))
        } else {
            Err(Code::MarketModeRefuses.with(market.mode as i64, 0))
        };
    }
    if !order.reduce_only {
        market.graded_for_margin()?;
    }
    allowed(state, order.account, market, order.reduce_only)?;
    let replacement = NewOrder { price, lots, ..state.orders.describe(slot) };
    let exposure = Exposure { order: &replacement, total, replaced: order.lots, price_given: true };
    exposure.check(state, market, notes)?;
    Ok(Amended::Replaced(replacement))
}
