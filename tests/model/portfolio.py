"""Portfolio margin: what a cross pool of an account in margin mode 2 must be worth."""

from __future__ import annotations

from collections.abc import Mapping

from .margin import Exposure, initial_margin, maintenance_margin
from .portfolio_charges import Charges, Leg, charges
from .portfolio_state import Concentration, PortfolioRates
from .state import State


def requirement(state: State, account: int, shown: Mapping[int, Exposure]) -> int:
    """The requirement of exposures by market, all of one pool."""
    found = state.accounts[account]
    total = charges_on(state, shown).requirement()
    for market in without_scenarios(state, shown):
        total += initial_margin(state, found, state.markets[market], shown[market].worst())
    return total


def maintenance(state: State, shown: Mapping[int, Exposure]) -> int:
    """The maintenance of exposures by market, all of one pool."""
    total = charges_on(state, shown).maintenance(rates_of(state, shown).maintenance_rate)
    for market in without_scenarios(state, shown):
        total += maintenance_margin(state.markets[market], shown[market].lots)
    return total


def charges_on(state: State, shown: Mapping[int, Exposure]) -> Charges:
    """The charges on the markets that have scenarios."""
    terms = state.portfolio
    legs = [leg_of(state, market, one) for market, one in shown.items() if market in terms.moves]
    return charges(legs, terms.matrices, terms.basis_rates, rates_of(state, shown).funding_epochs)


def leg_of(state: State, market_id: int, shown: Exposure) -> Leg:
    """An exposure in a market with scenarios, with all that it is charged by."""
    market = state.markets[market_id]
    concentration = state.portfolio.concentrations.get(market_id, Concentration())
    return Leg(
        group=market.group,
        lots=shown.lots,
        worst=shown.worst(),
        mark=market.mark,
        tick_value=market.tick_value,
        moves=state.portfolio.moves[market_id],
        concentration_threshold=concentration.threshold,
        concentration_rate=concentration.rate,
        funding_rate=market.funding_rate,
    )


def without_scenarios(state: State, shown: Mapping[int, Exposure]) -> list[int]:
    """The markets that contribute their standard margin."""
    return [market for market in shown if market not in state.portfolio.moves]


def rates_of(state: State, shown: Mapping[int, Exposure]) -> PortfolioRates:
    """What is set for the asset in which all of these markets settle; with no market there is nothing to charge."""
    assets = {state.markets[market].settlement for market in shown}
    assert len(assets) <= 1
    return state.portfolio.rates.get(min(assets, default=0), PortfolioRates())
