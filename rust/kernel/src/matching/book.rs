//! What a book does, whatever it is made of.
//!
//! A book holds the resting orders of one market in price-time priority: the better price first, at one price the
//! earlier. It only keeps order; prices, sizes and owners are in [`Orders`], and who may trade with whom is decided by
//! the caller. A book is never crossed, because an order rests only after it has met all it can meet.
//!
//! Two books stand behind this trait: [`Ladder`](super::ladder::Ladder), which the kernel runs, and
//! [`Naive`](super::naive::Naive), which is obviously right. `tests/book.rs` holds both to the same scenarios and
//! compares them step by step.
//!
//! For the state digest the price axis is cut into fixed *buckets* of 64 ticks; a book remembers which buckets changed
//! since it was last asked, so only those are hashed again.

use super::orders::{Order, Orders, Slot};
use crate::command::Side;
use crate::quantities::{Lots, Ticks};

/// Ticks in one digest bucket: prices `64·b .. 64·b + 63` are in bucket `b`.
pub const BUCKET_TICKS: u32 = 64;

/// One price of one side, summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthLevel {
    /// The price.
    pub price: Ticks,
    /// Open lots of all orders at the price. Wider than an order's: reduce-only orders take no room under the position
    /// limit, so a level may hold more than 2^63 lots, and no input may overflow the kernel.
    pub lots: i128,
    /// How many orders rest there.
    pub orders: u32,
}

/// The resting orders of one market.
pub trait Book {
    /// An empty book for prices `1 ..= price_max`.
    fn new(price_max: Ticks) -> Self;

    /// Puts an order at the tail of its price.
    ///
    /// # Panics
    /// If the order has no open lots, its price is outside the book, or it would cross the other side.
    fn insert(&mut self, orders: &mut Orders, slot: Slot);

    /// Takes a resting order out; its slot stays valid.
    fn remove(&mut self, orders: &mut Orders, slot: Slot);

    /// Takes `lots` off a resting order, which keeps its place.
    ///
    /// # Panics
    /// If `lots` is not less than what is open: an order with nothing left is removed instead.
    fn reduce(&mut self, orders: &mut Orders, slot: Slot, lots: Lots);

    /// The best price of a side: the highest buy, the lowest sell.
    fn best(&self, side: Side) -> Option<Ticks>;

    /// The first order of a side in priority.
    fn head(&self, side: Side) -> Option<Slot>;

    /// The order that follows a resting one in the priority of its whole side.
    fn after(&self, orders: &Orders, slot: Slot) -> Option<Slot>;

    /// Up to `levels` prices of a side, best first. Sums the orders up, so it takes a step an order: a question for views,
    /// not for the matching loop.
    fn depth(&self, orders: &Orders, side: Side, levels: usize) -> Vec<DepthLevel>;

    /// The orders of a side at a price, in priority. Any price may be asked; where no order can rest there is none.
    fn queue(&self, orders: &Orders, side: Side, price: Ticks) -> Vec<Slot>;

    /// The buckets in which anything changed since the last call, ascending.
    fn drain_dirty(&mut self) -> Vec<u32>;

    /// The buckets that hold an order, ascending.
    fn buckets(&self) -> Vec<u32>;

    /// Visits the orders of a bucket by ascending price, at one price in priority.
    fn for_each_in_bucket(&self, orders: &Orders, bucket: u32, visit: impl FnMut(Slot, &Order));
}
