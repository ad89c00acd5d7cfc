//! The check at a fill: no fill leaves an account under its initial requirement unless it reduces risk.
//!
//! A fill reduces risk if it moves the position towards zero, not past it, and costs no more against the mark than the
//! maintenance it frees: what the account has over its maintenance does not fall. Were closing allowed at any price, the
//! owner of two accounts could close one against the other far from the mark, leave a debt in the one and keep the gain
//! in the other. Fees do not count here: they go to the venue, not to a partner.

use super::margin;
use crate::quantities::{BALANCE_MAX, Lots, Wide};
use crate::state::account::{Fill, Holdings, Position};
use crate::state::market::Market;

/// How many of the fill's lots the account may take: all of them, the closing part, or none.
pub fn permitted(holdings: &Holdings, markets: &[Market], fill: &Fill) -> Lots {
    // A mark may make debts without bound: past this one, an account trades no more.
    if holdings.cash(fill.asset).0.unsigned_abs() > BALANCE_MAX.unsigned_abs() {
        return Lots::ZERO;
    }
    let position = holdings.position(fill.market);
    let market = &markets[fill.market.index()];
    let closable = fill.closable(&position);
    let closing = Fill { lots: fill.lots.min(closable), ..*fill };
    let may_close = closable > Lots::ZERO && reduces(&position, market, &closing);
    if (may_close && fill.lots <= closable) || carries(holdings, markets, &position, fill) {
        return fill.lots;
    }
    if may_close { closable } else { Lots::ZERO }
}

/// What a fill gains against the mark, before its fee.
#[inline]
fn gain(market: &Market, fill: &Fill) -> Wide {
    let signed = fill.side.signed(fill.lots);
    signed.value_at(market.mark, market.tick_value) - signed.value_at(fill.price, market.tick_value)
}

/// Whether a closing fill costs no more than the maintenance it frees.
#[inline]
fn reduces(position: &Position, market: &Market, fill: &Fill) -> bool {
    let gain = gain(market, fill);
    if gain >= Wide::ZERO {
        return true;
    }
    let after = position.lots + fill.side.signed(fill.lots);
    let freed = margin::maintenance(position.lots, market) - margin::maintenance(after, market);
    gain + freed.wide() >= Wide::ZERO
}

/// Whether the account has its initial requirement after the fill.
fn carries(holdings: &Holdings, markets: &[Market], position: &Position, fill: &Fill) -> bool {
    let market = &markets[fill.market.index()];
    let mut after = *position;
    after.lots += fill.side.signed(fill.lots);
    after.change_open(fill.side, fill.reduce_only, -fill.lots);
    let pool = margin::pool(holdings, markets, fill.asset);
    let change =
        margin::requirement(after.worst(), market).wide() - margin::requirement(position.worst(), market).wide();
    pool.equity + gain(market, fill) - fill.fee.wide() >= pool.requirement + change
}
