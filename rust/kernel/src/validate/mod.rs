//! The checks, in their documented order; the first that fails names the refusal. Nothing here changes anything.

pub mod admin;
pub mod money;
pub mod order;

use crate::command::{Command, Origin, Record};
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
    nonce(state, record)
}

/// Law 5: who may say what. A policy proposes orders and parameters and never moves money.
fn permits(origin: Origin, command: &Command) -> bool {
    match command {
        Command::Tick(_) => true,
        _ if origin == Origin::Operator => true,
        Command::SetMark(_) => matches!(origin, Origin::Oracle | Origin::Policy),
        Command::SetTiers(_) | Command::SetFees(_) | Command::SetLimits(_) | Command::Checkpoint(_) => {
            origin == Origin::Policy
        }
        Command::Place(_) | Command::Amend(_) | Command::Cancel(_) | Command::MassCancel(_) => {
            matches!(origin, Origin::Client | Origin::Policy)
        }
        Command::CreateAccount(_) | Command::Withdraw(_) | Command::Transfer(_) => origin == Origin::Client,
        _ => false,
    }
}

fn accounts_exist<B: Book>(state: &State<B>, command: &Command) -> Result<(), Reject> {
    let named = match command {
        Command::Transfer(c) => [c.source, c.destination],
        // A master account has no parent to look for.
        Command::CreateAccount(c) if c.parent == AccountId::NONE => return Ok(()),
        Command::CreateAccount(_)
        | Command::Deposit(_)
        | Command::Withdraw(_)
        | Command::Place(_)
        | Command::Amend(_)
        | Command::Cancel(_)
        | Command::MassCancel(_) => [account_of(command); 2],
        _ => return Ok(()),
    };
    for account in named {
        if state.accounts.find(account).is_none() {
            return Err(Code::UnknownAccount.with(i64::from(account.0), 0));
        }
    }
    Ok(())
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

/// Step 6: about what.
pub fn subject<B: Book>(state: &State<B>, command: &Command) -> Result<(), Reject> {
    let (asset, market) = match command {
        Command::AddMarket(c) => (Some(c.settlement), None),
        Command::Deposit(c) => (Some(c.asset), None),
        Command::Withdraw(c) => (Some(c.asset), None),
        Command::Transfer(c) => (Some(c.asset), None),
        Command::SetTiers(c) => (None, Some(c.market)),
        Command::SetFees(c) => (None, Some(c.market)),
        Command::SetLimits(c) => (None, Some(c.market)),
        Command::SetMark(c) => (None, Some(c.market)),
        Command::Place(c) => (None, Some(c.market)),
        Command::MassCancel(c) if c.market != MarketId::NONE => (None, Some(c.market)),
        _ => (None, None),
    };
    asset.map_or(Ok(()), |id| known_asset(state, id))?;
    market.map_or(Ok(()), |id| known_market(state, id))
}

fn known_asset<B: Book>(state: &State<B>, id: AssetId) -> Result<(), Reject> {
    state.asset(id).map(|_| ()).ok_or(Code::UnknownAsset.with(i64::from(id.0), 0))
}

fn known_market<B: Book>(state: &State<B>, id: MarketId) -> Result<(), Reject> {
    state.market(id).map(|_| ()).ok_or(Code::UnknownMarket.with(i64::from(id.0), 0))
}
