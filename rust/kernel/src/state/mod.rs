//! Everything the kernel knows. The journal determines it, and nothing else does.

pub mod account;
pub mod asset;
pub mod auction;
pub mod backstop;
pub mod clients;
pub mod funding;
pub mod groups;
pub mod holdings;
pub mod insurance;
pub mod market;
pub mod nonces;
pub mod oracle;
pub mod parameters;
pub mod position;
pub mod vectors;

use std::collections::BTreeSet;

use crate::emit::Emitter;
use crate::event::FundingPaid;
use crate::matching::book::Book;
use crate::matching::orders::{Orders, Slot};
use crate::quantities::{AccountId, AssetId, MarketId, Money, OrderId};
use crate::risk::pool::{Pool, Risk};
use crate::sweep::Watch;

use account::{Accounts, ExposureCaps};
use asset::Asset;
use auction::Auctions;
use backstop::Backstop;
use clients::ClientOrders;
use groups::Groups;
use holdings::PoolId;
use insurance::Insurance;
use market::Market;
use parameters::{Author, Parameters, Sequence};

/// The whole state, generic over the book that keeps its orders.
#[derive(Clone)]
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
    /// What holds within and between groups of markets.
    pub groups: Groups,
    /// What every account may be exposed to, unless it has a cap of its own.
    pub exposure_caps: ExposureCaps,
    /// Who stands ready to take what others cannot carry.
    pub backstop: Backstop,
    /// Positions on offer.
    pub auctions: Auctions,
    /// Open orders of all markets.
    pub orders: Orders,
    /// Open orders by their clients' names for them.
    pub clients: ClientOrders,
    /// Resting orders that expire, soonest first.
    pub expiries: BTreeSet<(u64, OrderId)>,
    /// Who watches the marks. Not part of the state: it only knows where to look.
    pub watch: Watch,
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
            groups: Groups::default(),
            exposure_caps: ExposureCaps::new(),
            backstop: Backstop::default(),
            auctions: Auctions::default(),
            orders: Orders::default(),
            clients: ClientOrders::default(),
            expiries: BTreeSet::new(),
            watch: Watch::default(),
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

    /// What margin is computed from, apart from an account's holdings.
    #[inline]
    pub fn risk(&self) -> Risk<'_> {
        Risk { markets: &self.markets, assets: &self.assets, groups: &self.groups, traded: None }
    }

    /// The settlement asset whose cross pools an asset backs: its own, or the one it is collateral for.
    pub fn pool_asset(&self, asset: AssetId) -> AssetId {
        self.assets[asset.index()].collateral.map_or(asset, |collateral| collateral.settlement)
    }

    /// Settles what an account's position in a market owes, and says so.
    #[inline]
    pub fn settle_owed(&mut self, account: AccountId, market: MarketId, out: &mut Emitter) {
        let terms = &mut self.markets[market.index()];
        // Asked before the holdings are taken to be changed, which marks them as such.
        if self.accounts.of(account).holdings.due(terms).is_none() {
            return;
        }
        let holdings = self.accounts.holdings_mut(account);
        let Some(owed) = holdings.settle_owed(terms, self.sequence.seq) else { return };
        let dust = terms.funding.book(&owed);
        let asset = &mut self.assets[terms.settlement.index()];
        asset.total_cash -= owed.total().wide();
        asset.in_markets += (owed.total() - dust).wide();
        asset.dust += dust;
        let balance = holdings.money(holdings.pool_of(terms));
        if owed.funding != Money::ZERO || owed.loss != Money::ZERO {
            out.emit(&FundingPaid { account, market, funding: owed.funding, loss: owed.loss, balance });
        }
    }

    /// Settles what the positions of an account's cross pool owe.
    pub fn settle_pool(&mut self, account: AccountId, asset: AssetId, out: &mut Emitter) {
        let pool = Pool::new(&self.accounts.of(account).holdings, self.risk(), PoolId::Cross(asset));
        let markets: Vec<MarketId> = pool.positions().map(|(position, _)| position.market).collect();
        for market in markets {
            self.settle_owed(account, market, out);
        }
    }

    /// Adds to the money of an account's pool, and to the asset's total; gives what is then there.
    pub fn credit(&mut self, account: AccountId, pool: PoolId, amount: Money) -> Money {
        let asset = match pool {
            PoolId::Cross(asset) => asset,
            PoolId::Isolated(market) => self.markets[market.index()].settlement,
        };
        self.assets[asset.index()].total_cash += amount.wide();
        self.accounts.holdings_mut(account).credit(pool, amount, self.sequence.seq)
    }

    /// The insurance of a pool: of the asset's cross pools, or of the market's isolated ones.
    pub fn insurance(&self, pool: PoolId) -> &Insurance {
        match pool {
            PoolId::Cross(asset) => &self.assets[asset.index()].insurance,
            PoolId::Isolated(market) => &self.markets[market.index()].insurance,
        }
    }

    /// The same, to change anything but the fund.
    pub fn insurance_mut(&mut self, pool: PoolId) -> &mut Insurance {
        match pool {
            PoolId::Cross(asset) => &mut self.assets[asset.index()].insurance,
            PoolId::Isolated(market) => &mut self.markets[market.index()].insurance,
        }
    }

    /// Adds to a pool's insurance fund; gives what is then there.
    pub fn insure(&mut self, pool: PoolId, amount: Money) -> Money {
        self.keep_in_market(pool, amount);
        let insurance = self.insurance_mut(pool);
        insurance.fund += amount;
        insurance.fund
    }

    /// A pool's insurance pays a loss; gives what is left in the fund.
    pub fn pay_loss(&mut self, pool: PoolId, amount: Money) -> Money {
        self.keep_in_market(pool, -amount);
        let time = self.sequence.time;
        let insurance = self.insurance_mut(pool);
        insurance.pay(amount, time);
        insurance.fund
    }

    /// The fund of isolated pools is held by their market: its asset counts that along.
    fn keep_in_market(&mut self, pool: PoolId, amount: Money) {
        if let PoolId::Isolated(market) = pool {
            let asset = self.markets[market.index()].settlement;
            self.assets[asset.index()].in_markets += amount.wide();
        }
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
