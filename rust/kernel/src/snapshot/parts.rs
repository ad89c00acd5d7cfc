//! Reading canonical bytes part by part.

use super::SnapshotError;
use crate::command::{Origin, SelfTrade, Side, Tier, TimeInForce};
use crate::matching::orders::NewOrder;
use crate::quantities::{AccountId, Lots, MarketId, Money, OrderId, Rate, Ticks};
use crate::state::parameters::{Author, Parameters, Sequence};
use crate::wire::Text;

/// Reads canonical bytes.
pub struct Parts<'a> {
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn slice(&mut self, length: usize) -> Result<&'a [u8], SnapshotError> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or(SnapshotError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(SnapshotError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    pub fn u8(&mut self) -> Result<u8, SnapshotError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Result<u16, SnapshotError> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, SnapshotError> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, SnapshotError> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn i64(&mut self) -> Result<i64, SnapshotError> {
        self.array().map(i64::from_le_bytes)
    }

    pub fn money(&mut self) -> Result<Money, SnapshotError> {
        self.i64().map(Money)
    }

    /// A count of entities of at least `bytes_min` bytes each, so that a lie cannot claim memory.
    pub fn count(&mut self, bytes_min: usize) -> Result<usize, SnapshotError> {
        let count = self.u32()? as usize;
        if count > self.rest.len() / bytes_min { Err(SnapshotError::Truncated) } else { Ok(count) }
    }

    pub fn text(&mut self) -> Result<Text, SnapshotError> {
        let length = usize::from(self.u8()?);
        let text = std::str::from_utf8(self.slice(length)?).map_err(|_| SnapshotError::Impossible("text"))?;
        Text::new(text).map_err(|_| SnapshotError::Impossible("text"))
    }

    pub fn sequence(&mut self) -> Result<Sequence, SnapshotError> {
        Ok(Sequence { seq: self.u64()?, time: self.u64()?, orders: self.u64()?, trades: self.u64()? })
    }

    pub fn parameters(&mut self) -> Result<Parameters, SnapshotError> {
        Ok(Parameters {
            ruleset: self.u32()?,
            open_orders_max: self.u32()?,
            root_interval_commands: self.u64()?,
            root_interval_ns: self.u64()?,
        })
    }

    pub fn author(&mut self) -> Result<Author, SnapshotError> {
        let origin = Origin::from_number(u64::from(self.u8()?)).ok_or(SnapshotError::Impossible("author"))?;
        Ok(Author { origin, name: self.text()?, version: self.text()? })
    }

    pub fn tiers(&mut self) -> Result<Vec<Tier>, SnapshotError> {
        let count = self.count(24)?;
        let mut tiers = Vec::with_capacity(count);
        for _ in 0..count {
            tiers.push(Tier {
                lower_bound: self.money()?,
                initial_rate: Rate(self.i64()?),
                maintenance_rate: Rate(self.i64()?),
            });
        }
        Ok(tiers)
    }

    pub fn order(&mut self, market: MarketId) -> Result<NewOrder, SnapshotError> {
        const WRONG: SnapshotError = SnapshotError::Impossible("order");
        let (id, account) = (OrderId(self.u64()?), AccountId(self.u32()?));
        let side = Side::from_number(u64::from(self.u8()?)).ok_or(WRONG)?;
        let time_in_force = TimeInForce::from_number(u64::from(self.u8()?)).ok_or(WRONG)?;
        let self_trade = SelfTrade::from_number(u64::from(self.u8()?)).ok_or(WRONG)?;
        let flags = self.u8()?;
        if flags > 3 {
            return Err(WRONG);
        }
        Ok(NewOrder {
            id,
            account,
            market,
            side,
            time_in_force,
            self_trade,
            post_only: flags & 1 != 0,
            reduce_only: flags & 2 != 0,
            price: Ticks(self.i64()?),
            lots: Lots(self.i64()?),
            filled: Lots(self.i64()?),
            client_order: self.u64()?,
            expires_at: self.u64()?,
        })
    }
}
