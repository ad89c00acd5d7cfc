//! The check at a fill: no fill leaves an account under its initial requirement unless it reduces risk.

use super::margin;
use crate::quantities::{BALANCE_MAX, Lots, Wide};
use crate::state::account::{Fill, Holdings};
use crate::state::market::Market;

/// How many of the fill's lots the account may take: all of them, the closing part, or none.
pub fn permitted(holdings: &Holdings, markets: &[Market], fill: &Fill) -> Lots {
    // Closing is always allowed, and debts have no bound: without this one, two accounts could fill 64 bits.
    if holdings.cash(fill.asset).0.unsigned_abs() > BALANCE_MAX.unsigned_abs() {
        return Lots::ZERO;
    }
    let position = holdings.position(fill.market);
    let closable = fill.closable(&position);
    if fill.lots <= closable {
        return fill.lots;
    }
    let market = &markets[fill.market.index()];
    let mut after = position;
    after.lots += fill.side.signed(fill.lots);
    if !fill.reduce_only {
        *after.open_mut(fill.side) -= fill.lots;
    }
    let pool = margin::pool(holdings, markets, fill.asset);
    let signed = fill.side.signed(fill.lots);
    let gain = signed.value_at(market.mark, market.tick_value) - signed.value_at(fill.price, market.tick_value);
    let equity = pool.equity + gain - fill.fee.wide();
    let change = Wide(i128::from(margin::requirement(after.worst(), market).0))
        - margin::requirement(position.worst(), market).wide();
    if equity >= pool.requirement + change { fill.lots } else { closable }
}
