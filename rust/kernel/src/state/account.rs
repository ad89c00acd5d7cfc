//! Accounts: who holds what, and which of it changed since the last digest.

use std::collections::BTreeMap;

use super::holdings::{Condition, Holdings, PoolId};
use super::nonces::Nonces;
use crate::command::{Scope, Side};
use crate::digest::DirtySet;
use crate::event::Standing;
use crate::matching::orders::AccountOrders;
use crate::quantities::{AccountId, AssetId, AuthorId, Lots, MarketId, Money};
use crate::sweep::touched::Touched;

/// Accounts that share one digest bucket.
pub const ACCOUNTS_PER_BUCKET: usize = 16;

/// What an account may do; the part that fills look at is in its [`super::holdings::Profile`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Money may not leave the venue.
    pub no_withdraw: bool,
    /// Money may not go to a sibling.
    pub no_transfer: bool,
    /// Where it may trade; anywhere if empty.
    pub markets: Vec<MarketId>,
    /// Where its money may go; anywhere if empty.
    pub destinations: Vec<u64>,
}

/// What an account is, apart from what it holds: looked at seldom, so kept out of the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mandate {
    /// What it may do.
    pub permissions: Permissions,
    /// What it may be exposed to.
    pub caps: ExposureCaps,
    /// What siblings may draw.
    pub allowances: BTreeMap<(AccountId, AssetId), Money>,
    /// Authors that may act for it as policies, ascending.
    pub agents: Vec<AuthorId>,
}

/// Largest exposures by scope.
pub type ExposureCaps = BTreeMap<(Scope, u16), Money>;

/// An account.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Its master; itself if it is one.
    pub master: AccountId,
    /// Cash and positions.
    pub holdings: Holdings,
    /// Its resting orders.
    pub open_orders: AccountOrders,
    /// Nonces it has used.
    pub nonces: Nonces,
    /// What it may do; none for most.
    pub mandate: Option<Box<Mandate>>,
}

impl Account {
    /// The authors that may act for it as policies, ascending.
    pub fn agents(&self) -> &[AuthorId] {
        self.mandate.as_ref().map_or(&[], |mandate| &mandate.agents)
    }

    /// Whether an author is one of them.
    pub fn has_agent(&self, author: AuthorId) -> bool {
        self.agents().contains(&author)
    }
}

/// All accounts by id, with what changed since the last digest.
#[derive(Clone, Default)]
pub struct Accounts {
    list: Vec<Account>,
    /// Buckets whose holdings changed.
    pub dirty_holdings: DirtySet,
    /// Buckets whose nonces changed.
    pub dirty_nonces: DirtySet,
    /// Accounts whose pools may stand otherwise than when last looked at. Not part of the state.
    pub touched: Touched,
}

impl Accounts {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The account, if it exists.
    #[inline]
    pub fn find(&self, id: AccountId) -> Option<&Account> {
        self.list.get(id.index())
    }

    /// An account that is known to exist.
    #[inline]
    pub fn of(&self, id: AccountId) -> &Account {
        &self.list[id.index()]
    }

    /// Opens an account; itself its master if `master` is none.
    pub fn open(&mut self, master: AccountId) -> AccountId {
        let id = AccountId(u32::try_from(self.list.len() + 1).expect("capacity is checked at validation"));
        let master = if master == AccountId::NONE { id } else { master };
        self.list.push(Account { master, ..Account::default() });
        self.dirty_holdings.mark(id.index() / ACCOUNTS_PER_BUCKET);
        self.dirty_nonces.mark(id.index() / ACCOUNTS_PER_BUCKET);
        id
    }

    /// Holdings, to change.
    #[inline]
    pub fn holdings_mut(&mut self, id: AccountId) -> &mut Holdings {
        self.touched.add(id);
        self.unwatched_mut(id)
    }

    /// Holdings, to change what neither equity nor maintenance is made of: the pools stand as they stood.
    #[inline]
    fn unwatched_mut(&mut self, id: AccountId) -> &mut Holdings {
        self.dirty_holdings.mark(id.index() / ACCOUNTS_PER_BUCKET);
        &mut self.list[id.index()].holdings
    }

    /// Changes the open lots of a side in a market.
    #[inline]
    pub fn change_open(&mut self, id: AccountId, market: MarketId, side: Side, reduce_only: bool, change: Lots) {
        self.unwatched_mut(id).position_mut(market).change_open(side, reduce_only, change);
    }

    /// Remembers how a pool stands.
    pub fn remember_standing(&mut self, id: AccountId, pool: PoolId, standing: Standing) {
        let holdings = self.unwatched_mut(id);
        holdings.set_condition(pool, Condition { standing, ..holdings.condition(pool) });
    }

    /// Touches every account of which something holds.
    pub fn touch(&mut self, concerned: impl Fn(&Holdings) -> bool) {
        for (id, account) in (1_u32..).map(AccountId).zip(&self.list) {
            if concerned(&account.holdings) {
                self.touched.add(id);
            }
        }
    }

    /// All holdings, to change what follows from the state and is no part of it: nothing is digested again.
    pub fn derived_mut(&mut self) -> impl Iterator<Item = &mut Holdings> + '_ {
        self.list.iter_mut().map(|account| &mut account.holdings)
    }

    /// What an account may do, to change. One that then says nothing is dropped.
    pub fn change_mandate(&mut self, id: AccountId, change: impl FnOnce(&mut Mandate)) {
        self.dirty_holdings.mark(id.index() / ACCOUNTS_PER_BUCKET);
        let mandate = &mut self.list[id.index()].mandate;
        let held = mandate.get_or_insert_default();
        change(held);
        if **held == Mandate::default() {
            *mandate = None;
        }
    }

    /// Nonces, to change.
    pub fn nonces_mut(&mut self, id: AccountId) -> &mut Nonces {
        self.dirty_nonces.mark(id.index() / ACCOUNTS_PER_BUCKET);
        &mut self.list[id.index()].nonces
    }

    /// The list of resting orders. The orders themselves are digested with their book.
    #[inline]
    pub fn open_orders_mut(&mut self, id: AccountId) -> &mut AccountOrders {
        &mut self.list[id.index()].open_orders
    }

    /// Every account with its id.
    pub fn iter(&self) -> impl Iterator<Item = (AccountId, &Account)> + '_ {
        (1_u32..).map(AccountId).zip(&self.list)
    }

    /// The accounts of one digest bucket.
    pub fn bucket(&self, bucket: usize) -> impl Iterator<Item = (AccountId, &Account)> + '_ {
        let start = bucket * ACCOUNTS_PER_BUCKET;
        let end = (start + ACCOUNTS_PER_BUCKET).min(self.list.len());
        let first = u32::try_from(start + 1).expect("ids fit 32 bits");
        (first..).map(AccountId).zip(&self.list[start..end])
    }

    /// How many digest buckets there are.
    pub fn buckets(&self) -> usize {
        self.list.len().div_ceil(ACCOUNTS_PER_BUCKET)
    }
}
