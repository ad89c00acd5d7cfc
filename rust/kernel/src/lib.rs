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

pub mod wire;
mod field;
pub mod command;
pub mod event;
pub mod reject;

pub mod kernel;

pub mod decode;
pub mod validate;
pub mod risk;
pub mod matching;
pub mod apply;
pub mod emit;

pub mod state;

pub mod canonical;
pub mod digest;
pub mod invariants;
pub mod snapshot;
pub mod view;

pub use field::Entry;
