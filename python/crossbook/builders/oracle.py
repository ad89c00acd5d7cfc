"""Builders of outside prices, agents and notes."""

from __future__ import annotations

from typing import Unpack

from crossbook import commands
from crossbook.builders.base import Builder, ProvenanceKeywords, R, ticks_or_zero
from crossbook.commands import Grade, Origin
from crossbook.quantities import Number, exact
from crossbook.state import choice


class OracleBuilders(Builder[R]):
    """What is known from outside, how good it must be, and who may speak for whom."""

    def observe(
        self,
        *,
        feed: int,
        source: int,
        price: int,
        observed_at: int,
        confidence: int = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Record what a source of a feed said.

        Args:
            feed: number of the feed.
            source: number of the source within it.
            price: what it said, in the unit that the feed's configuration names.
            observed_at: when, by the source's clock, ns since the epoch.
            confidence: how far off it may be, in the same unit.
            provenance: see `Venue.submit`.
        """
        return self._submit_one(commands.Observe(feed, source, price, confidence, observed_at), provenance)

    def set_oracle(
        self,
        *,
        market: str | int,
        price: Number,
        grade: Grade | str,
        observed_at: int,
        confidence: Number = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Set the outside price that was accepted for a market.

        Args:
            market: symbol or id.
            price: in whole units.
            grade: how good it is, for example `"good"`.
            observed_at: when it was observed, ns since the epoch.
            confidence: how far off it may be, in whole units.
            provenance: see `Venue.submit`.
        """
        unit = self.market_unit(market)
        width = exact(confidence, field="confidence")
        command = commands.SetOracle(
            unit.market,
            unit.to_ticks(price),
            ticks_or_zero(unit, width or None, field="confidence"),
            choice(Grade, grade, field="grade"),
            observed_at,
        )
        return self._submit_one(command, provenance)

    def set_grades(
        self,
        *,
        market: str | int,
        margin: Grade | str = Grade.NONE,
        liquidation: Grade | str = Grade.NONE,
        funding: Grade | str = Grade.NONE,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Set how good a market's oracle must be for new exposure and withdrawals, for the waterfall, for funding."""
        command = commands.SetGrades(
            self.market_unit(market).market,
            choice(Grade, margin, field="margin"),
            choice(Grade, liquidation, field="liquidation"),
            choice(Grade, funding, field="funding"),
        )
        return self._submit_one(command, provenance)

    def set_agent(
        self, *, account: int, agent: int, granted: bool = True, **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Let an author (by id) act for an account as a policy, or with `granted=False` end that."""
        return self._submit_one(commands.SetAgent(account, agent, granted), provenance)

    def note(self, *, topic: str, body: str = "", account: int = 0, **provenance: Unpack[ProvenanceKeywords]) -> R:
        """Put words on record: a topic of 1 to 64 bytes, a body of at most 16,384; without account the operator's."""
        if not account:  # a client speaks for an account, so no client is meant
            provenance.setdefault("origin", Origin.OPERATOR)
        return self._submit_one(commands.Note(account, topic, body), provenance)
