//! Shares and prices of the waterfall (`docs/rules_waterfall.md`, *Shares and prices*): how much of a position may go at
//! once, how far from the mark, and what an account still has to give with it.
//!
//! Nothing here takes more from a pool than its equity: what a position is closed at lies between the mark and the value
//! at which its pool is worth nothing.

use crate::quantities::{Lots, Money, RATE_ONE, Rate, TickValue, Ticks, Wide};
use crate::state::asset::LiquidationTerms;

const ONE: i128 = RATE_ONE as i128;

/// `value / divisor`, rounded up; `divisor` is positive.
const fn ceil(value: i128, divisor: i128) -> i128 {
    -(-value).div_euclid(divisor)
}

/// A position in a pool that cannot carry it, with all that decides what it goes for.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The position, long positive; not flat.
    pub lots: Lots,
    /// What it cost, signed like the lots.
    pub cost: Money,
    /// The mark of its market.
    pub mark: Ticks,
    /// The highest price of its market.
    pub price_max: Ticks,
    /// The tick value of its market.
    pub tick_value: TickValue,
    /// Standard maintenance of the position.
    pub standard: Money,
    /// Its sum over the positions of the pool.
    pub standard_sum: Wide,
    /// Equity of the pool.
    pub equity: Wide,
    /// Maintenance of the pool, by its own mode.
    pub maintenance: Wide,
}

impl Target {
    /// The worst price that a reduction may be sent at: it moves from the mark towards the bankruptcy price as equity
    /// falls, and not beyond it.
    pub fn fillable_price(&self, settings: &LiquidationTerms) -> Ticks {
        let size = i128::from(self.lots.abs().0) * i128::from(self.tick_value.0);
        let bound = self.lacking(settings.adjustment_rate) * i128::from(settings.spread_rate.0);
        let adjusted = (i128::from(self.standard.0) * bound).div_euclid(ONE * ONE * size);
        let bankrupt = self.share_floor(self.standard).max(0).div_euclid(size);
        let distance = Ticks(i64::try_from(adjusted.min(bankrupt)).expect("at most the standard maintenance of a lot"));
        if self.lots.0 > 0 { (self.mark - distance).max(Ticks(1)) } else { (self.mark + distance).min(self.price_max) }
    }

    /// The share of its maintenance that the pool lacks, adjusted, as a rate from 0 to one.
    fn lacking(&self, adjustment_rate: Rate) -> i128 {
        if self.maintenance <= Wide::ZERO {
            return 0;
        }
        let lacked = i128::from(adjustment_rate.0) * (self.maintenance - self.equity).0;
        lacked.div_euclid(self.maintenance.0).clamp(0, ONE)
    }

    /// Most lots that one reduction may take: what brings the pool to `recovered` if it fills at the mark, its fee
    /// included, but no more than the share of a large position.
    pub fn most_lots(&self, settings: &LiquidationTerms, buffer_rate: Rate, recovered: Wide) -> Lots {
        let lots = i128::from(self.lots.abs().0);
        let freed = ceil(i128::from(self.standard.0) * i128::from(RATE_ONE + buffer_rate.0), ONE);
        let fee = ceil(self.value_at_mark(self.lots.abs()).0 * i128::from(settings.fee_rate.0), ONE);
        let (shortage, divisor) = ((recovered - self.equity).0, freed - fee);
        // A shortage that is all that the position frees, or more, needs all of it.
        let restore = if shortage >= divisor { lots } else { ceil(shortage * lots, divisor) };
        let lot = self.value_at_mark(Lots(1)).0;
        let share = ceil(lots * i128::from(settings.partial_rate.0), ONE);
        let partial = share.max(ceil(i128::from(settings.partial_notional.0), lot));
        Lots(i64::try_from(lots.min(restore.min(partial).max(1))).expect("at most the position"))
    }

    /// What `closing` lots are worth at the mark.
    pub fn value_at_mark(&self, closing: Lots) -> Wide {
        closing.value_at(self.mark, self.tick_value)
    }

    /// What closing `closing` lots is worth if the pool pays, or is forgiven, its share of the equity with them. `freed` is
    /// the standard maintenance that goes with the lots.
    ///
    /// A pool below zero is forgiven no more than these lots have lost: what they cost the other side is what the other
    /// side has won with them, and no debt from elsewhere.
    pub fn bankruptcy_value(&self, closing: Lots, freed: Money) -> Money {
        let share = self.share_ceil(freed).max(self.unrealised(closing).min(0));
        self.value_less(closing, share)
    }

    /// The same, but at the mark for a pool below zero: who takes the position over does not pay its debts.
    pub fn take_over_value(&self, closing: Lots, freed: Money) -> Money {
        let share = if self.equity >= Wide::ZERO { self.share_ceil(freed) } else { 0 };
        self.value_less(closing, share)
    }

    /// What a bid for `closing` lots pays: its price, but never so little (or, for a short position, so much) that more
    /// than the pool's share is lost.
    pub fn bid_value(&self, closing: Lots, freed: Money, price: Ticks) -> Money {
        let (offered, least) =
            (closing.value_at(price, self.tick_value).narrow(), self.take_over_value(closing, freed));
        if self.lots.0 > 0 { offered.max(least) } else { offered.min(least) }
    }

    /// The value at the mark less (or, for a short position, more) a share, within what prices of the market make.
    fn value_less(&self, closing: Lots, share: i128) -> Money {
        let at = |price: Ticks| closing.value_at(price, self.tick_value).0;
        let value = at(self.mark) - if self.lots.0 > 0 { share } else { -share };
        Wide(value.clamp(at(Ticks(1)), at(self.price_max))).narrow()
    }

    /// Profit of `closing` of the lots at the mark.
    fn unrealised(&self, closing: Lots) -> i128 {
        let signed = Lots(closing.0 * self.lots.0.signum());
        let cost = self.cost - self.cost.portion_floor(self.lots - signed, self.lots);
        (self.value_at_mark(signed) - cost.wide()).0
    }

    /// `floor(equity · freed / Σ standard maintenance)`. The quotient is taken of the two parts of
    /// `equity = whole · sum + rest`, because the product may be beyond 128 bits.
    fn share_floor(&self, freed: Money) -> i128 {
        let (sum, freed) = (self.standard_sum.0, i128::from(freed.0));
        if sum <= 0 {
            return 0;
        }
        let (whole, rest) = (self.equity.0.div_euclid(sum), self.equity.0.rem_euclid(sum));
        whole * freed + (rest * freed).div_euclid(sum)
    }

    /// The same, rounded up: against the account.
    fn share_ceil(&self, freed: Money) -> i128 {
        let negated = Self { equity: -self.equity, ..*self };
        -negated.share_floor(freed)
    }
}

/// Shares an amount among weights: `floor(amount · weight / Σ weights)` each, and what is left to the last.
pub fn shares(amount: Money, weights: impl ExactSizeIterator<Item = Lots> + Clone) -> impl Iterator<Item = Money> {
    let total: i128 = weights.clone().map(|weight| i128::from(weight.0)).sum();
    let (last, mut left) = (weights.len(), amount);
    weights.enumerate().map(move |(index, weight)| {
        let floor = (i128::from(amount.0) * i128::from(weight.0)).div_euclid(total);
        let share = if index + 1 == last { left } else { Wide(floor).narrow() };
        left -= share;
        share
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PERCENT: i64 = RATE_ONE / 100;

    /// A pool of one position with a maintenance of 10 %, bought at the mark.
    fn alone(lots: i64, mark: i64, equity: i64) -> Target {
        let standard = lots.abs() * mark / 10;
        Target {
            lots: Lots(lots),
            cost: Money(lots * mark),
            mark: Ticks(mark),
            price_max: Ticks(10 * mark),
            tick_value: TickValue(1),
            standard: Money(standard),
            standard_sum: Wide(i128::from(standard)),
            equity: Wide(i128::from(equity)),
            maintenance: Wide(i128::from(standard)),
        }
    }

    fn spread(percent: i64) -> LiquidationTerms {
        LiquidationTerms { spread_rate: Rate(percent * PERCENT), ..LiquidationTerms::default() }
    }

    fn fee(percent: i64) -> LiquidationTerms {
        LiquidationTerms { fee_rate: Rate(percent * PERCENT), ..LiquidationTerms::default() }
    }

    /// dYdX's vectors: 0.1 at 50,000, maintenance 10 %, 499 of equity; a lot is 0.1, money counts tenths.
    #[test]
    fn the_fillable_price_moves_from_the_mark_as_equity_falls() {
        assert_eq!(alone(1, 50_000, 4_990).fillable_price(&spread(10)), Ticks(49_999));
        assert_eq!(alone(1, 50_000, 4_990).fillable_price(&spread(20)), Ticks(49_998));
        assert_eq!(alone(-1, 50_000, 4_990).fillable_price(&spread(10)), Ticks(50_001));
        assert_eq!(alone(1, 50_000, 5_000).fillable_price(&spread(100)), Ticks(50_000), "nothing is lacking");
        let fast = LiquidationTerms { adjustment_rate: Rate(5 * RATE_ONE), ..spread(10) };
        assert_eq!(alone(1, 50_000, 4_990).fillable_price(&fast), Ticks(49_995));
    }

    #[test]
    fn the_fillable_price_is_not_beyond_the_bankruptcy_price() {
        assert_eq!(alone(1, 50_000, 3_000).fillable_price(&spread(100)), Ticks(48_000), "two fifths are lacking");
        assert_eq!(alone(1, 50_000, 2_000).fillable_price(&spread(100)), Ticks(48_000), "all that the account has");
        assert_eq!(alone(1, 50_000, 1).fillable_price(&spread(100)), Ticks(49_999));
        assert_eq!(alone(-1, 50_000, 0).fillable_price(&spread(100)), Ticks(50_000));
        assert_eq!(alone(1, 50_000, -900).fillable_price(&spread(100)), Ticks(50_000));
    }

    /// dYdX's vectors again: 0.1 at 50,000 is closed for all the account has, or for the mark when it has nothing.
    #[test]
    fn the_bankruptcy_value_takes_the_share_of_the_equity() {
        assert_eq!(alone(1, 50_000, 4_990).bankruptcy_value(Lots(1), Money(5_000)), Money(45_010));
        // Half of it, in lots of 0.05 and money in twentieths.
        assert_eq!(alone(2, 50_000, 0).bankruptcy_value(Lots(1), Money(5_000)), Money(50_000));
        assert_eq!(alone(-2, 50_000, 100).bankruptcy_value(Lots(1), Money(5_000)), Money(50_050));
        assert_eq!(alone(3, 7, 1).bankruptcy_value(Lots(1), Money(1)), Money(6), "a share of a half is a unit");
    }

    /// The rulebook's party 1: 5,000, sold 100 at 100, mark 180. It has lost 8,000; the other side forgoes 3,000.
    #[test]
    fn the_other_side_forgoes_what_the_pool_cannot_pay() {
        let party = Target { cost: Money(-10_000), ..alone(-100, 180, -3_000) };
        assert_eq!(party.bankruptcy_value(Lots(100), party.standard), Money(15_000));
        assert_eq!(party.take_over_value(Lots(100), party.standard), Money(18_000));
    }

    #[test]
    fn the_other_side_does_not_pay_for_debts_from_elsewhere() {
        let small = Target { cost: Money(120), ..alone(1, 100, -1_000_000) };
        assert_eq!(small.bankruptcy_value(Lots(1), small.standard), Money(120), "bought at 120, worth 100");
        let winner = Target { cost: Money(80), ..small };
        assert_eq!(winner.bankruptcy_value(Lots(1), winner.standard), Money(100));
    }

    #[test]
    fn a_bid_takes_no_more_than_the_equity() {
        let long = alone(10, 100, 40);
        assert_eq!(long.bid_value(Lots(5), Money(50), Ticks(98)), Money(490));
        assert_eq!(long.bid_value(Lots(5), Money(50), Ticks(1)), Money(480), "half of the equity");
        let short = alone(-10, 100, -7);
        assert_eq!(short.bid_value(Lots(5), Money(50), Ticks(103)), Money(500), "nothing is left to give");
    }

    /// Drift's vectors and the rulebook's: shortage 10, price 100, maintenance 10 %; a lot is 0.01, money counts hundredths.
    #[test]
    fn a_reduction_restores_the_pool_and_pays_its_fee() {
        let target = alone(1_000, 100, 9_000);
        let lots = [0, 1, 2].map(|percent| target.most_lots(&fee(percent), Rate::ZERO, Wide(10_000)).0);
        assert_eq!(lots, [100, 112, 125], "1.0, 1.11 rounded up to a lot, and 1.25 of the base");
        assert_eq!(target.most_lots(&fee(10), Rate::ZERO, Wide(10_000)), Lots(1_000), "the fee eats what it frees");
    }

    #[test]
    fn a_large_position_goes_in_parts() {
        let fifth = LiquidationTerms { partial_rate: Rate(20 * PERCENT), ..LiquidationTerms::default() };
        let target = alone(1_001, 100, 0);
        assert_eq!(target.most_lots(&fifth, Rate::ZERO, Wide(10_010)), Lots(201));
        let at_least = LiquidationTerms { partial_notional: Money(30_050), ..fifth };
        assert_eq!(target.most_lots(&at_least, Rate::ZERO, Wide(10_010)), Lots(301));
        let nothing = LiquidationTerms { partial_rate: Rate::ZERO, ..LiquidationTerms::default() };
        assert_eq!(target.most_lots(&nothing, Rate::ZERO, Wide(10_010)), Lots(1), "never none");
    }

    /// Vega's vector, and the rulebook's pro-rata example.
    #[test]
    fn shares_are_floors_and_the_last_takes_the_rest() {
        let shared = |amount: i64, weights: &[i64]| -> Vec<i64> {
            shares(Money(amount), weights.iter().map(|&weight| Lots(weight))).map(|share| share.0).collect()
        };
        assert_eq!(shared(5_080, &[80, 8_000]), [50, 5_030]);
        assert_eq!(shared(100, &[60, 90]), [40, 60]);
        assert_eq!(shared(10, &[1, 1, 1]), [3, 3, 4]);
    }

    proptest! {
        #[test]
        fn extremes_stay_within_the_market_and_the_pool(
            price_max in 1_i64..1 << 31, mark in 1_i64..1 << 31, lots in 1_i64..=1 << 58, closing in 1_i64..=1 << 58,
            short in any::<bool>(), rate in 0_i64..=RATE_ONE, equity in -(1_i128 << 70)..1 << 70,
            others in 0_i128..1 << 68, buffer in 0_i64..=10 * RATE_ONE, entry in 1_i64..1 << 31,
            adjustment_rate in 0_i64..=100 * RATE_ONE, fee_rate in 0_i64..=RATE_ONE / 10, spread_rate in 0_i64..=RATE_ONE
        ) {
            let mark = mark.min(price_max);
            let lots = lots.min((1 << 58) / price_max).max(1);
            let closing = Lots(closing.min(lots));
            let maintenance = |lots: i64| Money(lots * mark).share_ceil(Rate(rate), crate::quantities::Deduction::ZERO);
            let (standard, freed) = (maintenance(lots), maintenance(lots) - maintenance(lots - closing.0));
            let signed = if short { -lots } else { lots };
            let standard_sum = standard.wide() + Wide(others);
            let target = Target {
                lots: Lots(signed), cost: Money(signed * entry.min(price_max)), mark: Ticks(mark), price_max: Ticks(price_max),
                tick_value: TickValue(1), standard, standard_sum, equity: Wide(equity), maintenance: standard_sum,
            };
            let settings = LiquidationTerms {
                adjustment_rate: Rate(adjustment_rate), fee_rate: Rate(fee_rate), spread_rate: Rate(spread_rate), ..LiquidationTerms::default()
            };
            let fillable = target.fillable_price(&settings);
            let range = if short { mark..=price_max } else { 1..=mark };
            prop_assert!(range.contains(&fillable.0));
            let recovered = Wide(ceil(standard_sum.0 * i128::from(RATE_ONE + buffer), ONE));
            prop_assert!((1..=lots).contains(&target.most_lots(&settings, Rate(buffer), recovered).0));
            let bounds = closing.0..=closing.0 * price_max;
            prop_assert!(bounds.contains(&target.bankruptcy_value(closing, freed).0));
            prop_assert!(bounds.contains(&target.bid_value(closing, freed, fillable).0));
            // Whatever a bid or a take-over costs, a pool that had something is not in debt for it.
            let cost = (closing.0 * mark - target.bid_value(closing, freed, Ticks(if short { price_max } else { 1 })).0)
                * if short { -1 } else { 1 };
            prop_assert!(cost <= 0 || i128::from(cost) <= equity);
        }
    }
}
