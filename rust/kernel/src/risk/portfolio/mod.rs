//! Portfolio margin (`docs/rules_margin.md`, *Portfolio margin*): cross pools of accounts in that mode.

pub mod aggregate;
pub mod charges;
