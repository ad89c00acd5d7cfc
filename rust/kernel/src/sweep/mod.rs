//! After a mark: which pools stand otherwise than before, found without looking at every pool of the venue.
//!
//! ```text
//! mark ─► ladder: whose interval it left ─┐
//! fills, money, settings ─► touched ──────┴─► in order of accounts: look, announce, cut the slack anew ─► ladder
//! ```
//!
//! While all marks stay inside the intervals that were cut from its slack, a pool cannot stand otherwise, so nobody looks.

pub mod cut;
pub mod ladder;
pub mod scan;
pub mod slack;
pub mod standing;
pub mod touched;

use crate::command::Command;
use crate::emit::Emitter;
use crate::event::StandingChanged;
use crate::matching::book::Book;
use crate::quantities::{AccountId, Lots, MarketId, Money};
use crate::risk::pool::Pool;
use crate::state::State;
use crate::state::holdings::{Holdings, PoolId};

use cut::Cut;
use ladder::Ladder;
use scan::{Look, pools};

/// How far ahead accounts are asked for while others are looked at.
const AHEAD: usize = 8;

/// Who watches. Not part of the state: without it, or after a snapshot is loaded, everyone is looked at once.
#[derive(Clone, Default)]
pub struct Watch {
    ladder: Ladder,
    cut: Cut,
    due: Vec<AccountId>,
    changes: Vec<(PoolId, StandingChanged)>,
    looks: u64,
}

/// After a command that was not refused: whom it may have concerned is remembered, and if the rules say so, looked at.
#[inline]
pub fn after<B: Book>(state: &mut State<B>, command: &Command, out: &mut Emitter) {
    match command {
        Command::SetMark(c) => look(state, Some(c.market), out),
        Command::SettleFunding(c) => look_at_holders(state, c.market, out),
        Command::Socialise(c) => look_at_holders(state, c.market, out),
        Command::SetCollateralPrice(c) => {
            state.accounts.touch(|holdings| holdings.cash(c.asset) > Money::ZERO);
            look(state, None, out);
        }
        Command::SetTiers(c) => touch_holders(state, c.market),
        Command::SetCollateral(c) => state.accounts.touch(|holdings| holdings.cash(c.asset) > Money::ZERO),
        Command::SetLiquidation(_) => state.accounts.touched.add_everyone(),
        Command::SetGroup(_)
        | Command::SetBasis(_)
        | Command::SetScenarios(_)
        | Command::SetConcentration(_)
        | Command::SetCorrelations(_)
        | Command::SetPortfolio(_) => state.accounts.touch(Holdings::is_portfolio),
        // What changes holdings has touched its accounts; nothing else changes equity or maintenance.
        _ => (),
    }
}

fn touch_holders<B: Book>(state: &mut State<B>, market: MarketId) {
    state.accounts.touch(|holdings| holdings.position(market).lots != Lots::ZERO);
}

fn look_at_holders<B: Book>(state: &mut State<B>, market: MarketId, out: &mut Emitter) {
    touch_holders(state, market);
    look(state, None, out);
}

/// Looks at whoever was touched, and at whoever the present mark of a market concerns.
fn look<B: Book>(state: &mut State<B>, moved: Option<MarketId>, out: &mut Emitter) {
    let mut watch = std::mem::take(&mut state.watch);
    if let Some(market) = moved {
        watch.ladder.crossed(market, state.markets[market.index()].mark, &mut watch.due);
    }
    watch.look_at_due(state, out);
    state.watch = watch;
}

impl Watch {
    /// How many triggers there are: at most two for a position.
    pub fn triggers(&self) -> usize {
        self.ladder.len()
    }

    /// How often an account has been looked at.
    pub fn looks(&self) -> u64 {
        self.looks
    }

    /// Looks at whom the ladder named and who was touched, in the order of accounts.
    fn look_at_due<B: Book>(&mut self, state: &mut State<B>, out: &mut Emitter) {
        let last = AccountId(u32::try_from(state.accounts.len()).expect("ids fit 32 bits"));
        state.accounts.touched.drain_into(last, &mut self.due);
        self.due.sort_unstable();
        self.due.dedup();
        for index in 0..self.due.len() {
            if let Some(&later) = self.due.get(index + AHEAD) {
                state.accounts.of(later).holdings.prefetch();
            }
            self.look(state, self.due[index], out);
        }
        self.due.clear();
    }

    /// Looks at an account's pools, announces those that stand otherwise than remembered, and arms the account anew.
    fn look<B: Book>(&mut self, state: &mut State<B>, account: AccountId, out: &mut Emitter) {
        let (holdings, risk) = (&state.accounts.of(account).holdings, state.risk());
        self.cut.clear();
        self.looks += 1;
        for id in pools(holdings, risk) {
            let pool = Pool::new(holdings, risk, id);
            let look = self.cut.look(&pool, self.ladder.armed(account));
            let previous = holdings.condition(id).standing;
            if look.standing != previous {
                self.changes.push((id, announcement(account, &pool, &look)));
            }
        }
        self.ladder.arm(account, self.cut.finish());
        for (pool, change) in self.changes.drain(..) {
            state.accounts.remember_standing(account, pool, change.standing);
            out.emit(&change);
        }
    }
}

/// That a pool stands otherwise than remembered.
pub fn announcement(account: AccountId, pool: &Pool<'_>, look: &Look) -> StandingChanged {
    let market = match pool.id {
        PoolId::Cross(_) => MarketId::NONE,
        PoolId::Isolated(market) => market,
    };
    StandingChanged {
        account,
        asset: pool.asset(),
        market,
        standing: look.standing,
        previous: pool.holdings.condition(pool.id).standing,
        equity: look.equity.clamp_i64(),
        requirement: pool.requirement().clamp_i64(),
        maintenance: look.maintenance.clamp_i64(),
    }
}
