//! Reductions on the book. The order goes the way of every order.

use crate::apply::order;
use crate::command::{Hedge, Liquidate};
use crate::emit::Emitter;
use crate::event::{LiquidationEnded, LiquidationKind, LiquidationStarted};
use crate::matching::book::Book;
use crate::matching::sweep::Taker;
use crate::quantities::{Deduction, Money, Wide};
use crate::reject::Reject;
use crate::state::State;
use crate::state::holdings::{Condition, Purpose};
use crate::validate::waterfall::health::Health;
use crate::validate::waterfall::reduction::{self as check, Reduction};

pub fn liquidate<B: Book>(state: &mut State<B>, command: &Liquidate, out: &mut Emitter) -> Result<(), Reject> {
    let reduction = check::liquidate(state, command)?;
    send(state, &reduction, LiquidationKind::Reduce, out);
    Ok(())
}

pub fn hedge<B: Book>(state: &mut State<B>, command: &Hedge, out: &mut Emitter) -> Result<(), Reject> {
    let reduction = check::hedge(state, command)?;
    send(state, &reduction, LiquidationKind::Hedge, out);
    Ok(())
}

fn send<B: Book>(state: &mut State<B>, reduction: &Reduction, kind: LiquidationKind, out: &mut Emitter) {
    let &Reduction { order, health } = reduction;
    let Health { account, pool, asset, equity, maintenance, .. } = health;
    out.emit(&LiquidationStarted {
        account,
        market: order.market,
        kind,
        side: order.side,
        lots: order.lots,
        price: order.price,
        mark: state.markets[order.market.index()].mark,
        equity: equity.clamp_i64(),
        maintenance: maintenance.clamp_i64(),
    });
    let purpose = match kind {
        LiquidationKind::Reduce => Purpose::Ordinary,
        LiquidationKind::Hedge => Purpose::Hedge,
    };
    let master = state.accounts.of(account).master;
    let volume = |state: &State<B>| state.accounts.of(account).holdings.balance(asset).taker_volume;
    let before = volume(state);
    let filled = order::accept(state, Taker { order, master, purpose }, out);
    let value = Money(i64::try_from(volume(state) - before).expect("the notional of one order"));
    let fee = match kind {
        LiquidationKind::Reduce => charge(state, &health, value),
        LiquidationKind::Hedge => Money::ZERO,
    };
    let resumes_at = state.sequence.time.saturating_add(state.assets[asset.index()].liquidation.cooldown_ns);
    let holdings = state.accounts.holdings_mut(account);
    let condition = holdings.condition(pool);
    holdings.set_condition(pool, Condition { resumes_at, ..condition });
    let after = Health::of(state, account, pool);
    out.emit(&LiquidationEnded {
        account,
        market: order.market,
        kind,
        order: order.id,
        filled,
        value,
        fee,
        equity: after.equity.clamp_i64(),
        maintenance: after.maintenance.clamp_i64(),
    });
}

/// The insurance takes its fee, as far as there is equity to pay it.
fn charge<B: Book>(state: &mut State<B>, health: &Health, value: Money) -> Money {
    let rate = state.assets[health.asset.index()].liquidation.fee_rate;
    let equity = Health::of(state, health.account, health.pool).equity;
    let fee = value.share_ceil(rate, Deduction::ZERO).wide().min(equity.max(Wide::ZERO)).narrow();
    state.credit(health.account, health.pool, -fee);
    state.insure(health.pool, fee);
    fee
}
