//! A pool: what stands together, and the terms of what it has and must have (`docs/rules_margin.md`, *Pools*).

use super::margin;
use super::portfolio;
use super::portfolio::aggregate::{Aggregate, Exposure, added_up, aggregate};
use super::terms::{Along, Kind, Sum, Tally, Term};
use crate::quantities::{AssetId, Lots, MarketId, Money, RATE_ONE, Rate, Wide, div_ceil_wide};
use crate::state::asset::{Asset, Levels};
use crate::state::groups::Groups;
use crate::state::holdings::{Holdings, PoolId};
use crate::state::market::Market;
use crate::state::position::Position;

/// What pools are computed from, apart from the holdings.
#[derive(Clone, Copy)]
pub struct Risk<'a> {
    /// All markets.
    pub markets: &'a [Market],
    /// All assets.
    pub assets: &'a [Asset],
    /// What holds within and between groups.
    pub groups: &'a Groups,
    /// Open interest of a market as a sweep would have left it.
    pub traded: Option<(MarketId, i128)>,
}

impl<'a> Risk<'a> {
    /// A market.
    #[inline]
    pub fn market(&self, id: MarketId) -> &'a Market {
        &self.markets[id.index()]
    }

    /// An asset.
    #[inline]
    pub fn asset(&self, id: AssetId) -> &'a Asset {
        &self.assets[id.index()]
    }

    /// A market's open interest.
    #[inline]
    pub fn open_interest(&self, market: &Market) -> i128 {
        match self.traded {
            Some((id, open_interest)) if id == market.id => open_interest,
            _ => market.open_interest,
        }
    }
}

/// One pool of an account, as it is or with one position replaced.
#[derive(Clone, Copy)]
pub struct Pool<'a> {
    /// The account's holdings.
    pub holdings: &'a Holdings,
    /// What they are measured by.
    pub risk: Risk<'a>,
    /// Which pool.
    pub id: PoolId,
    /// A position as it would be.
    instead: Option<Position>,
}

impl<'a> Pool<'a> {
    /// A pool as it is.
    #[inline]
    pub const fn new(holdings: &'a Holdings, risk: Risk<'a>, id: PoolId) -> Self {
        Self { holdings, risk, id, instead: None }
    }

    /// The pool with a position as it would be. Only its lots and open lots may be other than they are: what a pool must
    /// have is asked of such a pool, not what it has.
    #[inline]
    #[must_use]
    pub const fn with(self, position: Position) -> Self {
        Self { instead: Some(position), ..self }
    }

    /// What it settles in.
    #[inline]
    pub fn asset(&self) -> AssetId {
        match self.id {
            PoolId::Cross(asset) => asset,
            PoolId::Isolated(market) => self.risk.market(market).settlement,
        }
    }

    /// Whether it is margined position by position, so that its maintenance is a line in every mark, from tier to tier.
    #[inline]
    pub fn is_standard(&self) -> bool {
        !self.is_portfolio()
    }

    /// Whether it is margined by scenarios.
    #[inline]
    pub fn is_portfolio(&self) -> bool {
        matches!(self.id, PoolId::Cross(_)) && self.holdings.is_portfolio()
    }

    /// Its levels.
    #[inline]
    pub fn levels(&self) -> &'a Levels {
        &self.risk.asset(self.asset()).levels
    }

    /// Its live positions with their markets, in the order of markets; one that would be new comes last.
    #[inline]
    pub fn positions(&self) -> impl Iterator<Item = (Position, &'a Market)> + '_ {
        let stored = self.holdings.positions().iter().map(|position| match self.instead {
            Some(instead) if instead.market == position.market => instead,
            _ => *position,
        });
        let new = self.instead.filter(|new| self.holdings.positions().iter().all(|old| old.market != new.market));
        stored.chain(new).filter(Position::is_live).filter_map(|position| {
            let market = self.risk.market(position.market);
            self.holds(&position, market).then_some((position, market))
        })
    }

    #[inline]
    fn holds(&self, position: &Position, market: &Market) -> bool {
        match self.id {
            PoolId::Cross(asset) => market.settlement == asset && !self.holdings.is_isolated(position),
            PoolId::Isolated(id) => position.market == id,
        }
    }

    /// The account's own initial rate of a position.
    #[inline]
    pub fn own_rate(&self, position: &Position) -> Rate {
        self.holdings.rider(position).map_or(Rate::ZERO, |rider| rider.initial_rate)
    }

    /// The terms of what it has.
    pub fn tally_equity<T: Tally>(&self, tally: &mut T) {
        self.tally_money(tally);
        for (position, market) in self.positions() {
            self.position_equity(&position, market, tally);
        }
    }

    /// The terms of what one position is worth.
    #[inline(always)]
    pub fn position_equity<T: Tally>(&self, position: &Position, market: &Market, tally: &mut T) {
        if position.lots.0 == 0 {
            return;
        }
        let (entity, holding) = (market.id.0, position.changed);
        let amount = margin::unrealised(position, market);
        tally.add(Term { kind: Kind::Unrealised, entity, amount, sources: [holding, market.mark_changed, 0] });
        if position.index != market.funding.index || market.funding.loss(position.lots.0) != 0 {
            self.position_owed(position, market, tally);
        }
    }

    fn position_owed<T: Tally>(&self, position: &Position, market: &Market, tally: &mut T) {
        let (entity, holding, owed) = (market.id.0, position.changed, self.holdings.owed(position, market));
        if owed.funding != Money::ZERO {
            let sources = [holding, market.funding.changed, 0];
            tally.add(Term { kind: Kind::Funding, entity, amount: -owed.funding.wide(), sources });
        }
        if owed.loss != Money::ZERO {
            let sources = [holding, market.funding.loss_changed, 0];
            tally.add(Term { kind: Kind::Loss, entity, amount: -owed.loss.wide(), sources });
        }
    }

    #[inline]
    fn tally_money<T: Tally>(&self, tally: &mut T) {
        match self.id {
            PoolId::Cross(asset) => {
                let (cash, changed) = self.holdings.cash_since(asset);
                let (entity, sources) = (asset.0, [changed, 0, 0]);
                tally.add(Term { kind: Kind::Cash, entity, amount: cash.wide(), sources });
                for &counted in &self.risk.asset(asset).counts {
                    self.tally_collateral(counted, tally);
                }
            }
            PoolId::Isolated(market) => {
                let rider = self.holdings.rider(&self.holdings.position(market));
                let (amount, changed) = rider.map_or((Wide::ZERO, 0), |r| (r.margin.wide(), r.margin_changed));
                tally.add(Term { kind: Kind::Margin, entity: market.0, amount, sources: [changed, 0, 0] });
            }
        }
    }

    fn tally_collateral<T: Tally>(&self, asset: AssetId, tally: &mut T) {
        let balance = self.holdings.balance(asset);
        let Some(collateral) = self.risk.asset(asset).collateral else { return };
        let amount = collateral.value(balance.cash).wide();
        if amount != Wide::ZERO {
            let sources = [balance.changed, collateral.price_changed, collateral.changed];
            tally.add(Term { kind: Kind::Collateral, entity: asset.0, amount, sources });
        }
    }

    /// The terms of its initial requirement.
    pub fn tally_requirement<T: Tally>(&self, tally: &mut T) {
        if self.is_portfolio() {
            let mut along = Along { sum: Sum::default(), onward: tally };
            portfolio::tally_requirement(self, &mut along);
            let sum = along.sum.0;
            return self.tally_floor(self.positions().next().is_some(), sum, tally);
        }
        let (mut sum, mut live) = (Wide::ZERO, false);
        for (position, market) in self.positions() {
            live = true;
            sum += self.position_requirement(&position, market, tally);
        }
        self.tally_floor(live, sum, tally);
    }

    /// The term of one position's initial requirement by the standard rules; gives it.
    #[inline(always)]
    pub fn position_requirement<T: Tally>(&self, position: &Position, market: &Market, tally: &mut T) -> Wide {
        let (kind, amount) = margin::requirement(position, market, self.own_rate(position), &self.risk);
        let amount = amount.wide();
        let terms = match kind {
            Kind::Tier => market.schedule_changed,
            Kind::Leverage => self.holdings.rider(position).map_or(0, |rider| rider.rate_changed),
            _ => market.scaling.changed,
        };
        let sources = [position.changed, market.mark_changed, terms];
        tally.add(Term { kind, entity: market.id.0, amount, sources });
        amount
    }

    #[inline]
    fn tally_floor<T: Tally>(&self, live: bool, sum: Wide, tally: &mut T) {
        let levels = self.levels();
        let missing = levels.account_floor.wide() - sum;
        if live && missing > Wide::ZERO {
            let (entity, sources) = (self.asset().0, [0, 0, levels.changed]);
            tally.add(Term { kind: Kind::Floor, entity, amount: missing, sources });
        }
    }

    /// What it has, and what it must have with the position as it would be: the sums of the terms above in one pass.
    pub fn assess(&self) -> (Wide, Wide) {
        self.assess_by(aggregate)
    }

    /// Whether it has what it must have, with `gain` on top of what it has.
    #[inline]
    pub fn affords(&self, gain: Wide) -> bool {
        if self.is_portfolio() {
            // Groups together lose no more than added up: a portfolio that can carry that needs no root.
            let (equity, most) = self.assess_by(|losses, _| added_up(losses));
            if equity + gain >= most {
                return true;
            }
        }
        let (equity, requirement) = self.assess();
        equity + gain >= requirement
    }

    #[inline(always)]
    fn assess_by(&self, together: impl Fn(&[Exposure], &Groups) -> Aggregate) -> (Wide, Wide) {
        let (mut equity, mut requirement) = (Sum::default(), Sum::default());
        self.tally_money(&mut equity);
        let (mut live, mut sum) = (false, Wide::ZERO);
        if self.is_portfolio() {
            live = portfolio::assess(self, &mut equity, &mut requirement, together);
            sum = requirement.0;
        } else {
            self.walk(|stored, would_be, market| {
                self.position_equity(stored, market, &mut equity);
                live |= would_be.is_live();
                sum += self.position_requirement(would_be, market, &mut requirement);
            });
        }
        self.tally_floor(live, sum, &mut requirement);
        (equity.0, requirement.0)
    }

    /// Visits its positions as each is and as it would be, if either is live.
    #[inline(always)]
    pub fn walk(&self, mut visit: impl FnMut(&Position, &Position, &'a Market)) {
        let mut new = self.instead.as_ref();
        for stored in self.holdings.positions() {
            let would_be = match &self.instead {
                Some(instead) if instead.market == stored.market => {
                    new = None;
                    instead
                }
                _ => stored,
            };
            if !stored.is_live() && !would_be.is_live() {
                continue;
            }
            let market = self.risk.market(stored.market);
            if self.holds(stored, market) {
                visit(stored, would_be, market);
            }
        }
        if let Some(would_be) = new.filter(|new| new.is_live()) {
            let market = self.risk.market(would_be.market);
            if self.holds(would_be, market) {
                visit(&Position { market: would_be.market, ..Position::default() }, would_be, market);
            }
        }
    }

    /// What a position asks for by itself; in a portfolio, what its open lots do. An order leaves positions as they are, so
    /// it raises what the pool must have just if it raises this.
    #[inline]
    pub fn asked_by_market(&self, position: &Position, market: &Market) -> Money {
        if self.is_portfolio() && market.scenarios.exist() {
            return portfolio::charges::orders(position, market);
        }
        margin::requirement(position, market, self.own_rate(position), &self.risk).1
    }

    /// The terms of its maintenance.
    #[inline]
    pub fn tally_maintenance<T: Tally>(&self, tally: &mut T) {
        if self.is_portfolio() {
            return portfolio::tally_maintenance(self, tally);
        }
        for (position, market) in self.positions() {
            self.position_maintenance(&position, market, tally);
        }
    }

    /// What it has and what it must have to go on: the sums of the terms above in one pass, which also shows each of its
    /// positions with lots. Of the pool as it is.
    #[inline]
    pub fn stand(&self, mut seen: impl FnMut(&Position, &'a Market)) -> (Wide, Wide) {
        debug_assert!(self.instead.is_none(), "what could be does not stand");
        let (mut equity, mut maintenance) = (Sum::default(), Sum::default());
        self.tally_money(&mut equity);
        for position in self.holdings.positions().iter().filter(|position| position.lots.0 != 0) {
            let market = self.risk.market(position.market);
            if self.holds(position, market) {
                self.position_equity(position, market, &mut equity);
                self.position_maintenance(position, market, &mut maintenance);
                seen(position, market);
            }
        }
        (equity.0, if self.is_portfolio() { self.maintenance() } else { maintenance.0 })
    }

    /// The term of one position's maintenance by the standard rules.
    #[inline]
    pub fn position_maintenance<T: Tally>(&self, position: &Position, market: &Market, tally: &mut T) {
        let amount = margin::maintenance(position.lots, market).wide();
        let sources = [position.changed, market.mark_changed, market.schedule_changed];
        tally.add(Term { kind: Kind::Maintenance, entity: market.id.0, amount, sources });
    }

    /// What it has.
    #[inline]
    pub fn equity(&self) -> Wide {
        let mut sum = Sum::default();
        self.tally_equity(&mut sum);
        sum.0
    }

    /// What it must have for a fill.
    #[inline]
    pub fn requirement(&self) -> Wide {
        let mut sum = Sum::default();
        self.tally_requirement(&mut sum);
        sum.0
    }

    /// What it must have to go on.
    #[inline]
    pub fn maintenance(&self) -> Wide {
        let mut sum = Sum::default();
        self.tally_maintenance(&mut sum);
        sum.0
    }

    /// What all its positions owe.
    pub fn owed(&self) -> Wide {
        self.positions()
            .fold(Wide::ZERO, |sum, (position, market)| sum + self.holdings.owed(&position, market).total().wide())
    }

    /// What it must have to place an order.
    pub fn placing_level(&self) -> Wide {
        self.placing(self.requirement())
    }

    /// The same for a requirement that is known.
    #[inline]
    pub fn placing(&self, requirement: Wide) -> Wide {
        let rate = self.levels().initial_rate;
        // Almost always: and a division costs more than the rest of a check.
        if rate.0 == RATE_ONE { requirement } else { requirement.share_ceil(rate) }
    }

    /// What it must have to count as recovered.
    pub fn recovered_level(&self) -> Wide {
        let rate = Rate(RATE_ONE + self.levels().buffer_rate.0);
        self.maintenance().share_ceil(rate)
    }

    /// What must stay when money leaves it: `max(ceil(requirement · transfer_rate), ceil(10 % of Σ |lots| · mark · tick_value))`.
    pub fn transfer_level(&self) -> Wide {
        let tenth = Wide(div_ceil_wide(self.notional().0, 10));
        self.requirement().share_ceil(self.levels().transfer_rate).max(tenth)
    }

    /// `Σ |lots| · mark · tick_value`.
    pub fn notional(&self) -> Wide {
        self.positions().fold(Wide::ZERO, |sum, (position, market)| {
            sum + position.lots.abs().value_at(market.mark, market.tick_value)
        })
    }

    /// Whether no position of it has lots.
    pub fn is_flat(&self) -> bool {
        self.positions().all(|(position, _)| position.lots == Lots::ZERO)
    }
}
