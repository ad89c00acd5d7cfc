//! Caps on what an account may be exposed to, and on what a market may hold.

use super::constraint::Notes;
use crate::command::Scope;
use crate::matching::book::Book;
use crate::quantities::{AccountId, Money, RATE_ONE, Wide};
use crate::reject::{Code, Reject};
use crate::state::State;
use crate::state::market::Market;
use crate::state::position::Position;

/// Whether the caps allow a position to become what it would be. One that is no worse than before may stay.
pub fn within_caps<B: Book>(
    state: &State<B>,
    account: AccountId,
    market: &Market,
    (before, after): (&Position, &Position),
    notes: &mut Notes,
) -> Result<(), Reject> {
    if after.worst() <= before.worst() {
        return Ok(());
    }
    market_caps(market, after, notes)?;
    if state.exposure_caps.is_empty() && state.accounts.of(account).mandate.is_none() {
        return Ok(());
    }
    [Scope::Market, Scope::Group, Scope::Asset]
        .into_iter()
        .try_for_each(|scope| exposure_cap(state, account, market, after, scope, notes))
}

fn market_caps(market: &Market, after: &Position, notes: &mut Notes) -> Result<(), Reject> {
    let (caps, interest) = (&market.caps, Wide(market.open_interest));
    if caps.open_interest_max.0 > 0 {
        // At the cap there is no room for one more lot.
        let (with, most) = (interest.0 + 1, caps.open_interest_max);
        notes.hold(Code::OpenInterestCap, with, i128::from(most.0), (interest.clamp_i64(), most.0))?;
    }
    if caps.concentration_rate.0 == 0 {
        return Ok(());
    }
    let share = Wide((interest.0 * i128::from(caps.concentration_rate.0)).div_euclid(i128::from(RATE_ONE)));
    let (worst, cap) = (after.worst(), share.max(Wide(i128::from(caps.concentration_floor.0))));
    notes.hold(Code::ConcentrationCap, i128::from(worst.0), cap.0, (worst.0, cap.clamp_i64()))
}

/// The account's own cap of a scope counts, or else that of all accounts.
fn exposure_cap<B: Book>(
    state: &State<B>,
    id: AccountId,
    market: &Market,
    after: &Position,
    scope: Scope,
    notes: &mut Notes,
) -> Result<(), Reject> {
    let number = match scope {
        Scope::Market => market.id.0,
        Scope::Group => market.scenarios.group.0,
        Scope::Asset => market.settlement.0,
    };
    let account = state.accounts.of(id);
    let own = account.mandate.as_ref().and_then(|mandate| mandate.caps.get(&(scope, number)));
    let Some(&Money(cap)) = own.or_else(|| state.exposure_caps.get(&(scope, number))) else { return Ok(()) };
    if scope == Scope::Group && number == 0 {
        return Ok(());
    }
    let of = |position: &Position, market: &Market| position.worst().value_at(market.mark, market.tick_value);
    let others = account.holdings.positions().iter().filter(|position| position.market != market.id);
    let exposure = others.fold(of(after, market), |sum, position| {
        let other = &state.markets[position.market.index()];
        let counts = other.settlement == market.settlement
            && match scope {
                Scope::Market => false,
                Scope::Group => other.scenarios.group == market.scenarios.group,
                Scope::Asset => true,
            };
        if counts { sum + of(position, other) } else { sum }
    });
    notes.hold(Code::ExposureCap, exposure.0, i128::from(cap), (exposure.clamp_i64(), cap))
}
