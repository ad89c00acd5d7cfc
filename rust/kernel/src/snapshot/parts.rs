//! Reading canonical bytes part by part.

use super::SnapshotError;
use crate::command::{FeeTier, Grade, MarginMode, MarketMode, Origin, Scope, SelfTrade, Side, Tier, TimeInForce};
use crate::event::Standing;
use crate::matching::orders::NewOrder;
use crate::quantities::{AccountId, AssetId, Lots, MarketId, Money, OrderId, Rate, Ticks};
use crate::state::asset::Collateral;
use crate::state::holdings::Condition;
use crate::state::oracle::{Grades, Oracle};
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

    pub fn i128(&mut self) -> Result<i128, SnapshotError> {
        self.array().map(i128::from_le_bytes)
    }

    pub fn u128(&mut self) -> Result<u128, SnapshotError> {
        self.array().map(u128::from_le_bytes)
    }

    pub fn flag(&mut self) -> Result<bool, SnapshotError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(SnapshotError::Impossible("flag")),
        }
    }

    pub fn rate(&mut self) -> Result<Rate, SnapshotError> {
        self.i64().map(Rate)
    }

    /// A list of entities of at least `bytes_min` bytes each.
    pub fn list<T>(
        &mut self,
        bytes_min: usize,
        read: impl Fn(&mut Self) -> Result<T, SnapshotError>,
    ) -> Result<Vec<T>, SnapshotError> {
        let count = self.count(bytes_min)?;
        (0..count).map(|_| read(self)).collect()
    }

    pub fn fee_tiers(&mut self) -> Result<Vec<FeeTier>, SnapshotError> {
        self.list(16, |parts| Ok(FeeTier { maker_rate: parts.rate()?, taker_rate: parts.rate()? }))
    }

    pub fn mode(&mut self) -> Result<MarketMode, SnapshotError> {
        MarketMode::from_number(u64::from(self.u8()?)).ok_or(SnapshotError::Impossible("mode"))
    }

    pub fn margin_mode(&mut self) -> Result<MarginMode, SnapshotError> {
        MarginMode::from_number(u64::from(self.u8()?)).ok_or(SnapshotError::Impossible("margin mode"))
    }

    pub fn grade(&mut self) -> Result<Grade, SnapshotError> {
        Grade::from_number(u64::from(self.u8()?)).ok_or(SnapshotError::Impossible("grade"))
    }

    pub fn grades(&mut self) -> Result<Grades, SnapshotError> {
        Ok(Grades { margin: self.grade()?, liquidation: self.grade()?, funding: self.grade()? })
    }

    pub fn oracle(&mut self) -> Result<Oracle, SnapshotError> {
        Ok(Oracle {
            price: Ticks(self.i64()?),
            confidence: Ticks(self.i64()?),
            grade: self.grade()?,
            observed_at: self.u64()?,
            updated_at: self.u64()?,
            changed: self.u64()?,
        })
    }

    pub fn side(&mut self) -> Result<Side, SnapshotError> {
        Side::from_number(u64::from(self.u8()?)).ok_or(SnapshotError::Impossible("side"))
    }

    pub fn scope(&mut self) -> Result<Scope, SnapshotError> {
        Scope::from_number(u64::from(self.u8()?)).ok_or(SnapshotError::Impossible("scope"))
    }

    pub fn condition(&mut self) -> Result<Condition, SnapshotError> {
        let standing = Standing::from_number(u64::from(self.u8()?)).ok_or(SnapshotError::Impossible("standing"))?;
        Ok(Condition { standing, locked: self.flag()?, resumes_at: self.u64()? })
    }

    pub fn collateral(&mut self) -> Result<Collateral, SnapshotError> {
        Ok(Collateral {
            settlement: AssetId(self.u16()?),
            haircut_rate: self.rate()?,
            account_cap: self.money()?,
            total_cap: self.money()?,
            price: self.i64()?,
            depeg_rate: self.rate()?,
            price_decimals: self.u8()?,
            changed: self.u64()?,
            price_changed: self.u64()?,
        })
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
        Ok(Sequence {
            seq: self.u64()?,
            time: self.u64()?,
            orders: self.u64()?,
            trades: self.u64()?,
            auctions: self.u64()?,
        })
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
