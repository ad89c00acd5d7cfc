//! Price-time priority: who trades with whom.

pub mod book;
pub mod floor;
mod ids;
pub mod ladder;
pub mod naive;
pub mod orders;
pub mod sweep;
