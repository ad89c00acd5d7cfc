//! The fast book: one ladder of price levels for both sides, with a bitmap to step over the empty ones.
//!
//! ```text
//! price   30        18 17          6 5       0
//!        ┌────────────┬─────────────┬─────────┐
//!        │ chunk      │ page        │ level   │
//!        └────────────┴─────────────┴─────────┘
//! chunks[chunk] ──► pages[page] ──► levels[64·page + level] = head │ tail
//!   │                 │               │
//!   └ occupied_chunks └ words[64]     └ occupied[page], one bit a level
//!     one bit a chunk   one bit a page, and
//!                       summary, one bit a word
//! ```
//!
//! * One ladder is enough, because a book is never crossed: a level below the best sell is a buy. The next worse price
//!   of a side is the nearest set bit away from the other side: one word off, rarely three, however empty the book is.
//! * A page of 64 levels exists while one of them is occupied, and is then recycled, so memory follows the occupied
//!   prices; a chunk (2^18 ticks) is made when first touched and carries the dirty marks, so it stays until
//!   they are asked for.
//! * A level is its queue's two ends and nothing else. Totals are summed up when a view asks for depth, so an order that
//!   shrinks, or leaves from the middle of its queue, does not touch its level at all, and there is no total to be wrong.
//! * The best level of each side is cached with its place, so the matching loop never searches for the top.
//! * A page is also the digest's bucket, and marking it dirty is a bit in a word that the insert has just touched.

use super::book::{BUCKET_TICKS, Book, DepthLevel};
use super::orders::{Link, NONE, Order, Orders, Slot, price_ticks};
use crate::command::Side;
use crate::quantities::{Lots, Ticks};

const CHUNK_PAGES: usize = 4096;
const _: () = assert!(BUCKET_TICKS == 64, "a page is a bucket, and a page is one word of bits");

/// The queue at one price: eight levels to a cache line.
#[derive(Clone, Copy, Debug)]
struct Level {
    head: u32,
    tail: u32,
}

const _: () = assert!(size_of::<Level>() == 8);

impl Level {
    const EMPTY: Self = Self { head: NONE, tail: NONE };
}

/// 2^18 ticks: which of its pages are occupied, which are dirty, and where they are.
#[derive(Clone, Debug)]
struct Chunk {
    summary: u64,
    words: [u64; 64],
    dirty_summary: u64,
    dirty: [u64; 64],
    pages: [u32; CHUNK_PAGES],
}

impl Chunk {
    const EMPTY: Self =
        Self { summary: 0, words: [0; 64], dirty_summary: 0, dirty: [0; 64], pages: [NONE; CHUNK_PAGES] };

    /// Marks a page dirty; answers whether it is the chunk's first.
    #[cold]
    fn mark(&mut self, place: Place) -> bool {
        let first = self.dirty_summary == 0;
        self.dirty_summary |= 1 << place.word;
        self.dirty[place.word] |= 1 << place.bit;
        first
    }
}

/// The parts of a price.
#[derive(Clone, Copy)]
struct Place {
    chunk: usize,
    page: usize,
    /// `page / 64` and `page % 64`: where the page is in the chunk's bitmaps.
    word: usize,
    bit: u32,
    level: u32,
}

impl Place {
    #[inline(always)]
    fn of(price: u32) -> Self {
        let page = (price >> 6) as usize % CHUNK_PAGES;
        Self { chunk: (price >> 18) as usize, page, word: page / 64, bit: (price >> 6) % 64, level: price % 64 }
    }
}

/// The best level of a side and its place in `levels`. With nothing on the side the price is the one that any price
/// betters: 0 for buys, the largest for sells.
#[derive(Clone, Copy, Debug)]
struct Best {
    price: u32,
    level: u32,
}

impl Best {
    const fn none(side: Side) -> Self {
        match side {
            Side::Buy => Self { price: 0, level: NONE },
            Side::Sell => Self { price: u32::MAX, level: NONE },
        }
    }
}

impl Best {
    #[inline]
    const fn is_bettered_by(self, price: u32, side: Side) -> bool {
        match side {
            Side::Buy => price > self.price,
            Side::Sell => price < self.price,
        }
    }
}

/// Price-time priority by bitmap.
#[derive(Clone, Debug)]
pub struct Ladder {
    price_max: u32,
    best_buy: Best,
    best_sell: Best,
    /// 64 levels a page; a free page is all empty.
    levels: Vec<Level>,
    /// One word a page, beside `levels`.
    occupied: Vec<u64>,
    pages_free: Vec<u32>,
    chunks: Vec<Option<Box<Chunk>>>,
    occupied_chunks: Vec<u64>,
    dirty_chunks: Vec<u32>,
}

/// The set bits of `word` strictly on the worse side of `bit`: above it for sells, below it for buys.
#[inline]
fn worse(word: u64, bit: u32, side: Side) -> u64 {
    match side {
        Side::Buy => word & ((1 << bit) - 1),
        Side::Sell => word & (!1 << bit),
    }
}

/// The best set bit of a word that is not 0.
#[inline]
fn best_bit(word: u64, side: Side) -> u32 {
    match side {
        Side::Buy => word.ilog2(),
        Side::Sell => word.trailing_zeros(),
    }
}

fn price(ticks: u32) -> Ticks {
    Ticks(i64::from(ticks))
}

fn set_bits(word: u64) -> impl Iterator<Item = u32> {
    std::iter::successors((word != 0).then_some(word), |rest| {
        let rest = rest & (rest - 1);
        (rest != 0).then_some(rest)
    })
    .map(u64::trailing_zeros)
}

impl Ladder {
    #[inline]
    fn side(&self, side: Side) -> &Best {
        match side {
            Side::Buy => &self.best_buy,
            Side::Sell => &self.best_sell,
        }
    }

    #[inline]
    fn side_mut(&mut self, side: Side) -> &mut Best {
        match side {
            Side::Buy => &mut self.best_buy,
            Side::Sell => &mut self.best_sell,
        }
    }

    /// Where a price is in `levels`, if its page exists.
    #[inline]
    fn level_at(&self, place: Place) -> Option<u32> {
        let chunk = self.chunks.get(place.chunk)?.as_ref()?;
        let page = chunk.pages[place.page];
        (page != NONE).then_some((page << 6) | place.level)
    }

    /// Marks the bucket of a price dirty; its chunk exists.
    #[inline(always)]
    fn touch(&mut self, place: Place) {
        let chunk = self.chunks[place.chunk].as_mut().expect("a touched price has a chunk");
        let mark = 1 << place.bit;
        if chunk.dirty[place.word] & mark == 0 && chunk.mark(place) {
            self.dirty_chunks.push(u32::try_from(place.chunk).expect("13 bits"));
        }
    }

    /// Makes the page of a price, and gives the price's place in `levels`.
    #[cold]
    fn make_level(&mut self, place: Place) -> u32 {
        if self.chunks.len() <= place.chunk {
            self.chunks.resize_with(place.chunk + 1, || None);
            self.occupied_chunks.resize(self.chunks.len().div_ceil(64), 0);
        }
        let page = self.pages_free.pop().unwrap_or_else(|| {
            self.levels.resize(self.levels.len() + 64, Level::EMPTY);
            self.occupied.push(0);
            u32::try_from(self.occupied.len() - 1).expect("2^25 pages at most")
        });
        let chunk = self.chunks[place.chunk].get_or_insert_with(|| Box::new(Chunk::EMPTY));
        chunk.pages[place.page] = page;
        chunk.words[place.word] |= 1 << place.bit;
        chunk.summary |= 1 << place.word;
        self.occupied_chunks[place.chunk / 64] |= 1 << (place.chunk % 64);
        (page << 6) | place.level
    }

    #[cold]
    fn free_page(&mut self, place: Place) {
        let chunk = self.chunks[place.chunk].as_mut().expect("an occupied page has a chunk");
        let page = std::mem::replace(&mut chunk.pages[place.page], NONE);
        chunk.words[place.word] &= !(1 << place.bit);
        if chunk.words[place.word] == 0 {
            chunk.summary &= !(1 << place.word);
            if chunk.summary == 0 {
                self.occupied_chunks[place.chunk / 64] &= !(1 << (place.chunk % 64));
            }
        }
        self.pages_free.push(page);
    }

    /// Forgets a level that has lost its last order.
    fn empty_level(&mut self, place: Place, ticks: u32, at: u32, side: Side) {
        let page = &mut self.occupied[(at / 64) as usize];
        *page &= !(1 << place.level);
        if *page == 0 {
            self.free_page(place);
        }
        if self.side(side).price == ticks {
            *self.side_mut(side) = self.next_worse(ticks, side);
        }
    }

    /// The next occupied price of a side that is worse than an occupied or just emptied one.
    #[inline]
    fn next_worse(&self, from: u32, side: Side) -> Best {
        let place = Place::of(from);
        let Some(chunk) = self.chunks[place.chunk].as_ref() else { return Best::none(side) };
        let page = chunk.pages[place.page];
        if page != NONE {
            let rest = worse(self.occupied[page as usize], place.level, side);
            if rest != 0 {
                let level = best_bit(rest, side);
                return Best { price: (from & !63) | level, level: (page << 6) | level };
            }
        }
        self.next_page(place, chunk, side)
    }

    fn next_page(&self, place: Place, chunk: &Chunk, side: Side) -> Best {
        let rest = worse(chunk.words[place.word], place.bit, side);
        if rest != 0 {
            return self.best_in_page(place.chunk, chunk, place.word * 64 + best_bit(rest, side) as usize, side);
        }
        let word = u32::try_from(place.word).expect("6 bits");
        let rest = worse(chunk.summary, word, side);
        if rest != 0 {
            return self.best_in_word(place.chunk, chunk, best_bit(rest, side), side);
        }
        let bit = u32::try_from(place.chunk % 64).expect("6 bits");
        let rest = worse(self.occupied_chunks[place.chunk / 64], bit, side);
        let at = place.chunk / 64;
        // At most 2^13 chunks, so at most 128 words, and only when 2^18 ticks in a row are empty.
        let found = match (rest, side) {
            (0, Side::Buy) => (0..at).rev().find(|word| self.occupied_chunks[*word] != 0),
            (0, Side::Sell) => (at + 1..self.occupied_chunks.len()).find(|word| self.occupied_chunks[*word] != 0),
            _ => Some(at),
        };
        let Some(found) = found else { return Best::none(side) };
        let rest = if found == at { rest } else { self.occupied_chunks[found] };
        let at = found * 64 + best_bit(rest, side) as usize;
        let chunk = self.chunks[at].as_ref().expect("an occupied chunk exists");
        self.best_in_word(at, chunk, best_bit(chunk.summary, side), side)
    }

    fn best_in_word(&self, at: usize, chunk: &Chunk, word: u32, side: Side) -> Best {
        let bit = best_bit(chunk.words[word as usize], side);
        self.best_in_page(at, chunk, (word * 64 + bit) as usize, side)
    }

    fn best_in_page(&self, at: usize, chunk: &Chunk, page_in_chunk: usize, side: Side) -> Best {
        let page = chunk.pages[page_in_chunk];
        let level = best_bit(self.occupied[page as usize], side);
        let page_price = u32::try_from((at * CHUNK_PAGES + page_in_chunk) * 64).expect("31 bits");
        Best { price: page_price + level, level: page * 64 + level }
    }

    /// The occupied levels of a side, best first.
    fn levels_of(&self, side: Side) -> impl Iterator<Item = Best> + '_ {
        let occupied = |best: Best| (best.level != NONE).then_some(best);
        std::iter::successors(occupied(*self.side(side)), move |best| occupied(self.next_worse(best.price, side)))
    }
}

impl Book for Ladder {
    fn new(price_max: Ticks) -> Self {
        Self {
            price_max: price_ticks(price_max),
            best_buy: Best::none(Side::Buy),
            best_sell: Best::none(Side::Sell),
            levels: Vec::new(),
            occupied: Vec::new(),
            pages_free: Vec::new(),
            chunks: Vec::new(),
            occupied_chunks: Vec::new(),
            dirty_chunks: Vec::new(),
        }
    }

    #[inline]
    fn insert(&mut self, orders: &mut Orders, slot: Slot) {
        let order = &orders[slot];
        let (ticks, side) = (order.price_ticks, order.side);
        assert!(order.lots.0 > 0, "a resting order has open lots");
        assert!(ticks <= self.price_max, "a resting order is within the book");
        assert!(ticks < self.best_sell.price || side == Side::Sell, "a book is never crossed");
        assert!(ticks > self.best_buy.price || side == Side::Buy, "a book is never crossed");
        let place = Place::of(ticks);
        let at = self.level_at(place).unwrap_or_else(|| self.make_level(place));
        let level = &mut self.levels[at as usize];
        let tail = std::mem::replace(&mut level.tail, slot.0);
        orders.queue.join(Link { prev: tail, next: NONE }, slot.0);
        if tail == NONE {
            level.head = slot.0;
            self.occupied[(at / 64) as usize] |= 1 << place.level;
            let best = self.side_mut(side);
            if best.is_bettered_by(ticks, side) {
                *best = Best { price: ticks, level: at };
            }
        }
        self.touch(place);
    }

    #[inline]
    fn remove(&mut self, orders: &mut Orders, slot: Slot) {
        let order = &orders[slot];
        let (ticks, side) = (order.price_ticks, order.side);
        let place = Place::of(ticks);
        self.touch(place);
        let Link { prev, next } = orders.queue.part(slot.0);
        if prev == NONE || next == NONE {
            let at = self.level_at(place).expect("a resting order has a level");
            let level = &mut self.levels[at as usize];
            if prev == NONE {
                level.head = next;
            }
            if next == NONE {
                level.tail = prev;
            }
            if prev == next {
                self.empty_level(place, ticks, at, side);
            }
        }
    }

    #[inline]
    fn reduce(&mut self, orders: &mut Orders, slot: Slot, lots: Lots) {
        let order = &mut orders[slot];
        assert!(lots.0 >= 0 && lots < order.lots, "an order with nothing left is removed");
        order.lots = Lots(order.lots.0 - lots.0);
        self.touch(Place::of(order.price_ticks));
    }

    #[inline]
    fn best(&self, side: Side) -> Option<Ticks> {
        let best = self.side(side);
        (best.level != NONE).then(|| price(best.price))
    }

    #[inline]
    fn head(&self, side: Side) -> Option<Slot> {
        self.levels.get(self.side(side).level as usize).map(|level| Slot(level.head))
    }

    #[inline]
    fn after(&self, orders: &Orders, slot: Slot) -> Option<Slot> {
        let order = &orders[slot];
        Slot::from_link(orders.queue.of(slot.0).next).or_else(|| {
            let next = self.next_worse(order.price_ticks, order.side);
            self.levels.get(next.level as usize).map(|level| Slot(level.head))
        })
    }

    fn depth(&self, orders: &Orders, side: Side, levels: usize) -> Vec<DepthLevel> {
        let summed = |best: Best| {
            let head = Slot::from_link(self.levels[best.level as usize].head);
            let queue = std::iter::successors(head, |slot| Slot::from_link(orders.queue.of(slot.0).next));
            let (mut lots, mut count) = (0, 0);
            for slot in queue {
                lots += i128::from(orders[slot].lots.0);
                count += 1;
            }
            DepthLevel { price: price(best.price), lots, orders: count }
        };
        self.levels_of(side).take(levels).map(summed).collect()
    }

    fn queue(&self, orders: &Orders, side: Side, price: Ticks) -> Vec<Slot> {
        let Ok(ticks) = u32::try_from(price.0) else { return Vec::new() };
        // The level of a price is the other side's if it is not between this side's best and its end.
        let ours = match side {
            Side::Buy => ticks <= self.best_buy.price,
            Side::Sell => ticks >= self.best_sell.price,
        };
        let level = self.level_at(Place::of(ticks)).filter(|_| ours);
        let head = level.and_then(|at| Slot::from_link(self.levels[at as usize].head));
        std::iter::successors(head, |slot| Slot::from_link(orders.queue.of(slot.0).next)).collect()
    }

    fn drain_dirty(&mut self) -> Vec<u32> {
        let mut dirty = Vec::new();
        self.dirty_chunks.sort_unstable();
        for at in std::mem::take(&mut self.dirty_chunks) {
            let chunk = self.chunks[at as usize].as_mut().expect("a dirty chunk exists");
            for word in set_bits(std::mem::take(&mut chunk.dirty_summary)) {
                let bits = std::mem::take(&mut chunk.dirty[word as usize]);
                dirty.extend(set_bits(bits).map(|bit| (at * 64 + word) * 64 + bit));
            }
            // An empty chunk has told all it knew. Kept, one client's far-off prices would cost the venue 136 MB a market.
            if chunk.summary == 0 {
                self.chunks[at as usize] = None;
            }
        }
        dirty
    }

    fn buckets(&self) -> Vec<u32> {
        let mut buckets = Vec::new();
        for (at, chunk) in (0..).zip(&self.chunks) {
            let Some(chunk) = chunk else { continue };
            for word in set_bits(chunk.summary) {
                buckets.extend(set_bits(chunk.words[word as usize]).map(|bit| (at * 64 + word) * 64 + bit));
            }
        }
        buckets
    }

    fn for_each_in_bucket(&self, orders: &Orders, bucket: u32, mut visit: impl FnMut(Slot, &Order)) {
        let Some(first) = self.level_at(Place::of(bucket * BUCKET_TICKS)) else { return };
        for level in set_bits(self.occupied[(first / 64) as usize]) {
            let mut at = self.levels[(first + level) as usize].head;
            while at != NONE {
                visit(Slot(at), &orders[Slot(at)]);
                at = orders.queue.of(at).next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{SelfTrade, TimeInForce};
    use crate::matching::orders::NewOrder;
    use crate::quantities::{AccountId, MarketId, OrderId};

    #[test]
    fn pages_follow_the_occupied_prices() {
        let mut orders = Orders::default();
        let mut book = Ladder::new(Ticks(i64::from(i32::MAX)));
        for id in 1..=10_000_u64 {
            let slot = orders.insert(&NewOrder {
                id: OrderId(id),
                client_order: 0,
                price: Ticks(i64::try_from(id * 200_000).unwrap()),
                lots: Lots(1),
                filled: Lots(0),
                expires_at: 0,
                account: AccountId(1),
                market: MarketId(1),
                side: Side::Sell,
                time_in_force: TimeInForce::GoodTillCancel,
                self_trade: SelfTrade::Allow,
                post_only: false,
                reduce_only: false,
            });
            book.insert(&mut orders, slot);
            assert_eq!(1, book.occupied.len() - book.pages_free.len());
            book.remove(&mut orders, slot);
            orders.remove(slot);
        }
        assert_eq!(1, book.occupied.len(), "one page served every price in turn");
        assert_eq!(7_630, book.chunks.iter().flatten().count(), "a chunk remembers that it changed");
        assert_eq!(10_000, book.drain_dirty().len());
        assert_eq!(0, book.chunks.iter().flatten().count(), "and goes once it has said so");
    }
}
