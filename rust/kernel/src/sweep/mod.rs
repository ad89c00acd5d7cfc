//! After a mark: which pools stand otherwise than before, found without looking at every pool of the venue.
//!
//! ```text
//! mark ─► ladder: whose interval it left ─┐
//! fills, money, settings ─► touched ──────┴─► in order of accounts: look, announce, cut the slack anew ─► ladder
//! ```
//!
//! While all marks stay inside the intervals that were cut from its slack, a pool cannot stand otherwise, so nobody looks.

pub mod ladder;
pub mod slack;
pub mod standing;
pub mod touched;
