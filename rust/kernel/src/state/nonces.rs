//! Client nonces: a retry can never act twice, in bounded memory.

use std::collections::VecDeque;

/// How many used nonces an account remembers.
pub const REMEMBERED: usize = 128;

/// The highest used nonces with the seqs that used them, ascending. Boxed: most accounts use none, and an account is
/// read far more often than its nonces.
#[derive(Clone, Debug, Default)]
pub struct Nonces {
    #[allow(clippy::box_collection, reason = "an account should be small")]
    used: Box<VecDeque<(u64, u64)>>,
}

/// Whether a nonce may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It may.
    Fresh,
    /// It was, by this seq.
    Used {
        /// The seq.
        seq: u64,
    },
    /// It is lower than all that are remembered, and memory is full.
    TooOld {
        /// The lowest remembered nonce.
        lowest: u64,
    },
}

impl Nonces {
    /// Whether a nonce may be used.
    pub fn freshness(&self, nonce: u64) -> Freshness {
        match self.used.binary_search_by_key(&nonce, |&(used, _)| used) {
            Ok(index) => Freshness::Used { seq: self.used[index].1 },
            Err(0) if self.used.len() == REMEMBERED => Freshness::TooOld { lowest: self.used[0].0 },
            Err(_) => Freshness::Fresh,
        }
    }

    /// Remembers a fresh nonce; the lowest gives way when memory is full.
    pub fn remember(&mut self, nonce: u64, seq: u64) {
        let index = self.used.partition_point(|&(used, _)| used < nonce);
        self.used.insert(index, (nonce, seq));
        if self.used.len() > REMEMBERED {
            self.used.pop_front();
        }
    }

    /// The remembered nonces with their seqs, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u64, u64)> + '_ {
        self.used.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_are_remembered_and_older_ones_refused() {
        let mut nonces = Nonces::default();
        for nonce in 1..=200 {
            assert_eq!(nonces.freshness(nonce), Freshness::Fresh);
            nonces.remember(nonce, 1_000 + nonce);
        }
        assert_eq!(nonces.freshness(150), Freshness::Used { seq: 1_150 });
        assert_eq!(nonces.freshness(72), Freshness::TooOld { lowest: 73 });
        assert_eq!(nonces.iter().len(), REMEMBERED);
    }

    #[test]
    fn gaps_may_be_filled_in_any_order() {
        let mut nonces = Nonces::default();
        nonces.remember(10, 1);
        assert_eq!(nonces.freshness(5), Freshness::Fresh);
        nonces.remember(5, 2);
        assert_eq!(nonces.iter().collect::<Vec<_>>(), [(5, 2), (10, 1)]);
    }
}
