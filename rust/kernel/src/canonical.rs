//! The one byte form of each part of the state: what digests hash and snapshots hold.
//!
//! Little-endian, fixed widths, lists behind a u32 count, entities in the order of their ids, orders in the order of
//! price and queue. A field that is not written here is in no root and in no snapshot; the tests that change one field
//! at a time exist so that none is forgotten.

use crate::matching::orders::NewOrder;
use crate::state::account::{Account, Holdings};
use crate::state::asset::Asset;
use crate::state::market::Market;
use crate::state::nonces::Nonces;
use crate::state::parameters::{Author, Parameters, Sequence};
use crate::wire::Text;

/// Writes canonical bytes.
#[derive(Default)]
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
        let Sequence { seq, time, orders, trades } = *sequence;
        for value in [seq, time, orders, trades] {
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

    /// What an asset is.
    pub fn asset_terms(&mut self, asset: &Asset) {
        self.text(&asset.symbol);
        self.u8(asset.decimals);
    }

    /// What an asset's funds hold.
    pub fn asset_funds(&mut self, asset: &Asset) {
        for money in [asset.net_deposits, asset.fees, asset.insurance, asset.dust] {
            self.i64(money.0);
        }
    }

    /// What a market is: terms, fees, limits, tiers.
    pub fn market_terms(&mut self, market: &Market) {
        self.text(&market.symbol);
        self.u16(market.settlement.0);
        self.u64(market.tick_size_e12);
        self.u64(market.lot_size_e12);
        let limits = &market.limits;
        for value in [
            market.price_max.0,
            market.position_max.0,
            market.fees.maker_rate.0,
            market.fees.taker_rate.0,
            limits.order_min_notional.0,
            limits.order_max_lots.0,
            limits.price_band_rate.0,
            limits.market_bound_rate.0,
        ] {
            self.i64(value);
        }
        let tiers = market.schedule.tiers();
        self.count(tiers.len());
        for tier in tiers {
            self.i64(tier.lower_bound.0);
            self.i64(tier.initial_rate.0);
            self.i64(tier.maintenance_rate.0);
        }
    }

    /// A market's last prices.
    pub fn market_prices(&mut self, market: &Market) {
        self.i64(market.mark.0);
        self.i64(market.last.0);
    }

    /// Who an account belongs to and what cash it has.
    pub fn account(&mut self, account: &Account) {
        self.u32(account.master.0);
        self.count(account.holdings.balances().count());
        for (asset, cash) in account.holdings.balances() {
            self.u16(asset.0);
            self.i64(cash.0);
        }
    }

    /// An account's positions and open lots.
    pub fn positions(&mut self, holdings: &Holdings) {
        let live = || holdings.positions().iter().filter(|position| !position.is_empty());
        self.count(live().count());
        for position in live() {
            self.u16(position.market.0);
            for value in [position.lots.0, position.cost.0, position.buys.0, position.sells.0] {
                self.i64(value);
            }
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
