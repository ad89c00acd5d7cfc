//! Terms: what every number of a pool is a sum of.
//!
//! A check adds terms up, a view lists them; both call the same functions with another [`Tally`], so that a number and
//! its explanation cannot differ.

use crate::field::enumeration;
use crate::quantities::Wide;

enumeration!(
    /// What a term is.
    Kind {
        /// Equity: the pool's money.
        Cash = 1,
        /// Equity: the money that backs an isolated position.
        Margin = 2,
        /// Equity: the value of a position at the mark, less its cost.
        Unrealised = 3,
        /// Equity: funding that is owed, negative.
        Funding = 4,
        /// Equity: socialised losses that are owed, negative.
        Loss = 5,
        /// Equity: what collateral counts for.
        Collateral = 6,
        /// Requirement: by the tier.
        Tier = 11,
        /// Requirement: by the account's own leverage.
        Leverage = 12,
        /// Requirement: by the size.
        Size = 13,
        /// Requirement: by open interest.
        Interest = 14,
        /// Requirement: what is missing to the least of an account.
        Floor = 15,
        /// Maintenance of a position.
        Maintenance = 21,
        /// Portfolio risk: the worst scenario of all groups together.
        Scenario = 31,
        /// Portfolio risk: long against short within a group.
        Basis = 32,
        /// Portfolio risk: a large position.
        Concentration = 33,
        /// Portfolio risk: funding to come.
        Provision = 34,
        /// Portfolio risk: open orders.
        Orders = 35,
    }
);

/// One summand, what it is about, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// What it is.
    pub kind: Kind,
    /// The asset, market or group it is about.
    pub entity: u16,
    /// The summand.
    pub amount: Wide,
    /// Seqs of the commands it comes from: of the holding, of the price, of the terms; 0 where there is none.
    pub sources: [u64; 3],
}

/// Where terms go.
pub trait Tally {
    /// Takes one in.
    fn add(&mut self, term: Term);
}

/// Adds amounts up and forgets the rest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum(pub Wide);

impl Tally for Sum {
    #[inline(always)]
    fn add(&mut self, term: Term) {
        self.0 += term.amount;
    }
}

impl Tally for Vec<Term> {
    fn add(&mut self, term: Term) {
        self.push(term);
    }
}
