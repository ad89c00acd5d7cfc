"""What policies need of the venue: observations, the accepted oracle price, who may act for whom, words on record."""

from __future__ import annotations

from . import commands as c
from . import events as e
from .oracle_state import Grades, Oracle
from .refusals import Code, refuse_if
from .state import State

AGENTS_MAX = 16


def observe(state: State, command: c.Observe) -> None:
    """Puts on record what a source said, whatever it was."""
    state.emit(e.OBSERVED, *command)


def set_oracle(state: State, command: c.SetOracle) -> None:
    """Replaces the oracle price of a market."""
    market = state.markets[command.market]
    refuse_if(not 1 <= command.price <= market.price_max, Code.PriceOutOfRange, command.price, market.price_max)
    refuse_if(command.confidence < 0, Code.OracleInvalid, command.confidence)
    previous = market.oracle
    market.oracle = Oracle(*command[1:], updated_at=state.time, seq=state.seq)
    state.emit(e.ORACLE_SET, *command, previous.price, previous.grade)


def set_grades(state: State, command: c.SetGrades) -> None:
    """Replaces the least grades of a market."""
    state.markets[command.market].grades = Grades(*command[1:])
    state.emit(e.GRADES_SET, *command)


def set_agent(state: State, command: c.SetAgent) -> None:
    """Lets an author act for an account when it speaks as a policy, or no longer."""
    agents = state.accounts[command.account].agents
    refuse_if(not 1 <= command.author <= len(state.authors), Code.UnknownAuthor, command.author)
    refuse_if((command.author in agents) == command.granted, Code.AgentUnchanged, command.author)
    refuse_if(command.granted and len(agents) == AGENTS_MAX, Code.AgentsLimit, AGENTS_MAX)
    if command.granted:
        agents.add(command.author)
    else:
        agents.remove(command.author)
    state.emit(e.AGENT_SET, *command)


def note(state: State, command: c.Note) -> None:
    """Puts words on record, with who said them."""
    refuse_if(command.topic == "", Code.NoteInvalid)
    state.emit(e.NOTED, command.account, state.origin, state.author, command.topic, command.body)
