//! Money in, out and across.

use crate::command::{Deposit, Draw, SetAllowance, SetMark, Transfer, Withdraw};
use crate::matching::book::Book;
use crate::quantities::{AccountId, AssetId, BALANCE_MAX, Lots, Money, SUPPLY_MAX, Wide};
use crate::reject::{Code, Reject, report};
use crate::risk::pool::Pool;
use crate::state::State;
use crate::state::account::{Account, Permissions};
use crate::state::holdings::PoolId;
use crate::state::market::Market;

/// An amount must be one.
pub fn positive(amount: Money) -> Result<(), Reject> {
    if amount.0 > 0 { Ok(()) } else { Err(Code::AmountNotPositive.with(amount.0, 0)) }
}

/// An amount may be none, but not less.
pub fn not_negative(amount: Money) -> Result<(), Reject> {
    if amount.0 < 0 { Err(Code::AmountNotPositive.with(amount.0, 0)) } else { Ok(()) }
}

/// May the money come in?
pub fn deposit<B: Book>(state: &State<B>, command: &Deposit) -> Result<(), Reject> {
    positive(command.amount)?;
    let asset = state.asset(command.asset).expect("the asset was looked up");
    let held = asset.net_deposits;
    if command.amount.0 > SUPPLY_MAX - held.0 {
        return Err(Code::SupplyLimit.with(command.amount.0, held.0));
    }
    fits(state, command.account, command.asset, command.amount)?;
    match asset.collateral {
        Some(terms) if held + command.amount > terms.total_cap => {
            Err(Code::CollateralCap.with((held + command.amount).0, terms.total_cap.0))
        }
        _ => Ok(()),
    }
}

/// A balance that is added to stays within its bound.
fn fits<B: Book>(state: &State<B>, account: AccountId, asset: AssetId, amount: Money) -> Result<(), Reject> {
    let cash = state.accounts.of(account).holdings.cash(asset);
    if (cash.wide() + amount.wide()).0 > i128::from(BALANCE_MAX) {
        return Err(Code::SupplyLimit.with(amount.0, cash.0));
    }
    Ok(())
}

/// May the money go out?
pub fn withdraw<B: Book>(state: &State<B>, command: &Withdraw) -> Result<(), Reject> {
    positive(command.amount)?;
    let asset = state.asset(command.asset).expect("the asset was looked up");
    let account = state.accounts.of(command.account);
    let source = Source { state, id: command.account, asset: command.asset, amount: command.amount };
    source.not_held_back(|permissions| permissions.no_withdraw, Code::WithdrawalNotPermitted)?;
    let elsewhere = |permissions: &Permissions| {
        !permissions.destinations.is_empty() && !permissions.destinations.contains(&command.destination)
    };
    if account.mandate.as_ref().is_some_and(|mandate| elsewhere(&mandate.permissions)) {
        return Err(Code::DestinationNotPermitted.with(report(command.destination), 0));
    }
    let left = asset.gate.left(state.sequence.time).max(Wide::ZERO);
    if command.amount.wide() > left {
        return Err(Code::WithdrawalGate.with(command.amount.0, left.clamp_i64()));
    }
    source.has()?;
    source.graded()?;
    source.leaves()?;
    source.settles()?;
    // One account's cash may be another's debt; only what came in can go out.
    if command.amount > asset.net_deposits {
        return Err(Code::SupplyLimit.with(command.amount.0, asset.net_deposits.0));
    }
    Ok(())
}

/// May the money move?
pub fn transfer<B: Book>(state: &State<B>, command: &Transfer) -> Result<(), Reject> {
    let &Transfer { source, destination, asset, amount } = command;
    positive(amount)?;
    siblings(state, source, destination)?;
    across(&Source { state, id: source, asset, amount }, destination)
}

fn siblings<B: Book>(state: &State<B>, one: AccountId, other: AccountId) -> Result<(), Reject> {
    if one == other {
        return Err(Code::SameAccount.bare());
    }
    if state.accounts.of(one).master != state.accounts.of(other).master {
        return Err(Code::NotSameMaster.bare());
    }
    Ok(())
}

fn across<B: Book>(source: &Source<'_, B>, destination: AccountId) -> Result<(), Reject> {
    source.not_held_back(|permissions| permissions.no_transfer, Code::TransferNotPermitted)?;
    source.has()?;
    source.graded()?;
    source.leaves()?;
    source.settles()?;
    fits(source.state, destination, source.asset, source.amount)
}

/// May a sibling be let draw?
pub fn set_allowance<B: Book>(state: &State<B>, command: &SetAllowance) -> Result<(), Reject> {
    not_negative(command.amount)?;
    siblings(state, command.source, command.destination)
}

/// What `destination` may still draw of an account's asset.
pub fn allowance(source: &Account, destination: AccountId, asset: AssetId) -> Money {
    let mandate = source.mandate.as_ref();
    mandate.and_then(|mandate| mandate.allowances.get(&(destination, asset))).copied().unwrap_or_default()
}

/// May the sibling draw?
pub fn draw<B: Book>(state: &State<B>, command: &Draw) -> Result<(), Reject> {
    let &Draw { account, source, asset, amount } = command;
    positive(amount)?;
    siblings(state, source, account)?;
    let allowed = allowance(state.accounts.of(source), account, asset);
    if amount > allowed {
        return Err(Code::AllowanceExceeded.with(amount.0, allowed.0));
    }
    across(&Source { state, id: source, asset, amount }, account)
}

/// Money about to leave an account's balance of an asset.
pub struct Source<'a, B> {
    /// Everything.
    pub state: &'a State<B>,
    /// Whose it is.
    pub id: AccountId,
    /// Of what.
    pub asset: AssetId,
    /// How much.
    pub amount: Money,
}

impl<B: Book> Source<'_, B> {
    fn account(&self) -> &Account {
        self.state.accounts.of(self.id)
    }

    /// The cross pool that the asset backs.
    fn pool(&self) -> Pool<'_> {
        let settlement = self.state.pool_asset(self.asset);
        Pool::new(&self.account().holdings, self.state.risk(), PoolId::Cross(settlement))
    }

    /// Neither by permission nor because the pool is locked.
    pub fn not_held_back(&self, forbidden: impl Fn(&Permissions) -> bool, code: Code) -> Result<(), Reject> {
        if self.account().mandate.as_ref().is_some_and(|mandate| forbidden(&mandate.permissions)) {
            return Err(code.with(1, 0));
        }
        let pool = self.pool();
        if pool.holdings.condition(pool.id).locked { Err(code.with(2, 0)) } else { Ok(()) }
    }

    /// The balance has it.
    pub fn has(&self) -> Result<(), Reject> {
        let pool = self.pool();
        let cash = pool.holdings.cash(self.asset);
        let settles = PoolId::Cross(self.asset) == pool.id;
        let available = if settles { cash.wide() - pool.owed() } else { cash.wide() };
        if self.amount.wide() > available {
            return Err(Code::InsufficientBalance.with(self.amount.0, available.clamp_i64()));
        }
        Ok(())
    }

    /// What the pool's positions are worth is known well enough to let money go.
    fn graded(&self) -> Result<(), Reject> {
        let pool = self.pool();
        let held = pool.positions().filter(|(position, _)| position.lots != Lots::ZERO);
        held.map(|(_, market)| market).try_for_each(Market::graded_for_margin)
    }

    /// The pool can do without it.
    pub fn leaves(&self) -> Result<(), Reject> {
        let pool = self.pool();
        let cash = pool.holdings.cash(self.asset);
        let lost = match self.state.assets[self.asset.index()].collateral {
            Some(collateral) => (collateral.value(cash) - collateral.value(cash - self.amount)).wide(),
            None => self.amount.wide(),
        };
        let (equity, level) = (pool.equity() - lost, pool.transfer_level());
        if equity < level {
            return Err(Code::WithdrawalMargin.with(equity.clamp_i64(), level.clamp_i64()));
        }
        Ok(())
    }

    /// What the pool owes can be settled within the balance limit.
    pub fn settles(&self) -> Result<(), Reject> {
        let pool = self.pool();
        let owed = pool.owed();
        let money = pool.holdings.money(pool.id);
        if owed != Wide::ZERO && (money.wide() - owed).is_beyond_balance() {
            return Err(Code::SupplyLimit.with(owed.clamp_i64(), money.0));
        }
        Ok(())
    }
}

/// May the mark be set?
pub fn set_mark<B: Book>(state: &State<B>, command: &SetMark) -> Result<(), Reject> {
    let market = state.market(command.market).expect("the market was looked up");
    if market.has_price(command.price) {
        Ok(())
    } else {
        Err(Code::PriceOutOfRange.with(command.price.0, market.price_max.0))
    }
}
