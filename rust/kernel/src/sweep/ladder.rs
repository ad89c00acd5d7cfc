//! The triggers: per market the ends of all intervals in order, so that a mark finds those it has left behind.
//!
//! Nothing here is state. After a snapshot is loaded there are no triggers and everyone is looked at once.

use std::collections::BTreeSet;

use super::slack::Interval;
use crate::quantities::{AccountId, MarketId, Ticks};

/// An account's interval in a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Armed {
    /// The market.
    pub market: MarketId,
    /// Marks inside it change nothing.
    pub interval: Interval,
}

/// The ends of a market's intervals.
#[derive(Clone, Default)]
struct Ends {
    low: BTreeSet<(u32, AccountId)>,
    high: BTreeSet<(u32, AccountId)>,
}

/// All triggers of the venue. Each is taken out when its account is armed anew, so there are never more than two for a
/// position.
#[derive(Clone, Default)]
pub struct Ladder {
    ends: Vec<Ends>,
    armed: Vec<Vec<Armed>>,
}

impl Ladder {
    /// Adds the accounts with an interval that the mark is not inside; some of them twice.
    pub fn crossed(&self, market: MarketId, mark: Ticks, due: &mut Vec<AccountId>) {
        let Some(ends) = self.ends.get(market.index()) else { return };
        let mark = u32::try_from(mark.0).expect("a price fits 31 bits");
        due.extend(ends.low.range((mark + 1, AccountId::NONE)..).map(|&(_, account)| account));
        due.extend(ends.high.range(..(mark, AccountId::NONE)).map(|&(_, account)| account));
    }

    /// An account's intervals, by market.
    pub fn armed(&self, account: AccountId) -> &[Armed] {
        self.armed.get(account.index()).map_or(&[], Vec::as_slice)
    }

    /// Replaces an account's intervals by others, by market; only ends that differ are touched.
    pub fn arm(&mut self, account: AccountId, intervals: &[Armed]) {
        if self.armed.len() <= account.index() {
            self.armed.resize_with(account.index() + 1, Vec::new);
        }
        let mut present = std::mem::take(&mut self.armed[account.index()]);
        if present != intervals {
            let missing_in = |list: &[Armed], armed: &Armed| {
                list.binary_search_by_key(&armed.market, |other| other.market)
                    .map_or(true, |index| list[index] != *armed)
            };
            for &old in present.iter().filter(|old| missing_in(intervals, old)) {
                self.remove(account, old);
            }
            for &new in intervals.iter().filter(|new| missing_in(&present, new)) {
                self.insert(account, new);
            }
            present.clear();
            present.extend_from_slice(intervals);
        }
        self.armed[account.index()] = present;
    }

    fn insert(&mut self, account: AccountId, Armed { market, interval }: Armed) {
        if self.ends.len() <= market.index() {
            self.ends.resize_with(market.index() + 1, Ends::default);
        }
        let ends = &mut self.ends[market.index()];
        // No mark is below 1 or above what no price passes: such an end triggers nothing.
        if interval.low > 1 {
            ends.low.insert((interval.low, account));
        }
        if interval.high < Interval::ANY {
            ends.high.insert((interval.high, account));
        }
    }

    fn remove(&mut self, account: AccountId, Armed { market, interval }: Armed) {
        let ends = &mut self.ends[market.index()];
        ends.low.remove(&(interval.low, account));
        ends.high.remove(&(interval.high, account));
    }

    /// How many triggers there are.
    pub fn len(&self) -> usize {
        self.ends.iter().map(|ends| ends.low.len() + ends.high.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: AccountId = AccountId(1);
    const B: AccountId = AccountId(2);

    fn armed(market: u16, low: u32, high: u32) -> Armed {
        Armed { market: MarketId(market), interval: Interval { low, high } }
    }

    fn crossed(ladder: &Ladder, market: u16, mark: i64) -> Vec<u32> {
        let mut due = Vec::new();
        ladder.crossed(MarketId(market), Ticks(mark), &mut due);
        due.iter().map(|account| account.0).collect()
    }

    #[test]
    fn an_end_belongs_to_its_interval() {
        let mut ladder = Ladder::default();
        ladder.arm(A, &[armed(1, 90, 110)]);
        assert_eq!(Vec::<u32>::new(), crossed(&ladder, 1, 90));
        assert_eq!(Vec::<u32>::new(), crossed(&ladder, 1, 110));
        assert_eq!(vec![1], crossed(&ladder, 1, 89));
        assert_eq!(vec![1], crossed(&ladder, 1, 111));
        assert_eq!(Vec::<u32>::new(), crossed(&ladder, 2, 50));
    }

    #[test]
    fn ends_that_no_price_passes_are_not_kept() {
        let mut ladder = Ladder::default();
        ladder.arm(A, &[armed(1, 1, Interval::ANY), armed(2, 50, Interval::ANY), armed(3, 1, 70)]);
        assert_eq!(2, ladder.len());
    }

    #[test]
    fn whoever_is_armed_anew_leaves_nothing_behind() {
        let mut ladder = Ladder::default();
        ladder.arm(A, &[armed(1, 90, 110), armed(2, 5, 6)]);
        ladder.arm(B, &[armed(1, 90, 110)]);
        ladder.arm(A, &[armed(1, 80, 110)]);
        assert_eq!(4, ladder.len());
        assert_eq!(vec![2], crossed(&ladder, 1, 85));
        ladder.arm(A, &[]);
        ladder.arm(B, &[]);
        assert!(ladder.is_empty());
    }

    #[test]
    fn an_account_that_is_always_looked_at_is_crossed_by_every_mark() {
        let mut ladder = Ladder::default();
        ladder.arm(A, &[Armed { market: MarketId(1), interval: Interval::NEVER }]);
        assert_eq!(vec![1], crossed(&ladder, 1, 1));
        assert_eq!(vec![1], crossed(&ladder, 1, (1 << 31) - 1));
    }
}
