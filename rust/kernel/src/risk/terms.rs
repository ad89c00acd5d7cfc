//! Terms: what every number of a pool is a sum of.
//!
//! A check adds terms up, a view lists them; both call the same functions with another [`Tally`], so that a number and
//! its explanation cannot differ.

use crate::field::enumeration;
use crate::quantities::{GroupId, Money, Wide};

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
        /// Portfolio maintenance: what it does not ask of the risk, negative.
        Relief = 36,
    }
);

/// One summand, what it is about, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// What it is.
    pub kind: Kind,
    /// The asset, market or group it is about; of the worst scenario the matrix, 0 if losses were added up.
    pub entity: u16,
    /// The summand.
    pub amount: Wide,
    /// Seqs of the commands it comes from: of the holding, of the price, of the terms; 0 where there is none.
    pub sources: [u64; 3],
}

/// What a group of a portfolio loses at worst: not a summand, but what the scenario charge is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The group.
    pub group: GroupId,
    /// 1 if it is long on the whole, −1 if short, 0 if neither.
    pub sign: i64,
    /// The worst loss.
    pub loss: Money,
    /// The first scenario it is lost in, from 1; 0 if nothing is lost.
    pub scenario: u8,
}

/// Where terms go.
pub trait Tally {
    /// Whether it looks at anything but amounts. What only it would look at need not be found out.
    const LISTS: bool = true;

    /// Takes one in.
    fn add(&mut self, term: Term);

    /// Is told what a group brings to the worst scenario, which is a term of all groups together.
    #[inline(always)]
    fn lose(&mut self, _loss: Loss) {}
}

/// Adds amounts up and forgets the rest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum(pub Wide);

impl Tally for Sum {
    const LISTS: bool = false;

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

/// Adds up what it passes on.
pub struct Along<'a, T> {
    /// What has come by.
    pub sum: Sum,
    /// Where it goes.
    pub onward: &'a mut T,
}

impl<T: Tally> Tally for Along<'_, T> {
    const LISTS: bool = T::LISTS;

    #[inline(always)]
    fn add(&mut self, term: Term) {
        self.sum.add(term);
        self.onward.add(term);
    }

    #[inline(always)]
    fn lose(&mut self, loss: Loss) {
        self.onward.lose(loss);
    }
}
