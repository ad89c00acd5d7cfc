//! What the state looks like from outside: msgpack rows, in the order that the Python side declares.
//!
//! Nothing here computes a number of its own: margin rows are the very terms the checks sum.

use crate::command::Side;
use crate::field::Field;
use crate::matching::book::Book;
use crate::matching::orders::NewOrder;
use crate::quantities::{AccountId, AssetId, MarketId, OrderId, Ticks, Wide};
use crate::risk::margin;
use crate::risk::pool::Pool;
use crate::state::State;
use crate::state::account::Account;
use crate::state::holdings::PoolId;
use crate::state::market::Market;
use crate::state::position::Position;
use crate::wire::Writer;

/// Writes rows about a state.
pub struct View<'a, B> {
    state: &'a State<B>,
    writer: Writer,
}

impl<'a, B: Book> View<'a, B> {
    /// A view of a state.
    pub fn of(state: &'a State<B>) -> Self {
        Self { state, writer: Writer::default() }
    }

    fn finish(self) -> Vec<u8> {
        self.writer.as_bytes().to_vec()
    }

    fn rows<T>(mut self, items: impl ExactSizeIterator<Item = T>, mut row: impl FnMut(&mut Self, T)) -> Vec<u8> {
        self.writer.array(items.len());
        for item in items {
            row(&mut self, item);
        }
        self.finish()
    }

    fn field(&mut self, field: &impl Field) {
        field.write(&mut self.writer);
    }

    /// Sums over many markets can leave 64 bits; a view then shows the nearest bound.
    fn wide(&mut self, money: Wide) {
        self.writer.signed(money.clamp_i64());
    }

    fn number(&mut self, number: usize) {
        self.writer.unsigned(number as u64);
    }

    /// `[asset, symbol, decimals, net_deposits, fees, insurance, dust]` rows.
    pub fn assets(self) -> Vec<u8> {
        let state = self.state;
        self.rows(state.assets.iter().enumerate(), |view, (index, asset)| {
            view.writer.array(7);
            view.number(index + 1);
            view.writer.text(&asset.symbol);
            view.field(&asset.decimals);
            for money in [asset.net_deposits, asset.fees, asset.insurance.fund, asset.dust] {
                view.field(&money);
            }
        })
    }

    /// Market rows: terms, fees, limits, tiers, `mark, last, open_interest`.
    pub fn markets(self) -> Vec<u8> {
        let state = self.state;
        self.rows(state.markets.iter(), Self::market_row)
    }

    fn market_row(&mut self, market: &Market) {
        self.writer.array(18);
        self.field(&market.id);
        self.writer.text(&market.symbol);
        self.field(&market.settlement);
        self.field(&market.tick_size_e12);
        self.field(&market.lot_size_e12);
        self.field(&market.tick_value);
        self.field(&market.price_max);
        self.field(&market.position_max);
        self.field(&market.fees.maker_rate);
        self.field(&market.fees.taker_rate);
        self.field(&market.limits.order_min_notional);
        self.field(&market.limits.order_max_lots);
        self.field(&market.limits.price_band_rate);
        self.field(&market.limits.market_bound_rate);
        let tiers: Vec<_> = market.schedule.tiers().collect();
        self.field(&tiers);
        self.writer.reserve();
        self.field(&market.mark);
        self.field(&market.last);
        self.wide(Wide(market.open_interest));
    }

    /// `[open_orders_max, root_interval_commands, root_interval_ns, ruleset]`.
    pub fn parameters(mut self) -> Vec<u8> {
        let parameters = &self.state.parameters;
        self.writer.array(4);
        self.field(&parameters.open_orders_max);
        self.field(&parameters.root_interval_commands);
        self.field(&parameters.root_interval_ns);
        self.field(&parameters.ruleset);
        self.finish()
    }

    /// `[account, master, open_orders, balances, pools, positions]`, or nil.
    pub fn account(mut self, id: AccountId) -> Vec<u8> {
        match self.state.accounts.find(id) {
            None => self.writer.nil(),
            Some(account) => self.account_row(id, account),
        }
        self.finish()
    }

    fn account_row(&mut self, id: AccountId, account: &Account) {
        let holdings = &account.holdings;
        let live: Vec<Position> = holdings.positions().iter().filter(|p| p.is_live()).copied().collect();
        self.writer.array(6);
        self.field(&id);
        self.field(&account.master);
        self.field(&account.open_orders.count());
        let balances: Vec<_> = holdings.balances().filter(|(_, balance)| balance.cash.0 != 0).collect();
        self.writer.array(balances.len());
        for (asset, balance) in &balances {
            self.writer.array(2);
            self.field(asset);
            self.field(&balance.cash);
        }
        let ids = (1..=self.state.assets.len()).map(|id| AssetId(u16::try_from(id).expect("assets are few")));
        let settles = |position: &Position, asset| self.state.markets[position.market.index()].settlement == asset;
        let holds = |asset: &AssetId| holdings.cash(*asset).0 != 0 || live.iter().any(|p| settles(p, *asset));
        let pools: Vec<AssetId> = ids.filter(holds).collect();
        self.writer.array(pools.len());
        for asset in pools {
            self.pool_row(asset, account);
        }
        self.writer.array(live.len());
        for position in &live {
            self.position_row(position, account);
        }
    }

    /// `[asset, cash, unrealised, equity, requirement, maintenance]`: sums of the terms.
    fn pool_row(&mut self, asset: AssetId, account: &Account) {
        let pool = Pool::new(&account.holdings, self.state.risk(), PoolId::Cross(asset));
        let cash = account.holdings.cash(asset).wide();
        let unrealised =
            pool.positions().fold(Wide::ZERO, |sum, (position, market)| sum + margin::unrealised(&position, market));
        let sums = [cash, unrealised, pool.equity(), pool.requirement(), pool.maintenance()];
        self.writer.array(6);
        self.field(&asset);
        for sum in sums {
            self.wide(sum);
        }
    }

    fn position_row(&mut self, position: &Position, account: &Account) {
        let market = &self.state.markets[position.market.index()];
        let pool = Pool::new(&account.holdings, self.state.risk(), account.holdings.pool_of(market));
        let worst_notional = market.notional(position.worst(), market.mark);
        let requirement = margin::requirement(position, market, pool.own_rate(position), &pool.risk).1;
        self.writer.array(12);
        self.field(&position.market);
        self.field(&position.lots);
        self.field(&position.cost);
        self.field(&position.buys);
        self.field(&position.sells);
        self.field(&market.mark);
        self.wide(margin::unrealised(position, market));
        self.field(&position.worst());
        self.field(&worst_notional);
        self.number(market.schedule.tier_of(worst_notional) + 1);
        self.field(&requirement);
        self.field(&margin::maintenance(position.lots, market));
    }

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
