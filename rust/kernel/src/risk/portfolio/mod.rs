//! Portfolio margin (`docs/rules_margin.md`, *Portfolio margin*): cross pools of accounts in that mode.
//!
//! ```text
//! positions with scenarios ─► per market   concentration, provision, orders
//!                          ─► per group    basis, worst loss ─► aggregate ─► scenario
//! positions without        ─► per market   standard requirement and maintenance
//! ```
//!
//! Worst losses come from vectors that are kept along ([`crate::state::vectors`]); a pool that is only imagined differs
//! from the one that is in one position, so in one vector, which is added to on the fly.

pub mod aggregate;
pub mod charges;

use crate::quantities::{GroupId, Lots, Money, Wide};
use crate::state::groups::GROUPS_MAX;
use crate::state::market::Market;
use crate::state::position::Position;
use crate::state::vectors::Worst;

use super::pool::Pool;
use super::terms::{Along, Kind, Loss, Sum, Tally, Term};

use aggregate::{Exposure, aggregate};

/// Groups whose sums fit a short array: clearing the long one would cost more than the rest of a check.
const FEW: usize = 8;

/// The terms of a portfolio pool's requirement, the account floor aside.
#[inline]
pub fn tally_requirement<T: Tally>(pool: &Pool<'_>, tally: &mut T) {
    tally_risk(pool, tally);
    for (position, market) in pool.positions() {
        if market.scenarios.exist() {
            tally_orders(&position, market, tally);
        } else {
            pool.position_requirement(&position, market, tally);
        }
    }
}

/// The terms of its maintenance: the same risk, less what maintenance does not ask of it.
#[inline]
pub fn tally_maintenance<T: Tally>(pool: &Pool<'_>, tally: &mut T) {
    let mut risk = Along { sum: Sum::default(), onward: tally };
    tally_risk(pool, &mut risk);
    let risk = risk.sum.0;
    let (asset, terms) = (pool.asset(), &pool.risk.asset(pool.asset()).portfolio);
    let relief = risk.share_ceil(terms.maintenance_rate) - risk;
    if relief != Wide::ZERO {
        let sources = [0, 0, terms.changed];
        tally.add(Term { kind: Kind::Relief, entity: asset.0, amount: relief, sources });
    }
    for (position, market) in pool.positions().filter(|(_, market)| !market.scenarios.exist()) {
        pool.position_maintenance(&position, market, tally);
    }
}

/// What the positions with scenarios risk: concentration and provision by market, basis by group, and the scenario.
#[inline]
fn tally_risk<T: Tally>(pool: &Pool<'_>, tally: &mut T) {
    // A pool as it would be has one group more at most.
    if pool.holdings.vectors.len() < FEW {
        tally_groups::<FEW, T>(pool, tally);
    } else {
        tally_groups::<GROUPS_MAX, T>(pool, tally);
    }
}

fn tally_groups<const N: usize, T: Tally>(pool: &Pool<'_>, tally: &mut T) {
    let mut ledger = Ledger::<N> { count: 0, sides: [Sides::NONE; N] };
    for (position, market) in pool.positions() {
        if position.lots.0 != 0 && market.scenarios.exist() {
            let notional = position.lots.value_at(market.mark, market.tick_value).narrow();
            tally_charges(pool, &position, market, notional, tally);
            ledger.add(&position, market, notional);
        }
    }
    let mut exposures = [Exposure::default(); N];
    for (exposure, sides) in exposures.iter_mut().zip(ledger.met()) {
        *exposure = tally_group(pool, sides, tally);
    }
    let scenario = aggregate(&exposures[..ledger.count], pool.risk.groups);
    if scenario.loss != Wide::ZERO {
        let latest = |of: fn(&Sides) -> u64| ledger.met().iter().map(of).max().unwrap_or(0);
        let sources = [latest(|sides| sides.held), latest(|sides| sides.tabled), pool.risk.groups.changed()];
        let matrix = scenario.matrix.map_or(0, |matrix| matrix as u16);
        tally.add(Term { kind: Kind::Scenario, entity: matrix, amount: scenario.loss, sources });
    }
}

/// A group of the pool: its notional on either side, and the latest seqs of what it comes from.
#[derive(Clone, Copy)]
struct Sides {
    group: GroupId,
    /// Sixteen markets of at most 2^58 fit.
    long: Money,
    short: Money,
    held: u64,
    marked: u64,
    tabled: u64,
}

impl Sides {
    const NONE: Self =
        Self { group: GroupId::NONE, long: Money::ZERO, short: Money::ZERO, held: 0, marked: 0, tabled: 0 };
}

/// The groups of a pool, in the order in which its positions name them.
struct Ledger<const N: usize> {
    count: usize,
    sides: [Sides; N],
}

impl<const N: usize> Ledger<N> {
    #[inline]
    fn met(&self) -> &[Sides] {
        &self.sides[..self.count]
    }

    #[inline]
    fn add(&mut self, position: &Position, market: &Market, notional: Money) {
        let group = market.scenarios.group;
        let index = self.met().iter().position(|sides| sides.group == group).unwrap_or(self.count);
        self.count = self.count.max(index + 1);
        let sides = &mut self.sides[index];
        sides.group = group;
        sides.long += notional.max(Money::ZERO);
        sides.short -= notional.min(Money::ZERO);
        sides.held = sides.held.max(position.changed);
        sides.marked = sides.marked.max(market.mark_changed);
        sides.tabled = sides.tabled.max(market.scenarios.changed);
    }
}

/// A group's basis charge, and what it brings to the scenario.
#[inline]
fn tally_group<T: Tally>(pool: &Pool<'_>, sides: &Sides, tally: &mut T) -> Exposure {
    let &Sides { group, long, short, held, marked, .. } = sides;
    let basis = pool.risk.groups.basis(group);
    let amount = charges::basis(basis.rate, long, short).wide();
    if amount != Wide::ZERO {
        tally.add(Term { kind: Kind::Basis, entity: group.0, amount, sources: [held, marked, basis.changed] });
    }
    let Worst { loss, scenario } = worst(pool, group);
    let sign = (long - short).sign();
    tally.lose(Loss { group, sign, loss, scenario });
    Exposure { group, loss, sign }
}

/// A group's worst loss, in a pool as it would be as well.
#[inline]
fn worst(pool: &Pool<'_>, group: GroupId) -> Worst {
    match pool.change() {
        Some((market, lots)) if market.scenarios.group == group && lots != Lots::ZERO => {
            pool.holdings.vectors.worst_after(market, lots)
        }
        _ => pool.holdings.vectors.worst(pool.asset(), group),
    }
}

#[inline]
fn tally_charges<T: Tally>(pool: &Pool<'_>, position: &Position, market: &Market, notional: Money, tally: &mut T) {
    let (entity, concentration) = (market.id.0, &market.scenarios.concentration);
    let amount = charges::concentration(notional, concentration.threshold, concentration.rate).wide();
    if amount != Wide::ZERO {
        let sources = [position.changed, market.mark_changed, concentration.changed];
        tally.add(Term { kind: Kind::Concentration, entity, amount, sources });
    }
    let epochs = pool.risk.asset(market.settlement).portfolio.funding_epochs;
    let amount = charges::provision(notional, market.funding.last_rate, epochs);
    if amount != Wide::ZERO {
        let sources = [position.changed, market.mark_changed, market.funding.changed];
        tally.add(Term { kind: Kind::Provision, entity, amount, sources });
    }
}

#[inline]
fn tally_orders<T: Tally>(position: &Position, market: &Market, tally: &mut T) {
    let amount = charges::orders(position, market).wide();
    if amount != Wide::ZERO {
        let sources = [position.changed, 0, market.scenarios.changed];
        tally.add(Term { kind: Kind::Orders, entity: market.id.0, amount, sources });
    }
}
