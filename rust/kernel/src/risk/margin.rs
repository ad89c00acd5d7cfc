//! What one position asks for, by the standard rules (`docs/rules_margin.md`, *Requirement, standard*).

use super::pool::Risk;
use super::terms::Kind;
use crate::quantities::{Deduction, Lots, Money, RATE_ONE, Rate, Wide, ceil_sqrt, div_ceil_wide};
use crate::state::market::{Market, Scaling};
use crate::state::position::Position;

/// `lots · mark · tick_value − cost`.
#[inline]
pub fn unrealised(position: &Position, market: &Market) -> Wide {
    position.lots.value_at(market.mark, market.tick_value) - position.cost.wide()
}

/// `mm(|lots| · mark · tick_value)`.
#[inline]
pub fn maintenance(lots: Lots, market: &Market) -> Money {
    if lots.0 == 0 { Money::ZERO } else { market.schedule.maintenance(market.notional(lots.abs(), market.mark)) }
}

/// The initial requirement of a position, by the largest of its rules; the earlier if two are equal.
#[inline(always)]
pub fn requirement(position: &Position, market: &Market, own_rate: Rate, risk: &Risk<'_>) -> (Kind, Money) {
    let worst = position.worst();
    if worst.0 == 0 {
        return (Kind::Tier, Money::ZERO);
    }
    let notional = market.notional(worst, market.mark);
    let by_tier = (Kind::Tier, market.schedule.initial(notional));
    let scaling = &market.scaling;
    if own_rate.0 == 0 && scaling.size_rate.0 == 0 && scaling.open_interest_upper <= scaling.open_interest_lower {
        return by_tier;
    }
    scaled(worst, notional, market, own_rate, risk.open_interest(market))
        .into_iter()
        .fold(by_tier, |largest, rule| if rule.1 > largest.1 { rule } else { largest })
}

/// What the rules beyond the tier ask for.
fn scaled(worst: Lots, notional: Money, market: &Market, own_rate: Rate, open_interest: i128) -> [(Kind, Money); 3] {
    let (scaling, base) = (&market.scaling, market.schedule.base_rate());
    let size = if scaling.size_rate.0 == 0 { Rate::ZERO } else { size_rate(base, scaling.size_rate, worst) };
    let by = |kind, rate| (kind, notional.share_ceil(rate, Deduction::ZERO));
    [
        by(Kind::Leverage, own_rate),
        by(Kind::Size, size),
        by(Kind::Interest, interest_rate(base, scaling, open_interest)),
    ]
}

/// `min(1, max(base, ceil(4 · base / 5) + ceil(size_rate · ceil_sqrt(10^6 · W) / 1000)))`.
pub fn size_rate(base: Rate, size_rate: Rate, worst: Lots) -> Rate {
    let root = ceil_sqrt(u128::from(worst.0.unsigned_abs()) * 1_000_000);
    let root = i128::try_from(root).expect("a root of 84 bits");
    let grown = div_ceil_wide(i128::from(base.0) * 4, 5) + div_ceil_wide(i128::from(size_rate.0) * root, 1_000);
    Rate(Wide(grown.max(i128::from(base.0)).min(i128::from(RATE_ONE))).narrow().0)
}

/// `base + floor((1 − base) · clamp(OI − lower, 0, upper − lower) / (upper − lower))`, or 0 if upper is not above lower.
pub fn interest_rate(base: Rate, scaling: &Scaling, open_interest: i128) -> Rate {
    let (lower, upper) = (i128::from(scaling.open_interest_lower.0), i128::from(scaling.open_interest_upper.0));
    if upper <= lower {
        return Rate::ZERO;
    }
    let inside = (open_interest - lower).clamp(0, upper - lower);
    let grown = i128::from(RATE_ONE - base.0) * inside;
    Rate(base.0 + Wide(grown.div_euclid(upper - lower)).narrow().0)
}
