//! The two floors a sweep runs on: the live one, and the scratch one that asks *what if*.

use rustc_hash::FxHashMap;

use super::book::Book;
use super::orders::{NewOrder, Slot};
use super::sweep::{Ending, Floor, Maker, Taker, Trade, sweep};
use crate::emit::Emitter;
use crate::event::{CancelReason, OrderCancelled, SelfTradePrevented, Traded};
use crate::quantities::{AccountId, Lots, MarketId, Money, TradeId};
use crate::risk::pool::Risk;
use crate::state::State;
use crate::state::holdings::{Fill, Holdings};
use crate::state::market::Market;

/// Trades for real.
pub struct Live<'a, B> {
    /// Everything.
    pub state: &'a mut State<B>,
    /// Where events go.
    pub out: &'a mut Emitter,
}

impl<B: Book> Live<'_, B> {
    /// Settles one side of a trade; gives what it realised.
    fn settle(&mut self, account: AccountId, fill: &Fill) -> Money {
        let seq = self.state.sequence.seq;
        let market = &mut self.state.markets[fill.market.index()];
        let settled = self.state.accounts.holdings_mut(account).settle(fill, market, seq);
        market.net_lots += i128::from(fill.side.signed(fill.lots).0);
        market.open_interest += i128::from(settled.long_change.0);
        let asset = &mut self.state.assets[fill.asset.index()];
        asset.total_cash += (settled.realised - fill.fee).wide();
        asset.total_cost += settled.cost_change.wide();
        asset.fees += fill.fee;
        settled.realised
    }
}

impl<B: Book> Floor for Live<'_, B> {
    #[inline]
    fn maker(&self, taker: &Taker) -> Option<Maker> {
        let slot = self.state.books[taker.order.market.index()].head(taker.order.side.opposite())?;
        let order = self.state.orders[slot];
        Some(Maker { slot, order, master: self.state.accounts.of(order.account).master })
    }

    fn market(&self, taker: &Taker) -> &Market {
        &self.state.markets[taker.order.market.index()]
    }

    fn risk(&self) -> Risk<'_> {
        self.state.risk()
    }

    fn holdings(&self, account: AccountId) -> &Holdings {
        &self.state.accounts.of(account).holdings
    }

    fn holdings_mut(&mut self, account: AccountId) -> &mut Holdings {
        self.state.accounts.holdings_mut(account)
    }

    fn cancel_maker(&mut self, maker: &Maker, reason: CancelReason) {
        self.state.cancel_resting(maker.slot, maker.order.lots, reason, self.out);
    }

    fn prevent(&mut self, maker: &Maker, taker: &Taker, lots: Lots) {
        self.out.emit(&SelfTradePrevented {
            market: taker.order.market,
            maker_order: maker.order.id,
            taker_order: taker.order.id,
            lots,
        });
        if lots < maker.order.lots {
            self.state.books[taker.order.market.index()].reduce(&mut self.state.orders, maker.slot, lots);
        }
    }

    fn trade(&mut self, maker: &Maker, taker: &Taker, trade: &Trade) {
        let (lots, market) = (trade.taker.lots, taker.order.market);
        self.state.settle_owed(maker.order.account, market, self.out);
        self.state.settle_owed(taker.order.account, market, self.out);
        let maker_realised = self.settle(maker.order.account, &trade.maker);
        let taker_realised = self.settle(taker.order.account, &trade.taker);
        self.state.sequence.trades += 1;
        self.state.markets[taker.order.market.index()].last = trade.taker.price;
        self.out.emit(&Traded {
            trade: TradeId(self.state.sequence.trades),
            market: taker.order.market,
            price: trade.taker.price,
            lots,
            taker_side: taker.order.side,
            maker_order: maker.order.id,
            taker_order: taker.order.id,
            maker: maker.order.account,
            taker: taker.order.account,
            maker_fee: trade.maker.fee,
            taker_fee: trade.taker.fee,
            maker_realised,
            taker_realised,
        });
        if lots < maker.order.lots {
            self.state.books[taker.order.market.index()].reduce(&mut self.state.orders, maker.slot, lots);
            self.state.orders[maker.slot].filled += lots;
        } else {
            self.state.delist_order(maker.slot);
        }
    }
}

impl<B: Book> State<B> {
    /// Takes a resting order out with `lots` of it unfilled, and says so.
    pub fn cancel_resting(&mut self, slot: Slot, lots: Lots, reason: CancelReason, out: &mut Emitter) {
        let order = self.orders[slot];
        self.accounts.change_open(order.account, order.market, order.side, order.reduce_only, -lots);
        out.emit(&OrderCancelled { order: order.id, account: order.account, market: order.market, lots, reason });
        self.delist_order(slot);
    }
}

/// Answers what a sweep would do, and changes nothing: touched holdings are copied, makers are stepped over.
pub struct Scratch<'a, B> {
    state: &'a State<B>,
    touched: Vec<Holdings>,
    /// Where an account's copy is. Looked up, never walked.
    copies: FxHashMap<AccountId, usize>,
    /// The taker's market with the open interest that the trades so far have left.
    traded: (MarketId, i128),
    /// The present maker with what is left of it; none after the last.
    present: Option<(Slot, Lots)>,
}

impl<'a, B: Book> Scratch<'a, B> {
    /// How many lots of a taker would trade.
    pub fn fillable(state: &'a State<B>, taker: &Taker) -> Lots {
        let head = state.books[taker.order.market.index()].head(taker.order.side.opposite());
        let present = head.map(|slot| (slot, state.orders[slot].lots));
        let mut taker = *taker;
        let NewOrder { account, market, side, reduce_only, lots, .. } = taker.order;
        let traded = (market, state.markets[market.index()].open_interest);
        let mut scratch = Self { state, touched: Vec::new(), copies: FxHashMap::default(), traded, present };
        scratch.holdings_mut(account).position_mut(market).change_open(side, reduce_only, lots);
        let _: Ending = sweep(&mut scratch, &mut taker);
        taker.order.filled
    }

    fn step_over(&mut self, slot: Slot) {
        let market = self.state.orders[slot].market;
        let next = self.state.books[market.index()].after(&self.state.orders, slot);
        self.present = next.map(|slot| (slot, self.state.orders[slot].lots));
    }

    fn shrink(&mut self, maker: &Maker, lots: Lots) {
        self.present = Some((maker.slot, maker.order.lots - lots));
        if lots == maker.order.lots {
            self.step_over(maker.slot);
        }
    }
}

impl<'a, B: Book> Floor for Scratch<'a, B> {
    fn maker(&self, _taker: &Taker) -> Option<Maker> {
        let (slot, lots) = self.present?;
        let mut order = self.state.orders[slot];
        order.lots = lots;
        Some(Maker { slot, order, master: self.state.accounts.of(order.account).master })
    }

    fn market(&self, taker: &Taker) -> &Market {
        &self.state.markets[taker.order.market.index()]
    }

    fn risk(&self) -> Risk<'_> {
        Risk { traded: Some(self.traded), ..self.state.risk() }
    }

    fn holdings(&self, account: AccountId) -> &Holdings {
        match self.copies.get(&account) {
            Some(&index) => &self.touched[index],
            None => &self.state.accounts.of(account).holdings,
        }
    }

    fn holdings_mut(&mut self, account: AccountId) -> &mut Holdings {
        let index = *self.copies.entry(account).or_insert_with(|| {
            self.touched.push(self.state.accounts.of(account).holdings.clone());
            self.touched.len() - 1
        });
        &mut self.touched[index]
    }

    fn cancel_maker(&mut self, maker: &Maker, _reason: CancelReason) {
        // An order emptied by a decrement was stepped over there.
        if maker.order.lots.0 > 0 {
            let position = self.holdings_mut(maker.order.account).position_mut(maker.order.market);
            position.change_open(maker.order.side, maker.order.reduce_only, -maker.order.lots);
            self.step_over(maker.slot);
        }
    }

    fn prevent(&mut self, maker: &Maker, _taker: &Taker, lots: Lots) {
        self.shrink(maker, lots);
    }

    fn trade(&mut self, maker: &Maker, taker: &Taker, trade: &Trade) {
        let state: &'a State<B> = self.state;
        let (market, seq) = (&state.markets[taker.order.market.index()], state.sequence.seq);
        for account in [maker.order.account, taker.order.account] {
            self.holdings_mut(account).settle_owed(market, seq);
        }
        for (account, fill) in [(maker.order.account, &trade.maker), (taker.order.account, &trade.taker)] {
            let settled = self.holdings_mut(account).settle(fill, market, seq);
            self.traded.1 += i128::from(settled.long_change.0);
        }
        self.shrink(maker, trade.taker.lots);
    }
}
