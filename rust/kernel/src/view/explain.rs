//! The term tree: every number of an account's pools as the list of terms the checks sum, with the seqs each comes from;
//! and beside it the marks at which positions are liquidated, which take a search each.

use super::View;
use crate::matching::book::Book;
use crate::quantities::{AccountId, Wide};
use crate::risk::liquidation_price;
use crate::risk::pool::Pool;
use crate::risk::terms::{Loss, Tally, Term};
use crate::state::account::Account;

impl<B: Book> View<'_, B> {
    /// `[account, mode, pools]`, or nil.
    pub fn explain(mut self, id: AccountId) -> Vec<u8> {
        match self.state.accounts.find(id) {
            None => self.writer.nil(),
            Some(account) => self.explanation(id, account),
        }
        self.finish()
    }

    /// `[asset, pool, market, tick, root]` rows of the positions that a price of their market liquidates, or nil; the pool
    /// is 0 for the cross pool.
    pub fn liquidation_prices(mut self, id: AccountId) -> Vec<u8> {
        let state = self.state;
        let Some(account) = state.accounts.find(id) else {
            self.writer.nil();
            return self.finish();
        };
        let held = account.holdings.positions().iter().map(|position| position.market);
        let of = |market| liquidation_price::of(&account.holdings, state.risk(), market).map(|price| (market, price));
        let prices: Vec<_> = held.filter_map(of).collect();
        self.rows(prices.into_iter(), |view, (market, price)| {
            let id = account.holdings.pool_of(&state.markets[market.index()]);
            view.writer.array(5);
            view.pool_name(&Pool::new(&account.holdings, state.risk(), id));
            view.field(&market);
            view.field(&price.tick);
            match price.root {
                None => view.writer.nil(),
                Some(root) => view.digits(format_args!("{}/{}", root.numerator, root.denominator)),
            }
        })
    }

    fn explanation(&mut self, id: AccountId, account: &Account) {
        let holdings = &account.holdings;
        self.writer.array(3);
        self.field(&id);
        self.field(&holdings.profile.mode);
        let pools = self.pools(holdings);
        self.list(&pools, |view, &pool| view.pool_terms(Pool::new(holdings, view.state.risk(), pool)));
    }

    /// `[asset, market, standing, locked, resumes_at, equity, requirement, maintenance, levels, losses]`, the three in the
    /// middle each `[sum, terms]`.
    fn pool_terms(&mut self, pool: Pool<'_>) {
        self.writer.array(10);
        self.pool_name(&pool);
        self.condition(&pool);
        let (mut equity, mut requirement, mut maintenance) = (Vec::new(), Listing::default(), Vec::new());
        pool.tally_equity(&mut equity);
        pool.tally_requirement(&mut requirement);
        pool.tally_maintenance(&mut maintenance);
        self.sum(pool.equity(), &equity);
        self.sum(pool.requirement(), &requirement.terms);
        self.sum(pool.maintenance(), &maintenance);
        self.writer.array(3);
        for level in [pool.placing_level(), pool.recovered_level(), pool.transfer_level()] {
            self.wide(level);
        }
        self.list(&requirement.losses, |view, loss| {
            view.writer.array(4);
            view.field(&loss.group);
            view.field(&loss.sign);
            view.field(&loss.loss);
            view.field(&loss.scenario);
        });
    }

    fn sum(&mut self, sum: Wide, terms: &[Term]) {
        self.writer.array(2);
        self.wide(sum);
        self.list(terms, |view, term| {
            view.writer.array(4);
            view.number(term.kind as usize);
            view.field(&term.entity);
            view.wide(term.amount);
            let sources: Vec<u64> = term.sources.into_iter().filter(|&seq| seq != 0).collect();
            view.field(&sources);
        });
    }
}

/// Terms, and what the scenario among them is made of.
#[derive(Default)]
struct Listing {
    terms: Vec<Term>,
    losses: Vec<Loss>,
}

impl Tally for Listing {
    fn add(&mut self, term: Term) {
        self.terms.push(term);
    }

    fn lose(&mut self, loss: Loss) {
        self.losses.push(loss);
    }
}
