//! One suite for every book: the scenarios run on the ladder and on the naive book alike, and a property test drives
//! both with the same random operations and compares all they can say after each step.

use crossbook_kernel::command::{SelfTrade, Side, TimeInForce};
use crossbook_kernel::matching::book::{Book, DepthLevel};
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::matching::naive::Naive;
use crossbook_kernel::matching::orders::{AccountOrders, NewOrder, Orders, Slot};
use crossbook_kernel::quantities::{AccountId, Lots, MarketId, OrderId, Ticks};
use proptest::prelude::*;

const PRICE_MAX: i64 = i32::MAX as i64;

fn new_order(id: u64, side: Side, price: i64, lots: i64) -> NewOrder {
    NewOrder {
        id: OrderId(id),
        client_order: 0,
        price: Ticks(price),
        lots: Lots(lots),
        filled: Lots(0),
        expires_at: 0,
        account: AccountId(1),
        market: MarketId(1),
        side,
        time_in_force: TimeInForce::GoodTillCancel,
        self_trade: SelfTrade::Allow,
        post_only: false,
        reduce_only: false,
    }
}

/// A book with its orders, told in order ids.
struct Desk<B> {
    book: B,
    orders: Orders,
    last_id: u64,
}

impl<B: Book> Desk<B> {
    fn new() -> Self {
        Self { book: B::new(Ticks(PRICE_MAX)), orders: Orders::default(), last_id: 0 }
    }

    fn rest(&mut self, side: Side, price: i64, lots: i64) -> u64 {
        self.last_id += 1;
        let slot = self.orders.insert(&new_order(self.last_id, side, price, lots));
        self.book.insert(&mut self.orders, slot);
        self.last_id
    }

    fn slot(&self, id: u64) -> Slot {
        self.orders.slot(OrderId(id)).expect("the order is open")
    }

    fn cancel(&mut self, id: u64) {
        let slot = self.slot(id);
        self.book.remove(&mut self.orders, slot);
        self.orders.remove(slot);
    }

    fn reduce(&mut self, id: u64, lots: i64) {
        let slot = self.slot(id);
        self.book.reduce(&mut self.orders, slot, Lots(lots));
    }

    fn best(&self, side: Side) -> Option<i64> {
        self.book.best(side).map(|price| price.0)
    }

    /// The ids of a side in priority, by walking from head to end.
    fn priority(&self, side: Side) -> Vec<u64> {
        let chain = std::iter::successors(self.book.head(side), |slot| self.book.after(&self.orders, *slot));
        chain.map(|slot| self.orders[slot].id.0).collect()
    }

    fn queue(&self, side: Side, price: i64) -> Vec<u64> {
        let slots = self.book.queue(&self.orders, side, Ticks(price));
        slots.into_iter().map(|slot| self.orders[slot].id.0).collect()
    }

    /// (price, lots, orders) of a side.
    fn depth(&self, side: Side, levels: usize) -> Vec<(i64, i128, u32)> {
        let row = |level: DepthLevel| (level.price.0, level.lots, level.orders);
        self.book.depth(&self.orders, side, levels).into_iter().map(row).collect()
    }

    fn bucket(&self, bucket: u32) -> Vec<u64> {
        let mut ids = Vec::new();
        self.book.for_each_in_bucket(&self.orders, bucket, |_, order| ids.push(order.id.0));
        ids
    }
}

fn an_empty_book_has_nothing<B: Book>() {
    let mut desk = Desk::<B>::new();
    for side in [Side::Buy, Side::Sell] {
        for price in [i64::MIN, -1, 0, 1, PRICE_MAX, PRICE_MAX + 1, i64::from(u32::MAX), i64::MAX] {
            assert!(desk.queue(side, price).is_empty(), "price {price}");
        }
        assert_eq!(None, desk.best(side));
        assert!(desk.priority(side).is_empty() && desk.depth(side, 9).is_empty() && desk.queue(side, 7).is_empty());
    }
    assert!(desk.book.buckets().is_empty() && desk.book.drain_dirty().is_empty() && desk.bucket(0).is_empty());
}

fn the_better_price_goes_first_then_the_earlier<B: Book>() {
    let mut desk = Desk::<B>::new();
    for (side, price) in [(Side::Buy, 98), (Side::Buy, 99), (Side::Sell, 103), (Side::Sell, 101)] {
        desk.rest(side, price, 5);
        desk.rest(side, price, 6);
    }
    assert_eq!((Some(99), Some(101)), (desk.best(Side::Buy), desk.best(Side::Sell)));
    assert_eq!(vec![3, 4, 1, 2], desk.priority(Side::Buy));
    assert_eq!(vec![7, 8, 5, 6], desk.priority(Side::Sell));
    assert_eq!(vec![(99, 11, 2), (98, 11, 2)], desk.depth(Side::Buy, 5));
    assert_eq!(vec![(101, 11, 2)], desk.depth(Side::Sell, 1));
}

fn an_order_may_leave_from_anywhere_in_its_queue<B: Book>() {
    let mut desk = Desk::<B>::new();
    for _ in 0..5 {
        desk.rest(Side::Sell, 100, 1);
    }
    desk.cancel(3);
    assert_eq!(vec![1, 2, 4, 5], desk.queue(Side::Sell, 100));
    desk.cancel(1);
    desk.cancel(5);
    assert_eq!(vec![2, 4], desk.queue(Side::Sell, 100));
    desk.rest(Side::Sell, 100, 1);
    assert_eq!(vec![2, 4, 6], desk.priority(Side::Sell));
    for id in [2, 4, 6] {
        desk.cancel(id);
    }
    assert_eq!((None, vec![]), (desk.best(Side::Sell), desk.book.buckets()));
}

fn a_reduced_order_keeps_its_place<B: Book>() {
    let mut desk = Desk::<B>::new();
    desk.rest(Side::Buy, 100, 10);
    desk.rest(Side::Buy, 100, 10);
    desk.reduce(1, 9);
    assert_eq!(vec![1, 2], desk.queue(Side::Buy, 100));
    assert_eq!(vec![(100, 11, 2)], desk.depth(Side::Buy, 1));
    assert_eq!(Lots(1), desk.orders[desk.slot(1)].lots);
}

fn the_best_moves_across_any_gap<B: Book>() {
    let mut desk = Desk::<B>::new();
    // Neighbours in a level word, a page word, a chunk word, a chunk, and the two ends of the price axis.
    let prices = [1, 2, 63, 64, 4_095, 4_096, 262_143, 262_144, 16_777_215, 1 << 30, PRICE_MAX - 1, PRICE_MAX];
    let sells: Vec<u64> = prices.iter().rev().map(|price| desk.rest(Side::Sell, *price, 1)).collect();
    for (id, price) in sells.iter().rev().zip(prices) {
        assert_eq!(Some(price), desk.best(Side::Sell));
        desk.cancel(*id);
    }
    let buys: Vec<u64> = prices.iter().map(|price| desk.rest(Side::Buy, *price, 1)).collect();
    assert_eq!(buys.iter().rev().copied().collect::<Vec<_>>(), desk.priority(Side::Buy));
    for (id, price) in buys.iter().zip(prices).rev() {
        assert_eq!(Some(price), desk.best(Side::Buy));
        desk.cancel(*id);
    }
    assert_eq!((None, None), (desk.best(Side::Buy), desk.best(Side::Sell)));
}

fn the_sides_of_one_bucket_stay_apart<B: Book>() {
    let mut desk = Desk::<B>::new();
    desk.rest(Side::Sell, 40, 1);
    desk.rest(Side::Buy, 30, 2);
    desk.rest(Side::Buy, 20, 3);
    desk.rest(Side::Sell, 50, 4);
    desk.rest(Side::Buy, 30, 5);
    assert_eq!(vec![3, 2, 5, 1, 4], desk.bucket(0));
    assert_eq!((vec![2, 5], vec![]), (desk.queue(Side::Buy, 30), desk.queue(Side::Sell, 30)));
    assert_eq!((vec![1], vec![]), (desk.queue(Side::Sell, 40), desk.queue(Side::Buy, 40)));
    for id in [2, 3, 5] {
        desk.cancel(id);
    }
    assert_eq!((None, Some(40)), (desk.best(Side::Buy), desk.best(Side::Sell)));
}

fn every_change_marks_its_bucket_once<B: Book>() {
    let mut desk = Desk::<B>::new();
    desk.rest(Side::Sell, 1 << 30, 9);
    desk.rest(Side::Sell, 640, 9);
    desk.rest(Side::Buy, 639, 9);
    desk.rest(Side::Buy, 1, 9);
    assert_eq!(vec![0, 9, 10, 1 << 24], desk.book.drain_dirty());
    assert_eq!(vec![0, 9, 10, 1 << 24], desk.book.buckets());
    assert!(desk.book.drain_dirty().is_empty());
    desk.reduce(1, 1);
    desk.cancel(3);
    assert_eq!(vec![9, 1 << 24], desk.book.drain_dirty(), "an emptied bucket is dirty too");
    assert_eq!(vec![0, 10, 1 << 24], desk.book.buckets());
}

fn a_level_may_outgrow_64_bits<B: Book>() {
    let mut desk = Desk::<B>::new();
    for _ in 0..4 {
        desk.rest(Side::Buy, 5, i64::MAX);
    }
    assert_eq!(vec![(5, 4 * i128::from(i64::MAX), 4)], desk.depth(Side::Buy, 1));
}

fn a_crossing_order_cannot_rest<B: Book>() {
    let mut desk = Desk::<B>::new();
    desk.rest(Side::Sell, 100, 1);
    desk.rest(Side::Buy, 100, 1);
}

fn nothing_rests_above_the_highest_price<B: Book>() {
    let mut desk = Desk::<B> { book: B::new(Ticks(1_000)), orders: Orders::default(), last_id: 0 };
    desk.rest(Side::Sell, 1_001, 1);
}

fn an_order_is_not_reduced_to_nothing<B: Book>() {
    let mut desk = Desk::<B>::new();
    desk.rest(Side::Sell, 100, 7);
    desk.reduce(1, 7);
}

macro_rules! suite {
    ($book:ident: $($(#[$attribute:meta])* $scenario:ident),* $(,)?) => {
        $($(#[$attribute])* #[test] fn $scenario() { super::$scenario::<$book>(); })*
    };
}

macro_rules! suites {
    ($($module:ident: $book:ident),*) => {
        $(mod $module {
            use super::$book;
            suite!(
                $book:
                an_empty_book_has_nothing,
                the_better_price_goes_first_then_the_earlier,
                an_order_may_leave_from_anywhere_in_its_queue,
                a_reduced_order_keeps_its_place,
                the_best_moves_across_any_gap,
                the_sides_of_one_bucket_stay_apart,
                every_change_marks_its_bucket_once,
                a_level_may_outgrow_64_bits,
                #[should_panic(expected = "never crossed")] a_crossing_order_cannot_rest,
                #[should_panic(expected = "within the book")] nothing_rests_above_the_highest_price,
                #[should_panic(expected = "nothing left")] an_order_is_not_reduced_to_nothing,
            );
        })*
    };
}

suites!(ladder: Ladder, naive: Naive);

/// A step of the property test. `at` picks among the open orders, or a price, in proportion.
#[derive(Clone, Debug)]
enum Step {
    Rest { side: Side, at: u32, lots: i64 },
    Cancel { at: u32 },
    Reduce { at: u32, by: u32 },
    Take { side: Side },
    Drain,
}

fn step() -> impl Strategy<Value = Step> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    prop_oneof![
        6 => (side.clone(), any::<u32>(), 1_i64..1_000).prop_map(|(side, at, lots)| Step::Rest { side, at, lots }),
        2 => any::<u32>().prop_map(|at| Step::Cancel { at }),
        1 => (any::<u32>(), any::<u32>()).prop_map(|(at, by)| Step::Reduce { at, by }),
        2 => side.prop_map(|side| Step::Take { side }),
        1 => Just(Step::Drain),
    ]
}

/// Where the prices fall: a few ticks, a page or two, a chunk or two, and the whole axis.
fn span() -> impl Strategy<Value = (i64, i64)> {
    prop_oneof![Just((1, 8)), Just((1_000, 1_200)), Just((262_000, 262_300)), Just((1, 600_000)), Just((1, PRICE_MAX))]
}

fn pick(at: u32, count: usize) -> Option<usize> {
    (count > 0).then(|| at as usize % count)
}

impl<B: Book> Desk<B> {
    fn play(&mut self, step: &Step, (low, high): (i64, i64), open: &[u64]) {
        match *step {
            Step::Rest { side, at, lots } => {
                let price = low + i64::from(at) % (high - low + 1);
                let price = match side {
                    Side::Buy => self.best(Side::Sell).map_or(price, |ask| price.min(ask - 1)),
                    Side::Sell => self.best(Side::Buy).map_or(price, |bid| price.max(bid + 1)),
                };
                if (low..=high).contains(&price) {
                    self.rest(side, price, lots);
                }
            }
            Step::Cancel { at } => {
                if let Some(index) = pick(at, open.len()) {
                    self.cancel(open[index]);
                }
            }
            Step::Reduce { at, by } => {
                if let Some(index) = pick(at, open.len()) {
                    let lots = self.orders[self.slot(open[index])].lots.0;
                    self.reduce(open[index], i64::from(by) % lots);
                }
            }
            Step::Take { side } => {
                if let Some(head) = self.book.head(side) {
                    self.cancel(self.orders[head].id.0);
                }
            }
            Step::Drain => {}
        }
    }
}

proptest! {
    #[test]
    fn the_ladder_says_what_the_naive_book_says(span in span(), steps in prop::collection::vec(step(), 1..120)) {
        let (mut ladder, mut naive) = (Desk::<Ladder>::new(), Desk::<Naive>::new());
        for step in &steps {
            let open: Vec<u64> = ladder.orders.by_id().map(|slot| ladder.orders[slot].id.0).collect();
            ladder.play(step, span, &open);
            naive.play(step, span, &open);
            prop_assert_eq!(naive.orders.len(), ladder.orders.len());
            for side in [Side::Buy, Side::Sell] {
                prop_assert_eq!(naive.best(side), ladder.best(side));
                prop_assert_eq!(naive.priority(side), ladder.priority(side));
                let depth = naive.depth(side, usize::MAX);
                prop_assert_eq!(&depth, &ladder.depth(side, usize::MAX));
                for (price, _, _) in depth {
                    prop_assert_eq!(naive.queue(side, price), ladder.queue(side, price));
                    prop_assert_eq!(naive.queue(side.opposite(), price), ladder.queue(side.opposite(), price));
                }
            }
            prop_assert_eq!(naive.book.buckets(), ladder.book.buckets());
            for bucket in naive.book.buckets() {
                prop_assert_eq!(naive.bucket(bucket), ladder.bucket(bucket));
            }
            if matches!(step, Step::Drain) {
                prop_assert_eq!(naive.book.drain_dirty(), ladder.book.drain_dirty());
            }
        }
        prop_assert_eq!(naive.book.drain_dirty(), ladder.book.drain_dirty());
    }
}

#[test]
fn a_sweep_of_a_hundred_thousand_levels() {
    for stride in [1, 7, 65, 4_097, 20_000] {
        let mut desk = Desk::<Ladder>::new();
        for level in (1..=100_000).rev() {
            desk.rest(Side::Sell, level * stride, 1);
        }
        let mut swept = Vec::with_capacity(100_000);
        while let Some(head) = desk.book.head(Side::Sell) {
            swept.push(desk.orders[head].price().0);
            desk.cancel(desk.orders[head].id.0);
        }
        assert!((1..=100_000).map(|level| level * stride).eq(swept), "stride {stride}");
    }
}

#[test]
fn two_hundred_thousand_cancels_in_reverse() {
    let mut desk = Desk::<Ladder>::new();
    for _ in 0..200_000 {
        desk.rest(Side::Buy, 50_000, 1);
    }
    for id in (1..=200_000).rev() {
        if id % 40_000 == 0 {
            assert_eq!(vec![(50_000, i128::from(id), u32::try_from(id).unwrap())], desk.depth(Side::Buy, 1));
        }
        assert_eq!((Some(50_000), Some(desk.slot(1))), (desk.best(Side::Buy), desk.book.head(Side::Buy)));
        desk.cancel(id);
    }
    assert!(desk.orders.is_empty() && desk.book.buckets().is_empty());
}

#[test]
fn an_account_lists_its_orders_by_id() {
    let mut orders = Orders::default();
    let mut list = AccountOrders::default();
    let ids = |orders: &Orders, list: &AccountOrders| {
        orders.of_account(list).map(|slot| orders[slot].id.0).collect::<Vec<_>>()
    };
    let slots: Vec<Slot> = (1..=5).map(|id| orders.insert(&new_order(id, Side::Buy, 10, 1))).collect();
    for &slot in &slots {
        orders.link_account(slot, &mut list);
    }
    assert_eq!((vec![1, 2, 3, 4, 5], 5), (ids(&orders, &list), list.count()));
    for (slot, rest) in [(2, vec![1, 2, 4, 5]), (0, vec![2, 4, 5]), (4, vec![2, 4]), (1, vec![4]), (3, vec![])] {
        orders.unlink_account(slots[slot], &mut list);
        assert_eq!(rest, ids(&orders, &list));
    }
    orders.link_account(slots[0], &mut list);
    assert_eq!((vec![1], 1), (ids(&orders, &list), list.count()));
}

#[test]
fn slots_are_recycled_and_ids_are_not() {
    let mut orders = Orders::default();
    let slots: Vec<Slot> = (1..=3).map(|id| orders.insert(&new_order(id, Side::Buy, 10, 1))).collect();
    orders.remove(slots[0]);
    orders.remove(slots[2]);
    assert_eq!((1, None), (orders.len(), orders.slot(OrderId(1))));
    assert_eq!(slots[2], orders.insert(&NewOrder { expires_at: 77, ..new_order(u64::MAX, Side::Buy, 10, 1) }));
    assert_eq!((77, 0), (orders.expires_at(slots[2]), orders.expires_at(slots[1])));
    assert_eq!(slots[0], orders.insert(&new_order(5_000_000, Side::Buy, 10, 1)));
    let ids: Vec<u64> = orders.by_id().map(|slot| orders[slot].id.0).collect();
    assert_eq!(vec![2, 5_000_000, u64::MAX], ids);
    assert_eq!(Some(slots[0]), orders.slot(OrderId(5_000_000)));
}

#[test]
#[should_panic(expected = "already open")]
fn an_id_is_open_once() {
    let mut orders = Orders::default();
    orders.insert(&new_order(9, Side::Buy, 10, 1));
    orders.insert(&new_order(9, Side::Buy, 10, 1));
}
