//! Liquidation prices: how far a mark must go until a pool is liquidatable, all other marks staying where they are.
//!
//! Two answers are given. The *tick* is found by asking the margin formula itself at other marks: the first one, from the
//! present mark on in the direction that hurts the position, at which equity is below maintenance. The *root* is the exact
//! price at which they would be equal if maintenance were not rounded up: a fraction, from the tier that holds at that price.
//! (A formula in wide use takes the tier that holds at the present mark.)

use super::pool::{Pool, Risk};
use crate::quantities::{Lots, MarketId, RATE_ONE, TickValue, Ticks};
use crate::state::holdings::Holdings;
use crate::state::market::{Market, Schedule};

const ONE: i128 = RATE_ONE as i128;

/// Where a position is liquidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiquidationPrice {
    /// The first mark at which the pool is liquidatable; the present one if it is already.
    pub tick: Ticks,
    /// The exact price. None for a pool whose maintenance is not a line from tier to tier.
    pub root: Option<Fraction>,
}

/// A fraction in lowest terms with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// Above the line.
    pub numerator: i128,
    /// Below it.
    pub denominator: i128,
}

impl Fraction {
    fn new(numerator: i128, denominator: i128) -> Self {
        let (mut common, mut rest) = (numerator.unsigned_abs(), denominator.unsigned_abs());
        while rest > 0 {
            (common, rest) = (rest, common % rest);
        }
        let common = i128::try_from(common.max(1)).expect("a divisor of what fits") * denominator.signum();
        Self { numerator: numerator.div_euclid(common), denominator: denominator.div_euclid(common) }
    }
}

/// Where the position in a market is liquidated. None if it is flat, or no price of the market liquidates its pool.
pub fn of(holdings: &Holdings, risk: Risk<'_>, market: MarketId) -> Option<LiquidationPrice> {
    let (position, terms) = (holdings.position(market), risk.market(market));
    if position.lots == Lots::ZERO {
        return None;
    }
    let id = holdings.pool_of(terms);
    let mut markets: Vec<Market> = risk.markets.to_vec();
    let liquidatable = |at: Ticks| {
        markets[market.index()].mark = at;
        let pool = Pool::new(holdings, Risk { markets: &markets, ..risk }, id);
        pool.equity() < pool.maintenance()
    };
    let end = if position.lots > Lots::ZERO { Ticks(1) } else { terms.price_max };
    let tick = first_tick(terms.mark, end, liquidatable)?;
    let pool = Pool::new(holdings, risk, id);
    let root = if pool.is_standard() {
        root(rest(&pool, market), position.lots, terms.tick_value, &terms.schedule)
    } else {
        None
    };
    Some(LiquidationPrice { tick, root })
}

/// What a pool's equity would be over the maintenance of its other positions if a market's price were zero, in `RATE_ONE`-ths
/// and with nothing rounded.
fn rest(pool: &Pool<'_>, market: MarketId) -> i128 {
    pool.positions().fold(pool.equity().0 * ONE, |rest, (position, terms)| {
        if position.market == market {
            rest - position.lots.value_at(terms.mark, terms.tick_value).0 * ONE
        } else {
            rest - terms.schedule.maintenance_exact(terms.notional(position.lots.abs(), terms.mark))
        }
    })
}

/// The first mark, from the present one towards `end`, at which a pool is liquidatable.
///
/// Bisection finds it, because a standard pool only gets worse on the way. A tick against a position takes `|lots| ·
/// tick_value` of its equity. The maintenance of a long falls with the price, but by no more than that, for no rate is above
/// one and rounding up keeps whole differences; that of a short rises. (A portfolio pool may recover on the way; for one the
/// tick found is one at which it becomes liquidatable, not always the first.)
pub fn first_tick(present: Ticks, end: Ticks, mut liquidatable: impl FnMut(Ticks) -> bool) -> Option<Ticks> {
    if liquidatable(present) {
        return Some(present);
    }
    if !liquidatable(end) {
        return None;
    }
    let (mut safe, mut unsafe_at) = (present.0, end.0);
    while (safe - unsafe_at).abs() > 1 {
        let middle = (safe + unsafe_at).div_euclid(2);
        if liquidatable(Ticks(middle)) {
            unsafe_at = middle;
        } else {
            safe = middle;
        }
    }
    Some(Ticks(unsafe_at))
}

/// The price at which equity is maintenance, before rounding. With the notional `N = |lots| · tick_value · P`,
///
/// ```text
/// rest ± N · RATE_ONE  =  N · rate − deduction        + for a long, − for a short; of the tier that holds at N
/// ```
///
/// None if they are equal at no price, or only at every price of a tier.
pub fn root(rest: i128, lots: Lots, tick_value: TickValue, schedule: &Schedule) -> Option<Fraction> {
    let (sign, per_tick) = (i128::from(lots.sign()), i128::from(lots.abs().0) * i128::from(tick_value.0));
    let lines: Vec<_> = schedule.maintenance_lines().collect();
    lines.iter().enumerate().find_map(|(tier, (lower_bound, rate, deduction))| {
        let (above, below) = (-sign * (rest + deduction.scaled()), ONE - sign * i128::from(rate.0));
        let reaches = |bound: i64| above >= i128::from(bound) * below;
        let passes = |bound: i64| above > i128::from(bound) * below;
        let ends = lines.get(tier + 1).is_some_and(|(next, ..)| passes(next.0));
        // At a rate of one, the equity of a long and its maintenance are parallel.
        (below > 0 && reaches(lower_bound.0) && !ends).then(|| Fraction::new(above, below * per_tick))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Tier;
    use crate::quantities::{Money, Rate};

    const TV: TickValue = TickValue(1);

    /// A position alone in its pool, or beside maintenance that does not move.
    struct Pool {
        equity: i64,
        mark: i64,
        lots: i64,
        other_maintenance: i64,
        schedule: Schedule,
    }

    impl Pool {
        fn liquidatable(&self, at: Ticks) -> bool {
            let equity = self.equity + self.lots * (at.0 - self.mark);
            equity < self.other_maintenance + self.schedule.maintenance(Money(self.lots.abs() * at.0)).0
        }

        fn tick(&self, price_max: i64) -> Option<i64> {
            let end = Ticks(if self.lots > 0 { 1 } else { price_max });
            first_tick(Ticks(self.mark), end, |at| self.liquidatable(at)).map(|tick| tick.0)
        }

        fn root(&self) -> Option<(i128, i128)> {
            let rest = i128::from(self.equity - self.lots * self.mark - self.other_maintenance) * ONE;
            root(rest, Lots(self.lots), TV, &self.schedule).map(|root| (root.numerator, root.denominator))
        }
    }

    fn tiers(tiers: &[(i64, i64)]) -> Schedule {
        let tier = |&(bound, rate)| Tier {
            lower_bound: Money(bound),
            initial_rate: Rate(RATE_ONE),
            maintenance_rate: Rate(rate),
        };
        Schedule::new(&tiers.iter().map(tier).collect::<Vec<_>>())
    }

    /// The rulebook's example with two decimals of price: long 2,000 at 100,000 with 60 M, 40 x up to 150 M, then 20 x.
    fn rulebook() -> Pool {
        let schedule = tiers(&[(0, 12_500_000), (15_000_000_000, 25_000_000)]);
        Pool { equity: 6_000_000_000, mark: 10_000_000, lots: 2_000, other_maintenance: 0, schedule }
    }

    #[test]
    fn the_tier_that_holds_at_the_liquidation_price_decides() {
        // 140 M / (2,000 · 98.75 %) = 70,886.0759...; the tier of the present mark gives 71,202.53.
        assert_eq!(Some(7_088_607), rulebook().tick(1 << 30));
        assert_eq!(Some((560_000_000, 79)), rulebook().root());
    }

    #[test]
    fn other_positions_of_the_pool_count() {
        // Equity 5, mark 100, size 1, maintenance 0.4 %, 4 of others: 99 / 0.996 = 99.39759036144578.
        let pool = Pool { equity: 5, mark: 100, lots: 1, other_maintenance: 4, schedule: tiers(&[(0, 4_000_000)]) };
        assert_eq!(Some((8_250, 83)), pool.root());
        assert_eq!(Some(99), pool.tick(1_000));
    }

    #[test]
    fn a_short_is_liquidated_above() {
        // 60 M + 2,000 · (100,000 − P) = 2.5 % · 2,000 · P − 1.875 M: P = 261.875 M / 2,050 = 127,743.90...
        let pool = Pool { lots: -2_000, ..rulebook() };
        assert_eq!(Some((523_750_000, 41)), pool.root());
        assert_eq!(Some(12_774_391), pool.tick(1 << 30));
    }

    #[test]
    fn a_root_on_the_edge_of_a_tier_is_that_edge() {
        // At a price of 50 the notional is 500, and maintenance 50, from both sides of the edge.
        let schedule = tiers(&[(0, 100_000_000), (500, 200_000_000)]);
        let long = Pool { equity: 550, mark: 100, lots: 10, other_maintenance: 0, schedule: schedule.clone() };
        assert_eq!(Some((50, 1)), long.root());
        assert_eq!(Some(49), long.tick(1_000));
        let short = Pool { equity: 350, mark: 20, lots: -10, other_maintenance: 0, schedule };
        assert_eq!(Some((50, 1)), short.root());
        assert_eq!(Some(51), short.tick(1_000));
    }

    #[test]
    fn none_where_no_price_liquidates() {
        let paid_in_full =
            Pool { equity: 1_000, mark: 100, lots: 10, other_maintenance: 0, schedule: tiers(&[(0, 0)]) };
        assert_eq!(None, paid_in_full.tick(1_000));
        let far = Pool { lots: -10, equity: 10_000, ..paid_in_full };
        assert_eq!(None, far.tick(1_000));
        assert_eq!(Some(1_101), far.tick(2_000));
    }

    #[test]
    fn a_pool_that_is_liquidatable_already_is_so_at_its_mark() {
        let pool = Pool { equity: 40, mark: 100, lots: 10, other_maintenance: 0, schedule: tiers(&[(0, 50_000_000)]) };
        assert_eq!(Some(100), pool.tick(1_000));
        // It would not be at 960 / 9.5.
        assert_eq!(Some((1_920, 19)), pool.root());
    }

    #[test]
    fn at_a_rate_of_one_only_the_edge_of_the_tier_counts() {
        let schedule = tiers(&[(0, 500_000_000), (500, RATE_ONE)]);
        // Above the edge equity is 40 over maintenance at every price; below, it meets it at 10 · P − 210 = 5 · P.
        let pool = Pool { equity: 790, mark: 100, lots: 10, other_maintenance: 0, schedule };
        assert_eq!(Some((42, 1)), pool.root());
        assert_eq!(Some(41), pool.tick(1_000));
    }

    #[test]
    fn the_tick_is_liquidatable_and_the_one_before_is_not() {
        let schedule = tiers(&[(0, 7_000_001), (700, 33_333_333), (5_000, 333_333_333), (9_000, RATE_ONE)]);
        for lots in [-13, -7, -1, 1, 3, 12] {
            for equity in -50..600 {
                let pool = Pool { equity, mark: 97, lots, other_maintenance: 3, schedule: schedule.clone() };
                let towards = -lots.signum();
                let walk = (0..).map(|steps| 97 + towards * steps).take_while(|at| (1..=400).contains(at));
                let first = walk.into_iter().find(|at| pool.liquidatable(Ticks(*at)));
                assert_eq!(first, pool.tick(400), "{lots} lots with {equity}");
            }
        }
    }
}
