//! Every struct of the state taken apart: a new field does not compile until somebody has decided where it belongs.

use super::{MARKET, SHORT, USD, describe, populated};
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
use crate::state::parameters::{Author, Parameters, Sequence};
use crate::state::position::Position;

/// Takes every struct of the state apart. A field that is new here needs a line above, or a reason below.
#[test]
#[expect(clippy::too_many_lines, reason = "one line a field")]
fn no_field_is_forgotten() {
    let kernel = populated();
    let State {
        sequence,
        parameters,
        authors,
        assets,
        markets,
        books,
        accounts,
        groups: _,
        exposure_caps: _,
        backstop: _,
        auctions: _,
        orders,
        clients: _,
        expiries: _,
        watch: _,
    } = &kernel.state;
    // `groups` and a market's moves are private: the changes above go through what sets them.
    // `clients` and `expiries` are look-ups, rebuilt from the orders; `watch` knows where to look, and forgets it.
    let Sequence { seq: _, time: _, orders: _, trades: _, auctions: _ } = sequence;
    let Parameters { ruleset: _, open_orders_max: _, root_interval_commands: _, root_interval_ns: _ } = parameters;
    let Author { origin: _, name: _, version: _ } = &authors[0];
    let Asset {
        symbol: _,
        decimals: _,
        levels,
        liquidation,
        portfolio,
        collateral: _,
        counts,
        gate,
        net_deposits: _,
        fees: _,
        insurance,
        dust: _,
        total_cash,
        total_cost,
        in_markets,
    } = &assets[0];
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
    } = assets[1].collateral.expect("it counts");
    let Gate { closed: _, interval_ns: _, amount_max: _, window: _, withdrawn: _ } = gate;
    let Insurance { fund: _, loss_max: _, interval_ns: _, window: _, paid: _ } = insurance;
    let Market {
        id,
        symbol: _,
        settlement: _,
        tick_size_e12: _,
        lot_size_e12: _,
        tick_value,
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
        funding,
        insurance: _,
        open_interest,
        net_lots,
    } = &markets[0];
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
    let Account { master: _, holdings, open_orders, nonces: _, mandate } = accounts.of(SHORT);
    let Mandate { permissions, caps: _, allowances: _ } = &**mandate.as_ref().expect("it may not transfer");
    let Permissions { no_withdraw: _, no_transfer: _, markets: _, destinations: _ } = permissions;
    let Profile { mode: _, reduce_only: _, fee_tier: _, maker_rebate_rate: _ } = holdings.profile;
    let Balance { cash: _, changed: _, maker_volume: _, taker_volume: _, condition } = holdings.balance(USD);
    let Condition { standing: _, locked: _, resumes_at: _ } = condition;
    let position = holdings.position(MARKET);
    let Position { market: _, ridden, lots: _, cost: _, buys: _, sells: _, changed: _, index: _ } = position;
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
    } = describe(&kernel.state);
    assert!(ridden && in_markets.0 == 0 && counts.len() == 1);
    // Rebuilt on loading: which positions have riders, what counts towards an asset, an order's market from where it stands, a market's id and tick value, the running totals, an
    // account's list of orders.
    assert_eq!((id.0, tick_value.0, *open_interest, *net_lots), (1, 1, 2, 0));
    assert_eq!((total_cash.0, total_cost.0, open_orders.count(), books.len(), orders.len()), (20_000, 0, 3, 1, 3));
    let loaded = Kernel::<Ladder>::from_snapshot(&kernel.snapshot(), Checks::Everything).expect("our own snapshot");
    let (market, asset) = (&loaded.state.markets[0], &loaded.state.assets[0]);
    assert_eq!((market.id, market.tick_value, market.open_interest, market.net_lots), (*id, *tick_value, 2, 0));
    assert_eq!((asset.total_cash, asset.total_cost), (*total_cash, *total_cost));
    assert_eq!((&loaded.state.clients.len(), &loaded.state.expiries), (&2, &kernel.state.expiries));
    assert_eq!(loaded.state.orders.by_id().count(), 3);
    assert!(loaded.state.accounts.of(SHORT).holdings.position(MARKET).ridden && asset.counts == *counts);
}
