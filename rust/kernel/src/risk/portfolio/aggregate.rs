//! The worst losses of several groups together: `max over k of ceil_sqrt(floor(Σ Σ q^k_gh · L_g · L_h / RATE_ONE))`.
//!
//! The sum is exact. Its products reach 2^154, so each is kept in two limbs:
//!
//! ```text
//! L_g · L_h  ≤ 2^122   =   high · 2^62 + low          2 · q · high  ≤ 2^91     2 · q · low  ≤ 2^93
//!                                                     2,016 pairs   ≤ 2^102                 ≤ 2^104
//! ```
//!
//! Limbs of 64 bits with a sign keep every product and, short of the largest sums, every division in the processor's own
//! width.

use crate::quantities::{GroupId, Money, RATE_ONE, Rate, Wide, ceil_sqrt};
use crate::state::groups::{Groups, MATRICES, Matrix};

/// Above this sum of losses they are added up: the square no longer fits 128 bits, and nobody has such a portfolio.
const LOSSES_MAX: i128 = 1 << 62;

/// What a group brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// The group.
    pub group: GroupId,
    /// Its worst loss, never negative.
    pub loss: Money,
    /// Whether it is long or short on the whole: 1, −1, or 0 if neither.
    pub sign: i64,
}

/// What they come to, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// The scenario charge.
    pub loss: Wide,
    /// The first matrix under which it is that large; none if losses were added up.
    pub matrix: Option<Matrix>,
}

/// Bits of the lower limb.
const LIMB: u32 = 62;
const LOW: i128 = (1 << LIMB) - 1;

/// A sum of products with a rate, as `high · 2^62 + low`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Split {
    high: i128,
    low: i128,
}

impl Split {
    /// Adds `2 · rate · (high · 2^62 + low)`: a pair counts in both orders.
    #[inline(always)]
    fn add_pair(&mut self, high: i64, low: i64, rate: Rate) {
        let twice = i128::from(2 * rate.0);
        self.high += i128::from(high) * twice;
        self.low += i128::from(low) * twice;
    }

    /// With `0 <= low < 2^62`, so that the order of the pairs is the order of the sums.
    #[inline(always)]
    const fn normal(self) -> (i128, i128) {
        (self.high + (self.low >> LIMB), self.low & LOW)
    }
}

/// `floor((high · 2^62 + low) / RATE_ONE)`, digit by digit. A caller's sum is below 2^154, so that the quotient fits.
#[inline]
fn per_rate_one((high, low): (i128, i128)) -> i128 {
    const HALF: u32 = LIMB / 2;
    let (whole, rest) = match i64::try_from(high) {
        Ok(high) => (i128::from(high.div_euclid(RATE_ONE)), high.rem_euclid(RATE_ONE)),
        Err(_) => (high.div_euclid(i128::from(RATE_ONE)), narrow(high.rem_euclid(i128::from(RATE_ONE)))),
    };
    let low = narrow(low);
    let upper = rest << HALF | low >> HALF;
    let lower = (upper % RATE_ONE) << HALF | low & ((1 << HALF) - 1);
    (whole << LIMB) + (i128::from(upper / RATE_ONE) << HALF) + i128::from(lower / RATE_ONE)
}

/// A limb, which fits.
#[inline(always)]
fn narrow(limb: i128) -> i64 {
    Wide(limb).narrow().0
}

/// As if no group offset anything of another: no matrix makes it more.
#[inline]
pub fn added_up(exposures: &[Exposure]) -> Aggregate {
    let total = exposures.iter().fold(Wide::ZERO, |total, exposure| total + exposure.loss.wide());
    Aggregate { loss: total, matrix: None }
}

/// The scenario charge of exposures, each of another group. Their order does not matter.
pub fn aggregate(exposures: &[Exposure], groups: &Groups) -> Aggregate {
    let most = added_up(exposures);
    let total = most.loss.0;
    if total > LOSSES_MAX {
        return most;
    }
    let product = |one: Money, other: Money| i128::from(one.0) * i128::from(other.0);
    let squares: i128 = exposures.iter().map(|exposure| product(exposure.loss, exposure.loss)).sum();
    let (matrix, cross) = worst(&cross_products(exposures, groups));
    let square = squares + per_rate_one(cross);
    // One group alone loses its worst; so do groups that move as one all of theirs.
    let total_square = product(Wide(total).narrow(), Wide(total).narrow());
    let loss = if square == total_square { total } else { ceil_sqrt(square.max(0).cast_unsigned()).cast_signed() };
    Aggregate { loss: Wide(loss), matrix: Some(matrix) }
}

/// `Σ over pairs of 2 · q^k_gh · L_g · L_h` for each matrix.
#[inline]
fn cross_products(exposures: &[Exposure], groups: &Groups) -> [Split; 3] {
    let mut sums = [Split::default(); 3];
    for (at, one) in exposures.iter().enumerate() {
        for other in &exposures[..at] {
            let side = one.sign * other.sign;
            if side == 0 || one.loss.0 == 0 || other.loss.0 == 0 {
                continue;
            }
            let product = i128::from(one.loss.0) * i128::from(other.loss.0);
            let (high, low) = (narrow(product >> LIMB), narrow(product & LOW));
            let weights = groups.weights(one.group, other.group);
            let rates = if side > 0 { &weights.same_side } else { &weights.opposite_sides };
            for (sum, &rate) in sums.iter_mut().zip(rates) {
                sum.add_pair(high, low, rate);
            }
        }
    }
    sums
}

/// The largest sum, and the first matrix that has it. Roots are taken in the same order, so one root is enough.
#[inline]
fn worst(sums: &[Split; 3]) -> (Matrix, (i128, i128)) {
    let mut worst = (MATRICES[0], sums[0].normal());
    for (&matrix, sum) in MATRICES.iter().zip(sums).skip(1) {
        let sum = sum.normal();
        if sum > worst.1 {
            worst = (matrix, sum);
        }
    }
    worst
}

#[cfg(test)]
mod tests;
