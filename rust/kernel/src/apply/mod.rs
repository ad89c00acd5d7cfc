//! What each command does once its checks have passed.
//!
//! Every arm reads the same way: check (pure, in `validate`), change the state, say so.

mod admin;
mod money;
mod oracle;
mod order;
mod portfolio;
mod position;
mod terms;
mod waterfall;

use crate::command::{Command, Record};
use crate::emit::Emitter;
use crate::event::{CancelReason, CheckpointTaken, Event, Rejected, Repaired, Ticked};
use crate::matching::book::Book;
use crate::reject::Reject;
use crate::state::State;
use crate::sweep;
use crate::validate;

/// Executes one record at the next seq: expiries first, then the command, or its refusal. Answers which it was: whether
/// the command was executed.
pub fn record<B: Book>(state: &mut State<B>, record: &Record, out: &mut Emitter) -> bool {
    state.sequence.seq += 1;
    state.sequence.time = record.time;
    out.begin(state.sequence.seq);
    expire(state, out);
    let attempted = attempt(state, record, out);
    if let Err(reject) = attempted {
        out.emit(&Rejected {
            command: record.command.tag(),
            account: validate::account_of(&record.command),
            code: reject.code as u16,
            a: reject.a,
            b: reject.b,
        });
    }
    attempted.is_ok()
}

fn attempt<B: Book>(state: &mut State<B>, record: &Record, out: &mut Emitter) -> Result<(), Reject> {
    validate::identity(state, record)?;
    if record.nonce != 0 {
        let account = validate::account_of(&record.command);
        state.accounts.nonces_mut(account).remember(record.nonce, state.sequence.seq);
    }
    validate::subject(state, &record.command)?;
    dispatch(state, record, out)?;
    sweep::after(state, &record.command, out);
    Ok(())
}

fn dispatch<B: Book>(state: &mut State<B>, record: &Record, out: &mut Emitter) -> Result<(), Reject> {
    match &record.command {
        Command::AddAsset(c) => admin::add_asset(state, c, out),
        Command::AddMarket(c) => admin::add_market(state, c, out),
        Command::SetTiers(c) => admin::set_tiers(state, c, out),
        Command::SetFees(c) => admin::set_fees(state, c, out),
        Command::SetLimits(c) => admin::set_limits(state, c, out),
        Command::SetParameters(c) => admin::set_parameters(state, c, out),
        Command::CreateAccount(c) => admin::create_account(state, c, out),
        Command::Deposit(c) => money::deposit(state, c, out),
        Command::Withdraw(c) => money::withdraw(state, c, out),
        Command::Transfer(c) => money::transfer(state, c, out),
        Command::SetAllowance(c) => money::set_allowance(state, c, out),
        Command::Draw(c) => money::draw(state, c, out),
        Command::SetMark(c) => money::set_mark(state, c, out),
        Command::Place(c) => order::place(state, c, out),
        Command::Amend(c) => order::amend(state, c, out),
        Command::Cancel(c) => order::cancel(state, c, out),
        Command::MassCancel(c) => {
            order::mass_cancel(state, c, out);
            Ok(())
        }
        Command::Tick(_) => said(out, &Ticked { time: state.sequence.time }),
        Command::Checkpoint(_) => said(out, &CheckpointTaken {}),
        Command::RegisterAuthor(c) => admin::register_author(state, c, out),
        Command::Repair(c) => {
            said(out, &Repaired { first_seq: c.first_seq, blocks: c.blocks, evidence: c.evidence.clone() })
        }
        Command::ActivateRuleset(c) => admin::activate_ruleset(state, c, out),
        Command::SetFeeTiers(c) => terms::set_fee_tiers(state, c, out),
        Command::SetAccountFees(c) => terms::set_account_fees(state, c, out),
        Command::SetMarketMode(c) => terms::set_market_mode(state, c, out),
        Command::SetScaling(c) => terms::set_scaling(state, c, out),
        Command::SetCaps(c) => terms::set_caps(state, c, out),
        Command::SetExposureCap(c) => terms::set_exposure_cap(state, c, out),
        Command::SetLevels(c) => terms::set_levels(state, c, out),
        Command::SetCollateral(c) => terms::set_collateral(state, c, out),
        Command::SetCollateralPrice(c) => terms::set_collateral_price(state, c, out),
        Command::SetPermissions(c) => terms::set_permissions(state, c, out),
        Command::SetWithdrawalGate(c) => terms::set_withdrawal_gate(state, c, out),
        Command::SetPositionMode(c) => position::set_position_mode(state, c, out),
        Command::AdjustMargin(c) => position::adjust_margin(state, c, out),
        Command::SetLeverage(c) => position::set_leverage(state, c, out),
        Command::SetStress(c) => position::set_stress(state, c, out),
        Command::SettleFunding(c) => position::settle_funding(state, c, out),
        Command::SetMarginMode(c) => portfolio::set_margin_mode(state, c, out),
        Command::SetGroup(c) => portfolio::set_group(state, c, out),
        Command::SetBasis(c) => portfolio::set_basis(state, c, out),
        Command::SetScenarios(c) => portfolio::set_scenarios(state, c, out),
        Command::SetConcentration(c) => portfolio::set_concentration(state, c, out),
        Command::SetCorrelations(c) => portfolio::set_correlations(state, c, out),
        Command::SetPortfolio(c) => portfolio::set_portfolio(state, c, out),
        Command::Observe(c) => oracle::observe(c, out),
        Command::SetOracle(c) => oracle::set_oracle(state, c, out),
        Command::SetGrades(c) => oracle::set_grades(state, c, out),
        Command::SetAgent(c) => oracle::set_agent(state, c, out),
        Command::Note(c) => oracle::note(record, c, out),
        command => waterfall::step(state, command, out),
    }
}

/// A command that changes nothing but is remembered.
#[expect(clippy::unnecessary_wraps, reason = "as every arm of the dispatch")]
fn said(out: &mut Emitter, event: &impl Event) -> Result<(), Reject> {
    out.emit(event);
    Ok(())
}

/// Cancels the resting orders whose time has come, soonest first.
#[inline]
fn expire<B: Book>(state: &mut State<B>, out: &mut Emitter) {
    while let Some(&(expires_at, order)) = state.expiries.first() {
        if expires_at > state.sequence.time {
            return;
        }
        let slot = state.orders.slot(order).expect("an order that expires is open");
        state.cancel_resting(slot, state.orders[slot].lots, CancelReason::Expired, out);
    }
}
