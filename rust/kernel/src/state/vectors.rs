//! Scenario vectors: what each group of a portfolio makes in each scenario.
//!
//! ```text
//! V_g[s] = Σ lots · moves[s] · tick_value       over the positions of a cross pool that have scenarios
//! L_g    = max(0, max over s of −V_g[s])
//! ```
//!
//! They follow from positions and tables, so they are no part of the state: nothing of them is in a root or a snapshot.
//! They are kept because a fill changes one position, and so one vector by one product a scenario. A change of the tables
//! or of the mode makes them anew; the invariants compare them with what they would be from scratch.
//!
//! A position is within its market's limit, so it makes at most 2^58; 16 markets of a group have scenarios, so a group
//! makes at most 2^62 in any order of adding.

use crossbook_prefetch::prefetch;

use super::groups::SCENARIOS_MAX;
use super::market::Market;
use crate::quantities::{AssetId, GroupId, Lots, Money};

const PROFITS_PER_LINE: usize = 8;

/// What a group of one cross pool makes.
#[derive(Clone, Debug)]
struct Vector {
    asset: AssetId,
    group: GroupId,
    /// The worst loss, never negative.
    loss: Money,
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
            prefetch(&vector.loss);
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
            let (loss, profits) = (Money::ZERO, [0; SCENARIOS_MAX]);
            self.list.insert(index, Vector { asset, group, loss, profits });
            index
        });
        let vector = &mut self.list[index];
        let (per_tick, moves) = (change.0 * market.tick_value.0, market.scenarios.moves());
        let mut least = 0;
        for (profit, ticks) in vector.profits[..moves.len()].iter_mut().zip(moves) {
            *profit += per_tick * ticks.0;
            least = least.min(*profit);
        }
        vector.loss = Money(-least);
    }

    /// The worst loss of a group in a cross pool, never negative; with a change of a position in it that is not made.
    #[inline(always)]
    pub fn loss(&self, asset: AssetId, group: GroupId, change: Option<(&Market, Lots)>) -> Money {
        let kept = self.find(asset, group).ok().map(|index| &self.list[index]);
        let Some((market, lots)) = change else { return kept.map_or(Money::ZERO, |vector| vector.loss) };
        let (per_tick, moves) = (lots.0 * market.tick_value.0, market.scenarios.moves());
        let least = match kept {
            Some(vector) => {
                let made = vector.profits[..moves.len()].iter().zip(moves);
                made.fold(0, |least, (profit, ticks)| least.min(profit + per_tick * ticks.0))
            }
            None => moves.iter().fold(0, |least, ticks| least.min(per_tick * ticks.0)),
        };
        Money(-least)
    }

    /// The number, from 1, of the first scenario with that loss; 0 if nothing is lost.
    pub fn scenario(&self, asset: AssetId, group: GroupId, change: Option<(&Market, Lots)>, loss: Money) -> u8 {
        let mut made = self.find(asset, group).map_or([0; SCENARIOS_MAX], |index| self.list[index].profits);
        if let Some((market, lots)) = change {
            let per_tick = lots.0 * market.tick_value.0;
            made.iter_mut().zip(market.scenarios.moves()).for_each(|(profit, ticks)| *profit += per_tick * ticks.0);
        }
        let first = made.iter().position(|&profit| profit == -loss.0 && loss != Money::ZERO);
        first.map_or(0, |index| u8::try_from(index + 1).expect("scenarios are at most 32"))
    }

    /// Every group that makes anything in some scenario: by asset and group, its profits and its worst loss. Two accounts
    /// with the same positions show the same, whatever they held before.
    pub fn shown(&self) -> impl Iterator<Item = (AssetId, GroupId, &[i64; SCENARIOS_MAX], Money)> + '_ {
        let some = self.list.iter().filter(|vector| vector.profits.iter().any(|&profit| profit != 0));
        some.map(|vector| (vector.asset, vector.group, &vector.profits, vector.loss))
    }
}
