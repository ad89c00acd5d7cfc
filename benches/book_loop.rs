//! The smallest matching loop over a book: price-time priority and nothing else, no margin, no accounts.

use crossbook_kernel::command::{SelfTrade, Side, TimeInForce};
use crossbook_kernel::matching::book::Book;
use crossbook_kernel::matching::orders::{NewOrder, Orders};
use crossbook_kernel::quantities::{AccountId, Lots, MarketId, OrderId, Ticks};

use crate::book_flow::{Message, Oracle};

/// What came out of a run, folded so that two engines can be compared: equal tallies mean the same trades in the same
/// order with the same makers, takers, prices and sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Orders accepted.
    pub accepted: u64,
    /// Cancels that found their order.
    pub cancelled: u64,
    /// Trades.
    pub trades: u64,
    /// Lots traded.
    pub lots: u64,
    /// A hash of every trade, in order.
    pub digest: u64,
}

impl Tally {
    /// Counts a trade.
    #[inline]
    pub fn trade(&mut self, maker: u64, taker: u64, price: u64, lots: u64) {
        self.trades += 1;
        self.lots += lots;
        let fields = maker ^ taker.rotate_left(20) ^ price.rotate_left(40) ^ lots.rotate_left(56);
        self.digest = (self.digest ^ fields).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
}

/// A book with its orders.
pub struct Engine<B> {
    /// The book.
    pub book: B,
    /// Its orders.
    pub orders: Orders,
    last_id: u64,
}

impl<B: Book> Engine<B> {
    /// An empty book for any price.
    pub fn new() -> Self {
        Self { book: B::new(Ticks(i64::from(i32::MAX))), orders: Orders::default(), last_id: 0 }
    }

    /// Sends a message.
    #[inline]
    pub fn send(&mut self, message: Message, tally: &mut Tally) {
        match message {
            Message::Cancel { id } => {
                if let Some(slot) = self.orders.slot(OrderId(id)) {
                    self.book.remove(&mut self.orders, slot);
                    self.orders.remove(slot);
                    tally.cancelled += 1;
                }
            }
            Message::New { buy, immediate, lots, price } => {
                let side = if buy { Side::Buy } else { Side::Sell };
                let (price, lots) = (Ticks(i64::from(price)), Lots(i64::from(lots)));
                self.last_id += 1;
                tally.accepted += 1;
                let left = self.take(side, price, lots, tally);
                if left > Lots(0) && !immediate {
                    self.rest(side, price, left, Lots(lots.0 - left.0));
                }
            }
        }
    }

    #[inline]
    fn take(&mut self, side: Side, limit: Ticks, lots: Lots, tally: &mut Tally) -> Lots {
        let mut left = lots;
        while left > Lots(0) {
            let Some(slot) = self.book.head(side.opposite()) else { break };
            let maker = &mut self.orders[slot];
            let price = maker.price();
            let crosses = match side {
                Side::Buy => price <= limit,
                Side::Sell => price >= limit,
            };
            if !crosses {
                break;
            }
            let filled = left.min(maker.lots);
            tally.trade(maker.id.0, self.last_id, price.0.cast_unsigned(), filled.0.cast_unsigned());
            if filled == maker.lots {
                self.book.remove(&mut self.orders, slot);
                self.orders.remove(slot);
            } else {
                maker.filled = Lots(maker.filled.0 + filled.0);
                self.book.reduce(&mut self.orders, slot, filled);
            }
            left = Lots(left.0 - filled.0);
        }
        left
    }

    #[inline]
    fn rest(&mut self, side: Side, price: Ticks, lots: Lots, filled: Lots) {
        let slot = self.orders.insert(&NewOrder {
            id: OrderId(self.last_id),
            client_order: 0,
            price,
            lots,
            filled,
            expires_at: 0,
            account: AccountId(1),
            market: MarketId(1),
            side,
            time_in_force: TimeInForce::GoodTillCancel,
            self_trade: SelfTrade::Allow,
            post_only: false,
            reduce_only: false,
        });
        self.book.insert(&mut self.orders, slot);
    }
}

impl<B: Book> Oracle for Engine<B> {
    fn hear(&mut self, message: Message) {
        self.send(message, &mut Tally::default());
    }

    fn is_open(&self, id: u64) -> bool {
        self.orders.slot(OrderId(id)).is_some()
    }
}
