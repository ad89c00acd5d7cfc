//! How a pool stands, from what it has and what it must have (`docs/rules_waterfall.md`, *Standing*).

use crate::event::Standing;
use crate::quantities::{RATE_ONE, Rate, Wide};

/// The maintenance multiples below which a pool stands worse: first call, second call, liquidatable, take-over, bankrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundaries([Rate; 5]);

/// What a pool is below a boundary, in their order.
const BELOW: [Standing; 5] =
    [Standing::FirstCall, Standing::SecondCall, Standing::Liquidatable, Standing::TakeOver, Standing::Bankrupt];

impl Boundaries {
    /// From the settings of a settlement asset. Liquidation begins at maintenance itself, bankruptcy at nothing of it.
    pub const fn new(first_call_rate: Rate, second_call_rate: Rate, take_over_rate: Rate) -> Self {
        Self([first_call_rate, second_call_rate, Rate(RATE_ONE), take_over_rate, Rate::ZERO])
    }

    /// How far a pool is from each of them.
    #[inline]
    pub fn distances(&self, equity: Wide, maintenance: Wide) -> Distances {
        let equity = equity.times(Rate(RATE_ONE));
        let from = |rate: Rate| (rate, equity - maintenance.times(rate));
        // Written out: `map` over an array costs several times as much here.
        let [first_call, second_call, liquidation, take_over, bankruptcy] = self.0;
        Distances([from(first_call), from(second_call), from(liquidation), from(take_over), from(bankruptcy)])
    }
}

/// Each boundary's rate with how far equity is above it, in `RATE_ONE`-ths: `E · RATE_ONE − M · rate`, which is negative just
/// where `E < ceil(M · rate / RATE_ONE)`, because equity is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distances(pub [(Rate, i128); 5]);

impl Distances {
    /// The standing: the last boundary that equity is below.
    #[inline]
    pub fn standing(&self) -> Standing {
        let last = self.0.iter().rposition(|(_, distance)| *distance < 0);
        last.map_or(Standing::Healthy, |index| BELOW[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Calls at 150 % and 120 %, take-over at two thirds.
    const USUAL: Boundaries = Boundaries::new(Rate(1_500_000_000), Rate(1_200_000_000), Rate(666_666_667));

    fn stands(equity: i128, maintenance: i128) -> Standing {
        USUAL.distances(Wide(equity), Wide(maintenance)).standing()
    }

    #[test]
    fn a_pool_goes_down_rung_by_rung() {
        assert_eq!(stands(150, 100), Standing::Healthy);
        assert_eq!(stands(149, 100), Standing::FirstCall);
        assert_eq!(stands(120, 100), Standing::FirstCall);
        assert_eq!(stands(119, 100), Standing::SecondCall);
        assert_eq!(stands(100, 100), Standing::SecondCall);
        assert_eq!(stands(99, 100), Standing::Liquidatable);
        assert_eq!(stands(67, 100), Standing::Liquidatable);
        // ceil(66.6666667) = 67.
        assert_eq!(stands(66, 100), Standing::TakeOver);
        assert_eq!(stands(0, 100), Standing::TakeOver);
        assert_eq!(stands(-1, 100), Standing::Bankrupt);
    }

    #[test]
    fn an_empty_pool_is_healthy_and_a_debt_is_bankrupt() {
        assert_eq!(stands(0, 0), Standing::Healthy);
        assert_eq!(stands(-1, 0), Standing::Bankrupt);
    }

    #[test]
    fn without_calls_the_first_rung_is_liquidation() {
        let silent = Boundaries::new(Rate::ZERO, Rate::ZERO, Rate(666_666_667));
        assert_eq!(silent.distances(Wide(100), Wide(100)).standing(), Standing::Healthy);
        assert_eq!(silent.distances(Wide(99), Wide(100)).standing(), Standing::Liquidatable);
    }

    proptest! {
        #[test]
        fn no_division_is_needed_to_round_a_boundary_up(
            equity in -(1_i128 << 72)..1 << 72, maintenance in 0_i128..1 << 70, first in RATE_ONE..=10 * RATE_ONE,
            second in RATE_ONE..=10 * RATE_ONE, take_over in 0..=RATE_ONE
        ) {
            let up = |rate: i64| {
                let (product, one) = (maintenance * i128::from(rate), i128::from(RATE_ONE));
                -(-product).div_euclid(one)
            };
            let below = [
                (up(first), Standing::FirstCall), (up(second), Standing::SecondCall), (maintenance, Standing::Liquidatable),
                (up(take_over), Standing::TakeOver), (0, Standing::Bankrupt),
            ];
            let expected = below.into_iter().rfind(|(level, _)| equity < *level);
            let boundaries = Boundaries::new(Rate(first), Rate(second), Rate(take_over));
            prop_assert_eq!(
                expected.map_or(Standing::Healthy, |(_, standing)| standing),
                boundaries.distances(Wide(equity), Wide(maintenance)).standing()
            );
        }
    }
}
