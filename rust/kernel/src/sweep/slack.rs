//! How far marks may move before a pool can stand otherwise: the arithmetic of the trigger ladder.
//!
//! A pool's distances to its boundaries are `E · RATE_ONE − M · rate`. One tick on a position moves `E` by `|lots| ·
//! tick_value`, and `M` by at most its steepest maintenance rate of that, upwards with the price. So a tick moves a distance,
//! per `RATE_ONE`-th of money and at most,
//!
//! | | falls, price down | falls, price up | rises, price down | rises, price up |
//! |---|---|---|---|---|
//! | long | one | `rate · steepest − one`, at least 0 | the same | one |
//! | short | 0 | `one + rate · steepest` | the same | 0 |
//!
//! The boundaries that equity is above may be fallen to, and the nearest of them is the [`Slack`]'s `fall`; those it is below
//! may be risen to: its `rise`. While no position's price moves by more than its part of either, whatever the others do, every
//! distance keeps its sign, so the standing is what it was. Maintenance is rounded up market by market: each rounding may
//! move a distance by less than `rate`, which is taken off the slack beforehand.
//!
//! The parts are cut so that every price may move by the same fraction of itself. That a cut is generous matters to speed
//! only; that it adds up to no more than the slack is what makes it sound, and [`Slack::covers`] is the one place that says so.

use super::standing::Distances;
use crate::quantities::{Lots, RATE_ONE, Rate, TickValue, Ticks};

/// More than any pool can owe or have, in `RATE_ONE`-ths, and little enough to multiply by a price in 128 bits.
const SLACK_MAX: i128 = 1 << 94;

/// Marks inside it, ends included, leave a pool as it stands. Prices fit 31 bits, and there are two ends for every position
/// of the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The lowest mark inside.
    pub low: u32,
    /// The highest mark inside.
    pub high: u32,
}

impl Interval {
    /// No mark is inside: the pool is looked at whenever this one moves.
    pub const NEVER: Self = Self { low: u32::MAX, high: Self::ANY };
    /// The upper end that no price passes.
    pub const ANY: u32 = u32::MAX;

    /// Whether a mark is inside.
    #[inline]
    pub fn contains(self, mark: Ticks) -> bool {
        i64::from(self.low) <= mark.0 && mark.0 <= i64::from(self.high)
    }
}

/// What a position makes of a tick.
#[derive(Clone, Copy, Debug)]
pub struct Exposure {
    /// Whether it gains when the price rises.
    pub long: bool,
    /// Money of one tick.
    pub per_tick: i64,
    /// The mark.
    pub mark: Ticks,
    /// The highest price there is.
    pub price_max: Ticks,
    /// The steepest rate of its market's maintenance.
    pub steepest: Rate,
}

impl Exposure {
    /// Of some lots, not none.
    #[inline]
    pub fn new(lots: Lots, tick_value: TickValue, mark: Ticks, price_max: Ticks, steepest: Rate) -> Self {
        Self { long: lots.0 > 0, per_tick: lots.abs().0 * tick_value.0, mark, price_max, steepest }
    }
}

/// A distance to keep: how much of it there is, and the steepest rate of the boundaries it is kept from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reserve {
    left: i128,
    rate: Rate,
}

/// What some moves may cost, in each of the two ways a distance may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    fall: i128,
    rise: i128,
}

impl Cost {
    /// Both moves.
    #[inline]
    pub fn plus(self, other: Self) -> Self {
        Self { fall: self.fall + other.fall, rise: self.rise + other.rise }
    }
}

/// How far a pool is from standing otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slack {
    /// How far distances may fall; none if there is no boundary to fall to.
    fall: Option<Reserve>,
    /// How far distances may rise; none if there is none to rise to.
    rise: Option<Reserve>,
}

impl Slack {
    /// Of a pool whose maintenance is rounded up so many times.
    #[inline]
    pub fn new(distances: &Distances, roundings: usize) -> Self {
        let (mut fall, mut rise) = (None, None);
        for (rate, distance) in distances.0 {
            // A distance is negative below its boundary: it may rise to −1.
            let (reserve, left) = if distance >= 0 { (&mut fall, distance) } else { (&mut rise, -1 - distance) };
            let nearest: &mut Reserve = reserve.get_or_insert(Reserve { left, rate });
            *nearest = Reserve { left: left.min(nearest.left), rate: rate.max(nearest.rate) };
        }
        let roundings = i128::try_from(roundings).expect("markets are few");
        let after_rounding = |reserve: Reserve| {
            let left = reserve.left - roundings * i128::from(reserve.rate.0);
            Reserve { left: left.min(SLACK_MAX), ..reserve }
        };
        Self { fall: fall.map(after_rounding), rise: rise.map(after_rounding) }
    }

    /// What it costs at most if a mark goes anywhere in an interval that contains it.
    #[inline]
    pub fn cost(&self, exposure: &Exposure, interval: Interval) -> Cost {
        // Both are less than the notional at the highest price.
        let down = (exposure.mark.0 - i64::from(interval.low).max(1)) * exposure.per_tick;
        let up = (i64::from(interval.high).min(exposure.price_max.0) - exposure.mark.0) * exposure.per_tick;
        let dearer = |(by_down, by_up): (i64, i64)| times(by_down, down).max(times(by_up, up));
        Cost {
            fall: self.fall.map_or(0, |reserve| dearer(reserve.falls(exposure))),
            rise: self.rise.map_or(0, |reserve| dearer(reserve.rises(exposure))),
        }
    }

    /// Whether moves that cost so much leave the pool as it stands.
    #[inline]
    pub fn covers(&self, total: Cost) -> bool {
        self.fall.is_none_or(|reserve| total.fall <= reserve.left)
            && self.rise.is_none_or(|reserve| total.rise <= reserve.left)
    }

    /// What moving each price by all of itself would cost: the measure by which the slack is cut.
    #[inline]
    pub fn weight(&self, exposure: &Exposure) -> Cost {
        let notional = exposure.mark.0 * exposure.per_tick;
        let dearer = |(by_down, by_up): (i64, i64)| times(by_down.max(by_up), notional);
        Cost {
            fall: self.fall.map_or(0, |reserve| dearer(reserve.falls(exposure))),
            rise: self.rise.map_or(0, |reserve| dearer(reserve.rises(exposure))),
        }
    }

    /// A position's part of the slack as an interval around its mark, `total` being the weight of the whole pool. A quarter
    /// of the slack is kept back, so that a pool whose positions change a little may keep its intervals.
    pub fn interval(&self, exposure: &Exposure, total: Cost) -> Interval {
        let mut room = Room { down: i128::from(exposure.mark.0), up: i128::from(u32::MAX) };
        if let Some(reserve) = self.fall {
            room.narrow(reserve.left, exposure.mark, reserve.falls(exposure), total.fall);
        }
        if let Some(reserve) = self.rise {
            room.narrow(reserve.left, exposure.mark, reserve.rises(exposure), total.rise);
        }
        let end = |price: i128| u32::try_from(price).expect("a price fits 31 bits");
        let (low, high) = (i128::from(exposure.mark.0) - room.down, i128::from(exposure.mark.0) + room.up);
        let high = if high < i128::from(exposure.price_max.0) { end(high) } else { Interval::ANY };
        Interval { low: end(low.max(1)), high }
    }
}

impl Reserve {
    /// `rate · steepest`, in `RATE_ONE`-ths, rounded up.
    #[inline]
    fn steepness(&self, exposure: &Exposure) -> i64 {
        // Ten times one at most, by one at most: 64 unsigned bits hold it.
        let product = self.rate.0.unsigned_abs() * exposure.steepest.0.unsigned_abs();
        product.div_ceil(RATE_ONE.unsigned_abs()).cast_signed()
    }

    /// What a tick down and a tick up may take off a distance.
    #[inline]
    fn falls(&self, exposure: &Exposure) -> (i64, i64) {
        let steepness = self.steepness(exposure);
        if exposure.long { (RATE_ONE, (steepness - RATE_ONE).max(0)) } else { (0, RATE_ONE + steepness) }
    }

    /// What a tick down and a tick up may add to a distance.
    #[inline]
    fn rises(&self, exposure: &Exposure) -> (i64, i64) {
        let steepness = self.steepness(exposure);
        if exposure.long { ((steepness - RATE_ONE).max(0), RATE_ONE) } else { (RATE_ONE + steepness, 0) }
    }
}

/// A product in 128 bits, which two factors of 64 cannot leave.
#[inline]
fn times(factor: i64, other: i64) -> i128 {
    i128::from(factor) * i128::from(other)
}

/// How many ticks a price may move each way.
struct Room {
    down: i128,
    up: i128,
}

impl Room {
    /// By a part of what is left. The dearer way may go `left · mark / total`; the cheaper as far as costs the same.
    fn narrow(&mut self, left: i128, mark: Ticks, (by_down, by_up): (i64, i64), total: i128) {
        let spendable = (left - left.div_euclid(4)).max(0);
        let dearest = i128::from(by_down.max(by_up));
        if dearest == 0 {
            return;
        }
        // Beyond 32 bits of ticks is beyond every price.
        let ticks = (spendable * i128::from(mark.0)).div_euclid(total).min(i128::from(u32::MAX));
        for (room, cost) in [(&mut self.down, by_down), (&mut self.up, by_up)] {
            if cost > 0 {
                *room = (*room).min((ticks * dearest).div_euclid(i128::from(cost)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::standing::Boundaries;
    use super::*;
    use crate::command::Tier;
    use crate::quantities::{Money, Wide};
    use crate::state::market::Schedule;
    use proptest::prelude::*;

    const PRICE_MAX: Ticks = Ticks(100_000);

    /// A position of a small pool: signed lots, mark and the maintenance schedule of its market.
    #[derive(Clone, Debug)]
    struct Held {
        lots: i64,
        mark: i64,
        schedule: Schedule,
    }

    impl Held {
        fn exposure(&self) -> Exposure {
            let steepest = self.schedule.tiers().map(|tier| tier.maintenance_rate).last().expect("tiers");
            Exposure::new(Lots(self.lots), TickValue(1), Ticks(self.mark), PRICE_MAX, steepest)
        }
    }

    fn money(cash: i64, pool: &[Held], marks: &[i64]) -> (Wide, Wide) {
        let sum =
            |part: fn(&Held, i64) -> i64| -> i64 { pool.iter().zip(marks).map(|(held, mark)| part(held, *mark)).sum() };
        let equity = cash + sum(|held, mark| held.lots * (mark - held.mark));
        let maintenance = sum(|held, mark| held.schedule.maintenance(Money(held.lots.abs() * mark)).0);
        (Wide(equity.into()), Wide(maintenance.into()))
    }

    /// Everything the ladder does with a pool: its slack, and each position's interval.
    fn cut(cash: i64, pool: &[Held], boundaries: &Boundaries) -> (Slack, Vec<Interval>) {
        let marks: Vec<i64> = pool.iter().map(|held| held.mark).collect();
        let (equity, maintenance) = money(cash, pool, &marks);
        let slack = Slack::new(&boundaries.distances(equity, maintenance), pool.len());
        let exposures: Vec<Exposure> = pool.iter().map(Held::exposure).collect();
        let total = exposures.iter().fold(Cost::default(), |sum, exposure| sum.plus(slack.weight(exposure)));
        (slack, exposures.iter().map(|exposure| slack.interval(exposure, total)).collect())
    }

    fn flat_rate(maintenance_rate: i64) -> Schedule {
        let (initial_rate, maintenance_rate) = (Rate(RATE_ONE), Rate(maintenance_rate));
        Schedule::new(&[Tier { lower_bound: Money(0), initial_rate, maintenance_rate }])
    }

    const NO_CALLS: Boundaries = Boundaries::new(Rate::ZERO, Rate::ZERO, Rate(666_666_667));

    #[test]
    fn a_healthy_long_is_watched_from_below_only() {
        let pool = [Held { lots: 10, mark: 1_000, schedule: flat_rate(50_000_000) }];
        // Equity 4,000, maintenance 500: 3,500 less one for rounding, three quarters of it, over 10 a tick.
        assert_eq!(vec![Interval { low: 1_000 - 262, high: Interval::ANY }], cut(4_000, &pool, &NO_CALLS).1);
    }

    #[test]
    fn a_healthy_short_is_watched_from_above_only() {
        let pool = [Held { lots: -10, mark: 1_000, schedule: flat_rate(50_000_000) }];
        // The same slack over 10.5 a tick: the maintenance grows with the price.
        assert_eq!(vec![Interval { low: 1, high: 1_000 + 249 }], cut(4_000, &pool, &NO_CALLS).1);
    }

    #[test]
    fn who_cannot_fall_is_not_watched() {
        let pool = [Held { lots: 10, mark: 1_000, schedule: flat_rate(50_000_000) }];
        assert_eq!(vec![Interval { low: 1, high: Interval::ANY }], cut(20_000, &pool, &NO_CALLS).1);
    }

    #[test]
    fn a_liquidatable_pool_is_watched_both_ways() {
        let pool = [Held { lots: 10, mark: 1_000, schedule: flat_rate(50_000_000) }];
        let (_, intervals) = cut(450, &pool, &NO_CALLS);
        // Take-over is below 333.3: 116 less rounding; recovery from 500: 50 less rounding; three quarters over 10 a tick.
        assert_eq!(vec![Interval { low: 1_000 - 8, high: 1_000 + 3 }], intervals);
    }

    #[test]
    fn prices_of_a_pool_may_move_by_the_same_fraction() {
        let large = Held { lots: 90, mark: 1_000, schedule: flat_rate(0) };
        let small = Held { lots: 100, mark: 100, schedule: flat_rate(0) };
        let (_, intervals) = cut(40_003, &[large, small], &NO_CALLS);
        // 30,000 of 100,000 of notional: each mark may lose 30 %.
        assert_eq!(vec![700, 70], intervals.iter().map(|interval| interval.low).collect::<Vec<_>>());
    }

    fn schedules() -> impl Strategy<Value = Schedule> {
        prop::collection::vec((1_i64..2_000_000, 0_i64..=RATE_ONE / 3), 1..4).prop_map(|steps| {
            let (mut lower_bound, mut rate) = (0, 0);
            let tiers = steps.into_iter().enumerate().map(|(index, (width, step))| {
                rate += step;
                lower_bound += if index == 0 { 0 } else { width };
                let (initial_rate, maintenance_rate) = (Rate(RATE_ONE), Rate(rate));
                Tier { lower_bound: Money(lower_bound), initial_rate, maintenance_rate }
            });
            Schedule::new(&tiers.collect::<Vec<_>>())
        })
    }

    fn pools() -> impl Strategy<Value = Vec<Held>> {
        let lots = prop_oneof![-2_000_i64..=-1, 1_i64..=2_000];
        let held = (lots, 1_i64..=2_000, schedules()).prop_map(|(lots, mark, schedule)| Held { lots, mark, schedule });
        prop::collection::vec(held, 1..5)
    }

    fn boundaries() -> impl Strategy<Value = Boundaries> {
        let call = prop_oneof![Just(0), RATE_ONE..=10 * RATE_ONE];
        (call.clone(), call, 0..=RATE_ONE)
            .prop_map(|(first, second, take_over)| Boundaries::new(Rate(first), Rate(second), Rate(take_over)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn inside_its_intervals_a_pool_stands_as_it_stood(
            pool in pools(), boundaries in boundaries(), near in -3_000_i64..3_000_000, multiple in 0_i64..=12,
            picks in prop::collection::vec((0_u32..=4, 0_i64..=1_000), 5)
        ) {
            let marks: Vec<i64> = pool.iter().map(|held| held.mark).collect();
            let maintenance = i64::try_from(money(0, &pool, &marks).1.0).expect("small");
            let cash = maintenance * multiple / 4 + near / if near % 2 == 0 { 1_000 } else { 1 };
            let (equity, maintenance) = money(cash, &pool, &marks);
            let before = boundaries.distances(equity, maintenance).standing();
            let (slack, intervals) = cut(cash, &pool, &boundaries);
            let total = pool.iter().zip(&intervals).fold(Cost::default(), |sum, (held, interval)| {
                sum.plus(slack.cost(&held.exposure(), *interval))
            });
            prop_assume!(slack.covers(total));
            let moved: Vec<i64> = intervals.iter().zip(&picks).map(|(interval, (end, between))| {
                let (low, high) = (i64::from(interval.low), i64::from(interval.high).min(PRICE_MAX.0));
                match end { 0 | 1 => low, 2 | 3 => high, _ => low + ((high - low) * between).div_euclid(1_000) }
            }).collect();
            let (equity, maintenance) = money(cash, &pool, &moved);
            prop_assert_eq!(before, boundaries.distances(equity, maintenance).standing(), "{:?} to {:?}", marks, moved);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn as_far_as_the_slack_covers_a_pool_stands_as_it_stood(
            pool in prop::collection::vec((prop_oneof![-9_i64..=-1, 1_i64..=9], 1_i64..=50, schedules()), 1..4),
            boundaries in boundaries(), cash in -100_i64..2_000
        ) {
            let pool: Vec<Held> =
                pool.into_iter().map(|(lots, mark, schedule)| Held { lots, mark, schedule }).collect();
            let marks: Vec<i64> = pool.iter().map(|held| held.mark).collect();
            let (equity, maintenance) = money(cash, &pool, &marks);
            let slack = Slack::new(&boundaries.distances(equity, maintenance), pool.len());
            let before = boundaries.distances(equity, maintenance).standing();
            let exposure = pool[0].exposure();
            let covered = |mark: &i64| {
                let end = u32::try_from(*mark).expect("a price");
                let present = u32::try_from(pool[0].mark).expect("a price");
                slack.covers(slack.cost(&exposure, Interval { low: end.min(present), high: end.max(present) }))
            };
            for mark in (1..=500).filter(covered) {
                let moved = [&[mark], &marks[1..]].concat();
                let (equity, maintenance) = money(cash, &pool, &moved);
                prop_assert_eq!(before, boundaries.distances(equity, maintenance).standing(), "{:?} to {:?}", marks, moved);
            }
        }
    }
}
