"""A venue whose oracle hears three sources of BTC, in cents, and what one observation looks like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossbook.commands import Grade, Observe, Origin
from crossbook.events import Noted, OracleSet
from crossbook.policies import notes
from crossbook.policies.oracle import words
from crossbook.policies.oracle.feeds import Feed, Source, Thresholds
from crossbook.policies.oracle.gates import Gates
from crossbook.replay import Answered, answered
from crossbook.session import Envelope
from tests.policies.stage import BEGIN_NS, BTC, SECOND, Stage

FEED = 7
A, B, C = 1, 2, 3
PERP = 9
SOURCES = (Source(A, "alpha"), Source(B, "beta"), Source(C, "gamma"), Source(PERP, "omega", kind="perp"))


def feed(*sources: Source, **thresholds: int) -> Feed:
    """The feed of BTC-PERP in cents, from these sources or all, with these thresholds."""
    return Feed(FEED, sources or SOURCES, 2, market=BTC, name="BTC", thresholds=Thresholds(**thresholds))


def said(seconds: float, source: int, price: float, *, confidence: float = 5, late: float = 0) -> Envelope:
    """An observation in whole dollars, `late` seconds old by its source's clock when it comes in."""
    received = BEGIN_NS + int(seconds * SECOND)
    observed = Observe(FEED, source, round(price * 100), round(confidence * 100), received - int(late * SECOND))
    return Envelope(observed, Origin.ORACLE, time_ns=received)


class Quotes(Stage):
    """A stage with an oracle policy; prices are in whole dollars here, and two ticks make one."""

    def __init__(self, path: Path, policy: Any = None, **keywords: Any) -> None:
        super().__init__(path, {"oracle": policy or Gates((feed(),))}, **keywords)

    def quotes(self, seconds: float, prices: dict[int, float], **observed: float) -> list[Envelope]:
        """What sources say at one time, not said yet."""
        return [said(seconds, source, price, **observed) for source, price in prices.items()]

    def record(self, seq: int) -> Answered:
        """A command in the journal, with its time and its cause."""
        return answered(self.venue.path, seq)

    def say(self, seconds: float, prices: dict[int, float], **observed: float) -> None:
        """Sources say prices at one time."""
        self.at(seconds, *self.quotes(seconds, prices, **observed))

    def calm(self, begin: int, end: int, price: float = 60_000, sources: tuple[int, ...] = (A, B, C)) -> None:
        """The sources say the same price every second."""
        for second in range(begin, end):
            self.say(second, dict.fromkeys(sources, price))

    def oracle(self) -> tuple[float, Grade]:
        """The price on record, in dollars, and its grade."""
        (btc, _) = self.venue.policies._loop._view.markets()
        return btc.oracle.price / 2, btc.oracle.grade

    def grades(self) -> list[Grade]:
        """The grades the oracle went through, each once where it stayed."""
        seen: list[Grade] = []
        for event in self.said(OracleSet):
            if not seen or seen[-1] != event.grade:
                seen.append(event.grade)
        return seen

    def reasons(self) -> list[tuple[int, str]]:
        """What is on record about sources: a source and its reason, or `+` and the reason that is gone."""
        found = []
        for event in self.said(Noted):
            rejected = notes.read(event, words.REJECTED, words.RejectedObservation)
            restored = notes.read(event, words.RESTORED, words.RestoredSource)
            if rejected:
                found.append((rejected.source, rejected.reason))
            if restored:
                found.append((restored.source, f"+{restored.after}"))
        return found
