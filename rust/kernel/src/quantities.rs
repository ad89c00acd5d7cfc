//! What the kernel counts in, and what may be multiplied by what.
//!
//! | product | gives | rounding |
//! |---|---|---|
//! | [`Lots`] × [`Ticks`] × [`TickValue`] ([`Lots::value_at`]) | [`Wide`] money | exact |
//! | [`Money`] × [`Rate`] ([`Money::share_ceil`]) | [`Money`] | up, against whoever owes it |
//! | [`Money`] × [`Lots`] ÷ [`Lots`] ([`Money::portion_floor`]) | [`Money`] | down, against the trader who realises |
//!
//! Nothing else multiplies. Ticks times ticks is not a quantity:
//!
//! ```compile_fail
//! use crossbook_kernel::quantities::Ticks;
//! let nonsense = Ticks(3) * Ticks(4);
//! ```
//!
//! nor is money plus lots:
//!
//! ```compile_fail
//! use crossbook_kernel::quantities::{Lots, Money};
//! let nonsense = Money(3) + Lots(4);
//! ```

use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// One whole, as a rate: rates count parts per 1,000,000,000.
pub const RATE_ONE: i64 = 1_000_000_000;
/// The largest notional a market may reach; leaves room for sums of a few markets in 64 bits.
pub const NOTIONAL_MAX: i128 = 1 << 58;
/// The largest net deposit of one asset.
pub const SUPPLY_MAX: i64 = 1 << 60;
/// The largest balance, either way, that is added to. One command moves less than 2^60, so 64 bits always hold it.
pub const BALANCE_MAX: i64 = 1 << 62;

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl $name {
            /// Nothing of it.
            pub const ZERO: Self = Self(0);

            /// The size without its sign.
            #[inline]
            pub const fn abs(self) -> Self {
                Self(self.0.abs())
            }

            /// −1, 0 or 1.
            #[inline]
            pub const fn sign(self) -> $inner {
                self.0.signum()
            }
        }

        impl Add for $name {
            type Output = Self;
            #[inline]
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl Sub for $name {
            type Output = Self;
            #[inline]
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl Neg for $name {
            type Output = Self;
            #[inline]
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }

        impl AddAssign for $name {
            #[inline]
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl SubAssign for $name {
            #[inline]
            fn sub_assign(&mut self, other: Self) {
                self.0 -= other.0;
            }
        }
    };
}

quantity!(
    /// A price, in ticks of its market.
    Ticks(i64)
);
quantity!(
    /// A size, in lots of its market; signed where it is a position, long positive.
    Lots(i64)
);
quantity!(
    /// Money, in minor units of its asset.
    Money(i64)
);
quantity!(
    /// Money in 128 bits: products, and sums over markets.
    Wide(i128)
);
quantity!(
    /// Money of one tick on one lot; at least 1.
    TickValue(i64)
);
quantity!(
    /// Parts per [`RATE_ONE`].
    Rate(i64)
);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl $name {
            /// Zero means *none*.
            pub const NONE: Self = Self(0);

            /// Its place in a dense table; ids start at 1.
            #[inline]
            #[allow(clippy::cast_possible_truncation)]
            pub const fn index(self) -> usize {
                (self.0 as usize).wrapping_sub(1)
            }
        }
    };
}

id!(
    /// An asset that accounts hold and markets settle in.
    AssetId(u16)
);
id!(
    /// A perpetual market.
    MarketId(u16)
);
id!(
    /// A master account or one of its sub-accounts.
    AccountId(u32)
);
id!(
    /// An order, numbered by acceptance.
    OrderId(u64)
);
id!(
    /// A trade, numbered by occurrence.
    TradeId(u64)
);
id!(
    /// A registered author of commands.
    AuthorId(u16)
);
id!(
    /// Markets on one underlying.
    GroupId(u16)
);
id!(
    /// An auction of a position, numbered by opening.
    AuctionId(u64)
);

impl Lots {
    /// `lots · price · tick_value`, exactly. The sign is the sign of the lots.
    #[inline]
    pub const fn value_at(self, price: Ticks, tick_value: TickValue) -> Wide {
        // A market's highest notional bounds the value of one lot to 64 bits, so one widening product is enough.
        Wide(self.0 as i128 * (price.0 * tick_value.0) as i128)
    }
}

impl Money {
    /// To 128 bits.
    #[inline]
    pub const fn wide(self) -> Wide {
        Wide(self.0 as i128)
    }

    /// `ceil((self · rate − deduction) / RATE_ONE)`, exactly. `self` is a notional, so never negative.
    ///
    /// The quotient is taken of the two halves of `self = whole · RATE_ONE + rest`, which keeps the division in 64 bits
    /// (a 128-bit division costs more than the rest of a margin check); the result is the same to the unit.
    #[inline]
    pub fn share_ceil(self, rate: Rate, deduction: Deduction) -> Self {
        debug_assert!(self.0 >= 0, "a notional is not negative");
        let (whole, rest) = (self.0 / RATE_ONE, self.0 % RATE_ONE);
        let fraction = rest * rate.0 - deduction.rest;
        Self(whole * rate.0 - deduction.whole + div_ceil(fraction, RATE_ONE))
    }

    /// `floor(self · part / total)`: the share of a cost that stays with `part` of `total` lots.
    #[inline]
    pub fn portion_floor(self, part: Lots, total: Lots) -> Self {
        debug_assert!(part.0.signum() * total.0.signum() >= 0 && part.0.abs() <= total.0.abs() && total.0 != 0);
        let (part, total) = (part.0.abs(), total.0.abs());
        match self.0.checked_mul(part) {
            Some(product) => Self(product.div_euclid(total)),
            None => Wide((i128::from(self.0) * i128::from(part)).div_euclid(i128::from(total))).narrow(),
        }
    }
}

impl Wide {
    /// Back to 64 bits. Every caller's operands are bounded at validation, so a value that does not fit is a bug.
    ///
    /// # Panics
    /// If it does not fit.
    #[inline]
    pub fn narrow(self) -> Money {
        Money(i64::try_from(self.0).expect("money exceeds 64 bits: an input bound is missing"))
    }

    /// `ceil(self · rate / RATE_ONE)`. Sums over markets stay below 2^70, so that the product fits.
    #[inline]
    pub const fn share_ceil(self, rate: Rate) -> Self {
        Self(div_ceil_wide(self.0 * rate.0 as i128, RATE_ONE as i128))
    }

    /// `self · rate`, in [`RATE_ONE`]-ths. Almost always both factors have 64 bits, and their product needs no check.
    #[inline]
    pub fn times(self, rate: Rate) -> i128 {
        match i64::try_from(self.0) {
            Ok(narrow) => i128::from(narrow) * i128::from(rate.0),
            Err(_) => self.0 * i128::from(rate.0),
        }
    }

    /// Whether it is further from zero, either way, than a balance may be brought.
    #[inline]
    pub const fn is_beyond_balance(self) -> bool {
        self.0.unsigned_abs() > BALANCE_MAX as u128
    }

    /// For reports (the two values of a refusal), where the nearest bound serves.
    #[inline]
    #[allow(clippy::cast_possible_truncation)]
    pub fn clamp_i64(self) -> i64 {
        self.0.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }
}

/// What a tier takes off `notional · rate`, kept as `whole + rest / RATE_ONE` of money so that it stays exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deduction {
    whole: i64,
    rest: i64,
}

impl Deduction {
    /// Nothing off.
    pub const ZERO: Self = Self { whole: 0, rest: 0 };

    /// In `RATE_ONE`-ths of money, exactly.
    pub const fn scaled(self) -> i128 {
        self.whole as i128 * RATE_ONE as i128 + self.rest as i128
    }

    /// `self + lower_bound · step`: the next tier's deduction (rulebook, *Margin*).
    #[allow(clippy::cast_possible_truncation)]
    pub fn next(self, lower_bound: Money, step: Rate) -> Self {
        let one = i128::from(RATE_ONE);
        let scaled =
            i128::from(lower_bound.0) * i128::from(step.0) + i128::from(self.whole) * one + i128::from(self.rest);
        let whole = i64::try_from(scaled.div_euclid(one)).expect("a deduction is at most its notional");
        Self { whole, rest: scaled.rem_euclid(one) as i64 }
    }
}

/// Quotient rounded up; `divisor` is positive.
#[inline]
pub const fn div_ceil(value: i64, divisor: i64) -> i64 {
    let quotient = value / divisor;
    if value % divisor > 0 { quotient + 1 } else { quotient }
}

/// The least whole number whose square is not below the value.
#[inline]
pub const fn ceil_sqrt(value: u128) -> u128 {
    let root = value.isqrt();
    if root * root < value { root + 1 } else { root }
}

/// Towards plus infinity, in 128 bits.
pub const fn div_ceil_wide(value: i128, divisor: i128) -> i128 {
    let quotient = value.div_euclid(divisor);
    if value.rem_euclid(divisor) > 0 { quotient + 1 } else { quotient }
}

/// `floor(price · (RATE_ONE + rate) / RATE_ONE)`: a bound above a price.
pub fn raised_floor(price: Ticks, rate: Rate) -> Ticks {
    let scaled = i128::from(price.0) * i128::from(RATE_ONE + rate.0);
    Ticks(Wide(scaled.div_euclid(i128::from(RATE_ONE))).clamp_i64())
}

/// `ceil(price · (RATE_ONE − rate) / RATE_ONE)`: a bound below a price.
pub fn lowered_ceil(price: Ticks, rate: Rate) -> Ticks {
    let scaled = i128::from(price.0) * i128::from(RATE_ONE - rate.0);
    Ticks(Wide(-(-scaled).div_euclid(i128::from(RATE_ONE))).clamp_i64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn share_by_128_bits(notional: i64, rate: i64, deduction: i128) -> i64 {
        let scaled = i128::from(notional) * i128::from(rate) - deduction;
        let one = i128::from(RATE_ONE);
        i64::try_from(-((-scaled).div_euclid(one))).unwrap()
    }

    proptest! {
        #[test]
        fn share_ceil_equals_the_128_bit_form(
            notional in 0_i64..=1 << 58, rate in -100_000_000_i64..=RATE_ONE, bound in 0_i64..=1 << 58, step in 0_i64..=RATE_ONE
        ) {
            let deduction = Deduction::ZERO.next(Money(bound), Rate(step));
            let exact = i128::from(bound) * i128::from(step);
            prop_assert_eq!(Money(notional).share_ceil(Rate(rate), deduction).0, share_by_128_bits(notional, rate, exact));
        }

        #[test]
        fn portion_floor_never_gives_more(cost in -(1_i64 << 58)..=1 << 58, total in 1_i64..=1 << 40, part in 0_i64..=1 << 40) {
            let part = part.min(total);
            let exact = (i128::from(cost) * i128::from(part)).div_euclid(i128::from(total));
            prop_assert_eq!(i128::from(Money(cost).portion_floor(Lots(part), Lots(total)).0), exact);
            prop_assert_eq!(i128::from(Money(cost).portion_floor(Lots(-part), Lots(-total)).0), exact);
        }
    }

    #[test]
    fn a_root_is_rounded_up() {
        assert_eq!([0, 1, 2, 4, 5, 9].map(ceil_sqrt), [0, 1, 2, 2, 3, 3]);
        let root = (1_u128 << 62) - 1;
        assert_eq!([root * root, root * root + 1].map(ceil_sqrt), [root, root + 1]);
    }

    #[test]
    fn bounds_round_towards_the_price() {
        assert_eq!(raised_floor(Ticks(101), Rate(50_000_000)), Ticks(106));
        assert_eq!(lowered_ceil(Ticks(101), Rate(50_000_000)), Ticks(96));
        assert_eq!(lowered_ceil(Ticks(101), Rate(RATE_ONE)), Ticks(0));
    }
}
