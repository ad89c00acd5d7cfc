//! The obvious book: a sorted map of queues for each side.
//!
//! It is here to be believed, not to be fast: every answer is read off the structure that defines it. The shared test
//! compares the [`Ladder`](super::ladder::Ladder) with it after every step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::book::{BUCKET_TICKS, Book, DepthLevel};
use super::orders::{Order, Orders, Slot};
use crate::command::Side;
use crate::quantities::{Lots, Ticks};

type Queues = BTreeMap<Ticks, VecDeque<Slot>>;

/// Price-time priority by the definition.
#[derive(Clone, Debug)]
pub struct Naive {
    price_max: Ticks,
    buys: Queues,
    sells: Queues,
    dirty: BTreeSet<u32>,
}

impl Naive {
    fn queues(&self, side: Side) -> &Queues {
        match side {
            Side::Buy => &self.buys,
            Side::Sell => &self.sells,
        }
    }

    fn queues_mut(&mut self, side: Side) -> &mut Queues {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }

    /// The prices of a side with their queues, best first.
    fn levels(&self, side: Side) -> Box<dyn Iterator<Item = (&Ticks, &VecDeque<Slot>)> + '_> {
        match side {
            Side::Buy => Box::new(self.buys.iter().rev()),
            Side::Sell => Box::new(self.sells.iter()),
        }
    }
}

fn bucket_of(price: Ticks) -> u32 {
    u32::try_from(price.0).expect("a price is in 1 ..= 2^31 - 1") / BUCKET_TICKS
}

impl Book for Naive {
    fn new(price_max: Ticks) -> Self {
        Self { price_max, buys: Queues::new(), sells: Queues::new(), dirty: BTreeSet::new() }
    }

    fn insert(&mut self, orders: &mut Orders, slot: Slot) {
        let order = &orders[slot];
        let price = order.price();
        assert!(order.lots.0 > 0, "a resting order has open lots");
        assert!(price <= self.price_max, "a resting order is within the book");
        match order.side {
            Side::Buy => assert!(self.best(Side::Sell).is_none_or(|ask| price < ask), "a book is never crossed"),
            Side::Sell => assert!(self.best(Side::Buy).is_none_or(|bid| price > bid), "a book is never crossed"),
        }
        self.queues_mut(order.side).entry(price).or_default().push_back(slot);
        self.dirty.insert(bucket_of(price));
    }

    fn remove(&mut self, orders: &mut Orders, slot: Slot) {
        let order = &orders[slot];
        let price = order.price();
        let queues = self.queues_mut(order.side);
        let queue = queues.get_mut(&price).expect("a resting order has a level");
        let at = queue.iter().position(|other| *other == slot).expect("a resting order is in its queue");
        queue.remove(at);
        if queue.is_empty() {
            queues.remove(&price);
        }
        self.dirty.insert(bucket_of(price));
    }

    fn reduce(&mut self, orders: &mut Orders, slot: Slot, lots: Lots) {
        let order = &mut orders[slot];
        assert!(lots.0 >= 0 && lots < order.lots, "an order with nothing left is removed");
        order.lots = Lots(order.lots.0 - lots.0);
        self.dirty.insert(bucket_of(order.price()));
    }

    fn best(&self, side: Side) -> Option<Ticks> {
        self.levels(side).next().map(|(price, _)| *price)
    }

    fn head(&self, side: Side) -> Option<Slot> {
        self.levels(side).next().and_then(|(_, queue)| queue.front().copied())
    }

    fn after(&self, orders: &Orders, slot: Slot) -> Option<Slot> {
        let mut rest = self.levels(orders[slot].side).flat_map(|(_, queue)| queue).skip_while(|other| **other != slot);
        rest.next();
        rest.next().copied()
    }

    fn depth(&self, orders: &Orders, side: Side, levels: usize) -> Vec<DepthLevel> {
        self.levels(side)
            .take(levels)
            .map(|(price, queue)| DepthLevel {
                price: *price,
                lots: queue.iter().map(|slot| i128::from(orders[*slot].lots.0)).sum(),
                orders: u32::try_from(queue.len()).expect("fewer orders than slots"),
            })
            .collect()
    }

    fn queue(&self, _orders: &Orders, side: Side, price: Ticks) -> Vec<Slot> {
        self.queues(side).get(&price).map(|queue| queue.iter().copied().collect()).unwrap_or_default()
    }

    fn drain_dirty(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.dirty).into_iter().collect()
    }

    fn buckets(&self) -> Vec<u32> {
        let prices = self.buys.keys().chain(self.sells.keys());
        prices.map(|price| bucket_of(*price)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn for_each_in_bucket(&self, orders: &Orders, bucket: u32, mut visit: impl FnMut(Slot, &Order)) {
        // A bucket may hold both sides; the book is not crossed, so every buy is below every sell.
        for (price, queue) in self.buys.iter().chain(self.sells.iter()) {
            if bucket_of(*price) == bucket {
                for slot in queue {
                    visit(*slot, &orders[*slot]);
                }
            }
        }
    }
}
