//! What an account must have, and what it may do with what it has.
//!
//! Margin is a list of terms ([`terms::Term`]); every scalar is the sum of what the same functions list, so a view that
//! explains a number and the check that used it cannot differ.

pub mod fill;
pub mod funding_rate;
pub mod liquidation_price;
pub mod margin;
pub mod pool;
pub mod portfolio;
pub mod terms;
pub mod waterfall;
