"""Quote stuffing: very many messages in a second, from one who hardly trades.

A message is an order, an amendment or a cancel (a mass cancel counts as one). A finding needs both

    in one second of stamped time     messages ≥ second_min
    over the window                   messages ≥ trade_min · max(1, trades)
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from crossbook.policies.surveillance.topics import Finding
from crossbook.policies.surveillance.windows import Window

SECOND_NS = 1_000_000_000


class Second(Struct):
    """The messages of one second of stamped time, by key `market:master`."""

    number: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, key: str, time_ns: int) -> None:
        """One message more; a new second begins at zero."""
        if self.number != time_ns // SECOND_NS:
            self.number, self.counts = time_ns // SECOND_NS, {}
        self.counts[key] = self.counts.get(key, 0) + 1


class Stuffing(Struct, frozen=True):
    """When messages are a finding: `second_min` in a second, and `trade_min` for each trade in the window."""

    second_min: int = 100
    trade_min: int = 100

    def findings(self, second: Second, volumes: Window, time_ns: int) -> Iterator[Finding]:
        """At the end of an instant: who was too loud in its second."""
        if second.number != time_ns // SECOND_NS:
            return
        for key, count in second.counts.items():
            found = volumes.sum(key)
            if count >= self.second_min and found.messages >= self.trade_min * max(1, found.trades):
                market, master = map(int, key.split(":"))
                yield Finding(
                    kind="quote_stuffing",
                    accounts=(master,),
                    market=market,
                    measure=count,
                    threshold=self.second_min,
                    first_seq=found.first_seq,
                    last_seq=found.last_seq,
                    evidence=tuple(found.seqs),
                    values={"messages": found.messages, "trades": found.trades},
                )
