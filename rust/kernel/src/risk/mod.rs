//! What an account must have, and what it may do with what it has.
//!
//! Margin is a list of terms, one a market ([`margin::Term`]); every scalar is a sum over the same three functions of a
//! position and its market, so a view that explains a number and the check that used it cannot differ.

pub mod fill;
pub mod liquidation_price;
pub mod margin;
pub mod portfolio;
pub mod waterfall;
pub mod withdrawal;
