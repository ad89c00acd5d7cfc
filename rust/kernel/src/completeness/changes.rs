//! One change for each field of the state, by the subsystem that must notice it.

use super::{
    Change, LONG, MARKET, SHORT, USD, Venue, balance, collateral, first, mandate, position, rename, requeue, ride, text,
};
use crate::command::{FeeTier, Grade, MarginMode, MarketMode, Origin, Scope, SelfTrade, Side, Tier, TimeInForce};
use crate::event::Standing;
use crate::lists::Correlation;
use crate::quantities::{AssetId, AuctionId, AuthorId, GroupId, Money, Rate, Ticks};
use crate::state::auction::Auction;
use crate::state::groups::Basis;
use crate::state::market::Schedule;

pub const PARAMETERS: &[Change] = &[
    ("ruleset", |s| s.parameters.ruleset += 1),
    ("open_orders_max", |s| s.parameters.open_orders_max += 1),
    ("root_interval_commands", |s| s.parameters.root_interval_commands += 1),
    ("root_interval_ns", |s| s.parameters.root_interval_ns += 1),
    ("author origin", |s| s.authors[0].origin = Origin::Oracle),
    ("author name", |s| s.authors[0].name = text("taker")),
    ("author version", |s| s.authors[0].version = text("2")),
    ("asset symbol", |s| s.assets[1].symbol = text("GBP")),
    ("asset decimals", |s| s.assets[1].decimals += 1),
    ("market symbol", |s| s.markets[0].symbol = text("N")),
    ("market settlement", |s| s.markets[0].settlement = AssetId(2)),
    ("tick_size_e12", |s| s.markets[0].tick_size_e12 += 1),
    ("lot_size_e12", |s| s.markets[0].lot_size_e12 += 1),
    ("price_max", |s| s.markets[0].price_max.0 += 1),
    ("position_max", |s| s.markets[0].position_max.0 += 1),
    ("maker_rate", |s| s.markets[0].fees.maker_rate.0 += 1),
    ("taker_rate", |s| s.markets[0].fees.taker_rate.0 += 1),
    ("order_min_notional", |s| s.markets[0].limits.order_min_notional.0 += 1),
    ("order_max_lots", |s| s.markets[0].limits.order_max_lots.0 += 1),
    ("price_band_rate", |s| s.markets[0].limits.price_band_rate.0 += 1),
    ("market_bound_rate", |s| s.markets[0].limits.market_bound_rate.0 += 1),
    ("tier lower_bound", |s| s.markets[0].schedule = schedule(1, 100, 50)),
    ("tier initial_rate", |s| s.markets[0].schedule = schedule(0, 101, 50)),
    ("tier maintenance_rate", |s| s.markets[0].schedule = schedule(0, 100, 51)),
    ("tiers", |s| s.markets[0].schedule = Schedule::default()),
    ("when tiers were set", |s| s.markets[0].schedule_changed += 1),
    ("a fee tier", |s| s.markets[0].fees.tiers.push(FeeTier { maker_rate: Rate(1), taker_rate: Rate(1) })),
    ("size_rate", |s| s.markets[0].scaling.size_rate.0 += 1),
    ("open_interest_lower", |s| s.markets[0].scaling.open_interest_lower.0 += 1),
    ("open_interest_upper", |s| s.markets[0].scaling.open_interest_upper.0 += 1),
    ("when scaling was set", |s| s.markets[0].scaling.changed += 1),
    ("open_interest_max", |s| s.markets[0].caps.open_interest_max.0 += 1),
    ("concentration_rate", |s| s.markets[0].caps.concentration_rate.0 += 1),
    ("concentration_floor", |s| s.markets[0].caps.concentration_floor.0 += 1),
    ("mode", |s| s.markets[0].mode = MarketMode::Halted),
    ("stress", |s| s.markets[0].stress = true),
    ("least grade for margin", |s| s.markets[0].grades.margin = Grade::Thin),
    ("least grade for liquidation", |s| s.markets[0].grades.liquidation = Grade::Thin),
    ("least grade for funding", |s| s.markets[0].grades.funding = Grade::Thin),
    ("group", |s| s.markets[0].scenarios.group.0 += 1),
    ("moves", |s| s.markets[0].scenarios.set_moves(vec![Ticks(1)], 0)),
    ("when scenarios were set", |s| s.markets[0].scenarios.changed += 1),
    ("concentration threshold", |s| s.markets[0].scenarios.concentration.threshold.0 += 1),
    ("concentration charge", |s| s.markets[0].scenarios.concentration.rate.0 += 1),
    ("when concentration was set", |s| s.markets[0].scenarios.concentration.changed += 1),
    ("basis_rate", |s| s.groups.set_basis(GroupId(64), Basis { rate: Rate(1), changed: 0 })),
    ("when basis was set", |s| s.groups.set_basis(GroupId(64), Basis { rate: Rate(0), changed: 1 })),
    ("towards_one_rate", |s| s.groups.correlate(Rate(1), Rate(0), &[], 0)),
    ("towards_zero_rate", |s| s.groups.correlate(Rate(0), Rate(1), &[], 0)),
    ("when correlations were set", |s| s.groups.correlate(Rate(0), Rate(0), &[], 1)),
    ("a pair", |s| s.groups.correlate(Rate(0), Rate(0), &[PAIR], 0)),
    ("market loss_max", |s| s.markets[0].insurance.loss_max.0 += 1),
    ("market loss interval", |s| s.markets[0].insurance.interval_ns += 1),
    ("loss_max", |s| s.assets[0].insurance.loss_max.0 += 1),
    ("loss interval", |s| s.assets[0].insurance.interval_ns += 1),
    ("initial level", |s| s.assets[0].levels.initial_rate.0 += 1),
    ("transfer level", |s| s.assets[0].levels.transfer_rate.0 += 1),
    ("buffer", |s| s.assets[0].levels.buffer_rate.0 += 1),
    ("account_floor", |s| s.assets[0].levels.account_floor.0 += 1),
    ("when levels were set", |s| s.assets[0].levels.changed += 1),
    ("first_call_rate", |s| s.assets[0].liquidation.first_call_rate.0 += 1),
    ("second_call_rate", |s| s.assets[0].liquidation.second_call_rate.0 += 1),
    ("take_over_rate", |s| s.assets[0].liquidation.take_over_rate.0 += 1),
    ("adjustment_rate", |s| s.assets[0].liquidation.adjustment_rate.0 += 1),
    ("spread_rate", |s| s.assets[0].liquidation.spread_rate.0 += 1),
    ("partial_rate", |s| s.assets[0].liquidation.partial_rate.0 += 1),
    ("partial_notional", |s| s.assets[0].liquidation.partial_notional.0 += 1),
    ("cooldown_ns", |s| s.assets[0].liquidation.cooldown_ns += 1),
    ("liquidation fee_rate", |s| s.assets[0].liquidation.fee_rate.0 += 1),
    ("when liquidation was set", |s| s.assets[0].liquidation.changed += 1),
    ("portfolio maintenance_rate", |s| s.assets[0].portfolio.maintenance_rate.0 += 1),
    ("funding_epochs", |s| s.assets[0].portfolio.funding_epochs += 1),
    ("when portfolio was set", |s| s.assets[0].portfolio.changed += 1),
    ("collateral", |s| s.assets[1].collateral = None),
    ("collateral settlement", |s| collateral(s).settlement.0 += 1),
    ("haircut_rate", |s| collateral(s).haircut_rate.0 += 1),
    ("account_cap", |s| collateral(s).account_cap.0 += 1),
    ("total_cap", |s| collateral(s).total_cap.0 += 1),
    ("price_decimals", |s| collateral(s).price_decimals += 1),
    ("collateral price", |s| collateral(s).price += 1),
    ("depeg_rate", |s| collateral(s).depeg_rate.0 += 1),
    ("when collateral was set", |s| collateral(s).changed += 1),
    ("when its price was set", |s| collateral(s).price_changed += 1),
    ("gate", |s| s.assets[0].gate.closed = true),
    ("gate interval", |s| s.assets[0].gate.interval_ns += 1),
    ("gate amount_max", |s| s.assets[0].gate.amount_max.0 += 1),
    ("a vault", |s| s.backstop.set_vault(LONG, USD, Money(6))),
    ("another vault", |s| s.backstop.set_vault(SHORT, USD, Money(5))),
    ("a vault of another asset", |s| s.backstop.set_vault(LONG, AssetId(2), Money(5))),
    ("a liquidator", |s| s.backstop.set_liquidator(SHORT, true)),
    ("a cap of all accounts", |s| _ = s.exposure_caps.insert((Scope::Asset, 1), Money(9))),
];

const PAIR: Correlation =
    Correlation { group_a: GroupId(1), group_b: GroupId(2), correlation_rate: Rate(1), offset_cap_rate: Rate(1) };

fn schedule(bound: i64, initial: i64, maintenance: i64) -> Schedule {
    let (lower_bound, initial_rate, maintenance_rate) = (Money(bound), Rate(initial), Rate(maintenance));
    Schedule::new(&[Tier { lower_bound, initial_rate, maintenance_rate }])
}

pub const SEQUENCE: &[Change] = &[
    ("seq", |s| s.sequence.seq += 1),
    ("time", |s| s.sequence.time += 1),
    ("orders", |s| s.sequence.orders += 1),
    ("trades", |s| s.sequence.trades += 1),
    ("auctions opened", |s| s.sequence.auctions += 1),
];

pub const MARKETS: &[Change] = &[
    ("mark", |s| s.markets[0].mark.0 += 1),
    ("when the mark was set", |s| s.markets[0].mark_changed += 1),
    ("last", |s| s.markets[0].last.0 += 1),
    ("oracle price", |s| s.markets[0].oracle.price.0 += 1),
    ("oracle confidence", |s| s.markets[0].oracle.confidence.0 += 1),
    ("oracle grade", |s| s.markets[0].oracle.grade = Grade::Good),
    ("when the oracle was observed", |s| s.markets[0].oracle.observed_at += 1),
    ("when the oracle was set", |s| s.markets[0].oracle.updated_at += 1),
    ("which command set the oracle", |s| s.markets[0].oracle.changed += 1),
    ("funding index", |s| s.markets[0].funding.index += 1),
    ("loss_long", |s| s.markets[0].funding.loss_long += 1),
    ("loss_short", |s| s.markets[0].funding.loss_short += 1),
    ("clearing", |s| s.markets[0].funding.clearing += 1),
    ("fraction", |s| s.markets[0].funding.fraction += 1),
    ("last_rate", |s| s.markets[0].funding.last_rate.0 += 1),
    ("when funding was settled", |s| s.markets[0].funding.changed += 1),
    ("when a loss was shared", |s| s.markets[0].funding.loss_changed += 1),
    ("market insurance", |s| s.markets[0].insurance.fund.0 += 1),
    ("market loss window", |s| s.markets[0].insurance.window += 1),
    ("market loss", |s| s.markets[0].insurance.paid.0 += 1),
    ("auction", |s| _ = s.auctions.close(AUCTION)),
    ("which auction", |s| auction(s, AuctionId(2), |_| ())),
    ("auction account", |s| auction(s, AUCTION, |a| a.account = SHORT)),
    ("auction market", |s| auction(s, AUCTION, |a| a.market.0 += 1)),
    ("auction side", |s| auction(s, AUCTION, |a| a.side = Side::Sell)),
    ("auction lots", |s| auction(s, AUCTION, |a| a.lots.0 += 1)),
    ("discount_start_rate", |s| auction(s, AUCTION, |a| a.discount_start_rate.0 += 1)),
    ("discount_end_rate", |s| auction(s, AUCTION, |a| a.discount_end_rate.0 += 1)),
    ("opened_at", |s| auction(s, AUCTION, |a| a.opened_at += 1)),
    ("duration_ns", |s| auction(s, AUCTION, |a| a.duration_ns += 1)),
];

pub const FUNDS: &[Change] = &[
    ("net_deposits", |s| s.assets[0].net_deposits.0 += 1),
    ("fees", |s| s.assets[0].fees.0 += 1),
    ("insurance", |s| s.assets[0].insurance.fund.0 += 1),
    ("loss window", |s| s.assets[0].insurance.window += 1),
    ("loss", |s| s.assets[0].insurance.paid.0 += 1),
    ("gate window", |s| s.assets[0].gate.window += 1),
    ("gone through the gate", |s| s.assets[0].gate.withdrawn.0 += 1),
    ("dust", |s| s.assets[0].dust.0 += 1),
    ("funds of which asset", |s| s.assets.swap(0, 1)),
];

pub const ACCOUNTS: &[Change] = &[
    ("cash", |s| balance(s).cash.0 += 1),
    ("cash of another asset", |s| s.accounts.holdings_mut(LONG).balance_mut(AssetId(2)).cash.0 += 1),
    ("when cash changed", |s| balance(s).changed += 1),
    ("maker_volume", |s| balance(s).maker_volume += 1),
    ("taker_volume", |s| balance(s).taker_volume += 1),
    ("standing", |s| balance(s).condition.standing = Standing::FirstCall),
    ("lock", |s| balance(s).condition.locked = true),
    ("cooldown", |s| balance(s).condition.resumes_at = 9),
    ("margin mode", |s| s.accounts.holdings_mut(LONG).profile.mode = MarginMode::Portfolio),
    ("reduce_only account", |s| s.accounts.holdings_mut(LONG).profile.reduce_only = true),
    ("fee_tier", |s| s.accounts.holdings_mut(LONG).profile.fee_tier = 1),
    ("maker_rebate_rate", |s| s.accounts.holdings_mut(LONG).profile.maker_rebate_rate.0 = 1),
    ("no_withdraw", |s| mandate(s, |m| m.permissions.no_withdraw = true)),
    ("no_transfer", |s| mandate(s, |m| m.permissions.no_transfer = true)),
    ("permitted markets", |s| mandate(s, |m| m.permissions.markets.push(MARKET))),
    ("destinations", |s| mandate(s, |m| m.permissions.destinations.push(5))),
    ("cap", |s| mandate(s, |m| _ = m.caps.insert((Scope::Market, 1), Money(5)))),
    ("agent", |s| mandate(s, |m| m.agents.push(AuthorId(1)))),
    ("allowance", |s| mandate(s, |m| _ = m.allowances.insert((SHORT, USD), Money(5)))),
];

pub const POSITIONS: &[Change] = &[
    ("lots", |s| position(s).lots.0 += 1),
    ("cost", |s| position(s).cost.0 += 1),
    ("buys", |s| position(s).buys.0 += 1),
    ("sells", |s| position(s).sells.0 += 1),
    ("when the position changed", |s| position(s).changed += 1),
    ("remembered index", |s| position(s).index += 1),
    ("isolated", |s| ride(s, |r| r.isolated = true)),
    ("margin", |s| ride(s, |r| r.margin.0 += 1)),
    ("when the margin changed", |s| ride(s, |r| r.margin_changed += 1)),
    ("isolated standing", |s| ride(s, |r| r.condition.standing = Standing::Bankrupt)),
    ("isolated lock", |s| ride(s, |r| r.condition.locked = true)),
    ("isolated cooldown", |s| ride(s, |r| r.condition.resumes_at = 4)),
    ("own initial rate", |s| ride(s, |r| r.initial_rate.0 += 1)),
    ("when it was set", |s| ride(s, |r| r.rate_changed += 1)),
    ("remembered loss index", |s| ride(s, |r| r.loss_index += 1)),
];

const AUCTION: AuctionId = AuctionId(1);

/// Takes the auction out and puts it back changed.
fn auction(state: &mut Venue, id: AuctionId, change: fn(&mut Auction)) {
    let mut auction = state.auctions.close(AUCTION);
    change(&mut auction);
    state.auctions.open(id, auction);
}

pub const IDEMPOTENCY: &[Change] = &[
    ("a nonce", |s| s.accounts.nonces_mut(LONG).remember(78, 1)),
    ("an older nonce", |s| s.accounts.nonces_mut(LONG).remember(3, 1)),
    ("whose nonce", |s| s.accounts.nonces_mut(SHORT).remember(77, 14)),
];

pub const ORDERS: &[Change] = &[
    ("id", rename),
    ("account", |s| first(s).account = LONG),
    ("side", |s| first(s).side = Side::Buy),
    ("time_in_force", |s| first(s).time_in_force = TimeInForce::GoodTillDate),
    ("self_trade", |s| first(s).self_trade = SelfTrade::Decrement),
    ("post_only", |s| first(s).post_only = true),
    ("reduce_only", |s| first(s).reduce_only = true),
    ("price", |s| first(s).reprice(Ticks(101))),
    ("lots", |s| first(s).lots.0 += 1),
    ("filled", |s| first(s).filled.0 += 1),
    ("client_order", |s| first(s).client_order = 4),
    ("expires_at", |s| first(s).expires_at = 4),
    ("queue", requeue),
];
