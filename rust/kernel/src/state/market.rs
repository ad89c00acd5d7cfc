//! Markets: their terms, their margin schedule and their last prices.

use super::funding::Funding;
use super::groups::Scenarios;
use super::insurance::Insurance;
use super::oracle::{Grades, Oracle};
use crate::command::{AddMarket, FeeTier, MarketMode, Tier};
use crate::quantities::{AssetId, Deduction, Lots, MarketId, Money, RATE_ONE, Rate, TickValue, Ticks};
use crate::wire::Text;

/// A margin schedule with the deductions that make it continuous.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    tier: Tier,
    initial_deduction: Deduction,
    maintenance_deduction: Deduction,
}

impl Schedule {
    /// From tiers that passed validation.
    pub fn new(tiers: &[Tier]) -> Self {
        let mut rows: Vec<Row> = Vec::with_capacity(tiers.len());
        for &tier in tiers {
            let (initial_deduction, maintenance_deduction) = match rows.last() {
                None => (Deduction::ZERO, Deduction::ZERO),
                Some(last) => (
                    last.initial_deduction.next(tier.lower_bound, tier.initial_rate - last.tier.initial_rate),
                    last.maintenance_deduction
                        .next(tier.lower_bound, tier.maintenance_rate - last.tier.maintenance_rate),
                ),
            };
            rows.push(Row { tier, initial_deduction, maintenance_deduction });
        }
        Self { rows }
    }

    /// The tiers it was made from.
    pub fn tiers(&self) -> impl ExactSizeIterator<Item = Tier> + '_ {
        self.rows.iter().map(|row| row.tier)
    }

    /// Whether there is none: such a market does not trade.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The initial rate of the first tier, on which scaling builds.
    pub fn base_rate(&self) -> Rate {
        self.rows.first().map_or(Rate::ZERO, |row| row.tier.initial_rate)
    }

    /// The index of the last tier whose lower bound is not above the notional.
    #[inline]
    pub fn tier_of(&self, notional: Money) -> usize {
        let mut index = 0;
        while index + 1 < self.rows.len() && self.rows[index + 1].tier.lower_bound <= notional {
            index += 1;
        }
        index
    }

    /// `im(N)`, rounded up.
    #[inline(always)]
    pub fn initial(&self, notional: Money) -> Money {
        let row = &self.rows[self.tier_of(notional)];
        notional.share_ceil(row.tier.initial_rate, row.initial_deduction)
    }

    /// What maintenance is made of, tier by tier: `N · rate − deduction` from a lower bound on.
    pub fn maintenance_lines(&self) -> impl ExactSizeIterator<Item = (Money, Rate, Deduction)> + '_ {
        self.rows.iter().map(|row| (row.tier.lower_bound, row.tier.maintenance_rate, row.maintenance_deduction))
    }

    /// The steepest maintenance rate: rates never decrease.
    #[inline]
    pub fn steepest_maintenance_rate(&self) -> Rate {
        self.rows.last().map_or(Rate::ZERO, |row| row.tier.maintenance_rate)
    }

    /// `mm(N)` in `RATE_ONE`-ths, before it is rounded up.
    pub fn maintenance_exact(&self, notional: Money) -> i128 {
        let row = &self.rows[self.tier_of(notional)];
        i128::from(notional.0) * i128::from(row.tier.maintenance_rate.0) - row.maintenance_deduction.scaled()
    }

    /// `mm(N)`, rounded up.
    #[inline]
    pub fn maintenance(&self, notional: Money) -> Money {
        let row = &self.rows[self.tier_of(notional)];
        notional.share_ceil(row.tier.maintenance_rate, row.maintenance_deduction)
    }
}

/// A market's fees by volume tier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fees {
    /// For the order that rested; negative is a rebate.
    pub maker_rate: Rate,
    /// For the order that came.
    pub taker_rate: Rate,
    /// For the tiers above the first.
    pub tiers: Vec<FeeTier>,
}

impl Fees {
    /// The rates of a volume tier.
    #[inline]
    pub fn tier(&self, tier: u8) -> FeeTier {
        let base = FeeTier { maker_rate: self.maker_rate, taker_rate: self.taker_rate };
        if tier == 0 {
            return base;
        }
        self.tiers.get(usize::from(tier) - 1).or(self.tiers.last()).copied().unwrap_or(base)
    }
}

/// How the initial rate grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scaling {
    /// Rate per square root of a lot, 0 for none.
    pub size_rate: Rate,
    /// Open interest from which it grows.
    pub open_interest_lower: Lots,
    /// Open interest at which it is all of the notional; not above the lower for none.
    pub open_interest_upper: Lots,
    /// Seq at which it was set.
    pub changed: u64,
}

/// How large a market, and one account in it, may become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// Most open interest, 0 for any.
    pub open_interest_max: Lots,
    /// One account's share of it, 0 for any.
    pub concentration_rate: Rate,
    /// What one account may have in any case.
    pub concentration_floor: Lots,
}

/// A market's order limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Least notional of an order, 0 for none.
    pub order_min_notional: Money,
    /// Most lots of an order.
    pub order_max_lots: Lots,
    /// How far from the mark a limit may be, 0 for any.
    pub price_band_rate: Rate,
    /// How far from the mark a market order may trade if it names no bound.
    pub market_bound_rate: Rate,
}

impl Limits {
    /// What holds until limits are set: no minimum, the position limit, no band, a bound of 5 %.
    pub const fn initial(position_max: Lots) -> Self {
        Self {
            order_min_notional: Money::ZERO,
            order_max_lots: position_max,
            price_band_rate: Rate::ZERO,
            market_bound_rate: Rate(RATE_ONE / 20),
        }
    }
}

/// A perpetual market.
#[derive(Clone, Debug)]
pub struct Market {
    /// Its id.
    pub id: MarketId,
    /// Unique name.
    pub symbol: Text,
    /// The asset it settles in.
    pub settlement: AssetId,
    /// Price of one tick, in 10^-12 of the quote unit.
    pub tick_size_e12: u64,
    /// Size of one lot, in 10^-12 of the base unit.
    pub lot_size_e12: u64,
    /// Money of one tick on one lot.
    pub tick_value: TickValue,
    /// Highest price.
    pub price_max: Ticks,
    /// Largest position, on the worst side.
    pub position_max: Lots,
    /// Fees.
    pub fees: Fees,
    /// Order limits.
    pub limits: Limits,
    /// Margin schedule.
    pub schedule: Schedule,
    /// Seq at which it was set.
    pub schedule_changed: u64,
    /// How the initial rate grows.
    pub scaling: Scaling,
    /// How large it may become.
    pub caps: Caps,
    /// What it takes.
    pub mode: MarketMode,
    /// Whether it is kept apart from the cross pools.
    pub stress: bool,
    /// Its group, and how it is margined in portfolios.
    pub scenarios: Scenarios,
    /// Mark price, 0 before the first.
    pub mark: Ticks,
    /// Seq at which it was set.
    pub mark_changed: u64,
    /// Last traded price, 0 before the first.
    pub last: Ticks,
    /// The price that was last accepted from outside.
    pub oracle: Oracle,
    /// How good it must be for what.
    pub grades: Grades,
    /// Funding and socialised losses.
    pub funding: Funding,
    /// The insurance of its isolated pools.
    pub insurance: Insurance,
    /// Long lots of all accounts: a sum over accounts without a bound of its own, so in 128 bits.
    pub open_interest: i128,
    /// `Σ lots` of all accounts, which is zero (law 8); likewise.
    pub net_lots: i128,
}

impl Market {
    /// A market that was just opened.
    pub fn new(id: MarketId, command: &AddMarket, tick_value: TickValue) -> Self {
        Self {
            id,
            symbol: *command.symbol,
            settlement: command.settlement,
            tick_size_e12: command.tick_size_e12,
            lot_size_e12: command.lot_size_e12,
            tick_value,
            price_max: command.price_max,
            position_max: command.position_max,
            fees: Fees::default(),
            limits: Limits::initial(command.position_max),
            schedule: Schedule::default(),
            schedule_changed: 0,
            scaling: Scaling::default(),
            caps: Caps::default(),
            mode: MarketMode::Continuous,
            stress: false,
            scenarios: Scenarios::default(),
            mark: Ticks::ZERO,
            mark_changed: 0,
            last: Ticks::ZERO,
            oracle: Oracle::default(),
            grades: Grades::default(),
            funding: Funding::default(),
            insurance: Insurance::default(),
            open_interest: 0,
            net_lots: 0,
        }
    }

    /// Whether a price is one of the market's.
    #[inline]
    pub fn has_price(&self, price: Ticks) -> bool {
        price.0 >= 1 && price <= self.price_max
    }

    /// `lots · price · tick_value` of an unsigned size within the position limit, so that it fits 64 bits.
    #[inline]
    pub fn notional(&self, lots: Lots, price: Ticks) -> Money {
        lots.value_at(price, self.tick_value).narrow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule() -> Schedule {
        let tier = |bound, initial, maintenance| Tier {
            lower_bound: Money(bound),
            initial_rate: Rate(initial),
            maintenance_rate: Rate(maintenance),
        };
        Schedule::new(&[
            tier(0, 50_000_000, 25_000_000),
            tier(1_000, 100_000_000, 50_000_000),
            tier(5_000, 200_000_000, 100_000_000),
        ])
    }

    #[test]
    fn each_slice_bears_its_own_rate() {
        // 1,000 at 5 % + 4,000 at 10 % + 1,000 at 20 %.
        assert_eq!(schedule().initial(Money(6_000)), Money(50 + 400 + 200));
        assert_eq!(schedule().maintenance(Money(6_000)), Money(25 + 200 + 100));
    }

    #[test]
    fn the_schedule_is_continuous_at_its_edges() {
        let schedule = schedule();
        for edge in [1_000, 5_000] {
            let step = schedule.initial(Money(edge + 1)) - schedule.initial(Money(edge));
            assert!(step.0 <= 1, "a unit of notional costs at most a unit of margin, not {step:?}");
        }
    }

    #[test]
    fn the_initial_requirement_is_never_below_maintenance() {
        let schedule = schedule();
        for notional in 0..10_000 {
            assert!(schedule.initial(Money(notional)) >= schedule.maintenance(Money(notional)));
        }
    }
}
