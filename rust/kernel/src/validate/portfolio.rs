//! What the tables of portfolio margin may be set to, and who may switch to it.

use crate::command::{
    MarginMode, SetBasis, SetConcentration, SetCorrelations, SetGroup, SetMarginMode, SetPortfolio, SetScenarios,
};
use crate::lists::Correlation;
use crate::matching::book::Book;
use crate::quantities::{AssetId, GroupId, Money, RATE_ONE, Rate};
use crate::reject::{Code, Reject, report};
use crate::risk::pool::Pool;
use crate::state::State;
use crate::state::groups::{GROUP_MARKETS_MAX, GROUPS_MAX, PAIRS_MAX, SCENARIOS_MAX};
use crate::state::holdings::{Holdings, PoolId};
use crate::state::market::Market;
use crate::validate::admin::first_failed;

const FUNDING_EPOCHS_MAX: u32 = 1_000;

fn exists(group: GroupId) -> bool {
    (1..=GROUPS_MAX).contains(&usize::from(group.0))
}

fn is_share(rate: Rate) -> bool {
    (0..=RATE_ONE).contains(&rate.0)
}

/// May the market be put into the group? Into none it may always be.
pub fn set_group(command: &SetGroup) -> Result<(), Reject> {
    if command.group == GroupId::NONE || exists(command.group) { Ok(()) } else { Err(no_group(command.group)) }
}

fn no_group(group: GroupId) -> Reject {
    Code::GroupInvalid.with(i64::from(group.0), 0)
}

/// May the basis rate be set?
pub fn set_basis(command: &SetBasis) -> Result<(), Reject> {
    if !exists(command.group) {
        return Err(no_group(command.group));
    }
    let rate = command.basis_rate;
    if is_share(rate) { Ok(()) } else { Err(Code::BasisInvalid.with(rate.0, 0)) }
}

/// May the market have these scenarios?
pub fn set_scenarios<B: Book>(state: &State<B>, command: &SetScenarios) -> Result<(), Reject> {
    let market = state.market(command.market).expect("the market was looked up");
    let group = market.scenarios.group;
    if group == GroupId::NONE {
        return Err(no_group(group));
    }
    let moves = &command.moves;
    if !moves.is_empty() && !fit_the_group(&state.markets, market, moves.len()) {
        return Err(Code::ScenariosInvalid.bare());
    }
    match moves.iter().position(|ticks| ticks.0.unsigned_abs() > market.price_max.0.unsigned_abs()) {
        None => Ok(()),
        Some(index) => Err(Code::ScenariosInvalid.with(report(index as u64 + 1), 0)),
    }
}

/// Whether so many scenarios are what the other markets of the group have, and there is room for one more market.
fn fit_the_group(markets: &[Market], market: &Market, count: usize) -> bool {
    let others = || {
        let of_group = |other: &&Market| other.scenarios.group == market.scenarios.group && other.id != market.id;
        markets.iter().filter(of_group).filter(|other| other.scenarios.exist())
    };
    count <= SCENARIOS_MAX
        && others().count() < GROUP_MARKETS_MAX
        && others().all(|other| other.scenarios.moves().len() == count)
}

/// May the concentration charge be set?
pub fn set_concentration(command: &SetConcentration) -> Result<(), Reject> {
    let checks = [command.threshold >= Money::ZERO, is_share(command.rate)];
    first_failed(&checks).map_or(Ok(()), |position| Err(Code::ConcentrationInvalid.with(position, 0)))
}

/// May groups be correlated like that?
pub fn set_correlations(command: &SetCorrelations) -> Result<(), Reject> {
    let invalid = |field, pair: usize| Err(Code::CorrelationsInvalid.with(field, report(pair as u64)));
    for (field, rate) in [(1, command.towards_one_rate), (2, command.towards_zero_rate)] {
        if !is_share(rate) {
            return invalid(field, 0);
        }
    }
    if command.pairs.len() > PAIRS_MAX {
        return invalid(3, 0);
    }
    for (index, pair) in command.pairs.iter().enumerate() {
        let previous = index.checked_sub(1).map(|before| &command.pairs[before]);
        if !pair_follows(previous, pair) {
            return invalid(3, index + 1);
        }
    }
    Ok(())
}

fn pair_follows(previous: Option<&Correlation>, pair: &Correlation) -> bool {
    let groups = |pair: &Correlation| (pair.group_a, pair.group_b);
    exists(pair.group_a)
        && exists(pair.group_b)
        && pair.group_a < pair.group_b
        && previous.is_none_or(|previous| groups(previous) < groups(pair))
        && (-RATE_ONE..=RATE_ONE).contains(&pair.correlation_rate.0)
        && is_share(pair.offset_cap_rate)
}

/// May the portfolios of the asset be margined like that?
pub fn set_portfolio(command: &SetPortfolio) -> Result<(), Reject> {
    let checks = [is_share(command.maintenance_rate), command.funding_epochs <= FUNDING_EPOCHS_MAX];
    first_failed(&checks).map_or(Ok(()), |position| Err(Code::PortfolioInvalid.with(position, 0)))
}

/// May the account be margined like that? Every cross pool with a position must stand at its placing level.
pub fn set_margin_mode<B: Book>(state: &State<B>, command: &SetMarginMode) -> Result<(), Reject> {
    let holdings = &state.accounts.of(command.account).holdings;
    if holdings.profile.mode == command.mode {
        return Err(Code::ModeUnchanged.bare());
    }
    let switched = switched(holdings, &state.markets, command.mode);
    for id in 1..=state.assets.len() {
        let asset = AssetId(u16::try_from(id).expect("assets are few"));
        let pool = Pool::new(&switched, state.risk(), PoolId::Cross(asset));
        if pool.positions().next().is_none() {
            continue;
        }
        let (required, equity) = (pool.placing_level(), pool.equity());
        if equity < required {
            return Err(Code::MarginInsufficient.with(required.clamp_i64(), equity.clamp_i64()));
        }
    }
    Ok(())
}

/// The holdings as they would be in another mode.
fn switched(holdings: &Holdings, markets: &[Market], mode: MarginMode) -> Holdings {
    let mut switched = holdings.clone();
    switched.profile.mode = mode;
    switched.revalue(markets);
    switched
}
