"""What the portfolio commands have set, as plain records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .arithmetic import RATE_ONE
from .portfolio_charges import Matrices


class Concentration(NamedTuple):
    """From which notional on a position in a market is charged for its size, and at which rate."""

    threshold: int = 0
    rate: int = 0


class PortfolioRates(NamedTuple):
    """For the pools of an asset: the share of the charges that is maintenance, and the epochs of funding provided."""

    maintenance_rate: int = RATE_ONE
    funding_epochs: int = 1


@dataclass(slots=True)
class PortfolioTerms:
    """By market, group and asset; what is absent was never set."""

    moves: dict[int, tuple[int, ...]] = field(default_factory=dict)
    concentrations: dict[int, Concentration] = field(default_factory=dict)
    basis_rates: dict[int, int] = field(default_factory=dict)
    matrices: Matrices = field(default_factory=Matrices)
    rates: dict[int, PortfolioRates] = field(default_factory=dict)
