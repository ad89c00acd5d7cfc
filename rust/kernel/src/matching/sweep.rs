//! An arriving order meets the book (`docs/rules.md`, *Matching*).
//!
//! ```text
//! head of the other side ──► self-trade? ──► how much do both accept? ──► trade ──► again
//! ```
//!
//! The loop is written once, over a [`Floor`]: the live one trades, the scratch one answers whether a fill-or-kill order
//! would be filled, and neither knows a rule of its own.

use super::orders::{NewOrder, Order, Slot};
use crate::command::SelfTrade;
use crate::event::CancelReason;
use crate::quantities::{AccountId, Deduction, Lots, Money};
use crate::risk;
use crate::state::account::{Fill, Holdings};
use crate::state::market::Market;
use crate::validate::order::crosses;

/// The arriving order.
#[derive(Clone, Copy, Debug)]
pub struct Taker {
    /// What it is; its lots and filled lots follow the sweep.
    pub order: NewOrder,
    /// The master of its account.
    pub master: AccountId,
}

/// The order at the head of the other side.
#[derive(Clone, Copy, Debug)]
pub struct Maker {
    /// Where it rests.
    pub slot: Slot,
    /// What it is, now.
    pub order: Order,
    /// The master of its account.
    pub master: AccountId,
}

/// A trade about to happen, seen from both sides.
#[derive(Clone, Copy, Debug)]
pub struct Trade {
    /// The maker's side of it.
    pub maker: Fill,
    /// The taker's.
    pub taker: Fill,
}

/// Where orders meet.
pub trait Floor {
    /// The next maker for the taker: the head of the other side.
    fn maker(&self, taker: &Taker) -> Option<Maker>;
    /// The taker's market.
    fn market(&self, taker: &Taker) -> &Market;
    /// All markets.
    fn markets(&self) -> &[Market];
    /// Cash and positions of an account.
    fn holdings(&self, account: AccountId) -> &Holdings;
    /// Cash and positions of an account, to change.
    fn holdings_mut(&mut self, account: AccountId) -> &mut Holdings;
    /// The maker leaves the book with what is left of it, or with nothing left after a decrement.
    fn cancel_maker(&mut self, maker: &Maker, reason: CancelReason);
    /// Both lose `lots` that would have traded with each other; their open lots are seen to.
    fn prevent(&mut self, maker: &Maker, taker: &Taker, lots: Lots);
    /// Both sides settle; the maker keeps its place with what is left, or leaves the book.
    fn trade(&mut self, maker: &Maker, taker: &Taker, trade: &Trade);
}

/// How a sweep ended for the taker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing is left of it.
    Filled,
    /// Nothing more to trade with; what is left may rest.
    Exhausted,
    /// What is left must go.
    Cancelled(CancelReason),
}

/// Trades the taker against the other side until one of the two gives out. `taker.order.lots` is what is left of it.
pub fn sweep<F: Floor>(floor: &mut F, taker: &mut Taker) -> Ending {
    while taker.order.lots.0 > 0 {
        let Some(maker) = floor.maker(taker) else { return Ending::Exhausted };
        if !crosses(taker.order.side, taker.order.price, maker.order.price()) {
            return Ending::Exhausted;
        }
        if maker.master == taker.master && taker.order.self_trade != SelfTrade::Allow {
            match self_trade(floor, &maker, taker) {
                Some(ending) => return ending,
                None => continue,
            }
        }
        match agree(floor, &maker, taker) {
            Agreed::On(trade) => {
                floor.trade(&maker, taker, &trade);
                taker.order.lots -= trade.taker.lots;
                taker.order.filled += trade.taker.lots;
            }
            Agreed::MakerLeaves(reason) => floor.cancel_maker(&maker, reason),
            Agreed::TakerLeaves(reason) => return Ending::Cancelled(reason),
        }
    }
    Ending::Filled
}

/// The taker's mode decides; gives the ending if the taker is done.
fn self_trade<F: Floor>(floor: &mut F, maker: &Maker, taker: &mut Taker) -> Option<Ending> {
    const LEFT: Option<Ending> = Some(Ending::Cancelled(CancelReason::SelfTrade));
    match taker.order.self_trade {
        SelfTrade::Allow => unreachable!("the caller trades"),
        SelfTrade::CancelNewest => LEFT,
        SelfTrade::CancelOldest => {
            floor.cancel_maker(maker, CancelReason::SelfTrade);
            None
        }
        SelfTrade::CancelBoth => {
            floor.cancel_maker(maker, CancelReason::SelfTrade);
            LEFT
        }
        SelfTrade::Decrement => {
            let lots = taker.order.lots.min(maker.order.lots);
            floor.prevent(maker, taker, lots);
            let (resting, arriving) = (&maker.order, &taker.order);
            let position = floor.holdings_mut(resting.account).position_mut(resting.market);
            position.change_open(resting.side, resting.reduce_only, -lots);
            let position = floor.holdings_mut(arriving.account).position_mut(arriving.market);
            position.change_open(arriving.side, arriving.reduce_only, -lots);
            taker.order.lots -= lots;
            if lots == maker.order.lots {
                let mut emptied = *maker;
                emptied.order.lots = Lots::ZERO;
                floor.cancel_maker(&emptied, CancelReason::SelfTrade);
            }
            if taker.order.lots == Lots::ZERO { LEFT } else { None }
        }
    }
}

enum Agreed {
    On(Trade),
    MakerLeaves(CancelReason),
    TakerLeaves(CancelReason),
}

/// Lowers the size until both sides accept it; a side that accepts nothing leaves.
fn agree<F: Floor>(floor: &F, maker: &Maker, taker: &Taker) -> Agreed {
    let market = floor.market(taker);
    let mut lots = taker.order.lots.min(maker.order.lots);
    loop {
        let trade = terms(market, maker, taker, lots);
        let by_maker = match accepted(floor, maker.order.account, &trade.maker) {
            Ok(lots) => lots,
            Err(reason) => return Agreed::MakerLeaves(reason),
        };
        let trade = terms(market, maker, taker, by_maker);
        let by_taker = match accepted(floor, taker.order.account, &trade.taker) {
            Ok(lots) => lots,
            Err(reason) => return Agreed::TakerLeaves(reason),
        };
        if by_taker == by_maker {
            return Agreed::On(trade);
        }
        lots = by_taker;
    }
}

/// How many of the fill's lots an account accepts, or why none.
fn accepted<F: Floor>(floor: &F, account: AccountId, fill: &Fill) -> Result<Lots, CancelReason> {
    let holdings = floor.holdings(account);
    let mut fill = *fill;
    if fill.reduce_only {
        fill.lots = fill.lots.min(fill.closable(&holdings.position(fill.market)));
        if fill.lots == Lots::ZERO {
            return Err(CancelReason::ReduceOnly);
        }
    }
    match risk::fill::permitted(holdings, floor.markets(), &fill) {
        Lots::ZERO => Err(CancelReason::Margin),
        lots => Ok(lots),
    }
}

/// Both sides of a trade of `lots` at the maker's price, with their fees.
fn terms(market: &Market, maker: &Maker, taker: &Taker, lots: Lots) -> Trade {
    let price = maker.order.price();
    let notional = market.notional(lots, price);
    let same_master = maker.master == taker.master;
    let with_itself = maker.order.account == taker.order.account;
    let side = |side, rate, reduce_only| {
        let fee = notional.share_ceil(rate, Deduction::ZERO);
        Fill {
            market: market.id,
            asset: market.settlement,
            tick_value: market.tick_value,
            side,
            lots,
            price,
            // Trading with oneself earns nothing.
            fee: if same_master { fee.max(Money::ZERO) } else { fee },
            reduce_only,
            with_itself,
        }
    };
    Trade {
        maker: side(maker.order.side, market.fees.maker_rate, maker.order.reduce_only),
        taker: side(taker.order.side, market.fees.taker_rate, taker.order.reduce_only),
    }
}
