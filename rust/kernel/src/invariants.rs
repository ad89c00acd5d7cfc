//! What must hold after every command, recomputed from the entities themselves.

use crate::command::{Side, TimeInForce};
use crate::matching::book::Book;
use crate::quantities::{Lots, MarketId, Money, RATE_ONE, Wide};
use crate::state::State;
use crate::state::funding::Funding;
use crate::state::market::Market;
use crate::state::position::Position;
use crate::sweep::scan::scan;
use crate::validate::oracle::AGENTS_MAX;

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
        if market.net_lots != 0 {
            return Err(format!("market {}: positions sum to {}", market.id.0, market.net_lots));
        }
    }
    Ok(())
}

/// Everything, from scratch: the running totals against the accounts, open lots against the orders, lists against books.
pub fn everything<B: Book>(state: &State<B>) -> Result<(), Broken> {
    totals(state)?;
    sums(state)?;
    in_markets(state)?;
    open_lots(state)?;
    standings(state)?;
    vectors(state)?;
    auctions(state)?;
    agents(state)?;
    orders(state)
}

/// Agents are registered authors, each named once, and few.
fn agents<B: Book>(state: &State<B>) -> Result<(), Broken> {
    for (id, account) in state.accounts.iter() {
        let agents = account.agents();
        let ascending = agents.windows(2).all(|pair| pair[0] < pair[1]);
        let known = agents.iter().all(|author| state.authors.get(author.index()).is_some());
        if !ascending || !known || agents.len() > AGENTS_MAX {
            return Err(format!("account {}: agents {agents:?}", id.0));
        }
    }
    Ok(())
}

/// Each auction offers something, under a number that was given out, and is its position's only one.
fn auctions<B: Book>(state: &State<B>) -> Result<(), Broken> {
    for (id, auction) in state.auctions.iter() {
        let found = state.auctions.of_position(auction.account, auction.market) == Some(id);
        if auction.lots < Lots(1) || id.0 > state.sequence.auctions || !found {
            return Err(format!("auction {}: {auction:?}", id.0));
        }
    }
    if state.auctions.positions() == state.auctions.iter().len() {
        Ok(())
    } else {
        Err(format!("auctions: {} of {} positions", state.auctions.iter().len(), state.auctions.positions()))
    }
}

/// Every pool stands as it is remembered, unless its account has been touched since it was looked at: no mark may have
/// passed unseen.
fn standings<B: Book>(state: &State<B>) -> Result<(), Broken> {
    for (id, look) in scan(state).filter(|(id, _)| !state.accounts.touched.contains(*id)) {
        let remembered = state.accounts.of(id).holdings.condition(look.pool).standing;
        if remembered != look.standing {
            return Err(format!("account {}: remembered {remembered:?} against {look:?}", id.0));
        }
    }
    Ok(())
}

/// The running totals against one walk over all accounts.
fn sums<B: Book>(state: &State<B>) -> Result<(), Broken> {
    let mut money = vec![(Wide::ZERO, Wide::ZERO); state.assets.len()];
    let mut lots = vec![(0_i128, 0_i128); state.markets.len()];
    for (id, account) in state.accounts.iter() {
        for (asset, balance) in account.holdings.balances() {
            money[asset.index()].0 += balance.cash.wide();
        }
        for rider in account.holdings.riders() {
            money[state.markets[rider.market.index()].settlement.index()].0 += rider.margin.wide();
        }
        for position in account.holdings.positions() {
            let market = &state.markets[position.market.index()];
            if !is_possible(position, market) {
                return Err(format!("account {}: impossible position {position:?}", id.0));
            }
            money[market.settlement.index()].1 += position.cost.wide();
            let (net, long) = &mut lots[position.market.index()];
            *net += i128::from(position.lots.0);
            *long += i128::from(position.lots.0.max(0));
        }
    }
    for (index, (asset, sums)) in state.assets.iter().zip(&money).enumerate() {
        let totals = (asset.total_cash, asset.total_cost);
        if totals != *sums {
            return Err(format!("asset {}: totals {totals:?} against {sums:?}", index + 1));
        }
    }
    for (market, sums) in state.markets.iter().zip(&lots) {
        let totals = (market.net_lots, market.open_interest);
        if totals != *sums {
            return Err(format!("market {}: lots {totals:?} against {sums:?}", market.id.0));
        }
    }
    Ok(())
}

/// What markets hold: insurance, and funding settled by one side only, which must be what the others still owe.
fn in_markets<B: Book>(state: &State<B>) -> Result<(), Broken> {
    let one = i128::from(RATE_ONE);
    let mut held = vec![Wide::ZERO; state.assets.len()];
    for market in &state.markets {
        let Funding { clearing, fraction, .. } = market.funding;
        if !(0..one).contains(&fraction) || (clearing + fraction) % one != 0 {
            return Err(format!("market {}: clearing {clearing} with {fraction} left over", market.id.0));
        }
        let unsettled = state.accounts.iter().fold(0_i128, |sum, (_, account)| {
            let position = account.holdings.position(market.id);
            sum + account.holdings.owed(&position, market).exact
        });
        if clearing + unsettled != 0 {
            return Err(format!("market {}: clearing {clearing} against {unsettled} unsettled", market.id.0));
        }
        held[market.settlement.index()] += Wide((clearing + fraction).div_euclid(one)) + market.insurance.fund.wide();
    }
    for (index, (asset, held)) in state.assets.iter().zip(&held).enumerate() {
        if asset.in_markets != *held {
            return Err(format!("asset {}: {:?} in markets against {held:?}", index + 1, asset.in_markets));
        }
    }
    Ok(())
}

/// What no sequence of commands can leave: each side within the position limit, whatever else fills, and a cost that some
/// prices of the market make.
pub fn is_possible(position: &Position, market: &Market) -> bool {
    let Position { lots, cost, buys, sells, .. } = *position;
    let (lots, max) = (i128::from(lots.0), i128::from(market.position_max.0));
    let room = |open: Lots, held: i128| open.0 >= 0 && held.max(0) + i128::from(open.0) <= max;
    let (least, most) = (i128::from(market.tick_value.0), i128::from(market.tick_value.0 * market.price_max.0));
    let (size, paid) = (lots.abs(), i128::from(cost.0) * lots.signum());
    let cost_fits = (size * least..=size * most).contains(&paid) && (size != 0 || cost == Money::ZERO);
    room(buys, lots) && room(sells, -lots) && cost_fits
}

/// The vectors that are kept along against what the positions make by the tables as they are.
fn vectors<B: Book>(state: &State<B>) -> Result<(), Broken> {
    for (id, account) in state.accounts.iter() {
        let mut anew = account.holdings.clone();
        anew.revalue(&state.markets);
        if !account.holdings.vectors.shown().eq(anew.vectors.shown()) {
            return Err(format!("account {}: scenario vectors are not those of its positions", id.0));
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
    let (mut listed, mut named, mut nameless, mut expiring, mut lasting) = (0, 0, 0, 0, 0);
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
                lasting += usize::from(!dated);
                named += usize::from(state.clients.slot(order.account, order.client_order) == Some(slot));
                nameless += usize::from(order.client_order == 0);
            });
        }
    }
    let linked: u64 = state.accounts.iter().map(|(_, account)| u64::from(account.open_orders.count())).sum();
    let counts = (state.orders.len(), u64::try_from(listed).unwrap_or_default(), named, expiring);
    let look_ups = (listed, linked, state.clients.len(), state.expiries.len());
    // Each order that has a client's name or an expiry is found by it: two of one name would hide one another.
    if counts == look_ups && named + nameless == listed && expiring + lasting == listed {
        Ok(())
    } else {
        Err(format!("orders: {counts:?} against {look_ups:?}, {nameless} without a name, {lasting} without an expiry"))
    }
}
