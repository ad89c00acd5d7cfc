//! The check at a fill: no fill leaves a pool under its initial requirement unless it reduces risk.
//!
//! A fill reduces risk if it moves the position towards zero, not past it, and costs no more against the mark than the
//! maintenance it frees, and than the pool has: what the pool has over its maintenance does not fall, and no debt is
//! made. Were closing allowed at any price, the owner of two accounts could close one against the other far from the
//! mark, leave a debt in the one and keep the gain in the other. Fees do not count here: they go to the venue, not to a
//! partner.

use super::margin;
use super::pool::{Pool, Risk};
use crate::quantities::{Lots, Wide};
use crate::state::holdings::{Fill, Holdings, PoolId, Purpose};
use crate::state::market::Market;
use crate::state::position::Position;

/// Whether all an account may do in a market is close: by permission, because its pool is locked, or because the market
/// is under stress and its position is not isolated.
#[inline]
pub fn only_closes(holdings: &Holdings, position: &Position, market: &Market, purpose: Purpose) -> bool {
    let pool = holdings.pool_with(position, market);
    let stressed = market.stress && matches!(pool, PoolId::Cross(_));
    let reducing = holdings.profile.reduce_only || holdings.condition(pool).locked;
    stressed || (reducing && purpose == Purpose::Ordinary)
}

/// How many of the fill's lots the account may take: all of them, the closing part, or none.
#[inline]
pub fn permitted(holdings: &Holdings, position: &Position, risk: Risk<'_>, fill: &Fill) -> Lots {
    let market = risk.market(fill.market);
    let pool = Pool::new(holdings, risk, holdings.pool_with(position, market));
    if is_beyond(&pool, position, market) {
        return Lots::ZERO;
    }
    if pool.is_portfolio() {
        let whole = carries(&pool, position, market, fill) || makes_safer(&pool, position, market, fill);
        return if whole { fill.lots } else { Lots::ZERO };
    }
    let closable = fill.closable(position);
    let may_close =
        closable > Lots::ZERO && reduces(&pool, position, market, &Fill { lots: fill.lots.min(closable), ..*fill });
    if (may_close && fill.lots <= closable) || carries(&pool, position, market, fill) {
        return fill.lots;
    }
    if may_close { closable } else { Lots::ZERO }
}

/// A mark may make debts without bound: past this one, an account trades no more.
#[inline]
fn is_beyond(pool: &Pool<'_>, position: &Position, market: &Market) -> bool {
    let money = pool.holdings.money(pool.id).wide();
    let settled = money - pool.holdings.owed(position, market).total().wide();
    money.is_beyond_balance() || settled.is_beyond_balance()
}

/// What a fill gains against the mark, before its fee.
#[inline]
fn gain(market: &Market, fill: &Fill) -> Wide {
    let signed = fill.side.signed(fill.lots);
    signed.value_at(market.mark, market.tick_value) - signed.value_at(fill.price, market.tick_value)
}

/// Whether a closing fill costs no more than the maintenance it frees and the pool has.
#[inline]
fn reduces(pool: &Pool<'_>, position: &Position, market: &Market, fill: &Fill) -> bool {
    let gain = gain(market, fill);
    if gain >= Wide::ZERO {
        return true;
    }
    let after = position.lots + fill.side.signed(fill.lots);
    let freed = margin::maintenance(position.lots, market) - margin::maintenance(after, market);
    gain + freed.wide() >= Wide::ZERO && pool.equity() + gain >= Wide::ZERO
}

/// Whether a fill costs no more than the maintenance it frees of a whole portfolio and the pool has. Which way it goes
/// does not matter: an opening hedge may, and closing one leg of a hedge may not.
fn makes_safer(pool: &Pool<'_>, position: &Position, market: &Market, fill: &Fill) -> bool {
    if fill.with_itself {
        return false;
    }
    let freed = pool.maintenance() - pool.with(filled(position, fill)).maintenance();
    let gain = gain(market, fill);
    freed >= Wide::ZERO && (gain >= Wide::ZERO || (gain + freed >= Wide::ZERO && pool.equity() + gain >= Wide::ZERO))
}

/// Whether the pool has its initial requirement after the fill.
fn carries(pool: &Pool<'_>, position: &Position, market: &Market, fill: &Fill) -> bool {
    let gain = gain(market, fill) - fill.fee.wide();
    pool.with(filled(position, fill)).affords(gain)
}

/// The position after the fill, as far as margin looks at it.
#[inline]
fn filled(position: &Position, fill: &Fill) -> Position {
    let mut after = *position;
    after.lots += fill.side.signed(fill.lots);
    after.change_open(fill.side, fill.reduce_only, -fill.lots);
    after
}
