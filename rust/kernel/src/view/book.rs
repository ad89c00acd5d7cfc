//! Rows about books and open orders.

use super::View;
use crate::command::Side;
use crate::matching::book::Book;
use crate::matching::orders::NewOrder;
use crate::quantities::{AccountId, MarketId, OrderId, Ticks, Wide};

impl<B: Book> View<'_, B> {
    /// An order row, or nil.
    pub fn order(mut self, id: OrderId) -> Vec<u8> {
        match self.state.orders.slot(id) {
            None => self.writer.nil(),
            Some(slot) => self.order_row(&self.state.orders.describe(slot)),
        }
        self.finish()
    }

    /// An account's open orders by id, of one market or of all.
    pub fn orders(self, account: AccountId, market: MarketId) -> Vec<u8> {
        let state = self.state;
        let orders: Vec<NewOrder> = match state.accounts.find(account) {
            None => Vec::new(),
            Some(account) => state
                .orders
                .of_account(&account.open_orders)
                .map(|slot| state.orders.describe(slot))
                .filter(|order| market == MarketId::NONE || order.market == market)
                .collect(),
        };
        self.rows(orders.iter(), Self::order_row)
    }

    fn order_row(&mut self, order: &NewOrder) {
        self.writer.array(13);
        self.field(&order.id);
        self.field(&order.account);
        self.field(&order.market);
        self.field(&order.side);
        self.field(&order.price);
        self.field(&order.lots);
        self.field(&order.filled);
        self.field(&order.time_in_force);
        self.field(&order.self_trade);
        self.field(&order.post_only);
        self.field(&order.reduce_only);
        self.field(&order.client_order);
        self.field(&order.expires_at);
    }

    /// `[bids, asks]` of up to `levels` rows `[price, lots, orders]`, best first; nil for an unknown market.
    pub fn book(mut self, market: MarketId, levels: usize) -> Vec<u8> {
        let Some(book) = self.state.books.get(market.index()) else {
            self.writer.nil();
            return self.finish();
        };
        self.writer.array(2);
        for side in [Side::Buy, Side::Sell] {
            let depth = book.depth(&self.state.orders, side, levels);
            self.writer.array(depth.len());
            for level in depth {
                self.writer.array(3);
                self.field(&level.price);
                self.writer.signed(Wide(level.lots).clamp_i64());
                self.field(&level.orders);
            }
        }
        self.finish()
    }

    /// The orders at a price in priority; nil for an unknown market.
    pub fn queue(mut self, market: MarketId, side: Side, price: Ticks) -> Vec<u8> {
        let Some(book) = self.state.books.get(market.index()) else {
            self.writer.nil();
            return self.finish();
        };
        let orders = &self.state.orders;
        let has_price = self.state.markets[market.index()].has_price(price);
        let slots = if has_price { book.queue(orders, side, price) } else { Vec::new() };
        self.rows(slots.iter(), |view, &slot| view.order_row(&orders.describe(slot)))
    }
}
