//! Scenario vectors: what each group of a portfolio makes in each scenario.
//!
//! ```text
//! V_g[s] = Σ lots · moves[s] · tick_value       over the positions of a cross pool that have scenarios
//! L_g    = max(0, max over s of −V_g[s])        at the first such s
//! ```
//!
//! They follow from positions and tables, so they are no part of the state: nothing of them is in a root or a snapshot.
//! They are kept because a fill changes one position, and so one vector by one product a scenario. A change of the tables
//! or of the mode makes them anew; the invariants compare them with what they would be from scratch.
//!
//! A position is within its market's limit, so it makes at most 2^58; 16 markets of a group have scenarios, so a group
//! makes at most 2^62 in any order of adding.

use crossbook_prefetch::prefetch;

use super::groups::{SCENARIOS_MAX, profits};
use super::market::Market;
use crate::quantities::{AssetId, GroupId, Lots, Money};

const PROFITS_PER_LINE: usize = 8;

/// A group's worst loss, and where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worst {
    /// Never negative.
    pub loss: Money,
    /// The number of the first scenario with that loss, from 1; 0 if nothing is lost.
    pub scenario: u8,
}

impl Worst {
    /// Of profits in the order of the scenarios.
    #[inline]
    fn of(profits: impl Iterator<Item = i64>) -> Self {
        let mut worst = (0, 0);
        for (number, profit) in (1..).zip(profits) {
            if profit < worst.0 {
                worst = (profit, number);
            }
        }
        Self { loss: Money(-worst.0), scenario: worst.1 }
    }
}

/// What a group of one cross pool makes.
#[derive(Clone, Debug)]
struct Vector {
    asset: AssetId,
    group: GroupId,
    worst: Worst,
    profits: [i64; SCENARIOS_MAX],
}

/// The vectors of an account, by settlement asset and group.
#[derive(Clone, Debug, Default)]
pub struct Vectors {
    list: Vec<Vector>,
}

impl Vectors {
    /// How many groups there are, at most: of all pools.
    #[inline]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Asks for what a check looks at.
    #[inline]
    pub fn prefetch(&self) {
        for vector in &self.list {
            prefetch(&vector.worst);
            prefetch(&vector.profits[PROFITS_PER_LINE]);
        }
    }

    /// The place of a market's vector, or where it would be.
    #[inline]
    fn find(&self, asset: AssetId, group: GroupId) -> Result<usize, usize> {
        let key = (asset, group);
        match self.list.iter().position(|vector| (vector.asset, vector.group) >= key) {
            Some(index) if (self.list[index].asset, self.list[index].group) == key => Ok(index),
            Some(index) => Err(index),
            None => Err(self.list.len()),
        }
    }

    /// A position in a market with scenarios changes.
    pub fn change(&mut self, market: &Market, change: Lots) {
        let (asset, group) = (market.settlement, market.scenarios.group);
        let index = self.find(asset, group).unwrap_or_else(|index| {
            let (worst, profits) = (Worst::default(), [0; SCENARIOS_MAX]);
            self.list.insert(index, Vector { asset, group, worst, profits });
            index
        });
        let vector = &mut self.list[index];
        for (profit, more) in
            vector.profits.iter_mut().zip(profits(change, market.tick_value, market.scenarios.moves()))
        {
            *profit += more;
        }
        vector.worst = Worst::of(vector.profits[..market.scenarios.moves().len()].iter().copied());
    }

    /// The worst loss of a group in a cross pool.
    #[inline]
    pub fn worst(&self, asset: AssetId, group: GroupId) -> Worst {
        self.find(asset, group).map_or(Worst::default(), |index| self.list[index].worst)
    }

    /// What the worst loss of a market's group would be after a change of position, which is not made.
    #[inline]
    pub fn worst_after(&self, market: &Market, change: Lots) -> Worst {
        let more = profits(change, market.tick_value, market.scenarios.moves());
        match self.find(market.settlement, market.scenarios.group) {
            Ok(index) => Worst::of(self.list[index].profits.iter().zip(more).map(|(profit, more)| profit + more)),
            Err(_) => Worst::of(more),
        }
    }

    /// Every group that makes anything in some scenario: by asset and group, its profits and its worst loss. Two accounts
    /// with the same positions show the same, whatever they held before.
    pub fn shown(&self) -> impl Iterator<Item = (AssetId, GroupId, &[i64; SCENARIOS_MAX], Worst)> + '_ {
        let some = self.list.iter().filter(|vector| vector.profits.iter().any(|&profit| profit != 0));
        some.map(|vector| (vector.asset, vector.group, &vector.profits, vector.worst))
    }
}
