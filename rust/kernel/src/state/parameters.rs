//! Where the session stands, and what holds for the whole venue.

use crate::command::Origin;
use crate::wire::Text;

/// The only ruleset there is.
pub const RULESET: u32 = 1;

/// Seq, time and the id counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// Commands executed.
    pub seq: u64,
    /// Stamped time of the last one, nanoseconds.
    pub time: u64,
    /// Orders accepted.
    pub orders: u64,
    /// Trades made.
    pub trades: u64,
    /// Auctions opened.
    pub auctions: u64,
}

/// What holds for the whole venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The ruleset in force.
    pub ruleset: u32,
    /// Most resting orders of an account.
    pub open_orders_max: u32,
    /// Commands between state roots.
    pub root_interval_commands: u64,
    /// Stamped nanoseconds between state roots, 0 for none.
    pub root_interval_ns: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            ruleset: RULESET,
            open_orders_max: 1_000,
            root_interval_commands: 1 << 18,
            root_interval_ns: 60_000_000_000,
        }
    }
}

/// Someone who writes commands: a policy, an oracle, a gateway.
#[derive(Clone, Debug)]
pub struct Author {
    /// What it speaks as.
    pub origin: Origin,
    /// Its name.
    pub name: Text,
    /// Its version.
    pub version: Text,
}
