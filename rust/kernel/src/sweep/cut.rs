//! An account's intervals: those it has, where its slack still covers them, and new ones where it does not.

use super::ladder::Armed;
use super::scan::{Look, boundaries};
use super::slack::{Cost, Exposure, Interval, Slack};
use crate::event::Standing;
use crate::quantities::{MarketId, RATE_ONE, Wide};
use crate::risk::pool::Pool;
use crate::risk::portfolio;

/// The intervals of one account, pool after pool; kept from account to account for its memory.
#[derive(Clone, Default)]
pub struct Cut {
    intervals: Vec<Armed>,
    exposures: Vec<(MarketId, Exposure)>,
}

impl Cut {
    /// Begins an account.
    pub fn clear(&mut self) {
        self.intervals.clear();
    }

    /// All intervals of the account, by market.
    pub fn finish(&mut self) -> &[Armed] {
        self.intervals.sort_unstable_by_key(|armed| armed.market);
        &self.intervals
    }

    /// Looks at a pool and adds its intervals. `present` are the account's intervals so far, by market.
    ///
    /// Changing an interval costs far more than keeping it. So a pool keeps all it has while its slack covers them; else it
    /// cuts anew only those that their mark has left, and only if that is too much for its slack, all of them.
    pub fn look(&mut self, pool: &Pool<'_>, present: &[Armed]) -> Look {
        self.exposures.clear();
        let (equity, maintenance) = pool.stand(|position, market| {
            let by_scenarios = pool.is_portfolio() && market.scenarios.exist();
            let steepest = if by_scenarios {
                portfolio::steepest_rate(pool, market)
            } else {
                market.schedule.steepest_maintenance_rate()
            };
            let exposure = Exposure::new(position.lots, market.tick_value, market.mark, market.price_max, steepest);
            self.exposures.push((market.id, exposure));
        });
        let distances = boundaries(pool).distances(equity, maintenance);
        if pool.is_standard() {
            self.add(&Slack::new(&distances, self.exposures.len()), present);
        } else {
            self.add_portfolio(pool, equity, present);
        }
        Look { pool: pool.id, equity, maintenance, standing: distances.standing() }
    }

    /// Scenario risk is no line in the marks. But one that is as large is, with losses added up; and a portfolio that is
    /// healthy with that is healthy for as long. Any other is looked at with every mark.
    fn add_portfolio(&mut self, pool: &Pool<'_>, equity: Wide, present: &[Armed]) {
        let distances = boundaries(pool).distances(equity, portfolio::most_maintenance(pool));
        let mild = self.exposures.iter().all(|(_, exposure)| exposure.steepest.0 <= RATE_ONE);
        if distances.standing() == Standing::Healthy && mild {
            self.add(&Slack::new(&distances, self.exposures.len() * portfolio::ROUNDINGS), present);
        } else {
            let never = self.exposures.iter().map(|&(market, _)| Armed { market, interval: Interval::NEVER });
            self.intervals.extend(never);
        }
    }

    fn add(&mut self, slack: &Slack, present: &[Armed]) {
        let start = self.intervals.len();
        let kept = |market: MarketId, exposure: &Exposure| {
            let index = present.binary_search_by_key(&market, |armed| armed.market).ok()?;
            Some(present[index].interval).filter(|interval| interval.contains(exposure.mark))
        };
        if self.lay(start, slack, kept) {
            return;
        }
        let weights = self.exposures.iter().map(|(_, exposure)| slack.weight(exposure));
        let total = weights.fold(Cost::default(), Cost::plus);
        let fresh = |exposure: &Exposure| slack.interval(exposure, total);
        if !self.lay(start, slack, |market, exposure| Some(kept(market, exposure).unwrap_or_else(|| fresh(exposure)))) {
            self.lay(start, slack, |_, exposure| Some(fresh(exposure)));
        }
    }

    /// Lays down one interval for each exposure, from `start` on; whether there is one for each, and the slack covers them.
    fn lay(&mut self, start: usize, slack: &Slack, interval: impl Fn(MarketId, &Exposure) -> Option<Interval>) -> bool {
        self.intervals.truncate(start);
        let mut total = Cost::default();
        for (market, exposure) in &self.exposures {
            let Some(interval) = interval(*market, exposure) else { return false };
            total = total.plus(slack.cost(exposure, interval));
            self.intervals.push(Armed { market: *market, interval });
        }
        slack.covers(total)
    }
}
