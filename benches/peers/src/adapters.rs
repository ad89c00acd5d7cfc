//! The peers, each driven as its own documentation drives it.

use std::sync::{Arc, Mutex};

use crate::Peer;
use crate::book_flow::Message;
use crate::book_loop::Tally;

/// obcore: a hash map of orders, sorted levels, pooled lists; evaluates an operation, then applies the instructions.
pub struct Obcore {
    book: obcore::OrderBook<ObcoreOrder>,
    evaluator: obcore::Evaluator<ObcoreOrder>,
    last_id: u64,
}

/// obcore lets its user define the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObcoreOrder {
    id: u64,
    price: u64,
    quantity: u64,
    remaining: u64,
    buy: bool,
    immediate: bool,
}

impl obcore::OrderInterface for ObcoreOrder {
    type I = u64;
    type N = u64;
    type O = u64;

    fn id(&self) -> &u64 {
        &self.id
    }

    fn is_buy(&self) -> bool {
        self.buy
    }

    fn price(&self) -> u64 {
        self.price
    }

    fn quantity(&self) -> u64 {
        self.quantity
    }

    fn remaining(&self) -> u64 {
        self.remaining
    }

    fn fill(&mut self, quantity: u64) {
        self.remaining -= quantity;
    }

    fn owner(&self) -> &u64 {
        &self.id
    }

    fn tif(&self) -> obcore::TIF {
        if self.immediate { obcore::TIF::IOC } else { obcore::TIF::GTC }
    }
}

impl Peer for Obcore {
    fn new() -> Self {
        Self { book: obcore::OrderBook::default(), evaluator: obcore::Evaluator::default(), last_id: 0 }
    }

    fn send(&mut self, message: Message, tally: &mut Tally) {
        let operation = match message {
            Message::New { buy, immediate, lots, price } => {
                self.last_id += 1;
                tally.accepted += 1;
                let lots = u64::from(lots);
                obcore::Op::Insert(ObcoreOrder {
                    id: self.last_id,
                    price: u64::from(price),
                    quantity: lots,
                    remaining: lots,
                    buy,
                    immediate,
                })
            }
            Message::Cancel { id } => obcore::Op::Delete(id),
        };
        self.evaluator.reset();
        for instruction in self.evaluator.eval(&self.book, operation) {
            match &instruction {
                obcore::Instruction::Fill(maker, _, price, lots, false) => {
                    tally.trade(*maker, self.last_id, *price, *lots);
                }
                obcore::Instruction::Delete(_, obcore::Msg::UserCancelled) => tally.cancelled += 1,
                _ => {}
            }
            self.book.apply(instruction);
        }
    }
}

/// matchcore: numbers orders by command, so the two numberings are translated by dense tables.
pub struct Matchcore {
    book: matchcore::OrderBook,
    sequence: u64,
    sequences: Vec<u64>,
    ids: Vec<u64>,
}

impl Matchcore {
    fn execute(&mut self, kind: matchcore::CommandKind) -> matchcore::CommandOutcome {
        let meta = matchcore::CommandMeta {
            sequence_number: matchcore::SequenceNumber(self.sequence),
            timestamp: matchcore::Timestamp(self.sequence),
        };
        self.sequence += 1;
        self.book.execute(&matchcore::Command { meta, kind })
    }
}

impl Peer for Matchcore {
    fn new() -> Self {
        Self { book: matchcore::OrderBook::new("BOOK"), sequence: 0, sequences: vec![u64::MAX], ids: Vec::new() }
    }

    fn send(&mut self, message: Message, tally: &mut Tally) {
        use matchcore::{
            CommandKind, CommandOutcome, CommandReport, OrderFlags, Quantity, QuantityPolicy, TimeInForce,
        };
        match message {
            Message::New { buy, immediate, lots, price } => {
                let taker = self.sequences.len() as u64;
                self.ids.push(taker);
                self.sequences.push(self.sequence);
                tally.accepted += 1;
                let side = if buy { matchcore::Side::Buy } else { matchcore::Side::Sell };
                let time_in_force = if immediate { TimeInForce::Ioc } else { TimeInForce::Gtc };
                let order = matchcore::LimitOrder::new(
                    matchcore::Price(u64::from(price)),
                    QuantityPolicy::Standard { quantity: Quantity(u64::from(lots)) },
                    OrderFlags::new(side, false, time_in_force),
                );
                let submit = matchcore::SubmitCmd { order: matchcore::NewOrder::Limit(order) };
                let outcome = self.execute(CommandKind::Submit(submit));
                let CommandOutcome::Applied(CommandReport::Submit(effects)) = &outcome else { return };
                let Some(result) = effects.target_order().match_result() else { return };
                for trade in result.trades() {
                    let maker = self.ids[usize::try_from(trade.maker_order_id().0).expect("64 bits")];
                    tally.trade(maker, taker, trade.price().0, trade.quantity().0);
                }
            }
            Message::Cancel { id } => {
                let order_id = matchcore::OrderId(self.sequences[usize::try_from(id).expect("64 bits")]);
                self.ids.push(0);
                let cancel = matchcore::CancelCmd { order_id, order_kind: matchcore::OrderKind::Limit };
                if matches!(self.execute(CommandKind::Cancel(cancel)), CommandOutcome::Applied(_)) {
                    tally.cancelled += 1;
                }
            }
        }
    }
}

/// nanobook: keeps every order and trade until told to forget them, which its documentation asks of long runs.
pub struct Nanobook {
    exchange: nanobook::Exchange,
    since_cleared: u32,
}

impl Peer for Nanobook {
    fn new() -> Self {
        Self { exchange: nanobook::Exchange::new(), since_cleared: 0 }
    }

    fn send(&mut self, message: Message, tally: &mut Tally) {
        use nanobook::{OrderId, Price, Side, TimeInForce};
        self.since_cleared += 1;
        if self.since_cleared == 100_000 {
            self.since_cleared = 0;
            self.exchange.clear_trades();
            self.exchange.clear_order_history();
        }
        match message {
            Message::New { buy, immediate, lots, price } => {
                tally.accepted += 1;
                let side = if buy { Side::Buy } else { Side::Sell };
                let time_in_force = if immediate { TimeInForce::IOC } else { TimeInForce::GTC };
                let result = self.exchange.submit_limit(side, Price(i64::from(price)), u64::from(lots), time_in_force);
                for trade in &result.trades {
                    let price = trade.price.0.cast_unsigned();
                    tally.trade(trade.passive_order_id.0, trade.aggressor_order_id.0, price, trade.quantity);
                }
            }
            Message::Cancel { id } => {
                tally.cancelled += u64::from(self.exchange.cancel(OrderId(id)).success);
            }
        }
    }
}

/// lobster: has no immediate limit order, so one is sent as a limit order and its remainder cancelled. It answers a
/// cancel alike whether or not the order was open, so the count of those is taken from the best it tells: nothing.
pub struct Lobster {
    book: lobster::OrderBook,
    last_id: u128,
    open: Vec<u64>,
}

impl Lobster {
    fn open(&mut self, id: u128) -> &mut u64 {
        &mut self.open[usize::try_from(id).expect("64 bits")]
    }
}

impl Peer for Lobster {
    fn new() -> Self {
        Self { book: lobster::OrderBook::default(), last_id: 0, open: vec![0] }
    }

    fn send(&mut self, message: Message, tally: &mut Tally) {
        use lobster::{OrderEvent, OrderType, Side};
        match message {
            Message::New { buy, immediate, lots, price } => {
                self.last_id += 1;
                tally.accepted += 1;
                let (id, side) = (self.last_id, if buy { Side::Bid } else { Side::Ask });
                let (qty, price) = (u64::from(lots), u64::from(price));
                self.open.push(if immediate { 0 } else { qty });
                let event = self.book.execute(OrderType::Limit { id, side, qty, price });
                if let OrderEvent::Filled { fills, .. } | OrderEvent::PartiallyFilled { fills, .. } = &event {
                    for fill in fills {
                        let maker = u64::try_from(fill.order_2).expect("64 bits");
                        tally.trade(maker, u64::try_from(id).expect("64 bits"), fill.price, fill.qty);
                        *self.open(fill.order_2) -= fill.qty;
                        if !immediate {
                            *self.open(id) -= fill.qty;
                        }
                    }
                }
                if immediate && !matches!(event, OrderEvent::Filled { .. }) {
                    self.book.execute(OrderType::Cancel { id });
                }
            }
            Message::Cancel { id } => {
                let id = u128::from(id);
                self.book.execute(OrderType::Cancel { id });
                tally.cancelled += u64::from(std::mem::take(self.open(id)) > 0);
            }
        }
    }
}

/// orderbook-rs: thread-safe, with listeners; an immediate order with a remainder is an error whose fills only the
/// listener hears, so all fills are taken there.
pub struct OrderbookRs {
    book: orderbook_rs::OrderBook<()>,
    heard: Arc<Mutex<Vec<(u64, u64, u64)>>>,
    last_id: u64,
}

fn sequential(id: orderbook_rs::Id) -> u64 {
    match id {
        orderbook_rs::Id::Sequential(id) => id,
        _ => 0,
    }
}

impl Peer for OrderbookRs {
    fn new() -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&heard);
        let listener = move |result: &orderbook_rs::TradeResult| {
            let mut sink = sink.lock().expect("one thread");
            for trade in result.match_result.trades().as_vec() {
                let price = u64::try_from(trade.price().as_u128()).expect("32 bits");
                sink.push((sequential(trade.maker_order_id()), price, trade.quantity().as_u64()));
            }
        };
        Self { book: orderbook_rs::OrderBook::with_trade_listener("BOOK", Arc::new(listener)), heard, last_id: 0 }
    }

    fn send(&mut self, message: Message, tally: &mut Tally) {
        use orderbook_rs::{Id, Side, TimeInForce};
        match message {
            Message::New { buy, immediate, lots, price } => {
                self.last_id += 1;
                tally.accepted += 1;
                let side = if buy { Side::Buy } else { Side::Sell };
                let time_in_force = if immediate { TimeInForce::Ioc } else { TimeInForce::Gtc };
                let id = Id::Sequential(self.last_id);
                // An immediate order that is not filled is an error here; what it traded was heard.
                drop(self.book.add_limit_order(id, u128::from(price), u64::from(lots), side, time_in_force, None));
                for (maker, price, lots) in self.heard.lock().expect("one thread").drain(..) {
                    tally.trade(maker, self.last_id, price, lots);
                }
            }
            Message::Cancel { id } => {
                let cancelled = self.book.cancel_order(Id::Sequential(id));
                tally.cancelled += u64::from(matches!(cancelled, Ok(Some(_))));
            }
        }
    }
}
