//! The checks, in their documented order; the first that fails names the refusal. Nothing here changes anything.

pub mod admin;
pub mod constraint;
pub mod exposure;
pub mod money;
pub mod oracle;
pub mod order;
pub mod portfolio;
pub mod position;
pub mod terms;
pub mod waterfall;

use crate::command::{Command, Origin, Record, Scope};
use crate::matching::book::Book;
use crate::quantities::{AccountId, AssetId, AuthorId, MarketId};
use crate::reject::{Code, Reject, report};
use crate::state::State;
use crate::state::nonces::Freshness;

/// The account a command speaks for, none if it speaks for no one; its nonce belongs to it.
pub fn account_of(command: &Command) -> AccountId {
    match command {
        Command::CreateAccount(c) => c.parent,
        Command::Deposit(c) => c.account,
        Command::Withdraw(c) => c.account,
        Command::Transfer(c) => c.source,
        Command::Place(c) => c.account,
        Command::Amend(c) => c.account,
        Command::Cancel(c) => c.account,
        Command::MassCancel(c) => c.account,
        Command::SetAccountFees(c) => c.account,
        Command::SetExposureCap(c) => c.account,
        Command::SetPermissions(c) => c.account,
        Command::SetAllowance(c) => c.source,
        Command::Draw(c) => c.account,
        Command::SetMarginMode(c) => c.account,
        Command::SetPositionMode(c) => c.account,
        Command::AdjustMargin(c) => c.account,
        Command::SetLeverage(c) => c.account,
        Command::SetVault(c) => c.account,
        Command::SetLiquidator(c) => c.account,
        Command::FundInsurance(c) => c.account,
        Command::Lock(c) => c.account,
        Command::Release(c) => c.account,
        Command::CancelIncreasing(c) => c.account,
        Command::Liquidate(c) => c.account,
        Command::Hedge(c) => c.account,
        Command::OpenAuction(c) => c.account,
        Command::Bid(c) => c.account,
        Command::TakeOver(c) => c.account,
        Command::CoverLoss(c) => c.account,
        Command::ConvertCollateral(c) => c.account,
        Command::Deleverage(c) => c.account,
        Command::Socialise(c) => c.account,
        Command::SetAgent(c) => c.account,
        Command::Note(c) => c.account,
        _ => AccountId::NONE,
    }
}

/// Steps 1 to 5: who asks. What follows may refuse the command, but its nonce is then used up.
pub fn identity<B: Book>(state: &State<B>, record: &Record) -> Result<(), Reject> {
    if !permits(record.origin, &record.command) {
        return Err(Code::OriginNotPermitted.with(record.origin as i64, 0));
    }
    if record.author != AuthorId::NONE && state.authors.get(record.author.index()).is_none() {
        return Err(Code::UnknownAuthor.with(i64::from(record.author.0), 0));
    }
    // The seq of this record is stamped already.
    if record.cause >= state.sequence.seq {
        return Err(Code::CauseNotEarlier.with(report(record.cause), 0));
    }
    accounts_exist(state, &record.command)?;
    if record.origin == Origin::Policy {
        entrusted(state, record)?;
    }
    nonce(state, record)
}

/// A policy trades for nobody, cancels for nobody and draws on nobody who did not entrust it with that.
fn entrusted<B: Book>(state: &State<B>, record: &Record) -> Result<(), Reject> {
    use Command as C;
    let acts_for_an_account = matches!(
        record.command,
        C::Place(_) | C::Amend(_) | C::Cancel(_) | C::MassCancel(_) | C::Draw(_) | C::AdjustMargin(_) | C::Bid(_)
    );
    let account = account_of(&record.command);
    if !acts_for_an_account || state.accounts.of(account).has_agent(record.author) {
        return Ok(());
    }
    Err(Code::AgentNotGranted.with(i64::from(record.author.0), i64::from(account.0)))
}

/// Law 5: who may say what. A policy proposes orders, parameters and steps of the waterfall, each checked; it never moves
/// a client's money as it likes.
fn permits(origin: Origin, command: &Command) -> bool {
    use Command as C;
    match command {
        C::Tick(_) => true,
        _ if origin == Origin::Operator => true,
        C::SetMark(_) | C::SetCollateralPrice(_) | C::SetOracle(_) => matches!(origin, Origin::Oracle | Origin::Policy),
        C::Observe(_) => origin == Origin::Oracle,
        // What a client puts on record is of an account.
        C::Note(c) => origin != Origin::Client || c.account != AccountId::NONE,
        C::Place(_) | C::Amend(_) | C::Cancel(_) | C::MassCancel(_) | C::Draw(_) | C::AdjustMargin(_) | C::Bid(_) => {
            matches!(origin, Origin::Client | Origin::Policy)
        }
        C::CreateAccount(_)
        | C::Withdraw(_)
        | C::Transfer(_)
        | C::SetAllowance(_)
        | C::SetMarginMode(_)
        | C::SetPositionMode(_)
        | C::SetLeverage(_)
        | C::SetAgent(_) => origin == Origin::Client,
        C::AddAsset(_)
        | C::AddMarket(_)
        | C::SetParameters(_)
        | C::Deposit(_)
        | C::RegisterAuthor(_)
        | C::Repair(_)
        | C::ActivateRuleset(_)
        | C::SetCollateral(_)
        | C::SetPermissions(_)
        | C::SetVault(_)
        | C::SetLiquidator(_) => false,
        // A policy moves no client's money.
        C::FundInsurance(c) => origin == Origin::Policy && c.account == AccountId::NONE,
        // What configures a market and its risk, and the steps of the waterfall.
        _ => origin == Origin::Policy,
    }
}

fn accounts_exist<B: Book>(state: &State<B>, command: &Command) -> Result<(), Reject> {
    let exists = |account: AccountId| match state.accounts.find(account) {
        Some(_) => Ok(()),
        None => Err(Code::UnknownAccount.with(i64::from(account.0), 0)),
    };
    match command {
        Command::Transfer(c) => exists(c.source).and_then(|()| exists(c.destination)),
        Command::SetAllowance(c) => exists(c.source).and_then(|()| exists(c.destination)),
        Command::Draw(c) => exists(c.account).and_then(|()| exists(c.source)),
        Command::TakeOver(c) => exists(c.account).and_then(|()| exists(c.vault)),
        Command::Deleverage(c) => {
            exists(c.account)?;
            c.counterparties.iter().try_for_each(|part| exists(part.account))
        }
        // No parent, all accounts, the fees, nobody's words: none is meant.
        Command::CreateAccount(_) | Command::SetExposureCap(_) | Command::FundInsurance(_) | Command::Note(_)
            if account_of(command) == AccountId::NONE =>
        {
            Ok(())
        }
        _ if speaks_for_no_one(command) => Ok(()),
        _ => exists(account_of(command)),
    }
}

/// Whether a command has no account at all.
fn speaks_for_no_one(command: &Command) -> bool {
    use Command as C;
    matches!(
        command,
        C::AddAsset(_)
            | C::AddMarket(_)
            | C::SetTiers(_)
            | C::SetFees(_)
            | C::SetLimits(_)
            | C::SetParameters(_)
            | C::SetMark(_)
            | C::Tick(_)
            | C::Checkpoint(_)
            | C::RegisterAuthor(_)
            | C::Repair(_)
            | C::ActivateRuleset(_)
            | C::SetFeeTiers(_)
            | C::SetMarketMode(_)
            | C::SetScaling(_)
            | C::SetCaps(_)
            | C::SetLevels(_)
            | C::SetCollateral(_)
            | C::SetCollateralPrice(_)
            | C::SetWithdrawalGate(_)
            | C::SetStress(_)
            | C::SettleFunding(_)
            | C::SetGroup(_)
            | C::SetBasis(_)
            | C::SetScenarios(_)
            | C::SetConcentration(_)
            | C::SetCorrelations(_)
            | C::SetPortfolio(_)
            | C::SetLiquidation(_)
            | C::SetInsurance(_)
            | C::CloseAuction(_)
            | C::Observe(_)
            | C::SetOracle(_)
            | C::SetGrades(_)
    )
}

fn nonce<B: Book>(state: &State<B>, record: &Record) -> Result<(), Reject> {
    if record.nonce == 0 {
        return Ok(());
    }
    let account = account_of(&record.command);
    if account == AccountId::NONE {
        return Err(Code::NonceWithoutAccount.with(report(record.nonce), 0));
    }
    match state.accounts.of(account).nonces.freshness(record.nonce) {
        Freshness::Fresh => Ok(()),
        Freshness::Used { seq } => Err(Code::DuplicateNonce.with(report(record.nonce), report(seq))),
        Freshness::TooOld { lowest } => Err(Code::NonceTooOld.with(report(record.nonce), report(lowest))),
    }
}

/// Step 6: about what. Every asset a command names, then every market.
pub fn subject<B: Book>(state: &State<B>, command: &Command) -> Result<(), Reject> {
    assets_of(command).into_iter().flatten().try_for_each(|id| known_asset(state, id))?;
    markets_of(command).map_or(Ok(()), |id| known_market(state, id))
}

fn assets_of(command: &Command) -> [Option<AssetId>; 2] {
    use Command as C;
    let one = |asset: AssetId| [Some(asset), None];
    match command {
        C::AddMarket(c) => one(c.settlement),
        C::Deposit(c) => one(c.asset),
        C::Withdraw(c) => one(c.asset),
        C::Transfer(c) => one(c.asset),
        C::SetLevels(c) => one(c.asset),
        C::SetCollateral(c) => [Some(c.asset), Some(c.settlement)],
        C::SetCollateralPrice(c) => one(c.asset),
        C::SetWithdrawalGate(c) => one(c.asset),
        C::SetAllowance(c) => one(c.asset),
        C::Draw(c) => one(c.asset),
        C::SetPortfolio(c) => one(c.asset),
        C::SetLiquidation(c) => one(c.asset),
        C::SetVault(c) => one(c.asset),
        C::SetInsurance(c) => one(c.asset),
        C::FundInsurance(c) => one(c.asset),
        C::Lock(c) => one(c.asset),
        C::Release(c) => one(c.asset),
        C::CancelIncreasing(c) => one(c.asset),
        C::CoverLoss(c) => one(c.asset),
        C::ConvertCollateral(c) => one(c.asset),
        C::SetExposureCap(c) if c.scope == Scope::Asset => one(AssetId(c.id)),
        _ => [None, None],
    }
}

/// The market a command names. Where market 0 has a meaning of its own, it names none.
fn markets_of(command: &Command) -> Option<MarketId> {
    use Command as C;
    let named = |market: MarketId| (market != MarketId::NONE).then_some(market);
    match command {
        C::SetTiers(c) => Some(c.market),
        C::SetFees(c) => Some(c.market),
        C::SetLimits(c) => Some(c.market),
        C::SetMark(c) => Some(c.market),
        C::Place(c) => Some(c.market),
        C::MassCancel(c) => named(c.market),
        C::SetFeeTiers(c) => Some(c.market),
        C::SetMarketMode(c) => Some(c.market),
        C::SetScaling(c) => Some(c.market),
        C::SetCaps(c) => Some(c.market),
        C::SetExposureCap(c) if c.scope == Scope::Market => Some(MarketId(c.id)),
        C::SetPositionMode(c) => Some(c.market),
        C::AdjustMargin(c) => Some(c.market),
        C::SetLeverage(c) => Some(c.market),
        C::SetStress(c) => Some(c.market),
        C::SettleFunding(c) => Some(c.market),
        C::SetGroup(c) => Some(c.market),
        C::SetScenarios(c) => Some(c.market),
        C::SetConcentration(c) => Some(c.market),
        C::SetInsurance(c) => named(c.market),
        C::FundInsurance(c) => named(c.market),
        C::Lock(c) => named(c.market),
        C::Release(c) => named(c.market),
        C::CancelIncreasing(c) => named(c.market),
        C::CoverLoss(c) => named(c.market),
        C::Liquidate(c) => Some(c.market),
        C::Hedge(c) => Some(c.market),
        C::OpenAuction(c) => Some(c.market),
        C::TakeOver(c) => Some(c.market),
        C::Deleverage(c) => Some(c.market),
        C::Socialise(c) => Some(c.market),
        C::SetOracle(c) => Some(c.market),
        C::SetGrades(c) => Some(c.market),
        _ => None,
    }
}

fn known_asset<B: Book>(state: &State<B>, id: AssetId) -> Result<(), Reject> {
    state.asset(id).map(|_| ()).ok_or(Code::UnknownAsset.with(i64::from(id.0), 0))
}

fn known_market<B: Book>(state: &State<B>, id: MarketId) -> Result<(), Reject> {
    state.market(id).map(|_| ()).ok_or(Code::UnknownMarket.with(i64::from(id.0), 0))
}
