//! Accounts whose pools changed by something other than a mark, and which the next sweep looks at for that.

use crate::quantities::AccountId;

/// A set that is cheap to add to: a bit, and a place in a list the first time.
#[derive(Clone)]
pub struct Touched {
    bits: Vec<u64>,
    list: Vec<AccountId>,
    everyone: bool,
}

impl Default for Touched {
    /// Everyone: nobody has been looked at.
    fn default() -> Self {
        Self { bits: Vec::new(), list: Vec::new(), everyone: true }
    }
}

impl Touched {
    /// Adds an account.
    #[inline]
    pub fn add(&mut self, account: AccountId) {
        let (word, bit) = (account.index() / 64, 1 << (account.index() % 64));
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        if self.bits[word] & bit == 0 {
            self.bits[word] |= bit;
            self.list.push(account);
        }
    }

    /// Adds all accounts.
    pub fn add_everyone(&mut self) {
        self.everyone = true;
    }

    /// Whether an account is in.
    pub fn contains(&self, account: AccountId) -> bool {
        let word = self.bits.get(account.index() / 64).copied().unwrap_or_default();
        self.everyone || word & 1 << (account.index() % 64) != 0
    }

    /// Moves all to a list, in no order, of the accounts `1 ..= last`.
    pub fn drain_into(&mut self, last: AccountId, due: &mut Vec<AccountId>) {
        for account in &self.list {
            self.bits[account.index() / 64] = 0;
        }
        due.append(&mut self.list);
        if std::mem::take(&mut self.everyone) {
            due.clear();
            due.extend((1..=last.0).map(AccountId));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(touched: &mut Touched) -> Vec<u32> {
        let mut due = Vec::new();
        touched.drain_into(AccountId(3), &mut due);
        due.iter().map(|account| account.0).collect()
    }

    #[test]
    fn at_first_nobody_has_been_looked_at() {
        let mut touched = Touched::default();
        assert!(touched.contains(AccountId(2)));
        assert_eq!(vec![1, 2, 3], drained(&mut touched));
        assert!(!touched.contains(AccountId(2)));
        assert_eq!(Vec::<u32>::new(), drained(&mut touched));
    }

    #[test]
    fn an_account_is_listed_once_however_often_it_is_touched() {
        let mut touched = Touched::default();
        drained(&mut touched);
        for _ in 0..3 {
            touched.add(AccountId(3));
            touched.add(AccountId(1));
        }
        assert_eq!(vec![3, 1], drained(&mut touched));
        touched.add(AccountId(3));
        assert_eq!(vec![3], drained(&mut touched));
    }
}
