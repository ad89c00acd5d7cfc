//! Every pool of every account, in the order of the rules: what is looked at, and the plain way of looking at all of it.
//!
//! The kernel looks at the accounts that the ladder names; `invariants.rs` and `tests/sweep.rs` hold it against [`scan`].

use super::standing::Boundaries;
use crate::event::Standing;
use crate::matching::book::Book;
use crate::quantities::{AccountId, AssetId, Lots, Wide};
use crate::risk::pool::{Pool, Risk};
use crate::state::State;
use crate::state::holdings::{Holdings, PoolId};

/// A pool as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Which.
    pub pool: PoolId,
    /// What it has.
    pub equity: Wide,
    /// What it must have to go on.
    pub maintenance: Wide,
    /// How it stands.
    pub standing: Standing,
}

impl Look {
    /// At a pool.
    pub fn at(pool: &Pool<'_>) -> Self {
        let (equity, maintenance) = (pool.equity(), pool.maintenance());
        let standing = boundaries(pool).distances(equity, maintenance).standing();
        Self { pool: pool.id, equity, maintenance, standing }
    }
}

/// The boundaries of a pool.
#[inline]
pub fn boundaries(pool: &Pool<'_>) -> Boundaries {
    let terms = &pool.risk.asset(pool.asset()).liquidation;
    Boundaries::new(terms.first_call_rate, terms.second_call_rate, terms.take_over_rate)
}

/// The pools of an account: its cross pools by asset, wherever it has cash, a position or collateral, and then its isolated
/// pools by market.
#[inline]
pub fn pools<'a>(holdings: &'a Holdings, risk: Risk<'a>) -> impl Iterator<Item = PoolId> + 'a {
    // There are at most 64 assets.
    let mut assets = 0_u64;
    for (asset, _) in holdings.balances() {
        let pooled = risk.asset(asset).collateral.map_or(asset, |collateral| collateral.settlement);
        assets |= 1 << pooled.index();
    }
    for position in holdings.positions().iter().filter(|position| position.lots != Lots::ZERO) {
        assets |= 1 << risk.market(position.market).settlement.index();
    }
    let cross = std::iter::from_fn(move || {
        let next = (assets != 0).then(|| assets.trailing_zeros())?;
        assets &= assets - 1;
        Some(PoolId::Cross(AssetId(u16::try_from(next + 1).expect("at most 64"))))
    });
    let isolated = holdings.riders().iter().filter(|rider| rider.isolated);
    cross.chain(isolated.map(|rider| PoolId::Isolated(rider.market)))
}

/// Looks at every pool of every account, in order.
pub fn scan<B: Book>(state: &State<B>) -> impl Iterator<Item = (AccountId, Look)> + '_ {
    let risk = state.risk();
    state.accounts.iter().flat_map(move |(id, account)| {
        let holdings = &account.holdings;
        pools(holdings, risk).map(move |pool| (id, Look::at(&Pool::new(holdings, risk, pool))))
    })
}
