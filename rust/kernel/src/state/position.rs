//! A position: what an account has in one market.

use crate::command::Side;
use crate::quantities::{Lots, MarketId, Money, TickValue, Ticks};

/// What an account has in one market. One cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The market.
    pub market: MarketId,
    /// Whether the account has a [`super::holdings::Rider`] for it.
    pub ridden: bool,
    /// Signed size, long positive.
    pub lots: Lots,
    /// What the position cost, signed like the lots: `unrealised = lots · mark · tick_value − cost`.
    pub cost: Money,
    /// Open buy lots that may add risk.
    pub buys: Lots,
    /// Open sell lots that may add risk.
    pub sells: Lots,
    /// Seq at which lots, cost or remembered indices last changed; 0 when flat.
    pub changed: u64,
    /// The market's funding index as of the last settlement; 0 when flat.
    pub index: i128,
}

/// What settling one fill did to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Change of cash from the trade, before its fee.
    pub realised: Money,
    /// Change of cost.
    pub cost_change: Money,
    /// Change of long lots, for the market's open interest.
    pub long_change: Lots,
}

impl Position {
    /// Nothing of it is left: such a position is not part of the state.
    pub fn is_empty(&self) -> bool {
        self.lots.0 == 0 && self.cost.0 == 0 && self.buys.0 == 0 && self.sells.0 == 0 && !self.ridden
    }

    /// Whether it has lots, or could have: whether margin asks anything for it.
    #[inline]
    pub fn is_live(&self) -> bool {
        self.lots.0 != 0 || self.buys.0 != 0 || self.sells.0 != 0
    }

    /// Changes the open lots of a side. A reduce-only order has none, because it cannot add risk: this is the place that
    /// knows it.
    #[inline]
    pub fn change_open(&mut self, side: Side, reduce_only: bool, change: Lots) {
        if reduce_only {
            return;
        }
        match side {
            Side::Buy => self.buys += change,
            Side::Sell => self.sells += change,
        }
    }

    /// Remembers the funding index and when that was; nothing if flat.
    #[inline]
    pub fn remember(&mut self, index: i128, seq: u64) {
        (self.changed, self.index) = if self.lots.0 == 0 { (0, 0) } else { (seq, index) };
    }

    /// `max(|lots + buys|, |lots − sells|)`.
    #[inline]
    pub fn worst(&self) -> Lots {
        let (up, down) = ((self.lots + self.buys).abs(), (self.lots - self.sells).abs());
        up.max(down)
    }

    /// Lots that a fill on `side` may close: what stands against it.
    #[inline]
    pub fn closable(&self, side: Side) -> Lots {
        match side {
            Side::Buy => Lots((-self.lots.0).max(0)),
            Side::Sell => Lots(self.lots.0.max(0)),
        }
    }

    /// Largest size, either way, that fills of its open lots can bring it to: neither side nets the other.
    #[inline]
    pub fn reach(&self) -> Lots {
        (Lots(self.lots.0.max(0)) + self.buys).max(Lots((-self.lots.0).max(0)) + self.sells)
    }

    /// Buys or sells `lots` at `price` (`docs/rules.md`, *Settlement*).
    #[inline]
    pub fn fill(&mut self, side: Side, lots: Lots, price: Ticks, tick_value: TickValue) -> Settled {
        self.fill_at_value(side, lots, lots.value_at(price, tick_value).narrow())
    }

    /// Buys or sells `lots` for `value`: the part that closes first, for its share of the value rounded down.
    #[inline]
    pub fn fill_at_value(&mut self, side: Side, lots: Lots, value: Money) -> Settled {
        let (before, long_before) = (*self, self.lots.0.max(0));
        let of_side = |amount: Money| match side {
            Side::Buy => amount,
            Side::Sell => -amount,
        };
        let closing = lots.min(self.closable(side));
        self.lots += side.signed(lots);
        let remaining_cost = if closing.0 == 0 {
            before.cost + of_side(value)
        } else if closing < lots {
            // Crossed zero: what is left was opened for the rest of the value.
            of_side(value - value.portion_floor(closing, lots))
        } else if self.lots.0 == 0 {
            Money::ZERO
        } else {
            before.cost.portion_floor(self.lots, before.lots)
        };
        self.cost = remaining_cost;
        Settled {
            realised: remaining_cost - before.cost - of_side(value),
            cost_change: remaining_cost - before.cost,
            long_change: Lots(self.lots.0.max(0) - long_before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TV: TickValue = TickValue(10);

    fn long(lots: i64, cost: i64) -> Position {
        Position { lots: Lots(lots), cost: Money(cost), ..Position::default() }
    }

    #[test]
    fn a_partial_close_keeps_the_floor_of_its_cost() {
        let mut position = long(3, 1000);
        let settled = position.fill(Side::Sell, Lots(1), Ticks(40), TV);
        assert_eq!((position.lots, position.cost), (Lots(2), Money(666)));
        // Sold for 400 what cost 334: the odd unit went against the trader.
        assert_eq!(settled.realised, Money(66));
    }

    #[test]
    fn a_flip_closes_to_zero_and_opens_the_rest_at_the_price() {
        let mut position = long(2, 200);
        let settled = position.fill(Side::Sell, Lots(5), Ticks(20), TV);
        assert_eq!((position.lots, position.cost), (Lots(-3), Money(-600)));
        assert_eq!(settled.realised, Money(200));
        assert_eq!(settled.long_change, Lots(-2));
    }

    #[test]
    fn a_flip_for_a_value_closes_for_the_floor_of_its_share() {
        let mut position = long(2, 200);
        let settled = position.fill_at_value(Side::Sell, Lots(5), Money(1_001));
        assert_eq!((position.lots, position.cost), (Lots(-3), Money(-601)), "400 of it closed");
        assert_eq!((settled.realised, settled.cost_change), (Money(200), Money(-801)));
    }

    #[test]
    fn realising_moves_money_between_cost_and_cash_only() {
        let mut position = long(-7, -1001);
        let settled = position.fill(Side::Buy, Lots(3), Ticks(11), TV);
        assert_eq!(settled.realised - settled.cost_change, Money(-330));
    }
}
