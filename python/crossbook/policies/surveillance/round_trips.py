"""Round trips: lots that go in a ring between a few masters and come back, at a price at which nobody gains.

Self-trade prevention keeps one master from trading with itself, unless its orders ask for none; two or more that act
together it cannot see. For a ring of masters, each selling to the next and the last to the first, with the lots l and
the value v (ticks times lots) of each link over the window, a finding needs all of

    notional   Σ v · tick_value                          ≥ notional_min
    even       max l − min l                             ≤ net_rate · (max l + min l)
    flat       |v_i / l_i − v_j / l_j|                   ≤ flat_rate · v_j / l_j         for any two links
    own        the lots of a master within the ring      ≥ share_rate · all its lots     for every master

The last is what tells a ring from a busy market, in which many meet many.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from crossbook.commands import RATE_ONE
from crossbook.policies.surveillance.topics import Finding
from crossbook.policies.surveillance.windows import Tally, Window, evidence

Links = dict[int, dict[int, Tally]]
"""Of one market: what each master sold to each other."""

STEPS_MAX = 20_000
"""How far a market's links are followed at one time; a market so dense holds no ring that is its masters' own."""


class RoundTrips(Struct, frozen=True):
    """When trades in a ring are a finding.

    Attributes:
        notional_min: the least notional of all links, in minor units.
        net_rate: how uneven the links may be.
        flat_rate: how far apart their average prices may be.
        share_rate: the part of each master's trades in the market that must be within the ring.
        masters_max: the largest ring.
    """

    notional_min: int = 100_000_000_000
    net_rate: int = 100_000_000
    flat_rate: int = 200_000
    share_rate: int = 500_000_000
    masters_max: int = 4

    def findings(self, flows: Window, volumes: Window, tick_values: dict[int, int]) -> Iterator[Finding]:
        """The rings of every market, by market and by their lowest master."""
        for market, links in sorted(_links(flows).items()):
            tick_value = tick_values.get(market, 0)
            # A link that is too thin to be one of an even ring of enough notional is left out.
            least = self.notional_min // (4 * self.masters_max * max(1, tick_value))
            for ring in _rings(links, least, self.masters_max):
                volume = {master: volumes.sum(f"{market}:{master}").lots for master in ring}
                tallies = [links[ring[index - 1]][ring[index]] for index in range(len(ring))]
                notional = sum(tally.value for tally in tallies) * tick_value
                if notional >= self.notional_min and self._is_closed(tallies) and self._is_own(ring, tallies, volume):
                    yield Finding(
                        kind="round_trip",
                        accounts=tuple(sorted(ring)),
                        market=market,
                        measure=notional,
                        threshold=self.notional_min,
                        first_seq=min(tally.first_seq for tally in tallies),
                        last_seq=max(tally.last_seq for tally in tallies),
                        evidence=evidence(tallies),
                        values={"lots": min(tally.lots for tally in tallies), "trades": sum(t.trades for t in tallies)},
                    )

    def _is_closed(self, tallies: list[Tally]) -> bool:
        """Whether the links are even, and no dearer one than another."""
        most, least = max(tally.lots for tally in tallies), min(tally.lots for tally in tallies)
        if (most - least) * RATE_ONE > self.net_rate * (most + least):
            return False
        return all(
            abs(one.value * other.lots - other.value * one.lots) * RATE_ONE <= self.flat_rate * other.value * one.lots
            for one in tallies
            for other in tallies
        )

    def _is_own(self, ring: list[int], tallies: list[Tally], volume: dict[int, int]) -> bool:
        """Whether every master trades mostly within the ring; the n-th link comes to the n-th master."""
        if len(ring) == 1:
            return tallies[0].lots * 2 * RATE_ONE >= self.share_rate * volume[ring[0]]
        return all(
            (tallies[index].lots + tallies[(index + 1) % len(ring)].lots) * RATE_ONE >= self.share_rate * volume[master]
            for index, master in enumerate(ring)
        )


def _links(flows: Window) -> dict[int, Links]:
    markets: dict[int, Links] = {}
    for key in flows.keys():  # noqa: SIM118 - a window is no mapping
        market, seller, buyer = map(int, key.split(":"))
        markets.setdefault(market, {}).setdefault(seller, {})[buyer] = flows.sum(key)
    return markets


def _rings(links: Links, least: int, masters_max: int) -> Iterator[list[int]]:
    """Every ring of links with at least this value, once, beginning at its lowest master; shallow ones first."""
    next_ones = {
        seller: sorted(buyer for buyer, tally in buyers.items() if tally.value >= least)
        for seller, buyers in sorted(links.items())
    }
    paths = [[master] for master in next_ones]
    steps = 0
    for _length in range(masters_max):
        longer = []
        for path in paths:
            for buyer in next_ones.get(path[-1], []):
                steps += 1
                if steps > STEPS_MAX:
                    return
                if buyer == path[0]:
                    yield path
                elif buyer > path[0] and buyer not in path:
                    longer.append([*path, buyer])
        paths = longer
