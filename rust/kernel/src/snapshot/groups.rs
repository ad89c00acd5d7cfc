//! Loading the tables of portfolio margin, each held to the check of its command.

use super::load::{Loaded, allowed, require};
use super::parts::Parts;
use crate::command::{SetBasis, SetConcentration, SetCorrelations, SetGroup, SetPortfolio, SetScenarios};
use crate::lists::Correlation;
use crate::matching::book::Book;
use crate::quantities::{AssetId, GroupId, MarketId, Ticks};
use crate::state::State;
use crate::state::asset::PortfolioTerms;
use crate::state::groups::{Basis, Concentration, Groups, Scenarios};
use crate::validate::portfolio as check;

/// What a market may do, as it was set.
pub fn scenarios(parts: &mut Parts<'_>) -> Loaded<Scenarios> {
    let (group, changed) = (GroupId(parts.u16()?), parts.u64()?);
    let concentration = Concentration { threshold: parts.money()?, rate: parts.rate()?, changed: parts.u64()? };
    let mut moves = Vec::new();
    for _ in 0..parts.count(8)? {
        let ticks = Ticks(parts.i64()?);
        // Further than any price: what is kept of the largest could not be computed.
        require(ticks.0.unsigned_abs() < 1 << 31, "scenarios")?;
        moves.push(ticks);
    }
    let mut scenarios = Scenarios::default();
    scenarios.concentration = concentration;
    scenarios.regroup(group, changed);
    scenarios.set_moves(moves, changed);
    Ok(scenarios)
}

/// Gives a market its scenarios, the other markets before it having theirs.
pub fn set_scenarios<B: Book>(state: &mut State<B>, market: MarketId, scenarios: &Scenarios) -> Loaded<()> {
    let group = scenarios.group;
    allowed(check::set_group(&SetGroup { market, group }), "group")?;
    let Concentration { threshold, rate, changed: _ } = scenarios.concentration;
    allowed(check::set_concentration(&SetConcentration { market, threshold, rate }), "concentration")?;
    let (moves, changed) = (scenarios.moves().to_vec(), scenarios.changed);
    let grouped = &mut state.markets[market.index()].scenarios;
    grouped.concentration = scenarios.concentration;
    grouped.regroup(group, changed);
    if scenarios.exist() {
        allowed(check::set_scenarios(state, &SetScenarios { market, moves: moves.clone() }), "scenarios")?;
        state.markets[market.index()].scenarios.set_moves(moves, changed);
    }
    Ok(())
}

/// What holds within and between groups.
pub fn groups(parts: &mut Parts<'_>, groups: &mut Groups) -> Loaded<()> {
    for group in (1..).map(GroupId).take(groups.bases().len()) {
        let basis = Basis { rate: parts.rate()?, changed: parts.u64()? };
        allowed(check::set_basis(&SetBasis { group, basis_rate: basis.rate }), "basis")?;
        groups.set_basis(group, basis);
    }
    let (towards_one_rate, towards_zero_rate, changed) = (parts.rate()?, parts.rate()?, parts.u64()?);
    let mut pairs = Vec::new();
    for _ in 0..parts.count(20)? {
        pairs.push(Correlation {
            group_a: GroupId(parts.u16()?),
            group_b: GroupId(parts.u16()?),
            correlation_rate: parts.rate()?,
            offset_cap_rate: parts.rate()?,
        });
    }
    let command = SetCorrelations { towards_one_rate, towards_zero_rate, pairs };
    allowed(check::set_correlations(&command), "correlations")?;
    groups.correlate(towards_one_rate, towards_zero_rate, &command.pairs, changed);
    Ok(())
}

/// How portfolios that settle in an asset are margined.
pub fn portfolio(parts: &mut Parts<'_>) -> Loaded<PortfolioTerms> {
    let terms = PortfolioTerms { maintenance_rate: parts.rate()?, funding_epochs: parts.u32()?, changed: parts.u64()? };
    let PortfolioTerms { maintenance_rate, funding_epochs, changed: _ } = terms;
    let asset = AssetId::NONE;
    allowed(check::set_portfolio(&SetPortfolio { asset, maintenance_rate, funding_epochs }), "portfolio")?;
    Ok(terms)
}
