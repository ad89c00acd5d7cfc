//! The kernel of crossbook: a pure function from (state, command) to (state, events).
//!
//! No I/O, clock, randomness, thread, float or logging, and no walk over an unordered map, is in here; time, ids and
//! configuration are inputs. The modules stand in the order in which a command meets them:
//!
//! ```text
//! bytes ─► decode ─► validate ─► risk ─► matching ─► state ─► emit ─► digest
//! ```
//!
//! `docs/rules.md` is the rule book these modules implement.
#![forbid(unsafe_code)]

pub mod quantities;

pub mod command;
pub mod event;
mod field;
pub mod lists;
pub mod reject;
pub mod wire;

pub mod kernel;

mod ahead;
pub mod apply;
pub mod decode;
pub mod emit;
pub mod matching;
pub mod risk;
pub mod sweep;
pub mod validate;

pub mod state;

pub mod canonical;
#[cfg(test)]
mod completeness;
pub mod digest;
pub mod invariants;
pub mod snapshot;
pub mod view;
mod vocabulary;

pub use field::Entry;
pub use vocabulary::vocabulary;
