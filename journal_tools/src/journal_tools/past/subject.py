"""What somebody asks about: an account, a market, an asset, or the venue."""

from __future__ import annotations

from typing import Any, NamedTuple

from journal_tools import replaying
from journal_tools.errors import ToolError
from journal_tools.grammar import Moment
from journal_tools.journal import Journal
from journal_tools.past.units import Units


class Shown(NamedTuple):
    """What the state shows of a subject at a moment."""

    state: Any
    units: Units
    view: Any


class Subject(NamedTuple):
    """One of the three, or none: the venue."""

    account: int | None = None
    market: str | None = None
    asset: str | None = None

    @classmethod
    def only(cls, *, account: int | None, market: str | None, asset: str | None) -> Subject:
        """The subject of three options. Raises ToolError `subject_ambiguous`."""
        if sum(option is not None for option in (account, market, asset)) > 1:
            raise ToolError(
                "that is more than one subject",
                code="subject_ambiguous",
                hint="give one of --account, --market and --asset, or none for the venue",
            )
        return cls(account, market, asset)

    def at(self, journal: Journal, moment: Moment) -> Shown:
        """The state at a moment, and what it shows of the subject. Raises ToolError `unknown_…`."""
        kernel = replaying.kernel_at(journal, replaying.seq_of(journal, moment))
        state, units = replaying.view_of(kernel), Units(kernel)
        return Shown(state, units, self._view(state, units))

    def _view(self, state: Any, units: Units) -> Any:
        if self.account is not None:
            return state.account(units.account(self.account))
        if self.market is not None:
            return state.market(units.market(self.market).market)
        if self.asset is not None:
            return state.asset(units.asset(self.asset).asset)
        return venue(state)


def venue(state: Any) -> dict[str, Any]:
    """What there is of everything, and the money and the prices of it."""
    money = ("net_deposits", "fees", "insurance", "dust")
    prices = ("mark", "last", "open_interest", "mode", "stress", "oracle")
    return {
        "accounts": state.account_count(),
        "authors": len(state.authors()),
        "auctions": len(state.auctions()),
        "parameters": state.parameters(),
        "assets": {asset.symbol: {name: getattr(asset, name) for name in money} for asset in state.assets()},
        "markets": {market.symbol: {name: getattr(market, name) for name in prices} for market in state.markets()},
    }
