"""Builders: methods that take whole units, convert them exactly, and submit one command.

Each takes `origin`, `author`, `cause`, `nonce` and `time_ns` like `Venue.submit` and returns its `Receipt`. A market or
an asset is given by symbol or by id; prices, sizes and amounts as `Decimal`, `int` or `str` in whole units; rates as
fractions. What cannot be converted exactly is an `InputError`; what the kernel refuses is a `Rejected` in the receipt.

`Venue.draft` has the same methods, and returns the command in its envelope instead of submitting it.
"""

from __future__ import annotations

from collections.abc import Iterable

from crossbook._kernel import Kernel
from crossbook.builders.base import ProvenanceKeywords, R
from crossbook.builders.margin import MarginBuilders
from crossbook.builders.money import MoneyBuilders
from crossbook.builders.oracle import OracleBuilders
from crossbook.builders.orders import OrderBuilders
from crossbook.builders.rules import RuleBuilders
from crossbook.builders.waterfall import WaterfallBuilders
from crossbook.commands import Command
from crossbook.quantities import AssetUnit, MarketUnit
from crossbook.session import Envelope

__all__ = ["Builders", "Drafts", "ProvenanceKeywords"]


class Builders(
    OrderBuilders[R], MoneyBuilders[R], RuleBuilders[R], MarginBuilders[R], WaterfallBuilders[R], OracleBuilders[R]
):
    """The commands of a venue as methods."""


class Drafts(Builders[Envelope]):
    """The same methods, for commands that are not submitted yet: to preview them, or to submit several together."""

    @classmethod
    def of(cls, assets: Iterable[AssetUnit], markets: Iterable[MarketUnit] = ()) -> Drafts:
        """Drafts for a venue that is yet to be, whose assets and markets will be these."""
        drafts = cls(Kernel())
        for asset in assets:
            drafts._assets[asset.asset] = drafts._assets[asset.symbol] = asset
        for market in markets:
            drafts._markets[market.market] = drafts._markets[market.symbol] = market
        return drafts

    def _submit_one(self, command: Command, provenance: ProvenanceKeywords) -> Envelope:
        return Envelope(command, **provenance)
