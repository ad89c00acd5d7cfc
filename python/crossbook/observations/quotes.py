"""What a source said, in whole units, and the book of feeds that turns it into a command in the units of its feed."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

from msgspec import Struct

from crossbook.commands import Observe, Origin
from crossbook.errors import InputError
from crossbook.policies.oracle.feeds import Feed
from crossbook.quantities import Number, to_feed_units
from crossbook.session import Envelope

_TIME_MAX = 2**63 - 1


class Quote(Struct, frozen=True):
    """What a source of a feed said, both by name or id: price and confidence in whole units, its time in ns."""

    feed: int | str
    source: int | str
    price: Number
    observed_at: int
    confidence: Number = 0


class FeedBook:
    """The feeds that observations may be about, by id and by name.

    `author` is the registered author that observations are journaled under, 0 for nobody.
    """

    def __init__(self, feeds: Iterable[Feed], *, author: int = 0) -> None:
        self.feeds = tuple(feeds)
        self.author = author
        self._feeds: dict[int | str, Feed] = {}
        self._sources: dict[tuple[int, int | str], int] = {}
        for feed in self.feeds:
            self._feeds |= {feed.feed: feed} | ({feed.name: feed} if feed.name else {})
            for source in feed.sources:
                names: tuple[int | str, ...] = (source.source, source.name) if source.name else (source.source,)
                self._sources |= {(feed.feed, name): source.source for name in names}

    @classmethod
    def of(cls, venue: Any, *, slot: str = "oracle", author: int = 0) -> FeedBook:
        """The feeds of the oracle policy that a venue has engaged. Raises InputError `no_feeds`."""
        feeds = getattr(venue.policies[slot], "feeds", ()) if slot in venue.policies else ()
        if not feeds:
            raise InputError(
                f"no policy with feeds plays {slot!r}",
                code="no_feeds",
                values={"slot": slot},
                hint="engage an oracle policy with feeds first, or name the feeds yourself",
            )
        return cls(feeds, author=author)

    def envelope(self, quote: Quote, *, received_at: int | None = None) -> Envelope:
        """The command that puts a quote on record, stamped `received_at` (ns), or by the venue's clock if None.

        Raises:
            InputError: `unknown_feed`, `unknown_source`, `price_too_fine`, `time_range`, and those of `exact`.
        """
        feed = self._feed(quote.feed)
        source = self._source(feed, quote.source)
        price = to_feed_units(quote.price, feed.decimals, field="price")
        confidence = to_feed_units(quote.confidence, feed.decimals, field="confidence")
        for field, time_ns in (("observed_at", quote.observed_at), ("received_at", received_at or 0)):
            if not 0 <= time_ns <= _TIME_MAX:
                _refuse_time(field, time_ns)
        observed = Observe(feed.feed, source, price, confidence, quote.observed_at)
        return Envelope(observed, Origin.ORACLE, self.author, time_ns=received_at)

    def _feed(self, name: int | str) -> Feed:
        try:
            return self._feeds[_id_or_name(name)]
        except KeyError:
            raise InputError(
                f"there is no feed {name!r}",
                code="unknown_feed",
                values={"field": "feed", "value": name},
                hint=f"feeds are: {', '.join(feed.name or str(feed.feed) for feed in self.feeds) or 'none'}",
            ) from None

    def _source(self, feed: Feed, name: int | str) -> int:
        try:
            return self._sources[feed.feed, _id_or_name(name)]
        except KeyError:
            known = ", ".join(source.name or str(source.source) for source in feed.sources)
            raise InputError(
                f"feed {feed.name or feed.feed} has no source {name!r}",
                code="unknown_source",
                values={"field": "source", "value": name},
                hint=f"its sources are: {known}",
            ) from None


def _id_or_name(name: int | str) -> int | str:
    """An id may be written in digits; a name is never digits alone."""
    return int(name) if isinstance(name, str) and name.isascii() and name.isdigit() else name


def _refuse_time(field: str, time_ns: int) -> NoReturn:
    raise InputError(
        f"{field} {time_ns} is no time",
        code="time_range",
        values={"field": field, "value": time_ns},
        hint="times are in ns since the epoch, not below zero and within 63 bits",
    )


def extra(module: str, name: str) -> ModuleType:
    """A module of an optional requirement. Raises InputError `extra_missing`, naming the extra it comes with."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise InputError(
            f"this needs {error.name}, which is not installed",
            code="extra_missing",
            values={"module": error.name, "extra": name},
            hint=f"pip install 'crossbook[{name}]'",
        ) from None
