//! The one byte form of each part of the state: what digests hash and snapshots hold.
//!
//! Little-endian, fixed widths, lists behind a u32 count, entities in the order of their ids, orders in the order of
//! price and queue. A field that is not written here is in no root and in no snapshot; the tests that change one field
//! at a time exist so that none is forgotten.

use crate::lists::Correlation;
use crate::matching::orders::NewOrder;
use crate::state::account::{Account, ExposureCaps, Mandate};
use crate::state::asset::{Asset, Collateral};
use crate::state::auction::{Auction, Auctions};
use crate::state::backstop::Backstop;
use crate::state::funding::Funding;
use crate::state::groups::{Basis, Concentration, Groups, Scenarios};
use crate::state::holdings::{Condition, Holdings, Profile};
use crate::state::insurance::Insurance;
use crate::state::market::Market;
use crate::state::nonces::Nonces;
use crate::state::oracle::{Grades, Oracle};
use crate::state::parameters::{Author, Parameters, Sequence};
use crate::wire::Text;

/// Writes canonical bytes.
#[derive(Clone, Default)]
pub struct Canon {
    bytes: Vec<u8>,
}

impl Canon {
    /// What has been written.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives the bytes away.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Forgets what was written, keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.raw(&[value]);
    }

    /// Two bytes.
    pub fn u16(&mut self, value: u16) {
        self.raw(&value.to_le_bytes());
    }

    /// Four bytes.
    pub fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    /// Eight bytes.
    pub fn u64(&mut self, value: u64) {
        self.raw(&value.to_le_bytes());
    }

    /// Eight bytes, signed.
    pub fn i64(&mut self, value: i64) {
        self.raw(&value.to_le_bytes());
    }

    /// Sixteen bytes, signed.
    pub fn i128(&mut self, value: i128) {
        self.raw(&value.to_le_bytes());
    }

    /// Sixteen bytes.
    pub fn u128(&mut self, value: u128) {
        self.raw(&value.to_le_bytes());
    }

    /// A byte that is 0 or 1.
    pub fn flag(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    /// How many entities follow.
    pub fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).expect("a list has fewer than 2^32 entities"));
    }

    fn text(&mut self, text: &Text) {
        let bytes = text.as_bytes();
        self.u8(u8::try_from(bytes.len()).expect("at most 64 bytes"));
        self.raw(bytes);
    }

    /// Seq, time, counters.
    pub fn sequence(&mut self, sequence: &Sequence) {
        let Sequence { seq, time, orders, trades, auctions } = *sequence;
        for value in [seq, time, orders, trades, auctions] {
            self.u64(value);
        }
    }

    /// Venue parameters.
    pub fn parameters(&mut self, parameters: &Parameters) {
        let Parameters { ruleset, open_orders_max, root_interval_commands, root_interval_ns } = *parameters;
        self.u32(ruleset);
        self.u32(open_orders_max);
        self.u64(root_interval_commands);
        self.u64(root_interval_ns);
    }

    /// An author.
    pub fn author(&mut self, author: &Author) {
        let Author { origin, name, version } = author;
        self.u8(*origin as u8);
        self.text(name);
        self.text(version);
    }

    /// What an asset is, and how the pools that settle in it are held.
    pub fn asset_terms(&mut self, asset: &Asset) {
        self.text(&asset.symbol);
        self.u8(asset.decimals);
        let levels = &asset.levels;
        for value in [levels.initial_rate.0, levels.transfer_rate.0, levels.buffer_rate.0, levels.account_floor.0] {
            self.i64(value);
        }
        self.u64(levels.changed);
        let terms = &asset.liquidation;
        for value in [
            terms.first_call_rate.0,
            terms.second_call_rate.0,
            terms.take_over_rate.0,
            terms.adjustment_rate.0,
            terms.spread_rate.0,
            terms.partial_rate.0,
            terms.partial_notional.0,
            terms.fee_rate.0,
        ] {
            self.i64(value);
        }
        self.u64(terms.cooldown_ns);
        self.u64(terms.changed);
        self.i64(asset.portfolio.maintenance_rate.0);
        self.u32(asset.portfolio.funding_epochs);
        self.u64(asset.portfolio.changed);
        self.flag(asset.collateral.is_some());
        if let Some(collateral) = &asset.collateral {
            self.collateral(collateral);
        }
        self.flag(asset.gate.closed);
        self.u64(asset.gate.interval_ns);
        self.i64(asset.gate.amount_max.0);
        self.insurance_terms(&asset.insurance);
    }

    fn collateral(&mut self, collateral: &Collateral) {
        self.u16(collateral.settlement.0);
        for value in [
            collateral.haircut_rate.0,
            collateral.account_cap.0,
            collateral.total_cap.0,
            collateral.price,
            collateral.depeg_rate.0,
        ] {
            self.i64(value);
        }
        self.u8(collateral.price_decimals);
        self.u64(collateral.changed);
        self.u64(collateral.price_changed);
    }

    fn insurance_terms(&mut self, insurance: &Insurance) {
        self.i64(insurance.loss_max.0);
        self.u64(insurance.interval_ns);
    }

    fn insurance(&mut self, insurance: &Insurance) {
        self.i64(insurance.fund.0);
        self.u64(insurance.window);
        self.i64(insurance.paid.0);
    }

    /// What an asset's funds hold, and what went through its gate.
    pub fn asset_funds(&mut self, asset: &Asset) {
        for money in [asset.net_deposits, asset.fees, asset.dust] {
            self.i64(money.0);
        }
        self.insurance(&asset.insurance);
        self.u64(asset.gate.window);
        self.i128(asset.gate.withdrawn.0);
    }

    /// What a market is: terms, fees, limits, tiers, scaling, caps, modes, least grades.
    pub fn market_terms(&mut self, market: &Market) {
        self.text(&market.symbol);
        self.u16(market.settlement.0);
        self.u64(market.tick_size_e12);
        self.u64(market.lot_size_e12);
        let (limits, scaling, caps) = (&market.limits, &market.scaling, &market.caps);
        for value in [
            market.price_max.0,
            market.position_max.0,
            market.fees.maker_rate.0,
            market.fees.taker_rate.0,
            limits.order_min_notional.0,
            limits.order_max_lots.0,
            limits.price_band_rate.0,
            limits.market_bound_rate.0,
            scaling.size_rate.0,
            scaling.open_interest_lower.0,
            scaling.open_interest_upper.0,
            caps.open_interest_max.0,
            caps.concentration_rate.0,
            caps.concentration_floor.0,
        ] {
            self.i64(value);
        }
        self.u64(scaling.changed);
        self.u64(market.schedule_changed);
        self.u8(market.mode as u8);
        self.flag(market.stress);
        let Grades { margin, liquidation, funding } = market.grades;
        for grade in [margin, liquidation, funding] {
            self.u8(grade as u8);
        }
        self.scenarios(&market.scenarios);
        self.insurance_terms(&market.insurance);
        self.count(market.fees.tiers.len());
        for tier in &market.fees.tiers {
            self.i64(tier.maker_rate.0);
            self.i64(tier.taker_rate.0);
        }
        let tiers = market.schedule.tiers();
        self.count(tiers.len());
        for tier in tiers {
            self.i64(tier.lower_bound.0);
            self.i64(tier.initial_rate.0);
            self.i64(tier.maintenance_rate.0);
        }
    }

    fn scenarios(&mut self, scenarios: &Scenarios) {
        self.u16(scenarios.group.0);
        self.u64(scenarios.changed);
        let Concentration { threshold, rate, changed } = scenarios.concentration;
        self.i64(threshold.0);
        self.i64(rate.0);
        self.u64(changed);
        self.count(scenarios.moves().len());
        scenarios.moves().iter().for_each(|ticks| self.i64(ticks.0));
    }

    /// What holds within and between groups.
    pub fn groups(&mut self, groups: &Groups) {
        for Basis { rate, changed } in groups.bases() {
            self.i64(rate.0);
            self.u64(*changed);
        }
        let (towards_one, towards_zero) = groups.stresses();
        self.i64(towards_one.0);
        self.i64(towards_zero.0);
        self.u64(groups.changed());
        self.count(groups.pairs().len());
        for Correlation { group_a, group_b, correlation_rate, offset_cap_rate } in groups.pairs() {
            self.u16(group_a.0);
            self.u16(group_b.0);
            self.i64(correlation_rate.0);
            self.i64(offset_cap_rate.0);
        }
    }

    /// A market's last prices, oracle, funding and insurance.
    pub fn market_prices(&mut self, market: &Market) {
        self.i64(market.mark.0);
        self.u64(market.mark_changed);
        self.i64(market.last.0);
        self.oracle(&market.oracle);
        let Funding { index, loss_long, loss_short, clearing, fraction, last_rate, changed, loss_changed } =
            market.funding;
        for value in [index, loss_long, loss_short, clearing, fraction] {
            self.i128(value);
        }
        self.i64(last_rate.0);
        self.u64(changed);
        self.u64(loss_changed);
        self.insurance(&market.insurance);
    }

    fn oracle(&mut self, oracle: &Oracle) {
        let Oracle { price, confidence, grade, observed_at, updated_at, changed } = *oracle;
        self.i64(price.0);
        self.i64(confidence.0);
        self.u8(grade as u8);
        self.u64(observed_at);
        self.u64(updated_at);
        self.u64(changed);
    }

    fn condition(&mut self, condition: &Condition) {
        let Condition { standing, locked, resumes_at } = *condition;
        self.u8(standing as u8);
        self.flag(locked);
        self.u64(resumes_at);
    }

    /// Who an account belongs to, what it may do and what balances it has.
    pub fn account(&mut self, account: &Account) {
        self.u32(account.master.0);
        let Profile { mode, reduce_only, fee_tier, maker_rebate_rate } = account.holdings.profile;
        self.u8(mode as u8);
        self.flag(reduce_only);
        self.u8(fee_tier);
        self.i64(maker_rebate_rate.0);
        self.count(account.holdings.balances().count());
        for (asset, balance) in account.holdings.balances() {
            self.u16(asset.0);
            self.i64(balance.cash.0);
            self.u64(balance.changed);
            self.u128(balance.maker_volume);
            self.u128(balance.taker_volume);
            self.condition(&balance.condition);
        }
        self.flag(account.mandate.is_some());
        if let Some(mandate) = &account.mandate {
            self.mandate(mandate);
        }
    }

    fn mandate(&mut self, mandate: &Mandate) {
        let Mandate { permissions, caps, allowances, agents } = mandate;
        self.flag(permissions.no_withdraw);
        self.flag(permissions.no_transfer);
        self.count(permissions.markets.len());
        permissions.markets.iter().for_each(|market| self.u16(market.0));
        self.count(permissions.destinations.len());
        permissions.destinations.iter().for_each(|&destination| self.u64(destination));
        self.exposure_caps(caps);
        self.count(allowances.len());
        for ((destination, asset), amount) in allowances {
            self.u32(destination.0);
            self.u16(asset.0);
            self.i64(amount.0);
        }
        self.count(agents.len());
        for author in agents {
            self.u16(author.0);
        }
    }

    /// Largest exposures by scope.
    pub fn exposure_caps(&mut self, caps: &ExposureCaps) {
        self.count(caps.len());
        for ((scope, id), notional) in caps {
            self.u8(*scope as u8);
            self.u16(*id);
            self.i64(notional.0);
        }
    }

    /// Vaults and liquidators.
    pub fn backstop(&mut self, backstop: &Backstop) {
        self.count(backstop.vaults().len());
        for (account, asset, exposure_max) in backstop.vaults() {
            self.u32(account.0);
            self.u16(asset.0);
            self.i64(exposure_max.0);
        }
        self.count(backstop.liquidators().len());
        backstop.liquidators().for_each(|account| self.u32(account.0));
    }

    /// The open auctions.
    pub fn auctions(&mut self, auctions: &Auctions) {
        self.count(auctions.iter().len());
        for (id, auction) in auctions.iter() {
            let Auction { account, market, side, lots, discount_start_rate, discount_end_rate, opened_at, duration_ns } =
                *auction;
            self.u64(id.0);
            self.u32(account.0);
            self.u16(market.0);
            self.u8(side as u8);
            self.i64(lots.0);
            self.i64(discount_start_rate.0);
            self.i64(discount_end_rate.0);
            self.u64(opened_at);
            self.u64(duration_ns);
        }
    }

    /// An account's positions and open lots, and the riders of those that have one.
    pub fn positions(&mut self, holdings: &Holdings) {
        let some = || holdings.positions().iter().filter(|position| !position.is_empty());
        self.count(some().count());
        for position in some() {
            self.u16(position.market.0);
            for value in [position.lots.0, position.cost.0, position.buys.0, position.sells.0] {
                self.i64(value);
            }
            self.u64(position.changed);
            self.i128(position.index);
        }
        self.count(holdings.riders().len());
        for rider in holdings.riders() {
            self.u16(rider.market.0);
            self.flag(rider.isolated);
            self.i64(rider.margin.0);
            self.u64(rider.margin_changed);
            self.condition(&rider.condition);
            self.i64(rider.initial_rate.0);
            self.u64(rider.rate_changed);
            self.i128(rider.loss_index);
        }
    }

    /// An account's used nonces.
    pub fn nonces(&mut self, nonces: &Nonces) {
        self.count(nonces.iter().len());
        for (nonce, seq) in nonces.iter() {
            self.u64(nonce);
            self.u64(seq);
        }
    }

    /// An open order; its market is known from where it stands.
    pub fn order(&mut self, order: &NewOrder) {
        self.u64(order.id.0);
        self.u32(order.account.0);
        self.u8(order.side as u8);
        self.u8(order.time_in_force as u8);
        self.u8(order.self_trade as u8);
        self.u8(u8::from(order.post_only) | u8::from(order.reduce_only) << 1);
        for value in [order.price.0, order.lots.0, order.filled.0] {
            self.i64(value);
        }
        self.u64(order.client_order);
        self.u64(order.expires_at);
    }
}
