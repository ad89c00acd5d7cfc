//! Assets, and the money that belongs to no account.

use crate::quantities::{Money, Wide};
use crate::wire::Text;

/// An asset and its totals.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Unique name.
    pub symbol: Text,
    /// Decimal places of a minor unit.
    pub decimals: u8,
    /// Deposits less withdrawals.
    pub net_deposits: Money,
    /// Fees earned.
    pub fees: Money,
    /// The insurance fund.
    pub insurance: Money,
    /// What rounding left over.
    pub dust: Money,
    /// `Σ cash` of all accounts, kept along so that conservation can be checked cheaply after every command.
    pub total_cash: Wide,
    /// `Σ cost` of all positions that settle in it, kept along likewise.
    pub total_cost: Wide,
}

impl Asset {
    /// An asset nobody holds yet.
    pub fn new(symbol: Text, decimals: u8) -> Self {
        Self {
            symbol,
            decimals,
            net_deposits: Money::ZERO,
            fees: Money::ZERO,
            insurance: Money::ZERO,
            dust: Money::ZERO,
            total_cash: Wide::ZERO,
            total_cost: Wide::ZERO,
        }
    }

    /// Law 8: `Σ cash − Σ cost + fees + insurance + dust − (deposits − withdrawals)`, which is zero.
    #[inline]
    pub fn imbalance(&self) -> Wide {
        self.total_cash - self.total_cost + self.fees.wide() + self.insurance.wide() + self.dust.wide()
            - self.net_deposits.wide()
    }
}
