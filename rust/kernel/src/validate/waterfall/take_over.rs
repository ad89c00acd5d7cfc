//! Take-overs: what a backstop vault may take from a failing pool.

use super::health::Health;
use super::moving::{Move, Taken, freed, taken_by};
use super::{not_halted, not_negative, open_market};
use crate::command::TakeOver;
use crate::event::MoveReason;
use crate::matching::book::Book;
use crate::quantities::Lots;
use crate::reject::{Code, Reject};
use crate::state::State;
use crate::validate::order::may_add_at_all;

/// May the vault take the lots? Gives the move.
pub fn take_over<B: Book>(state: &State<B>, command: &TakeOver) -> Result<Move, Reject> {
    let &TakeOver { account, market, lots, vault } = command;
    let market = open_market(state, market, not_halted)?;
    let holdings = &state.accounts.of(vault).holdings;
    let isolated = holdings.is_isolated(&holdings.position(market.id));
    let exposure_max = state.backstop.vault(vault, market.settlement).filter(|_| vault != account && !isolated);
    let Some(exposure_max) = exposure_max else { return Err(Code::VaultUnknown.with(i64::from(vault.0), 0)) };
    let health = Health::of_position(state, account, market);
    health.failing()?;
    let target = health.target(state, market)?;
    not_negative(lots)?;
    let held = target.lots.abs();
    if lots > held {
        return Err(Code::LotsTooMany.with(lots.0, held.0));
    }
    let lots = if lots == Lots::ZERO { held } else { lots };
    let (side, value) = (taken_by(target.lots), target.take_over_value(lots, freed(&target, market, lots)));
    let taken = Taken::by(state, vault, market, side, (lots, value));
    let exposure = taken.exposure();
    if exposure > exposure_max.wide() {
        return Err(Code::VaultExposure.with(exposure.clamp_i64(), exposure_max.0));
    }
    if !taken.closes() {
        may_add_at_all(holdings, taken.pool.id)?;
    }
    taken.within_limit(market)?;
    taken.solvent()?;
    Taken::by(state, account, market, side.opposite(), (lots, value)).fits()?;
    taken.fits()?;
    let (reason, source, destination) = (MoveReason::TakeOver, account, vault);
    Ok(Move { reason, market: market.id, lots, value, source, destination, side })
}
