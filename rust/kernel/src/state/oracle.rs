//! The price that was accepted from outside, and how good it must be for what is done by it.

use crate::command::Grade;
use crate::quantities::Ticks;

/// An accepted price; none before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oracle {
    /// The price, 0 before the first.
    pub price: Ticks,
    /// How far off it may be.
    pub confidence: Ticks,
    /// How good it is.
    pub grade: Grade,
    /// When it was observed, by the observer's clock, nanoseconds.
    pub observed_at: u64,
    /// Stamped time of the command that set it, nanoseconds.
    pub updated_at: u64,
    /// Seq of that command.
    pub changed: u64,
}

impl Default for Oracle {
    fn default() -> Self {
        let (price, confidence, grade) = (Ticks::ZERO, Ticks::ZERO, Grade::None);
        Self { price, confidence, grade, observed_at: 0, updated_at: 0, changed: 0 }
    }
}

/// The least grade for each action; none permits everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grades {
    /// For new exposure, and for money that leaves.
    pub margin: Grade,
    /// For the steps of the waterfall that go by a price.
    pub liquidation: Grade,
    /// For closing a funding epoch.
    pub funding: Grade,
}

impl Default for Grades {
    fn default() -> Self {
        Self { margin: Grade::None, liquidation: Grade::None, funding: Grade::None }
    }
}
