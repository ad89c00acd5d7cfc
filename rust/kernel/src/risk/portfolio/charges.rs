//! What a portfolio is charged beside its scenarios. Each is rounded up once, against whoever owes it.

use crate::quantities::{Deduction, Money, RATE_ONE, Rate, Wide};
use crate::state::market::Market;
use crate::state::position::Position;

/// `ceil(rate · min(long, short) / RATE_ONE)`: instruments on one underlying need not move as one.
#[inline]
pub fn basis(rate: Rate, long: Money, short: Money) -> Money {
    long.min(short).share_ceil(rate, Deduction::ZERO)
}

/// `ceil(max(0, |notional| − threshold) · rate / RATE_ONE)`: a large position takes longer to get out of.
#[inline]
pub fn concentration(notional: Money, threshold: Money, rate: Rate) -> Money {
    let excess = notional.abs() - threshold;
    if rate.0 == 0 || excess.0 <= 0 { Money::ZERO } else { excess.share_ceil(rate, Deduction::ZERO) }
}

/// `ceil(max(0, notional · funding_rate · epochs) / RATE_ONE)`: funding that is about to be paid. Nothing is provided
/// for what is about to be received.
#[inline]
pub fn provision(notional: Money, funding_rate: Rate, epochs: u32) -> Wide {
    if funding_rate.0 == 0 {
        return Wide::ZERO;
    }
    let rate = funding_rate.0 * i64::from(epochs);
    if notional.sign() * rate.signum() <= 0 {
        return Wide::ZERO;
    }
    let (notional, rate) = (notional.0.unsigned_abs(), rate.unsigned_abs());
    // Halves of the notional, so that the division mostly stays in 64 bits.
    let one = RATE_ONE.unsigned_abs();
    let (whole, rest) = (notional / one, notional % one);
    let fraction = match rest.checked_mul(rate) {
        Some(product) => u128::from(product.div_ceil(one)),
        None => (u128::from(rest) * u128::from(rate)).div_ceil(u128::from(one)),
    };
    Wide((u128::from(whole) * u128::from(rate) + fraction).cast_signed())
}

/// `(worst − |lots|) · tick_value · max |moves[s]|`: what open orders could add, at the worst move of their market.
#[inline]
pub fn orders(position: &Position, market: &Market) -> Money {
    let excess = position.worst() - position.lots.abs();
    excess.value_at(market.scenarios.largest(), market.tick_value).narrow()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_shorter_side_of_a_group_is_charged_for_its_basis() {
        // 1 % of 201, rounded up.
        assert_eq!(basis(Rate(10_000_000), Money(201), Money(1_000)), Money(3));
        assert_eq!(basis(Rate(10_000_000), Money(201), Money(0)), Money(0));
    }

    #[test]
    fn only_the_notional_beyond_the_threshold_is_concentrated() {
        assert_eq!(concentration(Money(-1_000), Money(900), Rate(100_000_000)), Money(10));
        assert_eq!(concentration(Money(900), Money(900), Rate(100_000_000)), Money(0));
        assert_eq!(concentration(Money(1 << 58), Money(i64::MAX), Rate(RATE_ONE)), Money(0));
    }

    #[test]
    fn funding_to_be_paid_is_provided_for_and_funding_to_be_received_is_not() {
        // 0.1 % of 1,000 for 3 epochs.
        assert_eq!(provision(Money(1_000), Rate(1_000_000), 3), Wide(3));
        assert_eq!(provision(Money(-1_000), Rate(-1_000_000), 3), Wide(3));
        assert_eq!(provision(Money(-1_000), Rate(1_000_000), 3), Wide(0));
        assert_eq!(provision(Money(1_000), Rate(1_000_000), 0), Wide(0));
    }

    proptest! {
        #[test]
        fn a_provision_is_the_128_bit_form_at_any_size(
            notional in -(1_i64 << 58)..=1 << 58, rate in -RATE_ONE / 10..=RATE_ONE / 10, epochs in 0_u32..=1_000
        ) {
            let product = i128::from(notional) * i128::from(rate) * i128::from(epochs);
            let exact = -((-product.max(0)).div_euclid(i128::from(RATE_ONE)));
            prop_assert_eq!(provision(Money(notional), Rate(rate), epochs).0, exact);
        }
    }
}
