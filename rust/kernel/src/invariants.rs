//! What must hold after every command, recomputed from the entities themselves.

use crate::command::{Side, TimeInForce};
use crate::matching::book::Book;
use crate::quantities::{AccountId, Lots, MarketId, Wide};
use crate::state::State;

/// A broken invariant: a bug, never a consequence of input.
pub type Broken = String;

/// Law 8 by the running totals: cheap enough for every block.
pub fn totals<B: Book>(state: &State<B>) -> Result<(), Broken> {
    for (index, asset) in state.assets.iter().enumerate() {
        let imbalance = asset.imbalance();
        if imbalance != Wide::ZERO {
            return Err(format!("asset {}: money is off by {}", index + 1, imbalance.0));
        }
    }
    for market in &state.markets {
        if market.net_lots != Lots::ZERO {
            return Err(format!("market {}: positions sum to {}", market.id.0, market.net_lots.0));
        }
    }
    Ok(())
}

/// Everything, from scratch: the running totals against the accounts, open lots against the orders, lists against books.
pub fn everything<B: Book>(state: &State<B>) -> Result<(), Broken> {
    totals(state)?;
    money(state)?;
    positions(state)?;
    open_lots(state)?;
    orders(state)
}

fn money<B: Book>(state: &State<B>) -> Result<(), Broken> {
    for (index, asset) in state.assets.iter().enumerate() {
        let settles = |market: MarketId| state.markets[market.index()].settlement.index() == index;
        let (mut cash, mut cost) = (Wide::ZERO, Wide::ZERO);
        for (_, account) in state.accounts.iter() {
            let held = account.holdings.balances().find(|(asset, _)| asset.index() == index);
            cash += held.map_or(Wide::ZERO, |(_, money)| money.wide());
            cost += account.holdings.total_cost(settles);
        }
        if (cash, cost) != (asset.total_cash, asset.total_cost) {
            return Err(format!(
                "asset {}: totals {:?} against {:?}",
                index + 1,
                (asset.total_cash, asset.total_cost),
                (cash, cost)
            ));
        }
    }
    Ok(())
}

fn positions<B: Book>(state: &State<B>) -> Result<(), Broken> {
    for market in &state.markets {
        let lots = |id: AccountId| state.accounts.of(id).holdings.position(market.id).lots;
        let (mut net, mut long) = (0_i128, 0_i128);
        for (id, _) in state.accounts.iter() {
            net += i128::from(lots(id).0);
            long += i128::from(lots(id).0.max(0));
        }
        if net != i128::from(market.net_lots.0) || long != i128::from(market.open_interest.0) {
            return Err(format!("market {}: net {net}, long {long} against the running totals", market.id.0));
        }
    }
    for (id, account) in state.accounts.iter() {
        for position in account.holdings.positions() {
            let bound = state.markets[position.market.index()].position_max;
            if position.lots.abs() > bound || (position.lots == Lots::ZERO && position.cost.0 != 0) {
                return Err(format!("account {}: impossible position {position:?}", id.0));
            }
        }
    }
    Ok(())
}

fn open_lots<B: Book>(state: &State<B>) -> Result<(), Broken> {
    for (id, account) in state.accounts.iter() {
        // In 128 bits: a snapshot may claim anything, and is checked by this.
        let mut expected: Vec<(MarketId, i128, i128)> = Vec::new();
        for slot in state.orders.of_account(&account.open_orders) {
            let order = &state.orders[slot];
            if order.account != id {
                return Err(format!("account {} lists order {} of another", id.0, order.id.0));
            }
            if order.reduce_only {
                continue;
            }
            let index = expected.iter().position(|entry| entry.0 == order.market).unwrap_or_else(|| {
                expected.push((order.market, 0, 0));
                expected.len() - 1
            });
            match order.side {
                Side::Buy => expected[index].1 += i128::from(order.lots.0),
                Side::Sell => expected[index].2 += i128::from(order.lots.0),
            }
        }
        for position in account.holdings.positions() {
            let found = expected.iter().find(|entry| entry.0 == position.market);
            let (buys, sells) = found.map_or((0, 0), |entry| (entry.1, entry.2));
            if (i128::from(position.buys.0), i128::from(position.sells.0)) != (buys, sells) {
                return Err(format!("account {}: open lots {position:?} against {buys}, {sells}", id.0));
            }
        }
        if expected.iter().any(|entry| account.holdings.position(entry.0).is_empty()) {
            return Err(format!("account {}: an order without its open lots", id.0));
        }
    }
    Ok(())
}

fn orders<B: Book>(state: &State<B>) -> Result<(), Broken> {
    let (mut listed, mut named, mut expiring) = (0, 0, 0);
    for (market, book) in state.markets.iter().zip(&state.books) {
        if let (Some(bid), Some(ask)) = (book.best(Side::Buy), book.best(Side::Sell))
            && bid >= ask
        {
            return Err(format!("market {}: crossed at {bid:?}, {ask:?}", market.id.0));
        }
        for bucket in book.buckets() {
            book.for_each_in_bucket(&state.orders, bucket, |slot, order| {
                listed += 1;
                let expires_at = state.orders.expires_at(slot);
                let dated = order.time_in_force == TimeInForce::GoodTillDate;
                expiring += usize::from(dated && state.expiries.contains(&(expires_at, order.id)));
                named += usize::from(state.clients.get(&(order.account, order.client_order)) == Some(&slot));
            });
        }
    }
    let linked: u64 = state.accounts.iter().map(|(_, account)| u64::from(account.open_orders.count())).sum();
    let counts = (state.orders.len(), u64::try_from(listed).unwrap_or_default(), named, expiring);
    if counts != (listed, linked, state.clients.len(), state.expiries.len()) {
        return Err(format!(
            "orders: {counts:?} against {listed}, {linked}, {}, {}",
            state.clients.len(),
            state.expiries.len()
        ));
    }
    Ok(())
}
