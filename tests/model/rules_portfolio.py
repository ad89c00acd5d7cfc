"""The commands of portfolio margin: scenarios, and how groups move together."""

from __future__ import annotations

from collections.abc import Iterable

from . import commands as c
from . import events as e
from .portfolio_charges import Matrices, Pair
from .portfolio_state import Concentration, PortfolioRates
from .refusals import Code, refuse_if
from .state import RATE_ONE, State

GROUPS_MAX = 64
SCENARIOS_MAX = 32
MARKETS_OF_GROUP_MAX = 16
PAIRS_MAX = GROUPS_MAX * (GROUPS_MAX - 1) // 2
FUNDING_EPOCHS_MAX = 1_000


def set_group(state: State, command: c.SetGroup) -> None:
    """Puts a market on an underlying; its scenarios were those of the old one."""
    refuse_if(command.group > GROUPS_MAX, Code.GroupInvalid, command.group)
    state.markets[command.market].group = command.group
    state.portfolio.moves.pop(command.market, None)
    state.emit(e.GROUP_SET, *command)


def set_basis(state: State, command: c.SetBasis) -> None:
    """Sets what is charged for long against short within a group."""
    refuse_if(not 1 <= command.group <= GROUPS_MAX, Code.GroupInvalid, command.group)
    refuse_if(not 0 <= command.basis_rate <= RATE_ONE, Code.BasisInvalid, command.basis_rate)
    state.portfolio.basis_rates[command.group] = command.basis_rate
    state.emit(e.BASIS_SET, *command)


def set_scenarios(state: State, command: c.SetScenarios) -> None:
    """Replaces the moves of a market; all markets of a group have as many."""
    market = state.markets[command.market]
    refuse_if(market.group == 0, Code.GroupInvalid, 0)
    others = [
        moves
        for other, moves in state.portfolio.moves.items()
        if other != command.market and state.markets[other].group == market.group
    ]
    if command.moves:
        too_many = len(command.moves) > SCENARIOS_MAX or len(others) >= MARKETS_OF_GROUP_MAX
        unlike = any(len(moves) != len(command.moves) for moves in others)
        refuse_if(too_many or unlike, Code.ScenariosInvalid, 0)
    for number, move in enumerate(command.moves, start=1):
        refuse_if(abs(move) > market.price_max, Code.ScenariosInvalid, number)
    state.portfolio.moves.pop(command.market, None)
    if command.moves:
        state.portfolio.moves[command.market] = tuple(command.moves)
    state.emit(e.SCENARIOS_SET, command.market, len(command.moves))


def set_concentration(state: State, command: c.SetConcentration) -> None:
    """Sets what a large position in a market is charged."""
    refuse_if(command.threshold < 0, Code.ConcentrationInvalid, 1)
    refuse_if(not 0 <= command.rate <= RATE_ONE, Code.ConcentrationInvalid, 2)
    state.portfolio.concentrations[command.market] = Concentration(command.threshold, command.rate)
    state.emit(e.CONCENTRATION_SET, *command)


def set_correlations(state: State, command: c.SetCorrelations) -> None:
    """Replaces all pairs, and how far the two stressed matrices go."""
    refuse_if(not 0 <= command.towards_one_rate <= RATE_ONE, Code.CorrelationsInvalid, 1)
    refuse_if(not 0 <= command.towards_zero_rate <= RATE_ONE, Code.CorrelationsInvalid, 2)
    refuse_if(len(command.pairs) > PAIRS_MAX, Code.CorrelationsInvalid, 3, 0)
    invalid = first_invalid_pair(command.pairs)
    refuse_if(invalid != 0, Code.CorrelationsInvalid, 3, invalid)
    pairs = {(pair[0], pair[1]): Pair(pair[2], pair[3]) for pair in command.pairs}
    state.portfolio.matrices = Matrices(command.towards_one_rate, command.towards_zero_rate, pairs)
    state.emit(e.CORRELATIONS_SET, command.towards_one_rate, command.towards_zero_rate, len(command.pairs))


def first_invalid_pair(pairs: Iterable[tuple[int, int, int, int]]) -> int:
    """The number, from 1, of the first pair that breaks a rule of 232; 0 when all are in order."""
    previous = (0, 0)
    for number, (group_a, group_b, correlation_rate, offset_cap_rate) in enumerate(pairs, start=1):
        named = 1 <= group_a < group_b <= GROUPS_MAX and (group_a, group_b) > previous
        if not (named and abs(correlation_rate) <= RATE_ONE and 0 <= offset_cap_rate <= RATE_ONE):
            return number
        previous = (group_a, group_b)
    return 0


def set_portfolio(state: State, command: c.SetPortfolio) -> None:
    """Sets the maintenance and the funding provision of an asset's portfolio pools."""
    refuse_if(not 0 <= command.maintenance_rate <= RATE_ONE, Code.PortfolioInvalid, 1)
    refuse_if(command.funding_epochs > FUNDING_EPOCHS_MAX, Code.PortfolioInvalid, 2)
    state.portfolio.rates[command.asset] = PortfolioRates(command.maintenance_rate, command.funding_epochs)
    state.emit(e.PORTFOLIO_SET, *command)
