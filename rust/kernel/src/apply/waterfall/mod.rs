//! The steps of the waterfall: what each does once its checks have passed.

mod auction;
mod loss;
mod moving;
mod reduction;
mod settings;

use crate::command::Command;
use crate::emit::Emitter;
use crate::matching::book::Book;
use crate::reject::Reject;
use crate::state::State;

/// Takes a step.
pub fn step<B: Book>(state: &mut State<B>, command: &Command, out: &mut Emitter) -> Result<(), Reject> {
    match command {
        Command::SetLiquidation(c) => settings::set_liquidation(state, c, out),
        Command::SetVault(c) => settings::set_vault(state, c, out),
        Command::SetLiquidator(c) => settings::set_liquidator(state, c, out),
        Command::SetInsurance(c) => settings::set_insurance(state, c, out),
        Command::FundInsurance(c) => settings::fund_insurance(state, c, out),
        Command::Lock(c) => settings::lock(state, c, out),
        Command::Release(c) => settings::release(state, c, out),
        Command::CancelIncreasing(c) => settings::cancel_increasing(state, c, out),
        Command::Liquidate(c) => reduction::liquidate(state, c, out),
        Command::Hedge(c) => reduction::hedge(state, c, out),
        Command::OpenAuction(c) => auction::open(state, c, out),
        Command::Bid(c) => auction::bid(state, c, out),
        Command::CloseAuction(c) => auction::close(state, c, out),
        Command::TakeOver(c) => moving::take_over(state, c, out),
        Command::CoverLoss(c) => loss::cover(state, c, out),
        Command::ConvertCollateral(c) => loss::convert(state, c, out),
        Command::Deleverage(c) => moving::deleverage(state, c, out),
        Command::Socialise(c) => loss::socialise(state, c, out),
        _ => unreachable!("every other command has an arm of its own in the dispatch"),
    }
}
