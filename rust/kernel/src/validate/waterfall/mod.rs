//! What each step of the waterfall asks before it is taken (`docs/rules_waterfall.md`).
//!
//! A policy proposes steps; the kernel computes from its own state whether the pool needs one, and how far it may go. A
//! step costs the account at most its own equity, and nobody else more than the step says.

pub mod auction;
pub mod deleverage;
pub mod health;
pub mod loss;
pub mod moving;
pub mod reduction;
pub mod settings;
pub mod take_over;

use crate::command::MarketMode;
use crate::matching::book::Book;
use crate::quantities::{Lots, MarketId};
use crate::reject::{Code, Reject};
use crate::state::State;
use crate::state::market::Market;
use crate::validate::order::ready;

/// The market of a step, if it takes such steps as it is and has prices that are good enough for them.
fn open_market<B: Book>(state: &State<B>, id: MarketId, takes: impl Fn(MarketMode) -> bool) -> Result<&Market, Reject> {
    let market = state.market(id).expect("the market was looked up");
    if !takes(market.mode) {
        return Err(Code::MarketModeRefuses.with(market.mode as i64, 0));
    }
    ready(market)?;
    market.graded_for_liquidation()?;
    Ok(market)
}

/// Steps that send an order need a market that matches.
fn matches(mode: MarketMode) -> bool {
    matches!(mode, MarketMode::Continuous | MarketMode::ReduceOnly)
}

/// Steps that move lots by themselves only need one that is not halted.
fn not_halted(mode: MarketMode) -> bool {
    mode != MarketMode::Halted
}

/// Lots may be left to the kernel by 0, but not be negative.
fn not_negative(lots: Lots) -> Result<(), Reject> {
    if lots.0 < 0 { Err(Code::LotsNotPositive.with(lots.0, 0)) } else { Ok(()) }
}

/// Lots that must be some.
fn some(lots: Lots) -> Result<(), Reject> {
    if lots.0 < 1 { Err(Code::LotsNotPositive.with(lots.0, 0)) } else { Ok(()) }
}
