//! What must stay in a pool when money leaves it.

use super::margin;
use crate::quantities::{AssetId, Money, Wide};
use crate::state::account::Holdings;
use crate::state::market::Market;

/// `max(requirement, ceil(10 % of Σ |lots| · mark · tick_value))`.
pub fn floor(holdings: &Holdings, markets: &[Market], asset: AssetId) -> Wide {
    let of_asset = |term: &margin::Term| term.asset == asset;
    let (mut requirement, mut notional) = (Wide::ZERO, Wide::ZERO);
    for term in margin::terms(holdings, markets).filter(of_asset) {
        let market = &markets[term.market.index()];
        requirement += term.requirement.wide();
        notional += market.notional(term.lots.abs(), term.mark).wide();
    }
    let tenth = Wide(-((-notional.0).div_euclid(10)));
    requirement.max(tenth)
}

/// Equity after `amount` has left, and what it must not fall below.
pub fn after(holdings: &Holdings, markets: &[Market], asset: AssetId, amount: Money) -> (Wide, Wide) {
    let pool = margin::pool(holdings, markets, asset);
    (pool.equity - amount.wide(), floor(holdings, markets, asset))
}
