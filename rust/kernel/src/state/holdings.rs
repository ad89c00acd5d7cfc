//! Holdings: balances and positions of an account, which is all that margin looks at.

use crossbook_prefetch::prefetch;

use super::funding::Owed;
use super::market::Market;
use super::position::{Position, Settled};
use super::vectors::Vectors;
use crate::command::{MarginMode, Side};
use crate::event::Standing;
use crate::quantities::{AssetId, Lots, MarketId, Money, Rate, TickValue, Ticks};

/// What the waterfall remembers of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its standing when last looked at.
    pub standing: Standing,
    /// Whether it may only reduce.
    pub locked: bool,
    /// Stamped time before which it may not be reduced again.
    pub resumes_at: u64,
}

impl Condition {
    /// Of a pool nobody has had to look at.
    pub const SOUND: Self = Self { standing: Standing::Healthy, locked: false, resumes_at: 0 };
}

/// An account's balance of an asset, and its cross pool's condition. One cache line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Money of its own, or owed if negative.
    pub cash: Money,
    /// Seq at which cash last changed.
    pub changed: u64,
    /// Notional filled as a maker, ever.
    pub maker_volume: u128,
    /// Notional filled as a taker, ever.
    pub taker_volume: u128,
    /// What the waterfall remembers.
    pub condition: Condition,
}

impl Balance {
    const NONE: Self =
        Self { cash: Money::ZERO, changed: 0, maker_volume: 0, taker_volume: 0, condition: Condition::SOUND };

    /// Whether there is nothing to it: such a balance is not part of the state.
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }
}

/// What few positions have: isolation, leverage of the account's own, a loss index to remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rider {
    /// Whose position.
    pub market: MarketId,
    /// Whether it is a pool of its own.
    pub isolated: bool,
    /// The money that backs it while it is; owed if negative.
    pub margin: Money,
    /// Seq at which the margin last changed.
    pub margin_changed: u64,
    /// What the waterfall remembers of the isolated pool.
    pub condition: Condition,
    /// The account's own initial rate here, 0 for none.
    pub initial_rate: Rate,
    /// Seq at which it was set.
    pub rate_changed: u64,
    /// The loss index of its side as of the last settlement; 0 when flat.
    pub loss_index: i128,
}

impl Rider {
    const fn none(market: MarketId) -> Self {
        Self {
            market,
            isolated: false,
            margin: Money::ZERO,
            margin_changed: 0,
            condition: Condition::SOUND,
            initial_rate: Rate::ZERO,
            rate_changed: 0,
            loss_index: 0,
        }
    }

    /// The position is no longer a pool of its own: its margin and what the waterfall remembered of it are gone.
    pub fn leave(&mut self) {
        let none = Self::none(self.market);
        (self.isolated, self.margin, self.margin_changed) = (false, none.margin, 0);
        self.condition = none.condition;
    }
}

/// What holds for all of an account's pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// How its cross pools are margined.
    pub mode: MarginMode,
    /// Whether it may only reduce.
    pub reduce_only: bool,
    /// Its volume tier, 0 the first.
    pub fee_tier: u8,
    /// Taken off its maker rate.
    pub maker_rebate_rate: Rate,
}

impl Default for Profile {
    fn default() -> Self {
        Self { mode: MarginMode::Standard, reduce_only: false, fee_tier: 0, maker_rebate_rate: Rate::ZERO }
    }
}

/// Which pool of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolId {
    /// The cross pool of a settlement asset.
    Cross(AssetId),
    /// One isolated position.
    Isolated(MarketId),
}

/// Balances and positions.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// What holds for all pools.
    pub profile: Profile,
    balances: Vec<Balance>,
    positions: Vec<Position>,
    /// By market; few have any.
    riders: Vec<Rider>,
    /// What a portfolio makes in each scenario. Follows from positions and tables: no part of the state.
    pub vectors: Vectors,
}

impl Holdings {
    /// Asks for the balances and the positions.
    #[inline]
    pub fn prefetch(&self) {
        if let Some(balance) = self.balances.first() {
            prefetch(balance);
        }
        self.positions.iter().for_each(prefetch);
        self.vectors.prefetch();
    }

    /// Cash in an asset.
    #[inline]
    pub fn cash(&self, asset: AssetId) -> Money {
        self.balances.get(asset.index()).map_or(Money::ZERO, |balance| balance.cash)
    }

    /// Cash in an asset and the seq at which it last changed.
    #[inline]
    pub fn cash_since(&self, asset: AssetId) -> (Money, u64) {
        self.balances.get(asset.index()).map_or((Money::ZERO, 0), |balance| (balance.cash, balance.changed))
    }

    /// The balance of an asset.
    #[inline]
    pub fn balance(&self, asset: AssetId) -> Balance {
        self.balances.get(asset.index()).copied().unwrap_or(Balance::NONE)
    }

    /// The balance of an asset, to change.
    #[inline]
    pub fn balance_mut(&mut self, asset: AssetId) -> &mut Balance {
        let index = asset.index();
        if self.balances.len() <= index {
            self.balances.resize(index + 1, Balance::NONE);
        }
        &mut self.balances[index]
    }

    /// Every balance there is anything to, by asset.
    pub fn balances(&self) -> impl Iterator<Item = (AssetId, &Balance)> + '_ {
        let id = |index: usize| AssetId(u16::try_from(index + 1).expect("assets are few"));
        let some = self.balances.iter().enumerate().filter(|(_, balance)| !balance.is_empty());
        some.map(move |(index, balance)| (id(index), balance))
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

    /// All riders by market.
    pub fn riders(&self) -> &[Rider] {
        &self.riders
    }

    /// The rider of a position, if it has one.
    #[inline]
    pub fn rider(&self, position: &Position) -> Option<&Rider> {
        if position.ridden { self.riders.iter().find(|rider| rider.market == position.market) } else { None }
    }

    /// Changes the rider of a position. One that then says nothing is dropped.
    pub fn ride(&mut self, market: MarketId, change: impl FnOnce(&mut Rider)) {
        let index = self.riders.partition_point(|rider| rider.market < market);
        if self.riders.get(index).is_none_or(|rider| rider.market != market) {
            self.riders.insert(index, Rider::none(market));
        }
        change(&mut self.riders[index]);
        let kept = self.riders[index] != Rider::none(market);
        if !kept {
            self.riders.remove(index);
        }
        self.position_mut(market).ridden = kept;
    }

    /// Whether a position is a pool of its own.
    #[inline]
    pub fn is_isolated(&self, position: &Position) -> bool {
        self.rider(position).is_some_and(|rider| rider.isolated)
    }

    /// The pool that the position in a market belongs to.
    #[inline]
    pub fn pool_of(&self, market: &Market) -> PoolId {
        self.pool_with(&self.position(market.id), market)
    }

    /// The pool that a position belongs to.
    #[inline]
    pub fn pool_with(&self, position: &Position, market: &Market) -> PoolId {
        if self.is_isolated(position) { PoolId::Isolated(market.id) } else { PoolId::Cross(market.settlement) }
    }

    /// The money of a pool: cash, or an isolated position's margin.
    pub fn money(&self, pool: PoolId) -> Money {
        match pool {
            PoolId::Cross(asset) => self.cash(asset),
            PoolId::Isolated(market) => self.rider(&self.position(market)).map_or(Money::ZERO, |rider| rider.margin),
        }
    }

    /// Adds to the money of a pool; gives what is then there.
    #[inline]
    pub fn credit(&mut self, pool: PoolId, amount: Money, seq: u64) -> Money {
        match pool {
            PoolId::Cross(asset) => {
                let balance = self.balance_mut(asset);
                balance.cash += amount;
                balance.changed = seq;
                balance.cash
            }
            PoolId::Isolated(market) => {
                let mut margin = Money::ZERO;
                self.ride(market, |rider| {
                    rider.margin += amount;
                    rider.margin_changed = seq;
                    margin = rider.margin;
                });
                margin
            }
        }
    }

    /// What the waterfall remembers of a pool.
    #[inline]
    pub fn condition(&self, pool: PoolId) -> Condition {
        match pool {
            PoolId::Cross(asset) => {
                self.balances.get(asset.index()).map_or(Condition::SOUND, |balance| balance.condition)
            }
            PoolId::Isolated(market) => {
                self.rider(&self.position(market)).map_or(Condition::SOUND, |rider| rider.condition)
            }
        }
    }

    /// Changes what the waterfall remembers of a pool.
    pub fn set_condition(&mut self, pool: PoolId, condition: Condition) {
        match pool {
            PoolId::Cross(asset) => self.balance_mut(asset).condition = condition,
            PoolId::Isolated(market) => self.ride(market, |rider| rider.condition = condition),
        }
    }

    /// What a position owes.
    #[inline]
    pub fn owed(&self, position: &Position, market: &Market) -> Owed {
        let loss_index = self.rider(position).map_or(0, |rider| rider.loss_index);
        market.funding.owed(position, loss_index)
    }

    /// What a position has to settle; nothing if it is flat, or the indices have not moved.
    #[inline]
    pub fn due(&self, market: &Market) -> Option<Owed> {
        let position = self.position(market.id);
        let owed = self.owed(&position, market);
        let moved = owed.exact != 0 || (position.lots.0 != 0 && position.index != market.funding.index);
        moved.then_some(owed)
    }

    /// Takes what a position owes from its pool and remembers the indices; nothing if nothing is due.
    #[inline]
    pub fn settle_owed(&mut self, market: &Market, seq: u64) -> Option<Owed> {
        let owed = self.due(market)?;
        self.credit(self.pool_of(market), -owed.total(), seq);
        self.remember(market, seq);
        Some(owed)
    }

    /// The position remembers the market's indices of its side, or nothing if it is flat.
    #[inline]
    fn remember(&mut self, market: &Market, seq: u64) {
        let position = self.position_mut(market.id);
        position.remember(market.funding.index, seq);
        let loss_index = if position.lots.0 == 0 { 0 } else { market.funding.loss(position.lots.0) };
        if position.ridden || loss_index != 0 {
            self.ride(market.id, |rider| rider.loss_index = loss_index);
        }
    }

    /// Settles a fill whose position owes nothing: position, money and volume. Open lots of the side are used up with it.
    #[inline]
    pub fn settle(&mut self, fill: &Fill, market: &Market, seq: u64) -> Settled {
        let position = self.position_mut(fill.market);
        position.change_open(fill.side, fill.reduce_only, -fill.lots);
        let settled = position.fill(fill.side, fill.lots, fill.price, fill.tick_value);
        let pool = if position.ridden || market.funding.loss(position.lots.0) != 0 {
            self.remember(market, seq);
            self.pool_of(market)
        } else {
            position.remember(market.funding.index, seq);
            PoolId::Cross(fill.asset)
        };
        if self.is_portfolio() && pool == PoolId::Cross(fill.asset) && market.scenarios.exist() {
            self.vectors.change(market, fill.side.signed(fill.lots));
        }
        self.credit(pool, settled.realised - fill.fee, seq);
        let balance = self.balance_mut(fill.asset);
        let volume = match fill.role {
            Role::Maker => &mut balance.maker_volume,
            Role::Taker => &mut balance.taker_volume,
        };
        *volume += u128::from(fill.notional.0.unsigned_abs());
        settled
    }

    /// Buys or sells lots for a value, without an order: position and money of its pool. The position owes nothing.
    pub fn take(&mut self, market: &Market, side: Side, lots: Lots, value: Money, seq: u64) -> Settled {
        let before = self.scenario_lots(market);
        let settled = self.position_mut(market.id).fill_at_value(side, lots, value);
        self.follow(market, before);
        self.remember(market, seq);
        self.credit(self.pool_of(market), settled.realised, seq);
        settled
    }

    /// Whether its cross pools are margined by scenarios.
    #[inline]
    pub fn is_portfolio(&self) -> bool {
        self.profile.mode == MarginMode::Portfolio
    }

    /// The lots of a market whose profits are in the scenario vectors.
    #[inline]
    pub fn scenario_lots(&self, market: &Market) -> Lots {
        let position = self.position(market.id);
        let counts = self.is_portfolio() && market.scenarios.exist() && !self.is_isolated(&position);
        if counts { position.lots } else { Lots::ZERO }
    }

    /// The position in a market has changed, or its pool: the vectors follow from what was in them.
    pub fn follow(&mut self, market: &Market, before: Lots) {
        let change = self.scenario_lots(market) - before;
        if change != Lots::ZERO {
            self.vectors.change(market, change);
        }
    }

    /// Puts a position into another pool, or takes it back.
    pub fn switch(&mut self, market: &Market, change: impl FnOnce(&mut Rider)) {
        let before = self.scenario_lots(market);
        self.ride(market.id, change);
        self.follow(market, before);
    }

    /// Makes the scenario vectors anew: after a change of tables or of mode.
    pub fn revalue(&mut self, markets: &[Market]) {
        self.vectors = Vectors::default();
        if !self.is_portfolio() {
            return;
        }
        for position in &self.positions {
            let market = &markets[position.market.index()];
            if position.lots.0 != 0 && market.scenarios.exist() && !self.is_isolated(position) {
                self.vectors.change(market, position.lots);
            }
        }
    }
}

/// Whether an order rested or came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It rested.
    Maker,
    /// It came.
    Taker,
}

/// What an order is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Whatever its owner wants.
    Ordinary,
    /// To make a pool in need safer, although the pool may only reduce.
    Hedge,
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
    /// Lots at the price.
    pub notional: Money,
    /// The fee, negative for a rebate.
    pub fee: Money,
    /// Which order of the two.
    pub role: Role,
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
