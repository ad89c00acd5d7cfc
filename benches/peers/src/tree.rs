//! The book most people would write, written with care: a BTreeMap of levels a side, dense recycled slots, intrusive
//! queues and a dense id index. It is here for honesty: what of the ratio is the ladder, and what is only diligence.

use std::collections::BTreeMap;

use crate::Peer;
use crate::book_flow::Message;
use crate::book_loop::Tally;

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Node {
    id: u64,
    lots: u64,
    price: u32,
    prev: u32,
    next: u32,
    buy: bool,
}

#[derive(Clone, Copy)]
struct Level {
    head: u32,
    tail: u32,
    lots: u64,
}

/// The book.
#[derive(Default)]
pub struct Tree {
    buys: BTreeMap<u32, Level>,
    sells: BTreeMap<u32, Level>,
    nodes: Vec<Node>,
    free: Vec<u32>,
    slots: Vec<u32>,
}

impl Tree {
    fn remove(&mut self, slot: u32) {
        let node = self.nodes[slot as usize];
        self.slots[usize::try_from(node.id).expect("64 bits")] = NONE;
        self.free.push(slot);
        if node.prev != NONE {
            self.nodes[node.prev as usize].next = node.next;
        }
        if node.next != NONE {
            self.nodes[node.next as usize].prev = node.prev;
        }
        let levels = if node.buy { &mut self.buys } else { &mut self.sells };
        if node.prev & node.next == NONE {
            levels.remove(&node.price);
            return;
        }
        let level = levels.get_mut(&node.price).expect("the order rests");
        level.lots -= node.lots;
        if node.prev == NONE {
            level.head = node.next;
        }
        if node.next == NONE {
            level.tail = node.prev;
        }
    }

    fn rest(&mut self, buy: bool, price: u32, lots: u64) {
        let id = self.slots.len() as u64 - 1;
        let slot = self.free.pop().unwrap_or_else(|| u32::try_from(self.nodes.len()).expect("32 bits"));
        let levels = if buy { &mut self.buys } else { &mut self.sells };
        let level = levels.entry(price).or_insert(Level { head: slot, tail: NONE, lots: 0 });
        let node = Node { id, lots, price, prev: level.tail, next: NONE, buy };
        let prev = std::mem::replace(&mut level.tail, slot);
        level.lots += lots;
        if prev != NONE {
            self.nodes[prev as usize].next = slot;
        }
        match self.nodes.get_mut(slot as usize) {
            Some(place) => *place = node,
            None => self.nodes.push(node),
        }
        *self.slots.last_mut().expect("the id was numbered") = slot;
    }

    fn take(&mut self, buy: bool, limit: u32, mut lots: u64, tally: &mut Tally) -> u64 {
        let taker = self.slots.len() as u64 - 1;
        while lots > 0 {
            let best = if buy { self.sells.first_entry() } else { self.buys.last_entry() };
            let Some(mut best) = best else { break };
            let price = *best.key();
            if if buy { price > limit } else { price < limit } {
                break;
            }
            let slot = best.get().head;
            let maker = &mut self.nodes[slot as usize];
            let filled = lots.min(maker.lots);
            tally.trade(maker.id, taker, u64::from(price), filled);
            lots -= filled;
            if filled == maker.lots {
                self.remove(slot);
            } else {
                maker.lots -= filled;
                best.get_mut().lots -= filled;
            }
        }
        lots
    }
}

impl Peer for Tree {
    fn new() -> Self {
        Self { slots: vec![NONE], ..Self::default() }
    }

    fn send(&mut self, message: Message, tally: &mut Tally) {
        match message {
            Message::Cancel { id } => {
                let slot = self.slots[usize::try_from(id).expect("64 bits")];
                if slot != NONE {
                    tally.cancelled += 1;
                    self.remove(slot);
                }
            }
            Message::New { buy, immediate, lots, price } => {
                tally.accepted += 1;
                self.slots.push(NONE);
                let left = self.take(buy, price, u64::from(lots), tally);
                if left > 0 && !immediate {
                    self.rest(buy, price, left);
                }
            }
        }
    }
}
