//! Accounts: who holds what, and which of it changed since the last digest.

use crossbook_prefetch::prefetch;

use super::nonces::Nonces;
use crate::command::Side;
use crate::digest::DirtySet;
use crate::matching::orders::AccountOrders;
use crate::quantities::{AccountId, AssetId, Lots, MarketId, Money, TickValue, Ticks, Wide};

/// Accounts that share one digest bucket.
pub const ACCOUNTS_PER_BUCKET: usize = 16;

/// What an account has in one market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The market.
    pub market: MarketId,
    /// Signed size, long positive.
    pub lots: Lots,
    /// What the position cost, signed like the lots: `unrealised = lots · mark · tick_value − cost`.
    pub cost: Money,
    /// Open buy lots that may add risk.
    pub buys: Lots,
    /// Open sell lots that may add risk.
    pub sells: Lots,
}

/// What settling one fill did to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Change of cash from the trade, before its fee.
    pub realised: Money,
    /// Change of cost.
    pub cost_change: Money,
    /// Change of long lots, for the market's open interest.
    pub long_change: Lots,
}

impl Position {
    /// Nothing of it is left: such a position is not part of the state.
    pub fn is_empty(&self) -> bool {
        self.lots.0 == 0 && self.cost.0 == 0 && self.buys.0 == 0 && self.sells.0 == 0
    }

    /// Changes the open lots of a side. A reduce-only order has none, because it cannot add risk: this is the place that
    /// knows it.
    #[inline]
    pub fn change_open(&mut self, side: Side, reduce_only: bool, change: Lots) {
        if reduce_only {
            return;
        }
        match side {
            Side::Buy => self.buys += change,
            Side::Sell => self.sells += change,
        }
    }

    /// `max(|lots + buys|, |lots − sells|)`.
    #[inline]
    pub fn worst(&self) -> Lots {
        let (up, down) = ((self.lots + self.buys).abs(), (self.lots - self.sells).abs());
        up.max(down)
    }

    /// Lots that a fill on `side` may close: what stands against it.
    #[inline]
    pub fn closable(&self, side: Side) -> Lots {
        match side {
            Side::Buy => Lots((-self.lots.0).max(0)),
            Side::Sell => Lots(self.lots.0.max(0)),
        }
    }

    /// Buys or sells `lots` at `price` (`docs/rules.md`, *Settlement*).
    pub fn fill(&mut self, side: Side, lots: Lots, price: Ticks, tick_value: TickValue) -> Settled {
        let (before, long_before) = (*self, self.lots.0.max(0));
        let signed = side.signed(lots);
        let value = signed.value_at(price, tick_value).narrow();
        let closing = lots.min(self.closable(side));
        self.lots += signed;
        let remaining_cost = if closing.0 == 0 {
            before.cost + value
        } else if closing < lots {
            // Crossed zero: what is left was opened at this price.
            self.lots.value_at(price, tick_value).narrow()
        } else if self.lots.0 == 0 {
            Money::ZERO
        } else {
            before.cost.portion_floor(self.lots, before.lots)
        };
        self.cost = remaining_cost;
        Settled {
            realised: remaining_cost - before.cost - value,
            cost_change: remaining_cost - before.cost,
            long_change: Lots(self.lots.0.max(0) - long_before),
        }
    }
}

/// Cash and positions: what margin looks at.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    cash: Vec<Money>,
    positions: Vec<Position>,
}

impl Holdings {
    /// Asks for the cash and the positions.
    #[inline]
    pub fn prefetch(&self) {
        if let Some(cash) = self.cash.first() {
            prefetch(cash);
        }
        // Three positions are about two lines.
        self.positions.iter().step_by(3).for_each(prefetch);
        if let Some(position) = self.positions.last() {
            prefetch(position);
        }
    }

    /// Cash in an asset.
    #[inline]
    pub fn cash(&self, asset: AssetId) -> Money {
        self.cash.get(asset.index()).copied().unwrap_or_default()
    }

    /// Cash in an asset, to change.
    #[inline]
    pub fn cash_mut(&mut self, asset: AssetId) -> &mut Money {
        let index = asset.index();
        if self.cash.len() <= index {
            self.cash.resize(index + 1, Money::ZERO);
        }
        &mut self.cash[index]
    }

    /// Every asset with cash that is not zero.
    pub fn balances(&self) -> impl Iterator<Item = (AssetId, Money)> + '_ {
        let id = |index: usize| AssetId(u16::try_from(index + 1).expect("assets are few"));
        self.cash.iter().enumerate().filter(|(_, cash)| cash.0 != 0).map(move |(index, cash)| (id(index), *cash))
    }

    /// All positions by market, empty ones included.
    #[inline]
    pub fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// The position in a market; an empty one if there is none.
    #[inline]
    pub fn position(&self, market: MarketId) -> Position {
        match self.find(market) {
            Ok(index) => self.positions[index],
            Err(_) => Position { market, ..Position::default() },
        }
    }

    /// The position in a market, to change.
    #[inline]
    pub fn position_mut(&mut self, market: MarketId) -> &mut Position {
        let index = match self.find(market) {
            Ok(index) => index,
            Err(index) => {
                self.positions.insert(index, Position { market, ..Position::default() });
                index
            }
        };
        &mut self.positions[index]
    }

    /// A linear look: accounts trade in few markets, and the positions are in a row.
    #[inline]
    fn find(&self, market: MarketId) -> Result<usize, usize> {
        // An account in every market has each at its own index.
        if let Some(position) = self.positions.get(market.index())
            && position.market == market
        {
            return Ok(market.index());
        }
        match self.positions.iter().position(|position| position.market >= market) {
            Some(index) if self.positions[index].market == market => Ok(index),
            Some(index) => Err(index),
            None => Err(self.positions.len()),
        }
    }

    /// Settles a fill: position and cash. `open` lots of the side are used up with it.
    #[inline]
    pub fn settle(&mut self, fill: &Fill) -> Settled {
        let position = self.position_mut(fill.market);
        position.change_open(fill.side, fill.reduce_only, -fill.lots);
        let settled = position.fill(fill.side, fill.lots, fill.price, fill.tick_value);
        *self.cash_mut(fill.asset) += settled.realised - fill.fee;
        settled
    }

    /// `Σ cost` of the positions whose market `settles` in the asset asked for.
    pub fn total_cost(&self, settles: impl Fn(MarketId) -> bool) -> Wide {
        let costs = self.positions.iter().filter(|position| settles(position.market));
        costs.fold(Wide::ZERO, |sum, position| sum + position.cost.wide())
    }
}

/// One side of a trade, as its account sees it.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    /// The market.
    pub market: MarketId,
    /// What it settles in.
    pub asset: AssetId,
    /// Its tick value.
    pub tick_value: TickValue,
    /// Bought or sold.
    pub side: Side,
    /// How much.
    pub lots: Lots,
    /// At what price.
    pub price: Ticks,
    /// The fee, negative for a rebate.
    pub fee: Money,
    /// Whether the order was reduce-only, so that its lots were never counted as open.
    pub reduce_only: bool,
    /// Whether the account is on both sides of the trade.
    pub with_itself: bool,
}

impl Fill {
    /// Lots that this fill may close of a position. None in a trade with oneself, which leaves the position as it is:
    /// were it cut to the closing part, the position would be there to close again, and the two orders would go on in
    /// such slices for as long as they have lots.
    #[inline]
    pub fn closable(&self, position: &Position) -> Lots {
        if self.with_itself { Lots::ZERO } else { position.closable(self.side) }
    }
}

/// An account.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Its master; itself if it is one.
    pub master: AccountId,
    /// Cash and positions.
    pub holdings: Holdings,
    /// Its resting orders.
    pub open_orders: AccountOrders,
    /// Nonces it has used.
    pub nonces: Nonces,
}

/// All accounts by id, with what changed since the last digest.
#[derive(Default)]
pub struct Accounts {
    list: Vec<Account>,
    /// Buckets whose holdings changed.
    pub dirty_holdings: DirtySet,
    /// Buckets whose nonces changed.
    pub dirty_nonces: DirtySet,
}

impl Accounts {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The account, if it exists.
    #[inline]
    pub fn find(&self, id: AccountId) -> Option<&Account> {
        self.list.get(id.index())
    }

    /// An account that is known to exist.
    #[inline]
    pub fn of(&self, id: AccountId) -> &Account {
        &self.list[id.index()]
    }

    /// Opens an account; itself its master if `master` is none.
    pub fn open(&mut self, master: AccountId) -> AccountId {
        let id = AccountId(u32::try_from(self.list.len() + 1).expect("capacity is checked at validation"));
        let master = if master == AccountId::NONE { id } else { master };
        self.list.push(Account { master, ..Account::default() });
        self.dirty_holdings.mark(id.index() / ACCOUNTS_PER_BUCKET);
        self.dirty_nonces.mark(id.index() / ACCOUNTS_PER_BUCKET);
        id
    }

    /// Holdings, to change.
    #[inline]
    pub fn holdings_mut(&mut self, id: AccountId) -> &mut Holdings {
        self.dirty_holdings.mark(id.index() / ACCOUNTS_PER_BUCKET);
        &mut self.list[id.index()].holdings
    }

    /// Nonces, to change.
    pub fn nonces_mut(&mut self, id: AccountId) -> &mut Nonces {
        self.dirty_nonces.mark(id.index() / ACCOUNTS_PER_BUCKET);
        &mut self.list[id.index()].nonces
    }

    /// The list of resting orders. The orders themselves are digested with their book.
    #[inline]
    pub fn open_orders_mut(&mut self, id: AccountId) -> &mut AccountOrders {
        &mut self.list[id.index()].open_orders
    }

    /// Every account with its id.
    pub fn iter(&self) -> impl Iterator<Item = (AccountId, &Account)> + '_ {
        (1_u32..).map(AccountId).zip(&self.list)
    }

    /// The accounts of one digest bucket.
    pub fn bucket(&self, bucket: usize) -> impl Iterator<Item = (AccountId, &Account)> + '_ {
        let start = bucket * ACCOUNTS_PER_BUCKET;
        let end = (start + ACCOUNTS_PER_BUCKET).min(self.list.len());
        let first = u32::try_from(start + 1).expect("ids fit 32 bits");
        (first..).map(AccountId).zip(&self.list[start..end])
    }

    /// How many digest buckets there are.
    pub fn buckets(&self) -> usize {
        self.list.len().div_ceil(ACCOUNTS_PER_BUCKET)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TV: TickValue = TickValue(10);

    fn long(lots: i64, cost: i64) -> Position {
        Position { lots: Lots(lots), cost: Money(cost), ..Position::default() }
    }

    #[test]
    fn a_partial_close_keeps_the_floor_of_its_cost() {
        let mut position = long(3, 1000);
        let settled = position.fill(Side::Sell, Lots(1), Ticks(40), TV);
        assert_eq!((position.lots, position.cost), (Lots(2), Money(666)));
        // Sold for 400 what cost 334: the odd unit went against the trader.
        assert_eq!(settled.realised, Money(66));
    }

    #[test]
    fn a_flip_closes_to_zero_and_opens_the_rest_at_the_price() {
        let mut position = long(2, 200);
        let settled = position.fill(Side::Sell, Lots(5), Ticks(20), TV);
        assert_eq!((position.lots, position.cost), (Lots(-3), Money(-600)));
        assert_eq!(settled.realised, Money(200));
        assert_eq!(settled.long_change, Lots(-2));
    }

    #[test]
    fn realising_moves_money_between_cost_and_cash_only() {
        let mut position = long(-7, -1001);
        let settled = position.fill(Side::Buy, Lots(3), Ticks(11), TV);
        assert_eq!(settled.realised - settled.cost_change, Money(-330));
    }
}
