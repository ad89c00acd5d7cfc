"""Who takes part in auctions: registered liquidators, who bid when the discount is worth it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from crossbook.commands import Bid, Command, Side
from crossbook.demo.agents import Holdings, Sight, market_order
from crossbook.demo.market import INSTRUMENTS

_LOTS_MOST: Final = 10
"""A bid is for at most so many times a usual order."""


@dataclass(slots=True)
class Liquidator:
    """Bids when an auction is `edge_ppm` better than the price elsewhere, and trades away what it has."""

    account: int
    holdings: Holdings
    edge_ppm: int

    def act(self, sight: Sight, rng: Random) -> Iterator[Command]:
        """A bid for each auction that is cheap (or, of a short, dear) enough; else a part of what it holds goes."""
        for auction in sight.auctions:
            price = sight.prices[auction.market - 1]
            edge = price * self.edge_ppm // 1_000_000
            better = price - auction.price if auction.side == Side.BUY else auction.price - price
            if better >= edge:
                lots = min(auction.lots, INSTRUMENTS[auction.market - 1].clip * _LOTS_MOST)
                yield Bid(self.account, auction.auction, lots, auction.price)
        market = 1 + rng.randrange(len(INSTRUMENTS))
        held = self.holdings.of(self.account, market)
        if held and not sight.falling:
            side = Side.SELL if held > 0 else Side.BUY
            lots = min(abs(held), INSTRUMENTS[market - 1].clip)
            yield market_order(self.account, market, side, lots, reduce_only=True)
