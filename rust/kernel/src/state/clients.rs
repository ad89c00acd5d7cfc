//! Client order ids: which open order an account means by a name of its own.

use std::collections::BTreeMap;

use crate::matching::orders::Slot;
use crate::quantities::AccountId;

/// (account, client order id) to slot. Clients choose these ids, so a hash map would be theirs to flood: any that
/// collide can be computed, and a look-up then walks them all. Here an account's names stand in an order of their own,
/// apart from the other accounts', and there are no more of them than open orders.
#[derive(Clone, Debug, Default)]
pub struct ClientOrders {
    by_account: Vec<BTreeMap<u64, Slot>>,
}

impl ClientOrders {
    /// The open order that an account calls so.
    pub fn slot(&self, account: AccountId, client_order: u64) -> Option<Slot> {
        self.by_account.get(account.index())?.get(&client_order).copied()
    }

    /// Names an open order.
    pub fn insert(&mut self, account: AccountId, client_order: u64, slot: Slot) {
        if self.by_account.len() <= account.index() {
            self.by_account.resize_with(account.index() + 1, BTreeMap::new);
        }
        self.by_account[account.index()].insert(client_order, slot);
    }

    /// Frees a name.
    pub fn remove(&mut self, account: AccountId, client_order: u64) {
        self.by_account[account.index()].remove(&client_order);
    }

    /// How many names are in use: counted, because only a check of everything asks.
    pub fn len(&self) -> usize {
        self.by_account.iter().map(BTreeMap::len).sum()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
