//! Positions as pools: isolating, backing, leverage, stress and funding. Each check sees the account as it would be.

use crate::command::{AdjustMargin, SetLeverage, SetPositionMode, SetStress, SettleFunding};
use crate::matching::book::Book;
use crate::quantities::{AccountId, BALANCE_MAX, MarketId, Money, RATE_ONE, Rate, Wide};
use crate::reject::{Code, Reject};
use crate::risk::margin;
use crate::risk::pool::Pool;
use crate::state::State;
use crate::state::holdings::{Holdings, PoolId, Rider};
use crate::state::market::Market;
use crate::validate::money::not_negative;
use crate::validate::terms::{FUNDING_RATE_MAX, index_fits};

/// May the position change pools? Gives the money that moves from cash to its margin.
pub fn set_position_mode<B: Book>(state: &State<B>, command: &SetPositionMode) -> Result<Money, Reject> {
    let market = &state.markets[command.market.index()];
    let holdings = &state.accounts.of(command.account).holdings;
    if holdings.is_isolated(&holdings.position(market.id)) == command.isolated {
        return Err(Code::ModeUnchanged.bare());
    }
    if command.isolated {
        isolate(state, holdings, market, command.amount)?;
        Ok(command.amount)
    } else {
        rejoin(state, holdings, market, command.amount)
    }
}

fn isolate<B: Book>(state: &State<B>, holdings: &Holdings, market: &Market, amount: Money) -> Result<(), Reject> {
    not_negative(amount)?;
    let cross = PoolId::Cross(market.settlement);
    let settled = settled_money(state, holdings, cross);
    if amount.wide() > settled {
        return Err(Code::InsufficientBalance.with(amount.0, settled.clamp_i64()));
    }
    let after = isolated(holdings, market, amount, state.sequence.seq);
    let own = Pool::new(&after, state.risk(), PoolId::Isolated(market.id));
    let (required, equity) = (own.placing_level(), own.equity());
    if equity < required {
        return Err(Code::MarginInsufficient.with(required.clamp_i64(), equity.clamp_i64()));
    }
    let live = holdings.position(market.id).is_live();
    if amount > Money::ZERO || live {
        may_leave(&Pool::new(&after, state.risk(), cross))?;
    }
    balances_fit(state, holdings, &[(cross, -amount), (PoolId::Isolated(market.id), amount)])
}

/// The account as it would be with the position isolated and `amount` of its cash as margin.
fn isolated(holdings: &Holdings, market: &Market, amount: Money, seq: u64) -> Holdings {
    let mut after = holdings.clone();
    after.settle_owed(market, seq);
    after.credit(PoolId::Cross(market.settlement), -amount, seq);
    after.switch(market, |rider| (rider.isolated, rider.margin) = (true, amount));
    after
}

fn rejoin<B: Book>(state: &State<B>, holdings: &Holdings, market: &Market, amount: Money) -> Result<Money, Reject> {
    if amount != Money::ZERO {
        return Err(Code::AmountNotPositive.with(amount.0, 0));
    }
    if market.stress && holdings.position(market.id).is_live() {
        return Err(Code::StressIsolated.with(i64::from(market.id.0), 0));
    }
    let mut after = holdings.clone();
    after.settle_owed(market, state.sequence.seq);
    let (cross, own) = (PoolId::Cross(market.settlement), PoolId::Isolated(market.id));
    let margin = after.money(own);
    balances_fit(state, holdings, &[(own, -margin), (cross, margin)])?;
    rejoined(&mut after, market, state.sequence.seq);
    may_leave(&Pool::new(&after, state.risk(), cross))?;
    Ok(-margin)
}

/// Puts a settled isolated position and its margin back into the cross pool. What the waterfall remembers of it ends.
pub fn rejoined(holdings: &mut Holdings, market: &Market, seq: u64) {
    let margin = holdings.money(PoolId::Isolated(market.id));
    holdings.switch(market, Rider::leave);
    holdings.credit(PoolId::Cross(market.settlement), margin, seq);
}

/// What is left has its transfer level.
fn may_leave(pool: &Pool<'_>) -> Result<(), Reject> {
    let (equity, level) = (pool.equity(), pool.transfer_level());
    if equity < level { Err(Code::WithdrawalMargin.with(equity.clamp_i64(), level.clamp_i64())) } else { Ok(()) }
}

fn settled_money<B: Book>(state: &State<B>, holdings: &Holdings, pool: PoolId) -> Wide {
    holdings.money(pool).wide() - Pool::new(holdings, state.risk(), pool).owed()
}

/// After settling what their positions owe, the pools' money stays within the balance limit.
fn balances_fit<B: Book>(state: &State<B>, holdings: &Holdings, changes: &[(PoolId, Money)]) -> Result<(), Reject> {
    for &(pool, change) in changes {
        let after = settled_money(state, holdings, pool) + change.wide();
        if after.is_beyond_balance() {
            return Err(Code::SupplyLimit.with(change.0, holdings.money(pool).0));
        }
    }
    Ok(())
}

/// May money move between cash and the position's margin?
pub fn adjust_margin<B: Book>(state: &State<B>, command: &AdjustMargin) -> Result<(), Reject> {
    let &AdjustMargin { account, market, amount } = command;
    let market = &state.markets[market.index()];
    let holdings = &state.accounts.of(account).holdings;
    if !holdings.is_isolated(&holdings.position(market.id)) {
        return Err(Code::NotIsolated.bare());
    }
    if amount == Money::ZERO {
        return Err(Code::AmountNotPositive.bare());
    }
    let (cross, own) = (PoolId::Cross(market.settlement), PoolId::Isolated(market.id));
    let source = if amount > Money::ZERO { cross } else { own };
    let settled = settled_money(state, holdings, source);
    let moved = amount.wide().abs();
    if moved > settled {
        return Err(Code::InsufficientBalance.with(moved.clamp_i64(), settled.clamp_i64()));
    }
    let mut after = holdings.clone();
    after.credit(cross, -amount, 0);
    after.credit(own, amount, 0);
    may_leave(&Pool::new(&after, state.risk(), source))?;
    balances_fit(state, holdings, &[(cross, -amount), (own, amount)])
}

/// May the account set its own initial rate?
pub fn set_leverage<B: Book>(state: &State<B>, command: &SetLeverage) -> Result<(), Reject> {
    let &SetLeverage { account, market, initial_rate } = command;
    if !(0..=RATE_ONE).contains(&initial_rate.0) {
        return Err(Code::LeverageInvalid.with(initial_rate.0, 0));
    }
    let market = &state.markets[market.index()];
    let holdings = &state.accounts.of(account).holdings;
    let position = holdings.position(market.id);
    let present = holdings.rider(&position).map_or(Rate::ZERO, |rider| rider.initial_rate);
    if present == initial_rate {
        return Err(Code::ModeUnchanged.bare());
    }
    let mut after = holdings.clone();
    after.ride(market.id, |rider| rider.initial_rate = initial_rate);
    let id = holdings.pool_of(market);
    let (before, pool) = (Pool::new(holdings, state.risk(), id), Pool::new(&after, state.risk(), id));
    let asked = |pool: &Pool<'_>| pool.asked_by_market(&pool.holdings.position(market.id), market);
    let (required, equity) = (pool.placing_level(), pool.equity());
    // A floor under the pool's requirement is no excuse: what counts is what the market asks for. In a portfolio, scenarios
    // ask, and no leverage changes what they do.
    if asked(&pool) > asked(&before) && equity < required {
        return Err(Code::MarginInsufficient.with(required.clamp_i64(), equity.clamp_i64()));
    }
    Ok(())
}

/// The accounts whose position in a market stands in their cross pool, in order.
pub fn in_cross<'a, B: Book>(state: &'a State<B>, market: &'a Market) -> impl Iterator<Item = AccountId> + 'a {
    let stands = |holdings: &Holdings| {
        let position = holdings.position(market.id);
        position.is_live() && !holdings.is_isolated(&position)
    };
    state.accounts.iter().filter(move |(_, account)| stands(&account.holdings)).map(|(id, _)| id)
}

/// May the market's flag change? Everyone who would be isolated can be settled within the balance limit.
pub fn set_stress<B: Book>(state: &State<B>, command: &SetStress) -> Result<(), Reject> {
    let market = &state.markets[command.market.index()];
    if market.stress == command.active {
        return Err(Code::ModeUnchanged.bare());
    }
    if !command.active {
        return Ok(());
    }
    in_cross(state, market).try_for_each(|id| {
        let holdings = &state.accounts.of(id).holdings;
        let owed = holdings.owed(&holdings.position(market.id), market).total();
        let cash = holdings.cash(market.settlement);
        let beyond = (cash.wide() - owed.wide()).is_beyond_balance();
        if beyond && owed != Money::ZERO { Err(Code::SupplyLimit.with(owed.0, cash.0)) } else { Ok(()) }
    })
}

/// The margin that a position takes along when stress isolates it: what it has lost, as far as the rest of the pool has
/// anything, or it would leave its debt to the insurance while its hedge keeps the profit; and what it needs to stand on its
/// own, as far as the rest has more than its maintenance. Profit of the rest counts like cash. The position is settled.
pub fn stress_margin<B: Book>(state: &State<B>, account: AccountId, market: MarketId) -> Money {
    let market = &state.markets[market.index()];
    let holdings = &state.accounts.of(account).holdings;
    let position = holdings.position(market.id);
    let cross = PoolId::Cross(market.settlement);
    let rest_holdings = isolated(holdings, market, Money::ZERO, 0);
    let rest = Pool::new(&rest_holdings, state.risk(), cross);
    let own = Pool::new(&rest_holdings, state.risk(), PoolId::Isolated(market.id));
    let unrealised = margin::unrealised(&position, market);
    let wanted = margin::requirement(&position, market, own.own_rate(&position), &own.risk).1.wide() - unrealised;
    let equity = rest.equity();
    let spare = (equity - rest.maintenance()).max(equity.min(-unrealised));
    let room = holdings.cash(market.settlement).wide() + Wide(i128::from(BALANCE_MAX));
    wanted.min(spare).min(room).max(Wide::ZERO).narrow()
}

/// May the epoch close? Gives the index after it.
pub fn settle_funding<B: Book>(state: &State<B>, command: &SettleFunding) -> Result<i128, Reject> {
    let &SettleFunding { market, price, rate } = command;
    let market = &state.markets[market.index()];
    market.graded_for_funding()?;
    if !market.has_price(price) {
        return Err(Code::PriceOutOfRange.with(price.0, market.price_max.0));
    }
    if !(-FUNDING_RATE_MAX..=FUNDING_RATE_MAX).contains(&rate.0) {
        return Err(Code::FundingInvalid.with(rate.0, 0));
    }
    let payment = i128::from(price.0) * i128::from(market.tick_value.0) * i128::from(rate.0);
    let index = market.funding.index + payment;
    if index_fits(index, market) { Ok(index) } else { Err(Code::FundingLimit.bare()) }
}
