//! Groups of markets on one underlying: what a market's price may do, how groups move together, what a hedge is worth.
//!
//! | table | of | set by |
//! |---|---|---|
//! | [`Scenarios`] | a market | `SetGroup`, `SetScenarios`, `SetConcentration` |
//! | [`Groups`] | the venue | `SetBasis`, `SetCorrelations` |
//!
//! The tables are made outside, from volatility and correlation, and journaled; here they are only looked up.

use crate::lists::Correlation;
use crate::quantities::{GroupId, Money, RATE_ONE, Rate, Ticks};

/// Most groups.
pub const GROUPS_MAX: usize = 64;
/// Most scenarios of a group.
pub const SCENARIOS_MAX: usize = 32;
/// Most markets of a group that have scenarios, so that the profits of a group fit 64 bits.
pub const GROUP_MARKETS_MAX: usize = 16;
/// Pairs of groups.
pub const PAIRS_MAX: usize = GROUPS_MAX * (GROUPS_MAX - 1) / 2;

/// What a large position costs more: it takes longer to get out of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Concentration {
    /// Notional from which a position is large.
    pub threshold: Money,
    /// Of the notional beyond.
    pub rate: Rate,
    /// Seq at which it was set.
    pub changed: u64,
}

/// What a market's price may do, and what a large position in it costs more.
#[derive(Clone, Debug, Default)]
pub struct Scenarios {
    /// The group, none if it has no underlying in common with others.
    pub group: GroupId,
    moves: Vec<Ticks>,
    largest: Ticks,
    /// Seq at which the group or the moves were set.
    pub changed: u64,
    /// What a large position costs more.
    pub concentration: Concentration,
}

impl Scenarios {
    /// Puts the market into a group. Its scenarios were those of the group it leaves.
    pub fn regroup(&mut self, group: GroupId, seq: u64) {
        self.group = group;
        self.set_moves(Vec::new(), seq);
    }

    /// Sets what the price does in each scenario; none takes the market out of the portfolio.
    pub fn set_moves(&mut self, moves: Vec<Ticks>, seq: u64) {
        self.changed = seq;
        self.largest = moves.iter().map(|ticks| ticks.abs()).max().unwrap_or_default();
        self.moves = moves;
    }

    /// Whether the market is margined by scenarios in a portfolio.
    #[inline]
    pub fn exist(&self) -> bool {
        !self.moves.is_empty()
    }

    /// What the price does in each scenario.
    #[inline]
    pub fn moves(&self) -> &[Ticks] {
        &self.moves
    }

    /// The largest move, up or down.
    #[inline]
    pub const fn largest(&self) -> Ticks {
        self.largest
    }
}

/// A way to read the correlations: as they are, all closer to one, all closer to zero. The worst of the three counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Matrix {
    /// The correlations as set.
    Base = 1,
    /// Everything moves together more than it did.
    TowardsOne = 2,
    /// Hedges hold less than they did.
    TowardsZero = 3,
}

/// The three, in the order in which they are tried.
pub const MATRICES: [Matrix; 3] = [Matrix::Base, Matrix::TowardsOne, Matrix::TowardsZero];

/// What the product of two groups' worst losses counts under each matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weights {
    /// Both groups on the same side.
    pub same_side: [Rate; 3],
    /// On opposite sides.
    pub opposite_sides: [Rate; 3],
}

impl Weights {
    /// Of a pair, under the two stresses. An offset counts at most up to its cap.
    fn new(correlation: Rate, offset_cap: Rate, towards_one: Rate, towards_zero: Rate) -> Self {
        let scaled = |by: Rate| {
            let product = i128::from(RATE_ONE - by.0) * i128::from(correlation.0);
            i64::try_from(product.div_euclid(i128::from(RATE_ONE))).expect("a share of a rate is a rate")
        };
        let correlations = [correlation.0, scaled(towards_one) + towards_one.0, scaled(towards_zero)];
        let capped = |weight: i64| Rate(weight.max(-offset_cap.0));
        Self { same_side: correlations.map(capped), opposite_sides: correlations.map(|rate| capped(-rate)) }
    }
}

/// What a hedge within a group costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    /// Of the notional of the shorter side.
    pub rate: Rate,
    /// Seq at which it was set.
    pub changed: u64,
}

/// What holds within groups and between them.
#[derive(Clone, Debug)]
pub struct Groups {
    basis: [Basis; GROUPS_MAX],
    /// Seq at which correlations were set.
    changed: u64,
    towards_one: Rate,
    towards_zero: Rate,
    pairs: Vec<Correlation>,
    /// The weights of pairs that are not listed, then those of the pairs.
    weights: Vec<Weights>,
    /// Which weights each pair of groups has: 0 or the number of its pair.
    listed: Vec<u16>,
}

impl Default for Groups {
    fn default() -> Self {
        Self {
            basis: [Basis::default(); GROUPS_MAX],
            changed: 0,
            towards_one: Rate::ZERO,
            towards_zero: Rate::ZERO,
            pairs: Vec::new(),
            weights: vec![Weights::default()],
            listed: vec![0; PAIRS_MAX],
        }
    }
}

impl Groups {
    /// Sets what a hedge within a group costs.
    pub fn set_basis(&mut self, group: GroupId, basis: Basis) {
        self.basis[group.index()] = basis;
    }

    /// Sets how groups move together.
    pub fn correlate(&mut self, towards_one: Rate, towards_zero: Rate, pairs: &[Correlation], seq: u64) {
        *self = Self {
            basis: self.basis,
            changed: seq,
            towards_one,
            towards_zero,
            pairs: pairs.to_vec(),
            weights: vec![Weights::new(Rate::ZERO, Rate::ZERO, towards_one, towards_zero)],
            listed: vec![0; PAIRS_MAX],
        };
        for pair in pairs {
            self.listed[place(pair.group_a, pair.group_b)] =
                u16::try_from(self.weights.len()).expect("pairs are at most 2,016");
            let Correlation { correlation_rate, offset_cap_rate, .. } = *pair;
            self.weights.push(Weights::new(correlation_rate, offset_cap_rate, towards_one, towards_zero));
        }
    }

    /// What a hedge within a group costs.
    #[inline]
    pub const fn basis(&self, group: GroupId) -> Basis {
        self.basis[group.index()]
    }

    /// Of all groups, in their order.
    pub const fn bases(&self) -> &[Basis; GROUPS_MAX] {
        &self.basis
    }

    /// Seq at which correlations were set.
    pub const fn changed(&self) -> u64 {
        self.changed
    }

    /// How far the stresses go: towards one, towards zero.
    pub const fn stresses(&self) -> (Rate, Rate) {
        (self.towards_one, self.towards_zero)
    }

    /// The pairs as set.
    pub fn pairs(&self) -> &[Correlation] {
        &self.pairs
    }

    /// The weights of two groups, in either order.
    #[inline]
    pub fn weights(&self, one: GroupId, other: GroupId) -> &Weights {
        &self.weights[usize::from(self.listed[place(one.min(other), one.max(other))])]
    }
}

/// Where a pair stands among all pairs: below the diagonal, row by row.
#[inline]
fn place(lower: GroupId, higher: GroupId) -> usize {
    debug_assert!(lower < higher, "pairs name the lower group first");
    higher.index() * (higher.index() - 1) / 2 + lower.index()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENTH: i64 = RATE_ONE / 10;

    fn pair(group_a: u16, group_b: u16, correlation: i64, cap: i64) -> Correlation {
        let (correlation_rate, offset_cap_rate) = (Rate(correlation), Rate(cap));
        Correlation { group_a: GroupId(group_a), group_b: GroupId(group_b), correlation_rate, offset_cap_rate }
    }

    fn correlated(towards_one: i64, towards_zero: i64, pairs: &[Correlation]) -> Groups {
        let mut groups = Groups::default();
        groups.correlate(Rate(towards_one), Rate(towards_zero), pairs, 1);
        groups
    }

    #[test]
    fn a_stress_moves_every_correlation_towards_its_end() {
        let groups = correlated(2 * TENTH, 5 * TENTH, &[pair(1, 2, 6 * TENTH, RATE_ONE)]);
        let weights = groups.weights(GroupId(1), GroupId(2));
        // 0.6, 0.8 · 0.6 + 0.2, 0.5 · 0.6.
        assert_eq!(weights.same_side, [600_000_000, 680_000_000, 300_000_000].map(Rate));
    }

    #[test]
    fn an_offset_counts_up_to_its_cap_and_a_burden_counts_in_full() {
        let groups = correlated(0, 0, &[pair(1, 2, 9 * TENTH, 4 * TENTH)]);
        let weights = groups.weights(GroupId(1), GroupId(2));
        assert_eq!(weights.opposite_sides, [Rate(-4 * TENTH); 3]);
        assert_eq!(weights.same_side, [Rate(9 * TENTH); 3]);
    }

    #[test]
    fn a_pair_that_is_not_listed_offsets_nothing_and_is_stressed_towards_one() {
        let groups = correlated(3 * TENTH, 0, &[pair(1, 2, TENTH, TENTH)]);
        let weights = groups.weights(GroupId(63), GroupId(64));
        assert_eq!(weights.same_side, [Rate(0), Rate(3 * TENTH), Rate(0)]);
        assert_eq!(weights.opposite_sides, [Rate(0); 3]);
    }

    #[test]
    fn every_pair_has_a_place_of_its_own() {
        let mut places: Vec<usize> = Vec::new();
        for higher in 2..=64 {
            places.extend((1..higher).map(|lower| place(GroupId(lower), GroupId(higher))));
        }
        assert_eq!(places, (0..PAIRS_MAX).collect::<Vec<_>>());
    }

    #[test]
    fn a_change_of_group_takes_the_scenarios_away() {
        let mut scenarios = Scenarios::default();
        scenarios.regroup(GroupId(1), 1);
        scenarios.set_moves(vec![Ticks(-7), Ticks(3)], 1);
        assert_eq!((scenarios.exist(), scenarios.largest()), (true, Ticks(7)));
        scenarios.regroup(GroupId(1), 1);
        assert_eq!((scenarios.exist(), scenarios.largest()), (false, Ticks(0)));
    }
}
