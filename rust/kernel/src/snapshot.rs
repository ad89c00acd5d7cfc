//! The whole state as canonical bytes, and back, strictly.
//!
//! ```text
//! "XBSNAPS1" │ sequence │ parameters, authors, assets, markets (terms) │ funds │ market prices
//!            │ accounts: account, positions, nonces each │ orders by market │ event digest │ root mark
//! ```
//!
//! The bytes of each part are those that digests hash ([`crate::canonical`]). Loading trusts nothing: every value is
//! bounded, every reference resolved, the invariants are recomputed, and the loaded state must save to the same bytes.

mod accounts;
mod groups;
mod load;
mod parts;
mod terms;
mod waterfall;

use std::fmt;

use crate::canonical::Canon;
use crate::digest::{markets, parameters};
use crate::kernel::{Checks, Kernel};
use crate::matching::book::Book;

const MAGIC: &[u8; 8] = b"XBSNAPS1";

/// Why bytes are not a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// They are of another kind or version.
    NotASnapshot,
    /// They end too soon.
    Truncated,
    /// They go on after the end.
    TrailingBytes,
    /// A value that no state can hold; says which part.
    Impossible(&'static str),
    /// The parts contradict each other; says how.
    Inconsistent(String),
    /// They load, but the state would be saved otherwise.
    NotCanonical,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASnapshot => write!(formatter, "not a snapshot of this format"),
            Self::Truncated => write!(formatter, "the snapshot is truncated"),
            Self::TrailingBytes => write!(formatter, "bytes follow the end of the snapshot"),
            Self::Impossible(part) => write!(formatter, "the snapshot holds an impossible value: {part}"),
            Self::Inconsistent(how) => write!(formatter, "the snapshot contradicts itself: {how}"),
            Self::NotCanonical => write!(formatter, "the snapshot is not in canonical form"),
        }
    }
}

impl std::error::Error for SnapshotError {}

impl<B: Book> Kernel<B> {
    /// The state as bytes; equal states give equal bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut canon = Canon::default();
        let state = &self.state;
        canon.raw(MAGIC);
        canon.sequence(&state.sequence);
        parameters(&mut canon, state);
        state.assets.iter().for_each(|asset| canon.asset_funds(asset));
        markets(&mut canon, state);
        canon.count(state.accounts.len());
        for (_, account) in state.accounts.iter() {
            canon.account(account);
            canon.positions(&account.holdings);
            canon.nonces(&account.nonces);
        }
        for book in &state.books {
            let mut orders = Vec::new();
            for bucket in book.buckets() {
                book.for_each_in_bucket(&state.orders, bucket, |slot, _| orders.push(state.orders.describe(slot)));
            }
            canon.count(orders.len());
            for order in &orders {
                canon.order(order);
            }
        }
        canon.raw(&self.events.chain);
        canon.count(self.events.pending.len());
        canon.raw(&self.events.pending);
        canon.u64(self.mark.seq);
        canon.u64(self.mark.time);
        canon.raw(&self.mark.root);
        canon.into_bytes()
    }

    /// The kernel whose [`Kernel::snapshot`] these bytes are.
    pub fn from_snapshot(bytes: &[u8], checks: Checks) -> Result<Self, SnapshotError> {
        let (state, events, mark) = load::everything(bytes)?;
        let kernel = Self::resume(state, events, mark, checks);
        kernel.check().map_err(SnapshotError::Inconsistent)?;
        if kernel.snapshot() == bytes { Ok(kernel) } else { Err(SnapshotError::NotCanonical) }
    }
}
