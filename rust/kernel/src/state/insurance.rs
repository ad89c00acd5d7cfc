//! Insurance funds: what is in them, and how much of it may be lost in an interval.

use crate::quantities::Money;

/// The fund of an asset's cross pools, or of a market's isolated ones: one never pays for the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Insurance {
    /// What is in it.
    pub fund: Money,
    /// Most that may be lost in a window of stamped time.
    pub loss_max: Money,
    /// Length of a window, 0 for no limit.
    pub interval_ns: u64,
    /// The window of the latest payment under a limit.
    pub window: u64,
    /// What has been paid in it.
    pub paid: Money,
}

impl Insurance {
    /// Sets the limit. What has been paid stays counted, unless the windows are others now.
    pub fn limit(&mut self, loss_max: Money, interval_ns: u64) {
        if interval_ns != self.interval_ns {
            (self.window, self.paid) = (0, Money::ZERO);
        }
        (self.loss_max, self.interval_ns) = (loss_max, interval_ns);
    }

    /// What may be paid now.
    pub fn usable(&self, time: u64) -> Money {
        let Some(window) = time.checked_div(self.interval_ns) else { return self.fund };
        let paid = if window == self.window { self.paid } else { Money::ZERO };
        // A limit may be lowered below what has been paid.
        self.fund.min((self.loss_max - paid).max(Money::ZERO))
    }

    /// Pays what [`Insurance::usable`] allows.
    pub fn pay(&mut self, amount: Money, time: u64) {
        debug_assert!(Money::ZERO <= amount && amount <= self.usable(time), "a fund pays what it may");
        if let Some(window) = time.checked_div(self.interval_ns) {
            if window != self.window {
                (self.window, self.paid) = (window, Money::ZERO);
            }
            self.paid += amount;
        }
        self.fund -= amount;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fund_pays_no_more_in_a_window_than_its_limit() {
        let mut insurance = Insurance { fund: Money(1_000), ..Insurance::default() };
        insurance.limit(Money(300), 10);
        insurance.pay(Money(200), 25);
        assert_eq!((insurance.fund, insurance.usable(29)), (Money(800), Money(100)));
        assert_eq!(insurance.usable(30), Money(300), "the next window");
        insurance.limit(Money(150), 10);
        assert_eq!(insurance.usable(29), Money(0), "a lower limit counts what has been paid");
        insurance.limit(Money(150), 20);
        assert_eq!(insurance.usable(29), Money(150), "other windows start at nothing");
    }

    #[test]
    fn without_a_limit_the_fund_is_the_limit() {
        let mut insurance = Insurance { fund: Money(70), ..Insurance::default() };
        assert_eq!(insurance.usable(5), Money(70));
        insurance.pay(Money(70), 5);
        assert_eq!((insurance.usable(5), insurance.paid), (Money(0), Money(0)));
    }
}
