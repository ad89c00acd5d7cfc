//! How a pool stands: what makes a step necessary, and refuses it on a healthy pool.

use crate::matching::book::Book;
use crate::quantities::{AccountId, AssetId, MarketId, Wide};
use crate::reject::{Code, Reject};
use crate::risk::margin;
use crate::risk::pool::Pool;
use crate::risk::waterfall::Target;
use crate::state::State;
use crate::state::holdings::{Condition, PoolId};
use crate::state::market::Market;
use crate::state::position::Position;

/// A pool with the numbers that steps are decided by.
#[derive(Clone, Copy, Debug)]
pub struct Health {
    /// Whose pool.
    pub account: AccountId,
    /// Which.
    pub pool: PoolId,
    /// What it settles in.
    pub asset: AssetId,
    /// What the waterfall remembers of it.
    pub condition: Condition,
    /// What it has.
    pub equity: Wide,
    /// What it must have to go on.
    pub maintenance: Wide,
    /// What it must have to count as recovered.
    pub recovered: Wide,
    /// Below this it may be taken over.
    take_over: Wide,
    /// Whether it has no lots and no collateral that could be converted.
    spent: bool,
}

/// An account's pool.
pub fn pool<B: Book>(state: &State<B>, account: AccountId, id: PoolId) -> Pool<'_> {
    Pool::new(&state.accounts.of(account).holdings, state.risk(), id)
}

/// The pool that a command names by asset and market.
pub fn named<B: Book>(
    state: &State<B>,
    account: AccountId,
    asset: AssetId,
    market: MarketId,
) -> Result<PoolId, Reject> {
    if market == MarketId::NONE {
        return Ok(PoolId::Cross(asset));
    }
    let terms = state.market(market).expect("the market was looked up");
    match state.accounts.of(account).holdings.pool_of(terms) {
        id @ PoolId::Isolated(_) if terms.settlement == asset => Ok(id),
        _ => Err(Code::PoolInvalid.with(i64::from(asset.0), i64::from(market.0))),
    }
}

impl Health {
    /// The health of a pool as it is.
    pub fn of<B: Book>(state: &State<B>, account: AccountId, id: PoolId) -> Self {
        let pool = pool(state, account, id);
        let (asset, maintenance) = (pool.asset(), pool.maintenance());
        Self {
            account,
            pool: id,
            asset,
            condition: pool.holdings.condition(id),
            equity: pool.equity(),
            maintenance,
            recovered: pool.recovered_level(),
            take_over: maintenance.share_ceil(pool.risk.asset(asset).liquidation.take_over_rate),
            spent: pool.is_flat() && !has_collateral(&pool),
        }
    }

    /// The health of the pool that the position in a market belongs to.
    pub fn of_position<B: Book>(state: &State<B>, account: AccountId, market: &Market) -> Self {
        Self::of(state, account, state.accounts.of(account).holdings.pool_of(market))
    }

    /// Below its maintenance.
    pub fn below_maintenance(&self) -> Result<(), Reject> {
        self.unless(self.equity < self.maintenance, self.maintenance)
    }

    /// Whether it is below its maintenance, or locked and not recovered.
    pub fn is_needy(&self) -> bool {
        self.equity < self.maintenance || (self.condition.locked && self.equity < self.recovered)
    }

    /// In need.
    pub fn in_need(&self) -> Result<(), Reject> {
        self.unless(self.is_needy(), if self.condition.locked { self.recovered } else { self.maintenance })
    }

    /// In need, or with nothing left to restore it by.
    pub fn in_need_or_flat<B: Book>(&self, state: &State<B>) -> Result<(), Reject> {
        if pool(state, self.account, self.pool).is_flat() { Ok(()) } else { self.in_need() }
    }

    /// Failing: below the take-over level, or in debt.
    pub fn failing(&self) -> Result<(), Reject> {
        let level = self.take_over.max(Wide::ZERO);
        self.unless(self.equity < level, level)
    }

    /// In deficit: in debt with nothing left to pay it by.
    pub fn in_deficit(&self) -> Result<(), Reject> {
        self.unless(self.spent && self.equity < Wide::ZERO, Wide::ZERO)
    }

    fn unless(&self, ill: bool, level: Wide) -> Result<(), Reject> {
        if ill { Ok(()) } else { Err(Code::PoolHealthy.with(self.equity.clamp_i64(), level.clamp_i64())) }
    }

    /// A position of the pool, as what it goes for is computed from it; a flat one is none.
    pub fn target<B: Book>(&self, state: &State<B>, market: &Market) -> Result<Target, Reject> {
        let pool = pool(state, self.account, self.pool);
        let position = pool.holdings.position(market.id);
        if position.lots.0 == 0 {
            return Err(Code::NoPosition.bare());
        }
        let standard = |position: &Position, market: &Market| margin::maintenance(position.lots, market);
        Ok(Target {
            lots: position.lots,
            cost: position.cost,
            mark: market.mark,
            price_max: market.price_max,
            tick_value: market.tick_value,
            standard: standard(&position, market),
            standard_sum: pool.positions().fold(Wide::ZERO, |sum, (p, m)| sum + standard(&p, m).wide()),
            equity: self.equity,
            maintenance: self.maintenance,
        })
    }
}

/// Whether some collateral of the pool is worth converting, its cap aside.
fn has_collateral(pool: &Pool<'_>) -> bool {
    let PoolId::Cross(asset) = pool.id else { return false };
    pool.risk.asset(asset).counts.iter().any(|&counted| {
        let terms = pool.risk.asset(counted).collateral.expect("what counts is collateral");
        terms.worth(pool.holdings.cash(counted)) > Wide::ZERO
    })
}
