"""An accepted price as the commands that set it: in ticks for a market, per minor unit for a collateral asset."""

from __future__ import annotations

from msgspec import Struct

from crossbook import rows
from crossbook.commands import RATE_ONE, Command, Grade, SetCollateralPrice, SetOracle
from crossbook.policies.arithmetic import nearest
from crossbook.policies.oracle.feeds import Feed
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
        """A price of the venue in units of the feed, the nearest."""
        return nearest(price * self.denominator, self.numerator)


class Venue(Struct, frozen=True):
    """Markets and assets as a turn sees them, by id."""

    markets: dict[int, rows.MarketRow]
    assets: dict[int, rows.AssetRow]

    @classmethod
    def of(cls, view: PolicyView, feeds: tuple[Feed, ...]) -> Venue:
        """What the feeds need of a view."""
        assets = {row.asset: row for row in view.assets()} if any(feed.asset for feed in feeds) else {}
        return cls({row.market: row for row in view.markets()}, assets)

    def scale(self, feed: Feed) -> Scale | None:
        """How a feed's units are counted here; None while there is no such market or collateral."""
        if feed.market:
            market = self.markets.get(feed.market)
            if market is None:
                return None
            return _scale(10**E12, 10**feed.decimals * market.tick_size_e12, price_max=market.price_max)
        asset = self.assets.get(feed.asset)
        if asset is None or asset.collateral is None:
            return None
        settlement = self.assets[asset.collateral.settlement]
        decimals = settlement.decimals - asset.decimals + asset.collateral.price_decimals - feed.decimals
        return _scale(10 ** max(decimals, 0), 10 ** max(-decimals, 0), price_max=I64_MAX)


def _scale(numerator: int, denominator: int, *, price_max: int) -> Scale:
    """A scale whose least price is the first that does not round to nothing."""
    return Scale(numerator, denominator, -(-denominator // (2 * numerator)), price_max * denominator // numerator)


def oracle(feed: Feed, scale: Scale, price: int, confidence: int, grade: Grade, observed_at: int) -> SetOracle:
    """The oracle of a feed's market; price and confidence in units of the feed."""
    return SetOracle(feed.market, scale.nearest(price), scale.above(confidence), grade, observed_at)


def depeg_rate(feed: Feed, price: int) -> int:
    """The part of its peg that a collateral asset keeps: all within its tolerance, `price / peg` below it."""
    if price * RATE_ONE >= feed.peg * (RATE_ONE - feed.thresholds.depeg_rate):
        return RATE_ONE
    return price * RATE_ONE // feed.peg


def collateral(feed: Feed, scale: Scale, price: int) -> SetCollateralPrice:
    """The price of a feed's collateral asset, never above what was accepted, and what it keeps of its peg."""
    return SetCollateralPrice(feed.asset, scale.below(price), depeg_rate(feed, price))


def command(feed: Feed, scale: Scale, price: int, confidence: int, grade: Grade, observed_at: int) -> Command:
    """What sets a feed's price."""
    if feed.asset:
        return collateral(feed, scale, price)
    return oracle(feed, scale, price, confidence, grade, observed_at)
