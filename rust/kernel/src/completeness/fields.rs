//! Every struct of the state taken apart: a new field does not compile until somebody has decided where it belongs.

use super::{MARKET, SHORT, USD, Venue, describe, populated};
use crate::command::Tier;
use crate::kernel::{Checks, Kernel};
use crate::matching::ladder::Ladder;
use crate::matching::orders::NewOrder;
use crate::state::State;
use crate::state::account::{Account, Mandate, Permissions};
use crate::state::asset::{Asset, Collateral, Gate, Levels, LiquidationTerms, PortfolioTerms};
use crate::state::funding::Funding;
use crate::state::groups::{Concentration, Scenarios};
use crate::state::holdings::{Balance, Condition, Profile, Rider};
use crate::state::insurance::Insurance;
use crate::state::market::{Caps, Fees, Limits, Market, Scaling};
use crate::state::oracle::{Grades, Oracle};
use crate::state::parameters::{Author, Parameters, Sequence};
use crate::state::position::Position;

// These only have to compile. A field that is new here needs a line in `changes`, or a reason why not.

fn of_state(state: &Venue) {
    let State {
        sequence,
        parameters,
        authors,
        assets: _,
        markets: _,
        books: _,
        accounts: _,
        groups: _,
        exposure_caps: _,
        backstop: _,
        auctions: _,
        orders: _,
        clients: _,
        expiries: _,
        watch: _,
    } = state;
    // `groups` and a market's moves are private: the changes above go through what sets them.
    // `clients` and `expiries` are look-ups, rebuilt from the orders; `watch` knows where to look, and forgets it.
    let Sequence { seq: _, time: _, orders: _, trades: _, auctions: _ } = sequence;
    let Parameters { ruleset: _, open_orders_max: _, root_interval_commands: _, root_interval_ns: _ } = parameters;
    let Author { origin: _, name: _, version: _ } = &authors[0];
}

fn of_asset(asset: &Asset) {
    let Asset {
        symbol: _,
        decimals: _,
        levels,
        liquidation,
        portfolio,
        collateral: _,
        counts: _,
        gate,
        net_deposits: _,
        fees: _,
        insurance,
        dust: _,
        total_cash: _,
        total_cost: _,
        in_markets: _,
    } = asset;
    let Levels { initial_rate: _, transfer_rate: _, buffer_rate: _, account_floor: _, changed: _ } = levels;
    let LiquidationTerms {
        first_call_rate: _,
        second_call_rate: _,
        take_over_rate: _,
        adjustment_rate: _,
        spread_rate: _,
        partial_rate: _,
        partial_notional: _,
        cooldown_ns: _,
        fee_rate: _,
        changed: _,
    } = liquidation;
    let PortfolioTerms { maintenance_rate: _, funding_epochs: _, changed: _ } = portfolio;
    let Gate { closed: _, interval_ns: _, amount_max: _, window: _, withdrawn: _ } = gate;
    let Insurance { fund: _, loss_max: _, interval_ns: _, window: _, paid: _ } = insurance;
}

fn of_collateral(collateral: &Collateral) {
    let Collateral {
        settlement: _,
        haircut_rate: _,
        account_cap: _,
        total_cap: _,
        price_decimals: _,
        price: _,
        depeg_rate: _,
        changed: _,
        price_changed: _,
    } = collateral;
}

fn of_market(market: &Market) {
    let Market {
        id: _,
        symbol: _,
        settlement: _,
        tick_size_e12: _,
        lot_size_e12: _,
        tick_value: _,
        price_max: _,
        position_max: _,
        fees,
        limits,
        schedule,
        schedule_changed: _,
        scaling,
        caps,
        mode: _,
        stress: _,
        scenarios,
        mark: _,
        mark_changed: _,
        last: _,
        oracle,
        grades,
        funding,
        insurance: _,
        open_interest: _,
        net_lots: _,
    } = market;
    let Oracle { price: _, confidence: _, grade: _, observed_at: _, updated_at: _, changed: _ } = oracle;
    let Grades { margin: _, liquidation: _, funding: _ } = grades;
    let Scenarios { group: _, changed: _, concentration, .. } = scenarios;
    let Concentration { threshold: _, rate: _, changed: _ } = concentration;
    let Fees { maker_rate: _, taker_rate: _, tiers: _ } = fees;
    let Scaling { size_rate: _, open_interest_lower: _, open_interest_upper: _, changed: _ } = scaling;
    let Caps { open_interest_max: _, concentration_rate: _, concentration_floor: _ } = caps;
    let Funding {
        index: _,
        loss_long: _,
        loss_short: _,
        clearing: _,
        fraction: _,
        last_rate: _,
        changed: _,
        loss_changed: _,
    } = funding;
    let Limits { order_min_notional: _, order_max_lots: _, price_band_rate: _, market_bound_rate: _ } = limits;
    for Tier { lower_bound: _, initial_rate: _, maintenance_rate: _ } in schedule.tiers() {}
}

fn of_account(account: &Account) {
    let Account { master: _, holdings, open_orders: _, nonces: _, mandate } = account;
    let Mandate { permissions, caps: _, allowances: _, agents: _ } = &**mandate.as_ref().expect("it may not transfer");
    let Permissions { no_withdraw: _, no_transfer: _, markets: _, destinations: _ } = permissions;
    let Profile { mode: _, reduce_only: _, fee_tier: _, maker_rebate_rate: _ } = holdings.profile;
    let Balance { cash: _, changed: _, maker_volume: _, taker_volume: _, condition } = holdings.balance(USD);
    let Condition { standing: _, locked: _, resumes_at: _ } = condition;
    let position = holdings.position(MARKET);
    let Position { market: _, ridden: _, lots: _, cost: _, buys: _, sells: _, changed: _, index: _ } = position;
    let Rider {
        market: _,
        isolated: _,
        margin: _,
        margin_changed: _,
        condition: _,
        initial_rate: _,
        rate_changed: _,
        loss_index: _,
    } = holdings.rider(&position).expect("it has its own rate");
}

fn of_order(order: &NewOrder) {
    let NewOrder {
        id: _,
        client_order: _,
        price: _,
        lots: _,
        filled: _,
        expires_at: _,
        account: _,
        market: _,
        side: _,
        time_in_force: _,
        self_trade: _,
        post_only: _,
        reduce_only: _,
    } = order;
}

/// What is in no digest is rebuilt on loading: which positions have riders, what counts towards an asset, an order's market
/// from where it stands, a market's id and tick value, the running totals, an account's list of orders.
#[test]
fn what_is_not_saved_is_rebuilt() {
    let kernel = populated();
    let state = &kernel.state;
    of_state(state);
    of_asset(&state.assets[0]);
    of_collateral(&state.assets[1].collateral.expect("it counts"));
    of_market(&state.markets[0]);
    of_account(state.accounts.of(SHORT));
    of_order(&describe(state));
    let loaded = Kernel::<Ladder>::from_snapshot(&kernel.snapshot(), Checks::Everything).expect("our own snapshot");
    for venue in [state, &loaded.state] {
        let (market, asset, short) = (&venue.markets[0], &venue.assets[0], venue.accounts.of(SHORT));
        assert_eq!((market.id, market.tick_value.0, market.open_interest, market.net_lots), (MARKET, 1, 2, 0));
        assert_eq!((asset.total_cash.0, asset.total_cost.0, asset.in_markets.0, asset.counts.len()), (20_000, 0, 0, 1));
        assert_eq!((short.open_orders.count(), venue.books.len(), venue.orders.len()), (3, 1, 3));
        assert!(short.holdings.position(MARKET).ridden);
        assert_eq!((venue.clients.len(), venue.expiries.len(), venue.orders.by_id().count()), (2, 2, 3));
    }
    assert_eq!(loaded.state.expiries, state.expiries);
}
