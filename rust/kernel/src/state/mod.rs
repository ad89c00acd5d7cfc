//! Everything the kernel knows. The journal determines it, and nothing else does.

pub mod account;
pub mod asset;
pub mod auction;
pub mod backstop;
pub mod clients;
pub mod groups;
pub mod insurance;
pub mod liquidation;
pub mod market;
pub mod nonces;
pub mod parameters;

use std::collections::BTreeSet;

use crate::matching::book::Book;
use crate::matching::orders::{Orders, Slot};
use crate::quantities::{AssetId, MarketId, OrderId};

use account::Accounts;
use asset::Asset;
use clients::ClientOrders;
use market::Market;
use parameters::{Author, Parameters, Sequence};

/// The whole state, generic over the book that keeps its orders.
pub struct State<B> {
    /// Where the session stands: seq, time and the id counters.
    pub sequence: Sequence,
    /// What holds for the whole venue.
    pub parameters: Parameters,
    /// Registered authors, by id.
    pub authors: Vec<Author>,
    /// Assets, by id.
    pub assets: Vec<Asset>,
    /// Markets, by id.
    pub markets: Vec<Market>,
    /// Books, beside their markets.
    pub books: Vec<B>,
    /// Accounts, by id.
    pub accounts: Accounts,
    /// Open orders of all markets.
    pub orders: Orders,
    /// Open orders by their clients' names for them.
    pub clients: ClientOrders,
    /// Resting orders that expire, soonest first.
    pub expiries: BTreeSet<(u64, OrderId)>,
}

impl<B: Book> State<B> {
    /// Before the first command.
    pub fn genesis() -> Self {
        Self {
            sequence: Sequence::default(),
            parameters: Parameters::default(),
            authors: Vec::new(),
            assets: Vec::new(),
            markets: Vec::new(),
            books: Vec::new(),
            accounts: Accounts::default(),
            orders: Orders::default(),
            clients: ClientOrders::default(),
            expiries: BTreeSet::new(),
        }
    }

    /// The asset, if it exists.
    pub fn asset(&self, id: AssetId) -> Option<&Asset> {
        self.assets.get(id.index())
    }

    /// The market, if it exists.
    pub fn market(&self, id: MarketId) -> Option<&Market> {
        self.markets.get(id.index())
    }

    /// Puts a resting order where all who look for it will find it: in its book and in the lists. The order is in
    /// `orders` already.
    pub fn list_order(&mut self, slot: Slot) {
        let market = self.orders[slot].market;
        self.books[market.index()].insert(&mut self.orders, slot);
        self.index_order(slot);
    }

    /// The lists apart from the book: its account's orders, the client order ids and the expiries.
    pub fn index_order(&mut self, slot: Slot) {
        let order = self.orders[slot];
        self.orders.link_account(slot, self.accounts.open_orders_mut(order.account));
        if order.client_order != 0 {
            self.clients.insert(order.account, order.client_order, slot);
        }
        let expires_at = self.orders.expires_at(slot);
        if expires_at != 0 {
            self.expiries.insert((expires_at, order.id));
        }
    }

    /// The opposite, for an order that has left its book: nobody will find it, and its slot is free.
    pub fn forget_order(&mut self, slot: Slot) {
        let order = self.orders[slot];
        self.orders.unlink_account(slot, self.accounts.open_orders_mut(order.account));
        if order.client_order != 0 {
            self.clients.remove(order.account, order.client_order);
        }
        let expires_at = self.orders.expires_at(slot);
        if expires_at != 0 {
            self.expiries.remove(&(expires_at, order.id));
        }
        self.orders.remove(slot);
    }

    /// Takes a resting order out of its book and forgets it.
    pub fn delist_order(&mut self, slot: Slot) {
        let market = self.orders[slot].market;
        self.books[market.index()].remove(&mut self.orders, slot);
        self.forget_order(slot);
    }
}
