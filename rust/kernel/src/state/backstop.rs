//! Who stands ready to take what others can no longer carry: vaults and registered liquidators.

use std::collections::{BTreeMap, BTreeSet};

use crate::quantities::{AccountId, AssetId, Money};

/// Vaults and liquidators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backstop {
    /// Most notional that a vault's cross pool of an asset may hold after a take-over.
    vaults: BTreeMap<(AccountId, AssetId), Money>,
    /// Accounts that may bid in auctions.
    liquidators: BTreeSet<AccountId>,
}

impl Backstop {
    /// Makes an account a vault of an asset, or with 0 no longer one.
    pub fn set_vault(&mut self, account: AccountId, asset: AssetId, exposure_max: Money) {
        if exposure_max == Money::ZERO {
            self.vaults.remove(&(account, asset));
        } else {
            self.vaults.insert((account, asset), exposure_max);
        }
    }

    /// Registers a liquidator, or strikes it off.
    pub fn set_liquidator(&mut self, account: AccountId, registered: bool) {
        if registered {
            self.liquidators.insert(account);
        } else {
            self.liquidators.remove(&account);
        }
    }

    /// How much a vault may hold; none if the account is no vault of the asset.
    pub fn vault(&self, account: AccountId, asset: AssetId) -> Option<Money> {
        self.vaults.get(&(account, asset)).copied()
    }

    /// Whether an account may bid.
    pub fn is_liquidator(&self, account: AccountId) -> bool {
        self.liquidators.contains(&account)
    }

    /// Every vault, by account and asset.
    pub fn vaults(&self) -> impl ExactSizeIterator<Item = (AccountId, AssetId, Money)> + '_ {
        self.vaults.iter().map(|(&(account, asset), &exposure_max)| (account, asset, exposure_max))
    }

    /// Every liquidator.
    pub fn liquidators(&self) -> impl ExactSizeIterator<Item = AccountId> + '_ {
        self.liquidators.iter().copied()
    }
}
