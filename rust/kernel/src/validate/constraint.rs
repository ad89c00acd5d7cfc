//! Constraints: the checks of an order that hold a number against a limit.
//!
//! Each goes through [`Notes::hold`], which decides; a kernel that previews has its notes written down, so that what a
//! preview lists is what decided.

use crate::reject::{Code, Reject};

/// A check with a number: it holds while `value` is not above `limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// What the refusal is called.
    pub code: Code,
    /// What the order comes to, in the unit of the check: lots, money, ticks times a rate, orders.
    pub value: i128,
    /// What it may come to.
    pub limit: i128,
}

/// The constraints that were looked at, if anybody wants to know.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    taken: Option<Vec<Constraint>>,
}

impl Notes {
    /// Notes that are written down.
    pub const fn written() -> Self {
        Self { taken: Some(Vec::new()) }
    }

    /// Forgets what was written down.
    pub fn clear(&mut self) {
        if let Some(taken) = &mut self.taken {
            taken.clear();
        }
    }

    /// Holds a number against its limit; the refusal says so in its own two values.
    #[inline]
    pub fn hold(&mut self, code: Code, value: i128, limit: i128, said: (i64, i64)) -> Result<(), Reject> {
        if let Some(taken) = &mut self.taken {
            taken.push(Constraint { code, value, limit });
        }
        if value > limit { Err(code.with(said.0, said.1)) } else { Ok(()) }
    }

    /// What was written down, in the order in which it was looked at.
    pub fn constraints(&self) -> &[Constraint] {
        self.taken.as_deref().unwrap_or_default()
    }
}
