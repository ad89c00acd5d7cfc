//! The usual funding rate. The kernel settles whatever rate a policy names; that policies need not have a formula of their
//! own, it is here (`docs/rules_margin.md`, *Funding*). Both divisions round towards zero: nobody pays for a rounding.

use crate::quantities::{RATE_ONE, Rate, Ticks, Wide};

/// What makes a rate of a premium.
#[derive(Clone, Copy, Debug)]
pub struct FundingTerms {
    /// What the premium is multiplied with first; `RATE_ONE` leaves it as it is.
    pub scaling_rate: Rate,
    /// The rate that funding comes to when there is no premium.
    pub interest_rate: Rate,
    /// How far the rate is drawn from the premium towards interest, at most.
    pub band_rate: Rate,
    /// The least rate.
    pub lower_rate: Rate,
    /// The largest.
    pub upper_rate: Rate,
    /// In how many settlements it is paid.
    pub epochs: u32,
}

/// `(max(impact_bid − oracle, 0) − max(oracle − impact_ask, 0)) · RATE_ONE / oracle`, towards zero.
pub fn premium(impact_bid: Ticks, impact_ask: Ticks, oracle: Ticks) -> Rate {
    let above = (impact_bid - oracle).max(Ticks::ZERO);
    let below = (oracle - impact_ask).max(Ticks::ZERO);
    towards_zero(i128::from((above - below).0) * i128::from(RATE_ONE), i128::from(oracle.0))
}

/// `clamp(P + clamp(interest − P, −band, band), lower, upper) / epochs`, towards zero, with `P = premium · scaling`.
pub fn rate(premium: Rate, terms: &FundingTerms) -> Rate {
    let scaled = towards_zero(i128::from(premium.0) * i128::from(terms.scaling_rate.0), i128::from(RATE_ONE));
    let drawn = (i128::from(terms.interest_rate.0) - i128::from(scaled.0))
        .clamp(-i128::from(terms.band_rate.0), i128::from(terms.band_rate.0));
    let bounded = (i128::from(scaled.0) + drawn).clamp(i128::from(terms.lower_rate.0), i128::from(terms.upper_rate.0));
    towards_zero(bounded, i128::from(terms.epochs))
}

fn towards_zero(value: i128, divisor: i128) -> Rate {
    Rate(Wide(value.signum() * value.abs().div_euclid(divisor)).clamp_i64())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERCENT: i64 = RATE_ONE / 100;
    const PLAIN: FundingTerms = FundingTerms {
        scaling_rate: Rate(RATE_ONE),
        interest_rate: Rate::ZERO,
        band_rate: Rate::ZERO,
        lower_rate: Rate(-RATE_ONE),
        upper_rate: Rate(RATE_ONE),
        epochs: 1,
    };

    #[test]
    fn the_premium_is_what_the_impact_prices_leave_between_them_and_the_oracle() {
        let of = |bid, ask| premium(Ticks(bid), Ticks(ask), Ticks(10_000)).0;
        assert_eq!([of(10_100, 10_200), of(9_800, 9_900), of(9_990, 10_010)], [PERCENT, -PERCENT, 0]);
        assert_eq!([4, 2].map(|price| premium(Ticks(price), Ticks(price), Ticks(3)).0), [333_333_333, -333_333_333]);
    }

    #[test]
    fn the_rate_is_drawn_towards_interest_within_the_band() {
        let terms = FundingTerms { interest_rate: Rate(100_000), band_rate: Rate(500_000), epochs: 8, ..PLAIN };
        assert_eq!(rate(Rate(PERCENT), &terms), Rate(1_187_500), "0.95 % in eight parts");
        assert_eq!(rate(Rate(200_000), &terms), Rate(12_500), "interest is within reach");
        assert_eq!(rate(Rate(-1), &FundingTerms { epochs: 8, ..PLAIN }), Rate(0), "less than a rate is nobody's");
    }

    #[test]
    fn the_rate_is_scaled_and_bounded() {
        let scaled = FundingTerms { scaling_rate: Rate(5 * RATE_ONE / 2), ..PLAIN };
        assert_eq!(rate(Rate(-PERCENT), &scaled), Rate(-25_000_000));
        let bounded = FundingTerms { lower_rate: Rate(-5_000_000), ..scaled };
        assert_eq!(rate(Rate(-PERCENT), &bounded), Rate(-5_000_000));
    }
}
