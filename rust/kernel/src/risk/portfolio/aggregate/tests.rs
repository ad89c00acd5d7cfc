use super::*;
use crate::lists::Correlation;
use proptest::prelude::*;

const TENTH: i64 = RATE_ONE / 10;

fn exposure(group: u16, loss: i64, sign: i64) -> Exposure {
    Exposure { group: GroupId(group), loss: Money(loss), sign }
}

fn correlated(stresses: (i64, i64), pairs: &[(u16, u16, i64, i64)]) -> Groups {
    let pair = |&(group_a, group_b, correlation, cap): &(u16, u16, i64, i64)| Correlation {
        group_a: GroupId(group_a),
        group_b: GroupId(group_b),
        correlation_rate: Rate(correlation),
        offset_cap_rate: Rate(cap),
    };
    let mut groups = Groups::default();
    groups.correlate(Rate(stresses.0), Rate(stresses.1), &pairs.iter().map(pair).collect::<Vec<_>>(), 1);
    groups
}

/// Every pair of `count` groups with one correlation.
fn alike(count: u16, correlation: i64, cap: i64) -> Groups {
    let pairs: Vec<_> = (1..=count)
        .flat_map(|lower| (lower + 1..=count).map(move |higher| (lower, higher, correlation, cap)))
        .collect();
    correlated((0, 0), &pairs)
}

#[test]
fn nothing_loses_nothing() {
    assert_eq!(aggregate(&[], &Groups::default()).loss, Wide(0));
    assert_eq!(aggregate(&[exposure(1, 0, 1), exposure(2, 0, -1)], &alike(2, TENTH, TENTH)).loss, Wide(0));
}

#[test]
fn one_group_loses_its_worst() {
    assert_eq!(aggregate(&[exposure(7, 12_345, -1)], &Groups::default()).loss, Wide(12_345));
}

#[test]
fn what_is_not_correlated_adds_in_squares() {
    assert_eq!(aggregate(&[exposure(1, 300, 1), exposure(2, 400, 1)], &Groups::default()).loss, Wide(500));
    // 300² + 401² = 250,801, whose root is 500.8.
    assert_eq!(aggregate(&[exposure(1, 300, 1), exposure(2, 401, 1)], &Groups::default()).loss, Wide(501));
}

#[test]
fn a_hedge_counts_as_far_as_its_cap() {
    let long_and_short = [exposure(1, 300, 1), exposure(2, 400, -1)];
    // √(90,000 + 160,000 − 2 · 0.5 · 120,000) = √130,000 = 360.6
    assert_eq!(aggregate(&long_and_short, &alike(2, 9 * TENTH, 5 * TENTH)).loss, Wide(361));
    assert_eq!(aggregate(&long_and_short, &alike(2, 9 * TENTH, 0)).loss, Wide(500));
    // On one side the same correlation is a burden: √(250,000 + 2 · 0.9 · 120,000) = √466,000 = 682.6
    let both_long = [exposure(1, 300, 1), exposure(2, 400, 1)];
    assert_eq!(aggregate(&both_long, &alike(2, 9 * TENTH, 5 * TENTH)).loss, Wide(683));
}

#[test]
fn a_group_that_is_neither_long_nor_short_offsets_nothing() {
    let spread = [exposure(1, 300, 0), exposure(2, 400, -1)];
    assert_eq!(aggregate(&spread, &alike(2, RATE_ONE, RATE_ONE)).loss, Wide(500));
}

#[test]
fn the_worst_of_the_three_matrices_counts_and_is_named() {
    let both_long = [exposure(1, 300, 1), exposure(2, 400, 1)];
    let hedged = [exposure(1, 300, 1), exposure(2, 400, -1)];
    let groups = correlated((2 * TENTH, 2 * TENTH), &[(1, 2, 5 * TENTH, RATE_ONE)]);
    // Towards one: 0.6 = 0.8 · 0.5 + 0.2. Towards zero: 0.4.
    assert_eq!(aggregate(&both_long, &groups), Aggregate { loss: Wide(628), matrix: Some(Matrix::TowardsOne) });
    assert_eq!(aggregate(&hedged, &groups), Aggregate { loss: Wide(393), matrix: Some(Matrix::TowardsZero) });
    assert_eq!(aggregate(&both_long, &alike(2, 0, 0)).matrix, Some(Matrix::Base));
}

#[test]
fn an_impossible_matrix_does_not_make_money() {
    // Three groups cannot all be opposite to each other; the sum under the root is negative, the charge is not.
    let three = [exposure(1, 100, 1), exposure(2, 100, 1), exposure(3, 100, 1)];
    assert_eq!(aggregate(&three, &alike(3, -RATE_ONE, RATE_ONE)).loss, Wide(0));
}

#[test]
fn the_largest_losses_are_exact_and_larger_ones_are_added_up() {
    let full: Vec<Exposure> = (1..=64).map(|group| exposure(group, 1 << 56, 1)).collect();
    let groups = alike(64, RATE_ONE, RATE_ONE);
    assert_eq!(aggregate(&full, &groups), Aggregate { loss: Wide(1 << 62), matrix: Some(Matrix::Base) });
    let beyond: Vec<Exposure> = (1..=64).map(|group| exposure(group, 1 << 62, 1)).collect();
    assert_eq!(aggregate(&beyond, &groups), Aggregate { loss: Wide(1 << 68), matrix: None });
    let opposite = [exposure(1, 1 << 61, 1), exposure(2, 1 << 61, -1)];
    assert_eq!(aggregate(&opposite, &alike(2, RATE_ONE, RATE_ONE)).loss, Wide(0));
}

/// Computed apart, with integers of any size.
#[test]
fn products_beyond_128_bits_come_out_to_the_unit() {
    let three = [
        exposure(1, 870_968_805_654_166_597, 1),
        exposure(2, 863_598_918_028_481_396, -1),
        exposure(3, 757_298_017_708_632_635, -1),
    ];
    let groups = correlated(
        (219_124_429, 150_045_955),
        &[(1, 2, 864_972_416, 264_755_562), (1, 3, -781_011_645, 616_264_657), (2, 3, 570_205_072, 232_711_848)],
    );
    assert_eq!(
        aggregate(&three, &groups),
        Aggregate { loss: Wide(1_858_957_509_842_306_971), matrix: Some(Matrix::Base) }
    );
    let five = [
        exposure(1, 380_235_938_878_597_617, -1),
        exposure(2, 544_660_692_541_726_283, -1),
        exposure(3, 289_253_510_944_033_144, -1),
        exposure(4, 383_840_106_181_554_999, -1),
        exposure(5, 469_038_076_670_240_605, -1),
    ];
    let groups = correlated(
        (258_098_104, 373_887_538),
        &[
            (1, 2, 455_629_858, 671_872_680),
            (1, 3, 483_142_283, 211_397_262),
            (2, 3, -224_350_523, 445_502_692),
            (2, 4, -687_107_534, 283_265_919),
            (2, 5, -352_836_263, 877_676_897),
            (3, 4, -992_734_810, 639_927_525),
            (3, 5, -274_372_004, 70_891_065),
            (4, 5, 757_754_189, 328_633_993),
        ],
    );
    let expected = Aggregate { loss: Wide(1_252_144_818_178_167_154), matrix: Some(Matrix::TowardsOne) };
    assert_eq!(aggregate(&five, &groups), expected);
}

fn exposures() -> impl Strategy<Value = Vec<Exposure>> {
    prop::collection::vec((0_i64..=1 << 62, -1_i64..=1), 0..8)
        .prop_map(|drawn| (1_u16..).zip(drawn).map(|(group, (loss, sign))| exposure(group, loss, sign)).collect())
}

proptest! {
    #[test]
    fn together_is_never_more_than_added_up(
        drawn in exposures(), scale in 0_u32..62, correlation in -RATE_ONE..=RATE_ONE, cap in 0..=RATE_ONE
    ) {
        let scaled: Vec<_> = drawn.iter().map(|one| Exposure { loss: Money(one.loss.0 >> scale), ..*one }).collect();
        let total: i128 = scaled.iter().map(|one| i128::from(one.loss.0)).sum();
        let together = aggregate(&scaled, &alike(8, correlation, cap)).loss.0;
        prop_assert!((0..=total).contains(&together), "{together} of {total}");
    }

    #[test]
    fn in_128_bits_it_is_the_formula_as_written(
        drawn in exposures(), correlation in -RATE_ONE..=RATE_ONE, cap in 0..=RATE_ONE
    ) {
        let small: Vec<_> = drawn.iter().map(|one| Exposure { loss: Money(one.loss.0 >> 22), ..*one }).collect();
        let mut sum = 0_i128;
        for (at, one) in small.iter().enumerate() {
            for (other_at, other) in small.iter().enumerate() {
                let sided = one.sign * other.sign * correlation;
                let weight = if at == other_at { RATE_ONE } else { sided.max(-cap) };
                sum += i128::from(weight) * i128::from(one.loss.0) * i128::from(other.loss.0);
            }
        }
        let square = sum.div_euclid(i128::from(RATE_ONE)).max(0).cast_unsigned();
        let expected = ceil_sqrt(square);
        prop_assert_eq!(aggregate(&small, &alike(8, correlation, cap)).loss.0.cast_unsigned(), expected);
    }
}
