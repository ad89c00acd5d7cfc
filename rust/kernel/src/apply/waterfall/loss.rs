//! Losses that nobody can pay: covered, paid with collateral, or shared.

use crate::command::{ConvertCollateral, CoverLoss, Socialise};
use crate::emit::Emitter;
use crate::event::{CollateralConverted, LossCovered, LossSocialised, WithdrawalGateSet};
use crate::matching::book::Book;
use crate::quantities::Wide;
use crate::reject::Reject;
use crate::state::State;
use crate::state::asset::Gate;
use crate::state::holdings::PoolId;
use crate::validate::waterfall::loss::{self as check, Payment};

pub fn cover<B: Book>(state: &mut State<B>, command: &CoverLoss, out: &mut Emitter) -> Result<(), Reject> {
    let Payment { health, amount } = check::cover(state, command)?;
    let &CoverLoss { account, asset, market, .. } = command;
    let fund = state.pay_loss(health.pool, amount);
    state.credit(account, health.pool, amount);
    out.emit(&LossCovered { account, asset, market, amount, fund });
    Ok(())
}

/// The settlement asset's fund pays the value, and the collateral's own keeps the collateral.
pub fn convert<B: Book>(state: &mut State<B>, command: &ConvertCollateral, out: &mut Emitter) -> Result<(), Reject> {
    let Payment { health, amount: value } = check::convert(state, command)?;
    let &ConvertCollateral { account, asset, amount } = command;
    let kept = PoolId::Cross(asset);
    state.credit(account, kept, -amount);
    state.insure(kept, amount);
    state.insure(health.pool, -value);
    state.credit(account, health.pool, value);
    out.emit(&CollateralConverted { account, asset, amount, settlement: health.asset, value });
    Ok(())
}

pub fn socialise<B: Book>(state: &mut State<B>, command: &Socialise, out: &mut Emitter) -> Result<(), Reject> {
    let Payment { health, amount } = check::socialise(state, command)?;
    let &Socialise { account, market, side, .. } = command;
    let seq = state.sequence.seq;
    let terms = &mut state.markets[market.index()];
    let dust = terms.funding.share_loss(side, amount, terms.open_interest, seq);
    let open_interest = Wide(terms.open_interest).clamp_i64();
    let asset = &mut state.assets[health.asset.index()];
    asset.in_markets -= (amount + dust).wide();
    asset.dust += dust;
    asset.gate.closed = true;
    let Gate { closed, interval_ns, amount_max, .. } = asset.gate;
    state.credit(account, health.pool, amount);
    out.emit(&LossSocialised { account, asset: health.asset, market, side, amount, open_interest });
    out.emit(&WithdrawalGateSet { asset: health.asset, closed, interval_ns, amount_max });
    Ok(())
}
