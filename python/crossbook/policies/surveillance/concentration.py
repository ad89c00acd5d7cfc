"""Concentration: one master that is most of a market.

interest_share   the larger of its long and its short lots, over all its accounts / open interest
volume_share     the lots of the trades it was a side of / all lots traded in the window
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from crossbook.commands import RATE_ONE
from crossbook.policies.surveillance.topics import Finding
from crossbook.policies.surveillance.windows import Tally, Window
from crossbook.policies.view import PolicyView
from crossbook.rows import MarketRow


class Concentration(Struct, frozen=True):
    """When a share is a finding.

    Attributes:
        interest_rate: of the open interest.
        interest_notional_min: below this open interest (minor units) shares of it say nothing.
        volume_rate: of the volume.
        volume_notional_min: below this volume (minor units) shares of it say nothing.
    """

    interest_rate: int = 500_000_000
    interest_notional_min: int = 10_000_000_000_000
    volume_rate: int = 900_000_000
    volume_notional_min: int = 10_000_000_000_000

    def findings(
        self, view: PolicyView, markets: list[MarketRow], volumes: Window, master_of: Callable[[int], int]
    ) -> Iterator[Finding]:
        """The shares as they stand at the end of a half window, market by market."""
        for row in markets:
            yield from self._interest(view, row, master_of)
            yield from self._volume(row, volumes)

    def _interest(self, view: PolicyView, row: MarketRow, master_of: Callable[[int], int]) -> Iterator[Finding]:
        if not row.open_interest or row.open_interest * row.mark * row.tick_value < self.interest_notional_min:
            return
        sides: dict[int, list[int]] = {}
        for holder in view.holders(row.market):
            side = sides.setdefault(master_of(holder.account), [0, 0])
            side[holder.lots < 0] += abs(holder.lots)
        for master, (long, short) in sorted(sides.items()):
            share = max(long, short) * RATE_ONE // row.open_interest
            if share >= self.interest_rate:
                values = {"long": long, "short": short, "open_interest": row.open_interest}
                found = Tally(last_seq=view.seq, first_seq=view.seq)
                yield _finding("interest_share", master, row.market, share, self.interest_rate, found, values)

    def _volume(self, row: MarketRow, volumes: Window) -> Iterator[Finding]:
        whole = volumes.sum(f"{row.market}:0")
        if not whole.lots or whole.value * row.tick_value < self.volume_notional_min:
            return
        for key in volumes.keys():  # noqa: SIM118 - a window is no mapping
            market, master = map(int, key.split(":"))
            found = volumes.sum(key)
            share = found.lots * RATE_ONE // whole.lots
            if market == row.market and master and share >= self.volume_rate:
                values = {"lots": found.lots, "volume": whole.lots}
                yield _finding("volume_share", master, market, share, self.volume_rate, found, values)


def _finding(
    kind: str, master: int, market: int, share: int, threshold: int, found: Tally, values: dict[str, int]
) -> Finding:
    seqs = tuple(found.seqs)
    return Finding(kind, (master,), market, share, threshold, found.first_seq, found.last_seq, seqs, values)
