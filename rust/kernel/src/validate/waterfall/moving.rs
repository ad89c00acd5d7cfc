//! Lots that change hands without an order: both sides must have room for what it does to them.

use crate::command::Side;
use crate::event::MoveReason;
use crate::matching::book::Book;
use crate::quantities::{AccountId, Lots, MarketId, Money, Wide};
use crate::reject::{Code, Reject};
use crate::risk::margin;
use crate::risk::pool::Pool;
use crate::risk::waterfall::Target;
use crate::state::State;
use crate::state::market::Market;
use crate::state::position::Position;

/// A move that passed its checks: the source closes, the destination takes.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// Which step moves them.
    pub reason: MoveReason,
    /// In which market.
    pub market: MarketId,
    /// How many.
    pub lots: Lots,
    /// For how much.
    pub value: Money,
    /// Who closes.
    pub source: AccountId,
    /// Who takes.
    pub destination: AccountId,
    /// What the destination does: it buys from a long position.
    pub side: Side,
}

/// What closing a position makes its taker do.
pub fn taken_by(position: Lots) -> Side {
    if position.0 > 0 { Side::Buy } else { Side::Sell }
}

/// Standard maintenance that goes with `closing` of a position's lots.
pub fn freed(target: &Target, market: &Market, closing: Lots) -> Money {
    let left = Lots(target.lots.abs().0 - closing.0);
    target.standard - margin::maintenance(left, market)
}

/// What a side of a move does to an account.
pub struct Taken<'a> {
    /// The pool of the position.
    pub pool: Pool<'a>,
    /// The position before.
    pub before: Position,
    /// The position after.
    pub after: Position,
    /// Equity of the pool after: what it gains or loses against the mark.
    pub equity: Wide,
    /// What its money changes by, what it owes included.
    change: Wide,
}

impl<'a> Taken<'a> {
    /// An account buys or sells `lots` for `value`.
    pub fn by<B: Book>(
        state: &'a State<B>,
        account: AccountId,
        market: &Market,
        side: Side,
        (lots, value): (Lots, Money),
    ) -> Self {
        let holdings = &state.accounts.of(account).holdings;
        let pool = Pool::new(holdings, state.risk(), holdings.pool_of(market));
        let before = holdings.position(market.id);
        let mut after = before;
        let settled = after.fill_at_value(side, lots, value);
        let at_mark = lots.value_at(market.mark, market.tick_value);
        let gain = match side {
            Side::Buy => at_mark - value.wide(),
            Side::Sell => value.wide() - at_mark,
        };
        let change = settled.realised.wide() - holdings.owed(&before, market).total().wide();
        Self { pool, before, after, equity: pool.equity() + gain, change }
    }

    /// Whether it only closes what the account had.
    pub fn closes(&self) -> bool {
        self.after.lots.abs() < self.before.lots.abs() && self.after.lots.0.signum() * self.before.lots.0.signum() >= 0
    }

    /// The position limit.
    pub fn within_limit(&self, market: &Market) -> Result<(), Reject> {
        let reach = self.after.reach();
        if reach > market.position_max {
            return Err(Code::PositionLimit.with(reach.0, market.position_max.0));
        }
        Ok(())
    }

    /// The placing level.
    pub fn solvent(&self) -> Result<(), Reject> {
        let required = self.pool.with(self.after).placing_level();
        if self.equity < required {
            return Err(Code::TakerInsolvent.with(required.clamp_i64(), self.equity.clamp_i64()));
        }
        Ok(())
    }

    /// The balance limit.
    pub fn fits(&self) -> Result<(), Reject> {
        changes_within(self.pool.holdings.money(self.pool.id), self.change)
    }

    /// Notional of all positions of the pool.
    pub fn exposure(&self) -> Wide {
        self.pool.with(self.after).notional()
    }
}

/// A balance that changes stays within the balance limit.
pub fn changes_within(balance: Money, change: Wide) -> Result<(), Reject> {
    if (balance.wide() + change).is_beyond_balance() {
        return Err(Code::SupplyLimit.with(change.clamp_i64(), balance.0));
    }
    Ok(())
}
