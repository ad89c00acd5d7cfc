//! An arriving order meets the book (`docs/rules.md`, *Matching*).
//!
//! ```text
//! head of the other side ──► self-trade? ──► how much do both accept? ──► trade ──► again
//! ```
//!
//! The loop is written once, over a [`Floor`]: the live one trades, the scratch one answers whether a fill-or-kill order
//! would be filled, and neither knows a rule of its own.

use super::orders::{NewOrder, Order, Slot};
use crate::command::{SelfTrade, Side};
use crate::event::CancelReason;
use crate::quantities::{AccountId, Deduction, Lots, Money, Rate};
use crate::risk::fill::{only_closes, permitted};
use crate::risk::pool::Risk;
use crate::state::holdings::{Fill, Holdings, Profile, Purpose, Role};
use crate::state::market::Market;
use crate::validate::order::crosses;

/// The arriving order.
#[derive(Clone, Copy, Debug)]
pub struct Taker {
    /// What it is; its lots and filled lots follow the sweep.
    pub order: NewOrder,
    /// The master of its account.
    pub master: AccountId,
    /// What it is for.
    pub purpose: Purpose,
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
    /// What margin is computed from, with the open interest as it is by now.
    fn risk(&self) -> Risk<'_>;
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

/// Lowers the size until both sides and the market accept it; a side that accepts nothing leaves.
fn agree<F: Floor>(floor: &F, maker: &Maker, taker: &Taker) -> Agreed {
    let market = floor.market(taker);
    let deal = Deal {
        market,
        maker,
        taker,
        maker_profile: floor.holdings(maker.order.account).profile,
        taker_profile: floor.holdings(taker.order.account).profile,
    };
    let mut lots = taker.order.lots.min(maker.order.lots);
    loop {
        let by_maker = match accepted(floor, maker.order.account, Purpose::Ordinary, lots, |lots| deal.of_maker(lots)) {
            Ok(lots) => lots,
            Err(reason) => return Agreed::MakerLeaves(reason),
        };
        let by_taker = match accepted(floor, taker.order.account, taker.purpose, by_maker, |lots| deal.of_taker(lots)) {
            Ok(lots) => lots,
            Err(reason) => return Agreed::TakerLeaves(reason),
        };
        let by_market = match room(floor, maker, taker, by_taker) {
            Lots::ZERO => return Agreed::TakerLeaves(CancelReason::OpenInterest),
            lots => lots,
        };
        if by_market == by_maker {
            return Agreed::On(Trade { maker: deal.of_maker(by_market), taker: deal.of_taker(by_market) });
        }
        lots = by_market;
    }
}

/// How many of the lots an account accepts, or why none.
fn accepted<F: Floor>(
    floor: &F,
    account: AccountId,
    purpose: Purpose,
    lots: Lots,
    fill_of: impl Fn(Lots) -> Fill,
) -> Result<Lots, CancelReason> {
    let holdings = floor.holdings(account);
    let risk = floor.risk();
    let mut fill = fill_of(lots);
    let position = holdings.position(fill.market);
    let lowered = if fill.reduce_only {
        Some(CancelReason::ReduceOnly)
    } else if only_closes(holdings, &position, risk.market(fill.market), purpose) {
        Some(CancelReason::Margin)
    } else {
        None
    };
    if let Some(reason) = lowered {
        let closable = fill.closable(&position);
        if closable == Lots::ZERO {
            return Err(reason);
        }
        if closable < lots {
            fill = fill_of(closable);
        }
    }
    match permitted(holdings, &position, risk, &fill) {
        Lots::ZERO => Err(CancelReason::Margin),
        lots => Ok(lots),
    }
}

/// How many of the lots leave open interest within its cap.
fn room<F: Floor>(floor: &F, maker: &Maker, taker: &Taker, lots: Lots) -> Lots {
    let market = floor.market(taker);
    let max = i128::from(market.caps.open_interest_max.0);
    if max == 0 || maker.order.account == taker.order.account {
        return lots;
    }
    let long_change = |account: AccountId, side: Side| {
        let before = floor.holdings(account).position(market.id).lots;
        i128::from((before + side.signed(lots)).0.max(0)) - i128::from(before.0.max(0))
    };
    let change =
        long_change(maker.order.account, maker.order.side) + long_change(taker.order.account, taker.order.side);
    let excess = change.min(floor.risk().open_interest(market) + change - max);
    if change <= 0 || excess <= 0 {
        return lots;
    }
    // Between none and all of the lots: open interest changes by at most one a lot.
    Lots(i64::try_from(i128::from(lots.0) - excess).expect("within the lots"))
}

/// The terms of a trade of any size at the maker's price.
struct Deal<'a> {
    market: &'a Market,
    maker: &'a Maker,
    taker: &'a Taker,
    maker_profile: Profile,
    taker_profile: Profile,
}

impl Deal<'_> {
    /// The taker pays its tier's rate.
    fn taker_rate(&self) -> Rate {
        self.market.fees.tier(self.taker_profile.fee_tier).taker_rate
    }

    /// The maker its tier's less its rebate, but the two together never less than nothing.
    fn maker_rate(&self) -> Rate {
        let own = self.market.fees.tier(self.maker_profile.fee_tier).maker_rate - self.maker_profile.maker_rebate_rate;
        own.max(-self.taker_rate())
    }

    fn of_maker(&self, lots: Lots) -> Fill {
        let Order { side, reduce_only, .. } = self.maker.order;
        self.fill(side, reduce_only, Role::Maker, lots)
    }

    fn of_taker(&self, lots: Lots) -> Fill {
        let NewOrder { side, reduce_only, .. } = self.taker.order;
        self.fill(side, reduce_only, Role::Taker, lots)
    }

    fn fill(&self, side: Side, reduce_only: bool, role: Role, lots: Lots) -> Fill {
        let rate = match role {
            Role::Maker => self.maker_rate(),
            Role::Taker => self.taker_rate(),
        };
        let price = self.maker.order.price();
        let notional = self.market.notional(lots, price);
        let fee = notional.share_ceil(rate, Deduction::ZERO);
        Fill {
            market: self.market.id,
            asset: self.market.settlement,
            tick_value: self.market.tick_value,
            side,
            lots,
            price,
            notional,
            // Trading with oneself earns nothing.
            fee: if self.maker.master == self.taker.master { fee.max(Money::ZERO) } else { fee },
            role,
            reduce_only,
            with_itself: self.maker.order.account == self.taker.order.account,
        }
    }
}
