"""The default mark: the median of three prices that no single trade can move together.

    anchored = oracle + average over 150 s of (mid − oracle)
    book     = median(best bid, best ask, last trade)
    perps    = weighted median of what other venues' perpetuals are at, where feeds are configured
    smoothed = average over 30 s of book; it stands in where exactly one of the others is missing

Of three the mark is the median, of two their mean, of one that one; the book alone counts as `smoothed`. See
`docs/policies_mark_funding.md` for what is missing when, and for the bounds.
"""

from __future__ import annotations

from typing import ClassVar, Final

from msgspec import Struct, field
from msgspec.structs import replace

from crossbook.commands import RATE_ONE, Grade
from crossbook.events import Event, Observed, OracleSet
from crossbook.policies.arithmetic import clamp, feed_ticks, median, weighted_median
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.levels import book_price
from crossbook.policies.mark.ema import Ema, average, begun, sampled
from crossbook.policies.mark.setting import TOUCHING, moved
from crossbook.policies.markets import served
from crossbook.policies.schedule import MILLISECOND, next_ns
from crossbook.policies.view import PolicyView
from crossbook.rows import MarketRow

TIME_MS_MAX: Final = 600_000
"""The longest times an average may have, so that its sums stay within 63 bits."""


class PerpFeed(Struct, frozen=True, forbid_unknown_fields=True):
    """A feed of what a market's perpetual trades at elsewhere.

    Attributes:
        market: whose mark it helps to find.
        feed: the feed of the observations.
        decimals: observations are in units of 10^-decimals of the settlement asset, for one whole unit of size.
        sources: (source, weight) of those that count.
        age_ms_max: an observation older than this does not count, by the source's clock or by the venue's.
    """

    market: int
    feed: int
    decimals: int
    sources: tuple[tuple[int, int], ...]
    age_ms_max: int = 60_000


class Heard(Struct, frozen=True):
    """The last observation of a source: its price, the earlier of both clocks (ns), and its seq."""

    price: int
    at_ns: int
    seq: int


class Averages(Struct):
    """What is remembered of a market: `distance` in half ticks over the oracle, `book` in ticks; at first None."""

    distance: Ema | None = None
    book: Ema | None = None


class MedianState(Struct):
    """Averages by market, the last observations by feed and source, and since when it sleeps (0: it does not)."""

    markets: dict[int, Averages] = field(default_factory=dict)
    feeds: dict[int, dict[int, Heard]] = field(default_factory=dict)
    asleep_ns: int = 0


class Legs(Struct, frozen=True):
    """The prices that the mark is made of, in ticks; None for what is missing. See the head of this file."""

    anchored: int | None
    book: int | None
    perps: int | None
    smoothed: int | None

    @property
    def target(self) -> int | None:
        """Where the mark should be, None if nothing says where."""
        there = [price for price in (self.anchored, self.book, self.perps) if price is not None]
        if there == [self.book]:
            return self.smoothed
        if len(there) == 2 and self.smoothed is not None:
            there.append(self.smoothed)
        return median(there) if there else None


class MedianMark(Struct, frozen=True):
    """The median of oracle with distance, book and other venues.

    Attributes:
        markets: ids of the markets it looks after; all if none are named.
        interval_ms: samples are taken at the multiples of this; the mark is set then, and when an oracle moves.
        distance_ms: the time constant of the average of mid − oracle.
        book_ms: the time constant of the average of the book.
        gap_ms_max: a sample stands for at most this long.
        sample_rate: a sample counts as no further than this from the oracle, or without one from the mark.
        clamp_rate: the mark moves by at most this share of itself at once.
        grade_min: an oracle of a lower grade counts as none.
        feeds: of other venues' perpetuals.
    """

    role: ClassVar[str] = "mark"
    name: ClassVar[str] = "median"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({OracleSet, Observed, *TOUCHING})
    State: ClassVar[type[Struct]] = MedianState

    markets: tuple[int, ...] = ()
    interval_ms: int = 3_000
    distance_ms: int = 150_000
    book_ms: int = 30_000
    gap_ms_max: int = 10_000
    sample_rate: int = RATE_ONE // 20
    clamp_rate: int = RATE_ONE // 50
    grade_min: Grade = Grade.UNCERTAIN
    feeds: tuple[PerpFeed, ...] = ()

    def __post_init__(self) -> None:
        times = (self.interval_ms, self.gap_ms_max, self.distance_ms, self.book_ms)
        if not all(0 < time <= TIME_MS_MAX for time in times):
            raise ValueError(f"interval_ms, gap_ms_max, distance_ms and book_ms are 1 to {TIME_MS_MAX}")
        if not (0 < self.clamp_rate <= RATE_ONE and 0 < self.sample_rate <= RATE_ONE):
            raise ValueError("clamp_rate and sample_rate are positive and at most one")

    def react(self, state: MedianState, turn: Turn) -> Reaction[MedianState]:
        """A sample of every market and its mark at a waking, the mark alone where an oracle moved.

        When every average has arrived at what it averages and no mark moves, it sleeps until something happens.
        """
        self._wake(state, turn)
        self._hear(state, turn)
        oracles = {event.market for event in turn.events if isinstance(event, OracleSet)}
        proposals: tuple[Proposal, ...] = ()
        quiet = turn.woken
        if turn.woken or oracles:
            for row in served(turn.view, self.markets):
                if turn.woken or row.market in oracles:
                    steps, arrived = self._set(state, turn, row)
                    proposals += steps
                    quiet = quiet and arrived
        state.asleep_ns = turn.time_ns if quiet else 0
        return Reaction(state, proposals, None if quiet else next_ns(turn.time_ns, self.interval_ms))

    def _wake(self, state: MedianState, turn: Turn) -> None:
        """Take the samples that were slept through as taken: each was its average."""
        slept_ns = next_ns(turn.time_ns, self.interval_ms) - self.interval_ms * MILLISECOND
        for averages in state.markets.values() if state.asleep_ns else ():
            if averages.distance and averages.distance.sampled_ns == state.asleep_ns:
                averages.distance = replace(averages.distance, sampled_ns=slept_ns)
            if averages.book and averages.book.sampled_ns == state.asleep_ns:
                averages.book = replace(averages.book, sampled_ns=slept_ns)

    def _hear(self, state: MedianState, turn: Turn) -> None:
        """Remember what the sources of the configured feeds said."""
        known = {(feed.feed, source) for feed in self.feeds for source, _weight in feed.sources}
        for event in turn.events:
            if isinstance(event, Observed) and (event.feed, event.source) in known and event.price > 0:
                at_ns = min(event.observed_at, turn.time_ns)
                state.feeds.setdefault(event.feed, {})[event.source] = Heard(event.price, at_ns, event.seq)

    def _set(self, state: MedianState, turn: Turn, row: MarketRow) -> tuple[tuple[Proposal, ...], bool]:
        """The mark of a market, if it moves; and whether it will stay there if nothing happens."""
        averages = state.markets.setdefault(row.market, Averages())
        arrived = self._sample(averages, turn, row) if turn.woken else False
        perps, perps_seq = self._perps(state, turn, row)
        legs = self._legs(averages, turn.view, row, perps)
        oracle_seq = row.oracle.seq if legs.anchored is not None else 0
        steps = moved(row, legs.target, clamp_rate=self.clamp_rate, cause=max(oracle_seq, perps_seq))
        return steps, arrived and perps is None and not steps

    def _sample(self, averages: Averages, turn: Turn, row: MarketRow) -> bool:
        """Take one sample of the distance, if there are a mid and an oracle, and one of the book, if there is a book.

        Answers whether both averages are now what was sampled, so that more of the same would change nothing.
        """
        bids, asks = turn.view.book(row.market, 1)
        oracle = self._oracle(row)
        reference = oracle or row.mark
        reach = reference * self.sample_rate // RATE_ONE
        arrived = True
        if bids and asks and oracle:
            sample = clamp(bids[0][0] + asks[0][0] - 2 * oracle, -2 * reach, 2 * reach)
            averages.distance = self._averaged(averages.distance, sample, 0, self.distance_ms, turn)
            arrived = average(averages.distance) == sample
        book = book_price(bids, asks, row.last)
        if book is not None:
            sample = clamp(book, reference - reach, reference + reach) if reference else book
            averages.book = self._averaged(averages.book, sample, row.mark or sample, self.book_ms, turn)
            arrived = arrived and average(averages.book) == sample
        return arrived

    def _averaged(self, ema: Ema | None, sample: int, beginning: int, tau_ms: int, turn: Turn) -> Ema:
        """An average with one more sample; the first one stands for an interval after a `beginning` without end."""
        before_ns = turn.time_ns - self.interval_ms * MILLISECOND
        ema = ema or begun(beginning, time_ns=before_ns, tau_ms=tau_ms, interval_ms=self.interval_ms)
        return sampled(ema, sample, time_ns=turn.time_ns, tau_ms=tau_ms, gap_ms_max=self.gap_ms_max)

    def _legs(self, averages: Averages, view: PolicyView, row: MarketRow, perps: int | None) -> Legs:
        oracle = self._oracle(row)
        book = book_price(*view.book(row.market, 1), row.last)
        distance = average(averages.distance, scale=2) if averages.distance else 0
        return Legs(
            anchored=oracle + distance if oracle else None,
            book=book,
            perps=perps,
            smoothed=average(averages.book) if averages.book and book is not None else None,
        )

    def _oracle(self, row: MarketRow) -> int:
        """The oracle, in ticks; 0 if there is none or it is not good enough."""
        return row.oracle.price if row.oracle.grade >= self.grade_min else 0

    def _perps(self, state: MedianState, turn: Turn, row: MarketRow) -> tuple[int | None, int]:
        """The weighted median of what other venues say, None without any that is fresh; and the latest seq of those."""
        prices, seq = [], 0
        for feed in self.feeds:
            heard = state.feeds.get(feed.feed, {}) if feed.market == row.market else {}
            for source, weight in feed.sources:
                one = heard.get(source)
                if one is not None and weight and turn.time_ns - one.at_ns <= feed.age_ms_max * MILLISECOND:
                    ticks = feed_ticks(one.price, decimals=feed.decimals, tick_size_e12=row.tick_size_e12)
                    prices.append((ticks, weight))
                    seq = max(seq, one.seq)
        return (weighted_median(prices), seq) if prices else (None, 0)
