//! Oracle, agents and notes.

use crate::command::{Note, Observe, Record, SetAgent, SetGrades, SetOracle};
use crate::emit::Emitter;
use crate::event::{AgentSet, GradesSet, Noted, Observed, OracleSet};
use crate::matching::book::Book;
use crate::reject::Reject;
use crate::state::State;
use crate::state::oracle::{Grades, Oracle};
use crate::validate::oracle as check;

/// What a source said changes nothing: it is there to be looked at.
pub fn observe(command: &Observe, out: &mut Emitter) -> Result<(), Reject> {
    let &Observe { feed, source, price, confidence, observed_at } = command;
    super::said(out, &Observed { feed, source, price, confidence, observed_at })
}

pub fn set_oracle<B: Book>(state: &mut State<B>, command: &SetOracle, out: &mut Emitter) -> Result<(), Reject> {
    check::set_oracle(state, command)?;
    let &SetOracle { market, price, confidence, grade, observed_at } = command;
    let (updated_at, changed) = (state.sequence.time, state.sequence.seq);
    let oracle = Oracle { price, confidence, grade, observed_at, updated_at, changed };
    let before = std::mem::replace(&mut state.markets[market.index()].oracle, oracle);
    let (previous, previous_grade) = (before.price, before.grade);
    out.emit(&OracleSet { market, price, confidence, grade, observed_at, previous, previous_grade });
    Ok(())
}

pub fn set_grades<B: Book>(state: &mut State<B>, command: &SetGrades, out: &mut Emitter) -> Result<(), Reject> {
    let &SetGrades { market, margin, liquidation, funding } = command;
    state.markets[market.index()].grades = Grades { margin, liquidation, funding };
    super::said(out, &GradesSet { market, margin, liquidation, funding })
}

pub fn set_agent<B: Book>(state: &mut State<B>, command: &SetAgent, out: &mut Emitter) -> Result<(), Reject> {
    check::set_agent(state, command)?;
    let &SetAgent { account, author, granted } = command;
    state.accounts.change_mandate(account, |mandate| match mandate.agents.binary_search(&author) {
        Ok(index) => _ = mandate.agents.remove(index),
        Err(index) => mandate.agents.insert(index, author),
    });
    out.emit(&AgentSet { account, author, granted });
    Ok(())
}

/// Words change nothing either: whoever they are for finds them among the events.
pub fn note(record: &Record, command: &Note, out: &mut Emitter) -> Result<(), Reject> {
    check::note(command)?;
    let Note { account, topic, body } = command.clone();
    super::said(out, &Noted { account, origin: record.origin, author: record.author, topic, body })
}
