//! Every open order of the exchange, in dense recycled slots.
//!
//! A slot is a small number that names an order while it is open; books, accounts and the id index all speak in slots,
//! so an order is reached by one array access and freed by pushing its slot on a free list. Slots are an artefact of
//! memory, never of state: two kernels in the same state may hold the same order in different slots (one of them was
//! loaded from a snapshot), so nothing that is digested, saved or announced may contain one. Ids are what is stable.
//!
//! ```text
//! slot          0          1          2
//!          ┌──────────┬──────────┬──────────┬──
//! bodies   │ Order    │ Order    │ (free)   │     64 bytes each: one cache line an order
//!          ├──────────┼──────────┼──────────┼──
//! queue    │prev│next │prev│next │    │free │     8 bytes: its neighbours at its price, or the next free slot
//!          ├──────────┼──────────┼──────────┼──
//! owned    │prev│next │prev│next │          │     8 bytes: its neighbours among its account's orders
//!          └──────────┴──────────┴──────────┴──
//! ```
//!
//! The links stand apart because an order that leaves a queue writes to both neighbours: in a deep book those are cache
//! misses, and eight links share a line where one body fills it.

use std::ops::{Index, IndexMut};

use super::ids::IdIndex;
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

/// An open order: one cache line, so whatever is done with an order touches one line of it, apart from its links.
///
/// ```text
///  0        8         16      24        32           40      44       48      50     51            52         53          54
/// ┌────────┬─────────┬───────┬─────────┬────────────┬───────┬────────┬───────┬──────┬─────────────┬──────────┬───────────┬─────────────┐
/// │ id     │ client  │ lots  │ filled  │ expires_at │ price │ account│ market│ side │time in force│self trade│ post only │ reduce only │
/// │ u64    │ u64     │ i64   │ i64     │ u64        │ u32   │ u32    │ u16   │ u8   │ u8          │ u8       │ bool      │ bool        │ to 64
/// └────────┴─────────┴───────┴─────────┴────────────┴───────┴────────┴───────┴──────┴─────────────┴──────────┴───────────┴─────────────┘
/// ```
///
/// (The compiler may arrange the fields otherwise; the size is asserted below.) A price fits 32 bits because `price_max`
/// of a market does; it is widened where it leaves.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Order {
    /// The order's id; 0 in a free slot.
    pub id: OrderId,
    /// The client's own id, 0 for none.
    pub client_order: u64,
    /// Open lots. While the order rests, change them through its book, which marks the change.
    pub lots: Lots,
    /// Lots filled so far.
    pub filled: Lots,
    /// Expiry in nanoseconds since the epoch, 0 for none.
    pub expires_at: u64,
    pub(super) price_ticks: u32,
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

const _: () = assert!(size_of::<Order>() == 64);

impl Order {
    fn new(new: &NewOrder) -> Self {
        Self {
            id: new.id,
            client_order: new.client_order,
            lots: new.lots,
            filled: new.filled,
            expires_at: new.expires_at,
            price_ticks: price_ticks(new.price),
            account: new.account,
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

/// A place in a list of slots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) prev: u32,
    pub(super) next: u32,
}

/// Doubly linked lists threaded through the slots; whoever owns a list keeps its head and tail.
#[derive(Clone, Debug, Default)]
pub(super) struct Links(Vec<Link>);

impl Links {
    /// The neighbours of a slot.
    #[inline]
    pub(super) fn of(&self, slot: u32) -> Link {
        self.0[slot as usize]
    }

    /// Puts a slot between two neighbours, either of which may be absent.
    #[inline]
    pub(super) fn join(&mut self, link: Link, slot: u32) {
        self.0[slot as usize] = link;
        if link.prev != NONE {
            self.0[link.prev as usize].next = slot;
        }
        if link.next != NONE {
            self.0[link.next as usize].prev = slot;
        }
    }

    /// Takes a slot out from between its neighbours, and tells them.
    #[inline]
    pub(super) fn part(&mut self, slot: u32) -> Link {
        let link = self.0[slot as usize];
        if link.prev != NONE {
            self.0[link.prev as usize].next = link.next;
        }
        if link.next != NONE {
            self.0[link.next as usize].prev = link.prev;
        }
        link
    }
}

/// All open orders: slots, id index and account lists.
#[derive(Clone, Debug)]
pub struct Orders {
    bodies: Vec<Order>,
    /// The queues of all books; in a free slot `next` is the next free one.
    pub(super) queue: Links,
    owned: Links,
    /// The slot freed last is used first, while it is in cache.
    free: u32,
    live: usize,
    index: IdIndex,
}

impl Default for Orders {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl Orders {
    /// Room for `capacity` open orders before the slab has to grow (growing copies it).
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            bodies: Vec::with_capacity(capacity),
            queue: Links(Vec::with_capacity(capacity)),
            owned: Links(Vec::with_capacity(capacity)),
            free: NONE,
            live: 0,
            index: IdIndex::default(),
        }
    }

    /// Takes the order in and gives it a slot; it is in no book and in no account's list yet.
    ///
    /// # Panics
    /// If the id is 0 or already open, the price is out of range, or 2^32 − 1 orders are open.
    pub fn insert(&mut self, new: &NewOrder) -> Slot {
        assert!(new.id.0 != 0, "order id 0 means none");
        let order = Order::new(new);
        let slot = self.free;
        let slot = if slot == NONE {
            self.grow(order)
        } else {
            self.free = self.queue.of(slot).next;
            self.bodies[slot as usize] = order;
            slot
        };
        self.index.insert(new.id, slot);
        self.live += 1;
        Slot(slot)
    }

    #[cold]
    fn grow(&mut self, order: Order) -> u32 {
        let slot = u32::try_from(self.bodies.len()).expect("fewer than 2^32 open orders");
        assert!(slot != NONE, "the last slot number means none");
        self.bodies.push(order);
        self.queue.0.push(Link { prev: NONE, next: NONE });
        self.owned.0.push(Link { prev: NONE, next: NONE });
        slot
    }

    /// Frees the slot. The order must have left its book and its account's list before.
    ///
    /// # Panics
    /// If the slot is free.
    pub fn remove(&mut self, slot: Slot) {
        let order = &mut self.bodies[slot.0 as usize];
        self.index.remove(order.id);
        order.id = OrderId(0);
        self.queue.0[slot.0 as usize].next = self.free;
        self.free = slot.0;
        self.live -= 1;
    }

    /// Appends the order to its account's list. Orders are listed by ascending id, because a mass cancel goes by it: new
    /// ids are the highest, an amended order keeps its place, and a snapshot is loaded by id.
    pub fn link_account(&mut self, slot: Slot, list: &mut AccountOrders) {
        let prev = list.tail;
        debug_assert!(prev == NONE || self[Slot(prev)].id < self[slot].id, "orders are listed by ascending id");
        self.owned.join(Link { prev, next: NONE }, slot.0);
        if prev == NONE {
            list.head = slot.0;
        }
        list.tail = slot.0;
        list.count += 1;
    }

    /// Takes the order out of its account's list.
    pub fn unlink_account(&mut self, slot: Slot, list: &mut AccountOrders) {
        let Link { prev, next } = self.owned.part(slot.0);
        if prev == NONE {
            list.head = next;
        }
        if next == NONE {
            list.tail = prev;
        }
        list.count -= 1;
    }

    /// The slot of an open order.
    #[must_use]
    pub fn slot(&self, id: OrderId) -> Option<Slot> {
        self.index.slot(id)
    }

    /// Asks for where [`Orders::slot`] will look.
    #[inline]
    pub fn prefetch_slot(&self, id: OrderId) {
        self.index.prefetch(id);
    }

    /// The expiry in nanoseconds since the epoch, 0 for none.
    #[must_use]
    pub fn expires_at(&self, slot: Slot) -> u64 {
        self[slot].expires_at
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
            expires_at: order.expires_at,
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
        std::iter::successors(Slot::from_link(list.head), |slot| Slot::from_link(self.owned.of(slot.0).next))
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
        &self.bodies[slot.0 as usize]
    }
}

impl IndexMut<Slot> for Orders {
    #[inline]
    fn index_mut(&mut self, slot: Slot) -> &mut Order {
        &mut self.bodies[slot.0 as usize]
    }
}
