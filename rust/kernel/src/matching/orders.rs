//! Every open order of the exchange, in dense recycled slots.
//!
//! A slot is a small number that names an order while it is open; books, accounts and the id index all speak in slots,
//! so an order is reached by one array access and freed by pushing its slot on a free list. Slots are an artefact of
//! memory, never of state: two kernels in the same state may hold the same order in different slots (one of them was
//! loaded from a snapshot), so nothing that is digested, saved or announced may contain one. Ids are what is stable.
//!
//! ```text
//! id ──► region (2^20 ids) ──► page (2^10 ids) ──► slot ──► Order, one 64-byte cache line
//!        sorted by id,          recycled when
//!        newest asked first     no id is live
//! ```
//!
//! The index is dense because ids are a counter: a look-up is three loads and no hash. A page lives while one of its ids
//! is open, so memory follows the open orders and not the orders ever placed.

use std::ops::{Index, IndexMut};

use crate::command::{SelfTrade, Side, TimeInForce};
use crate::quantities::{AccountId, Lots, MarketId, OrderId, Ticks};

/// The place of an open order in [`Orders`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// "No slot", "no page": the end of every list in this module and in the ladder.
pub(super) const NONE: u32 = u32::MAX;

impl Slot {
    /// The slot a link points at, or nothing at the end of the list.
    pub(super) fn from_link(link: u32) -> Option<Self> {
        (link != NONE).then_some(Self(link))
    }
}

/// What an order is, before it has a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// The order's id, not 0; ids grow, but may be inserted in any order (a snapshot does).
    pub id: OrderId,
    /// The client's own id, 0 for none.
    pub client_order: u64,
    /// Limit price, `1 ..= 2^31 − 1` ticks.
    pub price: Ticks,
    /// Open lots.
    pub lots: Lots,
    /// Lots filled so far.
    pub filled: Lots,
    /// Expiry in nanoseconds since the epoch, 0 for none.
    pub expires_at: u64,
    /// Who placed it.
    pub account: AccountId,
    /// The market it is for.
    pub market: MarketId,
    /// Buy or sell.
    pub side: Side,
    /// How long it may rest.
    pub time_in_force: TimeInForce,
    /// What happens when it meets its own master's order.
    pub self_trade: SelfTrade,
    /// Refused rather than matched on arrival.
    pub post_only: bool,
    /// May only bring a position towards zero.
    pub reduce_only: bool,
}

/// An open order: one cache line, so a fill, a cancel and a step along a queue each touch one line an order.
///
/// ```text
///  0        8         16      24        32      36       40          44          48            52            56      58 .. 64
/// ┌────────┬─────────┬───────┬─────────┬───────┬────────┬───────────┬───────────┬─────────────┬─────────────┬───────┬────────┐
/// │ id     │ client  │ lots  │ filled  │ price │ account│ queue     │ queue     │ account     │ account     │ market│ side + │
/// │ u64    │ u64     │ i64   │ i64     │ u32   │ u32    │ prev u32  │ next u32  │ prev u32    │ next u32    │ u16   │ flags  │
/// └────────┴─────────┴───────┴─────────┴───────┴────────┴───────────┴───────────┴─────────────┴─────────────┴───────┴────────┘
/// ```
///
/// (The compiler may arrange the fields otherwise; the size is asserted below.) The expiry is kept beside, in
/// [`Orders::expires_at`]: it is read when an order is announced or expires, and would push the record into a second line.
/// A price fits 32 bits because `price_max` of a market does; it is widened where it leaves.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Order {
    /// The order's id; 0 in a free slot.
    pub id: OrderId,
    /// The client's own id, 0 for none.
    pub client_order: u64,
    /// Open lots. While the order rests, change them through its book, which keeps the level's total.
    pub lots: Lots,
    /// Lots filled so far.
    pub filled: Lots,
    pub(super) price_ticks: u32,
    /// Who placed it.
    pub account: AccountId,
    pub(super) queue_prev: u32,
    pub(super) queue_next: u32,
    account_prev: u32,
    account_next: u32,
    /// The market it is for.
    pub market: MarketId,
    /// Buy or sell.
    pub side: Side,
    /// How long it may rest.
    pub time_in_force: TimeInForce,
    /// What happens when it meets its own master's order.
    pub self_trade: SelfTrade,
    /// Refused rather than matched on arrival.
    pub post_only: bool,
    /// May only bring a position towards zero.
    pub reduce_only: bool,
}

const _: () = assert!(size_of::<Order>() == 64);

impl Order {
    fn new(new: &NewOrder) -> Self {
        Self {
            id: new.id,
            client_order: new.client_order,
            lots: new.lots,
            filled: new.filled,
            price_ticks: price_ticks(new.price),
            account: new.account,
            queue_prev: NONE,
            queue_next: NONE,
            account_prev: NONE,
            account_next: NONE,
            market: new.market,
            side: new.side,
            time_in_force: new.time_in_force,
            self_trade: new.self_trade,
            post_only: new.post_only,
            reduce_only: new.reduce_only,
        }
    }

    /// Limit price.
    #[must_use]
    pub fn price(&self) -> Ticks {
        Ticks(i64::from(self.price_ticks))
    }

    /// Gives the order another price. It must not be resting in a book: the book finds its level by the price.
    pub fn reprice(&mut self, price: Ticks) {
        self.price_ticks = price_ticks(price);
    }
}

/// A price as the order record holds it.
///
/// # Panics
/// If the price is not in `1 ..= 2^31 − 1`, which validation rules out.
pub(super) fn price_ticks(price: Ticks) -> u32 {
    match u32::try_from(price.0) {
        Ok(ticks) if ticks > 0 && ticks <= i32::MAX.cast_unsigned() => ticks,
        _ => panic!("price {} is outside 1 ..= 2^31 - 1", price.0),
    }
}

/// The open orders of one account, by ascending id; the links are in the orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountOrders {
    head: u32,
    tail: u32,
    count: u32,
}

impl Default for AccountOrders {
    fn default() -> Self {
        Self { head: NONE, tail: NONE, count: 0 }
    }
}

impl AccountOrders {
    /// How many orders are listed.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }
}

/// All open orders: slots, id index and account lists.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    slots: Vec<Order>,
    /// Beside `slots`, and stale in a free slot.
    expiries: Vec<u64>,
    /// Head of the free list, linked through `queue_next`: the slot freed last is used first, while it is in cache.
    free: Free,
    live: usize,
    index: IdIndex,
}

/// The head of a free list, so that "empty" is a default.
#[derive(Clone, Copy, Debug)]
struct Free(u32);

impl Default for Free {
    fn default() -> Self {
        Self(NONE)
    }
}

impl Orders {
    /// Room for `capacity` open orders before the slab has to grow (growing copies it).
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            slots: Vec::with_capacity(capacity),
            expiries: Vec::with_capacity(capacity),
            ..Self::default()
        }
    }

    /// Takes the order in and gives it a slot; it is in no book and in no account's list yet.
    ///
    /// # Panics
    /// If the id is 0 or already open, the price is out of range, or 2^32 − 1 orders are open.
    pub fn insert(&mut self, new: &NewOrder) -> Slot {
        assert!(new.id.0 != 0, "order id 0 means none");
        let order = Order::new(new);
        let slot = self.free.0;
        let slot = if slot == NONE {
            let slot = u32::try_from(self.slots.len()).expect("fewer than 2^32 open orders");
            assert!(slot != NONE, "the last slot number means none");
            self.slots.push(order);
            self.expiries.push(new.expires_at);
            slot
        } else {
            let place = &mut self.slots[slot as usize];
            self.free = Free(place.queue_next);
            *place = order;
            self.expiries[slot as usize] = new.expires_at;
            slot
        };
        self.index.insert(new.id, slot);
        self.live += 1;
        Slot(slot)
    }

    /// Frees the slot. The order must have left its book and its account's list before.
    ///
    /// # Panics
    /// If the slot is free.
    pub fn remove(&mut self, slot: Slot) {
        let order = &mut self.slots[slot.0 as usize];
        self.index.remove(order.id);
        order.id = OrderId(0);
        order.queue_next = self.free.0;
        self.free = Free(slot.0);
        self.live -= 1;
    }

    /// Appends the order to its account's list. New ids are the highest, so this is one step; an order with an older id
    /// (put back after an amend) walks to its place, because a mass cancel goes by id.
    pub fn link_account(&mut self, slot: Slot, list: &mut AccountOrders) {
        let id = self[slot].id;
        let mut prev = list.tail;
        while prev != NONE && self.slots[prev as usize].id > id {
            prev = self.slots[prev as usize].account_prev;
        }
        let next = match prev {
            NONE => std::mem::replace(&mut list.head, slot.0),
            _ => std::mem::replace(&mut self.slots[prev as usize].account_next, slot.0),
        };
        match next {
            NONE => list.tail = slot.0,
            _ => self.slots[next as usize].account_prev = slot.0,
        }
        let order = &mut self[slot];
        order.account_prev = prev;
        order.account_next = next;
        list.count += 1;
    }

    /// Takes the order out of its account's list.
    pub fn unlink_account(&mut self, slot: Slot, list: &mut AccountOrders) {
        let Order { account_prev: prev, account_next: next, .. } = self[slot];
        match prev {
            NONE => list.head = next,
            _ => self.slots[prev as usize].account_next = next,
        }
        match next {
            NONE => list.tail = prev,
            _ => self.slots[next as usize].account_prev = prev,
        }
        let order = &mut self[slot];
        order.account_prev = NONE;
        order.account_next = NONE;
        list.count -= 1;
    }

    /// Changes the expiry, in nanoseconds since the epoch, 0 for none.
    pub fn expire_at(&mut self, slot: Slot, expires_at: u64) {
        self.expiries[slot.0 as usize] = expires_at;
    }

    /// The slot of an open order.
    #[must_use]
    pub fn slot(&self, id: OrderId) -> Option<Slot> {
        self.index.slot(id)
    }

    /// The expiry in nanoseconds since the epoch, 0 for none.
    #[must_use]
    pub fn expires_at(&self, slot: Slot) -> u64 {
        self.expiries[slot.0 as usize]
    }

    /// What the order is, apart from its slot.
    #[must_use]
    pub fn describe(&self, slot: Slot) -> NewOrder {
        let order = &self[slot];
        NewOrder {
            id: order.id,
            client_order: order.client_order,
            price: order.price(),
            lots: order.lots,
            filled: order.filled,
            expires_at: self.expires_at(slot),
            account: order.account,
            market: order.market,
            side: order.side,
            time_in_force: order.time_in_force,
            self_trade: order.self_trade,
            post_only: order.post_only,
            reduce_only: order.reduce_only,
        }
    }

    /// The orders of an account's list, by ascending id.
    pub fn of_account(&self, list: &AccountOrders) -> impl Iterator<Item = Slot> + '_ {
        std::iter::successors(Slot::from_link(list.head), |slot| Slot::from_link(self[*slot].account_next))
    }

    /// The order listed after `slot` in its account's list; to walk the list while the books change.
    #[must_use]
    pub fn next_of_account(&self, slot: Slot) -> Option<Slot> {
        Slot::from_link(self[slot].account_next)
    }

    /// All open orders by ascending id.
    pub fn by_id(&self) -> impl Iterator<Item = Slot> + '_ {
        self.index.slots()
    }

    /// How many orders are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether no order is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }
}

impl Index<Slot> for Orders {
    type Output = Order;

    #[inline]
    fn index(&self, slot: Slot) -> &Order {
        &self.slots[slot.0 as usize]
    }
}

impl IndexMut<Slot> for Orders {
    #[inline]
    fn index_mut(&mut self, slot: Slot) -> &mut Order {
        &mut self.slots[slot.0 as usize]
    }
}

const FAN_OUT: usize = 1024;

/// 1,024 consecutive ids, or 1,024 consecutive pages: both levels of the index have the same shape.
#[derive(Clone, Debug)]
struct Table {
    live: u32,
    entries: [u32; FAN_OUT],
}

impl Table {
    const EMPTY: Self = Self { live: 0, entries: [NONE; FAN_OUT] };
}

/// id → slot. A page or region in which nothing is live is all `NONE`, so it is recycled as it is.
#[derive(Clone, Debug, Default)]
struct IdIndex {
    /// (id / 2^20, its pages), ascending. Normally one or two: a region goes when none of its million ids is open.
    regions: Vec<(u64, Box<Table>)>,
    pages: Vec<Table>,
    pages_free: Vec<u32>,
}

/// region, page in region, id in page
fn split(id: OrderId) -> (u64, usize, usize) {
    let low = usize::try_from(id.0 & 0xf_ffff).expect("20 bits");
    (id.0 >> 20, low / FAN_OUT, low % FAN_OUT)
}

impl IdIndex {
    fn insert(&mut self, id: OrderId, slot: u32) {
        let (key, page_in_region, entry) = split(id);
        let at = match self.find(key) {
            Ok(at) => at,
            Err(at) => {
                self.regions.insert(at, (key, Box::new(Table::EMPTY)));
                at
            }
        };
        let region = &mut self.regions[at].1;
        let mut page = region.entries[page_in_region];
        if page == NONE {
            page = self.pages_free.pop().unwrap_or_else(|| {
                self.pages.push(Table::EMPTY);
                u32::try_from(self.pages.len() - 1).expect("fewer pages than orders")
            });
            region.entries[page_in_region] = page;
            region.live += 1;
        }
        let page = &mut self.pages[page as usize];
        assert!(page.entries[entry] == NONE, "order {} is already open", id.0);
        page.entries[entry] = slot;
        page.live += 1;
    }

    fn remove(&mut self, id: OrderId) {
        let (key, page_in_region, entry) = split(id);
        let at = self.find(key).expect("the order is indexed");
        let region = &mut self.regions[at].1;
        let page_at = region.entries[page_in_region];
        let page = &mut self.pages[page_at as usize];
        assert!(page.entries[entry] != NONE, "order {} is not open", id.0);
        page.entries[entry] = NONE;
        page.live -= 1;
        if page.live == 0 {
            self.pages_free.push(page_at);
            region.entries[page_in_region] = NONE;
            region.live -= 1;
            if region.live == 0 {
                self.regions.remove(at);
            }
        }
    }

    #[inline]
    fn slot(&self, id: OrderId) -> Option<Slot> {
        let (key, page_in_region, entry) = split(id);
        let region = &self.regions[self.find(key).ok()?].1;
        let page = self.pages.get(region.entries[page_in_region] as usize)?;
        Slot::from_link(page.entries[entry])
    }

    fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let pages = self.regions.iter().flat_map(|(_, region)| region.entries.iter());
        pages
            .filter_map(|page| self.pages.get(*page as usize))
            .flat_map(|page| page.entries.iter().filter_map(|link| Slot::from_link(*link)))
    }

    /// Where the region is, or where it would go. The newest is asked first: most commands are about recent orders.
    #[inline]
    fn find(&self, key: u64) -> Result<usize, usize> {
        match self.regions.last() {
            Some((last, _)) if *last == key => Ok(self.regions.len() - 1),
            _ => self.regions.binary_search_by_key(&key, |(region, _)| *region),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(id: u64) -> NewOrder {
        NewOrder {
            id: OrderId(id),
            client_order: 0,
            price: Ticks(1),
            lots: Lots(1),
            filled: Lots(0),
            expires_at: 0,
            account: AccountId(1),
            market: MarketId(1),
            side: Side::Buy,
            time_in_force: TimeInForce::GoodTillCancel,
            self_trade: SelfTrade::Allow,
            post_only: false,
            reduce_only: false,
        }
    }

    #[test]
    fn memory_follows_the_open_orders() {
        let mut orders = Orders::default();
        let oldest = orders.insert(&order(1));
        for id in 2..3_000_000 {
            let slot = orders.insert(&order(id));
            orders.remove(slot);
        }
        assert_eq!((2, 2), (orders.slots.len(), orders.index.pages.len()));
        assert_eq!(1, orders.index.regions.len(), "only the oldest order's region is left");
        assert_eq!(Some(oldest), orders.slot(OrderId(1)));
    }
}
