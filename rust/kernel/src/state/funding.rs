//! Funding and socialised losses: cumulative indices of a market, and what a position owes by them.
//!
//! Indices count [`RATE_ONE`]-ths of a minor unit per lot, so that an epoch is one exact addition whoever holds what.

use super::position::Position;
use crate::command::Side;
use crate::quantities::{Money, RATE_ONE, Rate, Wide, div_ceil_wide};

/// A market's indices and what settling them has moved so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Funding {
    /// What one long lot has paid since the market opened, and one short lot received.
    pub index: i128,
    /// What one long lot has borne of socialised losses.
    pub loss_long: i128,
    /// What one short lot has.
    pub loss_short: i128,
    /// The sum of all settled amounts before rounding.
    pub clearing: i128,
    /// What rounding added to them and is not yet a whole unit.
    pub fraction: i128,
    /// The rate of the last epoch.
    pub last_rate: Rate,
    /// Seq of the last epoch.
    pub changed: u64,
    /// Seq of the last socialised loss.
    pub loss_changed: u64,
}

/// What a position owes: negative is a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owed {
    /// By the funding index, rounded against the account.
    pub funding: Money,
    /// By the loss index of its side, rounded up.
    pub loss: Money,
    /// Both together, unrounded.
    pub exact: i128,
}

impl Owed {
    /// What leaves the account.
    #[inline]
    pub fn total(&self) -> Money {
        self.funding + self.loss
    }
}

impl Funding {
    /// The loss index of the side a position of `lots` is on.
    #[inline]
    pub const fn loss(&self, lots: i64) -> i128 {
        if lots >= 0 { self.loss_long } else { self.loss_short }
    }

    /// What a position owes that remembers `loss_index`.
    #[inline]
    pub fn owed(&self, position: &Position, loss_index: i128) -> Owed {
        let lots = position.lots.0;
        let (since, borne) = (self.index - position.index, self.loss(lots) - loss_index);
        if lots == 0 || (since == 0 && borne == 0) {
            return Owed::default();
        }
        let (funding, loss) = (i128::from(lots) * since, i128::from(lots).abs() * borne);
        let rounded = |amount: i128| Wide(div_ceil_wide(amount, i128::from(RATE_ONE))).narrow();
        Owed { funding: rounded(funding), loss: rounded(loss), exact: funding + loss }
    }

    /// What a lot of a side bears once it shares an amount, rounded up.
    pub const fn loss_step(amount: Money, open_interest: i128) -> i128 {
        div_ceil_wide(amount.0 as i128 * RATE_ONE as i128, open_interest)
    }

    /// A side shares an amount; gives the whole units that rounding has brought together.
    pub fn share_loss(&mut self, side: Side, amount: Money, open_interest: i128, seq: u64) -> Money {
        let step = Self::loss_step(amount, open_interest);
        match side {
            Side::Buy => self.loss_long += step,
            Side::Sell => self.loss_short += step,
        }
        self.loss_changed = seq;
        // What the side owes from now on, of which the amount has been paid out.
        self.clearing -= step * open_interest;
        self.fraction += step * open_interest - i128::from(amount.0) * i128::from(RATE_ONE);
        self.whole_units()
    }

    /// Books a settlement; gives the whole units that rounding has brought together.
    pub fn book(&mut self, owed: &Owed) -> Money {
        self.clearing += owed.exact;
        self.fraction += i128::from(owed.total().0) * i128::from(RATE_ONE) - owed.exact;
        self.whole_units()
    }

    /// Takes the whole units out of the fraction.
    fn whole_units(&mut self) -> Money {
        let one = i128::from(RATE_ONE);
        let whole = self.fraction.div_euclid(one);
        self.fraction -= whole * one;
        Wide(whole).narrow()
    }
}
