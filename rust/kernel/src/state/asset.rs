//! Assets: the terms of the pools that settle in them, and the money that belongs to no account.

use super::insurance::Insurance;
use crate::quantities::{AssetId, Money, RATE_ONE, Rate, Wide};
use crate::wire::Text;

/// How much equity the levels of a pool ask for, beyond requirement and maintenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// Of the requirement, to place an order.
    pub initial_rate: Rate,
    /// Of the requirement, to move money out.
    pub transfer_rate: Rate,
    /// Of maintenance, on top of it, to count as recovered.
    pub buffer_rate: Rate,
    /// Least requirement of a pool with a position.
    pub account_floor: Money,
    /// Seq at which they were set.
    pub changed: u64,
}

impl Default for Levels {
    fn default() -> Self {
        let (initial_rate, transfer_rate) = (Rate(RATE_ONE), Rate(RATE_ONE));
        Self { initial_rate, transfer_rate, buffer_rate: Rate::ZERO, account_floor: Money::ZERO, changed: 0 }
    }
}

/// When a pool is called, and how it is liquidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiquidationTerms {
    /// Of maintenance: below it the first margin call; 0 for none.
    pub first_call_rate: Rate,
    /// Of maintenance: below it the second.
    pub second_call_rate: Rate,
    /// Of maintenance: below it a vault may take over.
    pub take_over_rate: Rate,
    /// How fast the fillable price moves as equity falls.
    pub adjustment_rate: Rate,
    /// How far it may move, as a part of maintenance.
    pub spread_rate: Rate,
    /// The part of a position that one step may close.
    pub partial_rate: Rate,
    /// The notional that one step may close in any case.
    pub partial_notional: Money,
    /// Between two steps.
    pub cooldown_ns: u64,
    /// Of what was closed, to the insurance fund.
    pub fee_rate: Rate,
    /// Seq at which they were set.
    pub changed: u64,
}

impl Default for LiquidationTerms {
    fn default() -> Self {
        Self {
            first_call_rate: Rate::ZERO,
            second_call_rate: Rate::ZERO,
            take_over_rate: Rate(666_666_667),
            adjustment_rate: Rate(RATE_ONE),
            spread_rate: Rate(RATE_ONE),
            partial_rate: Rate(RATE_ONE),
            partial_notional: Money::ZERO,
            cooldown_ns: 0,
            fee_rate: Rate::ZERO,
            changed: 0,
        }
    }
}

/// How an asset counts towards the pools of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collateral {
    /// The other.
    pub settlement: AssetId,
    /// What is taken off its value.
    pub haircut_rate: Rate,
    /// Most of an account's balance that counts.
    pub account_cap: Money,
    /// Most net deposits.
    pub total_cap: Money,
    /// Decimals of the price.
    pub price_decimals: u8,
    /// Minor units of the other per 10^decimals of its own.
    pub price: i64,
    /// What is left of the value while it is off its peg.
    pub depeg_rate: Rate,
    /// Seq at which it was set.
    pub changed: u64,
    /// Seq at which the price was set.
    pub price_changed: u64,
}

impl Collateral {
    /// What part of the value counts.
    pub fn weight(&self) -> Rate {
        let scaled = i128::from(RATE_ONE - self.haircut_rate.0) * i128::from(self.depeg_rate.0);
        Rate(Wide(scaled.div_euclid(i128::from(RATE_ONE))).narrow().0)
    }

    /// What a balance counts for: `floor(floor(counted · price / 10^decimals) · weight / RATE_ONE)`.
    pub fn value(&self, balance: Money) -> Money {
        let counted = balance.max(Money::ZERO).min(self.account_cap);
        self.worth(counted).narrow()
    }

    /// What an amount of the asset is worth, whatever the cap. The weight is taken of the two parts of
    /// `market = whole · RATE_ONE + rest`: without a cap, the product may be beyond 128 bits.
    pub fn worth(&self, amount: Money) -> Wide {
        let (scale, one) = (10_i128.pow(u32::from(self.price_decimals)), i128::from(RATE_ONE));
        let market = (i128::from(amount.0) * i128::from(self.price)).div_euclid(scale);
        let (whole, rest, weight) = (market.div_euclid(one), market.rem_euclid(one), i128::from(self.weight().0));
        Wide(whole * weight + (rest * weight).div_euclid(one))
    }
}

/// The gate that withdrawals go through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// Nothing goes through.
    pub closed: bool,
    /// Length of a window, 0 for none.
    pub interval_ns: u64,
    /// Most that goes through in one.
    pub amount_max: Money,
    /// The window of the last withdrawal.
    pub window: u64,
    /// What went through in it.
    pub withdrawn: Wide,
}

impl Gate {
    /// What may still go through at a time.
    pub fn left(&self, time: u64) -> Wide {
        if self.closed {
            return Wide::ZERO;
        }
        match time.checked_div(self.interval_ns) {
            None => Wide(i128::MAX),
            Some(window) if window == self.window => self.amount_max.wide() - self.withdrawn,
            Some(_) => self.amount_max.wide(),
        }
    }

    /// Counts a withdrawal.
    pub fn pass(&mut self, amount: Money, time: u64) {
        let Some(window) = time.checked_div(self.interval_ns) else { return };
        if window != self.window {
            (self.window, self.withdrawn) = (window, Wide::ZERO);
        }
        self.withdrawn += amount.wide();
    }
}

/// How portfolio pools are margined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortfolioTerms {
    /// Maintenance as a part of risk.
    pub maintenance_rate: Rate,
    /// Funding epochs to provide for.
    pub funding_epochs: u32,
    /// Seq at which they were set.
    pub changed: u64,
}

impl Default for PortfolioTerms {
    fn default() -> Self {
        Self { maintenance_rate: Rate(RATE_ONE), funding_epochs: 1, changed: 0 }
    }
}

/// An asset and its totals.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Unique name.
    pub symbol: Text,
    /// Decimal places of a minor unit.
    pub decimals: u8,
    /// Levels of the pools that settle in it.
    pub levels: Levels,
    /// How those pools are liquidated.
    pub liquidation: LiquidationTerms,
    /// How those of portfolio accounts are margined.
    pub portfolio: PortfolioTerms,
    /// How it counts towards the pools of another asset, if it does.
    pub collateral: Option<Collateral>,
    /// What counts towards its pools; kept along.
    pub counts: Vec<AssetId>,
    /// The gate of withdrawals.
    pub gate: Gate,
    /// Deposits less withdrawals.
    pub net_deposits: Money,
    /// Fees earned.
    pub fees: Money,
    /// The insurance of its cross pools.
    pub insurance: Insurance,
    /// What rounding left over.
    pub dust: Money,
    /// `Σ cash` and `Σ margin` of all accounts, kept along so that conservation can be checked cheaply after every command.
    pub total_cash: Wide,
    /// `Σ cost` of all positions that settle in it, kept along likewise.
    pub total_cost: Wide,
    /// What its markets hold: insurance of isolated pools, and funding that was settled by one side only; likewise.
    pub in_markets: Wide,
}

impl Asset {
    /// An asset nobody holds yet.
    pub fn new(symbol: Text, decimals: u8) -> Self {
        Self {
            symbol,
            decimals,
            levels: Levels::default(),
            liquidation: LiquidationTerms::default(),
            portfolio: PortfolioTerms::default(),
            collateral: None,
            counts: Vec::new(),
            gate: Gate::default(),
            net_deposits: Money::ZERO,
            fees: Money::ZERO,
            insurance: Insurance::default(),
            dust: Money::ZERO,
            total_cash: Wide::ZERO,
            total_cost: Wide::ZERO,
            in_markets: Wide::ZERO,
        }
    }

    /// Law 8: everything that is held less everything that came in, which is zero.
    #[inline]
    pub fn imbalance(&self) -> Wide {
        self.total_cash - self.total_cost
            + self.fees.wide()
            + self.insurance.fund.wide()
            + self.dust.wide()
            + self.in_markets
            - self.net_deposits.wide()
    }
}
