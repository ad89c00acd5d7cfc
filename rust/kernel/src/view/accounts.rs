//! Rows about accounts: balances, pools, positions, and what they may do.

use super::View;
use crate::matching::book::Book;
use crate::quantities::{AccountId, AssetId, Lots, MarketId, Wide};
use crate::risk::margin;
use crate::risk::pool::Pool;
use crate::risk::terms::{Kind, Tally, Term};
use crate::state::account::{Account, Mandate};
use crate::state::holdings::{Condition, Holdings, PoolId};
use crate::state::position::Position;

impl<B: Book> View<'_, B> {
    /// `[account, master, open_orders, balances, pools, positions, profile, permissions, caps, allowances, agents]`, or nil.
    pub fn account(mut self, id: AccountId) -> Vec<u8> {
        match self.state.accounts.find(id) {
            None => self.writer.nil(),
            Some(account) => self.account_row(id, account),
        }
        self.finish()
    }

    fn account_row(&mut self, id: AccountId, account: &Account) {
        let holdings = &account.holdings;
        self.writer.array(11);
        self.field(&id);
        self.field(&account.master);
        self.field(&account.open_orders.count());
        let balances: Vec<_> = holdings.balances().collect();
        self.list(&balances, |view, (asset, balance)| {
            view.writer.array(4);
            view.field(asset);
            view.field(&balance.cash);
            view.digits(balance.maker_volume);
            view.digits(balance.taker_volume);
        });
        let pools = self.pools(holdings);
        self.list(&pools, |view, &pool| view.pool_row(Pool::new(holdings, view.state.risk(), pool)));
        let shown: Vec<Position> = holdings.positions().iter().filter(|p| !p.is_empty()).copied().collect();
        self.list(&shown, |view, position| view.position_row(position, account));
        let profile = &holdings.profile;
        self.writer.array(3);
        self.field(&profile.mode);
        self.field(&profile.fee_tier);
        self.field(&profile.maker_rebate_rate);
        self.mandate(profile.reduce_only, account.mandate.as_deref().unwrap_or(&Mandate::default()));
        self.list(account.agents(), Self::field);
    }

    /// `[reduce_only, no_withdraw, no_transfer, markets, destinations], caps, allowances`.
    fn mandate(&mut self, reduce_only: bool, mandate: &Mandate) {
        let permissions = &mandate.permissions;
        self.writer.array(5);
        self.field(&reduce_only);
        self.field(&permissions.no_withdraw);
        self.field(&permissions.no_transfer);
        self.list(&permissions.markets, Self::field);
        self.list(&permissions.destinations, Self::field);
        self.writer.array(mandate.caps.len());
        for (&(scope, id), notional_max) in &mandate.caps {
            self.writer.array(3);
            self.field(&scope);
            self.field(&id);
            self.field(notional_max);
        }
        self.writer.array(mandate.allowances.len());
        for (&(destination, asset), amount) in &mandate.allowances {
            self.writer.array(3);
            self.field(&destination);
            self.field(&asset);
            self.field(amount);
        }
    }

    /// `[account, isolated, lots, cost, unrealised, standing, equity, requirement, maintenance]` rows of the accounts that
    /// have lots in a market, by account; the last four are of the pool that the position is in. Nil for an unknown market.
    pub fn holders(mut self, market: MarketId) -> Vec<u8> {
        let state = self.state;
        let Some(terms) = state.market(market) else {
            self.writer.nil();
            return self.finish();
        };
        let holders: Vec<(AccountId, Position, &Holdings)> = state
            .accounts
            .iter()
            .map(|(id, account)| (id, account.holdings.position(market), &account.holdings))
            .filter(|(_, position, _)| position.lots != Lots::ZERO)
            .collect();
        self.rows(holders.iter(), |view, (id, position, holdings)| {
            let pool = Pool::new(holdings, state.risk(), holdings.pool_of(terms));
            view.writer.array(9);
            view.field(id);
            view.field(&holdings.is_isolated(position));
            view.field(&position.lots);
            view.field(&position.cost);
            view.wide(margin::unrealised(position, terms));
            view.field(&holdings.condition(pool.id).standing);
            for sum in [pool.equity(), pool.requirement(), pool.maintenance()] {
                view.wide(sum);
            }
        })
    }

    /// The pools there is anything to: cross by asset, then isolated by market.
    pub(super) fn pools(&self, holdings: &Holdings) -> Vec<PoolId> {
        let risk = self.state.risk();
        let ids = (1..=self.state.assets.len()).map(|id| AssetId(u16::try_from(id).expect("assets are few")));
        // What backs the pools of another asset is no pool of its own.
        let own = ids.filter(|&id| risk.asset(id).collateral.is_none());
        let cross = own.map(PoolId::Cross).filter(|&id| {
            let pool = Pool::new(holdings, risk, id);
            let mut terms: Vec<Term> = Vec::new();
            pool.tally_equity(&mut terms);
            holdings.condition(id) != Condition::SOUND
                || pool.positions().next().is_some()
                || terms.iter().any(|term| term.amount != Wide::ZERO)
        });
        let isolated = holdings.riders().iter().filter(|rider| rider.isolated);
        cross.chain(isolated.map(|rider| PoolId::Isolated(rider.market))).collect()
    }

    /// `[asset, market, money, unrealised, owed, collateral, equity, requirement, maintenance, standing, locked, resumes_at]`:
    /// sums of the terms.
    fn pool_row(&mut self, pool: Pool<'_>) {
        let mut parts = Parts::default();
        pool.tally_equity(&mut parts);
        self.writer.array(12);
        self.pool_name(&pool);
        let sums = [
            parts.money,
            parts.unrealised,
            -parts.dues,
            parts.collateral,
            pool.equity(),
            pool.requirement(),
            pool.maintenance(),
        ];
        for sum in sums {
            self.wide(sum);
        }
        self.condition(&pool);
    }

    /// `asset, market`: market 0 is the cross pool.
    pub(super) fn pool_name(&mut self, pool: &Pool<'_>) {
        self.field(&pool.asset());
        match pool.id {
            PoolId::Cross(_) => self.number(0),
            PoolId::Isolated(market) => self.field(&market),
        }
    }

    /// `standing, locked, resumes_at`.
    pub(super) fn condition(&mut self, pool: &Pool<'_>) {
        let condition = pool.holdings.condition(pool.id);
        self.field(&condition.standing);
        self.field(&condition.locked);
        self.field(&condition.resumes_at);
    }

    fn position_row(&mut self, position: &Position, account: &Account) {
        let holdings = &account.holdings;
        let market = &self.state.markets[position.market.index()];
        let pool = Pool::new(holdings, self.state.risk(), holdings.pool_of(market));
        let worst_notional = market.notional(position.worst(), market.mark);
        let requirement = margin::requirement(position, market, pool.own_rate(position), &pool.risk).1;
        let owed = holdings.owed(position, market);
        self.writer.array(16);
        self.field(&position.market);
        self.field(&position.lots);
        self.field(&position.cost);
        self.field(&position.buys);
        self.field(&position.sells);
        self.field(&market.mark);
        self.wide(margin::unrealised(position, market));
        self.field(&position.worst());
        self.field(&worst_notional);
        self.number(market.schedule.tier_of(worst_notional) + 1);
        self.field(&requirement);
        self.field(&margin::maintenance(position.lots, market));
        self.field(&holdings.is_isolated(position));
        self.field(&owed.funding);
        self.field(&owed.loss);
        self.field(&pool.own_rate(position));
    }
}

/// What a pool has, by what it is made of.
#[derive(Default)]
struct Parts {
    money: Wide,
    unrealised: Wide,
    /// Funding and losses, as they stand in equity: negative.
    dues: Wide,
    collateral: Wide,
}

impl Tally for Parts {
    fn add(&mut self, term: Term) {
        let part = match term.kind {
            Kind::Unrealised => &mut self.unrealised,
            Kind::Funding | Kind::Loss => &mut self.dues,
            Kind::Collateral => &mut self.collateral,
            _ => &mut self.money,
        };
        *part += term.amount;
    }
}
