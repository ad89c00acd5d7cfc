//! Portfolio margin: its tables, and who uses them.

use crate::command::{
    SetBasis, SetConcentration, SetCorrelations, SetGroup, SetMarginMode, SetPortfolio, SetScenarios,
};
use crate::emit::Emitter;
use crate::event::{BasisSet, ConcentrationSet, CorrelationsSet, GroupSet, MarginModeSet, PortfolioSet, ScenariosSet};
use crate::matching::book::Book;
use crate::quantities::MarketId;
use crate::reject::Reject;
use crate::state::State;
use crate::state::asset::PortfolioTerms;
use crate::state::groups::{Basis, Concentration};
use crate::validate::portfolio as check;

pub fn set_group<B: Book>(state: &mut State<B>, command: &SetGroup, out: &mut Emitter) -> Result<(), Reject> {
    check::set_group(command)?;
    let &SetGroup { market, group } = command;
    state.markets[market.index()].scenarios.regroup(group, state.sequence.seq);
    state.revalue_holders(market);
    out.emit(&GroupSet { market, group });
    Ok(())
}

pub fn set_basis<B: Book>(state: &mut State<B>, command: &SetBasis, out: &mut Emitter) -> Result<(), Reject> {
    check::set_basis(command)?;
    let &SetBasis { group, basis_rate } = command;
    state.groups.set_basis(group, Basis { rate: basis_rate, changed: state.sequence.seq });
    out.emit(&BasisSet { group, basis_rate });
    Ok(())
}

pub fn set_scenarios<B: Book>(state: &mut State<B>, command: &SetScenarios, out: &mut Emitter) -> Result<(), Reject> {
    check::set_scenarios(state, command)?;
    let SetScenarios { market, moves } = command;
    state.markets[market.index()].scenarios.set_moves(moves.clone(), state.sequence.seq);
    state.revalue_holders(*market);
    let count = u8::try_from(moves.len()).expect("scenarios are at most 32");
    out.emit(&ScenariosSet { market: *market, count });
    Ok(())
}

pub fn set_concentration<B: Book>(
    state: &mut State<B>,
    command: &SetConcentration,
    out: &mut Emitter,
) -> Result<(), Reject> {
    check::set_concentration(command)?;
    let &SetConcentration { market, threshold, rate } = command;
    let concentration = Concentration { threshold, rate, changed: state.sequence.seq };
    state.markets[market.index()].scenarios.concentration = concentration;
    out.emit(&ConcentrationSet { market, threshold, rate });
    Ok(())
}

pub fn set_correlations<B: Book>(
    state: &mut State<B>,
    command: &SetCorrelations,
    out: &mut Emitter,
) -> Result<(), Reject> {
    check::set_correlations(command)?;
    let &SetCorrelations { towards_one_rate, towards_zero_rate, ref pairs } = command;
    state.groups.correlate(towards_one_rate, towards_zero_rate, pairs, state.sequence.seq);
    let count = u16::try_from(pairs.len()).expect("pairs are at most 2,016");
    out.emit(&CorrelationsSet { towards_one_rate, towards_zero_rate, count });
    Ok(())
}

pub fn set_portfolio<B: Book>(state: &mut State<B>, command: &SetPortfolio, out: &mut Emitter) -> Result<(), Reject> {
    check::set_portfolio(command)?;
    let &SetPortfolio { asset, maintenance_rate, funding_epochs } = command;
    let changed = state.sequence.seq;
    state.assets[asset.index()].portfolio = PortfolioTerms { maintenance_rate, funding_epochs, changed };
    out.emit(&PortfolioSet { asset, maintenance_rate, funding_epochs });
    Ok(())
}

pub fn set_margin_mode<B: Book>(
    state: &mut State<B>,
    command: &SetMarginMode,
    out: &mut Emitter,
) -> Result<(), Reject> {
    check::set_margin_mode(state, command)?;
    let &SetMarginMode { account, mode } = command;
    let holdings = state.accounts.holdings_mut(account);
    holdings.profile.mode = mode;
    holdings.revalue(&state.markets);
    out.emit(&MarginModeSet { account, mode });
    Ok(())
}

impl<B: Book> State<B> {
    /// The scenarios of a market have changed: the vectors of all who hold it follow.
    fn revalue_holders(&mut self, market: MarketId) {
        for holdings in self.accounts.derived_mut() {
            if holdings.is_portfolio() && holdings.position(market).lots.0 != 0 {
                holdings.revalue(&self.markets);
            }
        }
    }
}
