"""An accepted price as the commands that set it: in ticks for a market, per minor unit for a collateral asset."""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct

from crossbook import rows
from crossbook.commands import RATE_ONE, Grade, SetCollateralPrice, SetOracle
from crossbook.policies.arithmetic import nearest
from crossbook.policies.oracle.feeds import Feed, Thresholds
from crossbook.policies.oracle.heard import Accepted
from crossbook.policies.view import PolicyView
from crossbook.quantities import E12, I64_MAX


class Scale(Struct, frozen=True):
    """What turns units of a feed into what the venue counts in: times `numerator`, divided by `denominator`.

    `least` and `most` are the prices, in units of the feed, that the venue can have.
    """

    numerator: int
    denominator: int
    least: int
    most: int

    def nearest(self, units: int) -> int:
        """The nearest price of the venue, halves away from zero."""
        return nearest(units * self.numerator, self.denominator)

    def above(self, units: int) -> int:
        """The price of the venue that is not below: for a confidence, which must not shrink."""
        return min(-(-units * self.numerator // self.denominator), I64_MAX)

    def below(self, units: int) -> int:
        """The price of the venue that is not above: for collateral, which must not gain."""
        return units * self.numerator // self.denominator

    def units(self, price: int) -> int:
        """A price of the venue in units of the feed, the nearest; at most what an observation can say."""
        return min(nearest(price * self.denominator, self.numerator), I64_MAX)


class Listings:
    """Markets and assets as a turn sees them, by id; looked up when they are asked for."""

    def __init__(self, view: PolicyView) -> None:
        self._view = view

    @cached_property
    def markets(self) -> dict[int, rows.MarketRow]:
        """Every market."""
        return {row.market: row for row in self._view.markets()}

    @cached_property
    def _assets(self) -> dict[int, rows.AssetRow]:
        return {row.asset: row for row in self._view.assets()}

    def scale(self, feed: Feed) -> Scale | None:
        """How a feed's units are counted here; None while there is no such market or collateral."""
        if feed.market:
            market = self.markets.get(feed.market)
            return None if market is None else market_scale(feed, market.tick_size_e12, market.price_max)
        asset = self._assets.get(feed.asset)
        if asset is None or asset.collateral is None:
            return None
        settlement = self._assets[asset.collateral.settlement]
        decimals = settlement.decimals - asset.decimals + asset.collateral.price_decimals - feed.decimals
        return _scale(10 ** max(decimals, 0), 10 ** max(-decimals, 0), price_max=I64_MAX)


def market_scale(feed: Feed, tick_size_e12: int, price_max: int) -> Scale:
    """How a feed's units are counted in ticks, by what a market keeps for ever."""
    return _scale(10**E12, 10**feed.decimals * tick_size_e12, price_max=price_max)


def _scale(numerator: int, denominator: int, *, price_max: int) -> Scale:
    """A scale whose least price is the first that does not round to nothing."""
    return Scale(numerator, denominator, -(-denominator // (2 * numerator)), price_max * denominator // numerator)


def oracle(feed: Feed, scale: Scale, price: int, confidence: int, grade: Grade, observed_at: int) -> SetOracle:
    """The oracle of a feed's market; price and confidence in units of the feed."""
    return SetOracle(feed.market, scale.nearest(price), scale.above(confidence), grade, observed_at)


def kept_rate(price: int, peg: int, *, tolerance_rate: int) -> int:
    """The part of its peg that a collateral asset keeps: all within its tolerance, `price / peg` below it."""
    return RATE_ONE if price * RATE_ONE >= peg * (RATE_ONE - tolerance_rate) else price * RATE_ONE // peg


def collateral(feed: Feed, scale: Scale, price: int, thresholds: Thresholds) -> SetCollateralPrice:
    """The price of a feed's collateral asset, never above what was accepted, and what it keeps of its peg."""
    kept = kept_rate(price, feed.peg, tolerance_rate=thresholds.depeg_rate)
    return SetCollateralPrice(feed.asset, scale.below(price), kept)


def command(feed: Feed, scale: Scale, accepted: Accepted, thresholds: Thresholds) -> SetOracle | SetCollateralPrice:
    """What sets a feed's price to the one that was accepted."""
    if feed.asset:
        return collateral(feed, scale, accepted.price, thresholds)
    return oracle(feed, scale, accepted.price, accepted.confidence, accepted.grade, accepted.observed_at)
