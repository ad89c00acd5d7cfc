//! Oracle, agents and notes (`docs/rules_oracle.md`): which price may be accepted, and who may speak.

use crate::command::{Grade, Note, SetAgent, SetOracle};
use crate::matching::book::Book;
use crate::quantities::AuthorId;
use crate::reject::{Code, Reject};
use crate::state::State;
use crate::state::market::Market;

/// Most agents of an account.
pub const AGENTS_MAX: usize = 16;

impl Market {
    /// Whether the oracle is good enough for new exposure and for money to go.
    #[inline]
    pub fn graded_for_margin(&self) -> Result<(), Reject> {
        self.graded(self.grades.margin)
    }

    /// Whether it is good enough for steps of the waterfall.
    pub fn graded_for_liquidation(&self) -> Result<(), Reject> {
        self.graded(self.grades.liquidation)
    }

    /// Whether it is good enough to close a funding epoch.
    pub fn graded_for_funding(&self) -> Result<(), Reject> {
        self.graded(self.grades.funding)
    }

    #[inline]
    fn graded(&self, least: Grade) -> Result<(), Reject> {
        let grade = self.oracle.grade;
        if grade < least { Err(Code::OracleGrade.with(grade as i64, least as i64)) } else { Ok(()) }
    }
}

/// May the price be accepted?
pub fn set_oracle<B: Book>(state: &State<B>, command: &SetOracle) -> Result<(), Reject> {
    let market = state.market(command.market).expect("the market was looked up");
    if !market.has_price(command.price) {
        return Err(Code::PriceOutOfRange.with(command.price.0, market.price_max.0));
    }
    if command.confidence.0 < 0 {
        return Err(Code::OracleInvalid.with(command.confidence.0, 0));
    }
    Ok(())
}

/// May the author be granted, or revoked?
pub fn set_agent<B: Book>(state: &State<B>, command: &SetAgent) -> Result<(), Reject> {
    let &SetAgent { account, author, granted } = command;
    if author == AuthorId::NONE || state.authors.get(author.index()).is_none() {
        return Err(Code::UnknownAuthor.with(i64::from(author.0), 0));
    }
    let account = state.accounts.of(account);
    if account.has_agent(author) == granted {
        return Err(Code::AgentUnchanged.with(i64::from(author.0), 0));
    }
    if granted && account.agents().len() >= AGENTS_MAX {
        return Err(Code::AgentsLimit.with(i64::try_from(AGENTS_MAX).expect("few"), 0));
    }
    Ok(())
}

/// May the words be put on record?
pub fn note(command: &Note) -> Result<(), Reject> {
    if command.topic.as_bytes().is_empty() { Err(Code::NoteInvalid.bare()) } else { Ok(()) }
}
