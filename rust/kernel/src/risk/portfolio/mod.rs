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

use crate::quantities::{GroupId, Lots, Money, Rate, Wide};
use crate::state::groups::{GROUPS_MAX, Groups};
use crate::state::market::Market;
use crate::state::position::Position;

use super::pool::Pool;
use super::terms::{Along, Kind, Loss, Sum, Tally, Term};

use aggregate::{Aggregate, Exposure, added_up, aggregate};

/// Groups whose sums fit a short array: clearing the long one would cost more than the rest of a check.
const FEW: usize = 8;

/// Whether the short array has room. A pool as it would be has one group more than the pool as it is at most.
#[inline]
fn is_small(pool: &Pool<'_>) -> bool {
    pool.holdings.vectors.len() < FEW
}

/// The terms of a portfolio pool's requirement, the account floor aside.
pub fn tally_requirement<T: Tally>(pool: &Pool<'_>, tally: &mut T) {
    if is_small(pool) { requirement::<FEW, T>(pool, tally) } else { requirement::<GROUPS_MAX, T>(pool, tally) }
}

/// The terms of its maintenance: the same risk, less what maintenance does not ask of it.
pub fn tally_maintenance<T: Tally>(pool: &Pool<'_>, tally: &mut T) {
    maintenance_by(pool, tally, aggregate);
}

/// No less than its maintenance, whatever the signs of its groups are: with losses added up, which no mark changes. What is
/// left rises with every mark, at most by [`steepest_rate`].
pub fn most_maintenance(pool: &Pool<'_>) -> Wide {
    let mut sum = Sum::default();
    maintenance_by(pool, &mut sum, |losses, _| added_up(losses));
    sum.0
}

/// How much more such maintenance a market with scenarios asks for if a position's notional grows, at most; each of its
/// charges is rounded up for itself.
pub fn steepest_rate(pool: &Pool<'_>, market: &Market) -> Rate {
    let (scenarios, terms) = (&market.scenarios, &pool.risk.asset(market.settlement).portfolio);
    let provision = market.funding.last_rate.abs().0 * i64::from(terms.funding_epochs);
    let risk = pool.risk.groups.basis(scenarios.group).rate.0 + scenarios.concentration.rate.0 + provision;
    Rate(Wide(i128::from(risk)).share_ceil(terms.maintenance_rate).narrow().0)
}

/// Roundings of a position's charges, and of its group's: concentration, provision, basis, and the whole.
pub const ROUNDINGS: usize = 4;

fn maintenance_by<T: Tally>(pool: &Pool<'_>, tally: &mut T, together: impl Fn(&[Exposure], &Groups) -> Aggregate) {
    if is_small(pool) {
        maintenance::<FEW, T>(pool, tally, together);
    } else {
        maintenance::<GROUPS_MAX, T>(pool, tally, together);
    }
}

/// The terms of what it has from positions and of what it must have, in one pass; gives whether it has any position.
pub fn assess(
    pool: &Pool<'_>,
    equity: &mut Sum,
    requirement: &mut Sum,
    together: impl Fn(&[Exposure], &Groups) -> Aggregate,
) -> bool {
    if is_small(pool) {
        both::<FEW>(pool, equity, requirement, together)
    } else {
        both::<GROUPS_MAX>(pool, equity, requirement, together)
    }
}

fn requirement<const N: usize, T: Tally>(pool: &Pool<'_>, tally: &mut T) {
    let mut ledger = Ledger::<N>::open(pool);
    pool.walk(|stored, position, market| ledger.require(stored, position, market, tally));
    ledger.close(tally, aggregate);
}

fn maintenance<const N: usize, T: Tally>(
    pool: &Pool<'_>,
    tally: &mut T,
    together: impl Fn(&[Exposure], &Groups) -> Aggregate,
) {
    let mut ledger = Ledger::<N>::open(pool);
    let mut risk = Along { sum: Sum::default(), onward: tally };
    pool.walk(|stored, position, market| {
        if market.scenarios.exist() {
            ledger.charge(stored, position, market, &mut risk);
        } else {
            pool.position_maintenance(position, market, risk.onward);
        }
    });
    ledger.close(&mut risk, together);
    let Along { sum: Sum(risk), onward } = risk;
    let (asset, terms) = (pool.asset(), &pool.risk.asset(pool.asset()).portfolio);
    let relief = risk.share_ceil(terms.maintenance_rate) - risk;
    if relief != Wide::ZERO {
        let sources = [0, 0, terms.changed];
        onward.add(Term { kind: Kind::Relief, entity: asset.0, amount: relief, sources });
    }
}

fn both<const N: usize>(
    pool: &Pool<'_>,
    equity: &mut Sum,
    requirement: &mut Sum,
    together: impl Fn(&[Exposure], &Groups) -> Aggregate,
) -> bool {
    let mut ledger = Ledger::<N>::open(pool);
    let mut live = false;
    pool.walk(|stored, position, market| {
        pool.position_equity(stored, market, equity);
        live |= position.is_live();
        ledger.require(stored, position, market, requirement);
    });
    ledger.close(requirement, together);
    live
}

/// A group of the pool: its notional on either side. Sixteen markets of at most 2^58 fit.
#[derive(Clone, Copy)]
struct Sides {
    group: GroupId,
    long: Money,
    short: Money,
}

impl Sides {
    const NONE: Self = Self { group: GroupId::NONE, long: Money::ZERO, short: Money::ZERO };
}

/// What one pass over the positions finds out about the groups, in the order in which they are met.
struct Ledger<'a, const N: usize> {
    pool: &'a Pool<'a>,
    funding_epochs: u32,
    /// By how many lots the pool differs from the one that the vectors are kept for, and where.
    change: Option<(&'a Market, Lots)>,
    count: usize,
    sides: [Sides; N],
}

impl<'a, const N: usize> Ledger<'a, N> {
    #[inline(always)]
    fn open(pool: &'a Pool<'a>) -> Self {
        let funding_epochs = pool.risk.asset(pool.asset()).portfolio.funding_epochs;
        Self { pool, funding_epochs, change: None, count: 0, sides: [Sides::NONE; N] }
    }

    /// A position's part of the requirement that needs no other position.
    #[inline(always)]
    fn require<T: Tally>(&mut self, stored: &Position, position: &Position, market: &'a Market, tally: &mut T) {
        if market.scenarios.exist() {
            self.charge(stored, position, market, tally);
            tally_orders(position, market, tally);
        } else {
            self.pool.position_requirement(position, market, tally);
        }
    }

    /// A position's concentration and provision, and its notional for its group.
    #[inline(always)]
    fn charge<T: Tally>(&mut self, stored: &Position, position: &Position, market: &'a Market, tally: &mut T) {
        if position.lots != stored.lots {
            self.change = Some((market, position.lots - stored.lots));
        }
        if position.lots == Lots::ZERO {
            return;
        }
        let notional = position.lots.value_at(market.mark, market.tick_value).narrow();
        let (entity, concentration) = (market.id.0, &market.scenarios.concentration);
        let amount = charges::concentration(notional, concentration.threshold, concentration.rate).wide();
        if amount != Wide::ZERO {
            let sources = [position.changed, market.mark_changed, concentration.changed];
            tally.add(Term { kind: Kind::Concentration, entity, amount, sources });
        }
        let amount = charges::provision(notional, market.funding.last_rate, self.funding_epochs);
        if amount != Wide::ZERO {
            let sources = [position.changed, market.mark_changed, market.funding.changed];
            tally.add(Term { kind: Kind::Provision, entity, amount, sources });
        }
        self.weigh(market.scenarios.group, notional);
    }

    #[inline(always)]
    fn weigh(&mut self, group: GroupId, notional: Money) {
        let index = self.sides[..self.count].iter().position(|sides| sides.group == group).unwrap_or(self.count);
        self.count = self.count.max(index + 1);
        let sides = &mut self.sides[index];
        sides.group = group;
        sides.long += notional.max(Money::ZERO);
        sides.short -= notional.min(Money::ZERO);
    }

    /// What the groups add: each its basis, and all together the worst scenario.
    #[inline(always)]
    fn close<T: Tally>(&self, tally: &mut T, together: impl Fn(&[Exposure], &Groups) -> Aggregate) {
        let mut exposures = [Exposure::default(); N];
        for (exposure, sides) in exposures.iter_mut().zip(&self.sides[..self.count]) {
            *exposure = self.close_group(sides, tally);
        }
        let groups = self.pool.risk.groups;
        let scenario = together(&exposures[..self.count], groups);
        if scenario.loss != Wide::ZERO {
            let latest = if T::LISTS { Latest::of(self.pool, |_| true) } else { Latest::default() };
            let sources = [latest.held, latest.tabled, groups.changed()];
            let matrix = scenario.matrix.map_or(0, |matrix| matrix as u16);
            tally.add(Term { kind: Kind::Scenario, entity: matrix, amount: scenario.loss, sources });
        }
    }

    #[inline(always)]
    fn close_group<T: Tally>(&self, sides: &Sides, tally: &mut T) -> Exposure {
        let &Sides { group, long, short } = sides;
        let basis = self.pool.risk.groups.basis(group);
        if basis.rate != Rate::ZERO && long.min(short) != Money::ZERO {
            let amount = charges::basis(basis.rate, long, short).wide();
            let of_group = |market: &Market| market.scenarios.group == group;
            let latest = if T::LISTS { Latest::of(self.pool, of_group) } else { Latest::default() };
            let sources = [latest.held, latest.marked, basis.changed];
            tally.add(Term { kind: Kind::Basis, entity: group.0, amount, sources });
        }
        let (vectors, sign) = (&self.pool.holdings.vectors, (long - short).sign());
        let change = self.change.filter(|(market, _)| market.scenarios.group == group);
        let loss = vectors.loss(self.pool.asset(), group, change);
        if T::LISTS {
            let scenario = vectors.scenario(self.pool.asset(), group, change, loss);
            tally.lose(Loss { group, sign, loss, scenario });
        }
        Exposure { group, loss, sign }
    }
}

/// The latest seqs among positions with scenarios: of a position, of a mark, of a table.
#[derive(Clone, Copy, Default)]
struct Latest {
    held: u64,
    marked: u64,
    tabled: u64,
}

impl Latest {
    fn of(pool: &Pool<'_>, concerned: impl Fn(&Market) -> bool) -> Self {
        let mut latest = Self::default();
        for (position, market) in pool.positions() {
            if position.lots != Lots::ZERO && market.scenarios.exist() && concerned(market) {
                latest.held = latest.held.max(position.changed);
                latest.marked = latest.marked.max(market.mark_changed);
                latest.tabled = latest.tabled.max(market.scenarios.changed);
            }
        }
        latest
    }
}

#[inline(always)]
fn tally_orders<T: Tally>(position: &Position, market: &Market, tally: &mut T) {
    if position.buys == Lots::ZERO && position.sells == Lots::ZERO {
        return;
    }
    let amount = charges::orders(position, market).wide();
    if amount != Wide::ZERO {
        let sources = [position.changed, 0, market.scenarios.changed];
        tally.add(Term { kind: Kind::Orders, entity: market.id.0, amount, sources });
    }
}
