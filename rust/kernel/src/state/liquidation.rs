//! How the pools that settle in an asset are liquidated (`docs/rules_waterfall.md`).

use crate::quantities::{Money, RATE_ONE, Rate};

/// What a settlement asset is given by `SetLiquidation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liquidation {
    /// Below this multiple of maintenance comes the first margin call, 0 for none.
    pub first_call_rate: Rate,
    /// Below this one the second, 0 for none.
    pub second_call_rate: Rate,
    /// Below this share of maintenance a pool is taken over.
    pub take_over_rate: Rate,
    /// How fast the fillable price moves away from the mark as equity falls.
    pub adjustment_rate: Rate,
    /// How far it may move, as a share of the position's maintenance.
    pub spread_rate: Rate,
    /// The share of a position that one reduction may take.
    pub partial_rate: Rate,
    /// The notional that one reduction may take whatever the share.
    pub partial_notional: Money,
    /// How long a reduced pool is left in peace.
    pub cooldown_ns: u64,
    /// What a reduction pays to the insurance fund, of its value.
    pub fee_rate: Rate,
}

impl Default for Liquidation {
    fn default() -> Self {
        Self {
            first_call_rate: Rate::ZERO,
            second_call_rate: Rate::ZERO,
            take_over_rate: Rate(666_666_667),
            adjustment_rate: Rate(RATE_ONE),
            spread_rate: Rate(RATE_ONE),
            partial_rate: Rate(RATE_ONE),
            partial_notional: Money::ZERO,
            cooldown_ns: 0,
            fee_rate: Rate::ZERO,
        }
    }
}
