//! Cross margin: one pool per account and settlement asset (`docs/rules.md`, *Margin*).

use crate::quantities::{AssetId, Lots, MarketId, Money, Ticks, Wide};
use crate::state::account::{Holdings, Position};
use crate::state::market::Market;

/// `lots · mark · tick_value − cost`.
#[inline]
pub fn unrealised(position: &Position, market: &Market) -> Wide {
    position.lots.value_at(market.mark, market.tick_value) - position.cost.wide()
}

/// `im(worst · mark · tick_value)`.
#[inline]
pub fn requirement(worst: Lots, market: &Market) -> Money {
    if worst.0 == 0 { Money::ZERO } else { market.schedule.initial(market.notional(worst, market.mark)) }
}

/// `mm(|lots| · mark · tick_value)`.
#[inline]
pub fn maintenance(lots: Lots, market: &Market) -> Money {
    if lots.0 == 0 { Money::ZERO } else { market.schedule.maintenance(market.notional(lots.abs(), market.mark)) }
}

/// What a pool has and must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// `cash + Σ unrealised`.
    pub equity: Wide,
    /// `Σ requirement`.
    pub requirement: Wide,
}

/// The pool of a settlement asset.
#[inline]
pub fn pool(holdings: &Holdings, markets: &[Market], asset: AssetId) -> Pool {
    let mut sum = Pool { equity: holdings.cash(asset).wide(), requirement: Wide::ZERO };
    for position in holdings.positions() {
        let worst = position.worst();
        // Without lots, held or open, there is no cost either: nothing to add.
        if worst.0 == 0 {
            continue;
        }
        let market = &markets[position.market.index()];
        if market.settlement == asset {
            sum.equity += unrealised(position, market);
            sum.requirement += requirement(worst, market).wide();
        }
    }
    sum
}

/// One market's part of a pool, with all that went into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The market.
    pub market: MarketId,
    /// The asset it settles in.
    pub asset: AssetId,
    /// Signed position.
    pub lots: Lots,
    /// Its cost.
    pub cost: Money,
    /// Open buy lots.
    pub buys: Lots,
    /// Open sell lots.
    pub sells: Lots,
    /// The mark.
    pub mark: Ticks,
    /// Unrealised profit.
    pub unrealised: Wide,
    /// Worst-side lots.
    pub worst: Lots,
    /// Their notional.
    pub worst_notional: Money,
    /// The tier of that notional.
    pub tier: usize,
    /// Initial requirement.
    pub requirement: Money,
    /// Maintenance requirement.
    pub maintenance: Money,
}

/// The terms of all of an account's pools, by market.
pub fn terms<'a>(holdings: &'a Holdings, markets: &'a [Market]) -> impl Iterator<Item = Term> + 'a {
    holdings.positions().iter().filter(|position| !position.is_empty()).map(|position| {
        let market = &markets[position.market.index()];
        let worst = position.worst();
        let worst_notional = market.notional(worst, market.mark);
        Term {
            market: position.market,
            asset: market.settlement,
            lots: position.lots,
            cost: position.cost,
            buys: position.buys,
            sells: position.sells,
            mark: market.mark,
            unrealised: unrealised(position, market),
            worst,
            worst_notional,
            tier: market.schedule.tier_of(worst_notional),
            requirement: requirement(worst, market),
            maintenance: maintenance(position.lots, market),
        }
    })
}
