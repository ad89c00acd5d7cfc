"""Builders of margin modes, isolated positions, funding, and the tables of portfolio margin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

from crossbook import commands
from crossbook.builders.base import (
    Builder,
    ProvenanceKeywords,
    R,
    minor_or_zero,
    signed_minor,
    signed_ticks,
)
from crossbook.commands import MarginMode
from crossbook.quantities import Number, to_rate
from crossbook.state import choice


class MarginBuilders(Builder[R]):
    """How accounts are margined, what positions pay, and by which scenarios."""

    def set_margin_mode(self, *, account: int, mode: MarginMode | str, **provenance: Unpack[ProvenanceKeywords]) -> R:
        """Choose how the cross pools of an account are margined: `"standard"` or `"portfolio"`."""
        command = commands.SetMarginMode(account, choice(MarginMode, mode, field="mode"))
        return self._submit_one(command, provenance)

    def isolate(
        self, *, account: int, market: str | int, amount: Number = 0, **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Make the position of an account in a market a pool of its own, with an amount of cash as its margin."""
        unit = self.market_unit(market)
        command = commands.SetPositionMode(account, unit.market, True, minor_or_zero(unit.settlement, amount))
        return self._submit_one(command, provenance)

    def join(self, *, account: int, market: str | int, **provenance: Unpack[ProvenanceKeywords]) -> R:
        """Put an isolated position with its margin back into the cross pool."""
        command = commands.SetPositionMode(account, self.market_unit(market).market, False, 0)
        return self._submit_one(command, provenance)

    def adjust_margin(
        self, *, account: int, market: str | int, amount: Number, **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Move an amount from cash to the margin of an isolated position; a negative amount moves back."""
        unit = self.market_unit(market)
        command = commands.AdjustMargin(account, unit.market, signed_minor(unit.settlement, amount))
        return self._submit_one(command, provenance)

    def set_leverage(
        self, *, account: int, market: str | int, initial_rate: Number, **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Choose an initial rate of the account's own: `"0.1"` is a leverage of ten, 0 takes it away."""
        rate = to_rate(initial_rate, field="initial_rate")
        return self._submit_one(commands.SetLeverage(account, self.market_unit(market).market, rate), provenance)

    def set_stress(self, *, market: str | int, active: bool, **provenance: Unpack[ProvenanceKeywords]) -> R:
        """Put a market under stress, which isolates every position in it, or end that."""
        return self._submit_one(commands.SetStress(self.market_unit(market).market, active), provenance)

    def settle_funding(
        self, *, market: str | int, price: Number, rate: Number, **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Let longs pay shorts `price * rate` per unit of size, or the reverse if the rate is negative."""
        unit = self.market_unit(market)
        return self._submit_one(commands.SettleFunding(unit.market, unit.to_ticks(price), to_rate(rate)), provenance)

    def set_group(self, *, market: str | int, group: int, **provenance: Unpack[ProvenanceKeywords]) -> R:
        """Put a market into a group of markets on one underlying (0: none); its scenarios are cleared."""
        return self._submit_one(commands.SetGroup(self.market_unit(market).market, group), provenance)

    def set_basis(self, *, group: int, basis_rate: Number, **provenance: Unpack[ProvenanceKeywords]) -> R:
        """Set what a group charges for longs against shorts."""
        return self._submit_one(commands.SetBasis(group, to_rate(basis_rate, field="basis_rate")), provenance)

    def set_scenarios(
        self, *, market: str | int, moves: Iterable[Number], **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Set how far a market's price moves in each scenario, in whole units with a sign; none clears them."""
        unit = self.market_unit(market)
        ticks = tuple(signed_ticks(unit, move, field=f"moves[{index}]") for index, move in enumerate(moves))
        return self._submit_one(commands.SetScenarios(unit.market, ticks), provenance)

    def set_concentration(
        self, *, market: str | int, threshold: Number, rate: Number, **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Charge a rate of the notional beyond a threshold (whole units) in portfolio margin."""
        unit = self.market_unit(market)
        minor = minor_or_zero(unit.settlement, threshold, field="threshold")
        return self._submit_one(commands.SetConcentration(unit.market, minor, to_rate(rate)), provenance)

    def set_correlations(
        self,
        *,
        pairs: Iterable[tuple[int, int, Number, Number]],
        towards_one_rate: Number = 0,
        towards_zero_rate: Number = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Replace the correlations of the groups.

        Args:
            pairs: rows of lower group, higher group, correlation, and how much of one's loss may offset the other's.
            towards_one_rate: how far a stress moves all correlations towards one.
            towards_zero_rate: how far another moves them towards zero.
            provenance: see `Venue.submit`.
        """
        rows = tuple(
            commands.Correlation(lower, higher, to_rate(rho, field="correlation"), to_rate(cap, field="offset_cap"))
            for lower, higher, rho, cap in pairs
        )
        one = to_rate(towards_one_rate, field="towards_one_rate")
        zero = to_rate(towards_zero_rate, field="towards_zero_rate")
        return self._submit_one(commands.SetCorrelations(one, zero, rows), provenance)

    def set_portfolio(
        self,
        *,
        asset: str | int,
        maintenance_rate: Number = 1,
        funding_epochs: int = 1,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Set maintenance as a part of the risk of portfolio pools, and how many funding payments are provided for."""
        rate = to_rate(maintenance_rate, field="maintenance_rate")
        return self._submit_one(commands.SetPortfolio(self.asset_unit(asset).asset, rate, funding_epochs), provenance)
